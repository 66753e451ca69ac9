#include "wire/push_meta.h"

#include <algorithm>

#include "base/json_text.h"
#include "base/strings.h"
#include "record/labels.h"
#include "wire/utf8.h"

namespace glp::wire {
namespace {

constexpr size_t kChunkBytes = 64 << 10;

// As Loki makes names fit for LogQL: one `_` for each character (a whole UTF-8 sequence) that is
// no letter, digit or `_`, and one in front of a leading digit.
std::string NormalizeName(std::string_view name) {
  std::string out;
  for (char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 && byte < 0xC0) continue;
    const bool digit = c >= '0' && c <= '9';
    if (digit && out.empty()) out += '_';
    out += digit || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? c : '_';
  }
  return out;
}

}  // namespace

// Whether the pairs can be written as they stand: what clients send that are no strangers.
bool MetaWriter::IsAsKept() const {
  for (size_t i = 0; i < pairs_.size(); ++i) {
    if (!IsLabelName(pairs_[i].first) || !IsValidUtf8(pairs_[i].second)) return false;
    if (i > 0 && pairs_[i - 1].first >= pairs_[i].first) return false;
  }
  return true;
}

std::string_view MetaWriter::Take() {
  if (pairs_.empty()) return {};
  if (IsAsKept()) {
    json_ = '{';
    for (const auto& [name, value] : pairs_) {
      json_ += json_.size() == 1 ? "\"" : ",\"";
      json_ += name;
      json_ += "\":";
      AppendJsonString(&json_, value);
    }
    json_ += '}';
  } else {
    Labels labels;
    for (const auto& [name, value] : pairs_) {
      labels.push_back({NormalizeName(name),
                        IsValidUtf8(value) ? std::string(value) : ReplaceInvalidUtf8(value, " ")});
    }
    Canonicalize(&labels);
    json_ = LabelsToJson(labels);
  }
  pairs_.clear();
  return Keep(json_);
}

std::string_view MetaWriter::Keep(std::string_view text) {
  if (chunks_.empty() || chunks_.back().capacity() - chunks_.back().size() < text.size()) {
    chunks_.emplace_back().reserve(std::max(text.size(), kChunkBytes));
  }
  std::string& chunk = chunks_.back();
  const size_t at = chunk.size();
  chunk += text;
  return std::string_view(chunk).substr(at);
}

void MetaWriter::Clear() {
  pairs_.clear();
  // The first chunk serves again, which is enough for most requests.
  const bool keep = !chunks_.empty() && chunks_.front().capacity() <= 2 * kChunkBytes;
  chunks_.resize(keep ? 1 : 0);
  if (keep) chunks_.front().clear();
}

bool NextMetaPair(std::string_view* rest, std::string_view* name, std::string_view* value) {
  // {"name":"value","name":"value"}: names have no escapes.
  if (rest->size() < 2 || (*rest)[1] != '"') return false;
  const size_t colon = rest->find('"', 2);
  if (colon == rest->npos || rest->size() - colon < 4) return false;
  *name = rest->substr(2, colon - 2);
  const size_t begin = colon + 3;
  size_t end = begin;
  while (true) {
    end = rest->find('"', end);
    if (end == rest->npos) return false;
    size_t run = end;
    while (run > begin && (*rest)[run - 1] == '\\') --run;
    if ((end - run) % 2 == 0) break;
    ++end;
  }
  *value = rest->substr(begin, end - begin);
  rest->remove_prefix(end + 1);
  return true;
}

MetaSize SizeOfMeta(std::string_view meta) {
  MetaSize size;
  std::string_view name, value;
  std::string plain;
  while (NextMetaPair(&meta, &name, &value)) {
    ++size.pairs;
    if (name == "detected_level") continue;
    size.bytes += name.size();
    if (value.find('\\') == value.npos) {
      size.bytes += value.size();
    } else {
      plain.clear();
      AppendJsonUnescaped(&plain, value);
      size.bytes += plain.size();
    }
  }
  return size;
}

}  // namespace glp::wire
