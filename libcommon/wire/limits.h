// What a server takes and answers at most: Loki's limits_config by its names, with Loki's defaults
// where a store of one machine needs a bound, without where Loki's would only get in the way.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace glp::wire {

// 0 is no limit, times in ns.
struct Limits {
  // Queries.
  uint32_t max_entries_limit_per_query = 5000;
  int64_t max_query_length_ns = 0;
  int64_t max_query_lookback_ns = 0;  // what is older is not answered
  uint32_t max_query_series = 0;
  int64_t query_timeout_ns = 60 * kNsPerSecond;
  // Pushes.
  int64_t reject_old_samples_max_age_ns = 0;
  int64_t creation_grace_period_ns = 0;
  uint64_t max_line_size = 0;
  bool max_line_size_truncate = false;  // longer lines are cut to it, not refused
  uint32_t max_label_names_per_series = 0;
  uint32_t max_label_name_length = 0;
  uint32_t max_label_value_length = 0;
};

// Loki 3.7's own defaults.
inline Limits LokiLimits() {
  Limits limits;
  limits.max_query_length_ns = int64_t{721} * 3600 * kNsPerSecond;
  limits.max_query_series = 500;
  limits.reject_old_samples_max_age_ns = int64_t{7} * 24 * 3600 * kNsPerSecond;
  limits.creation_grace_period_ns = int64_t{600} * kNsPerSecond;
  limits.max_line_size = 256 << 10;
  limits.max_label_names_per_series = 15;
  limits.max_label_name_length = 1024;
  limits.max_label_value_length = 2048;
  return limits;
}

}  // namespace glp::wire
