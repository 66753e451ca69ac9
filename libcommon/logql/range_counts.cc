#include "logql/range_counts.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace glp::logql {
namespace {

using Wide = __int128;
constexpr int64_t kMinNs = std::numeric_limits<int64_t>::min();
constexpr int64_t kMaxNs = std::numeric_limits<int64_t>::max();

// Counters that a source is asked for at once, and in all where entries are not known to be more.
constexpr uint64_t kPieceCells = uint64_t{1} << 22;
constexpr uint64_t kFewCells = uint64_t{1} << 24;
// An entry of a scan costs as much as so many counters.
constexpr uint64_t kCellsPerEntry = 8;

// What a filter looks at is the stream's. Only those by text: others look at __error__, too, which
// metadata may bring.
bool IsOfStream(const LabelFilter& filter, const LabelSet& stream) {
  if (!filter.operands.empty()) {
    return std::all_of(filter.operands.begin(), filter.operands.end(),
                       [&](const LabelFilter& operand) { return IsOfStream(operand, stream); });
  }
  return filter.kind == LabelFilter::Kind::kMatcher &&
         SeriesFinder::HidesMeta(stream, filter.matcher.name);
}

bool IsByText(const LabelFilter& filter) {
  if (filter.operands.empty()) return filter.kind == LabelFilter::Kind::kMatcher;
  return std::all_of(filter.operands.begin(), filter.operands.end(), IsByText);
}

// The same for all entries of a stream without metadata, and no error.
bool LooksAtLabelsOnly(const Stage& stage) {
  const auto* const filter = std::get_if<LabelFilter>(&stage);
  return filter != nullptr ? IsByText(*filter)
                           : std::holds_alternative<DropLabels>(stage) ||
                                 std::holds_alternative<KeepLabels>(stage);
}

bool WantsNumbers(const RangeAggregation& range) {
  using Op = RangeAggregation::Op;
  return range.op == Op::kCountOverTime || range.op == Op::kRate || range.op == Op::kAbsentOverTime;
}

}  // namespace

std::optional<WindowBuckets> BucketsOf(const RangeAggregation& range, const Steps& steps) {
  const Wide first = Wide{steps.start_ns} - range.offset_ns - range.range_ns;
  const Wide length = Wide{steps.count - 1} * steps.step_ns + range.range_ns;
  if (first < kMinNs || first + length > kMaxNs) return std::nullopt;
  const int64_t width_ns =
      steps.count == 1 ? range.range_ns : std::gcd(range.range_ns, steps.step_ns);
  return WindowBuckets{static_cast<int64_t>(first), width_ns,
                       static_cast<uint64_t>(length / width_ns)};
}

bool StreamsSuffice(const LogExpr& log, const SeriesFinder& finder,
                    const std::vector<const LabelSet*>& streams) {
  return std::all_of(streams.begin(), streams.end(), [&](const LabelSet* stream) {
    return !finder.MetaMatters(*stream) &&
           std::all_of(log.stages.begin(), log.stages.end(), [&](const Stage& stage) {
             const auto* const filter = std::get_if<LabelFilter>(&stage);
             return filter != nullptr && IsOfStream(*filter, *stream);
           });
  });
}

RangeCounts::RangeCounts(SeriesFinder finder, WindowBuckets buckets, size_t piece,
                         CountRequest request, const EvalContext& context)
    : context_(context),
      finder_(std::move(finder)),
      buckets_(buckets),
      piece_(piece),
      request_(std::move(request)),
      check_(context.params->cancelled) {}

