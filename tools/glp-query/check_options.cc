// Which options go with which command. One that would do nothing is a mistake that somebody made,
// so it is refused in words. Not so --limit and --step of a query: who passes on queries of others
// does not know whether they give lines or numbers. Those that only say how to get at the logs (-j,
// --batch, --tenant, --token-file) and how it is shown (--color, --no-pager, -q) go with all.
#include <string>

#include "run.h"

namespace glp::query {

Status CheckVerbOptions(const Job& job, std::string_view verb, unsigned takes) {
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
      {options.follow, 0, "-f"},
      {options.delay_for.ns >= 0, 0, "--delay-for"},
      {WantsContext(options), 0, "-A, -B and -C"},
      {options.hist || options.plot, 0, options.hist ? "--hist" : "--plot"},
      {options.output != "default", kTakesOutput, "-o"},
  };
  for (const auto& row : kRows) {
    if (!row.given || (row.takes & takes) != 0) continue;
    const bool many = row.name.find(" and ") != row.name.npos;
    return UsageError(std::string(row.name) + (many ? " do" : " does") + " not go with `" +
                      std::string(verb) + "`");
  }
  return Status::Ok();
}

Status CheckQueryOptions(const Job& job, const std::string& query) {
  const Options& options = job.options;
  if (options.delay_for.ns < 0) return Status::Ok();
  // What is wrong with the query is told where it is run.
  const Result<logql::Expr> expr = logql::Parse(query, logql::kLocalQuery);
  const bool gives_lines = expr.ok() && std::holds_alternative<logql::LogExpr>(*expr);
  if (options.follow && !gives_lines) return Status::Ok();
  return UsageError(
      "--delay-for goes with -f and a metric: it is how long a step waits for entries that are "
      "late");
}

}  // namespace glp::query
