#include "wire/loki_pages.h"

#include <algorithm>
#include <limits>

#include "base/time.h"

namespace glp::wire {
namespace {

// What tells entries of one time apart.
void AppendKey(const LokiEntry& entry, std::string* key) {
  key->assign(entry.stream->json);
  key->append(entry.meta).push_back('\n');
  key->append(entry.fields).push_back('\n');
  key->append(entry.line);
}

}  // namespace

LokiPages::LokiPages(LokiClient* client, PagesRequest request)
    : client_(client),
      request_(std::move(request)),
      page_entries_(request_.page_entries),
      left_(request_.limit) {}

uint64_t LokiPages::PageLimit() const {
  uint64_t limit = page_entries_;
  if (request_.limit) limit = std::min(limit, left_ + seen_entries_);
  return limit;
}

bool LokiPages::Adapt(const Status& status, uint64_t asked) {
  if (status.code() == Code::kRefused) {
    const uint64_t limit = EntriesLimitOf(status.message());
    if (limit == 0 || limit >= asked) return false;
    server_limit_ = limit;
    // With so many of one time seen, a page of the server's own size brings nothing new.
    if (seen_entries_ >= limit) return false;
    request_.page_entries = page_entries_ = limit;
    return true;
  }
  if (status.code() == Code::kLimit && asked > seen_entries_ + 1) {
    request_.page_entries = page_entries_ = std::max<uint64_t>(asked / 2, seen_entries_ + 1);
    return true;
  }
  return false;
}

Result<const LokiAnswer*> LokiPages::Next() {
  page_ = {};
  while (!done_) {
    const uint64_t asked = PageLimit();
    Result<LokiAnswer> answer = client_->QueryRange(request_.query, request_.range,
                                                    request_.step_ns, request_.direction, asked);
    if (!answer.ok()) {
      if (Adapt(answer.status(), asked)) continue;
      if (server_limit_ && EntriesLimitOf(answer.status().message())) {
        return Status(Code::kLimit,
                      client_->url() + " gives " + std::to_string(server_limit_) +
                          " entries at most, and more than that share the time " +
                          FormatTimestamp(seen_ns_) +
                          "; the answer ends there: narrow the selector, or raise the server's "
                          "max_entries_limit_per_query");
      }
      return answer.status();
    }
    page_ = std::move(*answer);
    if (page_.type != LokiAnswer::Type::kStreams) {
      done_ = true;
      return &page_;
    }
    const uint64_t got = page_.entries.size();
    const bool forward = request_.direction == logql::Direction::kForward;
    std::stable_sort(page_.entries.begin(), page_.entries.end(),
                     [forward](const LokiEntry& a, const LokiEntry& b) {
                       return forward ? a.ts_ns < b.ts_ns : a.ts_ns > b.ts_ns;
                     });
    const bool one_time = got > 0 && page_.entries.front().ts_ns == page_.entries.back().ts_ns;
    DropSeen();
    if (request_.limit && page_.entries.size() >= left_) {
      page_.entries.resize(left_);
      done_ = cut_ = true;
      return &page_;
    }
    left_ -= request_.limit ? page_.entries.size() : 0;
    if (got < asked) {
      done_ = true;
    } else {
      page_entries_ = one_time ? asked * 2 : request_.page_entries;
      RememberLast();
    }
    if (!page_.entries.empty()) return &page_;
  }
  page_ = {};
  return &page_;
}

void LokiPages::DropSeen() {
  if (seen_.empty()) return;
  StringMap<uint64_t> again;
  std::string key;
  std::erase_if(page_.entries, [&](const LokiEntry& entry) {
    if (entry.ts_ns != seen_ns_) return false;
    AppendKey(entry, &key);
    const auto it = seen_.find(key);
    return it != seen_.end() && ++again[key] <= it->second;
  });
}

void LokiPages::RememberLast() {
  if (page_.entries.empty()) return;
  const int64_t last_ns = page_.entries.back().ts_ns;
  if (last_ns != seen_ns_) {
    seen_.clear();
    seen_entries_ = 0;
    seen_ns_ = last_ns;
  }
  std::string key;
  for (auto it = page_.entries.rbegin(); it != page_.entries.rend() && it->ts_ns == last_ns; ++it) {
    AppendKey(*it, &key);
    ++seen_[key];
    ++seen_entries_;
  }
  if (request_.direction == logql::Direction::kForward) {
    request_.range.start_ns = last_ns;
  } else if (last_ns < std::numeric_limits<int64_t>::max()) {
    request_.range.end_ns = last_ns + 1;
  }
}

}  // namespace glp::wire
