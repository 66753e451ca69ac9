#include "logql/patterns.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "base/strings.h"
#include "codec/pattern_words.h"

namespace glp::logql {
namespace {

using codec::LevelWord;
using codec::PatternMiner;

constexpr std::string_view kLevelNames[] = {"detected_level", "level", "severity"};

// The level that a flat JSON object of strings names; "" where there is none.
std::string_view LevelIn(std::string_view json) {
  if (json.empty()) return {};
  for (const std::string_view name : kLevelNames) {
    for (size_t at = 0; (at = json.find(name, at)) != json.npos; at += name.size()) {
      const size_t end = at + name.size();
      if (at == 0 || json[at - 1] != '"' || !json.substr(end).starts_with("\":\"")) continue;
      const std::string_view value = json.substr(end + 3);
      const std::string_view text = value.substr(0, value.find('"'));
      if (codec::ReadLevel(text) != LevelWord::kUnknown) return text;
    }
  }
  return {};
}

// What labels, metadata and fields say of an entry; those of a stream are looked at once.
class Levels {
 public:
  // "" where they say nothing; good until the next call.
  std::string_view Of(const Entry& entry) {
    if (entry.stream != last_stream_) {
      last_stream_ = entry.stream;
      const auto [found, is_new] = known_.try_emplace(entry.stream);
      if (is_new) found->second = OfLabels(*entry.stream);
      last_ = found->second;
    }
    if (!last_.empty()) return last_;
    const std::string_view level = LevelIn(entry.meta);
    return level.empty() ? LevelIn(entry.fields) : level;
  }
  void Forget() {
    known_.clear();
    last_stream_ = nullptr;
  }

 private:
  static std::string_view OfLabels(const LabelSet& labels) {
    for (const std::string_view name : kLevelNames) {
      const std::string_view value = labels.Get(name);
      if (codec::ReadLevel(value) != LevelWord::kUnknown) return value;
    }
    return {};
  }

  std::unordered_map<const LabelSet*, std::string_view> known_;
  const LabelSet* last_stream_ = nullptr;
  std::string_view last_;
};

PatternMiner::Level LevelOf(std::string_view text) {
  switch (codec::ReadLevel(text)) {
    case LevelWord::kError:
      return PatternMiner::Level::kError;
    case LevelWord::kOther:
      return PatternMiner::Level::kOther;
    case LevelWord::kUnknown:
      break;
  }
  return PatternMiner::Level::kUnknown;
}

using SlotOf = std::function<int64_t(const Entry& entry, std::string_view level)>;

Result<MinedLines> Mine(const LogExpr& query, EntrySource* source, QueryParams params,
                        const SlotOf& slot_of, PatternMiner* miner, ScanStats* stats) {
  Levels levels;
  params.forget_streams = [&levels] { levels.Forget(); };
  MinedLines mined;
  GLP_RETURN_IF_ERROR(RunLogQuery(
      query, source, params,
      [&](const Entry& entry) {
        if (mined.lines++ == 0) mined.first_ns = mined.last_ns = entry.ts_ns;
        mined.first_ns = std::min(mined.first_ns, entry.ts_ns);
        mined.last_ns = std::max(mined.last_ns, entry.ts_ns);
        const std::string_view level = levels.Of(entry);
        std::string* const note =
            miner->Add({entry.line, entry.ts_ns, slot_of(entry, level), LevelOf(level)});
        if (note != nullptr) *note = entry.stream->json;
        return true;
      },
      stats));
  return mined;
}

// The names of levels, numbered; what lines bring beyond kMax is unknown.
class LevelNumbers {
 public:
  static constexpr int64_t kMax = 64;

  int64_t Of(std::string_view level) {
    if (level == last_ && last_number_ >= 0) return last_number_;
    last_.assign(level);
    const std::string name = level.empty() ? "unknown" : AsciiLower(level);
    auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) {
      if (static_cast<int64_t>(names_.size()) == kMax) return last_number_ = 0;
      found = names_.insert(found, name);
    }
    return last_number_ = found - names_.begin();
  }
  const std::string& Name(int64_t number) const { return names_[static_cast<size_t>(number)]; }

 private:
  std::vector<std::string> names_ = {"unknown"};
  std::string last_;
  int64_t last_number_ = -1;
};

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace

Result<MinedLines> MineLines(const LogExpr& query, EntrySource* source, QueryParams params,
                             const std::function<int64_t(const Entry& entry)>& slot_of,
                             PatternMiner* miner, ScanStats* stats) {
  return Mine(
      query, source, std::move(params),
      [&slot_of](const Entry& entry, std::string_view) { return slot_of(entry); }, miner, stats);
}

Result<std::vector<PatternSeries>> RunPatternQuery(const LogExpr& query, EntrySource* source,
                                                   const QueryParams& params, size_t limit,
                                                   ScanStats* stats) {
  PatternMiner miner({});
  LevelNumbers numbers;
  // A step has a slot for each level. Steps are at least a second, so that slots fit.
  const int64_t step_ns = std::max<int64_t>(params.step_ns, 1'000'000'000);
  const auto slot_of = [&](const Entry& entry, std::string_view level) {
    return FloorDiv(entry.ts_ns, step_ns) * LevelNumbers::kMax + numbers.Of(level);
  };
  GLP_RETURN_IF_ERROR(Mine(query, source, params, slot_of, &miner, stats).status());
  std::vector<PatternSeries> out;
  for (const PatternMiner::Pattern& pattern : miner.Patterns()) {
    std::map<int64_t, PatternSeries> by_level;
    for (const PatternMiner::Slot& slot : pattern.slots) {
      const int64_t step = FloorDiv(slot.slot, LevelNumbers::kMax);
      PatternSeries& series = by_level[slot.slot - step * LevelNumbers::kMax];
      int64_t begin_ns;
      if (__builtin_mul_overflow(step, step_ns, &begin_ns)) begin_ns = params.range.start_ns;
      series.samples.emplace_back(begin_ns, slot.count);
    }
    for (auto& [level, series] : by_level) {
      if (limit > 0 && out.size() == limit) return out;
      series.pattern = pattern.text;
      series.level = numbers.Name(level);
      out.push_back(std::move(series));
    }
  }
  return out;
}

}  // namespace glp::logql
