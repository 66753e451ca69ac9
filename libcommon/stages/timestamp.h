// The entry's time from a field or label, by a Go layout or named format (codec/go_time.h).
// Where the text is no such time: `kFudge` (promtail's default) gives the entry the stream's last
// time and one nanosecond, so that it stays in order; without one, and with `kSkip`, it keeps the
// time it has. Either way the entry is marked.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "codec/go_time.h"
#include "stages/build.h"
#include "stages/stage.h"

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
  };
  // Errors: Code::kUsage for a location that is not known.
  static Result<std::unique_ptr<TimestampStage>> Make(Options options);
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  // Streams whose last time is kept; the one unused for longest is forgotten.
  static constexpr size_t kMaxStreams = 10'000;
  using Recent = std::list<std::pair<uint64_t, int64_t>>;  // hash of the labels, time

  explicit TimestampStage(Options options) : options_(std::move(options)) {}
  int64_t* LastTime(const LabelSet* labels, bool add);

  Options options_;
  std::vector<codec::TimeLayout> layouts_;
  std::string no_source_, no_time_;
  Recent recent_;  // the latest first
  std::unordered_map<uint64_t, Recent::iterator> by_labels_;
};

std::unique_ptr<Stage> ReadTimestampStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
