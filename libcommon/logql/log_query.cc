#include <algorithm>

#include "base/thread_pool.h"
#include "base/time.h"
#include "logql/cancel_check.h"
#include "logql/eval.h"
#include "logql/pipeline.h"
#include "logql/pipeline_scan.h"
#include "logql/step_evaluator.h"

namespace glp::logql {
namespace {

// Every entry gets through.
bool DropsNone(const LogExpr& log) {
  return std::none_of(log.stages.begin(), log.stages.end(), [](const Stage& stage) {
    return std::holds_alternative<LineFilter>(stage) ||
           std::holds_alternative<LabelFilter>(stage) ||
           std::holds_alternative<DistinctLabels>(stage);
  });
}

// Runs the pipeline on a thread of the pool.
class LogWorker : public PipelineScan::Worker {
 public:
  explicit LogWorker(Pipeline pipeline) : pipeline_(std::move(pipeline)) {}

  void UseTable(LabelTable* table) override { table_ = table; }

  Result<bool> Run(PipelineScan::Found* found) override {
    if (!pipeline_.Process(&found->entry)) return false;
    const LabelSet* const stream = found->entry.stream;
    pipeline_.TakeLabels(&found->entry, table_);
    if (found->entry.stream != stream) found->made = found->entry.stream;
    return true;
  }

 private:
  Pipeline pipeline_;
  LabelTable* table_ = nullptr;
};

class LogScan {
 public:
  using Sink = std::function<bool(const Entry& entry)>;

  LogScan(const LogExpr& query, const QueryParams& params, const Sink& sink)
      : query_(query), rest_(query), params_(params), sink_(sink), check_(params.cancelled) {}

  Status Run(EntrySource* source, ScanStats* stats);

 private:
  Result<Pipeline> MakePipeline(const LogExpr& log) const {
    Wants wants;
    wants.now_ns = now_ns_;
    return Pipeline::Make(log, wants);
  }
  // Both set done_ where nothing more is wanted. On this thread, up to so many bytes of lines:
  Status ReadAlone(EntryCursor* cursor, uint64_t bytes);
  // On those of the pool:
  Status ReadShared(PipelineScan* scan);
  bool Give(const Entry& entry) { return sink_(entry) && ++given_ != params_.limit; }
  // True: the streams that the query made went.
  bool ForgetsStreams();

  const LogExpr& query_;
  // What is to be done with the entries of the source: it may have applied filters itself.
  LogExpr rest_;
  const QueryParams& params_;
  const Sink& sink_;
  CancelCheck check_;
  const int64_t now_ns_ = NowNs();
  std::optional<Pipeline> pipeline_;
  LabelTable changed_;  // streams that the query made
  uint64_t given_ = 0;
  bool done_ = false;
};

Status LogScan::Run(EntrySource* source, ScanStats* stats) {
  ScanRequest request;
  request.matchers = query_.matchers;
  request.range = params_.range;
  request.direction = params_.direction;
  request.line_filters = query_.LeadingLineFilters();
  for (LineFilter& filter : request.line_filters) GLP_RETURN_IF_ERROR(PrepareLineFilter(&filter));
  request.exact_filters = !request.line_filters.empty() && source->AppliesFilters();
  if (request.exact_filters) rest_ = query_.WithoutLeadingLineFilters();
  GLP_ASSIGN_OR_RETURN(pipeline_, MakePipeline(rest_));
  request.want_lines = params_.want_lines || !rest_.stages.empty();
  if (DropsNone(rest_)) request.limit = params_.limit;
  request.follows = params_.follows;
  request.cancelled = params_.cancelled;
  request.pool = params_.pool;
  const bool shares = PipelineScan::Pays(rest_, *pipeline_, params_);
  PipelineScan::Options options;
  if (shares) {
    options.pool = params_.pool;
    options.cancelled = params_.cancelled;
    options.chunk_bytes = params_.chunk_bytes;
    if (!request.exact_filters) options.line_filters = request.line_filters;
    options.make_worker = [this]() -> Result<std::unique_ptr<PipelineScan::Worker>> {
      GLP_ASSIGN_OR_RETURN(Pipeline pipeline, MakePipeline(rest_));
      return std::unique_ptr<PipelineScan::Worker>(
          std::make_unique<LogWorker>(std::move(pipeline)));
    };
  }
  if (params_.on_scan) {
    GLP_ASSIGN_OR_RETURN(const Pipeline whole, MakePipeline(query_));
    params_.on_scan({query_, nullptr, request, whole});
  }
  GLP_ASSIGN_OR_RETURN(const std::unique_ptr<EntryCursor> cursor, source->Scan(std::move(request)));
  Status status = ReadAlone(cursor.get(), shares ? params_.chunk_bytes : UINT64_MAX);
  if (done_ || !status.ok()) {
    AddStats(cursor->stats(), stats);
    return status;
  }
  PipelineScan scan(std::move(options), cursor.get(), &changed_);
  status = ReadShared(&scan);
  AddStats(scan.stats(), stats);
  return status;
}

Status LogScan::ReadAlone(EntryCursor* cursor, uint64_t bytes) {
  std::vector<Entry> batch;
  for (uint64_t read_bytes = 0; read_bytes < bytes;) {
    if (params_.cancelled && params_.cancelled()) return CancelledError();
    GLP_RETURN_IF_ERROR(cursor->Next(&batch));
    done_ = batch.empty();
    if (done_) return Status::Ok();
    for (Entry& entry : batch) {
      if (entry.stream == nullptr) continue;
      if (check_.Stops(entry.line.size() + 64)) return CancelledError();
      read_bytes += entry.line.size();
      if (!pipeline_->Process(&entry)) continue;
      pipeline_->TakeLabels(&entry, &changed_);
      done_ = !Give(entry);
      if (done_) return Status::Ok();
    }
    GLP_RETURN_IF_ERROR(pipeline_->status());
    ForgetsStreams();
  }
  return Status::Ok();
}

Status LogScan::ReadShared(PipelineScan* scan) {
  for (;;) {
    GLP_ASSIGN_OR_RETURN(const std::span<PipelineScan::Found> some, scan->Next());
    if (some.empty()) return Status::Ok();
    for (PipelineScan::Found& found : some) {
      if (found.made != nullptr) found.entry.stream = scan->Translate(found.made);
      if (!Give(found.entry)) return Status::Ok();
    }
    if (ForgetsStreams()) scan->ForgetSets();
  }
}

bool LogScan::ForgetsStreams() {
  if (!params_.forget_streams || changed_.size() <= LabelTable::kMaxSets) return false;
  params_.forget_streams();
  changed_.Clear();
  return true;
}

}  // namespace

Status RunLogQuery(const LogExpr& query, EntrySource* source, const QueryParams& params,
                   const std::function<bool(const Entry& entry)>& sink, ScanStats* stats) {
  return LogScan(query, params, sink).Run(source, stats);
}

}  // namespace glp::logql
