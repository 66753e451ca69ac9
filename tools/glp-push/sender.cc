#include "sender.h"

#include "http_sender.h"
#include "io/output.h"

namespace glp::push {
namespace {

class DrySender : public Sender {
 public:
  explicit DrySender(cli::Context& context) : context_(context) {}
  Status Send(const wire::PushBatch& batch) override {
    batch.AppendBody(&out_.buffer(), false);
    out_.buffer() += '\n';
    TellChangedLines(context_, batch);
    return out_.Flush();
  }

 private:
  cli::Context& context_;
  io::Output out_{1, "standard output"};
};

}  // namespace

void TellChangedLines(cli::Context& context, const wire::PushBatch& batch) {
  for (uint64_t i = 0; i < batch.odd_lines(); ++i) {
    context.Incomplete("changed lines",
                       "a line is not UTF-8: bytes that Loki's JSON cannot hold were replaced");
  }
}

Result<std::unique_ptr<Sender>> MakeSender(const Options& options, cli::Context& context) {
  if (options.dry_run) return std::unique_ptr<Sender>(std::make_unique<DrySender>(context));
  if (options.url.empty()) {
    return UsageError("--url is missing; try --url http://localhost:3100, or --dry-run");
  }
  return MakeHttpSender(options, context);
}

}  // namespace glp::push
