#include "cli/main.h"

#include "options.h"
#include "run.h"

namespace glp::query {
namespace {

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
         "records on standard input are answered as they come, a metric step by step");
  c.Value("--delay-for", "TIME", &o->delay_for,
          "with --follow and a metric, how long to wait for entries that are late");
  c.DefaultText("1s");
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
  c.Value("--batch", "N", &o->batch, "lines asked of a server at once");
  c.DefaultText("as many as it gives");
  c.Value("--tenant", "ID", &o->tenant, "whose logs: of a store, or as a server's X-Scope-OrgID");
  c.DefaultText("fake in a store, none for a server");
  c.Value("--token-file", "FILE", &o->token_file, "file with the bearer token for servers");
  c.Completes("file");
  c.Positional("QUERY", &o->words,
               "a LogQL query; or `labels [NAME]`: names of labels or values of one; `series "
               "[SELECTOR]`: the label sets of streams; `patterns [QUERY]`: the patterns of lines; "
               "`fmt [QUERY]`: the query well laid out; `explain QUERY`: what it would read");
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
