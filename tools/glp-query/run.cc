#include "run.h"

#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/strings.h"
#include "base/time.h"
#include "base/units.h"
#include "cli/pager.h"
#include "record/labels.h"

namespace glp::query {
namespace {

// The words that are no queries: what they do, with the word behind them.
struct Verb {
  std::string_view name;
  Result<bool> (*run)(Job& job, const std::string& operand);
  unsigned takes;  // of the options
  size_t operands = 1;
};
constexpr unsigned kTakesList = kTakesSources | kTakesRange | kTakesOutput;
constexpr Verb kVerbs[] = {
    {"labels", ListLabels, kTakesList},
    {"series", ListSeries, kTakesList | kTakesAnalysis},
    {"volume", ShowVolume, kTakesList | kTakesStep | kTakesLimit | kTakesVolume},
    {"stats", ShowStats, kTakesList},
    {"fields", ListFields, kTakesList | kTakesLimit | kTakesLineLimit, 2},
    {"delete", RunDelete, kTakesList | kTakesDelete, 2},
    {"patterns", ListPatterns, kTakesList | kTakesLimit},
    {"fmt", FormatQuery, 0},
    {"explain", ExplainQuery, kTakesList | kTakesStep | kTakesAt | kTakesLimit | kTakesForward},
};

const Verb* FindVerb(const Options& options) {
  if (options.diff || options.words.empty()) return nullptr;
  const auto* found = std::find_if(std::begin(kVerbs), std::end(kVerbs), [&](const Verb& verb) {
    return verb.name == options.words.front();
  });
  return found == std::end(kVerbs) ? nullptr : found;
}

// Standard input is a terminal or /dev/null, as that of services and cron jobs.
bool HasNoInput() {
  struct stat input;
  return ::fstat(STDIN_FILENO, &input) == 0 && S_ISCHR(input.st_mode);
}

// Without -s: records on stdin; where that has none, the server of LOKI_ADDR. --diff names its
// two sources itself.
Result<std::vector<std::string>> SourceWords(const Options& options, const cli::Context& context) {
  std::vector<std::string> words = options.sources;
  if (const Verb* verb = FindVerb(options); verb && !(verb->takes & kTakesSources)) {
    return std::vector<std::string>();
  }
  if (options.diff) {
    if (!words.empty()) return UsageError("--diff names its two sources itself: no -s");
    if (options.words.size() < 2 || options.words.size() > 3) {
      return UsageError("--diff takes two sources and, perhaps, a query: --diff A B [QUERY]");
    }
    words.assign(options.words.begin(), options.words.begin() + 2);
  } else if (words.empty()) {
    const char* server = std::getenv("LOKI_ADDR");
    const Verb* verb = FindVerb(options);
    const bool asks = HasNoInput() || (verb && verb->run == RunDelete);
    words.emplace_back(server && *server && asks ? server : "-");
  }
  for (const std::string& word : words) {
    if (word == "-") GLP_RETURN_IF_ERROR(cli::RefuseTerminal(context, STDIN_FILENO));
  }
  return words;
}

Status TooMany(const std::string& word) {
  return UsageError("\"" + word +
                    "\" is one word too many; quote the query as one word: '{app=\"x\"} |= "
                    "\"error\"'");
}

Result<bool> Dispatch(Job& job) {
  const std::vector<std::string>& words = job.options.words;
  if (job.options.diff) {
    GLP_RETURN_IF_ERROR(CheckVerbOptions(job, "--diff", kTakesRange | kTakesLimit | kTakesOutput));
    return DiffPatterns(job);
  }
  if (words.empty() || TrimSpace(words.front()).empty()) {
    return UsageError("a query is missing; '{}' selects everything, --help shows examples");
  }
  if (const Verb* verb = FindVerb(job.options)) {
    if (words.size() > 1 + verb->operands) return TooMany(words.back());
    GLP_RETURN_IF_ERROR(CheckVerbOptions(job, verb->name, verb->takes));
    return verb->run(job, words.size() > 1 ? words[1] : "");
  }
  if (words.size() > 1) return TooMany(words.back());
  if (job.options.follow) GLP_RETURN_IF_ERROR(CheckFollow(job));
  GLP_RETURN_IF_ERROR(CheckQueryOptions(job, words.front()));
  GLP_RETURN_IF_ERROR(CheckParallel(job));
  if (IsParallel(job.options)) return RunParallelQuery(job, words.front());
  if (job.options.follow && IsOneServer(job.sources)) return FollowServer(job, words.front());
  // A server gives no context: the lines around are chosen here.
  return IsOneServer(job.sources) && !WantsContext(job.options) ? RunServerQuery(job, words.front())
                                                                : RunLocalQuery(job, words.front());
}

// A pager would hold lines back that somebody in front is still to write, and stop at each screen.
bool WantsPager(const Options& options, const std::vector<SourceName>& sources) {
  if (options.no_pager || options.follow) return false;
  if (options.diff || options.words.empty() || FindVerb(options)) return true;
  struct stat input;
  const bool is_file = ::fstat(STDIN_FILENO, &input) == 0 && S_ISREG(input.st_mode);
  if (is_file || !IsStreamed(sources, options)) return true;
  const Result<logql::Expr> expr = logql::Parse(options.words.front(), logql::kLocalQuery);
  return !expr.ok() || !std::holds_alternative<logql::LogExpr>(*expr);
}

uint64_t JobsOf(const Options& options) {
  // More of them only hold more blocks in memory.
  constexpr uint64_t kMostJobs = 256;
  const uint64_t jobs = options.jobs > 0 ? options.jobs : std::thread::hardware_concurrency();
  return std::clamp<uint64_t>(jobs, 1, kMostJobs);
}

}  // namespace

cli::RunResult Run(const Options& options, cli::Context& context) {
  // Blocks of a megabyte come and go: memory that one gave back is taken for the next, whichever
  // thread loads it, instead of new pages.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  mallopt(M_ARENA_MAX, 1);
  const int64_t now_ns = NowNs();
  GLP_ASSIGN_OR_RETURN(const std::vector<std::string> words, SourceWords(options, context));
  GLP_ASSIGN_OR_RETURN(std::vector<SourceName> sources, NameSources(words));
  GLP_ASSIGN_OR_RETURN(QueryTimes times, ParseTimes(options.time, now_ns, std::getenv("TZ")));
  if (HasServer(sources)) CloseForServer(&times, now_ns);
  GLP_ASSIGN_OR_RETURN(const Look look, MakeLook(options, times, STDOUT_FILENO));

  // What the answer looks like was decided for the terminal; from here on it may be a pipe.
  const std::unique_ptr<cli::Pager> pager =
      WantsPager(options, sources) ? cli::Pager::Start() : nullptr;
  io::Output out(STDOUT_FILENO, "standard output");
  io::EnlargePipe(STDOUT_FILENO);
  // The thread that prints works, too.
  ThreadPool pool(static_cast<unsigned>(JobsOf(options) - 1));
  Job job{options, context, std::move(sources), times, look, out, &pool};
  const Result<bool> found = Dispatch(job);
  // What was printed before an error is whole lines: they go out.
  Status status = out.Flush();
  if (!found.ok()) status = found.status();
  bool stopped = status.code() == Code::kCancelled;
  if (pager) {
    // Who quits the pager has seen enough; who stops the query may leave it with a full pipe.
    if (pager->left() && stopped) status = {Code::kClosed, "the pager was quit"};
    stopped = !pager->left() && (stopped || (pager->interrupted() && !status.ok()));
    GLP_RETURN_IF_ERROR(pager->Finish());
  }
  if (stopped) {
    context.Say("stopped before the end: the answer is not complete");
    return static_cast<int>(cli::kExitIncomplete);
  }
  GLP_RETURN_IF_ERROR(status);
  return static_cast<int>(*found ? cli::kExitOk : cli::kExitNoMatch);
}

bool ChangesStreams(const logql::LogExpr& query) {
  return std::any_of(query.stages.begin(), query.stages.end(), [](const logql::Stage& stage) {
    return std::holds_alternative<logql::LabelFormat>(stage) ||
           std::holds_alternative<logql::DropLabels>(stage) ||
           std::holds_alternative<logql::KeepLabels>(stage);
  });
}

void SayCommonLabels(Job& job, const Labels& common) {
  if (!common.empty() && !job.options.quiet) {
    job.context.Say("Common labels: " + LabelsToSelector(common));
  }
}

void TellServerWarnings(Job& job, const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) {
    job.context.Incomplete("warnings of the server", warning);
  }
}

void TellDamage(Job& job, const logql::ScanStats& stats) {
  for (const std::string& warning : stats.warnings) {
    job.context.Incomplete("damaged parts", warning);
  }
}

void SayStats(Job& job, uint64_t entries, uint64_t line_bytes, double seconds) {
  [[maybe_unused]] const Status flushed = job.out.Flush();
  job.context.Say("looked at " + std::to_string(entries) + " entries, " + FormatSize(line_bytes) +
                  " of lines, in " +
                  FormatDuration(static_cast<int64_t>(std::llround(seconds * 1000)) * kNsPerMs));
}

void SayCut(Job& job) {
  if (!job.options.quiet) {
    // Behind the lines, where both go to one place; an error is kept for the end.
    [[maybe_unused]] const Status flushed = job.out.Flush();
    job.context.Say("stopped at --limit " + std::to_string(job.options.limit) +
                    "; there may be more");
  }
}

}  // namespace glp::query
