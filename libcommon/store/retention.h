// How long entries are kept: one period for all, rules for streams that a selector matches, and a
// limit of what the whole store may hold.
//
//   Retention retention;
//   retention.period_ns = 30 * 24 * 3600 * kNsPerSecond;
//   GLP_ASSIGN_OR_RETURN(RetentionRule rule, MakeRetentionRule("{namespace=\"dev\"}", 1, day_ns));
//   retention.rules.push_back(std::move(rule));
//   retention.PeriodNs(stream);
//
// Threads: const from any. Units: nanoseconds, 0 is for ever.
// Source:  Loki's retention_period and retention_stream.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "logql/ast.h"
#include "record/labels.h"

namespace glp::store {

// A rule in place of the general period for the streams that match.
struct RetentionRule {
  std::vector<logql::Matcher> matchers;
  int64_t priority = 0;
  int64_t period_ns = 0;
};
// Errors: Code::kUsage for a selector that is none, a period below 0.
Result<RetentionRule> MakeRetentionRule(std::string_view selector, int64_t priority,
                                        int64_t period_ns);
// "24h {namespace=\"dev\"}" or, with a priority, "24h,5 {namespace=\"dev\"}".
Result<RetentionRule> ParseRetentionRule(std::string_view text);

struct Retention {
  int64_t period_ns = 0;
  std::vector<RetentionRule> rules;

  bool empty() const { return period_ns == 0 && rules.empty(); }
  // Of the rules that match the one with the highest priority, of equal ones the shortest period;
  // the general period where none matches.
  int64_t PeriodNs(const LabelSet& stream) const;
  // No stream is kept longer; 0 where one may be kept for ever.
  int64_t LongestNs() const;
};

// What has a time before this goes; nothing does where the period is 0.
std::optional<int64_t> KeptFromNs(int64_t period_ns, int64_t now_ns);

// Of a whole store.
struct RetentionPolicy {
  Retention all;
  std::map<std::string, Retention, std::less<>> tenants;  // in place of `all`
  // Bytes of files of the whole store; what is oldest goes first. 0 is no limit.
  uint64_t max_bytes = 0;

  const Retention& Of(std::string_view tenant) const;
  bool empty() const;
};

}  // namespace glp::store
