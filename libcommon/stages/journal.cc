#include "stages/journal.h"

#include <optional>
#include <utility>

#include "base/time.h"
#include "stages/syslog.h"

namespace glp::stages {
namespace {

constexpr std::string_view kTime = "__REALTIME_TIMESTAMP";

// "[72,105]" as the bytes 72 105; nothing where it is not a list of bytes.
std::optional<std::string_view> BytesOfList(std::string_view list, Arena& arena) {
  if (list.size() < 2 || list.front() != '[' || list.back() != ']') return std::nullopt;
  list = list.substr(1, list.size() - 2);
  char* const begin = arena.Allocate(list.size() / 2 + 1);
  char* out = begin;
  while (!list.empty()) {
    unsigned value = 0;
    size_t digits = 0;
    while (digits < list.size() && digits < 4 && list[digits] >= '0' && list[digits] <= '9') {
      value = value * 10 + static_cast<unsigned>(list[digits++] - '0');
    }
    if (digits == 0 || value > 255) return std::nullopt;
    *out++ = static_cast<char>(value);
    list.remove_prefix(digits);
    if (list.empty()) break;
    if (list[0] != ',' || list.size() == 1) return std::nullopt;
    list.remove_prefix(1);
  }
  return std::string_view(begin, static_cast<size_t>(out - begin));
}

std::string_view ShortNameOf(std::string_view key) {
  if (key == "_SYSTEMD_UNIT") return "unit";
  if (key == "_HOSTNAME") return "host";
  if (key == "_PID") return "pid";
  if (key == "SYSLOG_IDENTIFIER") return "app";
  return {};
}

}  // namespace

bool LooksLikeJournal(const codec::JsonTopLevel::Pairs& pairs) {
  bool has_time = false, has_more = false;
  for (const auto& [key, value] : pairs) {
    has_time |= key == kTime && ParseInt64(value);
    has_more |= key == "MESSAGE" || key == "__CURSOR" || key == "_BOOT_ID";
  }
  return has_time && has_more;
}

JournalStage::JournalStage(Options options, TextSource source)
    : options_(options), source_(std::move(source)) {
  (void)message_.AddPath("MESSAGE").ok();
}

std::string_view JournalStage::NameOf(std::string_view key, Arena& arena) {
  if (auto it = names_.find(key); it != names_.end()) return it->second;
  std::string name = "__journal_";
  for (char c : key) name += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (names_.size() >= kMaxNames) return arena.Copy(name);
  return names_.emplace(std::string(key), std::move(name)).first->second;
}

void JournalStage::SetField(std::string_view key, std::string_view value, StageEntry& entry,
                            Arena& arena) {
  if (const std::string_view name = ShortNameOf(key); !name.empty()) entry.fields.Set(name, value);
  const bool is_priority =
      key == "PRIORITY" && value.size() == 1 && value[0] >= '0' && value[0] <= '7';
  if (is_priority) entry.fields.Set("level", LevelOfSeverity(value[0] - '0'));
  if (!options_.all || key.substr(0, 2) == "__") return;
  entry.fields.Set(NameOf(key, arena), value);
  if (is_priority) {
    const std::string_view keyword = KeywordOfSeverity(value[0] - '0');
    entry.fields.Set("__journal_priority_keyword", keyword == "err" ? "error" : keyword);
  }
}

void JournalStage::SetMessageOfBytes(std::string_view text, StageEntry& entry, Arena& arena) {
  if (!message_.Extract(text, &values_) || !values_[0].present) {
    Fail(entry, "journal: no MESSAGE, or a null one: journalctl writes long ones with --all");
  } else if (auto bytes = BytesOfList(values_[0].text, arena)) {
    entry.SetLine(Line::Bytes(*bytes));
  } else {
    Fail(entry, "journal: MESSAGE is neither a text nor a list of bytes");
  }
}

Verdict JournalStage::Process(StageEntry& entry, StageRun& run) {
  const auto text = source_.Get(entry, run.arena);
  if (!text) {
    Fail(entry, source_.missing());
    return Verdict::kPass;
  }
  if (!json_.Read(*text, &pairs_)) {
    Fail(entry, "journal: not a JSON object");
    return Verdict::kPass;
  }
  if (pairs_.size() > kMaxFieldsOfLine) {
    Fail(entry, "journal: more than 10000 values");
    return Verdict::kPass;
  }
  bool has_message = options_.json, has_time = false;
  for (const auto& [key, value] : pairs_) {
    if (key == "MESSAGE" && !options_.json) {
      entry.SetLine(Line::Bytes(value));
      has_message = true;
      continue;
    }
    int64_t ts_ns;
    if (key == kTime) {
      const auto us = ParseInt64(value);
      if (us && !__builtin_mul_overflow(*us, int64_t{1000}, &ts_ns)) {
        entry.ts_ns = ts_ns;
        has_time = true;
      }
    }
    SetField(key, value, entry, run.arena);
  }
  if (!has_time) Fail(entry, "journal: no __REALTIME_TIMESTAMP that can be read");
  if (!has_message) SetMessageOfBytes(*text, entry, run.arena);
  return Verdict::kPass;
}

std::unique_ptr<Stage> ReadJournalStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<std::string> source;
  codec::Given<bool> json, all{true};
  codec::YamlMap map(config, "journal", context.errors);
  map.Text("source", &source);
  map.Bool("json", &json);
  map.Bool("all", &all);
  map.Finish();
  return std::make_unique<JournalStage>(JournalStage::Options{json.value, all.value},
                                        TextSource("journal", source.value));
}

}  // namespace glp::stages
