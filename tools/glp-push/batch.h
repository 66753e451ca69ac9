// A batch: what is sent, spooled and acknowledged as one, and who waits for that.
// Lifetime: shared by the outboxes of all servers until the last is done with it.
// Threads:  a Batch const from any; a Receipt from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "cli/delivery.h"

namespace glp::push {

struct Batch {
  std::string tenant;  // "": the server's own
  // A bit for each lane that the batch has streams of. The streams of a lane keep their order at
  // the server, because two batches of a tenant with a lane in common are never under way at once.
  uint32_t lanes = 0;
  uint64_t entries = 0;
  uint64_t size_bytes = 0;  // lines and metadata
  std::string body;         // canonical: wire/PUSH.md

  bool Conflicts(const Batch& other) const {
    return (lanes & other.lanes) != 0 && tenant == other.tenant;
  }
};
using BatchPtr = std::shared_ptr<const Batch>;

// Tells the delivery that a batch is safe once each of `servers` said so.
class Receipt {
 public:
  Receipt(cli::Delivery* delivery, cli::Delivery::Ticket ticket, size_t servers)
      : delivery_(delivery), ticket_(ticket), left_(servers) {}
  void Done() {
    if (--left_ == 0) delivery_->Done(ticket_);
  }

 private:
  cli::Delivery* const delivery_;
  const cli::Delivery::Ticket ticket_;
  std::atomic<size_t> left_;
};

}  // namespace glp::push
