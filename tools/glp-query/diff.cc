// `glp-query --diff A B [QUERY]`: the patterns of lines that one side has and the other has not, or
// has at another rate.
//
// How much longer B is than A is the growth of A's median line: the median of b/a over the patterns
// that both have, weighted by a. So the runs may differ in length, and one pattern that floods a
// run does not make all others rarer, as it would when shares were compared. A pattern has changed
// when its count in B is twice or half of what that growth lets expect, and more apart than chance:
// by the log-likelihood ratio of its two counts (Dunning, Accurate Methods for the Statistics of
// Surprise and Coincidence, 1993), which holds for small counts, too; 15.13 is one in ten thousand.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <tuple>

#include "base/json_text.h"
#include "base/strings.h"
#include "base/time.h"
#include "mine_lines.h"

namespace glp::query {
namespace {

using codec::PatternMiner;

constexpr double kLeastSurprise = 15.13;
constexpr double kLeastFactor = 2;
constexpr int64_t kSideA = 0, kSideB = 1;
constexpr PatternMiner::Slot kNowhere;

enum Change { kNew, kGone, kMore, kLess };
constexpr std::string_view kNames[] = {"new", "gone", "more", "less"};
constexpr std::string_view kTitles[] = {"NEW in B", "GONE from B", "MORE in B", "LESS in B"};

struct Difference {
  Change change;
  bool is_error;
  double factor = 0;    // of the count in B to the one that was to be expected
  double surprise = 0;  // of kMore and kLess
  PatternMiner::Slot a, b;
  PatternMiner::Pattern pattern;

  // Where the times come from: B, unless it has none.
  const PatternMiner::Slot& shown() const { return change == kGone ? a : b; }
};

const PatternMiner::Slot& SlotOf(const PatternMiner::Pattern& pattern, int64_t side) {
  for (const PatternMiner::Slot& slot : pattern.slots) {
    if (slot.slot == side) return slot;
  }
  return kNowhere;
}

double GrowthOf(const std::vector<PatternMiner::Pattern>& patterns) {
  std::vector<std::pair<double, uint64_t>> growths;  // with weights
  uint64_t all = 0;
  for (const PatternMiner::Pattern& pattern : patterns) {
    const uint64_t a = SlotOf(pattern, kSideA).count, b = SlotOf(pattern, kSideB).count;
    if (a == 0 || b == 0) continue;
    growths.emplace_back(static_cast<double>(b) / static_cast<double>(a), a);
    all += a;
  }
  std::sort(growths.begin(), growths.end());
  uint64_t below = 0;
  for (const auto& [growth, weight] : growths) {
    below += weight;
    if (2 * below >= all) return growth;
  }
  return 1;
}

// The log-likelihood ratio of counts a and b against b growing by `growth`.
double Surprise(double a, double b, double growth) {
  const double all = a + b;
  const double expected_a = all / (1 + growth), expected_b = all - expected_a;
  return 2 * (a * std::log(a / expected_a) + b * std::log(b / expected_b));
}

std::vector<Difference> Compare(std::vector<PatternMiner::Pattern> patterns) {
  const double growth = GrowthOf(patterns);
  std::vector<Difference> differences;
  for (PatternMiner::Pattern& pattern : patterns) {
    Difference one;
    one.a = SlotOf(pattern, kSideA);
    one.b = SlotOf(pattern, kSideB);
    if (one.a.count == 0) {
      one.change = kNew;
    } else if (one.b.count == 0) {
      one.change = kGone;
    } else {
      const double a = static_cast<double>(one.a.count), b = static_cast<double>(one.b.count);
      one.factor = b / (a * growth);
      one.surprise = Surprise(a, b, growth);
      if (one.surprise < kLeastSurprise) continue;
      if (one.factor < kLeastFactor && one.factor > 1 / kLeastFactor) continue;
      one.change = one.factor > 1 ? kMore : kLess;
    }
    one.is_error = one.shown().errors > 0;
    one.pattern = std::move(pattern);
    differences.push_back(std::move(one));
  }
  // Patterns come by count, so those of equal surprise stay in that order.
  std::stable_sort(differences.begin(), differences.end(),
                   [](const Difference& x, const Difference& y) {
                     return std::tuple(x.change, !x.is_error, -x.surprise) <
                            std::tuple(y.change, !y.is_error, -y.surprise);
                   });
  return differences;
}

// The share of a side's lines, and how many came in a minute; nothing where it is too short to say.
double ShareOf(const PatternMiner::Slot& slot, const MinedLines& side) {
  return side.lines == 0 ? 0 : static_cast<double>(slot.count) / static_cast<double>(side.lines);
}
std::optional<double> PerMinute(uint64_t count, const MinedLines& side) {
  const double span_ns = static_cast<double>(side.last_ns) - static_cast<double>(side.first_ns);
  // Less than a second says nothing about minutes: times of reading, most likely.
  if (span_ns < 1e9) return std::nullopt;
  return static_cast<double>(count) * 60e9 / span_ns;
}

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", value);
  // Large ones in full.
  if (std::fabs(value) >= 1000) std::snprintf(text, sizeof(text), "%.0f", value);
  return text;
}

class Report {
 public:
  Report(Job& job, const MinedLines& a, const MinedLines& b) : job_(job), a_(a), b_(b) {}

  Status Print(const std::vector<Difference>& differences) {
    auto from = differences.begin();
    while (from != differences.end()) {
      auto to = from;
      while (to != differences.end() && to->change == from->change) ++to;
      GLP_RETURN_IF_ERROR(Section(from, to));
      from = to;
    }
    return Status::Ok();
  }

 private:
  using Iterator = std::vector<Difference>::const_iterator;

