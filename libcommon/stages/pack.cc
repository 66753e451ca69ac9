#include "stages/pack.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "stages/lenient_yaml.h"

namespace glp::stages {
namespace {

constexpr std::string_view kBadUtf8 = "pack: bytes that are not UTF-8";

// How many bytes the character at `i` has; 0 where it is none.
size_t Utf8Size(std::string_view text, size_t i) {
  for (size_t size = 1; size <= 4 && i + size <= text.size(); ++size) {
    if (IsValidUtf8(text.substr(i, size))) return size;
  }
  return 0;
}

// ASCII that stands as it is.
bool IsPlain(char c) {
  return (c & 0x80) == 0 && c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

// With quotes, as Go's encoder writes it. Returns whether all of it is UTF-8.
bool AppendGoJson(std::string* out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  bool is_utf8 = true;
  out->push_back('"');
  for (size_t i = 0; i < text.size();) {
    size_t plain = i;
    while (plain < text.size() && IsPlain(text[plain])) ++plain;
    out->append(text, i, plain - i);
    i = plain;
    if (i == text.size()) break;
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const size_t size = Utf8Size(text, i);
      const std::string_view character = text.substr(i, size);
      if (size == 0) {
        is_utf8 = false;
        out->append("\\ufffd");
      } else if (character == "\xE2\x80\xA8" || character == "\xE2\x80\xA9") {
        out->append(character.back() == '\xA8' ? "\\u2028" : "\\u2029");
      } else {
        out->append(character);
      }
      i += std::max<size_t>(size, 1);
      continue;
    }
    ++i;
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(static_cast<char>(c));
    } else if (c == '\n' || c == '\r' || c == '\t') {
      out->append(c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
    } else {
      out->append("\\u00");
      out->push_back(kHex[c >> 4]);
      out->push_back(kHex[c & 15]);
    }
  }
  out->push_back('"');
  return is_utf8;
}

}  // namespace

PackStage::PackStage(std::vector<std::string> names, bool ingest_timestamp, bool replaces_bytes)
    : names_(std::move(names)),
      ingest_timestamp_(ingest_timestamp),
      replaces_bytes_(replaces_bytes) {
  std::sort(names_.begin(), names_.end());
  names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
}

Verdict PackStage::Process(StageEntry& entry, StageRun& run) {
  bool is_utf8 = true;
  out_ = "{";
  packed_.clear();  // which names, for the cache
  for (const std::string& name : names_) {
    auto value = entry.Value(name);
    packed_.push_back(value ? '1' : '0');
    if (!value) continue;
    is_utf8 &= AppendGoJson(&out_, name);
    out_.push_back(':');
    is_utf8 &= AppendGoJson(&out_, *value);
    out_.push_back(',');
  }
  out_.append("\"_entry\":");
  is_utf8 &= AppendGoJson(&out_, entry.LineBytes(run.arena));
  if (replaces_bytes_ && entry.newline_taken()) out_.insert(out_.size() - 1, "\\n");
  out_.push_back('}');
  if (!is_utf8) {
    Fail(entry, kBadUtf8);
    if (!replaces_bytes_) return Verdict::kPass;
  }
  entry.SetLine(Line::Bytes(run.arena.Copy(out_)));
  if (ingest_timestamp_) entry.ts_ns = run.NowNs();
  const LabelSet* before = entry.labels;
  entry.labels = cache_.Get(before, packed_, run.labels, [&] {
    Labels out = before->labels;
    for (size_t i = 0; i < names_.size(); ++i) {
      if (packed_[i] == '0') continue;
      std::erase_if(out, [&](const Label& label) { return label.name == names_[i]; });
    }
    return out;
  });
  return Verdict::kPass;
}

std::unique_ptr<Stage> ReadPackStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<std::vector<std::string>> labels;
  codec::Given<bool> ingest_timestamp{true};
  const codec::YamlNode lenient = WithoutQuotes(config);
  codec::YamlMap map(lenient, "pack", context.errors);
  map.Texts("labels", &labels);
  map.Bool("ingest_timestamp", &ingest_timestamp);
  map.Finish();
  for (const std::string& name : labels.value) {
    if (name == "_entry")
      map.Error(labels, "pack: _entry is the name of the line in what is packed");
  }
  if (!context.errors->first().ok()) return nullptr;
  return std::make_unique<PackStage>(std::move(labels.value), ingest_timestamp.value,
                                     context.as_promtail);
}

}  // namespace glp::stages
