#include "pack/read_ahead.h"

#include <algorithm>
#include <utility>

#include "logql/step_evaluator.h"

namespace glp::pack {
namespace {

// The caller's thread loads, too.
size_t MaxWidth(const ThreadPool* pool) {
  return pool == nullptr || pool->threads() == 0 ? 0 : 2 * (size_t{pool->threads()} + 1);
}

}  // namespace

ReadAhead::ReadAhead(const logql::ScanRequest* request, std::vector<SortedRun*> order)
    : request_(request), order_(std::move(order)), max_width_(MaxWidth(request->pool)) {}

ReadAhead::~ReadAhead() {
  for (const auto& ahead : ahead_) ahead->task->Cancel();
}

Status ReadAhead::Load(SortedRun* run, LoadTools* tools, logql::ScanStats* stats) const {
  if (request_->cancelled && request_->cancelled()) return logql::CancelledError();
  return run->Load(*request_, tools, stats);
}

void ReadAhead::Run(SortedRun* run, Ahead* ahead) {
  std::unique_ptr<LoadTools> tools;
  {
    const std::lock_guard lock(mutex_);
    if (!free_tools_.empty()) {
      tools = std::move(free_tools_.back());
      free_tools_.pop_back();
    }
  }
  if (tools == nullptr) tools = std::make_unique<LoadTools>();
  ahead->status = Load(run, tools.get(), &ahead->stats);
  const std::lock_guard lock(mutex_);
  free_tools_.push_back(std::move(tools));
}

Status ReadAhead::LoadNext(logql::ScanStats* stats) {
  SortedRun* run = order_[next_];
  if (ahead_.empty()) {
    ++next_;
    Refill();
    return Load(run, &tools_, stats);
  }
  // While another thread is at the first one, those behind it are loaded here.
  for (size_t i = 0; i < ahead_.size() && !ahead_[0]->task->IsDone(); ++i) {
    ahead_[i]->task->TryRun();
  }
  ahead_[0]->task->Wait();
  const std::unique_ptr<Ahead> ahead = std::move(ahead_.front());
  ahead_.pop_front();
  ahead_bytes_ -= ahead->bytes;
  ++next_;
  Refill();
  logql::AddStats(ahead->stats, stats);
  return ahead->status;
}

void ReadAhead::Widen() {
  if (width_ == max_width_) return;
  width_ = std::min(std::max<size_t>(1, width_ * 2), max_width_);
  Refill();
}

void ReadAhead::Refill() {
  while (ahead_.size() < width_ && next_ + ahead_.size() < order_.size()) {
    SortedRun* run = order_[next_ + ahead_.size()];
    const size_t bytes = run->load_bytes();
    if (bytes > kMaxAheadBytes - ahead_bytes_) return;
    auto ahead = std::make_unique<Ahead>();
    ahead->bytes = bytes;
    ahead->task = request_->pool->Submit([this, run, to = ahead.get()] { Run(run, to); });
    ahead_bytes_ += bytes;
    ahead_.push_back(std::move(ahead));
  }
}

}  // namespace glp::pack
