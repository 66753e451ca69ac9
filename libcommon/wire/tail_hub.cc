#include "wire/tail_hub.h"

#include <algorithm>
#include <chrono>

#include "base/time.h"

namespace glp::wire {
namespace {

constexpr std::chrono::milliseconds kTick{100};
constexpr size_t kMaxWantedBytes = 16 << 20;

size_t BytesOf(const TailHub::Batch& batch) {
  // Of a small push its label sets and the batch itself are the most.
  constexpr size_t kBatchBytes = 1024, kSetBytes = 512;
  return kBatchBytes + batch.labels.size() * kSetBytes + batch.text.size() +
         batch.entries.size() * sizeof(logql::Entry);
}

}  // namespace

bool TailHub::Listener::Matches(const LabelSet& stream) const {
  return logql::MatchesAll(matchers_, stream);
}

TailHub::~TailHub() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

size_t TailHub::Add(std::shared_ptr<Listener> listener, size_t most) {
  std::lock_guard lock(mutex_);
  const size_t count = CountOf(listener->tenant()) + 1;
  if (most > 0 && count > most) return count;
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  listeners_.push_back(std::move(listener));
  count_ = listeners_.size();
  ForgetWanted();
  wake_.notify_all();
  return count;
}

void TailHub::Remove(Listener* listener) {
  std::unique_lock lock(mutex_);
  listener->removed_ = true;
  std::erase_if(listeners_, [listener](const auto& one) { return one.get() == listener; });
  count_ = listeners_.size();
  ForgetWanted();
  // From within Take or Tick nobody waits for himself.
  if (std::this_thread::get_id() == thread_.get_id()) return;
  idle_.wait(lock, [&] { return busy_ != listener; });
}

size_t TailHub::CountOf(std::string_view tenant) const {
  return static_cast<size_t>(
      std::count_if(listeners_.begin(), listeners_.end(),
                    [tenant](const auto& listener) { return listener->tenant() == tenant; }));
}

void TailHub::ForgetWanted() {
  wanted_.clear();
  wanted_bytes_ = 0;
}

bool TailHub::IsWanted(std::string_view tenant, const LabelSet& stream) {
  key_.assign(tenant);
  key_ += '\n';  // in no tenant
  key_ += stream.json;
  if (const auto found = wanted_.find(key_); found != wanted_.end()) return found->second;
  const bool wanted = std::any_of(listeners_.begin(), listeners_.end(), [&](const auto& listener) {
    return listener->tenant() == tenant && listener->Matches(stream);
  });
  constexpr size_t kNodeBytes = 80;
  if (wanted_bytes_ > kMaxWantedBytes) ForgetWanted();
  wanted_bytes_ += key_.size() + kNodeBytes;
  wanted_.emplace(key_, wanted);
  return wanted;
}

void TailHub::Publish(std::string_view tenant, std::span<const store::NewEntry> entries) {
  if (listeners() == 0 || entries.empty()) return;
  std::vector<const store::NewEntry*> chosen;
  size_t bytes = 0;
  {
    std::lock_guard lock(mutex_);
    const LabelSet* last = nullptr;
    bool wanted = false;
    for (const store::NewEntry& entry : entries) {
      if (entry.stream != last) {
        last = entry.stream;
        wanted = IsWanted(tenant, *entry.stream);
      }
      if (!wanted) continue;
      chosen.push_back(&entry);
      bytes += entry.line.size() + entry.meta.size();
    }
    if (chosen.empty()) return;
    if (waiting_bytes_ + bytes > kMaxWaitingBytes) {
      lost_[std::string(tenant)] += chosen.size();
      return;
    }
  }
  auto batch = std::make_shared<Batch>();
  batch->tenant = tenant;
  batch->arrived_ns = SteadyNs();
  batch->text.reserve(bytes);  // views look into it
  const auto keep = [&batch](std::string_view text) {
    const size_t at = batch->text.size();
    batch->text += text;
    return std::string_view(batch->text).substr(at);
  };
  const LabelSet* last = nullptr;
  const LabelSet* stream = nullptr;
  batch->entries.reserve(chosen.size());
  for (const store::NewEntry* entry : chosen) {
    if (entry->stream != last) {
      last = entry->stream;
      stream = batch->labels.FromLabels(last->labels);
    }
    batch->entries.push_back({entry->ts_ns, stream, keep(entry->line), keep(entry->meta)});
  }
  std::lock_guard lock(mutex_);
  if (listeners_.empty()) return;
  waiting_bytes_ += BytesOf(*batch);
  waiting_.push_back(std::move(batch));
  wake_.notify_all();
}

std::shared_ptr<const TailHub::Batch> TailHub::NextBatch() {
  if (waiting_.empty() && lost_.empty()) return nullptr;
  std::shared_ptr<Batch> batch;
  if (!waiting_.empty()) {
    batch = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= BytesOf(*batch);
  } else {
    batch = std::make_shared<Batch>();
    batch->tenant = lost_.begin()->first;
    batch->arrived_ns = SteadyNs();
  }
  if (const auto lost = lost_.find(batch->tenant); lost != lost_.end()) {
    batch->lost = lost->second;
    lost_.erase(lost);
  }
  return batch;
}

void TailHub::Run() {
  std::unique_lock lock(mutex_);
  int64_t ticked_ns = SteadyNs();
  while (!stop_) {
    if (listeners_.empty()) {
      waiting_.clear();
      waiting_bytes_ = 0;
      lost_.clear();
      wake_.wait(lock, [this] { return stop_ || !listeners_.empty(); });
      continue;
    }
    if (waiting_.empty() && lost_.empty()) wake_.wait_for(lock, kTick);
    const std::shared_ptr<const Batch> batch = NextBatch();
    const int64_t now_ns = SteadyNs();
    const bool tick = now_ns - ticked_ns >= kTick / std::chrono::nanoseconds(1);
    if (tick) ticked_ns = now_ns;
    if (!batch && !tick) continue;
    const std::vector<std::shared_ptr<Listener>> listeners = listeners_;
    for (const std::shared_ptr<Listener>& listener : listeners) {
      if (listener->removed_) continue;
      busy_ = listener.get();
      lock.unlock();
      if (batch && batch->tenant == listener->tenant()) listener->Take(batch);
      if (tick) listener->Tick(now_ns);
      lock.lock();
      busy_ = nullptr;
      idle_.notify_all();
    }
  }
}

}  // namespace glp::wire
