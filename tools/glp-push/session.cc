#include "session.h"

#include <chrono>

#include "base/strings.h"
#include "io/stop.h"

namespace glp::push {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// How long a stop may go unseen while the reader waits for room.
constexpr milliseconds kLook{50};
// Batches written to the spool are made durable in groups.
constexpr milliseconds kSyncPause{100};
// Batches that wait for a server in memory: many small ones, so that every lane finds one to send,
// or one large one of each lane with what stands around its lines.
constexpr size_t kWindowBatches = 16;
constexpr uint64_t kWindowPerSize = Gatherer::kLanes + 1;
constexpr uint64_t kMinBatchBytes = 1 << 20;
constexpr size_t kMaxTenantBytes = 150;  // Loki's own limit

// Tenants travel in a header.
bool IsTenant(std::string_view tenant) {
  if (tenant.size() > kMaxTenantBytes) return false;
  for (const char c : tenant) {
    if (c < 0x21 || c > 0x7e) return false;
  }
  return true;
}

}  // namespace

Session::Session(const Options& options, const Plan& plan, cli::Context& context,
                 const LabelTable* labels, cli::Delivery* delivery)
    : options_(options),
      plan_(plan),
      context_(context),
      delivery_(delivery),
      metrics_(context.tool()),
      gatherer_(labels,
                {plan.external, options.tenant_label, options.tenant_field, plan.batch_size_bytes,
                 plan.batch_wait_ns},
                delivery, [this](BatchPtr batch, cli::Delivery::Ticket ticket) {
                  return Deliver(std::move(batch), ticket);
                }) {}

Result<std::unique_ptr<Session>> Session::Open(const Options& options, const Plan& plan,
                                               cli::Context& context, const LabelTable* labels,
                                               cli::Delivery* delivery) {
  std::unique_ptr<Session> session(new Session(options, plan, context, labels, delivery));
  GLP_RETURN_IF_ERROR(session->OpenFiles());
  GLP_RETURN_IF_ERROR(session->OpenServers());
  Session* self = session.get();
  GLP_ASSIGN_OR_RETURN(session->metrics_server_,
                       cli::MetricsServer::Start(context, options.metrics, session->metrics_,
                                                 [self] { return self->Health(); }));
  session->StartWorkers();
  return session;
}

Session::~Session() {
  StopAll();
  JoinWorkers();
}

Status Session::OpenFiles() {
  if (!options_.dead_letters.empty()) {
    GLP_ASSIGN_OR_RETURN(dead_letters_, DeadLetters::Open(options_.dead_letters));
  }
  if (!options_.spool.empty()) {
    GLP_ASSIGN_OR_RETURN(spool_, Spool::Open(options_.spool, options_.spool_max.bytes));
  }
  return Status::Ok();
}

Status Session::OpenServers() {
  shared_.reset(new Server::Shared{context_, &metrics_, &refusals_, dead_letters_.get(),
                                   options_.tenant_label});
  for (const Target& target : plan_.targets) {
    const std::string url = UrlForPeople(target.url);
    OutboxOptions options;
    if (plan_.targets.size() > 1) options.name = url;
    options.window_batches = kWindowBatches;
    options.window_bytes = kWindowPerSize * std::max(plan_.batch_size_bytes, kMinBatchBytes);
    options.max_retries = target.max_retries;
    options.min_backoff_ns = target.min_backoff_ns;
    options.max_backoff_ns = target.max_backoff_ns;
    std::unique_ptr<SpoolQueue> queue;
    if (spool_ != nullptr) {
      std::vector<std::string> warnings;
      GLP_ASSIGN_OR_RETURN(queue, spool_->OpenQueue(url, target.tenant, &warnings));
      for (const std::string& warning : warnings) context_.Say(warning);
      if (queue->batches() > 0) {
        context_.Say(std::to_string(queue->batches()) + " batches wait in the spool for " + url);
      }
    }
    Road& road = roads_.emplace_back();
    road.outbox = std::make_unique<Outbox>(context_, std::move(options), std::move(queue),
                                           [this] { Changed(); });
    road.server = std::make_unique<Server>(*shared_, target, road.outbox.get());
    if (spool_ == nullptr) continue;
    road.spool_bytes = &metrics_.NewGauge("glp_push_spool_bytes", "Bytes of the server's queue.",
                                          {{"host", target.host}});
    road.spool_batches = &metrics_.NewGauge(
        "glp_push_spool_batches", "Batches that wait in the spool.", {{"host", target.host}});
  }
  if (spool_ == nullptr) return Status::Ok();
  GLP_ASSIGN_OR_RETURN(const std::vector<std::string> others, spool_->OtherQueues());
  for (const std::string& url : others) {
    context_.Say("the spool has batches for " + url +
                 ", which no --url is about; they are kept as they are");
  }
  return Status::Ok();
}

// --- workers ---

void Session::StartWorkers() {
  running_ = roads_.size() * Gatherer::kLanes;
  for (Road& road : roads_) {
    for (size_t i = 0; i < Gatherer::kLanes; ++i) {
      workers_.emplace_back([this, server = road.server.get()] {
        server->Work();
        std::lock_guard lock(mutex_);
        --running_;
        changed_.notify_all();
      });
    }
  }
}

