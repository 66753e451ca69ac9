// One run with servers: the outboxes, the workers that send, and the sink that gathers what the
// pipe brings. The reader's thread does all but the sending.
//
//   GLP_ASSIGN_OR_RETURN(auto session, Session::Open(options, plan, context, delivery));
//   … cli::ReadRecords(…, session->sink(), …) …
//   GLP_RETURN_IF_ERROR(session->Finish(whole));
//
// Threads: one at a time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cli/delivery.h"
#include "cli/main.h"
#include "cli/metrics.h"
#include "cli/metrics_server.h"
#include "cli/record_sink.h"
#include "dead_letters.h"
#include "gatherer.h"
#include "options.h"
#include "outbox.h"
#include "refusals.h"
#include "server.h"
#include "spool.h"
#include "targets.h"

namespace glp::push {

class Session : public cli::RecordSink {
 public:
  // `plan`, `labels` and `delivery` must outlive it.
  static Result<std::unique_ptr<Session>> Open(const Options& options, const Plan& plan,
                                               cli::Context& context, const LabelTable* labels,
                                               cli::Delivery* delivery);
  // Ends the workers as for a stop if Finish was not called.
  ~Session() override;

  Status OnRecord(const Record& record) override;
  Status OnMark(const Mark& mark) override;
  Status OnBatchEnd() override;
  Status OnIdle() override { return OnBatchEnd(); }

  // Sends what there is. `read`: how reading ended. Errors: those of `read`; Code::kGaveUp where
  // something is not delivered that was to be.
  Status Finish(const Result<bool>& read);

 private:
  Session(const Options& options, const Plan& plan, cli::Context& context, const LabelTable* labels,
          cli::Delivery* delivery);
  Status OpenFiles();
  Status OpenServers();
  Status Deliver(BatchPtr batch, cli::Delivery::Ticket ticket);
  Status RefuseTenant(const Record& record, std::string_view tenant);
  void Tick();
  void Changed();
  void StopAll();
  void StartWorkers();
  void JoinWorkers();
  // Says what is left when all have ended. `status`: how the run went so far.
  Status Close(bool to_the_end, Status status);
  Status Health() const;
  Status FirstError() const;

  struct Road {  // a server and what waits for it
    std::unique_ptr<Outbox> outbox;
    std::unique_ptr<Server> server;
    cli::Gauge* spool_bytes = nullptr;
    cli::Gauge* spool_batches = nullptr;
  };

  const Options& options_;
  const Plan& plan_;
  cli::Context& context_;
  cli::Delivery* const delivery_;
  cli::Metrics metrics_;
  Refusals refusals_;
  std::unique_ptr<DeadLetters> dead_letters_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<Server::Shared> shared_;
  std::vector<Road> roads_;
  Gatherer gatherer_;
  std::unique_ptr<cli::MetricsServer> metrics_server_;

  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t changes_ = 0;
  size_t running_ = 0;
  std::vector<std::thread> workers_;
  std::chrono::steady_clock::time_point synced_at_;
};

}  // namespace glp::push
