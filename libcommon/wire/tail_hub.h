// From pushes to those who tail: what was stored is handed, batch by batch, to the listeners whose
// selector matches, on one thread that is there while somebody listens.
//
//   TailHub hub;
//   std::shared_ptr<TailHub::Listener> listener = …;
//   hub.Add(listener);
//   hub.Publish("fake", entries);       // listener->Take(batch), soon, on the hub's thread
//   hub.Remove(listener.get());         // not called any more when this has returned
//
// Lifetime: a batch and its label sets live as long as somebody holds the batch.
// Threads:  safe from any. Take and Tick come from one thread, one at a time.
// Memory:   kMaxWaitingBytes of batches that the thread has not come to; what comes beyond that is
//           not handed on, and the listeners are told how much it was.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/strings.h"
#include "logql/ast.h"
#include "logql/source.h"
#include "record/labels.h"
#include "store/store.h"

namespace glp::wire {

class TailHub {
 public:
  static constexpr size_t kMaxWaitingBytes = 32 << 20;

  struct Batch {
    std::string tenant;
    int64_t arrived_ns = 0;             // of the clock that Tick is given
    std::vector<logql::Entry> entries;  // in the order of the push
    uint64_t lost = 0;  // entries of the tenant that somebody wanted and that are in no batch
    LabelTable labels;  // of `entries`
    std::string text;   // what their views look into
  };

  class Listener {
   public:
    Listener(std::string tenant, std::vector<logql::Matcher> matchers)
        : tenant_(std::move(tenant)), matchers_(std::move(matchers)) {}
    virtual ~Listener() = default;
    // A batch of the tenant, in which streams of others may be, too.
    virtual void Take(const std::shared_ptr<const Batch>& batch) = 0;
    // About every 100 ms.
    virtual void Tick(int64_t now_ns) = 0;

    const std::string& tenant() const { return tenant_; }
    bool Matches(const LabelSet& stream) const;

   private:
    friend class TailHub;
    const std::string tenant_;
    const std::vector<logql::Matcher> matchers_;  // prepared
    bool removed_ = false;                        // guarded by the hub's mutex
  };

  TailHub() = default;
  ~TailHub();
  TailHub(const TailHub&) = delete;
  TailHub& operator=(const TailHub&) = delete;

  // How many listeners the tenant has with this one, which is not added where that is more than
  // `most`; 0: no limit.
  size_t Add(std::shared_ptr<Listener> listener, size_t most = 0);
  void Remove(Listener* listener);
  size_t listeners() const { return count_.load(std::memory_order_relaxed); }
  // Costs next to nothing where nobody listens.
  void Publish(std::string_view tenant, std::span<const store::NewEntry> entries);

 private:
  void Run();
  // Whether somebody listens to the stream. REQUIRES: mutex_ held
  bool IsWanted(std::string_view tenant, const LabelSet& stream);
  size_t CountOf(std::string_view tenant) const;  // REQUIRES: mutex_ held
  // What the thread hands on next, nullptr for nothing. REQUIRES: mutex_ held
  std::shared_ptr<const Batch> NextBatch();
  void ForgetWanted();

  std::atomic<size_t> count_{0};
  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::vector<std::shared_ptr<Listener>> listeners_;
  StringMap<bool> wanted_;  // by tenant and stream, since listeners changed; some of them
  size_t wanted_bytes_ = 0;
  std::string key_;  // scratch
  std::deque<std::shared_ptr<Batch>> waiting_;
  size_t waiting_bytes_ = 0;
  StringMap<uint64_t> lost_;        // by tenant, not told yet
  const Listener* busy_ = nullptr;  // whom the thread is calling
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace glp::wire
