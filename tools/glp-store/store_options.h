// Options that commands of glp-store share: how entries become durable, how long they are kept, and
// Loki's configuration, which gives what the command line does not.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/loki_config.h"
#include "cli/main.h"
#include "store/retention.h"
#include "store/store.h"
#include "wire/limits.h"

namespace glp {

// Below 0 where it was not given.
struct MaybeDuration : cli::Duration {
  MaybeDuration() : cli::Duration{-1} {}
  bool is_given() const { return ns >= 0; }
  int64_t ValueOr(int64_t other_ns) const { return is_given() ? ns : other_ns; }
};

struct ConfigOptions {
  std::string path;
  bool expand_env = false;
};
void DescribeConfig(cli::Command& command, ConfigOptions* options);
// Nothing where no file is given. `base`: limits that hold where the file says nothing.
Result<std::optional<cli::LokiConfig>> LoadConfig(const ConfigOptions& options,
                                                  const wire::Limits& base);
// The same; what does nothing in it is said.
Result<std::optional<cli::LokiConfig>> ReadConfig(const ConfigOptions& options,
                                                  const wire::Limits& base, cli::Context& context);
// What holds for the tenant.
wire::Limits LimitsOf(const std::optional<cli::LokiConfig>& config, const std::string& tenant);
// --dir, else the folder that the configuration says.
Result<std::string> ChooseDir(const std::string& given, const std::string& command,
                              const std::optional<cli::LokiConfig>& config);

struct DurabilityOptions {
  std::string sync;
  MaybeDuration max_idle, max_age;
};
void DescribeDurability(cli::Command& command, DurabilityOptions* options);
void SetDurability(const DurabilityOptions& options, const std::optional<cli::LokiConfig>& config,
                   store::Options* store);

struct RetentionOptions {
  MaybeDuration period;
  std::vector<store::RetentionRule> rules;
  cli::Size max_bytes;
};
void DescribeRetention(cli::Command& command, RetentionOptions* options);
store::RetentionPolicy RetentionOf(const RetentionOptions& options,
                                   const std::optional<cli::LokiConfig>& config);

// Entries that are not taken because of their time.
struct TimeLimitOptions {
  MaybeDuration older, newer;
};
void DescribeTimeLimits(cli::Command& command, TimeLimitOptions* options);
void SetTimeLimits(const TimeLimitOptions& options, wire::Limits* limits);

}  // namespace glp
