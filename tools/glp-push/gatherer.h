// Gathers records to batches, by tenant and lane.
// A tenant that sends little has one open batch, so that a quiet node makes one request per
// --batch-wait. Once a batch is full before its time, the tenant's streams are spread over kLanes
// lanes, each with an open batch, so that as many requests can be under way; a stream stays in its
// lane and so in order. The first batch that is closed by its age brings the one batch back.
// Memory: open batches hold no more than about twice --batch-size together, and are no more than
//         kMaxOpen; beyond that the oldest is closed early.
// Threads: one at a time.
// Errors:  those of the sink.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/strings.h"
#include "batch.h"
#include "cli/delivery.h"
#include "record/labels.h"
#include "record/record.h"
#include "wire/push_batch.h"

namespace glp::push {

struct GatherOptions {
  Labels external;
  std::string tenant_label;  // taken out of the stream; "" for none
  std::string tenant_field;  // of record.fields; "" for none
  uint64_t size_bytes = 0;
  int64_t wait_ns = 0;
};

class Gatherer {
 public:
  static constexpr size_t kLanes = 4;
  static constexpr size_t kMaxOpen = 1000;
  // Takes a closed batch; may wait.
  using Sink = std::function<Status(BatchPtr batch, cli::Delivery::Ticket ticket)>;

  Gatherer(const LabelTable* labels, GatherOptions options, cli::Delivery* delivery, Sink sink);
  ~Gatherer();

  // The tenant of a record, "" for that of the servers. Good until the next call.
  std::string_view TenantOf(const Record& record);
  // REQUIRES: `tenant` is what TenantOf said of `record`.
  Status Add(const Record& record, std::string_view tenant);
  // Closes what is old enough.
  Status CloseOld();
  Status CloseAll();

 private:
  struct Tenant;
  struct Open {
    wire::Batch batch;
    bool is_open = false;
    Tenant* tenant = nullptr;
    uint32_t lanes = 0;
    cli::Delivery::Ticket ticket = 0;
    int64_t opened_ns = 0;  // steady clock
    std::list<Open*>::iterator place;
  };
  struct Tenant {
    std::string name;
    bool busy = false;
    // Only the first unless busy. A busy tenant's buffers stay for its next batches.
    std::array<std::unique_ptr<Open>, kLanes> lanes;
  };
  // What is known of a label set: by its id.
  struct Route {
    const std::string* tenant = nullptr;  // the value of the label; null: not known yet
    uint32_t lane = 0;
  };

  const Route& RouteOf(const LabelSet& labels);
  Tenant& Find(std::string_view name);
  Open& OpenFor(Tenant* tenant, uint32_t lane);
  Status Close(Open* open);
  Status CloseOldest();
  Status CloseTenant(Tenant* tenant);
  void ForgetTenants();

  const LabelTable* const table_;
  const GatherOptions options_;
  cli::Delivery* const delivery_;
  const Sink sink_;

  uint64_t generation_ = 0;
  std::vector<Route> routes_;
  StringMap<std::unique_ptr<Tenant>> tenants_;
  Tenant* last_ = nullptr;
  std::list<Open*> by_age_;
  uint64_t open_bytes_ = 0;
  std::string tenant_;  // scratch of TenantOf
};

}  // namespace glp::push
