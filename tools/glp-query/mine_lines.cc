#include "mine_lines.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/json_text.h"
#include "base/strings.h"
#include "codec/pattern_words.h"
#include "io/stop.h"
#include "stdin_wants.h"

namespace glp::query {
namespace {

using codec::LevelWord;
using codec::PatternMiner;

constexpr std::string_view kLevelNames[] = {"detected_level", "level", "severity"};

// The level that a flat JSON object of strings names.
LevelWord LevelIn(std::string_view json) {
  if (json.empty()) return LevelWord::kUnknown;
  for (const std::string_view name : kLevelNames) {
    for (size_t at = 0; (at = json.find(name, at)) != json.npos; at += name.size()) {
      const size_t end = at + name.size();
      if (at == 0 || json[at - 1] != '"' || !json.substr(end).starts_with("\":\"")) continue;
      const std::string_view value = json.substr(end + 3);
      const LevelWord level = codec::ReadLevel(value.substr(0, value.find('"')));
      if (level != LevelWord::kUnknown) return level;
    }
  }
  return LevelWord::kUnknown;
}

// What labels, metadata and fields say of an entry; those of a stream are looked at once.
class Levels {
 public:
  PatternMiner::Level Of(const logql::Entry& entry) {
    if (entry.stream != last_stream_) {
      last_stream_ = entry.stream;
      auto [it, added] = known_.try_emplace(entry.stream, LevelWord::kUnknown);
      if (added) it->second = OfLabels(*entry.stream);
      last_ = it->second;
    }
    LevelWord level = last_;
    if (level == LevelWord::kUnknown) level = LevelIn(entry.meta);
    if (level == LevelWord::kUnknown) level = LevelIn(entry.fields);
    switch (level) {
      case LevelWord::kError:
        return PatternMiner::Level::kError;
      case LevelWord::kOther:
        return PatternMiner::Level::kOther;
      case LevelWord::kUnknown:
        break;
    }
    return PatternMiner::Level::kUnknown;
  }
  void Forget() {
    known_.clear();
    last_stream_ = nullptr;
  }

 private:
  static LevelWord OfLabels(const LabelSet& labels) {
    for (const std::string_view name : kLevelNames) {
      const LevelWord level = codec::ReadLevel(labels.Get(name));
      if (level != LevelWord::kUnknown) return level;
    }
    return LevelWord::kUnknown;
  }

  std::unordered_map<const LabelSet*, LevelWord> known_;
  const LabelSet* last_stream_ = nullptr;
  LevelWord last_ = LevelWord::kUnknown;
};

}  // namespace

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
  Levels levels;
  params.forget_streams = [&levels] { levels.Forget(); };

  StdinOptions stdin_options;
  stdin_options.streaming = sources.size() == 1 && sources.front().kind == SourceKind::kStdin;
  GLP_ASSIGN_OR_RETURN(stdin_options.wants, WantsOf(query, params.range, false));
  GLP_ASSIGN_OR_RETURN(const std::unique_ptr<logql::EntrySource> source,
                       OpenSources(sources, job.options, job.context, stdin_options));
  MinedLines mined;
  logql::ScanStats stats;
  const Status scanned = logql::RunLogQuery(
      query, source.get(), params,
      [&](const logql::Entry& entry) {
        if (mined.lines++ == 0) mined.first_ns = mined.last_ns = entry.ts_ns;
        mined.first_ns = std::min(mined.first_ns, entry.ts_ns);
        mined.last_ns = std::max(mined.last_ns, entry.ts_ns);
        std::string* note = miner->Add({entry.line, entry.ts_ns, slot, levels.Of(entry)});
        if (note) *note = entry.stream->json;
        return true;
      },
      &stats);
  for (const std::string& warning : stats.warnings) {
    job.context.Incomplete("damaged parts", warning);
  }
  GLP_RETURN_IF_ERROR(scanned);
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
