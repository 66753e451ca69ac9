#include "logql/line_search.h"

#include <re2/filtered_re2.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/strings.h"

namespace glp::logql {
namespace {

bool StripPrefix(std::string_view* text, std::string_view prefix) {
  if (text->substr(0, prefix.size()) != prefix) return false;
  text->remove_prefix(prefix.size());
  return true;
}

// The literals of a pattern that is no more than an alternation of them, nothing for any other.
// Only forms that are plain to see; the rest is RE2's.
struct Simple {
  bool fold_case = false;
  // Has a letter that is the lower case of a character above ASCII, too.
  bool has_ks = false;
  std::vector<std::string> literals;
};
std::optional<Simple> Simplify(std::string_view pattern) {
  Simple out;
  out.fold_case = StripPrefix(&pattern, "(?i)");
  // Around a search that is not anchored these change nothing.
  while (StripPrefix(&pattern, ".*?") || StripPrefix(&pattern, ".*")) {
  }
  const auto ends_with_any = [&] {
    const size_t size = pattern.size();
    return size >= 2 && pattern.substr(size - 2) == ".*" &&
           (size == 2 || pattern[size - 3] != '\\');
  };
  while (ends_with_any()) pattern.remove_suffix(2);
  if (pattern.size() >= 2 && pattern.front() == '(' && pattern.back() == ')') {
    pattern = pattern.substr(1, pattern.size() - 2);
    StripPrefix(&pattern, "?:");
  }
  std::string literal;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '|') {
      out.literals.push_back(std::move(literal));
      literal.clear();
    } else if (c == '\\') {
      static constexpr std::string_view kEscaped = "\\.+*?()|[]{}^$/-_\"'<>=!:,;#%&@~` ";
      if (++i == pattern.size() || kEscaped.find(pattern[i]) == std::string_view::npos ||
          pattern[i] == '<' || pattern[i] == '>') {
        return std::nullopt;
      }
      literal.push_back(pattern[i]);
    } else if (std::string_view(".+*?()[{^$").find(c) != std::string_view::npos) {
      return std::nullopt;
    } else {
      literal.push_back(c);
    }
  }
  out.literals.push_back(std::move(literal));
  if (!out.fold_case) return out;
  // Letters above ASCII fold by tables that only RE2 has.
  for (const std::string& text : out.literals) {
    if (!IsAscii(text)) return std::nullopt;
    out.has_ks |= text.find_first_of("kKsS") != std::string::npos;
  }
  return out;
}

// Whether (?i), or (?im:…) and the like, is in the pattern.
bool FoldsCase(std::string_view pattern) {
  for (size_t at = 0; (at = pattern.find("(?", at)) != std::string_view::npos; ++at) {
    const size_t end = std::min(pattern.find_first_of(":)", at), pattern.size());
    if (pattern.substr(at, end - at).find('i') != std::string_view::npos) return true;
  }
  return false;
}

// Whether a character above ASCII may be named in the pattern, itself or as \x{…} or \101.
bool NamesNonAscii(std::string_view pattern) {
  for (size_t at = 0; (at = pattern.find('\\', at)) != std::string_view::npos; at += 2) {
    if (at + 1 < pattern.size() &&
        std::string_view("x01234567").find(pattern[at + 1]) != std::string_view::npos) {
      return true;
    }
  }
  return !IsAscii(pattern);
}

// Every byte that belongs to no valid sequence as U+FFFD, as Go reads such text.
std::string ReplaceInvalid(std::string_view line) {
  std::string out;
  while (!line.empty()) {
    size_t length = 1;
    while (length <= 4 && length <= line.size() && !IsValidUtf8(line.substr(0, length))) ++length;
    if (length > 4 || length > line.size()) {
      out.append("\xEF\xBF\xBD");
      length = 1;
    } else {
      out.append(line.substr(0, length));
    }
    line.remove_prefix(length);
  }
  return out;
}

int CostOf(const LineSearch::Clause& clause) {
  constexpr int kPerLiteral = 64;
  int cost = clause.unless == LineSearch::Unless::kWide ? kPerLiteral : 0;
  for (const LiteralFinder& literal : clause.literals) cost += kPerLiteral + literal.commonness();
  return cost;
}

}  // namespace

const LineSearch::Clause LineSearch::kNoClue;

bool LineSearch::MayHold(Unless unless, std::string_view line) {
  switch (unless) {
    case Unless::kNever:
      return false;
    case Unless::kWide:
      return !IsAscii(line);
    case Unless::kKelvin:
      break;
  }
  return !IsAscii(line) && (line.find(kLongS) != std::string_view::npos ||
                            line.find(kKelvin) != std::string_view::npos);
}