  Status Section(Iterator from, Iterator to) {
    const auto all = static_cast<uint64_t>(to - from);
    const auto errors = std::count_if(from, to, [](const auto& one) { return one.is_error; });
    const uint64_t limit = job_.options.limit;
    if (limit > 0 && all > limit) {
      if (!job_.options.quiet) {
        job_.context.Say(std::string(kTitles[from->change]) + ": the first " +
                         std::to_string(limit) + " of " + std::to_string(all) +
                         " patterns: --limit");
      }
      to = from + static_cast<ptrdiff_t>(limit);
    }
    const bool as_json = job_.look.format == "jsonl";
    if (!as_json) {
      std::string& out = job_.out.buffer();
      if (is_behind_) out += '\n';
      is_behind_ = true;
      out +=
          Colored("\x1b[1m", std::string(kTitles[from->change]) + ": " + std::to_string(all) +
                                 (all == 1 ? " pattern" : " patterns") +
                                 (errors > 0 ? ", " + std::to_string(errors) + " of errors" : "")) +
          "\n";
    }
    for (; from != to; ++from) GLP_RETURN_IF_ERROR(as_json ? Json(*from) : Text(*from));
    return Status::Ok();
  }

  std::string Colored(std::string_view color, const std::string& text) const {
    return job_.look.color ? std::string(color) + text + "\x1b[0m" : text;
  }

  static std::string Rate(const PatternMiner::Slot& slot, const MinedLines& side) {
    std::string text = std::to_string(slot.count);
    if (slot.count == 0) return text;
    text += " (" + Number(100 * ShareOf(slot, side)) + "%";
    if (const auto rate = PerMinute(slot.count, side)) text += ", " + Number(*rate) + " a minute";
    return text + ")";
  }

  Status Text(const Difference& one) {
    std::string& out = job_.out.buffer();
    out += "  ";
    if (one.is_error) out += Colored("\x1b[31m", "[error]") + " ";
    // Line ends of an example must not look like lines of the report: all is escaped, everywhere.
    out += EscapeForTerminal(one.pattern.text) + "\n    A " + Rate(one.a, a_) + ", B " +
           Rate(one.b, b_);
    if (one.factor > 0) out += ", \xc3\x97" + Number(one.factor);
    out += "\n    ";
    job_.look.AppendTime(&out, one.shown().first_ns);
    out += " " + EscapeForTerminal(one.pattern.example) + "\n";
    return job_.out.Commit();
  }

  static void AppendRates(std::string* json, std::string_view name, const PatternMiner::Slot& slot,
                          const MinedLines& side) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.9g", ShareOf(slot, side));
    json->append(",\"share_").append(name).append("\":").append(text);
    const auto rate = PerMinute(slot.count, side);
    if (!rate) return;
    std::snprintf(text, sizeof(text), "%.9g", *rate);
    json->append(",\"per_minute_").append(name).append("\":").append(text);
  }

  Status Json(const Difference& one) {
    std::string json = "{\"change\":\"" + std::string(kNames[one.change]) + "\",\"error\":";
    json += one.is_error ? "true" : "false";
    json += ",\"pattern\":";
    AppendJsonString(&json, one.pattern.text);
    json += ",\"a\":" + std::to_string(one.a.count) + ",\"b\":" + std::to_string(one.b.count);
    AppendRates(&json, "a", one.a, a_);
    AppendRates(&json, "b", one.b, b_);
    json += ",\"first\":\"" + FormatTimestamp(one.shown().first_ns) + "\",\"last\":\"" +
            FormatTimestamp(one.shown().last_ns) + "\",";
    AppendExampleJson(&json, one.pattern);
    return PutJson(job_, json + "}");
  }

  Job& job_;
  const MinedLines &a_, &b_;
  bool is_behind_ = false;  // another section
};

void SaySummary(Job& job, const MinedLines& a, const MinedLines& b,
                const std::vector<Difference>& differences) {
  if (job.options.quiet) return;
  uint64_t counts[std::size(kNames)] = {}, errors = 0;
  for (const Difference& one : differences) {
    ++counts[one.change];
    if (one.change == kNew && one.is_error) ++errors;
  }
  job.context.Say("A has " + std::to_string(a.lines) + " lines, B " + std::to_string(b.lines) +
                  "; patterns new in B: " + std::to_string(counts[kNew]) + " (of errors: " +
                  std::to_string(errors) + "), gone: " + std::to_string(counts[kGone]) +
                  ", changed in rate: " + std::to_string(counts[kMore] + counts[kLess]));
}

}  // namespace

Result<bool> DiffPatterns(Job& job) {
  if (job.look.format != "default" && job.look.format != "jsonl") {
    return UsageError("--diff prints for people, or with -o jsonl an object for each pattern");
  }
  const std::vector<std::string>& words = job.options.words;
  GLP_ASSIGN_OR_RETURN(const logql::LogExpr query,
                       ParseLogQuery(words.size() > 2 ? words[2] : "", "--diff"));
  PatternMiner::Options options;
  options.baseline = kSideA;
  PatternMiner miner(options);
  GLP_ASSIGN_OR_RETURN(const MinedLines a, MineLines(job, {job.sources[0]}, query, kSideA, &miner));
  GLP_ASSIGN_OR_RETURN(const MinedLines b, MineLines(job, {job.sources[1]}, query, kSideB, &miner));
  const std::vector<Difference> differences = Compare(miner.Patterns());
  TellOther(job, miner);
  GLP_RETURN_IF_ERROR(Report(job, a, b).Print(differences));
  SaySummary(job, a, b, differences);
  return std::none_of(differences.begin(), differences.end(),
                      [](const Difference& one) { return one.change == kNew && one.is_error; });
}

}  // namespace glp::query
