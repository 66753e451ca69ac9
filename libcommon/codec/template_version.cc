#include "codec/template_version.h"

#include <algorithm>
#include <compare>

#include "base/strings.h"
#include "codec/template_functions.h"
#include "codec/template_strings.h"

namespace glp::codec::tmpl {
namespace {

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool AreIdentifiers(std::string_view text) {
  bool good = true;
  SplitText(text, ".", -1, [&](std::string_view part) {
    if (part.empty()) good = false;
    for (char c : part) {
      char low = static_cast<char>(c | 0x20);
      if (!((c >= '0' && c <= '9') || (low >= 'a' && low <= 'z') || c == '-')) good = false;
    }
  });
  return good;
}

// One part of a pre-release: numbers by value and below words.
int ComparePart(std::string_view a, std::string_view b) {
  bool x = IsDigits(a), y = IsDigits(b);
  if (x != y) return x ? -1 : 1;
  if (x) {
    a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
    b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
    if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  }
  int order = a.compare(b);
  return order < 0 ? -1 : order > 0;
}

int ComparePrereleases(std::string_view a, std::string_view b) {
  // Having none is later than any.
  if (a.empty() || b.empty()) return a.empty() == b.empty() ? 0 : a.empty() ? 1 : -1;
  for (;;) {
    size_t x = a.find('.'), y = b.find('.');
    if (int order = ComparePart(a.substr(0, x), b.substr(0, y))) return order;
    if (x == a.npos || y == b.npos) return x == y ? 0 : x == a.npos ? -1 : 1;
    a.remove_prefix(x + 1);
    b.remove_prefix(y + 1);
  }
}

// A version in a constraint: parts may be missing or x, X or *.
struct Pattern {
  Version version;
  int parts = 0;  // how many numbers are given
};

bool ParsePattern(std::string_view text, Pattern* out) {
  if (text.starts_with('v')) text.remove_prefix(1);
  size_t tail = std::min(text.find_first_of("-+"), text.size());
  std::string_view numbers = text.substr(0, tail);
  bool good = true, wild = false;
  int count = 0;
  SplitText(numbers, ".", -1, [&](std::string_view part) {
    uint64_t* to[] = {&out->version.major, &out->version.minor, &out->version.patch};
    if (count == 3) good = false;
    if (!good) return;
    if (part == "x" || part == "X" || part == "*") {
      wild = true;
    } else {
      auto value = IsDigits(part) ? ParseUint64(part) : std::nullopt;
      if (!value) {
        good = false;
        return;
      }
      if (!wild) {
        *to[count] = *value;
        out->parts = count + 1;
      }
    }
    ++count;
  });
  if (!good) return false;
  std::string_view rest = text.substr(tail);
  if (rest.starts_with('-')) {
    size_t plus = std::min(rest.find('+'), rest.size());
    out->version.prerelease = rest.substr(1, plus - 1);
    if (!AreIdentifiers(out->version.prerelease)) return false;
    rest = rest.substr(plus);
  }
  return rest.empty() || AreIdentifiers(rest.substr(1));
}

Version Bumped(const Pattern& pattern, int part) {
  Version v;
  v.major = pattern.version.major + (part == 1);
  if (part >= 2) v.minor = pattern.version.minor + (part == 2);
  if (part >= 3) v.patch = pattern.version.patch + 1;
  return v;
}

bool Satisfies(std::string_view op, const Pattern& p, const Version& v) {
  // A pre-release is only meant by a constraint that names one.
  if (!v.prerelease.empty() && p.version.prerelease.empty() && op != "!=") return false;
  bool exact = p.parts == 3;
  int order = CompareVersions(v, p.version);
  // What is behind all that the pattern stands for.
  bool behind = p.parts > 0 && CompareVersions(v, Bumped(p, p.parts)) >= 0;
  bool inside = p.parts == 0 || (order >= 0 && !behind);
  if (op == "" || op == "=") return exact ? order == 0 : inside;
  if (op == "!=") return exact ? order != 0 : !inside;
  if (op == ">") return exact ? order > 0 : p.parts > 0 && behind;
  if (op == "<") return p.parts > 0 && order < 0;
  if (op == ">=" || op == "=>") return p.parts == 0 || order >= 0;
  if (op == "<=" || op == "=<") return exact ? order <= 0 : !behind;
  if (p.parts == 0) return true;
  if (order < 0) return false;
  if (op == "~" || op == "~>") return CompareVersions(v, Bumped(p, std::min(p.parts, 2))) < 0;
  // ^: what does not change the first number that is not 0.
  int keep = p.version.major > 0 || p.parts == 1 ? 1 : p.version.minor > 0 || p.parts == 2 ? 2 : 3;
  return CompareVersions(v, Bumped(p, keep)) < 0;
}

}  // namespace

std::string Version::Text() const {
  std::string out =
      std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
  if (!prerelease.empty()) out += "-" + std::string(prerelease);
  if (!metadata.empty()) out += "+" + std::string(metadata);
  return out;
}

bool ParseVersion(std::string_view text, Version* out) {
  Version v;
  v.original = text;
  std::string_view rest = text;
  if (rest.starts_with('v')) rest.remove_prefix(1);
  uint64_t* to[] = {&v.major, &v.minor, &v.patch};
  for (int i = 0; i < 3; ++i) {
    size_t size = std::min(rest.find_first_not_of("0123456789"), rest.size());
    auto value = size == 0 ? std::nullopt : ParseUint64(rest.substr(0, size));
    if (!value || (size > 1 && rest[0] == '0')) return false;
    *to[i] = *value;
    rest.remove_prefix(size);
    if (!rest.starts_with('.')) break;
    if (i == 2) return false;
    rest.remove_prefix(1);
  }
  if (rest.starts_with('-')) {
    size_t plus = std::min(rest.find('+'), rest.size());
    v.prerelease = rest.substr(1, plus - 1);
    if (!AreIdentifiers(v.prerelease)) return false;
    rest.remove_prefix(plus);
  }
  if (rest.starts_with('+')) {
    v.metadata = rest.substr(1);
    if (!AreIdentifiers(v.metadata)) return false;
    rest = {};
  }
  if (!rest.empty()) return false;
  *out = v;
  return true;
}

int CompareVersions(const Version& a, const Version& b) {
  if (a.major != b.major) return a.major < b.major ? -1 : 1;
  if (a.minor != b.minor) return a.minor < b.minor ? -1 : 1;
  if (a.patch != b.patch) return a.patch < b.patch ? -1 : 1;
  return ComparePrereleases(a.prerelease, b.prerelease);
}

bool MatchesConstraint(std::string_view constraint, const Version& version, bool* matches,
                       std::string* error) {
  bool good = true;
  *matches = false;
  SplitText(constraint, "||", -1, [&](std::string_view alternative) {
    bool all = true;
    // "1.2 - 2.0"
    size_t range = alternative.find(" - ");
    Pattern low, high;
    if (range != alternative.npos &&
        ParsePattern(TrimGoSpace(alternative.substr(0, range)), &low) &&
        ParsePattern(TrimGoSpace(alternative.substr(range + 3)), &high)) {
      if (Satisfies(">=", low, version) && Satisfies("<=", high, version)) *matches = true;
      return;
    }
    std::string_view rest = alternative;
    bool any = false;
    for (;;) {
      rest.remove_prefix(std::min(rest.find_first_not_of(" ,\t\n"), rest.size()));
      if (rest.empty()) break;
      size_t op_size = std::min(rest.find_first_not_of("=<>!~^"), rest.size());
      std::string_view op = rest.substr(0, op_size);
      rest.remove_prefix(op_size);
      rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
      size_t size = std::min(rest.find_first_of(" ,\t\n=<>!~^"), rest.size());
      Pattern pattern;
      constexpr std::string_view kOperators[] = {
          "", "=", "!=", ">", "<", ">=", "=>", "<=", "=<", "~", "~>", "^"};
      bool known =
          std::find(std::begin(kOperators), std::end(kOperators), op) != std::end(kOperators);
      if (!known || size == 0 || !ParsePattern(rest.substr(0, size), &pattern)) {
        good = false;
        return;
      }
      all = all && Satisfies(op, pattern, version);
      any = true;
      rest.remove_prefix(size);
    }
    if (!any) good = false;
    if (any && all) *matches = true;
  });
  if (!good) *error = "improper constraint: " + std::string(constraint.substr(0, 200));
  return good;
}

namespace {

Value Semver(const Call& call) {
  Version version;
  if (!ParseVersion(call.str(0), &version)) return call.Fail("Invalid Semantic Version");
  void* room = call.run->Allocate(sizeof(Version));
  return room == nullptr ? Value() : Value::Of(new (room) Version(version));
}

Value SemverCompare(const Call& call) {
  Version version;
  bool matches = false;
  std::string error;
  // Go reads the constraint first.
  if (!MatchesConstraint(call.str(0), version, &matches, &error)) return call.Fail(error);
  if (!ParseVersion(call.str(1), &version)) return call.Fail("Invalid Semantic Version");
  MatchesConstraint(call.str(0), version, &matches, &error);
  return Value::Bool(matches);
}

constexpr Function kFunctions[] = {
    {"semver", "s", Semver},
    {"semverCompare", "ss", SemverCompare},
};

}  // namespace

Functions VersionFunctions() { return kFunctions; }

}  // namespace glp::codec::tmpl