Result<std::unique_ptr<RangeCounts>> RangeCounts::Open(const RangeAggregation& range,
                                                       const Grouping* grouping,
                                                       const std::vector<LineFilter>& line_filters,
                                                       int64_t now_ns, const EvalContext& context) {
  std::unique_ptr<RangeCounts> none;
  // To ask a server or a pipe for its streams costs more than it may save.
  if (!context.source->AppliesFilters()) return none;
  if (!WantsNumbers(range) || context.params->follows) return none;
  RangeAggregation rest = range;
  rest.log = range.log.WithoutLeadingLineFilters();
  const std::vector<Stage>& stages = rest.log.stages;
  if (!std::all_of(stages.begin(), stages.end(), LooksAtLabelsOnly)) return none;
  const std::optional<WindowBuckets> buckets = BucketsOf(range, context.steps);
  if (!buckets) return none;
  GLP_ASSIGN_OR_RETURN(SeriesFinder finder,
                       SeriesFinder::Make(rest, grouping, now_ns, context.labels));
  CountRequest request;
  request.matchers = range.log.matchers;
  request.line_filters = line_filters;
  request.cancelled = context.params->cancelled;
  request.pool = context.params->pool;
  ScanRequest scan;
  scan.matchers = range.log.matchers;
  scan.range = {buckets->first_ns + 1, buckets->EndOf(buckets->count - 1)};
  if (scan.range.end_ns < kMaxNs) ++scan.range.end_ns;
  GLP_ASSIGN_OR_RETURN(const std::vector<const LabelSet*> streams,
                       context.source->Streams(scan.matchers, scan.range));
  if (!StreamsSuffice(rest.log, finder, streams)) request.no_meta = scan.range;
  const uint64_t wide = std::max<uint64_t>(streams.size(), 1);
  if (Wide{buckets->count} * wide > kFewCells) {
    const Result<ScanPlan> plan = context.source->Plan(scan);
    if (!plan.ok() || Wide{buckets->count} * wide > Wide{plan->entries} * kCellsPerEntry) {
      return none;
    }
  }
  const uint64_t piece = std::clamp<uint64_t>(kPieceCells / wide, 1, buckets->count);
  std::unique_ptr<RangeCounts> made(
      new RangeCounts(std::move(finder), *buckets, piece, std::move(request), context));
  GLP_ASSIGN_OR_RETURN(const bool tells, made->Ask(&made->first_.emplace()));
  return tells ? std::move(made) : std::move(none);
}

Result<bool> RangeCounts::Ask(Counts* counts) {
  if (check_.Stops(kStepWork)) return CancelledError();
  request_.first_ns = buckets_.EndOf(next_) - buckets_.width_ns;
  request_.width_ns = buckets_.width_ns;
  request_.buckets = std::min<uint64_t>(piece_, buckets_.count - next_);
  GLP_ASSIGN_OR_RETURN(std::optional<Counts> told, context_.source->Count(request_));
  if (!told) return false;
  *counts = *std::move(told);
  return true;
}

Status RangeCounts::Next(std::vector<Cell>* cells) {
  cells->clear();
  while (cells->empty() && next_ < buckets_.count) {
    Counts counts;
    if (first_) {
      counts = *std::move(first_);
      first_.reset();
    } else {
      GLP_ASSIGN_OR_RETURN(const bool tells, Ask(&counts));
      // It told of those before.
      if (!tells) return {Code::kData, "the source counts no more"};
    }
    std::vector<std::string> warnings = std::exchange(counts.stats.warnings, {});
    AddStats(counts.stats, &stats_);
    for (std::string& warning : warnings) {
      std::vector<std::string>& said = stats_.warnings;
      if (std::find(said.begin(), said.end(), warning) == said.end()) {
        said.push_back(std::move(warning));
      }
    }
    GLP_RETURN_IF_ERROR(MakeCells(counts, cells));
    next_ += request_.buckets;
  }
  return Status::Ok();
}

// The streams' rows become columns: cells are counted by bucket first, so that each is written to
// its place.
Status RangeCounts::MakeCells(const Counts& counts, std::vector<Cell>* cells) {
  struct Row {
    const StreamCounts* counts;
    SeriesFinder::SeriesId series;
  };
  std::vector<Row> rows;
  std::vector<size_t> places(request_.buckets + 1);
  for (const StreamCounts& stream : counts.streams) {
    if (check_.Stops(kPointWork + stream.counts.size())) return CancelledError();
    Entry entry = {buckets_.first_ns, stream.stream, {}, {}};
    SeriesFinder::SeriesId series = 0;
    Status error;
    if (!finder_.Find(&entry, &series, &error)) {
      GLP_RETURN_IF_ERROR(error);
      continue;
    }
    rows.push_back({&stream, series});
    for (size_t i = 0; i < stream.counts.size(); ++i) {
      if (stream.counts[i] > 0) ++places[stream.first + i + 1];
    }
  }
  std::partial_sum(places.begin(), places.end(), places.begin());
  cells->resize(places.back());
  for (const Row& row : rows) {
    if (check_.Stops(kPointWork + row.counts->counts.size())) return CancelledError();
    for (size_t i = 0; i < row.counts->counts.size(); ++i) {
      const uint64_t entries = row.counts->counts[i];
      if (entries == 0) continue;
      const size_t bucket = row.counts->first + i;
      (*cells)[places[bucket]++] = {buckets_.EndOf(next_ + bucket), row.series, entries};
    }
  }
  return Status::Ok();
}

}  // namespace glp::logql
