// `glp-query patterns [QUERY]`: the patterns of lines, the most frequent first.
#include <algorithm>
#include <cstdio>

#include "base/json_text.h"
#include "base/strings.h"
#include "base/time.h"
#include "mine_lines.h"
#include "table.h"

namespace glp::query {
namespace {

using codec::PatternMiner;
using Patterns = std::vector<PatternMiner::Pattern>;

std::string Percent(uint64_t count, uint64_t all) {
  const double percent = 100.0 * static_cast<double>(count) / static_cast<double>(all);
  if (percent < 0.05) return "<0.1%";
  char text[16];
  std::snprintf(text, sizeof(text), "%.1f%%", percent);
  return text;
}

Status PrintTable(Job& job, const Patterns& patterns, uint64_t lines) {
  Table table({{.head = "COUNT", .right = true},
               {.head = "SHARE", .right = true},
               {.head = "PATTERN", .may_cut = true}},
              job.look, &job.out);
  std::vector<std::pair<std::string, std::string>> numbers;
  for (const PatternMiner::Pattern& pattern : patterns) {
    numbers.emplace_back(std::to_string(pattern.count), Percent(pattern.count, lines));
    table.Measure(0, numbers.back().first);
    table.Measure(1, numbers.back().second);
    table.Measure(2, pattern.text);
  }
  GLP_RETURN_IF_ERROR(table.PrintHead());
  for (size_t i = 0; i < patterns.size(); ++i) {
    GLP_RETURN_IF_ERROR(table.PrintRow({numbers[i].first, numbers[i].second, patterns[i].text}));
  }
  return Status::Ok();
}

Status PrintCsv(Job& job, const Patterns& patterns, uint64_t lines) {
  GLP_RETURN_IF_ERROR(
      PrintCsvRow({"count", "share", "pattern", "first", "last", "example"}, job.look, &job.out));
  for (const PatternMiner::Pattern& pattern : patterns) {
    char share[32];
    std::snprintf(share, sizeof(share), "%.6f",
                  static_cast<double>(pattern.count) / static_cast<double>(lines));
    const PatternMiner::Slot& slot = pattern.slots.front();
    GLP_RETURN_IF_ERROR(
        PrintCsvRow({std::to_string(pattern.count), share, pattern.text,
                     job.look.Time(slot.first_ns), job.look.Time(slot.last_ns), pattern.example},
                    job.look, &job.out));
  }
  return Status::Ok();
}

Status PrintJson(Job& job, const Patterns& patterns) {
  std::string json;
  for (const PatternMiner::Pattern& pattern : patterns) {
    const PatternMiner::Slot& slot = pattern.slots.front();
    json = "{\"pattern\":";
    AppendJsonString(&json, pattern.text);
    json += ",\"count\":" + std::to_string(pattern.count);
    json += ",\"errors\":" + std::to_string(slot.errors);
    json += ",\"first\":\"" + FormatTimestamp(slot.first_ns);
    json += "\",\"last\":\"" + FormatTimestamp(slot.last_ns) + "\",";
    AppendExampleJson(&json, pattern);
    json += '}';
    GLP_RETURN_IF_ERROR(PutJson(job, json));
  }
  return Status::Ok();
}

}  // namespace

Result<bool> ListPatterns(Job& job, const std::string& query) {
  const std::string& format = job.look.format;
  if (format == "loki")
    return UsageError("-o loki is for answers that Loki's API gives to queries");
  GLP_ASSIGN_OR_RETURN(const logql::LogExpr log, ParseLogQuery(query, "patterns"));
  PatternMiner miner({});
  GLP_ASSIGN_OR_RETURN(const MinedLines mined, MineLines(job, job.sources, log, 0, &miner));
  if (mined.lines == 0) return false;

  Patterns patterns = miner.Patterns();
  TellOther(job, miner);
  const uint64_t limit = job.options.limit;
  if (limit > 0 && patterns.size() > limit) {
    if (!job.options.quiet) {
      job.context.Say("the " + std::to_string(limit) + " most frequent of " +
                      std::to_string(patterns.size()) + " patterns: --limit");
    }
    patterns.resize(limit);
  }
  if (format == "jsonl") {
    GLP_RETURN_IF_ERROR(PrintJson(job, patterns));
  } else if (format == "csv") {
    GLP_RETURN_IF_ERROR(PrintCsv(job, patterns, mined.lines));
  } else if (format == "raw") {
    // Patterns have no control characters but tab.
    for (const PatternMiner::Pattern& pattern : patterns) {
      GLP_RETURN_IF_ERROR(job.out.Write(pattern.text + "\n"));
    }
  } else {
    GLP_RETURN_IF_ERROR(PrintTable(job, patterns, mined.lines));
  }
  return true;
}

}  // namespace glp::query
