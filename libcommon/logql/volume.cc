#include "logql/volume.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "logql/cancel_check.h"
#include "logql/series_labels.h"
#include "logql/step_evaluator.h"

namespace glp::logql {
namespace {

// Gives `sink` what the source has of the range, cut to it: from its indexes, or entry by entry.
Status ForEachPart(const std::vector<Matcher>& matchers, TimeRange range, EntrySource* source,
                   const std::function<bool()>& cancelled, ScanStats* stats, bool* exact,
                   const std::function<Status(const StreamPart& part)>& sink) {
  CancelCheck check(cancelled);
  GLP_ASSIGN_OR_RETURN(const std::optional<StreamParts> known, source->Parts(matchers, range));
  *exact = !known;
  if (known) {
    stats->warnings.insert(stats->warnings.end(), known->warnings.begin(), known->warnings.end());
    for (const StreamPart& part : known->parts) {
      if (check.Stops(100)) return CancelledError();
      const StreamPart cut = CutPart(part, range);
      if (cut.entries > 0) GLP_RETURN_IF_ERROR(sink(cut));
    }
    return Status::Ok();
  }
  ScanRequest request;
  request.matchers = matchers;
  request.range = range;
  request.direction = Direction::kForward;
  request.cancelled = cancelled;
  GLP_ASSIGN_OR_RETURN(const auto cursor, source->Scan(std::move(request)));
  std::vector<Entry> batch;
  Status status;
  do {
    status = cursor->Next(&batch);
    for (size_t i = 0; i < batch.size() && status.ok(); ++i) {
      const Entry& entry = batch[i];
      if (check.Stops(100)) status = CancelledError();
      if (status.ok())
        status = sink({entry.stream, entry.ts_ns, entry.ts_ns, 1, entry.line.size()});
    }
  } while (status.ok() && !batch.empty());
  AddStats(cursor->stats(), stats);
  return status;
}

class Volumes {
 public:
  explicit Volumes(const VolumeQuery& query) : query_(query) {
    names_.insert(query.target_labels.begin(), query.target_labels.end());
    if (!names_.empty() || query.aggregate_by == VolumeQuery::By::kLabels) return;
    for (const Matcher& matcher : query.matchers) names_.insert(matcher.name);
  }

  Status Add(const StreamPart& part) {
    if (part.stream != last_stream_) {
      GLP_ASSIGN_OR_RETURN(last_, SeriesOf(*part.stream));
      last_stream_ = part.stream;
    }
    if (last_->empty()) return Status::Ok();
    int64_t from_ns = part.min_ts_ns;
    for (;;) {
      const int64_t end_ns = StepEnd(from_ns);
      const StreamPart cut = CutPart(part, {from_ns, end_ns});
      for (Sum* sum : *last_) {
        sum->all += cut.line_bytes;
        sum->by_step[end_ns] += cut.line_bytes;
      }
      if (part.max_ts_ns < end_ns || end_ns == kMaxNs) return Status::Ok();
      from_ns = end_ns;
    }
  }

  std::vector<Series> Take() {
    std::vector<const std::pair<const std::string, Sum>*> order;
    for (const auto& item : sums_) order.push_back(&item);
    std::stable_sort(order.begin(), order.end(),
                     [](const auto* a, const auto* b) { return a->second.all > b->second.all; });
    if (query_.limit > 0 && order.size() > query_.limit) order.resize(query_.limit);
    std::vector<Series> out;
    for (const auto* item : order) {
      Series& series = out.emplace_back(Series{item->second.labels, {}});
      for (const auto& [end_ns, bytes] : item->second.by_step) {
        series.samples.push_back({end_ns, static_cast<double>(bytes)});
      }
    }
    return out;
  }

 private:
  static constexpr int64_t kMaxNs = std::numeric_limits<int64_t>::max();
  struct Sum {
    Labels labels;
    uint64_t all = 0;
    std::map<int64_t, uint64_t> by_step;  // by its end
  };

  // Behind the last time of the step that `ts_ns` is in.
  int64_t StepEnd(int64_t ts_ns) const {
    if (query_.step_ns <= 0) return query_.range.end_ns;
    int64_t rest = ts_ns % query_.step_ns;
    if (rest < 0) rest += query_.step_ns;
    int64_t end_ns;
    if (__builtin_add_overflow(ts_ns, query_.step_ns - rest, &end_ns)) end_ns = kMaxNs;
    return std::min(end_ns, query_.range.end_ns);
  }

