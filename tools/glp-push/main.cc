#include "cli/main.h"

#include "options.h"
#include "push.h"

namespace glp::push {
namespace {

cli::Command Describe(Options* o) {
  cli::Command c("glp-push", "records to a Loki-compatible server");
  c.Example("glp-tail -f app.log --label app=web | glp-push --url http://loki:3100",
            "send lines as they come");
  c.Example(
      "glp-tail -f '/var/log/pods/*/*/*.log' | glp-parse --cri | "
      "glp-push --url http://loki:3100 --external-label hostname=$NODE_NAME",
      "the logs of a node, each stream with the node's name");
  c.Example("glp-push --dry-run < records.ndjson | jq .", "see what would be sent");

  c.Value("-u,--url", "URL", &o->url,
          "server to push to; without a path /loki/api/v1/push is meant");
  c.Value("--external-label", "K=V", &o->external_labels,
          "add a label to every record; a label that the record has wins");
  c.Value("--batch-size", "SIZE", &o->batch_size,
          "send once so many bytes of lines and metadata are gathered");
  c.Value("--batch-wait", "TIME", &o->batch_wait, "send at the latest so long after a record came");
  c.Value("--tenant", "ID", &o->tenant, "send to this tenant (header X-Scope-OrgID)");
  c.Value("--token-file", "FILE", &o->token_file,
          "send the token in this file as bearer authorization; read again for each request");
  c.Completes("file");
  c.Value("--timeout", "TIME", &o->timeout, "wait so long for the answer to a request");
  c.Value("--max-retries", "N", &o->max_retries,
          "give up with exit status 75 after so many repeats of a request; 0 never gives up");
  c.Value("--min-backoff", "TIME", &o->min_backoff, "first wait between two tries; doubles");
  c.Value("--max-backoff", "TIME", &o->max_backoff, "longest wait between two tries");
  c.Flag("--gzip", &o->gzip, "compress what is sent");
  c.Flag("--dry-run", &o->dry_run, "print the request bodies, a line each, and send nothing");
  return c;
}

}  // namespace
}  // namespace glp::push

int main(int argc, char** argv) {
  glp::push::Options options;
  glp::cli::Command command = glp::push::Describe(&options);
  return glp::cli::Main(argc, argv, command, [&](glp::cli::Context& context) {
    return glp::push::Run(options, context);
  });
}
