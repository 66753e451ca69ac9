// What is in a store, and whether it is sound. Both may run while a writer is at work.
// Errors: Code::kUsage where there is no store; I/O. Damage is part of the answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "pack/anatomy.h"

namespace glp::store {

struct StreamStats {
  std::string labels_json;
  uint64_t entries = 0;
  uint64_t line_bytes = 0;
  uint64_t stored_bytes = 0;  // of its blocks; what is in a log is not counted
  int64_t first_ts_ns = 0;
  int64_t last_ts_ns = 0;
};

struct SegmentStats {
  std::string name;  // of its file
  uint64_t streams = 0;
  uint64_t blocks = 0;
  uint64_t entries = 0;
  uint64_t line_bytes = 0;
  uint64_t stored_bytes = 0;  // the whole file
  int64_t first_ts_ns = 0;
  int64_t last_ts_ns = 0;
};

struct TenantStats {
  std::string tenant;
  uint64_t segments = 0;
  uint64_t logs = 0;
  uint64_t disk_bytes = 0;  // of segments, logs and the catalogue
  uint64_t log_bytes = 0;
  uint64_t catalogue_bytes = 0;
  uint64_t entries = 0;  // equal ones counted each
  uint64_t line_bytes = 0;
  int64_t first_ts_ns = 0;  // of all entries; 0 without any
  int64_t last_ts_ns = 0;
  std::vector<StreamStats> streams;      // sorted by their labels
  std::vector<SegmentStats> by_segment;  // rising
  std::optional<pack::Anatomy> anatomy;  // of the segments
  std::vector<std::string> damage;       // what is not counted
};
// Of all tenants, or of `tenant` where it is not "". `with_anatomy`: reads the blocks' heads and
// texts, too, not only footers.
Result<std::vector<TenantStats>> ReadStats(const std::string& dir, const std::string& tenant,
                                           bool with_anatomy = false);

struct VerifyReport {
  uint64_t segments = 0;
  uint64_t logs = 0;
  uint64_t entries = 0;
  uint64_t disk_bytes = 0;
  std::vector<std::string> damage;
};
// Reads every byte and checks every hash, of all tenants.
Result<VerifyReport> VerifyStore(const std::string& dir);

}  // namespace glp::store
