#include "wire/loki_pages.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "base/time.h"

namespace glp::wire {
LokiPages::LokiPages(LokiClient* client, PagesRequest request)
    : client_(client),
      request_(std::move(request)),
      page_entries_(request_.page_entries),
      left_(request_.limit) {}

uint64_t LokiPages::PageLimit() const {
  return request_.limit ? std::min(page_entries_, left_) : page_entries_;
}

bool LokiPages::Adapt(const Status& status, uint64_t asked, uint64_t at_least) {
  uint64_t size = 0;
  if (status.code() == Code::kRefused) {
    size = EntriesLimitOf(status.message());
    if (size == 0 || size >= asked) return false;
    server_limit_ = size;
  } else if (status.code() == Code::kLimit) {
    size = asked / 2;
  }
  if (size <= at_least) return false;
  page_entries_ = size;
  request_.page_entries = std::min(request_.page_entries, size);
  return true;
}

Status LokiPages::MoreThanItGives(int64_t ts_ns) const {
  return {Code::kLimit, client_->url() + " gives " + std::to_string(server_limit_) +
                            " entries at most, and more than that may share the time " +
                            FormatTimestamp(ts_ns) +
                            "; the answer ends there: narrow the selector, or raise the server's "
                            "max_entries_limit_per_query"};
}

LokiAnswer LokiPages::EndWith(Status why) {
  done_ = true;
  end_ = std::move(why);
  return std::move(page_);
}

Result<LokiAnswer> LokiPages::Next() {
  page_ = {};
  if (!end_.ok()) return end_;
  while (!done_) {
    const uint64_t asked = PageLimit();
    Result<LokiAnswer> answer = client_->QueryRange(request_.query, request_.range,
                                                    request_.step_ns, request_.direction, asked);
    if (!answer.ok()) {
      // Entries in page_ are those of a page full of one time, which was to grow.
      if (Adapt(answer.status(), asked, page_.entries.size())) continue;
      if (page_.entries.empty()) return answer.status();
      const bool is_limit = server_limit_ && EntriesLimitOf(answer.status().message()) > 0;
      return EndWith(is_limit ? MoreThanItGives(page_.entries.back().ts_ns) : answer.status());
    }
    page_ = std::move(*answer);
    if (page_.type != LokiAnswer::Type::kStreams) {
      done_ = true;
      return std::move(page_);
    }
    std::vector<LokiEntry>& entries = page_.entries;
    const bool forward = request_.direction == logql::Direction::kForward;
    std::stable_sort(entries.begin(), entries.end(),
                     [forward](const LokiEntry& a, const LokiEntry& b) {
                       return forward ? a.ts_ns < b.ts_ns : a.ts_ns > b.ts_ns;
                     });
    if (request_.limit && entries.size() >= left_) {
      entries.resize(left_);
      done_ = cut_ = true;
      return std::move(page_);
    }
    if (entries.size() < asked) {
      done_ = true;
      return std::move(page_);
    }
    if (entries.front().ts_ns != entries.back().ts_ns) {
      LeaveLastTime();
      return std::move(page_);
    }
    if (asked == server_limit_) return EndWith(MoreThanItGives(entries.back().ts_ns));
    page_entries_ = asked * 2;
  }
  return LokiAnswer();
}

void LokiPages::LeaveLastTime() {
  const int64_t last_ns = page_.entries.back().ts_ns;
  while (page_.entries.back().ts_ns == last_ns) page_.entries.pop_back();
  if (request_.direction == logql::Direction::kForward) {
    request_.range.start_ns = last_ns;
  } else if (last_ns < std::numeric_limits<int64_t>::max()) {
    request_.range.end_ns = last_ns + 1;
  }
  left_ -= request_.limit ? page_.entries.size() : 0;
  page_entries_ = request_.page_entries;
}

}  // namespace glp::wire
