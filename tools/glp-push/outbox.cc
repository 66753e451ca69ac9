#include "outbox.h"

#include <algorithm>
#include <random>

#include "base/time.h"
#include "base/units.h"

namespace glp::push {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// A server that is well but slow gets so long before the spool is used.
constexpr milliseconds kPatience{1000};
// With a spool: after the end of the input a server that fails so often in a row is left alone.
constexpr uint64_t kFailuresAtEnd = 3;
// After a stop requests may take this long altogether.
constexpr milliseconds kStopGrace{700};
// The same words are said no more often than this.
constexpr std::chrono::seconds kSayAgain{60};
constexpr std::chrono::seconds kReadAgain{1};
constexpr std::string_view kNoRoom = "nothing is read until there is room";
constexpr int64_t kMaxAskedNs = 3600 * kNsPerSecond;

// Words without their numbers: how long it took and how much it was is never the same twice.
std::string Gist(std::string_view words) {
  std::string gist(words);
  std::erase_if(gist, [](char c) { return c >= '0' && c <= '9'; });
  return gist;
}

}  // namespace

Outbox::Outbox(cli::Context& context, OutboxOptions options, std::unique_ptr<SpoolQueue> queue,
               std::function<void()> on_change)
    : context_(context),
      options_(std::move(options)),
      queue_(std::move(queue)),
      on_change_(std::move(on_change)),
      spilled_(queue_ != nullptr && !queue_->empty()) {}

std::string Outbox::Named(std::string_view words) const {
  return options_.name.empty() ? std::string(words) : options_.name + ": " + std::string(words);
}

// --- the reader's side ---

bool Outbox::HasRoom(const Batch& batch) const {
  return window_.empty() || (window_.size() < options_.window_batches &&
                             window_bytes_ + batch.body.size() <= options_.window_bytes);
}

void Outbox::Push(BatchPtr batch, std::shared_ptr<Receipt> receipt,
                  std::optional<SpoolQueue::Ref> ref) {
  window_bytes_ += batch->body.size();
  Item& item = window_.emplace_back();
  item.batch = std::move(batch);
  item.receipt = std::move(receipt);
  item.ref = ref;
  full_since_.reset();
  changed_.notify_all();
}

bool Outbox::Offer(const BatchPtr& batch, const std::shared_ptr<Receipt>& receipt) {
  std::lock_guard lock(mutex_);
  bool taken = false;
  const bool well = holds_.empty();
  if (!spilled_ && HasRoom(*batch) && (well || queue_ == nullptr)) {
    Push(batch, receipt, std::nullopt);
    taken = true;
  } else if (queue_ != nullptr) {
    taken = (spilled_ || MaySpill(well)) && ToSpool(batch, receipt);
  }
  // After a stop there is no waiting: the batch is in memory anyway, and Close sees to what is
  // left.
  if (!taken && stopped_at_) Push(batch, receipt, std::nullopt);
  return taken || stopped_at_;
}

// Whether the spool is to be used from now on.
bool Outbox::MaySpill(bool well) {
  if (well && !stopped_at_) {
    if (!full_since_) full_since_ = Clock::now();
    if (Clock::now() - *full_since_ < kPatience) return false;
  }
  if (Status status = Spill(); !status.ok()) {
    SaySpool(status, kNoRoom);
    return false;
  }
  spilled_ = true;
  return true;
}

bool Outbox::ToSpool(const BatchPtr& batch, const std::shared_ptr<Receipt>& receipt) {
  if (Status status = queue_->Append(*batch); !status.ok()) {
    SaySpool(status, kNoRoom);
    return false;
  }
  if (!spool_said_.empty()) context_.Say(Named("the spool takes batches again"));
  spool_said_.clear();
  if (receipt) unsynced_.push_back(receipt);
  changed_.notify_all();
  return true;
}

// In the order of the window and no further than the first that does not go: so what is in the
// spool never overtakes what is not.
Status Outbox::Spill() {
  for (Item& item : window_) {
    if (item.ref) continue;
    GLP_ASSIGN_OR_RETURN(item.ref, queue_->AppendHeld(*item.batch));
    if (item.receipt) unsynced_.push_back(std::move(item.receipt));
    item.receipt.reset();
  }
  return Status::Ok();
}

