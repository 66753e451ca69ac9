// What a server takes and answers at most: Loki's limits_config by its names, with Loki's defaults
// where a store of one machine needs a bound, without where Loki's would only get in the way.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "wire/otlp_config.h"

namespace glp::wire {

// 0 is no limit, times in ns, sizes in bytes.
struct Limits {
  // Queries.
  uint32_t max_entries_limit_per_query = 5000;
  int64_t max_query_length_ns = 0;
  int64_t max_query_lookback_ns = 0;  // what is older is not answered
  int64_t max_query_range_ns = 0;     // of the ranges in brackets
  uint32_t max_query_series = 0;
  int64_t query_timeout_ns = 60 * kNsPerSecond;
  uint64_t max_query_bytes_read = 0;
  uint32_t max_streams_matchers_per_query = 0;
  std::vector<std::string> required_labels;  // that a selector must have matchers of
  uint32_t minimum_labels_number = 0;        // of matchers of a selector
  uint32_t max_concurrent_tail_requests = 0;
  bool volume_enabled = true;
  uint32_t volume_max_series = 1000;

  // Deletion: kDisabled refuses requests, kFilterOnly hides what was deleted, kFilterAndDelete
  // removes it, too.
  enum class DeletionMode : uint8_t { kDisabled, kFilterOnly, kFilterAndDelete };
  DeletionMode deletion_mode = DeletionMode::kFilterAndDelete;

  // Pushes.
  int64_t reject_old_samples_max_age_ns = 0;
  int64_t creation_grace_period_ns = 0;
  uint64_t max_line_size = 0;
  bool max_line_size_truncate = false;            // longer lines are cut to it, not refused
  std::string max_line_size_truncate_identifier;  // ends a line that was cut, within the size
  bool refuse_no_labels = false;                  // streams without labels, as Loki always does
  uint32_t max_label_names_per_series = 0;        // service_name is not counted
  uint32_t max_label_name_length = 0;
  uint32_t max_label_value_length = 0;
  std::vector<std::string> enforced_labels;  // that a stream must have
  bool allow_structured_metadata = true;
  uint64_t max_structured_metadata_size = 0;
  uint32_t max_structured_metadata_entries_count = 0;
  bool increment_duplicate_timestamp = false;
  bool unordered_writes = true;  // false: what is older than the newest of its stream is refused
  uint32_t max_streams_per_user = 0;  // active streams; the smaller one of max_global_… and this
  // Of the ingester: a stream is active until nothing came for so long; 0: for ever.
  int64_t chunk_idle_period_ns = 1800 * kNsPerSecond;
  double ingestion_rate_mb = 0;  // MiB a second
  double ingestion_burst_size_mb = 0;
  uint64_t per_stream_rate_limit = 0;  // bytes a second
  uint64_t per_stream_rate_limit_burst = 0;
  int64_t block_ingestion_until_ns = 0;
  int block_ingestion_status_code = 260;  // 200 drops what comes without a word
  // What service_name is made from, the first that a stream has, where it has none; empty: from
  // nothing.
  std::vector<std::string> discover_service_name;
  bool discover_log_levels = false;
  std::vector<std::string> log_level_fields;   // in their rank; empty: Loki's
  uint32_t log_level_from_json_max_depth = 2;  // 0: all
  std::shared_ptr<const OtlpConfig> otlp;      // nullptr: Loki's
};

// Loki 3.7's own defaults.
inline Limits LokiLimits() {
  Limits limits;
  limits.max_query_length_ns = int64_t{721} * 3600 * kNsPerSecond;
  limits.max_query_series = 500;
  limits.max_streams_matchers_per_query = 1000;
  limits.max_concurrent_tail_requests = 10;
  limits.reject_old_samples_max_age_ns = int64_t{7} * 24 * 3600 * kNsPerSecond;
  limits.creation_grace_period_ns = int64_t{600} * kNsPerSecond;
  limits.max_line_size = 256 << 10;
  limits.refuse_no_labels = true;
  limits.max_label_names_per_series = 15;
  limits.max_label_name_length = 1024;
  limits.max_label_value_length = 2048;
  limits.max_structured_metadata_size = 64 << 10;
  limits.max_structured_metadata_entries_count = 128;
  limits.max_streams_per_user = 5000;
  limits.ingestion_rate_mb = 4;
  limits.ingestion_burst_size_mb = 6;
  limits.per_stream_rate_limit = 3 << 20;
  limits.per_stream_rate_limit_burst = 15 << 20;
  limits.discover_service_name = {"service",
                                  "app",
                                  "application",
                                  "app_name",
                                  "name",
                                  "app_kubernetes_io_name",
                                  "container",
                                  "container_name",
                                  "k8s_container_name",
                                  "component",
                                  "workload",
                                  "job",
                                  "k8s_job_name"};
  limits.discover_log_levels = true;
  return limits;
}

}  // namespace glp::wire
