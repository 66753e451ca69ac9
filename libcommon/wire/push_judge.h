// Judges a push by the limits of its tenant, in Loki's words, and says what is to be stored of it.
// What passes is stored also where the rest is refused, as Loki does; only where the tenant pushes
// too fast, or is blocked, all of it is refused.
//
//   PushJudge judge(limits, tenant, quotas.Of(tenant), NowNs());
//   judge.Judge(request, &label_table, &entries);
//   … store the entries, wait until they are durable …
//   judge.Stored();
//   if (judge.status() != 204) return TextResponse(judge.status(), judge.Words() + "\n");
//
// In the order of Loki: blocked · labels · each entry · the rate of the tenant · streams: their
// number, rate and order · service_name and detected_level are added.
// Other than Loki: the answer tells of every stream that was refused, not of the last one; of a
// stream that is too fast all of the push is refused (Loki without shard_streams takes a part);
// entries far behind are taken.
// Lifetime: limits, tenant and quota must outlive it, the entries are views into it and the
// request. Threads:  one at a time.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "store/store.h"
#include "wire/level_finder.h"
#include "wire/limits.h"
#include "wire/push_meta.h"
#include "wire/push_quota.h"
#include "wire/push_request.h"

namespace glp::wire {

// Loki's `reason` of loki_discarded_samples_total.
enum class Discard : uint8_t {
  kBlocked,
  kInvalidLabels,
  kMissingLabels,
  kTooManyLabels,
  kLabelNameTooLong,
  kLabelValueTooLong,
  kDuplicateLabels,
  kMissingEnforcedLabels,
  kTooOld,
  kTooNew,
  kLineTooLong,
  kMetaDisallowed,
  kMetaTooLarge,
  kMetaTooMany,
  kRateLimited,
  kStreamLimit,
  kStreamRateLimited,
  kOutOfOrder,
};
inline constexpr size_t kDiscards = static_cast<size_t>(Discard::kOutOfOrder) + 1;
std::string_view DiscardName(Discard reason);

struct Discarded {
  uint64_t entries = 0;
  uint64_t bytes = 0;  // of lines and metadata
};

class PushJudge {
 public:
  // `quota` nullptr: neither rates nor numbers of streams are looked at.
  PushJudge(const Limits& limits, std::string_view tenant, PushQuota* quota, int64_t now_ns);

  // Appends to `entries` what is to be stored, its streams of `labels`. Once.
  void Judge(const PushRequest& request, LabelTable* labels, std::vector<store::NewEntry>* entries);

  // What was taken is durable: with unordered_writes: false, what comes later must not be older.
  // Not where it could not be stored: it comes again.
  void Stored();

  // 204 where nothing was refused; 429 where something may be taken another time, 400 where never,
  // or block_ingestion_status_code.
  int status() const { return status_; }
  // Why, "" with 204; equal reasons are counted: "2 errors like: …". About 48 KiB of reasons are
  // told, so that who sent it learns of each stream; what is more is "other errors".
  std::string Words() const;

  uint64_t refused() const { return refused_; }          // entries
  uint64_t taken_bytes() const { return taken_bytes_; }  // of lines and metadata, as they came
  uint64_t truncated_lines() const { return truncated_lines_; }
  const std::array<Discarded, kDiscards>& discarded() const { return discarded_; }

 private:
  // What was taken so far of a stream of the request: [begin, end) of the entries.
  struct Part {
    const LabelSet* stream;
    size_t begin, end;
    uint64_t bytes;
  };

  bool IsBlocked(const PushRequest& request);
  bool TakesLabels(const PushRequest::Stream& stream, const Labels& labels);
  void TakeEntries(const PushRequest::Stream& stream, const LabelSet* labels,
                   std::vector<store::NewEntry>* entries);
  // `meta`: its metadata, `bytes`: the line, too.
  bool TakesEntry(const LabelSet* labels, const store::NewEntry& entry, MetaSize meta,
                  uint64_t bytes);
  bool TakesMeta(const LabelSet* labels, MetaSize meta, uint64_t bytes);
  std::string_view Cut(std::string_view line);
  bool TakesRate(size_t entries);
  // Moves what is taken of the part to `to`; where it ends.
  size_t TakePart(const Part& part, std::vector<store::NewEntry>* entries, size_t to);
  bool TakesStream(const Part& part);
  size_t TakeOrdered(const Part& part, std::vector<store::NewEntry>* entries,
                     uint64_t* refused_bytes);

  void Refuse(Discard reason, std::string why, uint64_t entries, uint64_t bytes, int status = 400);

  const Limits& limits_;
  const std::string_view tenant_;
  PushQuota* const quota_;
  const int64_t now_ns_;
  const int64_t oldest_ns_, newest_ns_;  // that are taken
  std::optional<LevelFinder> levels_;    // where levels are looked for

  Arena arena_;
  std::vector<Part> parts_;
  std::map<uint64_t, PushQuota::Verdict> refused_streams_;  // by hash
  std::map<uint64_t, int64_t> newest_ns_of_;                // by hash, of what is taken
  std::map<std::string, uint64_t> reasons_;
  size_t reason_bytes_ = 0;
  uint64_t refused_ = 0;
  std::array<Discarded, kDiscards> discarded_{};
  int status_ = 204;
  uint64_t taken_bytes_ = 0;
  uint64_t truncated_lines_ = 0;
};

// Why the time of an entry is not taken, in Loki's words; "" where it is.
std::string RefusedTime(const Limits& limits, int64_t now_ns, const Labels& stream, int64_t ts_ns);

}  // namespace glp::wire
