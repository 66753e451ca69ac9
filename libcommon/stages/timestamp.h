// The entry's time from a field or label, by a Go layout or named format (codec/go_time.h).
// Where the text is no such time: `kFudge` (promtail's default) gives the entry the stream's last
// time and one nanosecond, so that it stays in order; without one, and with `kSkip`, it keeps the
// time it has. Either way the entry is marked.
//
// The year of a time without one: the latest with which it is no later than its file was written
// last (file_times.h), nor than the entry's own time where no file is told; a day later at most.
// as_promtail, where no file is told: the year of the entry's time, but December read in January is
// of the year before, and January read in December of the year to come.
// In a gap of a location's clock, and of two times of one clock, what Go takes (codec/zone.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "codec/go_time.h"
#include "stages/build.h"
#include "stages/file_times.h"
#include "stages/stage.h"
#include "stages/stream_times.h"

namespace glp::stages {

class TimestampStage : public Stage {
 public:
  enum class OnFailure { kFudge, kSkip };
  struct Options {
    std::string source;
    std::string format;
    std::vector<std::string> fallback_formats;  // tried in this order
    std::string location;                       // IANA name; "": UTC
    OnFailure on_failure = OnFailure::kFudge;
    bool as_promtail = false;
  };
  // Errors: Code::kUsage for a location that is not known.
  static Result<std::unique_ptr<TimestampStage>> Make(Options options);
  Verdict Process(StageEntry& entry, StageRun& run) override;
  void OnFile(std::string_view id, const MarkWords& words) override {
    if (needs_year_) files_.OnFile(id, words);
  }

  // For glp-parse --explain-time: from now on explanation() says how the last entry got its time,
  // in one line: "'Oct 25 02:30:00' of field ts read by 'Jan _2 15:04:05', year 2020 (its file was
  // written last …), …".
  void set_explains(bool explains) { explains_ = explains; }
  const std::string& explanation() const { return explanation_; }

 private:
  explicit TimestampStage(Options options) : options_(std::move(options)) {}
  codec::YearHint HintOf(const StageEntry& entry) const;
  void ExplainRead(const StageEntry& entry, std::string_view text, size_t layout, int64_t ts_ns);
  void ExplainFailed(const std::string_view* text, bool fudged, int64_t ts_ns);

  Options options_;
  std::vector<codec::TimeLayout> layouts_;
  bool needs_year_ = false;  // some layout does
  FileTimes files_;
  std::string no_source_, no_time_;
  StreamTimes times_;
  bool explains_ = false;
  std::string explanation_;
};

std::unique_ptr<Stage> ReadTimestampStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
