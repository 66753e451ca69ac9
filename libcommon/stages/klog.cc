#include "stages/klog.h"

#include <string>
#include <utility>

#include "stages/unescape.h"

namespace glp::stages {
namespace {

constexpr size_t kNone = std::string_view::npos;

std::string_view LevelOf(char c) {
  switch (c) {
    case 'I':
      return "info";
    case 'W':
      return "warn";
    case 'E':
      return "error";
    case 'F':
      return "fatal";
    default:
      return {};
  }
}

size_t CountDigits(std::string_view text) {
  size_t n = 0;
  while (n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
  return n;
}

// The size of an unquoted value: up to a blank that is in no brackets and quotes.
size_t PlainValueSize(std::string_view text) {
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case ' ':
        if (depth == 0) return i;
        break;
      case '{':
      case '[':
      case '(':
        ++depth;
        break;
      case '}':
      case ']':
      case ')':
        if (depth > 0) --depth;
        break;
      case '"':
        i = FindQuote(text, i + 1, '"');
        if (i == kNone) return text.size();
        break;
      default:
        break;
    }
  }
  return text.size();
}

}  // namespace

std::optional<KlogLine> ParseKlogLine(std::string_view text) {
  KlogLine line{};
  if (text.size() < 20) return std::nullopt;
  line.level = LevelOf(text[0]);
  if (line.level.empty()) return std::nullopt;
  text.remove_prefix(1);
  line.civil.year = kNoYear;
  if (unsigned year; CountDigits(text.substr(0, 9)) == 8 && TakeDigits(&text, 4, &year)) {
    line.civil.year = year;
  }
  if (!TakeDigits(&text, 2, &line.civil.month) || !TakeDigits(&text, 2, &line.civil.day) ||
      !TakeChar(&text, ' ') || !TakeTimeOfDay(&text, &line.civil) || !TakeChar(&text, ' ')) {
    return std::nullopt;
  }
  constexpr size_t kLongestHead = 512;
  const std::string_view head = text.substr(0, kLongestHead);
  size_t at = head.find_first_not_of(' ');
  if (at == kNone) return std::nullopt;
  const size_t digits = CountDigits(head.substr(at));
  line.pid = head.substr(at, digits);
  at += digits;
  if (digits == 0 || head.substr(at, 1) != " ") return std::nullopt;
  const size_t end = head.find(']', at);
  if (end == kNone) return std::nullopt;
  const std::string_view where = head.substr(at + 1, end - at - 1);
  const size_t colon = where.rfind(':');
  if (colon == kNone || colon == 0 || colon + 1 == where.size() ||
      CountDigits(where.substr(colon + 1)) != where.size() - colon - 1 ||
      where.find(' ') != kNone) {
    return std::nullopt;
  }
  line.file = where.substr(0, colon);
  line.line = where.substr(colon + 1);
  line.message = text.substr(end + 1);
  TakeChar(&line.message, ' ');
  return line;
}

bool LooksLikeKlog(std::string_view text) {
  const auto line = ParseKlogLine(text);
  return line && Clock().ToNs(line->civil, int64_t{0});
}

// ` key=value key="value" …`; ends where something else stands.
void KlogStage::SetPairs(std::string_view text, StageEntry& entry, Arena& arena) {
  constexpr size_t kLongestKey = 256;
  for (size_t n = 0; text.size() > 1 && text[0] == ' '; ++n) {
    text.remove_prefix(1);
    const size_t equals = text.substr(0, kLongestKey).find('=');
    if (equals == kNone || equals == 0) return;
    std::string_view key = text.substr(0, equals);
    if (key.find_first_of(" \"") != kNone) return;
    if (n == kMaxFieldsOfLine) {
      Fail(entry, "klog: more than 10000 keys");
      return;
    }
    for (std::string_view own : {"file", "level", "line", "message", "pid"}) {
      if (key != own) continue;
      std::string renamed = std::string(key) + "_extracted";
      key = arena.Copy(renamed);
      break;
    }
    text.remove_prefix(equals + 1);
    if (!text.empty() && text[0] == '"') {
      const size_t end = FindQuote(text, 1, '"');
      if (end == kNone) return;
      entry.fields.Set(key, Unescape(text.substr(1, end - 1), arena));
      text.remove_prefix(end + 1);
    } else {
      const size_t size = PlainValueSize(text);
      entry.fields.Set(key, text.substr(0, size));
      text.remove_prefix(size);
    }
  }
}

Verdict KlogStage::Process(StageEntry& entry, StageRun& run) {
  const auto text = source_.Get(entry, run.arena);
  if (!text) {
    Fail(entry, source_.missing());
    return Verdict::kPass;
  }
  const auto line = ParseKlogLine(*text);
  if (!line) {
    Fail(entry, "klog: not of the form I0102 15:04:05.000000 PID FILE:LINE] TEXT");
    return Verdict::kPass;
  }
  std::string_view message = line->message, pairs;
  if (!message.empty() && message[0] == '"') {
    const size_t end = FindQuote(message, 1, '"');
    if (end != kNone && (end + 1 == message.size() || message[end + 1] == ' ')) {
      pairs = message.substr(end + 1);
      message = Unescape(message.substr(1, end - 1), run.arena);
    }
  }
  // In the order of their names, which saves sorting them.
  entry.fields.Set("file", line->file);
  entry.fields.Set("level", line->level);
  entry.fields.Set("line", line->line);
  entry.fields.Set("message", message);
  entry.fields.Set("pid", line->pid);
  SetPairs(pairs, entry, run.arena);
  if (const auto ts_ns = clock_.ToNs(line->civil, entry)) {
    entry.ts_ns = *ts_ns;
  } else {
    Fail(entry, "klog: no time that can be read");
  }
  return Verdict::kPass;
}

std::unique_ptr<Stage> ReadKlogStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<std::string> source;
  codec::YamlMap map(config, "klog", context.errors);
  map.Text("source", &source);
  Clock clock = Clock::Read(map);
  map.Finish();
  return std::make_unique<KlogStage>(TextSource("klog", source.value), std::move(clock));
}

}  // namespace glp::stages
