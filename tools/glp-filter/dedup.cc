#include "dedup.h"

#include <cstdlib>
#include <utility>

#include "base/hash.h"

namespace glp::filter {

bool Dedup::Passes(const Record& record, const LabelSet& labels, const LabelTable& table,
                   uint64_t* before) {
  const std::string_view line = record.line.Decode(&scratch_);
  const uint64_t first = Hash64(line), second = Hash64(line, 1);
  Stream& stream = streams_.Of(labels, table);
  const bool is_equal = stream.any && stream.hash[0] == first && stream.hash[1] == second;
  uint64_t apart_ns = static_cast<uint64_t>(record.ts_ns) - static_cast<uint64_t>(stream.since_ns);
  if (record.ts_ns < stream.since_ns) apart_ns = 0 - apart_ns;
  if (is_equal && (window_ns_ == 0 || apart_ns < static_cast<uint64_t>(window_ns_))) {
    ++stream.dropped;
    return false;
  }
  *before = std::exchange(stream.dropped, 0);
  stream = {{first, second}, record.ts_ns, 0, true};
  return true;
}

}  // namespace glp::filter
