#include "dry_run.h"

#include "cli/delivery.h"
#include "cli/record_sink.h"
#include "gatherer.h"
#include "io/output.h"
#include "wire/push_body.h"

namespace glp::push {
namespace {

class Printer : public cli::RecordSink {
 public:
  Printer(cli::Context& context, cli::Delivery* delivery, const LabelTable* labels,
          GatherOptions options)
      : context_(context),
        gatherer_(labels, std::move(options), delivery,
                  [this](const BatchPtr& batch, cli::Delivery::Ticket) { return Print(*batch); }) {}

  Status OnRecord(const Record& record) override {
    return gatherer_.Add(record, gatherer_.TenantOf(record));
  }
  Status OnBatchEnd() override { return gatherer_.CloseOld(); }
  Status OnIdle() override { return gatherer_.CloseOld(); }
  Status Finish() { return gatherer_.CloseAll(); }

 private:
  Status Print(const Batch& batch) {
    const std::string_view body = batch.body;
    GLP_ASSIGN_OR_RETURN(
        const wire::PushBody made,
        wire::MakePushBody({&body, 1}, wire::PushFormat::kJson, false, wire::PushTarget::kLoki));
    for (uint64_t i = 0; i < made.changed_lines; ++i) {
      context_.Incomplete("changed lines",
                          "a line is not UTF-8: bytes that Loki's JSON cannot hold were replaced");
    }
    out_.buffer() += made.bytes;
    out_.buffer() += '\n';
    return out_.Flush();
  }

  cli::Context& context_;
  io::Output out_{1, "standard output"};
  Gatherer gatherer_;
};

}  // namespace

cli::RunResult DryRun(const Options& options, const Plan& plan, cli::Context& context) {
  LabelTable labels;
  GLP_ASSIGN_OR_RETURN(auto delivery, cli::Delivery::Open(context, ""));
  Printer printer(context, delivery.get(), &labels,
                  {plan.external, options.tenant_label, options.tenant_field, plan.batch_size_bytes,
                   plan.batch_wait_ns});
  cli::ReadOptions read;
  read.require_end = options.require_end;
  GLP_RETURN_IF_ERROR(cli::ReadRecords(context, 0, &labels, &printer, read).status());
  GLP_RETURN_IF_ERROR(printer.Finish());
  return cli::kExitOk;
}

}  // namespace glp::push
