#include "base/memory_budget.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>

namespace glp {
namespace {

constexpr size_t kStepBytes = 1 << 20;
// What held so much gives it back to the system: malloc keeps pages of small pieces otherwise, for
// each thread its own.
constexpr size_t kTrimBytes = size_t{64} << 20;
// Between two looks at whether a wait is still wanted.
constexpr auto kLook = std::chrono::milliseconds(20);

std::string Mib(size_t bytes) {
  return bytes < kStepBytes ? std::to_string(bytes) + " bytes"
                            : std::to_string(bytes / kStepBytes) + " MiB";
}

}  // namespace

size_t MemoryBudget::used_bytes() const {
  std::lock_guard lock(mutex_);
  return used_bytes_;
}

MemoryClaim::~MemoryClaim() {
  // What others are given now must be free.
  if (granted_ >= kTrimBytes) malloc_trim(0);
  std::lock_guard lock(budget_.mutex_);
  budget_.used_bytes_ -= granted_;
  if (is_listed_) std::erase(budget_.claims_, this);
  budget_.changed_.notify_all();
}

bool MemoryClaim::HasOlderWaiting() const {
  for (const MemoryClaim* claim : budget_.claims_) {
    if (claim == this) return false;
    if (claim->waiting_ > 0) return true;
  }
  return false;
}

Status MemoryClaim::Grow() {
  const MemoryBudget::Options& options = budget_.options_;
  const size_t most = std::min(options.claim_bytes, options.total_bytes);
  std::unique_lock lock(budget_.mutex_);
  if (!is_listed_) budget_.claims_.push_back(this);
  is_listed_ = true;
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(options.wait_ms);
  for (;;) {
    // Another thread may have grown it, or given something back.
    const size_t used = used_, granted = granted_;
    if (used <= granted) return Status::Ok();
    if (used > most) {
      return {Code::kLimit, options.what + " needs more than " + Mib(most) + " of memory" +
                                (options.advice.empty() ? "" : "; " + options.advice)};
    }
    const size_t more = std::min(std::max(used - granted, kStepBytes), most - granted);
    const bool older_waits = HasOlderWaiting();
    if (!older_waits && more <= options.total_bytes - budget_.used_bytes_) {
      granted_ = granted + more;
      budget_.used_bytes_ += more;
      return Status::Ok();
    }
    if ((older_waits && granted > 0) || std::chrono::steady_clock::now() >= until) {
      is_refused_ = true;
      return {Code::kLimit, "others hold the " + Mib(options.total_bytes) + " of memory that " +
                                options.what + " may be given from; try later"};
    }
    if (cancelled_ && cancelled_()) return {Code::kCancelled, "nobody waits for it any more"};
    // Those that are younger and wait have to know.
    if (++waiting_ == 1) budget_.changed_.notify_all();
    budget_.changed_.wait_for(lock, kLook);
    --waiting_;
  }
}

}  // namespace glp
