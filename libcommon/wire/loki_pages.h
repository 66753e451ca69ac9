// All entries of a log query from a server that gives so many at most in one answer: page by page,
// each entry exactly once.
// The last time of a full page may have entries that did not fit: it is left to the next page,
// which starts there. So all entries of one time come from one answer, and neither the order of an
// answer nor what is in it depends on the size of pages. A page full of one time is asked for again
// with twice the size.
// Lifetime: label sets of a page live as long as the client has them. Threads: one at a time.
// Errors:   those of LokiClient; kLimit, behind the entries that it gave, where more of them share
//           one time than the server gives.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
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
  Result<LokiAnswer> Next();
  // The limit ended it; there may be more.
  bool cut() const { return cut_; }

 private:
  uint64_t PageLimit() const;
  // Asks again with another size, though not of `at_least` or less; false where nothing can be done
  // about `status`.
  bool Adapt(const Status& status, uint64_t asked, uint64_t at_least);
  // The entries of one time in page_ are all that the server gives: `why` comes behind them.
  LokiAnswer EndWith(Status why);
  Status MoreThanItGives(int64_t ts_ns) const;
  // The next page begins at the last time of this one.
  void LeaveLastTime();

  LokiClient* client_;
  PagesRequest request_;
  uint64_t page_entries_;      // of the next page, without the limit of all
  uint64_t server_limit_ = 0;  // the most the server gives, once it said so
  uint64_t left_ = 0;          // of the limit of all
  bool done_ = false;
  bool cut_ = false;
  Status end_;  // told by the call behind the last page
  LokiAnswer page_;
};

}  // namespace glp::wire
