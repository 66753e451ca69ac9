#include "mine_lines.h"

#include <utility>

#include "base/json_text.h"
#include "base/strings.h"
#include "io/stop.h"
#include "stdin_wants.h"

namespace glp::query {

using codec::PatternMiner;

Result<logql::LogExpr> ParseLogQuery(const std::string& query, std::string_view command) {
  GLP_ASSIGN_OR_RETURN(logql::Expr expr,
                       logql::Parse(query.empty() ? "{}" : query, logql::kLocalQuery));
  if (auto* log = std::get_if<logql::LogExpr>(&expr)) return std::move(*log);
  return UsageError(std::string(command) +
                    " looks at log lines, and this query gives numbers; leave the metric away");
}

Result<MinedLines> MineLines(Job& job, const std::vector<SourceName>& sources,
                             const logql::LogExpr& query, int64_t slot, PatternMiner* miner) {
  logql::QueryParams params;
  params.range = job.times.Range();
  // Any order is good; this one lets standard input pass through.
  params.direction = logql::Direction::kForward;
  params.cancelled = io::StopRequested;
  params.pool = job.pool;
  StdinOptions stdin_options;
  stdin_options.streaming = sources.size() == 1 && sources.front().kind == SourceKind::kStdin;
  GLP_ASSIGN_OR_RETURN(stdin_options.wants, WantsOf(query, params.range, false));
  GLP_ASSIGN_OR_RETURN(const std::unique_ptr<logql::EntrySource> source,
                       OpenSources(sources, job.options, job.context, stdin_options));
  logql::ScanStats stats;
  const Result<MinedLines> mined = logql::MineLines(
      query, source.get(), params, [slot](const logql::Entry&) { return slot; }, miner, &stats);
  for (const std::string& warning : stats.warnings) {
    job.context.Incomplete("damaged parts", warning);
  }
  return mined;
}

void TellOther(Job& job, const PatternMiner& miner) {
  uint64_t lines = 0;
  for (const PatternMiner::Slot& slot : miner.other()) lines += slot.count;
  if (lines == 0) return;
  job.context.Incomplete("limits of patterns",
                         std::to_string(lines) +
                             " lines of rare patterns are left out: there are more than " +
                             std::to_string(PatternMiner::kMaxShapes) + " kinds of lines");
}

void AppendExampleJson(std::string* out, const PatternMiner::Pattern& pattern) {
  if (IsValidUtf8(pattern.example)) {
    *out += "\"example\":";
    AppendJsonString(out, pattern.example);
  } else {
    out->append("\"example64\":\"").append(Base64Encode(pattern.example)).append("\"");
  }
  out->append(",\"labels\":").append(pattern.note);
}

Status PutJson(Job& job, std::string_view json) {
  if (job.look.terminal) {
    AppendJsonForTerminal(&job.out.buffer(), json);
  } else {
    job.out.buffer() += json;
  }
  return job.out.Write("\n");
}

}  // namespace glp::query
