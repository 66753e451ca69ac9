#include "logql/pipeline_scan.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iterator>
#include <utility>

#include "logql/cancel_check.h"
#include "logql/line_search.h"
#include "logql/pipeline.h"
#include "logql/step_evaluator.h"

namespace glp::logql {
namespace {

using Clock = std::chrono::steady_clock;

// Entries that a slow source gave wait no longer for others to fill their chunk.
constexpr auto kMaxFillTime = std::chrono::milliseconds(20);
// A worker's label sets are forgotten when they are more: only a cache, which every thread has.
constexpr size_t kMaxMadeSets = LabelTable::kMaxSets / 8;
// Chunks of huge lines wait until those before them are done.
constexpr size_t kMaxInFlightBytes = size_t{64} << 20;
// What an entry costs beside its text, about.
constexpr size_t kEntryBytes = 64;

// No more than a search for bytes, as fast as copying the line.
bool IsCheap(const LineFilter& filter) {
  return std::all_of(filter.alternatives.begin(), filter.alternatives.end(),
                     [](const LineFilter::Alternative& alternative) {
                       return !alternative.is_ip && alternative.search != nullptr &&
                              alternative.search->is_literal();
                     });
}

// What costs more than to copy the entry.
bool IsCostly(const Stage& stage) {
  if (const auto* filter = std::get_if<LineFilter>(&stage)) {
    return !IsCheap(*filter);
  }
  return !std::holds_alternative<LabelFilter>(stage) && !std::holds_alternative<Unwrap>(stage) &&
         !std::holds_alternative<DropLabels>(stage) && !std::holds_alternative<KeepLabels>(stage) &&
         !std::holds_alternative<PatternStage>(stage);
}

}  // namespace

bool PipelineScan::Pays(const LogExpr& log, const Pipeline& pipeline, const QueryParams& params) {
  return params.pool != nullptr && params.pool->threads() > 0 && !params.follows &&
         !pipeline.HasState() && std::any_of(log.stages.begin(), log.stages.end(), IsCostly);
}

PipelineScan::PipelineScan(Options options, EntryCursor* cursor, LabelTable* table)
    : options_(std::move(options)),
      max_in_flight_(2 * (size_t{options_.pool->threads()} + 1)),
      cursor_(cursor),
      table_(table),
      target_bytes_(std::max<size_t>(options_.chunk_bytes / 8, 1)) {
  std::copy_if(options_.line_filters.begin(), options_.line_filters.end(),
               std::back_inserter(cheap_filters_), IsCheap);
}

PipelineScan::~PipelineScan() { Stop(); }

void PipelineScan::Stop() {
  stopping_.store(true, std::memory_order_relaxed);
  for (const auto& chunk : in_flight_) chunk->task->Cancel();
  in_flight_.clear();
  in_flight_bytes_ = 0;
}

bool PipelineScan::Wants(const Entry& entry) const {
  if (entry.stream == nullptr || (options_.wants && !options_.wants(entry))) return false;
  return std::all_of(cheap_filters_.begin(), cheap_filters_.end(),
                     [&](const LineFilter& filter) { return filter.Passes(entry.line); });
}

bool PipelineScan::Add(const Entry& entry, Chunk* chunk) const {
  const std::string_view texts[] = {entry.line, entry.meta, entry.fields};
  size_t size = 0;
  for (const std::string_view text : texts) size += text.size();
  if (chunk->found.empty()) {
    // Where one line is huge, the chunk is as large as it, and not kept (Recycle).
    const size_t wanted = std::max(size, target_bytes_);
    if (chunk->capacity < wanted) {
      chunk->text = std::make_unique_for_overwrite<char[]>(wanted + Arena::kPadding);
      std::memset(chunk->text.get() + wanted, 0, Arena::kPadding);
      chunk->capacity = wanted;
    }
  } else if (chunk->size_bytes + size + kEntryBytes > target_bytes_) {
    return false;
  }
  const auto copy = [chunk](std::string_view text) {
    if (text.empty()) return std::string_view();
    char* const out = chunk->text.get() + chunk->used;
    std::memcpy(out, text.data(), text.size());
    chunk->used += text.size();
    return std::string_view(out, text.size());
  };
  chunk->found.push_back(
      {{entry.ts_ns, entry.stream, copy(entry.line), copy(entry.meta), copy(entry.fields)}});
  chunk->size_bytes += size + kEntryBytes;
  return true;
}

Status PipelineScan::Fill(Chunk* chunk) {
  const Clock::time_point start = Clock::now();
  size_t seen_bytes = 0;
  if (options_.cancelled && options_.cancelled()) return CancelledError();
  for (;;) {
    for (; at_ < batch_.size(); ++at_) {
      const Entry& entry = batch_[at_];
      if (Wants(entry) && !Add(entry, chunk)) return Status::Ok();
      seen_bytes += entry.line.size() + kEntryBytes;
    }
    const bool is_enough = seen_bytes >= 4 * options_.chunk_bytes ||
                           (!batch_.empty() && Clock::now() - start > kMaxFillTime);
    if (is_enough) return Status::Ok();
    if (options_.cancelled && options_.cancelled()) return CancelledError();
    at_ = 0;
    const Status status = cursor_->Next(&batch_);
    if (!status.ok()) batch_.clear();
    GLP_RETURN_IF_ERROR(status);
    chunk->stats = cursor_->stats();
    if (batch_.empty()) {
      ended_ = true;
      return Status::Ok();
    }
  }
}

std::unique_ptr<PipelineScan::Chunk> PipelineScan::NewChunk() {
  if (free_chunks_.empty()) return std::make_unique<Chunk>();
  std::unique_ptr<Chunk> chunk = std::move(free_chunks_.back());
  free_chunks_.pop_back();
  return chunk;
}

void PipelineScan::Recycle(std::unique_ptr<Chunk> chunk) {
  if (chunk->capacity > options_.chunk_bytes) {
    chunk->text.reset();
    chunk->capacity = 0;
  }
  chunk->used = chunk->size_bytes = 0;
  chunk->found.clear();
  chunk->made.Reset();
  chunk->sets.reset();
  chunk->status = Status::Ok();
  chunk->task.reset();
  free_chunks_.push_back(std::move(chunk));
}

bool PipelineScan::MayAdvance() const {
  return !ended_ && in_flight_.size() < in_flight_wanted_ && in_flight_bytes_ < kMaxInFlightBytes;
}

void PipelineScan::Advance() {
  std::unique_ptr<Chunk> chunk = NewChunk();
  chunk->stats = cursor_->stats();
  end_ = Fill(chunk.get());
  if (!end_.ok()) ended_ = true;
  if (end_.code() == Code::kCancelled) return Stop();
  // At the end what was looked at counts, too, where nothing was found.
  if (chunk->found.empty() && !ended_) return Recycle(std::move(chunk));
  chunk->task = options_.pool->Submit([this, chunk = chunk.get()] { Run(chunk); });
  in_flight_bytes_ += chunk->capacity;
  in_flight_.push_back(std::move(chunk));
  target_bytes_ = std::min(2 * target_bytes_, options_.chunk_bytes);
}

void PipelineScan::WaitForFirst() {
  ThreadPool::Task& first = *in_flight_.front()->task;
  for (const auto& chunk : in_flight_) {
    if (first.IsDone()) return;
    chunk->task->TryRun();
  }
  first.Wait();
}

Result<std::span<PipelineScan::Found>> PipelineScan::Next() {
  if (given_ != nullptr) Recycle(std::move(given_));
  for (;;) {
    while (MayAdvance()) {
      Advance();
      if (!in_flight_.empty() && in_flight_.front()->task->IsDone()) break;
    }
    if (in_flight_.empty()) {
      if (!ended_) continue;
      if (end_.ok()) return std::span<Found>();
      return end_;
    }
    WaitForFirst();
    std::unique_ptr<Chunk> chunk = std::move(in_flight_.front());
    in_flight_.pop_front();
    in_flight_bytes_ -= chunk->capacity;
    stats_ = chunk->stats;
    if (!chunk->status.ok()) {
      Stop();
      ended_ = true;
      end_ = chunk->status;
    }
    if (chunk->found.empty()) {
      Recycle(std::move(chunk));
      continue;
    }
    in_flight_wanted_ = std::min(in_flight_wanted_ + 1, max_in_flight_);
    given_ = std::move(chunk);
    return std::span<Found>(given_->found);
  }
}

const LabelSet* PipelineScan::Translate(const LabelSet* made) {
  Sets& sets = *given_->sets;
  if (sets.generation != generation_) {
    sets.known.clear();
    sets.generation = generation_;
  }
  if (sets.known.size() <= made->id) sets.known.resize(made->id + 1);
  const LabelSet*& own = sets.known[made->id];
  if (own == nullptr) own = table_->FromLabels(made->labels);
  return own;
}

Result<PipelineScan::Slot> PipelineScan::TakeSlot() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_slots_.empty()) {
      Slot slot = std::move(free_slots_.back());
      free_slots_.pop_back();
      return slot;
    }
  }
  Slot slot;
  GLP_ASSIGN_OR_RETURN(slot.worker, options_.make_worker());
  return slot;
}

