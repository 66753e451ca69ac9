#include "wire/push_quota.h"

#include <algorithm>

namespace glp::wire {

bool PushQuota::Bucket::Take(double per_second, double burst, double wanted, int64_t now_ns) {
  if (tokens < 0) {
    tokens = burst;
    last_ns = now_ns;
  }
  const auto elapsed_s = static_cast<double>(now_ns - last_ns) / 1e9;
  if (elapsed_s > 0) tokens += elapsed_s * per_second;
  tokens = std::min(tokens, burst);
  last_ns = now_ns;
  if (wanted > tokens) return false;
  tokens -= wanted;
  return true;
}

bool PushQuota::TakeBytes(const Limits& limits, uint64_t bytes, int64_t now_ns) {
  if (limits.ingestion_rate_mb <= 0) return true;
  constexpr double kMiB = 1 << 20;
  std::lock_guard lock(mutex_);
  return bucket_.Take(limits.ingestion_rate_mb * kMiB, limits.ingestion_burst_size_mb * kMiB,
                      static_cast<double>(bytes), now_ns);
}

void PushQuota::Expire(const Limits& limits, int64_t now_ns) {
  const int64_t idle_ns = limits.chunk_idle_period_ns;
  if (idle_ns <= 0) return;
  while (!streams_.empty() && streams_.front().seen_ns <= now_ns - idle_ns) {
    by_hash_.erase(streams_.front().hash);
    streams_.pop_front();
  }
}

PushQuota::Verdict PushQuota::TakeStream(const Limits& limits, uint64_t stream, uint64_t bytes,
                                         int64_t now_ns) {
  const size_t max_streams = limits.max_streams_per_user;
  if (max_streams == 0 && limits.per_stream_rate_limit == 0 && limits.unordered_writes) {
    return Verdict::kTaken;
  }
  std::lock_guard lock(mutex_);
  Expire(limits, now_ns);
  auto found = by_hash_.find(stream);
  if (found != by_hash_.end()) {
    streams_.splice(streams_.end(), streams_, found->second);
    found->second->seen_ns = std::max(found->second->seen_ns, now_ns);
  } else {
    if (max_streams > 0 && streams_.size() >= max_streams) return Verdict::kTooManyStreams;
    if (streams_.size() >= std::max(max_streams, kMaxKept)) return Verdict::kTaken;
    streams_.push_back({stream, now_ns, INT64_MIN, {}});
    found = by_hash_.emplace(stream, std::prev(streams_.end())).first;
  }
  if (limits.per_stream_rate_limit == 0) return Verdict::kTaken;
  const bool taken = found->second->bucket.Take(
      static_cast<double>(limits.per_stream_rate_limit),
      static_cast<double>(limits.per_stream_rate_limit_burst), static_cast<double>(bytes), now_ns);
  return taken ? Verdict::kTaken : Verdict::kTooFast;
}

int64_t PushQuota::NewestOf(uint64_t stream) const {
  std::lock_guard lock(mutex_);
  const auto found = by_hash_.find(stream);
  return found == by_hash_.end() ? INT64_MIN : found->second->newest_ns;
}

void PushQuota::SetNewest(uint64_t stream, int64_t ts_ns) {
  std::lock_guard lock(mutex_);
  const auto found = by_hash_.find(stream);
  if (found != by_hash_.end()) {
    found->second->newest_ns = std::max(found->second->newest_ns, ts_ns);
  }
}

size_t PushQuota::active_streams(const Limits& limits, int64_t now_ns) {
  std::lock_guard lock(mutex_);
  Expire(limits, now_ns);
  return streams_.size();
}

std::shared_ptr<PushQuota> PushQuotas::Of(std::string_view tenant) {
  std::lock_guard lock(mutex_);
  const auto found = by_name_.find(tenant);
  if (found != by_name_.end()) {
    tenants_.splice(tenants_.end(), tenants_, found->second);
    return found->second->quota;
  }
  if (tenants_.size() >= kMaxTenants) {
    by_name_.erase(tenants_.front().name);
    tenants_.pop_front();
  }
  tenants_.push_back({std::string(tenant), std::make_shared<PushQuota>()});
  by_name_.emplace(tenants_.back().name, std::prev(tenants_.end()));
  return tenants_.back().quota;
}

}  // namespace glp::wire
