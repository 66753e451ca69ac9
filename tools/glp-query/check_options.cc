// Which options go with which command. One that would do nothing is a mistake that somebody made,
// so it is refused in words. Not so --limit and --step of a query: who passes on queries of others
// does not know whether they give lines or numbers. Those that only say how to get at the logs (-j,
// --batch, --tenant and those of servers) and how it is shown (--color, --no-pager, -q) go with
// all.
#include <string>

#include "run.h"

namespace glp::query {

namespace {

// What all queries take, whatever they give.
constexpr unsigned kTakesQuery = 1U << 31;
constexpr unsigned kTakesOfQuery = kTakesQuery | kTakesSources | kTakesRange | kTakesStep |
                                   kTakesAt | kTakesLimit | kTakesForward | kTakesOutput;

Status CheckOptions(const Job& job, std::string_view what, unsigned takes) {
  const Options& options = job.options;
  const TimeWords& time = options.time;
  const struct {
    bool given;
    unsigned takes;
    std::string_view name;
  } kRows[] = {
      {!options.sources.empty(), kTakesSources, "-s"},
      {!time.since.empty() || !time.from.empty() || !time.to.empty(), kTakesRange,
       "--since, --from and --to"},
      {!time.step.empty(), kTakesStep, "--step"},
      {!time.at.empty(), kTakesAt, "--at"},
      {options.limit > 0, kTakesLimit, "--limit"},
      {options.forward, kTakesForward, "--forward"},
      {options.follow, kTakesQuery, "-f"},
      {options.delay_for.ns >= 0, kTakesQuery, "--delay-for"},
      {WantsContext(options), kTakesQuery, "-A, -B and -C"},
      {options.hist || options.plot, kTakesQuery, options.hist ? "--hist" : "--plot"},
      {options.output != "default", kTakesOutput, "-o"},
      {options.analyze_labels, kTakesAnalysis, "--analyze-labels"},
      {!options.target_labels.empty() || !options.aggregate_by.empty(), kTakesVolume,
       "--target-labels and --aggregate-by"},
      {options.line_limit != Options().line_limit, kTakesLineLimit, "--line-limit"},
      {options.max_interval.ns >= 0, kTakesDelete, "--max-interval"},
      {options.force, kTakesDelete, "--force"},
      {options.stats, kTakesQuery, "--stats"},
      {IsParallel(options) || options.overwrite_completed_parts || options.merge_parts ||
           options.keep_parts,
       kTakesQuery, "parallel reading"},
  };
  for (const auto& row : kRows) {
    if (!row.given || (row.takes & takes) != 0) continue;
    const bool many = row.name.find(" and ") != row.name.npos;
    return UsageError(std::string(row.name) + (many ? " do" : " does") + " not go with " +
                      std::string(what));
  }
  return Status::Ok();
}

}  // namespace

Status CheckVerbOptions(const Job& job, std::string_view verb, unsigned takes) {
  return CheckOptions(job, "`" + std::string(verb) + "`", takes);
}

Status CheckQueryOptions(const Job& job, const std::string& query) {
  const Options& options = job.options;
  GLP_RETURN_IF_ERROR(CheckOptions(job, "a query", kTakesOfQuery));
  if (options.stats && (options.follow || IsParallel(options) || WantsContext(options) ||
                        IsStreamed(job.sources, options))) {
    return UsageError("--stats are of an answer that comes as a whole, and of one reader");
  }
  if (options.delay_for.ns < 0) return Status::Ok();
  if (options.follow && IsOneServer(job.sources)) return Status::Ok();
  // What is wrong with the query is told where it is run.
  const Result<logql::Expr> expr = logql::Parse(query, logql::kLocalQuery);
  const bool gives_lines = expr.ok() && std::holds_alternative<logql::LogExpr>(*expr);
  if (options.follow && !gives_lines) return Status::Ok();
  return UsageError(
      "--delay-for goes with -f and a metric: it is how long a step waits for entries that are "
      "late");
}

}  // namespace glp::query
