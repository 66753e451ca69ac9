// How many records were refused, by reason: what is said at the end.
// Threads: safe from any.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace glp::push {

// What to call a server's reason for refusing an entry: Loki's own word for it, the `reason` of its
// loki_discarded_samples_total, or promtail's "ingester_error" where the words are unknown.
std::string_view RefusalReason(std::string_view words);

using ReasonCounts = std::map<std::string, uint64_t, std::less<>>;

class Refusals {
 public:
  // `maybe_stored`: of how many it is not known that they were refused.
  void Add(const ReasonCounts& reasons, uint64_t maybe_stored);
  // "3 records were refused: line_too_long 2, …"; "" where none was.
  std::string Summary() const;

 private:
  mutable std::mutex mutex_;
  ReasonCounts reasons_;
  uint64_t maybe_stored_ = 0;
};

}  // namespace glp::push