std::shared_ptr<const LineSearch> LineSearch::ForLiteral(std::string_view literal) {
  auto search = std::make_shared<LineSearch>();
  search->literals_.emplace_back(literal, /*fold_case=*/false);
  search->clauses_.push_back({search->literals_, Unless::kNever});
  return search;
}

Result<std::shared_ptr<const LineSearch>> LineSearch::ForRegex(std::string_view pattern) {
  auto search = std::make_shared<LineSearch>();
  // Compiled in any case: it is RE2 that says what is wrong with a pattern.
  GLP_ASSIGN_OR_RETURN(search->regex_, CompileRegex(pattern, /*dot_matches_newline=*/false));
  if (auto simple = Simplify(pattern)) {
    for (const std::string& literal : simple->literals) {
      search->literals_.emplace_back(literal, simple->fold_case);
    }
    search->is_literal_ = !simple->has_ks;
    search->clauses_.push_back(
        {search->literals_, simple->has_ks ? Unless::kKelvin : Unless::kNever});
  } else {
    search->is_literal_ = search->clue_decides_ = false;
    search->BuildPrefilter(pattern);
  }
  return std::shared_ptr<const LineSearch>(std::move(search));
}

void LineSearch::BuildPrefilter(std::string_view pattern) {
  constexpr int kMinAtom = 2;
  constexpr size_t kMaxAtoms = 64, kMaxClauses = 3;
  constexpr int kMaxClause = 4;
  re2::RE2::Options options;
  options.set_log_errors(false);
  re2::FilteredRE2 filtered(kMinAtom);
  int id = 0;
  if (filtered.Add({pattern.data(), pattern.size()}, options, &id) != re2::RE2::NoError) return;
  std::vector<std::string> atoms;  // in lower case
  filtered.Compile(&atoms);
  if (atoms.empty() || atoms.size() > kMaxAtoms) return;
  // A set of atoms is a bit each. RE2 gives the condition on them only as an oracle. It is
  // monotone: if a line that has all atoms but those of a set cannot match, a match has one of it.
  const int count = static_cast<int>(atoms.size());
  const auto is_needed = [&](uint64_t set) {
    std::vector<int> others, potentials;
    for (int i = 0; i < count; ++i) {
      if ((set >> i & 1) == 0) others.push_back(i);
    }
    filtered.AllPotentials(others, &potentials);
    return potentials.empty();
  };
  std::vector<int> by_size(count);
  for (int i = 0; i < count; ++i) by_size[i] = i;
  std::sort(by_size.begin(), by_size.end(),
            [&](int a, int b) { return atoms[a].size() < atoms[b].size(); });
  const bool folds = FoldsCase(pattern), names_non_ascii = NamesNonAscii(pattern);
  uint64_t left = 0;
  for (int i = 0; i < count; ++i) left |= uint64_t{1} << i;
  while (clauses_.size() < kMaxClauses && is_needed(left)) {
    uint64_t set = left;  // becomes one of which no atom can be given up, the short ones first
    for (const int i : by_size) {
      const uint64_t smaller = set & ~(uint64_t{1} << i);
      if (is_needed(smaller)) set = smaller;
    }
    if (set == 0) return;
    left &= ~set;
    if (__builtin_popcountll(set) > kMaxClause) continue;
    Clause& clause = clauses_.emplace_back();
    for (int i = 0; i < count; ++i) {
      if ((set >> i & 1) == 0) continue;
      clause.literals.emplace_back(atoms[i], /*fold_case=*/true);
      const bool has_ks = folds && atoms[i].find_first_of("ks") != std::string::npos;
      const Unless unless = names_non_ascii || !IsAscii(atoms[i]) ? Unless::kWide
                            : has_ks                              ? Unless::kKelvin
                                                                  : Unless::kNever;
      clause.unless = std::max(clause.unless, unless);
    }
  }
  std::stable_sort(clauses_.begin(), clauses_.end(),
                   [](const Clause& a, const Clause& b) { return CostOf(a) < CostOf(b); });
}

bool LineSearch::MayMatch(std::string_view line) const {
  return std::all_of(clauses_.begin(), clauses_.end(), [line](const Clause& clause) {
    return std::any_of(clause.literals.begin(), clause.literals.end(),
                       [line](const LiteralFinder& literal) { return literal.IsIn(line); }) ||
           MayHold(clause.unless, line);
  });
}

bool LineSearch::Matches(std::string_view line) const {
  if (clue_decides_) {
    for (const LiteralFinder& literal : literals_) {
      if (literal.IsIn(line)) return true;
    }
    if (!MayHold(clue().unless, line)) return false;
  } else if (!MayMatch(line)) {
    return false;
  }
  if (re2::RE2::PartialMatch({line.data(), line.size()}, *regex_)) return true;
  if (IsValidUtf8(line)) return false;
  return re2::RE2::PartialMatch(ReplaceInvalid(line), *regex_);
}

}  // namespace glp::logql
