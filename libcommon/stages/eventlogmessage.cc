#include "stages/eventlogmessage.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace glp::stages {
namespace {

// Go's unicode.IsSpace in UTF-8, beyond ASCII.
constexpr std::string_view kWideBlanks[] = {
    "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81",
    "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86",
    "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8",
    "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};

std::string_view TrimUnicodeSpace(std::string_view text) {
  for (bool changed = true; changed;) {
    changed = false;
    text = TrimSpace(text);
    for (std::string_view blank : kWideBlanks) {
      if (text.starts_with(blank)) {
        text.remove_prefix(blank.size());
        changed = true;
      }
      if (text.ends_with(blank)) {
        text.remove_suffix(blank.size());
        changed = true;
      }
    }
  }
  return text;
}

// One `_` for each character that a label's name has not.
void MakeLabelName(std::string_view text, std::string* out) {
  out->clear();
  if (text.empty()) *out = "_";
  const bool is_utf8 = IsValidUtf8(text);
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_utf8 && (c & 0xC0) == 0x80) continue;
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                      (c >= '0' && c <= '9' && i > 0);
    out->push_back(fits ? c : '_');
  }
}

bool IsThere(StageEntry& entry, std::string_view name) {
  if (const Field* field = entry.fields.Find(name)) return field->kind != Field::Kind::kHidden;
  return entry.origin->Find(name) != nullptr;
}

}  // namespace

EventLogMessageStage::EventLogMessageStage(Options options)
    : options_(std::move(options)),
      no_source_("eventlogmessage: no field or label '" + options_.source + "'") {}

Verdict EventLogMessageStage::Process(StageEntry& entry, StageRun& run) {
  auto message = entry.Value(options_.source);
  if (!message) {
    if (options_.drops_null && IsThere(entry, options_.source)) return run.Drop(kReason);
    Fail(entry, no_source_);
    return Verdict::kPass;
  }
  size_t count = 0;
  std::string_view rest = *message;
  for (bool more = true; more;) {
    const size_t end = rest.find("\r\n");
    more = end != std::string_view::npos;
    std::string_view line = rest.substr(0, end);
    if (more) rest.remove_prefix(end + 2);
    if (!TakeLine(line, entry, run)) continue;
    if (++count == kMaxNames && more) {
      Fail(entry, "eventlogmessage: more than 1000 names in one event");
      break;
    }
  }
  return Verdict::kPass;
}

bool EventLogMessageStage::TakeLine(std::string_view line, StageEntry& entry, StageRun& run) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view name = line.substr(0, colon);
  if (IsLabelName(name)) {
    name_ = name;
  } else if (options_.drop_invalid_labels) {
    return false;
  } else {
    MakeLabelName(name, &name_);
  }
  if (!options_.overwrite_existing && IsThere(entry, name_)) name_ += "_extracted";
  const std::string_view value = TrimUnicodeSpace(line.substr(colon + 1));
  if (!IsValidUtf8(value)) return false;
  entry.fields.Set(run.arena.Copy(name_), value);
  return true;
}

std::unique_ptr<Stage> ReadEventLogMessageStage(const codec::YamlNode& config,
                                                BuildContext& context) {
  codec::Given<std::string> source{"message"};
  codec::Given<bool> drop_invalid_labels{false}, overwrite_existing{false};
  codec::YamlMap map(config, "eventlogmessage", context.errors);
  map.Text("source", &source);
  map.Bool("drop_invalid_labels", &drop_invalid_labels);
  map.Bool("overwrite_existing", &overwrite_existing);
  map.Finish();
  if (!IsLabelName(source.value)) {
    map.Error(source, "eventlogmessage: source: '" + source.value +
                          "' is no name of a label ([a-zA-Z_][a-zA-Z0-9_]*)");
  }
  if (!context.errors->first().ok()) return nullptr;
  return std::make_unique<EventLogMessageStage>(EventLogMessageStage::Options{
      source.value, drop_invalid_labels.value, overwrite_existing.value, context.as_promtail});
}

}  // namespace glp::stages
