#include "logql/range_scan.h"

#include <algorithm>
#include <utility>

#include "base/time.h"

namespace glp::logql {
namespace {

bool CountsBytes(const RangeAggregation& range) {
  using Op = RangeAggregation::Op;
  return range.op == Op::kBytesOverTime || range.op == Op::kBytesRate;
}

// Finds the series of entries on a thread of the pool.
class SeriesWorker : public PipelineScan::Worker {
 public:
  explicit SeriesWorker(SeriesFinder finder) : finder_(std::move(finder)) {}

  void UseTable(LabelTable* table) override { finder_.Restart(table); }

  Result<bool> Run(PipelineScan::Found* found) override {
    SeriesFinder::SeriesId series = 0;
    Entry& entry = found->entry;
    if (!finder_.Find(&entry, &series, &error_)) {
      if (!error_.ok()) return error_;
      return false;
    }
    found->made = finder_.labels(series);
    found->line_bytes = entry.line.size();
    found->sample = finder_.sample();
    entry.line = entry.meta = entry.fields = {};
    return true;
  }

 private:
  SeriesFinder finder_;
  Status error_;
};

}  // namespace

RangeScan::RangeScan(const RangeAggregation& range, const Grouping* grouping,
                     const EvalContext& context)
    : range_(range),
      rest_(range),
      grouping_(grouping),
      context_(context),
      now_ns_(NowNs()),
      check_(context.params->cancelled),
      has_gaps_(context.steps.step_ns > range.range_ns) {}

RangeScan::~RangeScan() {
  if (counts_ != nullptr) {
    AddStats(counts_->stats(), context_.stats);
  } else if (cursor_ != nullptr) {
    AddStats(share_ != nullptr ? share_->stats() : cursor_->stats(), context_.stats);
  }
}

int64_t RangeScan::Clamp(Wide value) {
  return static_cast<int64_t>(std::clamp<Wide>(value, std::numeric_limits<int64_t>::min(),
                                               std::numeric_limits<int64_t>::max()));
}

bool RangeScan::OrderMatters() const {
  using Op = RangeAggregation::Op;
  switch (range_.op) {
    case Op::kCountOverTime:
    case Op::kBytesOverTime:
    case Op::kBytesRate:
    case Op::kAbsentOverTime:
    case Op::kMinOverTime:
    case Op::kMaxOverTime:
      return false;
    case Op::kRate:
      return range_.log.FindUnwrap() != nullptr;
    default:
      return true;
  }
}

Result<bool> RangeScan::WantsLines() const {
  if (CountsBytes(range_) || grouping_ == nullptr || grouping_->without) return true;
  const auto& stages = rest_.log.stages;
  const bool only_filters = std::all_of(stages.begin(), stages.end(), [](const Stage& stage) {
    return std::holds_alternative<LabelFilter>(stage);
  });
  if (!only_filters) return true;
  if (stages.empty() && grouping_->names.empty()) return false;
  // What a source that follows will give is not known.
  if (context_.params->follows) return true;
  GLP_ASSIGN_OR_RETURN(const std::vector<const LabelSet*> streams,
                       context_.source->Streams(range_.log.matchers, Range()));
  return !StreamsSuffice(rest_.log, *finder_, streams);
}

std::shared_ptr<const WantedCaptures> RangeScan::Captures() const {
  if (CountsBytes(range_) || !context_.source->AppliesFilters()) return nullptr;
  const auto& stages = rest_.log.stages;
  const PatternStage* pattern = nullptr;
  size_t place = 0;
  for (size_t i = 0; i < stages.size(); ++i) {
    if (const auto* found = std::get_if<PatternStage>(&stages[i])) {
      if (pattern != nullptr) return nullptr;
      pattern = found;
      place = i;
    } else if (!std::holds_alternative<LabelFilter>(stages[i]) &&
               !std::holds_alternative<DropLabels>(stages[i]) &&
               !std::holds_alternative<KeepLabels>(stages[i]) &&
               !std::holds_alternative<Unwrap>(stages[i])) {
      return nullptr;
    }
  }
  if (pattern == nullptr) return nullptr;
  auto parser = codec::PatternParser::Compile(pattern->pattern);
  if (!parser.ok()) return nullptr;
  const NeededLabels& needed = finder_->pipeline().needed_behind(place);
  auto captures = std::make_shared<WantedCaptures>();
  for (const std::string& name : parser->names()) {
    captures->wanted.push_back(needed.Has(name) || needed.Has(name + "_extracted"));
  }
  captures->pattern = *std::move(parser);
  return captures;
}

TimeRange RangeScan::Range() const {
  return {Clamp(WindowEnd(0) - range_.range_ns + 1),
          Clamp(WindowEnd(context_.steps.count - 1) + 1)};
}

Status RangeScan::Open() {
  const QueryParams& params = *context_.params;
  ScanRequest request;
  request.matchers = range_.log.matchers;
  request.range = Range();
  request.direction = Direction::kForward;
  request.line_filters = range_.log.LeadingLineFilters();
  for (LineFilter& filter : request.line_filters) GLP_RETURN_IF_ERROR(PrepareLineFilter(&filter));
  request.exact_filters = !request.line_filters.empty() && context_.source->AppliesFilters();
  if (request.exact_filters) rest_.log = range_.log.WithoutLeadingLineFilters();
  GLP_ASSIGN_OR_RETURN(finder_, SeriesFinder::Make(rest_, grouping_, now_ns_, context_.labels));
  GLP_ASSIGN_OR_RETURN(request.want_lines, WantsLines());
  request.captures = Captures();
  request.follows = params.follows;
  request.cancelled = params.cancelled;
  request.pool = params.pool;
  if (params.on_scan) {
    GLP_ASSIGN_OR_RETURN(const SeriesFinder whole,
                         SeriesFinder::Make(range_, grouping_, now_ns_, context_.labels));
    params.on_scan({range_.log, &range_, request, whole.pipeline()});
  }
  GLP_ASSIGN_OR_RETURN(
      counts_, RangeCounts::Open(range_, grouping_, request.line_filters, now_ns_, context_));
  if (counts_ != nullptr) return Status::Ok();
  const std::optional<WindowBuckets> buckets = BucketsOf(range_, context_.steps);
  if (buckets && !params.follows && !OrderMatters()) {
    request.bucket_first_ns = buckets->first_ns;
    request.bucket_width_ns = buckets->width_ns;
  }
  if (request.want_lines && PipelineScan::Pays(rest_.log, finder_->pipeline(), params)) {
    alone_bytes_ = params.chunk_bytes;
    if (!request.exact_filters) line_filters_ = request.line_filters;
  }
  GLP_ASSIGN_OR_RETURN(cursor_, context_.source->Scan(std::move(request)));
  return Status::Ok();
}

uint64_t RangeScan::FirstStepAt(Wide at) const {
  const Wide behind = at - WindowEnd(0);
  if (behind <= 0) return 0;
  const Wide step = (behind + context_.steps.step_ns - 1) / context_.steps.step_ns;
  return static_cast<uint64_t>(step);
}

bool RangeScan::IsInGap(int64_t ts_ns) {
  if (ts_ns > window_end_ns_) {
    window_end_ns_ = WindowEnd(FirstStepAt(ts_ns));
    gap_end_ns_ = window_end_ns_ - range_.range_ns;
  }
  return ts_ns <= gap_end_ns_;
}

void RangeScan::Share() {
  PipelineScan::Options options;
  options.pool = context_.params->pool;
  options.cancelled = context_.params->cancelled;
  options.chunk_bytes = context_.params->chunk_bytes;
  options.line_filters = std::move(line_filters_);
  if (has_gaps_) options.wants = [this](const Entry& entry) { return !IsInGap(entry.ts_ns); };
  options.make_worker = [this]() -> Result<std::unique_ptr<PipelineScan::Worker>> {
    // Its table is given to it by UseTable.
    GLP_ASSIGN_OR_RETURN(SeriesFinder finder,
                         SeriesFinder::Make(rest_, grouping_, now_ns_, nullptr));
    return std::unique_ptr<PipelineScan::Worker>(std::make_unique<SeriesWorker>(std::move(finder)));
  };
  share_ = std::make_unique<PipelineScan>(std::move(options), cursor_.get(), context_.labels);
}

Result<bool> RangeScan::HasEntry() {
  if (at_ < AtHand()) return true;
  if (end_) return false;
  at_ = 0;
  if (counts_ != nullptr) {
    GLP_RETURN_IF_ERROR(counts_->Next(&cells_));
    end_ = cells_.empty();
    return !end_;
  }
  if (share_ == nullptr && alone_bytes_) {
    uint64_t read_bytes = 0;
    for (const Entry& entry : batch_) read_bytes += entry.line.size();
    if (read_bytes >= *alone_bytes_) {
      Share();
    } else {
      *alone_bytes_ -= read_bytes;
    }
  }
  if (share_ != nullptr) {
    GLP_ASSIGN_OR_RETURN(found_, share_->Next());
    end_ = found_.empty();
    return !end_;
  }
  if (context_.params->cancelled && context_.params->cancelled()) return CancelledError();
  GLP_RETURN_IF_ERROR(cursor_->Next(&batch_));
  end_ = batch_.empty();
  return !end_;
}

}  // namespace glp::logql
