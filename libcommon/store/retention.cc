#include "store/retention.h"

#include <algorithm>
#include <limits>

#include "base/strings.h"
#include "base/units.h"
#include "logql/parser.h"

namespace glp::store {

Result<RetentionRule> MakeRetentionRule(std::string_view selector, int64_t priority,
                                        int64_t period_ns) {
  RetentionRule rule;
  GLP_ASSIGN_OR_RETURN(rule.matchers, logql::ParseSelector(selector));
  if (period_ns < 0) return UsageError("a period below 0 keeps nothing");
  rule.priority = priority;
  rule.period_ns = period_ns;
  return rule;
}

Result<RetentionRule> ParseRetentionRule(std::string_view text) {
  const size_t brace = text.find('{');
  if (brace == std::string_view::npos) {
    return UsageError("'" + std::string(text) + "': expected PERIOD[,PRIORITY] {SELECTOR}");
  }
  std::string_view period = TrimSpace(text.substr(0, brace));
  int64_t priority = 0;
  if (const size_t comma = period.find(','); comma != std::string_view::npos) {
    const std::string_view number = TrimSpace(period.substr(comma + 1));
    const auto found = ParseInt64(number);
    if (!found) return UsageError("priority: '" + std::string(number) + "' is no whole number");
    priority = *found;
    period = TrimSpace(period.substr(0, comma));
  }
  GLP_ASSIGN_OR_RETURN(const int64_t period_ns, ParseDurationNs(period));
  return MakeRetentionRule(TrimSpace(text.substr(brace)), priority, period_ns);
}

int64_t Retention::PeriodNs(const LabelSet& stream) const {
  // For ever is longer than any other period.
  const auto length = [](int64_t ns) { return ns == 0 ? std::numeric_limits<int64_t>::max() : ns; };
  const RetentionRule* best = nullptr;
  for (const RetentionRule& rule : rules) {
    if (best != nullptr &&
        (rule.priority < best->priority ||
         (rule.priority == best->priority && length(rule.period_ns) >= length(best->period_ns)))) {
      continue;
    }
    if (logql::MatchesAll(rule.matchers, stream)) best = &rule;
  }
  return best == nullptr ? period_ns : best->period_ns;
}

int64_t Retention::LongestNs() const {
  int64_t longest = period_ns;
  for (const RetentionRule& rule : rules) {
    if (longest == 0 || rule.period_ns == 0) return 0;
    longest = std::max(longest, rule.period_ns);
  }
  return longest;
}

std::optional<int64_t> KeptFromNs(int64_t period_ns, int64_t now_ns) {
  if (period_ns <= 0) return std::nullopt;
  if (now_ns < std::numeric_limits<int64_t>::min() + period_ns) return std::nullopt;
  return now_ns - period_ns;
}

const Retention& RetentionPolicy::Of(std::string_view tenant) const {
  const auto found = tenants.find(tenant);
  return found == tenants.end() ? all : found->second;
}

bool RetentionPolicy::empty() const {
  return all.empty() && max_bytes == 0 &&
         std::all_of(tenants.begin(), tenants.end(),
                     [](const auto& tenant) { return tenant.second.empty(); });
}

}  // namespace glp::store
