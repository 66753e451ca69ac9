// The tree of a query. Plain data; logql/parser.h makes it, logql/eval.h runs it.
// Source: the LogQL grammar of Loki 3.7.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/labels.h"

namespace re2 {
class RE2;
}

namespace glp::codec {
class PatternFilter;  // codec/pattern.h
}

namespace glp::logql {

class LineSearch;  // logql/line_search.h
class IpMatcher;   // logql/ip.h

// A label matcher of a selector: {name op "value"}. Regular expressions are anchored at both ends.
struct Matcher {
  enum class Op { kEqual, kNotEqual, kMatch, kNotMatch };
  std::string name;
  Op op = Op::kEqual;
  std::string value;
  std::shared_ptr<const re2::RE2> regex;  // kMatch, kNotMatch

  bool Matches(std::string_view label_value) const;
  // A missing label is "".
  bool Matches(const LabelSet& stream) const { return Matches(stream.Get(name)); }
};
bool MatchesAll(const std::vector<Matcher>& matchers, const LabelSet& stream);

// |= != |~ !~ |> !> with the `or` alternatives behind it: passes when any alternative passes (for
// the negated forms: when none is found).
struct LineFilter {
  enum class Op { kContains, kNotContains, kMatch, kNotMatch, kPattern, kNotPattern };
  struct Alternative {
    std::string text;
    std::shared_ptr<const re2::RE2> regex;  // kMatch, kNotMatch
    // |= ip("10.0.0.0/8"): `text` is the pattern of the addresses.
    bool is_ip = false;
    // The regex is no more than a literal: `text` is searched as bytes.
    bool is_literal = false;
    // How `text` is looked for, fast; made by MakeLineFilter. Without it `text` is searched as
    // bytes, which only the kContains forms may rely on.
    std::shared_ptr<const LineSearch> search;
    std::shared_ptr<const IpMatcher> ip;                  // is_ip
    std::shared_ptr<const codec::PatternFilter> pattern;  // kPattern, kNotPattern

    bool IsIn(std::string_view line) const;
  };
  Op op = Op::kContains;
  std::vector<Alternative> alternatives;

  // REQUIRES: PrepareLineFilter, or made by MakeLineFilter.
  bool Passes(std::string_view line) const;
};

// The ways to make them by hand. Errors: Code::kUsage for a regular expression that is none, in
// Loki's words ("error parsing regexp: …").
Result<Matcher> MakeMatcher(std::string name, Matcher::Op op, std::string value);
Result<LineFilter> MakeLineFilter(LineFilter::Op op, const std::vector<std::string>& texts);
// Fills in what a filter needs to run from its op and its alternatives' text and is_ip. Errors: as
// MakeLineFilter; those of logql/ip.h and codec/pattern.h; "ip: invalid operation".
Status PrepareLineFilter(LineFilter* filter);

}  // namespace glp::logql
