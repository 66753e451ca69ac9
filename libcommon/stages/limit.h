// At most so many lines a second, and `burst` at once: a bucket of tokens, one for all lines or one
// for each value of a label. Above that the stage waits, and with it the pipe in front, or drops.
// Memory: buckets of `max_distinct_labels` values, twice; then those not used for longest are
//         forgotten and begin full.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "base/token_bucket.h"
#include "stages/build.h"
#include "stages/stage.h"

namespace glp::stages {

class LimitStage : public Stage {
 public:
  static constexpr size_t kMinDistinctLabels = 10'000;
  static constexpr std::string_view kReason = "ratelimit_drop_stage";
  struct Options {
    double rate = 0;  // a second
    double burst = 0;
    bool drop = false;
    std::string by_label;  // "": one bucket for all; lines without the label are not limited
    size_t max_distinct_labels = kMinDistinctLabels;
  };
  explicit LimitStage(Options options);
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  TokenBucket& BucketOf(const std::string& value, int64_t now_ns);
  TokenBucket NewBucket(int64_t now_ns) const {
    return TokenBucket(options_.rate, options_.burst, now_ns);
  }

  Options options_;
  std::optional<TokenBucket> bucket_;
  // Two generations: where the newer is full it becomes the older.
  StringMap<TokenBucket> newer_, older_;
};

std::unique_ptr<Stage> ReadLimitStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