void Outbox::Sync() {
  std::lock_guard lock(mutex_);
  SyncLocked();
}

void Outbox::SyncLocked() {
  if (unsynced_.empty()) return;
  if (Status status = queue_->Sync(); !status.ok()) {
    SaySpool(status, kNoRoom);
    return;
  }
  for (const auto& receipt : unsynced_) receipt->Done();
  unsynced_.clear();
}

void Outbox::FinishInput() {
  std::lock_guard lock(mutex_);
  finishing_ = true;
  // With a spool the end does not wait for a server that may be away for hours.
  if (queue_ != nullptr) {
    for (auto& [tenant, hold] : holds_) {
      hold.until = Clock::now();
      hold.backoff.Reset();
    }
  }
  changed_.notify_all();
}

void Outbox::Stop() {
  std::lock_guard lock(mutex_);
  if (stopped_at_) return;
  stopped_at_ = Clock::now();
  for (auto& [tenant, hold] : holds_) hold.until = Clock::now();
  changed_.notify_all();
}

bool Outbox::Over() const {
  std::lock_guard lock(mutex_);
  return stopped_at_ && Clock::now() - *stopped_at_ > kStopGrace;
}

Outbox::Left Outbox::Close() {
  std::lock_guard lock(mutex_);
  Left left;
  if (queue_ != nullptr) {
    Status status;
    for (Item& item : window_) {
      if (item.ref) continue;
      if (status = queue_->Append(*item.batch); !status.ok()) break;
      item.ref = 0;
      if (item.receipt) unsynced_.push_back(std::move(item.receipt));
    }
    SyncLocked();
    if (status.ok()) status = queue_->SaveCursor();
    if (!status.ok()) SaySpool(status, kNoRoom);
    left.spooled_batches = queue_->batches();
  }
  for (const Item& item : window_) {
    if (item.ref) continue;
    ++left.lost_batches;
    left.lost_entries += item.batch->entries;
  }
  left.words = last_words_;
  return left;
}

Status Outbox::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

Status Outbox::health() const {
  std::lock_guard lock(mutex_);
  return holds_.empty() ? Status::Ok() : Status(Code::kIo, Named(last_words_));
}
uint64_t Outbox::spool_bytes() const {
  std::lock_guard lock(mutex_);
  return queue_ == nullptr ? 0 : queue_->size_bytes();
}
uint64_t Outbox::spool_batches() const {
  std::lock_guard lock(mutex_);
  return queue_ == nullptr ? 0 : queue_->batches();
}

// --- the workers' side ---

void Outbox::Refill() {
  if (queue_ == nullptr || !queue_->has_more() || Clock::now() < read_again_at_) return;
  while (queue_->has_more() && window_.size() < options_.window_batches &&
         window_bytes_ < options_.window_bytes) {
    std::vector<std::string> warnings;
    auto loaded = queue_->Next(&warnings);
    SayDamage(warnings);
    if (!loaded.ok()) {
      SaySpool(loaded.status(), "trying again");
      read_again_at_ = Clock::now() + kReadAgain;
      return;
    }
    if (!*loaded) break;
    Push((*loaded)->batch, nullptr, (*loaded)->ref);
  }
  spilled_ = !queue_->empty();
}

// The first batch that may go now; `wake`: when to look again.
Outbox::Item* Outbox::FirstReady(Clock::time_point* wake) {
  const Clock::time_point now = Clock::now();
  for (auto item = window_.begin(); item != window_.end(); ++item) {
    if (item->under_way) continue;
    const bool behind_another = std::any_of(window_.begin(), item, [&](const Item& earlier) {
      return earlier.batch->Conflicts(*item->batch);
    });
    if (behind_another) continue;
    auto hold = holds_.find(item->batch->tenant);
    if (hold == holds_.end()) return &*item;
    if (hold->second.probing) continue;
    if (hold->second.until <= now) {
      hold->second.probing = item->is_probe = true;
      return &*item;
    }
    *wake = std::min(*wake, hold->second.until);
  }
  return nullptr;
}

