// Stage `journal`: lines of `journalctl -o json` (better: --all, which cuts no long values).
//   source: field or label to read; the line by default
//   json:   true leaves the JSON object the line, as promtail's journal target does
//   all:    false for the five short fields alone
// MESSAGE becomes the line: a text, or the exact bytes where journalctl writes a list of numbers.
// __REALTIME_TIMESTAMP gives the time.
// Fields:
//   app (SYSLOG_IDENTIFIER), host (_HOSTNAME), pid (_PID), unit (_SYSTEMD_UNIT), and
//   level from PRIORITY in Loki's words: critical error warn info debug
//   and as promtail names them for relabelling, `__journal_` and the name in lower case:
//   __journal__systemd_unit, __journal_priority, …, with __journal_priority_keyword (emerg alert
//   crit error warning notice info debug). Not among them: MESSAGE (unless `json`), the journal's
//   own __CURSOR and the like, lists and null.
// Source: systemd's "Journal JSON Format"; promtail 3.6's journal target.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "codec/json.h"
#include "stages/build.h"
#include "stages/stage.h"
#include "stages/text_source.h"

namespace glp::stages {

// Whether the values at the top of an object are those of a journal entry.
bool LooksLikeJournal(const codec::JsonTopLevel::Pairs& pairs);

class JournalStage : public Stage {
 public:
  struct Options {
    bool json = false;
    bool all = true;
  };
  JournalStage(Options options, TextSource source);
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  std::string_view NameOf(std::string_view key, Arena& arena);
  void SetField(std::string_view key, std::string_view value, StageEntry& entry, Arena& arena);
  // What MESSAGE is where it is no text.
  void SetMessageOfBytes(std::string_view text, StageEntry& entry, Arena& arena);

  static constexpr size_t kMaxNames = 1000;
  Options options_;
  TextSource source_;
  codec::JsonTopLevel json_;
  codec::JsonTopLevel::Pairs pairs_;
  codec::JsonExtractor message_;
  std::vector<codec::JsonValue> values_;
  StringMap<std::string> names_;  // as promtail has them, by the journal's
};

std::unique_ptr<Stage> ReadJournalStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
