#include "append.h"

#include <algorithm>
#include <deque>
#include <vector>

#include "base/time.h"
#include "cli/delivery.h"
#include "cli/record_sink.h"
#include "io/stop.h"
#include "wire/push_judge.h"

namespace glp {
namespace {

// Entries are made durable when no input came for so long, …
constexpr int kIdleMs = 100;
// … or when the oldest that is not durable is so old.
constexpr int64_t kMaxWaitNs = kNsPerSecond;

class StoreSink : public cli::RecordSink {
 public:
  StoreSink(store::Store* store, const std::string& tenant, const wire::Limits& limits,
            cli::Delivery* delivery, cli::Context* context)
      : store_(store),
        tenant_(tenant),
        limits_(limits),
        delivery_(delivery),
        context_(context),
        ticket_(delivery->NewTicket()) {}

  Status OnRecord(const Record& record) override {
    if (!TakesTime(record)) {
      // Dealt with, but not held: should it come again, it is looked at again.
      delivery_->OnRecord(record, ticket_);
      const Source source = ParseSource(record.src);
      if (!source.id.empty()) refused_[std::string(source.id)] = source.next;
      ++refused;
      return Status::Ok();
    }
    store::NewEntry& entry = entries_.emplace_back();
    entry.stream = record.labels;
    entry.ts_ns = record.ts_ns;
    if (decoded_used_ == decoded_.size()) decoded_.emplace_back();
    std::string& scratch = decoded_[decoded_used_];
    entry.line = record.line.Decode(&scratch);
    if (entry.line.data() == scratch.data()) ++decoded_used_;
    entry.meta = record.meta;
    Source source = ParseSource(record.src);
    entry.src_id = source.id;
    entry.src_next = source.next;
    delivery_->OnRecord(record, ticket_);
    entry.src_whole_from = delivery_->WholeFrom();
    if (!refused_.empty() && entry.src_whole_from != store::NewEntry::kNotWhole) {
      const auto found = refused_.find(source.id);
      if (found != refused_.end()) {
        entry.src_whole_from = std::max(entry.src_whole_from, found->second);
      }
    }
    return Status::Ok();
  }

  Status OnMark(const Mark& mark) override {
    delivery_->OnMark(mark);
    return Status::Ok();
  }

  Status OnBatchEnd() override {
    if (!entries_.empty()) {
      delivery_->BeforeSend();
      GLP_RETURN_IF_ERROR(store_->Append(tenant_, entries_, &counts));
      if (oldest_ns_ == 0) oldest_ns_ = NowNs();
      entries_.clear();
      // Strings are used again, but huge ones give their memory back.
      for (size_t i = 0; i < decoded_used_; ++i) {
        if (decoded_[i].capacity() > kKeepBytes) decoded_[i] = std::string();
      }
      decoded_used_ = 0;
    }
    if (oldest_ns_ != 0 && NowNs() - oldest_ns_ >= kMaxWaitNs) return Commit();
    delivery_->Write();
    return Status::Ok();
  }

  Status OnIdle() override {
    if (oldest_ns_ != 0) return Commit();
    delivery_->Write();
    return Status::Ok();
  }

  // All that came is durable by now.
  void OnClosed() { delivery_->Done(ticket_); }

  store::AppendResult counts;
  uint64_t refused = 0;

 private:
  static constexpr size_t kKeepBytes = 4096;

  // Says it, in Loki's words, where the limits do not allow the time.
  bool TakesTime(const Record& record) {
    if (limits_.reject_old_samples_max_age_ns == 0 && limits_.creation_grace_period_ns == 0) {
      return true;
    }
    const std::string why =
        wire::RefusedTime(limits_, NowNs(), record.labels->labels, record.ts_ns);
    if (!why.empty()) context_->Incomplete("refused entries", why);
    return why.empty();
  }

  Status Commit() {
    oldest_ns_ = 0;
    GLP_RETURN_IF_ERROR(store_->Commit());
    delivery_->Done(ticket_);
    ticket_ = delivery_->NewTicket();
    delivery_->Write();
    return Status::Ok();
  }

