#include "cli/main.h"

#include "options.h"
#include "run.h"

namespace glp::query {
namespace {

void DescribeServers(cli::Command* c, Options* o) {
  c->Section("Servers");
  c->Value("--tenant", "ID", &o->tenant, "whose logs: of a store, or as a server's X-Scope-OrgID");
  c->DefaultText("fake in a store; $LOKI_ORG_ID or none for a server");
  c->Value("--batch", "N", &o->batch, "lines asked of a server at once");
  c->DefaultText("as many as it gives");
  c->Value("--token-file", "FILE", &o->server.token_file, "file with the bearer token");
  c->Completes("file");
  c->Value("--user,--username", "NAME", &o->server.user,
           "log in by basic authorization, with --password-file");
  c->Value("--password-file", "FILE", &o->server.password_file, "the password for --user");
  c->Completes("file");
  c->Value("--header", "'NAME: VALUE'", &o->server.headers, "add a header to every request");
  c->Value("--ca-file,--ca-cert", "FILE", &o->server.ca_file,
           "trust the certificate authorities in this file instead of the system's");
  c->Completes("file");
  c->Value("--cert-file,--cert", "FILE", &o->server.cert_file,
           "show the server this certificate (PEM)");
  c->Completes("file");
  c->Value("--key-file", "FILE", &o->server.key_file, "the key to --cert-file (PEM)");
  c->Completes("file");
  c->Flag("--insecure-skip-verify,--tls-skip-verify", &o->server.insecure_skip_verify,
          "take any certificate of the server");
  c->Value("--proxy,--proxy-url", "URL", &o->server.proxy,
           "proxy to go through; else the environment's http_proxy, https_proxy and no_proxy");
}

void DescribeCommands(cli::Command* c, Options* o) {
  c->Section("Commands");
  c->Flag("--analyze-labels", &o->analyze_labels,
          "of `series`: how many values each label has, and how many streams have it");
  c->Value("--target-labels", "NAME,…", &o->target_labels,
           "of `volume`: sums by the values of these labels");
  c->Value("--aggregate-by", "series|labels", &o->aggregate_by,
           "of `volume`: a sum for each combination of values, or for each label");
  c->DefaultText("series");
  c->Value("--line-limit", "N", &o->line_limit,
           "of `fields`: look at the newest N lines; 0 is all, of sources that are read here");
  c->Value("--max-interval", "TIME", &o->max_interval,
           "of `delete create` with line filters: the server works in steps of this length");
  c->Flag("--force", &o->force,
          "of `delete cancel`: also where the server has begun with the request");
}

void DescribeParallel(cli::Command* c, Options* o) {
  c->Section("Reading a long range of a server");
  c->Value("--parallel-max-workers", "N", &o->parallel_max_workers,
           "cut the range into jobs of time that N connections read; lines come in order");
  c->Value("--parallel-duration", "TIME", &o->parallel_duration, "length of a job");
  c->DefaultText("1h");
  c->Value("--part-path-prefix", "PREFIX", &o->part_path_prefix,
           "write each job to PREFIX_START_END.part; what is there already is not read again");
  c->Completes("file");
  c->Flag("--overwrite-completed-parts", &o->overwrite_completed_parts,
          "read again what is there already");
  c->Flag("--merge-parts", &o->merge_parts,
          "print all parts in order once they are there, and remove them");
  c->Flag("--keep-parts", &o->keep_parts, "with --merge-parts: leave them");
}

cli::Command Describe(Options* o) {
  cli::Command c("glp-query", "LogQL over stores, packs, records on standard input and servers");
  c.Example("glp-query -s /var/lib/glp '{namespace=\"default\"} |= \"error\"' --since 1h",
            "lines of the last hour in a store that hold a word, the newest first");
  c.Example("glp-query -s build.glp '{} |~ \"(?i)error|panic\"' --forward -o raw",
            "the lines alone, oldest first, out of one packed file");
  c.Example("glp-tail app.log | glp-query '|= \"timeout\"' -o jsonl | jq .line",
            "records in, records out");
  c.Example("glp-query -s http://loki:3100 'sum by (app) (rate({env=\"prod\"} |= \"error\" [5m]))'",
            "a metric, evaluated by a server");
  c.Example("glp-query labels namespace -s /var/lib/glp", "the values of a label");
  c.Example("glp-query -f -s http://loki:3100 '{app=\"api\"} |= \"error\"'",
            "lines of a server as they come, also after it was away");
  c.Example("glp-query series '{app=\"api\"}' -s /var/lib/glp", "the streams that match");

  c.Value("-s,--source", "SRC", &o->sources,
          "where to look: a store directory, a .glp file, - for records on standard input, or "
          "http(s)://HOST:PORT; several are merged by time");
  c.Completes("file");
  c.DefaultText("-, or $LOKI_ADDR where standard input is a terminal");
  c.Value("--since", "AGO", &o->time.since,
          "start so long before now, or before --to where that is earlier; or a time as of --from");
  c.DefaultText("everything; 1h from a server");
  c.Value("--from", "TIME", &o->time.from,
          "start at this time: 14:00, 'yesterday 14:00', 'last friday', 2h for two hours ago, "
          "2026-01-05, RFC 3339, or a count since 1970");
  c.Value("--to", "TIME", &o->time.to, "end before this time; `now` is one, too");
  c.Value("--step", "STEP", &o->time.step,
          "time between two samples of a metric, as 30s or a number of seconds");
  c.DefaultText("1/250 of the range, at least 1s");
  c.Value("--at", "TIME", &o->time.at, "a metric at one instant instead of over a range");
  c.Value("--timezone", "ZONE", &o->time.zone,
          "the zone of times without one, typed and printed: UTC, Local, +02:00, Europe/Berlin");
  c.DefaultText("UTC");
  c.Value("--limit", "N", &o->limit, "stop after so many lines or patterns; 0 is all");
  c.Flag("--forward", &o->forward, "oldest line first");
  c.Flag("-f,--follow", &o->follow,
         "records on standard input are answered as they come, a metric step by step; of a server "
         "its lines as they come");
  c.Value("--delay-for", "TIME", &o->delay_for,
          "with --follow, how long to wait for entries that are late: a metric, or a server");
  c.DefaultText("1s for a metric, 0 for a server");
  c.Value("-A,--after-context", "N", &o->after, "N lines of the same stream behind each");
  c.Value("-B,--before-context", "N", &o->before, "N lines of the same stream in front of each");
  c.Value("-C,--context", "N", &o->around, "N lines of the same stream on both sides");
  c.Choice("-o,--output", {"default", "raw", "jsonl", "table", "csv", "loki"}, &o->output,
           "time, labels and line; the line alone; records; a column for each label, drawn or "
           "comma-separated; or the body that Loki's API answers");
  c.Flag("--hist", &o->hist, "a bar for each sample; of a log query, for its lines in each step");
  c.Flag("--plot", &o->plot, "a small curve for each series, of a log query for each stream");
  c.Choice("--color", {"auto", "always", "never"}, &o->color,
           "colour labels by stream; auto: on a terminal");
  c.Flag("--no-pager", &o->no_pager, "print to the terminal without a pager");
  c.Flag("-q,--quiet", &o->quiet, "no words about common labels and the limit on stderr");
  c.Flag("--diff", &o->diff,
         "compare two sources by the patterns of their lines: --diff A B [QUERY]; exit status 1 "
         "where B has new patterns of errors");
  c.Value("-j,--jobs", "N", &o->jobs, "threads that read and evaluate, 256 at most");
  c.DefaultText("one a processor");
  c.Flag("--stats", &o->stats, "say on stderr what was looked at for the answer");
  DescribeCommands(&c, o);
  DescribeServers(&c, o);
  DescribeParallel(&c, o);
  c.Positional("QUERY", &o->words,
               "a LogQL query; or `labels [NAME]`: names of labels or values of one; `series "
               "[SELECTOR]`: the label sets of streams; `volume [SELECTOR]`: bytes by labels; "
               "`stats [SELECTOR]`: counts; `fields [QUERY [FIELD]]`: the fields of lines or the "
               "values of one; `patterns [QUERY]`: the patterns of lines; `fmt [QUERY]`: the query "
               "well laid out; `explain QUERY`: what it would read; `delete create QUERY`, `delete "
               "list`, `delete cancel ID`: what a server is to delete");
  return c;
}

}  // namespace
}  // namespace glp::query

int main(int argc, char** argv) {
  glp::query::Options options;
  glp::cli::Command command = glp::query::Describe(&options);
  return glp::cli::Main(argc, argv, command, [&](glp::cli::Context& context) {
    return glp::query::Run(options, context);
  });
}