void PipelineScan::Run(Chunk* chunk) {
  Result<Slot> slot = TakeSlot();
  if (!slot.ok()) {
    chunk->found.clear();
    chunk->status = slot.status();
    return;
  }
  // Chunks on their way still show the old ones.
  if (slot->sets == nullptr || slot->sets->table.size() > kMaxMadeSets) {
    slot->sets = std::make_shared<Sets>();
    slot->worker->UseTable(&slot->sets->table);
  }
  chunk->sets = slot->sets;
  chunk->status = RunIn(&*slot, chunk);
  const std::lock_guard lock(mutex_);
  free_slots_.push_back(*std::move(slot));
}

Status PipelineScan::RunIn(Slot* slot, Chunk* chunk) {
  CancelCheck check(options_.cancelled);
  const char* const begin = chunk->text.get();
  const char* const end = begin + chunk->used;
  // What is a part of the chunk's own text stays where it is.
  const auto own = [&](std::string_view text) {
    if (text.empty()) return std::string_view();
    const bool is_own = !std::less<>()(text.data(), begin) && std::less<>()(text.data(), end);
    return is_own ? text : chunk->made.Copy(text);
  };
  Status status;
  size_t kept = 0;
  for (Found& found : chunk->found) {
    if (stopping_.load(std::memory_order_relaxed)) break;
    if (check.Stops(found.entry.line.size() + kEntryBytes)) {
      status = CancelledError();
      break;
    }
    const Result<bool> passes = slot->worker->Run(&found);
    if (!passes.ok()) {
      status = passes.status();
      break;
    }
    if (!*passes) continue;
    Found& out = chunk->found[kept++];
    out = found;
    out.entry.line = own(found.entry.line);
    out.entry.meta = own(found.entry.meta);
    out.entry.fields = own(found.entry.fields);
  }
  chunk->found.resize(kept);
  return status;
}

}  // namespace glp::logql
