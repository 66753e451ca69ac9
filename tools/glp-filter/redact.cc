#include "redact.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <numeric>
#include <vector>

#include "base/strings.h"
#include "secret_forms.h"

namespace glp::filter {

Result<SecretKinds> ParseSecretKinds(std::string_view text) {
  SecretKinds kinds;
  bool* const switches[] = {&kinds.email, &kinds.card, &kinds.token, &kinds.ip};
  for (std::string_view part : Split(text, ',')) {
    part = TrimSpace(part);
    bool known = part == "all";
    for (size_t i = 0; i < kSecretNames.size(); ++i) {
      if (part != "all" && part != kSecretNames[i]) continue;
      *switches[i] = known = true;
    }
    if (known) continue;
    std::string why = "'" + std::string(part) + "' is nothing that can be redacted";
    static const std::vector<std::string> kKnown = {"email", "card", "token", "ip", "all"};
    const std::string_view near = Nearest(part, kKnown);
    if (!near.empty()) return UsageError(why + "; did you mean '" + std::string(near) + "'?");
    return UsageError(why + "; there are email, card, token, ip and all of them: all");
  }
  return kinds;
}

void Redactor::AppendMark(std::string* out, SecretKind kind, std::string_view secret) {
  ++counts_[static_cast<size_t>(kind)];
  out->append("<").append(kSecretNames[static_cast<size_t>(kind)]);
  if (!salt_.empty()) {
    constexpr int kShownBytes = 6;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), salt_.data(), static_cast<int>(salt_.size()),
         reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), digest, &size);
    out->push_back(':');
    for (int i = 0; i < kShownBytes; ++i) {
      out->push_back("0123456789abcdef"[digest[i] >> 4]);
      out->push_back("0123456789abcdef"[digest[i] & 15]);
    }
  }
  out->push_back('>');
}

bool Redactor::Text(std::string_view text, std::string* out) {
  SecretFinder::Match match;
  if (!finder_.Next(text, 0, &match)) return false;
  out->clear();
  size_t done = 0;
  do {
    out->append(text.substr(done, match.begin - done));
    AppendMark(out, match.kind, text.substr(match.begin, match.end - match.begin));
    done = match.end;
  } while (finder_.Next(text, done, &match));
  out->append(text.substr(done));
  return true;
}

bool Redactor::Object(std::string_view json, std::string* scratch, std::string_view* out) {
  if (json.empty()) return false;
  SecretFinder::Match match;
  // What the values hold can be seen in their JSON, unless something is escaped.
  if (json.find('\\') == std::string_view::npos && !finder_.Next(json, 0, &match)) return false;
  arena_.Reset();
  fields_.Reset(arena_.Copy(json), &arena_);
  bool changed = false;
  const std::vector<stages::Field> before = fields_.Sorted();
  for (const stages::Field& field : before) {
    value_.clear();
    if (kinds_.token && IsSecretOf(field.name, field.value)) {
      AppendMark(&value_, SecretKind::kToken, field.value);
    } else if (!Text(field.value, &value_)) {
      continue;
    }
    fields_.SetCopy(field.name, value_);
    changed = true;
  }
  if (changed) *out = fields_.Json(scratch);
  return changed;
}

bool Redactor::Apply(Record* record) {
  bool changed = false;
  if (Text(record->line.Decode(&decoded_), &line_)) {
    record->line = Line::Bytes(line_);
    changed = true;
  }
  changed |= Object(record->meta, &meta_, &record->meta);
  changed |= Object(record->fields, &fields_json_, &record->fields);
  return changed;
}

uint64_t Redactor::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), uint64_t{0});
}

std::string Redactor::CountsJson() const {
  std::string json = "{";
  for (size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    if (json.size() > 1) json += ',';
    json.append("\"").append(kSecretNames[i]).append("\":");
    AppendUint64(&json, counts_[i]);
  }
  return json + "}";
}

std::string Redactor::CountsText() const {
  std::string text;
  for (size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    if (!text.empty()) text += ", ";
    AppendUint64(&text, counts_[i]);
    text.append(" ").append(kSecretNames[i]);
  }
  return text;
}

}  // namespace glp::filter
