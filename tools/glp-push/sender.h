// Where batches go: a server, or standard output for a dry run.
// Threads: one at a time.
#pragma once

#include <memory>

#include "cli/main.h"
#include "options.h"
#include "wire/push_json.h"

namespace glp::push {

class Sender {
 public:
  virtual ~Sender() = default;
  // Returns when the batch is dealt with: taken, or refused for good (which is said, and makes the
  // run incomplete). Errors: Code::kGaveUp; Code::kIo for what cannot get better.
  virtual Status Send(const wire::PushBatch& batch) = 0;
  // Behind the last batch.
  virtual Status Finish() { return Status::Ok(); }
};

// Lines of a batch that Loki's JSON could not hold as they are make the run incomplete.
void TellChangedLines(cli::Context& context, const wire::PushBatch& batch);

// Errors: Code::kUsage for a URL or a token file that is no good.
Result<std::unique_ptr<Sender>> MakeSender(const Options& options, cli::Context& context);

}  // namespace glp::push