  store::Store* store_;
  const std::string& tenant_;
  const wire::Limits& limits_;
  cli::Delivery* delivery_;
  cli::Context* context_;
  StringMap<uint64_t> refused_;           // by source: behind the last line that was not taken
  cli::Delivery::Ticket ticket_;          // of what is not durable yet
  std::vector<store::NewEntry> entries_;  // of the batch
  std::deque<std::string> decoded_;       // lines of the batch that had to be decoded
  size_t decoded_used_ = 0;
  int64_t oldest_ns_ = 0;  // when the first entry that is not durable came; 0 for none
};

// Runs of a moment each leave no time for the background: where segments have become many, some are
// merged here. What goes wrong harms nothing that is in the store.
void MergeOnce(store::Store* store, const std::string& tenant, cli::Context& context) {
  if (io::StopRequested()) return;
  store::MergeRequest request;
  request.tenant = tenant;
  request.max_merges = 1;
  request.cancelled = io::StopRequested;
  store::MergeReport report;
  const Status status = store->Merge(request, &report);
  if (!status.ok() && status.code() != Code::kCancelled) {
    context.Say("segments were not merged: " + status.message());
  }
  for (const std::string& what : report.damage) context.Incomplete("damaged parts", what);
}

}  // namespace

void DescribeAppend(cli::Command& c, AppendOptions* o) {
  c.Example("glp-tail '/var/log/**/*.log' | glp-store append --dir logs",
            "take files into a store; a second run adds only what is new");
  c.Example("glp-pack -d build.glp | glp-store append --dir logs", "take a packed file in");
  c.Value("--dir", "DIR", &o->dir, "the store; made where it is missing");
  c.Completes("dir");
  c.Value("--tenant", "ID", &o->tenant, "whose logs they are");
  c.Value("--positions", "FILE", &o->positions,
          "write here how far each log file is in the store; glp-tail --positions begins there");
  c.Completes("file");
  c.Flag("--require-end", &o->require_end,
         "exit with status 3 if a tool in front did not come to its proper end");
  DescribeDurability(c, &o->durability);
  DescribeTimeLimits(c, &o->times);
  DescribeConfig(c, &o->config);
}

cli::RunResult RunAppend(const AppendOptions& options, cli::Context& context) {
  GLP_RETURN_IF_ERROR(store::CheckTenant(options.tenant));
  GLP_ASSIGN_OR_RETURN(const auto config, ReadConfig(options.config, wire::Limits(), context));
  GLP_ASSIGN_OR_RETURN(const std::string dir, ChooseDir(options.dir, "append", config));
  GLP_RETURN_IF_ERROR(cli::RefuseTerminal(context, 0));
  wire::Limits limits = LimitsOf(config, options.tenant);
  SetTimeLimits(options.times, &limits);
  store::Options store_options;
  SetDurability(options.durability, config, &store_options);
  store_options.merge = true;
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<store::Store> store, store::Store::Open(dir, store_options));
  for (const std::string& warning : store->warnings()) {
    context.Incomplete("damaged parts", warning);
  }
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<cli::Delivery> delivery,
                       cli::Delivery::Open(context, options.positions));
  LabelTable labels;
  StoreSink sink(store.get(), options.tenant, limits, delivery.get(), &context);
  cli::ReadOptions read;
  read.idle_ms = kIdleMs;
  read.require_end = options.require_end;
  GLP_ASSIGN_OR_RETURN(bool whole, cli::ReadRecords(context, 0, &labels, &sink, read));
  if (!delivery->IsComplete()) store->DropClaims(options.tenant);
  GLP_RETURN_IF_ERROR(store->Flush());
  sink.OnClosed();
  GLP_RETURN_IF_ERROR(delivery->Finish(whole));
  MergeOnce(store.get(), options.tenant, context);
  GLP_RETURN_IF_ERROR(store->Close());
  context.Say(std::to_string(sink.counts.added) + " added, " +
              std::to_string(sink.counts.duplicates) + " already there" +
              (sink.refused > 0 ? ", " + std::to_string(sink.refused) + " refused" : ""));
  return cli::kExitOk;
}

}  // namespace glp
