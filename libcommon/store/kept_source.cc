#include "store/kept_source.h"

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "logql/volume.h"

namespace glp::store {
namespace {

constexpr int64_t kAlways = std::numeric_limits<int64_t>::min();

// From when on entries of a stream are given.
class KeptFrom {
 public:
  KeptFrom(Retention retention, int64_t max_lookback_ns, int64_t now_ns)
      : retention_(std::move(retention)), now_ns_(now_ns) {
    floor_ns_ = KeptFromNs(max_lookback_ns, now_ns).value_or(kAlways);
    all_ns_ = Of(retention_.LongestNs());
    none_ns_ = all_ns_;
    none_ns_ = std::max(none_ns_, Of(retention_.period_ns));
    for (const RetentionRule& rule : retention_.rules) {
      none_ns_ = std::max(none_ns_, Of(rule.period_ns));
    }
  }
  // Nothing before this is given of any stream …
  int64_t all_ns() const { return all_ns_; }
  // … and everything of all streams from this on.
  int64_t none_ns() const { return none_ns_; }
  int64_t Of(const LabelSet& stream) const { return Of(retention_.PeriodNs(stream)); }

 private:
  int64_t Of(int64_t period_ns) const {
    return std::max(floor_ns_, KeptFromNs(period_ns, now_ns_).value_or(kAlways));
  }
  const Retention retention_;
  const int64_t now_ns_;
  int64_t floor_ns_, all_ns_, none_ns_;
};

// Leaves out what its stream keeps no more.
class KeptCursor : public logql::EntryCursor {
 public:
  KeptCursor(std::unique_ptr<logql::EntryCursor> cursor, const KeptFrom* kept)
      : cursor_(std::move(cursor)), kept_(kept) {}

  Status Next(std::vector<logql::Entry>* batch) override {
    do {
      GLP_RETURN_IF_ERROR(cursor_->Next(batch));
      if (batch->empty()) return Status::Ok();
      std::erase_if(*batch, [this](const logql::Entry& entry) {
        return entry.stream != nullptr && entry.ts_ns < From(entry.stream);
      });
    } while (batch->empty());
    return Status::Ok();
  }
  const logql::ScanStats& stats() const override { return cursor_->stats(); }

 private:
  int64_t From(const LabelSet* stream) {
    if (stream == last_) return last_ns_;
    const auto [found, is_new] = from_ns_.try_emplace(stream, 0);
    if (is_new) found->second = kept_->Of(*stream);
    last_ = stream;
    return last_ns_ = found->second;
  }
  std::unique_ptr<logql::EntryCursor> cursor_;
  const KeptFrom* kept_;
  std::unordered_map<const LabelSet*, int64_t> from_ns_;
  const LabelSet* last_ = nullptr;
  int64_t last_ns_ = 0;
};

class Source : public logql::EntrySource {
 public:
  Source(std::shared_ptr<logql::EntrySource> source, Retention retention, int64_t max_lookback_ns,
         int64_t now_ns)
      : source_(std::move(source)), kept_(std::move(retention), max_lookback_ns, now_ns) {}

  Result<std::unique_ptr<logql::EntryCursor>> Scan(logql::ScanRequest request) override {
    request.range = Clamped(request.range);
    const bool is_mixed = IsMixed(request.range);
    if (is_mixed) request.limit = 0;  // some of what it gives will not count
    GLP_ASSIGN_OR_RETURN(auto cursor, source_->Scan(std::move(request)));
    if (is_mixed) cursor = std::make_unique<KeptCursor>(std::move(cursor), &kept_);
    return cursor;
  }

  bool AppliesFilters() const override { return source_->AppliesFilters(); }

  Result<std::vector<const LabelSet*>> Streams(const std::vector<logql::Matcher>& matchers,
                                               logql::TimeRange range) override {
    range = Clamped(range);
    GLP_ASSIGN_OR_RETURN(std::vector<const LabelSet*> all, source_->Streams(matchers, range));
    if (!IsMixed(range)) return all;
    // Each against what is there from its own time on; there are few different ones.
    std::map<int64_t, std::unordered_set<const LabelSet*>> by_start;
    std::vector<const LabelSet*> kept;
    for (const LabelSet* stream : all) {
      const int64_t start_ns = std::max(range.start_ns, kept_.Of(*stream));
      if (start_ns >= range.end_ns) continue;
      const auto [found, is_new] = by_start.try_emplace(start_ns);
      if (is_new) {
        GLP_ASSIGN_OR_RETURN(const auto present,
                             source_->Streams(matchers, {start_ns, range.end_ns}));
        found->second.insert(present.begin(), present.end());
      }
      if (found->second.contains(stream)) kept.push_back(stream);
    }
    return kept;
  }

  // Counts of buckets know no times: where some of a bucket may be beyond, the evaluator scans.
  Result<std::optional<logql::Counts>> Count(const logql::CountRequest& request) override {
    if (kept_.none_ns() != kAlways && request.first_ns < kept_.none_ns()) {
      return std::optional<logql::Counts>();
    }
    return source_->Count(request);
  }

  Result<std::optional<logql::StreamParts>> Parts(const std::vector<logql::Matcher>& matchers,
                                                  logql::TimeRange range) override {
    range = Clamped(range);
    GLP_ASSIGN_OR_RETURN(std::optional<logql::StreamParts> found, source_->Parts(matchers, range));
    if (!found) return found;
    for (logql::StreamPart& part : found->parts) {
      part = logql::CutPart(part, {kept_.Of(*part.stream), std::numeric_limits<int64_t>::max()});
    }
    std::erase_if(found->parts, [](const auto& part) { return part.entries == 0; });
    return found;
  }

  Result<logql::ScanPlan> Plan(const logql::ScanRequest& request) override {
    logql::ScanRequest clamped = request;
    clamped.range = Clamped(clamped.range);
    return source_->Plan(clamped);
  }

 private:
  logql::TimeRange Clamped(logql::TimeRange range) const {
    range.start_ns = std::max(range.start_ns, kept_.all_ns());
    range.end_ns = std::max(range.end_ns, range.start_ns);
    return range;
  }
  // Whether some streams have entries in the range that are kept no more.
  bool IsMixed(const logql::TimeRange& range) const { return range.start_ns < kept_.none_ns(); }

  const std::shared_ptr<logql::EntrySource> source_;
  const KeptFrom kept_;
};

}  // namespace

std::shared_ptr<logql::EntrySource> KeptSource(std::shared_ptr<logql::EntrySource> source,
                                               Retention retention, int64_t max_lookback_ns,
                                               int64_t now_ns) {
  if (retention.empty() && max_lookback_ns <= 0) return source;
  return std::make_shared<Source>(std::move(source), std::move(retention), max_lookback_ns, now_ns);
}

}  // namespace glp::store
