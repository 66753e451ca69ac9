#include "cli/main.h"

#include "base/time.h"
#include "cli/record_pipe.h"
#include "codec/human_time.h"
#include "filter.h"
#include "logql/format.h"
#include "logql/parser.h"
#include "passage_options.h"

namespace glp::filter {
namespace {

struct Options {
  std::string query;
  std::vector<std::string> drop;
  bool invert = false, count = false, quiet = false, line_buffered = false;
  uint64_t max_count = std::numeric_limits<uint64_t>::max();
  std::string since, until;
  PassageFlags passage;
};

cli::Command Describe(Options* o) {
  cli::Command c("glp-filter", "records that a LogQL log query keeps");
  c.Example("glp-filter '{namespace=\"default\"} |= \"error\"'",
            "errors of a namespace: a stream selector and a line filter");
  c.Example("glp-filter '|~ \"(?i)timeout|refused\" != \"healthz\"'", "line filters alone");
  c.Example("glp-filter --drop '{namespace!~\"(default|kube-system)\"}'",
            "all but the records of other namespaces");
  c.Example("glp-filter -c --since 2h '|= \"panic\"'", "count the panics of the last two hours");
  c.Example("glp-filter -q '|= \"ready\"'", "wait until a line says so: exits at the first match");

  c.Example("glp-filter -C 3 '|= \"panic\"' --dedup --redact email,token",
            "panics with three records around each, repetitions and secrets left out");

  c.Value("--drop", "QUERY", &o->drop,
          "drop the records that this query matches, with or without a QUERY of what to keep");
  c.Flag("-v,--invert", &o->invert, "keep what the queries would drop, and the other way round");
  c.Flag("-c,--count", &o->count, "print only the number of records kept");
  c.Flag("-q,--quiet", &o->quiet, "print nothing; exit with 0 at the first record kept");
  c.Value("-m,--max-count", "N", &o->max_count, "stop after N records kept");
  c.DefaultText("no limit");
  c.Value("--since", "TIME", &o->since,
          "only records of this time or later: 2h ago, yesterday 14:00, 2026-01-05 14:00 (UTC), "
          "RFC 3339 or a count since 1970");
  c.Value("--until", "TIME", &o->until, "only records before this time, written like --since");
  c.Flag("--line-buffered", &o->line_buffered, "write each record at once");
  c.Positional("QUERY", &o->query,
               "what to keep: a LogQL log query, with or without its selector; everything if only "
               "other options are given");
  DescribePassage(&c, &o->passage);
  return c;
}

Result<logql::LogExpr> ParseQuery(std::string_view text) {
  auto query = logql::ParseLogQuery(text, logql::kLocalQuery);
  // A bare word is what grep would take.
  const bool is_word = text.find_first_of("{}()|!=\"`'[]") == std::string_view::npos;
  if (query.ok() || !is_word) return query;
  return UsageError(query.status().message() +
                    "\nto look for a text, write '|= " + logql::Quote(text) + "'");
}

Result<int64_t> ParseTime(const char* option, const std::string& text, int64_t now_ns) {
  Result<int64_t> ts_ns = codec::ParseHumanTime(text, {now_ns});
  return ts_ns.ok() ? ts_ns : ts_ns.status().Annotate(option);
}

Result<Settings> MakeSettings(const Options& o, int64_t now_ns) {
  Settings settings;
  if (!o.query.empty()) {
    GLP_ASSIGN_OR_RETURN(settings.keep, ParseQuery(o.query));
  }
  for (const std::string& text : o.drop) {
    auto drop = ParseQuery(text);
    if (!drop.ok()) return drop.status().Annotate("--drop");
    settings.drop.push_back(*std::move(drop));
  }
  if (!o.since.empty()) {
    GLP_ASSIGN_OR_RETURN(settings.range.start_ns, ParseTime("--since", o.since, now_ns));
  }
  if (!o.until.empty()) {
    GLP_ASSIGN_OR_RETURN(settings.range.end_ns, ParseTime("--until", o.until, now_ns));
  }
  settings.invert = o.invert;
  settings.output = o.quiet   ? Settings::Output::kNone
                    : o.count ? Settings::Output::kCount
                              : Settings::Output::kRecords;
  const bool says_something = settings.keep || !settings.drop.empty() || !o.since.empty() ||
                              !o.until.empty() || o.count || o.quiet ||
                              o.max_count != Options().max_count || o.passage.any();
  if (!says_something) {
    return UsageError("no query; say what to keep, such as '{app=\"x\"} |= \"error\"', or --drop");
  }
  return settings;
}

cli::RunResult Run(const Options& options, cli::Context& context) {
  GLP_ASSIGN_OR_RETURN(const Settings settings, MakeSettings(options, NowNs()));
  const bool writes_records = settings.output == Settings::Output::kRecords;
  GLP_ASSIGN_OR_RETURN(PassageOptions passage_options,
                       MakePassageOptions(options.passage, writes_records));
  passage_options.max_count = options.max_count;
  passage_options.stop_at_first = options.quiet;
  cli::RecordPipe pipe(context, {.line_buffered = options.line_buffered});
  pipe.SetPlainOutput(!writes_records);
  Passage passage(passage_options, pipe);
  FilterHandler handler(settings, passage);
  GLP_RETURN_IF_ERROR(handler.Prepare());
  if (options.max_count == 0) pipe.Stop();
  GLP_RETURN_IF_ERROR(pipe.Run(&handler));
  passage.Say(context);
  return passage.matched() > 0 ? cli::kExitOk : cli::kExitNoMatch;
}

}  // namespace
}  // namespace glp::filter

int main(int argc, char** argv) {
  glp::filter::Options options;
  glp::cli::Command command = glp::filter::Describe(&options);
  return glp::cli::Main(argc, argv, command, [&](glp::cli::Context& context) {
    return glp::filter::Run(options, context);
  });
}