Outbox::Item* Outbox::Take() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (ended_) return nullptr;
    Refill();
    Clock::time_point wake = Clock::now() + std::chrono::hours(1);
    if (Clock::now() < read_again_at_) wake = read_again_at_;
    if (Item* item = FirstReady(&wake)) {
      item->under_way = true;
      return item;
    }
    const bool more = queue_ != nullptr && queue_->has_more();
    if (finishing_ && window_.empty() && !more) return nullptr;
    changed_.wait_until(lock, wake);
  }
}

void Outbox::Release(Item* item) {
  item->under_way = false;
  if (item->is_probe) {
    auto hold = holds_.find(item->batch->tenant);
    if (hold != holds_.end()) hold->second.probing = false;
  }
  item->is_probe = false;
}

void Outbox::Delivered(Item* item) {
  {
    std::lock_guard lock(mutex_);
    // What was under way when another failed says nothing about the next.
    const bool well_again = item->is_probe;
    Release(item);
    if (auto hold = holds_.find(item->batch->tenant); well_again && hold != holds_.end()) {
      if (!hold->second.said.empty()) context_.Say(Named("the server takes records again"));
      holds_.erase(hold);
    }
    if (item->receipt) item->receipt->Done();
    if (item->ref) {
      queue_->Acked(*item->ref);
      spilled_ = spilled_ && !queue_->empty();
    }
    window_bytes_ -= item->batch->body.size();
    window_.remove_if([&](const Item& other) { return &other == item; });
    failures_at_end_ = 0;
    changed_.notify_all();
  }
  on_change_();
}

void Outbox::Failed(Item* item, const Failure& failure) {
  {
    std::lock_guard lock(mutex_);
    auto hold = holds_.find(item->batch->tenant);
    const bool first = hold == holds_.end();
    if (first) {
      const wire::Backoff backoff(options_.min_backoff_ns, options_.max_backoff_ns,
                                  std::random_device()());
      hold = holds_.emplace(item->batch->tenant, Hold{backoff, {}, false, {}, {}}).first;
    }
    // Of batches that were under way together only one makes the wait longer.
    if (first || item->is_probe) {
      int64_t wait_ns = hold->second.backoff.NextNs();
      if (failure.wait_ns) {
        wait_ns = std::max(wait_ns, std::min(*failure.wait_ns, kMaxAskedNs));
      }
      hold->second.until = Clock::now() + nanoseconds(wait_ns);
      SayFailure(failure, wait_ns, &hold->second);
    }
    Release(item);
    last_words_ = failure.words;
    ++item->tries;
    if (queue_ != nullptr && !spilled_) {
      const Status status = Spill();
      SyncLocked();
      if (status.ok()) spilled_ = !queue_->empty();
      if (!status.ok()) SaySpool(status, kNoRoom);
    }
    const bool end = finishing_ && queue_ != nullptr && !failure.throttled;
    if (failure.status.code() == Code::kUsage) {
      ended_ = true;
      status_ = failure.status;
    } else if (stopped_at_ || (end && ++failures_at_end_ >= kFailuresAtEnd)) {
      ended_ = true;
    } else if (options_.max_retries > 0 && item->tries > options_.max_retries) {
      ended_ = true;
      status_ = Status(Code::kGaveUp, Named("gave up after " + std::to_string(item->tries) +
                                            " tries: " + failure.words));
    }
    changed_.notify_all();
  }
  on_change_();
}

// --- words ---

void Outbox::SayFailure(const Failure& failure, int64_t wait_ns, Hold* hold) {
  if (stopped_at_ || failure.status.code() == Code::kUsage) return;
  const std::string gist = Gist(failure.words);
  if (gist == hold->said && Clock::now() - hold->said_at < kSayAgain) return;
  context_.Say(Named(failure.words + "; trying again in " +
                     FormatDuration(std::max(kNsPerMs, wait_ns / kNsPerMs * kNsPerMs))));
  hold->said = gist;
  hold->said_at = Clock::now();
}

void Outbox::SaySpool(const Status& status, std::string_view what_next) {
  if (status.message() == spool_said_ && Clock::now() - spool_said_at_ < kSayAgain) return;
  context_.Say(Named(status.message() + "; " + std::string(what_next)));
  spool_said_ = status.message();
  spool_said_at_ = Clock::now();
}

void Outbox::SayDamage(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) context_.Incomplete("damaged spool parts", warning);
}

}  // namespace glp::push
