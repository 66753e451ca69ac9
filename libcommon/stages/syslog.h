// Stage `syslog`: the head of a syslog message into fields, and its time.
//   RFC 5424         <34>1 2003-10-11T22:14:15.003Z host app 123 ID47 [sd@1 a="b"] message
//   RFC 3164         <34>Oct 11 22:14:15 host app[123]: message
//   as in a file     Oct 11 22:14:15 host app[123]: message
//   rsyslog's own    2003-10-11T22:14:15.003000+02:00 host app[123]: message
// with or without the <PRI>, with or without a host in front of "app:", the day with a blank or a
// zero, a year behind the day, a fraction of the second; behind RFC 6587's octet count, too.
//   source:   field or label to read; the line by default
//   location: the zone of times that name none (IANA name; UTC by default). A time without a year
//             is of the latest year with which it is no later than its file was written last
//   output:   true makes the message the line, in place of the field `message`
// Fields (a part that is missing, or "-" in RFC 5424, has none):
//   app, host, message, msgid, pid
//   facility        kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit
//                   alert clock local0 … local7
//   severity        emerg alert crit err warning notice info debug
//   level           the same in Loki's words: critical error warn info debug
//   sd_ID_NAME      structured data; what is no letter, digit or _ in the names is _
// A message without a time keeps the time it has and is marked.
// Source: RFC 5424, RFC 3164, RFC 6587; rsyslog's template RSYSLOG_FileFormat.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "stages/build.h"
#include "stages/clock.h"
#include "stages/stage.h"
#include "stages/text_source.h"

namespace glp::stages {

// Views into the text; "" for what is missing.
struct SyslogLine {
  int priority = -1;  // -1: there is none
  bool is_rfc5424 = false;
  // What the time says: with its zone, or as the host's clock showed it; neither where it is
  // missing or cannot be read.
  std::optional<int64_t> ts_ns;
  std::optional<CivilTime> civil;
  std::string_view time, host, app, pid, msgid, structured_data, message;
};
// nullptr, or why the text is none (a literal; what was read up to there stays in `out`).
const char* ParseSyslogLine(std::string_view text, SyslogLine* out);

// One parameter of structured data: `[ID NAME="VALUE" …]…`.
class StructuredData {
 public:
  explicit StructuredData(std::string_view text) : text_(text) {}
  enum class Step : uint8_t { kParam, kEnd, kError };
  Step Next();
  std::string_view id, name, value;    // the value as written, with its escapes
  size_t size() const { return at_; }  // at kEnd: bytes of the text that belong to it

 private:
  void LeaveElement();
  std::string_view text_;
  size_t at_ = 0;
  bool in_element_ = false;
};

// Whether a file with this line is surely one of syslog's: with a time that can be read, and a tag
// or a priority.
bool LooksLikeSyslog(std::string_view text);

// Loki's word for a severity 0…7, and syslog's keyword.
std::string_view LevelOfSeverity(int severity);
std::string_view KeywordOfSeverity(int severity);

class SyslogStage : public Stage {
 public:
  struct Options {
    bool output = false;
  };
  SyslogStage(Options options, TextSource source, Clock clock)
      : options_(options), source_(std::move(source)), clock_(std::move(clock)) {}
  Verdict Process(StageEntry& entry, StageRun& run) override;
  void OnFile(std::string_view id, const MarkWords& words) override { clock_.OnFile(id, words); }

 private:
  void SetStructuredData(std::string_view text, StageEntry& entry, Arena& arena);
  void SetTime(const SyslogLine& line, StageEntry& entry);

  Options options_;
  TextSource source_;
  Clock clock_;
};

std::unique_ptr<Stage> ReadSyslogStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