  // Where the bytes of a stream count.
  Result<const std::vector<Sum*>*> SeriesOf(const LabelSet& stream) {
    const auto [found, is_new] = by_stream_.try_emplace(&stream);
    if (!is_new) return &found->second;
    for (const std::string& name : query_.target_labels) {
      if (stream.Get(name).empty()) return &found->second;
    }
    const bool all = names_.empty();
    if (query_.aggregate_by == VolumeQuery::By::kLabels) {
      for (const Label& label : stream.labels) {
        if (!all && !names_.contains(label.name)) continue;
        GLP_ASSIGN_OR_RETURN(Sum* const sum, Find({{label.name, ""}}));
        found->second.push_back(sum);
      }
      return &found->second;
    }
    Labels labels;
    for (const Label& label : stream.labels) {
      if (all || names_.contains(label.name)) labels.push_back(label);
    }
    GLP_ASSIGN_OR_RETURN(Sum* const sum, Find(std::move(labels)));
    found->second.push_back(sum);
    return &found->second;
  }

  Result<Sum*> Find(Labels labels) {
    const auto [found, is_new] = sums_.try_emplace(LabelsToSelector(labels));
    if (!is_new) return &found->second;
    if (query_.max_series > 0 && sums_.size() > query_.max_series) {
      return Status(Code::kLimit, "the query hit the max number of series limit (limit: " +
                                      std::to_string(query_.max_series) + " series)");
    }
    found->second.labels = std::move(labels);
    return &found->second;
  }

  const VolumeQuery& query_;
  std::set<std::string, std::less<>> names_;  // that count; none: all
  std::map<std::string, Sum> sums_;
  std::unordered_map<const LabelSet*, std::vector<Sum*>> by_stream_;
  const LabelSet* last_stream_ = nullptr;
  const std::vector<Sum*>* last_ = nullptr;
};

}  // namespace

StreamPart CutPart(const StreamPart& part, TimeRange range) {
  const bool to_the_end = range.end_ns == std::numeric_limits<int64_t>::max();
  const auto ns = [](int64_t ts_ns) { return static_cast<__int128>(ts_ns); };
  const __int128 length = ns(part.max_ts_ns) - part.min_ts_ns + 1;
  const __int128 from = std::max(ns(range.start_ns) - part.min_ts_ns, ns(0));
  const __int128 to = std::min(ns(range.end_ns) - part.min_ts_ns + (to_the_end ? 1 : 0), length);
  StreamPart cut = part;
  if (from == 0 && to == length) return cut;
  if (from >= to) {
    cut.entries = cut.line_bytes = 0;
    return cut;
  }
  // What lies in front of a time, so that the shares of all steps add up to the whole. Lengths are
  // below 2^65 and sizes far below 2^62.
  const auto share = [&](uint64_t all) {
    const auto before = [&](__int128 at) { return static_cast<__int128>(all) * at / length; };
    return static_cast<uint64_t>(before(to) - before(from));
  };
  cut.entries = share(part.entries);
  cut.line_bytes = share(part.line_bytes);
  cut.min_ts_ns = std::max(part.min_ts_ns, range.start_ns);
  if (!to_the_end) cut.max_ts_ns = std::min(part.max_ts_ns, range.end_ns - 1);
  return cut;
}

Result<IndexStats> RunIndexStats(const std::vector<Matcher>& matchers, TimeRange range,
                                 EntrySource* source, const std::function<bool()>& cancelled,
                                 ScanStats* stats) {
  IndexStats out;
  std::unordered_set<const LabelSet*> streams;
  bool exact = false;
  GLP_RETURN_IF_ERROR(ForEachPart(matchers, range, source, cancelled, stats, &exact,
                                  [&](const StreamPart& part) -> Status {
                                    streams.insert(part.stream);
                                    ++out.chunks;
                                    out.bytes += part.line_bytes;
                                    out.entries += part.entries;
                                    return Status::Ok();
                                  }));
  out.streams = streams.size();
  if (exact) out.chunks = stats->blocks_read;
  return out;
}

Result<std::vector<Series>> RunVolumeQuery(const VolumeQuery& query, EntrySource* source,
                                           ScanStats* stats) {
  Volumes volumes(query);
  bool exact = false;
  GLP_RETURN_IF_ERROR(ForEachPart(query.matchers, query.range, source, query.cancelled, stats,
                                  &exact,
                                  [&](const StreamPart& part) { return volumes.Add(part); }));
  return volumes.Take();
}

Result<VolumeQuery::By> ParseAggregateBy(std::string_view text) {
  if (text.empty() || text == "series") return VolumeQuery::By::kSeries;
  if (text == "labels") return VolumeQuery::By::kLabels;
  return UsageError("invalid aggregation option");
}

}  // namespace glp::logql
