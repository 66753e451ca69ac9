#include "push.h"

#include <algorithm>

#include "base/time.h"
#include "cli/delivery.h"
#include "cli/record_sink.h"
#include "dry_run.h"
#include "session.h"
#include "targets.h"

namespace glp::push {
namespace {

constexpr int64_t kMaxIdleMs = 100;

}  // namespace

cli::RunResult Run(const Options& options, cli::Context& context) {
  GLP_ASSIGN_OR_RETURN(const Plan plan, MakePlan(options));
  if (options.dry_run) return DryRun(options, plan, context);

  LabelTable labels;
  GLP_ASSIGN_OR_RETURN(auto delivery, cli::Delivery::Open(context, options.positions));
  GLP_ASSIGN_OR_RETURN(auto session,
                       Session::Open(options, plan, context, &labels, delivery.get()));
  const int64_t wait_ms = plan.batch_wait_ns / kNsPerMs;
  cli::ReadOptions read;
  read.idle_ms = static_cast<int>(std::clamp<int64_t>(wait_ms / 10, 1, kMaxIdleMs));
  read.require_end = options.require_end;
  GLP_RETURN_IF_ERROR(session->Finish(cli::ReadRecords(context, 0, &labels, session.get(), read)));
  return cli::kExitOk;
}

}  // namespace glp::push
