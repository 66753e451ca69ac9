// All entries of a log query from a server that gives so many at most in one answer: page by page,
// each entry exactly once.
// The next page starts again at the last time of the one before; what of that time was seen
// already is left out, told by labels, line and metadata as often as it was seen. A page full of
// one time is asked for again with twice the limit.
// Lifetime: a page is good until the next call. Threads: one at a time.
// Errors:   those of LokiClient; kLimit where more entries share one time than the server gives.
#pragma once

#include <cstdint>
#include <string>

#include "base/strings.h"
#include "wire/loki_client.h"

namespace glp::wire {

struct PagesRequest {
  std::string query;
  logql::TimeRange range;
  int64_t step_ns = 0;  // for a query that turns out to be a metric; 0: the server's default
  logql::Direction direction = logql::Direction::kBackward;
  uint64_t limit = 0;  // entries in all; 0: all there are
  uint64_t page_entries = 5000;
};

class LokiPages {
 public:
  // REQUIRES: `client` outlives this.
  LokiPages(LokiClient* client, PagesRequest request);

  // The next entries, in the order of time over all streams; an answer without entries is the
  // end. A metric's answer comes whole, as the first and only page.
  Result<const LokiAnswer*> Next();
  // The limit ended it; there may be more.
  bool cut() const { return cut_; }

 private:
  uint64_t PageLimit() const;
  // Asks again with another limit; false where nothing can be done about `status`.
  bool Adapt(const Status& status, uint64_t asked);
  void DropSeen();
  void RememberLast();

  LokiClient* client_;
  PagesRequest request_;
  uint64_t page_entries_;      // of the next page, without the limit of all
  uint64_t server_limit_ = 0;  // the most the server gives, once it said so
  uint64_t left_ = 0;          // of the limit of all
  bool done_ = false;
  bool cut_ = false;
  LokiAnswer page_;
  // The entries of the last time, as often as they were given out.
  int64_t seen_ns_ = 0;
  uint64_t seen_entries_ = 0;
  StringMap<uint64_t> seen_;
};

}  // namespace glp::wire
