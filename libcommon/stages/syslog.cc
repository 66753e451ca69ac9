#include "stages/syslog.h"

#include <cstring>
#include <string>
#include <utility>

#include "stages/unescape.h"

namespace glp::stages {
namespace {

constexpr size_t kNone = std::string_view::npos;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

size_t DigitsAt(std::string_view text, size_t at, size_t most) {
  size_t n = 0;
  while (n < most && at + n < text.size() && IsDigit(text[at + n])) ++n;
  return n;
}

// Up to the first blank, which goes too; "" and false where there is none in a reasonable distance.
bool TakeToken(std::string_view* text, std::string_view* token) {
  constexpr size_t kLongest = 1024;  // RFC 5424 allows 255
  const size_t end = text->substr(0, kLongest).find(' ');
  if (end == kNone || end == 0) return false;
  *token = text->substr(0, end);
  text->remove_prefix(end + 1);
  return true;
}

// "123 <": RFC 6587's count of the octets behind the blank.
void SkipOctetCount(std::string_view* text) {
  const size_t digits = DigitsAt(*text, 0, 9);
  if (digits > 0 && text->substr(digits, 2) == " <") text->remove_prefix(digits + 1);
}

bool TakePriority(std::string_view* text, int* priority) {
  if (text->empty() || (*text)[0] != '<') return false;
  const size_t digits = DigitsAt(*text, 1, 3);
  if (digits == 0 || text->substr(1 + digits, 1) != ">") return false;
  int value = 0;
  for (size_t i = 1; i <= digits; ++i) value = value * 10 + ((*text)[i] - '0');
  if (value > 191) return false;
  *priority = value;
  text->remove_prefix(digits + 2);
  return true;
}

// "Oct  2 15:04:05", "Oct 02 2023 15:04:05.123" and a blank; `text` is behind it then. False where
// it does not even begin so.
bool TakeBsdTime(std::string_view* text, SyslogLine* line) {
  std::string_view rest = *text;
  CivilTime civil{kNoYear, 0, 0, 0, 0, 0, 0};
  if (!TakeMonth(&rest, &civil.month) || !TakeChar(&rest, ' ')) return false;
  const bool padded = TakeChar(&rest, ' ');
  if (padded || !TakeDigits(&rest, 2, &civil.day)) {
    if (!TakeDigits(&rest, 1, &civil.day)) return false;
  }
  if (!TakeChar(&rest, ' ')) return false;
  if (unsigned year; DigitsAt(rest, 0, 4) == 4 && TakeDigits(&rest, 4, &year)) {
    civil.year = year;
    if (!TakeChar(&rest, ' ')) return false;
  }
  if (!TakeTimeOfDay(&rest, &civil)) return false;
  line->time = text->substr(0, text->size() - rest.size());
  TakeChar(&rest, ':');  // of Cisco's
  if (!TakeChar(&rest, ' ')) return false;
  line->civil = civil;
  *text = rest;
  return true;
}

bool TakeIsoTime(std::string_view* text, SyslogLine* line) {
  if (text->size() < 11 || (*text)[10] != 'T' || DigitsAt(*text, 0, 4) != 4) return false;
  const size_t end = text->substr(0, 64).find(' ');
  if (end == kNone) return false;
  line->ts_ns = ParseRfc3339(text->substr(0, end));
  if (!line->ts_ns) return false;
  line->time = text->substr(0, end);
  text->remove_prefix(end + 1);
  return true;
}

// Size of `app[pid]:` or `app:` with the blank behind it, at the start of `text`; 0 for neither.
size_t TagSize(std::string_view text, SyslogLine* line) {
  constexpr size_t kLongest = 256;
  const size_t limit = std::min(text.size(), kLongest);
  for (size_t i = 0; i < limit; ++i) {
    const char c = text[i];
    if (c == ' ') return 0;
    size_t end = i + 1;
    if (c == '[') {
      const size_t close = text.substr(0, kLongest).find_first_of("] ", i + 1);
      if (i == 0 || close == kNone || text[close] != ']') return 0;
      end = close + 1;
      if (end < text.size() && text[end] == ':') ++end;
    } else if (c != ':' || i == 0) {
      continue;
    }
    if (end < text.size() && text[end] != ' ') {
      if (c == '[') return 0;
      continue;  // "a::b:"
    }
    line->app = text.substr(0, i);
    if (c == '[') line->pid = text.substr(i + 1, text.find(']', i) - i - 1);
    return std::min(end + 1, text.size());
  }
  return 0;
}

void ParseHostAndTag(std::string_view text, SyslogLine* line) {
  // A logger on the machine itself leaves the host out.
  if (const size_t size = TagSize(text, line); size > 0) {
    line->message = text.substr(size);
    return;
  }
  std::string_view rest = text;
  if (TakeToken(&rest, &line->host)) {
    line->message = rest.substr(TagSize(rest, line));
  } else {
    line->message = text;
  }
}

const char* ParseRfc5424(std::string_view text, SyslogLine* line) {
  line->is_rfc5424 = true;
  line->message = text;
  for (std::string_view* part : {&line->time, &line->host, &line->app, &line->pid, &line->msgid}) {
    if (!TakeToken(&text, part)) return "syslog: RFC 5424's head is not whole";
    if (*part == "-") *part = {};
    line->message = text;
  }
  if (!line->time.empty()) line->ts_ns = ParseRfc3339(line->time);
  if (text.substr(0, 1) == "-") {
    text.remove_prefix(1);
  } else {
    StructuredData data(text);
    StructuredData::Step step;
    while ((step = data.Next()) == StructuredData::Step::kParam) {
    }
    if (step == StructuredData::Step::kError) {
      return "syslog: RFC 5424's structured data is missing or damaged";
    }
    line->structured_data = text.substr(0, data.size());
    text.remove_prefix(data.size());
  }
  if (!text.empty() && !TakeChar(&text, ' ')) {
    return "syslog: RFC 5424's structured data is missing or damaged";
  }
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  line->message = text;
  return nullptr;
}

constexpr std::string_view kFacilities[] = {
    "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
    "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
    "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"};

}  // namespace

std::string_view KeywordOfSeverity(int severity) {
  constexpr std::string_view kWords[] = {"emerg",   "alert",  "crit", "err",
                                         "warning", "notice", "info", "debug"};
  return kWords[severity & 7];
}

std::string_view LevelOfSeverity(int severity) {
  constexpr std::string_view kWords[] = {"critical", "critical", "critical", "error",
                                         "warn",     "info",     "info",     "debug"};
  return kWords[severity & 7];
}

const char* ParseSyslogLine(std::string_view text, SyslogLine* out) {
  *out = SyslogLine();
  SkipOctetCount(&text);
  const bool has_priority = TakePriority(&text, &out->priority);
  if (has_priority) {
    const size_t digits = DigitsAt(text, 0, 3);
    if (digits > 0 && text[0] != '0' && text.substr(digits, 1) == " ") {
      return ParseRfc5424(text.substr(digits + 1), out);
    }
  }
  if (TakeBsdTime(&text, out) || TakeIsoTime(&text, out)) {
    ParseHostAndTag(text, out);
    return nullptr;
  }
  if (!has_priority) return "syslog: neither a priority nor a time at the start";
  out->message = text;
  return nullptr;
}

void StructuredData::LeaveElement() {
  if (text_[at_] != ']') return;
  ++at_;
  in_element_ = false;
}

StructuredData::Step StructuredData::Next() {
  while (!in_element_) {
    if (at_ >= text_.size() || text_[at_] != '[') return at_ == 0 ? Step::kError : Step::kEnd;
    const size_t end = text_.find_first_of(" ]", at_ + 1);
    if (end == kNone || end == at_ + 1) return Step::kError;
    id = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end;
    in_element_ = true;
    LeaveElement();
  }
  const size_t begin = at_ + 1;
  const size_t equals = text_.find('=', begin);
  if (text_[at_] != ' ' || equals == kNone || equals == begin || equals + 1 >= text_.size() ||
      text_[equals + 1] != '"') {
    return Step::kError;
  }
  const size_t end = FindQuote(text_, equals + 2, '"');
  if (end == kNone || end + 1 >= text_.size()) return Step::kError;
  name = text_.substr(begin, equals - begin);
  value = text_.substr(equals + 2, end - equals - 2);
  at_ = end + 1;
  LeaveElement();
  return Step::kParam;
}

bool LooksLikeSyslog(std::string_view text) {
  SyslogLine line;
  if (ParseSyslogLine(text, &line) != nullptr) return false;
  if (line.civil) line.ts_ns = Clock().ToNs(*line.civil, int64_t{0});
  if (line.is_rfc5424) return line.ts_ns || line.time.empty();
  if (!line.ts_ns) return false;
  if (line.priority >= 0) return true;
  if (line.host.empty() || line.app.empty()) return false;
  for (std::string_view level : {"TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR",
                                 "FATAL", "CRITICAL", "SEVERE", "-"}) {
    if (line.host == level) return false;
  }
  // Many programs write RFC 3339, a word and "name:" themselves.
  return line.civil || !line.pid.empty() || line.app == "kernel";
}

void SyslogStage::SetStructuredData(std::string_view text, StageEntry& entry, Arena& arena) {
  StructuredData data(text);
  for (size_t n = 0; data.Next() == StructuredData::Step::kParam; ++n) {
    if (n == kMaxFieldsOfLine) {
      Fail(entry, "syslog: more than 10000 parameters of structured data");
      return;
    }
    char* name = arena.Allocate(3 + data.id.size() + 1 + data.name.size());
    size_t size = 0;
    for (std::string_view part :
         {std::string_view("sd_"), data.id, std::string_view("_"), data.name}) {
      for (char c : part) {
        const bool is_word = IsDigit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        name[size++] = is_word ? c : '_';
      }
    }
    entry.fields.Set({name, size}, UnescapeOnly(data.value, "\"\\]", arena));
  }
}

void SyslogStage::SetTime(const SyslogLine& line, StageEntry& entry) {
  std::optional<int64_t> ts_ns = line.ts_ns;
  if (line.civil) ts_ns = clock_.ToNs(*line.civil, entry);
  if (ts_ns) {
    entry.ts_ns = *ts_ns;
  } else if (!line.time.empty()) {
    Fail(entry, "syslog: no time that can be read", line.time);
  } else if (!line.is_rfc5424) {
    Fail(entry, "syslog: no time and host behind the priority");
  }
}

Verdict SyslogStage::Process(StageEntry& entry, StageRun& run) {
  const auto text = source_.Get(entry, run.arena);
  if (!text) {
    Fail(entry, source_.missing());
    return Verdict::kPass;
  }
  SyslogLine line;
  const char* why = ParseSyslogLine(*text, &line);
  if (why != nullptr) {
    Fail(entry, why);
    // Where the head could be read, it stays.
    if (line.priority < 0) return Verdict::kPass;
  }
  // In the order of their names, which saves sorting them.
  auto set = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) entry.fields.Set(name, value);
  };
  const bool has_priority = line.priority >= 0;
  set("app", line.app);
  if (has_priority) set("facility", kFacilities[line.priority >> 3]);
  set("host", line.host);
  if (has_priority) set("level", LevelOfSeverity(line.priority));
  const bool output = options_.output && why == nullptr;
  if (!output) entry.fields.Set("message", line.message);
  set("msgid", line.msgid);
  set("pid", line.pid);
  if (!line.structured_data.empty()) SetStructuredData(line.structured_data, entry, run.arena);
  if (has_priority) set("severity", KeywordOfSeverity(line.priority));
  if (why == nullptr || line.ts_ns) SetTime(line, entry);
  if (output) entry.SetLine(Line::Bytes(line.message));
  return Verdict::kPass;
}

std::unique_ptr<Stage> ReadSyslogStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<std::string> source;
  codec::Given<bool> output;
  codec::YamlMap map(config, "syslog", context.errors);
  map.Text("source", &source);
  map.Bool("output", &output);
  Clock clock = Clock::Read(map);
  map.Finish();
  return std::make_unique<SyslogStage>(SyslogStage::Options{output.value},
                                       TextSource("syslog", source.value), std::move(clock));
}

}  // namespace glp::stages
