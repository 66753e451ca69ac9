// What a tenant pushed lately: its rate, that of each stream, and how many streams it has. A stream
// is active until nothing came for it for chunk_idle_period_ns of the limits.
//
// Threads: safe from any.
// Clock:   the caller's, ns; one that jumps gives a burst at most.
// Memory:  about 130 bytes an active stream, for kMaxKept of them or as many as the limit says,
//          whichever is more; streams beyond that are neither counted nor slowed down.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "wire/limits.h"

namespace glp::wire {

class PushQuota {
 public:
  static constexpr size_t kMaxKept = 100'000;

  // Takes so many bytes of ingestion_rate_mb if they are there.
  bool TakeBytes(const Limits& limits, uint64_t bytes, int64_t now_ns);

  enum class Verdict { kTaken, kTooManyStreams, kTooFast };
  // `stream`: LabelSet::hash.
  Verdict TakeStream(const Limits& limits, uint64_t stream, uint64_t bytes, int64_t now_ns);

  // The newest time that was taken of an active stream, INT64_MIN where none was, and the next one:
  // for unordered_writes: false.
  int64_t NewestOf(uint64_t stream) const;
  void SetNewest(uint64_t stream, int64_t ts_ns);

  size_t active_streams(const Limits& limits, int64_t now_ns);

 private:
  struct Bucket {
    double tokens = -1;  // below 0: full, never asked
    int64_t last_ns = 0;
    bool Take(double per_second, double burst, double tokens_wanted, int64_t now_ns);
  };
  struct Stream {
    uint64_t hash;
    int64_t seen_ns;
    int64_t newest_ns;
    Bucket bucket;
  };
  void Expire(const Limits& limits, int64_t now_ns);

  mutable std::mutex mutex_;
  Bucket bucket_;
  std::list<Stream> streams_;  // those seen last at the end
  std::unordered_map<uint64_t, std::list<Stream>::iterator> by_hash_;
};

// The quotas of tenants, made when they are first asked for. Of more than kMaxTenants the one that
// was not asked for the longest is forgotten: then a burst is free.
// Threads: safe from any.
class PushQuotas {
 public:
  static constexpr size_t kMaxTenants = 10'000;

  std::shared_ptr<PushQuota> Of(std::string_view tenant);

 private:
  struct Tenant {
    std::string name;
    std::shared_ptr<PushQuota> quota;
  };
  std::mutex mutex_;
  std::list<Tenant> tenants_;  // who asked last at the end
  std::unordered_map<std::string_view, std::list<Tenant>::iterator> by_name_;
};

}  // namespace glp::wire