void Session::Changed() {
  std::lock_guard lock(mutex_);
  ++changes_;
  changed_.notify_all();
}

void Session::StopAll() {
  for (Road& road : roads_) road.outbox->Stop();
}

void Session::JoinWorkers() {
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

Status Session::FirstError() const {
  for (const Road& road : roads_) GLP_RETURN_IF_ERROR(road.outbox->status());
  return Status::Ok();
}

Status Session::Health() const {
  for (const Road& road : roads_) GLP_RETURN_IF_ERROR(road.outbox->health());
  return Status::Ok();
}

// --- the pipe ---

Status Session::OnRecord(const Record& record) {
  const std::string_view tenant = gatherer_.TenantOf(record);
  if (!IsTenant(tenant)) return RefuseTenant(record, tenant);
  return gatherer_.Add(record, tenant);
}

Status Session::RefuseTenant(const Record& record, std::string_view tenant) {
  const std::string why = "'" + std::string(tenant.substr(0, kMaxTenantBytes)) +
                          "' cannot be a tenant (printable ASCII without blanks, 150 at most)";
  const cli::Delivery::Ticket ticket = delivery_->NewTicket();
  delivery_->OnRecord(record, ticket);
  if (dead_letters_ != nullptr) {
    std::string text;
    AppendDeadLetter(&text, record, {why, {}, record.src, false});
    GLP_RETURN_IF_ERROR(dead_letters_->Keep(text));
  }
  delivery_->Done(ticket);
  refusals_.Add({{"invalid_tenant", 1}}, 0);
  context_.Incomplete("records with a bad tenant", "record refused: " + why);
  return Status::Ok();
}

Status Session::OnMark(const Mark& mark) {
  delivery_->OnMark(mark);
  return Status::Ok();
}

Status Session::OnBatchEnd() {
  GLP_RETURN_IF_ERROR(gatherer_.CloseOld());
  Tick();
  return FirstError();
}

void Session::Tick() {
  const bool sync = Clock::now() - synced_at_ >= kSyncPause;
  for (Road& road : roads_) {
    if (sync) road.outbox->Sync();
    if (road.spool_bytes == nullptr) continue;
    road.spool_bytes->Set(static_cast<int64_t>(road.outbox->spool_bytes()));
    road.spool_batches->Set(static_cast<int64_t>(road.outbox->spool_batches()));
  }
  if (sync) synced_at_ = Clock::now();
  delivery_->Write();
}

// Each server takes it at its own pace; the reader waits for the last.
Status Session::Deliver(BatchPtr batch, cli::Delivery::Ticket ticket) {
  delivery_->BeforeSend();
  auto receipt = std::make_shared<Receipt>(delivery_, ticket, roads_.size());
  std::vector<Outbox*> left;
  for (Road& road : roads_) left.push_back(road.outbox.get());
  for (;;) {
    uint64_t seen = 0;
    {
      std::lock_guard lock(mutex_);
      seen = changes_;
    }
    if (io::StopRequested()) StopAll();
    std::erase_if(left, [&](Outbox* outbox) { return outbox->Offer(batch, receipt); });
    if (left.empty()) return Status::Ok();
    GLP_RETURN_IF_ERROR(FirstError());
    Tick();
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kLook, [&] { return changes_ != seen; });
  }
}

// --- the end ---

Status Session::Finish(const Result<bool>& read) {
  Status status = read.status();
  const bool at_end = read.ok() && *read;
  if (status.ok() && !at_end) StopAll();
  if (status.ok()) status = gatherer_.CloseAll();
  // After an error what was gathered is not safe, and positions do not pass it.
  if (!status.ok()) StopAll();
  for (Road& road : roads_) road.outbox->FinishInput();
  for (;;) {
    if (io::StopRequested()) StopAll();
    Tick();
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, kLook, [&] { return running_ == 0; })) break;
  }
  JoinWorkers();
  if (status.ok()) status = FirstError();
  status = Close(at_end && !io::StopRequested(), status);
  if (const std::string summary = refusals_.Summary(); !summary.empty()) context_.Say(summary);
  Status written = delivery_->Finish(at_end && status.ok());
  return status.ok() ? written : status;
}

Status Session::Close(bool to_the_end, Status status) {
  // The first is the reason to give up; what more there is, is said.
  const bool explained = !status.ok();
  auto give_up = [&](const std::string& text) {
    if (!status.ok()) context_.Say(text);
    if (status.ok()) status = Status(Code::kGaveUp, text);
  };
  for (size_t i = 0; i < roads_.size(); ++i) {
    const Outbox::Left left = roads_[i].outbox->Close();
    const std::string url = UrlForPeople(plan_.targets[i].url);
    const std::string words = left.words.empty() || explained ? "" : ": " + left.words;
    if (left.spooled_batches > 0) {
      const std::string text =
          std::to_string(left.spooled_batches) + " batches wait in the spool for " + url +
          "; the next glp-push with --spool " + options_.spool + " sends them" + words;
      if (to_the_end) give_up(text);
      if (!to_the_end) context_.Say(text);
    }
    if (left.lost_entries > 0) {
      const std::string name = roads_.size() > 1 ? url + ": " : "";
      give_up(name + "stopped with " + std::to_string(left.lost_entries) + " records not sent" +
              words);
    }
  }
  return status;
}

}  // namespace glp::push
