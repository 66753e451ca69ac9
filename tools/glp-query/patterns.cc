// `glp-query patterns [QUERY]`: the patterns of lines, the most frequent first.
#include "logql/patterns.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

#include "base/json_text.h"
#include "base/strings.h"
#include "base/time.h"
#include "codec/pattern_words.h"
#include "logql/expr.h"
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
    if (pattern.example.empty() && pattern.note.empty()) {
      json.back() = '}';  // a server's
    } else {
      AppendExampleJson(&json, pattern);
      json += '}';
    }
    GLP_RETURN_IF_ERROR(PutJson(job, json));
  }
  return Status::Ok();
}

// The patterns that one server keeps of the streams of a selector; false where its lines have to be
// read instead: filters and parsers are in the query, or it keeps none.
Result<bool> AskServer(Job& job, const logql::LogExpr& log, Patterns* patterns) {
  if (!IsOneServer(job.sources) || !log.stages.empty()) return false;
  GLP_ASSIGN_OR_RETURN(const std::unique_ptr<wire::LokiClient> client,
                       OpenServer(job.sources.front().text, job.options));
  const auto answer = client->Patterns(logql::ToString(log.matchers), job.times.Range(), 0);
  if (!answer.ok()) {
    if (client->last_status() == 404) return false;
    return answer.status();
  }
  std::map<std::string, PatternMiner::Pattern> by_text;
  for (const logql::PatternSeries& series : *answer) {
    const bool is_error = codec::ReadLevel(series.level) == codec::LevelWord::kError;
    PatternMiner::Pattern& pattern = by_text[series.pattern];
    pattern.text = series.pattern;
    for (const auto& [ts_ns, count] : series.samples) {
      if (count == 0) continue;
      if (pattern.slots.empty()) pattern.slots.push_back({.first_ns = ts_ns, .last_ns = ts_ns});
      PatternMiner::Slot& slot = pattern.slots.front();
      slot.first_ns = std::min(slot.first_ns, ts_ns);
      slot.last_ns = std::max(slot.last_ns, ts_ns);
      slot.count += count;
      slot.errors += is_error ? count : 0;
      pattern.count += count;
    }
  }
  for (auto& [text, pattern] : by_text) {
    if (pattern.count > 0) patterns->push_back(std::move(pattern));
  }
  std::stable_sort(patterns->begin(), patterns->end(),
                   [](const auto& a, const auto& b) { return a.count > b.count; });
  return true;
}

}  // namespace

Result<bool> ListPatterns(Job& job, const std::string& query) {
  const std::string& format = job.look.format;
  if (format == "loki")
    return UsageError("-o loki is for answers that Loki's API gives to queries");
  GLP_ASSIGN_OR_RETURN(const logql::LogExpr log, ParseLogQuery(query, "patterns"));
  Patterns patterns;
  uint64_t lines = 0;
  GLP_ASSIGN_OR_RETURN(const bool asked, AskServer(job, log, &patterns));
  if (asked) {
    for (const PatternMiner::Pattern& pattern : patterns) lines += pattern.count;
  } else {
    PatternMiner miner({});
    GLP_ASSIGN_OR_RETURN(const MinedLines mined, MineLines(job, job.sources, log, 0, &miner));
    lines = mined.lines;
    patterns = miner.Patterns();
    TellOther(job, miner);
  }
  if (lines == 0) return false;
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
    GLP_RETURN_IF_ERROR(PrintCsv(job, patterns, lines));
  } else if (format == "raw") {
    // Patterns have no control characters but tab.
    for (const PatternMiner::Pattern& pattern : patterns) {
      GLP_RETURN_IF_ERROR(job.out.Write(pattern.text + "\n"));
    }
  } else {
    GLP_RETURN_IF_ERROR(PrintTable(job, patterns, lines));
  }
  return true;
}

}  // namespace glp::query
