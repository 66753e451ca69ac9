#include "sender.h"

#include "http_sender.h"
#include "io/output.h"

namespace glp::push {
namespace {

class DrySender : public Sender {
 public:
  Status Send(const wire::PushBatch& batch) override {
    batch.AppendBody(&out_.buffer(), false);
    out_.buffer() += '\n';
    return out_.Flush();
  }

 private:
  io::Output out_{1, "standard output"};
};

}  // namespace

Result<std::unique_ptr<Sender>> MakeSender(const Options& options, cli::Context& context) {
  if (options.dry_run) return std::unique_ptr<Sender>(std::make_unique<DrySender>());
  if (options.url.empty()) {
    return UsageError("--url is missing; try --url http://localhost:3100, or --dry-run");
  }
  return MakeHttpSender(options, context);
}

}  // namespace glp::push
