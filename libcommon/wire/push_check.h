// Judges the streams and entries of a push by the limits, in Loki's words. What passes is stored
// also where the rest is refused, as Loki does.
// Threads: one at a time.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "wire/limits.h"
#include "wire/push_request.h"

namespace glp::wire {

class PushCheck {
 public:
  PushCheck(const Limits& limits, int64_t now_ns) : limits_(limits), now_ns_(now_ns) {}

  // Whether the stream may be stored; if not, all of its entries are refused.
  bool TakesStream(const PushRequest::Stream& stream);
  bool TakesEntry(const PushRequest::Stream& stream, const PushRequest::Entry& entry);

  // The same of the time alone.
  bool TakesTime(const Labels& stream, int64_t ts_ns);
  // What is to be stored of the line of an entry that is taken: all, but with
  // max_line_size_truncate no more than max_line_size.
  std::string_view Line(std::string_view line) const;

  uint64_t refused() const { return refused_; }
  // Why, "" where nothing was refused; equal reasons are counted: "2 errors like: …".
  std::string Words() const;

 private:
  bool Refuse(std::string why, uint64_t entries);

  const Limits limits_;
  const int64_t now_ns_;
  std::map<std::string, uint64_t> reasons_;
  uint64_t refused_ = 0;
};

}  // namespace glp::wire
