#include "batcher.h"

#include <chrono>

namespace glp::push {
namespace {

// Empty lines count nothing in a batch; their times and brackets still take memory.
constexpr uint64_t kBodyPerSize = 4;
constexpr uint64_t kMinBodyBytes = 64 << 10;

int64_t SteadyNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Batcher::Batcher(const LabelTable* labels, Labels external, uint64_t size_bytes, int64_t wait_ns,
                 Sender* sender)
    : batch_(labels, std::move(external)),
      size_bytes_(size_bytes),
      wait_ns_(wait_ns),
      sender_(sender) {}

Status Batcher::OnRecord(const Record& record) {
  // Escapes make the text longer than the line: the estimate may only be too high.
  const uint64_t more = record.line.text.size() + record.meta.size();
  const bool full = batch_.size_bytes() + more > size_bytes_ ||
                    batch_.body_bytes() > kBodyPerSize * size_bytes_ + kMinBodyBytes;
  if (!batch_.empty() && full) GLP_RETURN_IF_ERROR(Send());
  if (batch_.empty()) oldest_ns_ = SteadyNs();
  batch_.Add(record);
  return Status::Ok();
}

Status Batcher::SendIfOld() {
  if (batch_.empty() || SteadyNs() - oldest_ns_ < wait_ns_) return Status::Ok();
  return Send();
}

Status Batcher::Send() {
  if (batch_.empty()) return Status::Ok();
  GLP_RETURN_IF_ERROR(sender_->Send(batch_));
  batch_.Clear();
  return Status::Ok();
}

}  // namespace glp::push
