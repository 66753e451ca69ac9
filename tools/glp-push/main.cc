#include "cli/main.h"

#include <malloc.h>

#include "cli/metrics_server.h"
#include "options.h"
#include "push.h"

namespace glp::push {
namespace {

void DescribeServers(cli::Command* c, Options* o) {
  c->Value("-u,--url", "URL", &o->urls,
           "server to push to; without a path /loki/api/v1/push is meant; of several each "
           "gets everything at its own pace");
  c->Value("-c,--config", "FILE", &o->config,
           "take the servers from `clients:` of promtail's configuration; other options win");
  c->Completes("file");
  c->Flag("--expand-env", &o->expand_env,
          "fill in ${NAME} and ${NAME:-default} in the configuration");
  c->Value("--token-file", "FILE", &o->token_file,
           "send the token in this file as bearer authorization; read again for each request");
  c->Completes("file");
  c->Value("--user", "NAME", &o->user, "log in by basic authorization, with --password-file");
  c->Value("--password-file", "FILE", &o->password_file,
           "the password for --user; read again for each request");
  c->Completes("file");
  c->Value("--header", "'NAME: VALUE'", &o->headers, "add a header to every request");
  c->Value("--ca-file", "FILE", &o->ca_file,
           "trust the certificate authorities in this file instead of the system's");
  c->Completes("file");
  c->Value("--cert-file", "FILE", &o->cert_file, "show the server this certificate (PEM)");
  c->Completes("file");
  c->Value("--key-file", "FILE", &o->key_file, "the key to --cert-file (PEM)");
  c->Completes("file");
  c->Value("--server-name", "NAME", &o->server_name,
           "name that the server's certificate must have, in place of the URL's");
  c->Flag("--insecure-skip-verify", &o->insecure_skip_verify, "take any certificate of the server");
  c->Value("--proxy", "URL", &o->proxy,
           "proxy to go through; else the environment's http_proxy, https_proxy and no_proxy");
}

void DescribeBatches(cli::Command* c, Options* o) {
  c->Value("--external-label", "K=V", &o->external_labels,
           "add a label to every record; a label that the record has wins");
  c->Value("--tenant", "ID", &o->tenant, "tenant of records that name none (header X-Scope-OrgID)");
  c->Value("--tenant-label", "NAME", &o->tenant_label,
           "label that names a record's tenant; it is taken out of the stream");
  c->Value("--tenant-field", "NAME", &o->tenant_field,
           "key of the record's fields that names its tenant");
  c->Value("--batch-size", "SIZE", &o->batch_size,
           "send once so many bytes of lines and metadata are gathered");
  c->DefaultText("1MiB");
  c->Value("--batch-wait", "TIME", &o->batch_wait,
           "send at the latest so long after a record came");
  c->DefaultText("1s");
  c->Choice("--format", {"protobuf", "json"}, &o->format, "form of the requests");
  c->Flag("--gzip", &o->gzip, "compress what is sent with gzip");
}

void DescribeDelivery(cli::Command* c, Options* o) {
  c->Value("--positions", "FILE", &o->positions,
           "write here how far each file is delivered; glp-tail --positions goes on from there");
  c->Completes("file");
  c->Flag("--require-end", &o->require_end,
          "exit with status 3 unless every stage in front said that it ended");
  c->Value("--spool", "DIR", &o->spool,
           "keep on disk what a server cannot take now, and send it when it can");
  c->Completes("dir");
  c->Value("--spool-max", "SIZE", &o->spool_max,
           "most bytes in the spool; when it is full the reader waits");
  c->DefaultText("1GiB");
  c->Value("--dead-letters", "FILE", &o->dead_letters,
           "append records that a server refused for good, with its reason");
  c->Completes("file");
  c->Value("--timeout", "TIME", &o->timeout, "wait so long for the answer to a request");
  c->DefaultText("10s");
  c->Value("--max-retries", "N", &o->max_retries,
           "give up with exit status 75 after so many repeats of a request; 0 never gives up");
  c->DefaultText("0");
  c->Value("--min-backoff", "TIME", &o->min_backoff, "first wait between two tries; doubles");
  c->DefaultText("500ms");
  c->Value("--max-backoff", "TIME", &o->max_backoff, "longest wait between two tries");
  c->DefaultText("5m");
  cli::MetricsServer::Describe(c, &o->metrics);
}

cli::Command Describe(Options* o) {
  cli::Command c("glp-push", "records to a Loki-compatible server");
  c.Example("glp-tail -f app.log --label app=web | glp-push --url http://loki:3100",
            "send lines as they come");
  c.Example(
      "glp-tail -f '/var/log/pods/*/*/*.log' | glp-parse --cri | "
      "glp-push --url http://loki:3100 --external-label hostname=$NODE_NAME",
      "the logs of a node, each stream with the node's name");
  c.Example(
      "glp-tail -f app.log --positions pos | "
      "glp-push -u http://loki:3100 --positions pos --spool /var/spool/glp --dead-letters refused",
      "lose nothing: not in a crash, not while the server is away, not what it refuses");
  c.Example("glp-push -c promtail.yml < records.ndjson", "to the servers of promtail's `clients:`");
  c.Example("glp-push --dry-run < records.ndjson | jq .", "see what would be sent");

  DescribeServers(&c, o);
  DescribeBatches(&c, o);
  DescribeDelivery(&c, o);
  c.Flag("--dry-run", &o->dry_run, "print the request bodies as JSON, a line each; send nothing");
  return c;
}

}  // namespace
}  // namespace glp::push

int main(int argc, char** argv) {
  // A heap for each thread would keep what a few large buffers once needed.
  mallopt(M_ARENA_MAX, 1);
  glp::push::Options options;
  glp::cli::Command command = glp::push::Describe(&options);
  return glp::cli::Main(argc, argv, command, [&](glp::cli::Context& context) {
    return glp::push::Run(options, context);
  });
}
