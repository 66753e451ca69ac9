// Makes a damaged store sound again, without what nobody can read any more.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace glp::store {

struct RepairReport {
  uint64_t segments = 0;              // looked at
  std::vector<std::string> damage;    // what was found
  std::vector<std::string> repaired;  // what was made of it, a file each
  // Entries that are gone, of those files that still say how many there were.
  uint64_t lost_entries = 0;
};

// Reads every byte, of all tenants. A segment with damage is written anew with all that is whole;
// a log with damage becomes a segment. The damaged file stays beside it, as NAME.damaged, which the
// store does not look at: until it is removed somebody may read more out of it.
// Errors: I/O; another process writes into the store. Then what was not repaired is as before, and
// readers find each entry once at any time.
Result<RepairReport> RepairStore(const std::string& dir);

}  // namespace glp::store
