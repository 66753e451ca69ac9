#include "push.h"

#include <algorithm>

#include "batcher.h"
#include "cli/record_sink.h"
#include "record/labels.h"
#include "sender.h"

namespace glp::push {
namespace {

constexpr int64_t kMaxIdleMs = 100;

Result<Labels> ParseLabels(const std::vector<std::string>& texts) {
  Labels labels;
  for (const std::string& text : texts) {
    const size_t equal = text.find('=');
    if (equal == std::string::npos || !IsLabelName(std::string_view(text).substr(0, equal))) {
      return UsageError("--external-label '" + text +
                        "' is not NAME=VALUE with a name of letters, digits and _");
    }
    labels.push_back({text.substr(0, equal), text.substr(equal + 1)});
  }
  return labels;
}

Status CheckTimes(const Options& o) {
  if (o.timeout.ns < kNsPerMs) return UsageError("--timeout must be 1ms or more");
  if (o.batch_wait.ns < 0) return UsageError("--batch-wait must not be negative");
  if (o.min_backoff.ns < kNsPerMs) return UsageError("--min-backoff must be 1ms or more");
  if (o.max_backoff.ns < o.min_backoff.ns) {
    return UsageError("--max-backoff must not be less than --min-backoff");
  }
  return Status::Ok();
}

}  // namespace

cli::RunResult Run(const Options& options, cli::Context& context) {
  GLP_RETURN_IF_ERROR(CheckTimes(options));
  GLP_ASSIGN_OR_RETURN(Labels external, ParseLabels(options.external_labels));
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<Sender> sender, MakeSender(options, context));

  LabelTable labels;
  Batcher batcher(&labels, std::move(external), options.batch_size.bytes, options.batch_wait.ns,
                  sender.get());
  const int64_t wait_ms = options.batch_wait.ns / kNsPerMs;
  const int idle_ms = static_cast<int>(std::clamp<int64_t>(wait_ms / 10, 1, kMaxIdleMs));
  cli::ReadOptions read;
  read.idle_ms = idle_ms;
  GLP_RETURN_IF_ERROR(cli::ReadRecords(context, 0, &labels, &batcher, read).status());
  GLP_RETURN_IF_ERROR(batcher.Send());
  GLP_RETURN_IF_ERROR(sender->Finish());
  return cli::kExitOk;
}

}  // namespace glp::push
