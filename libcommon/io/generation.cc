#include "io/generation.h"

#include <algorithm>

namespace glp::io {
namespace {

constexpr size_t kMaxNumberDigits = 4;
constexpr size_t kDateDigits = 8;
constexpr size_t kEpochDigits = 10;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() > end.size() && text.substr(text.size() - end.size()) == end;
}

std::string DigitsOf(std::string_view text) {
  std::string digits;
  for (char c : text) {
    if (IsDigit(c)) digits += c;
  }
  return digits;
}

// 20260105, 2026-01-05, 20260105-000000, 2026-01-05T00:00:00Z, 1767571200.
bool IsTime(std::string_view text) {
  size_t run = 0;
  while (run < text.size() && IsDigit(text[run])) ++run;
  if (run < 4 || !std::all_of(text.begin(), text.end(), [](char c) {
        return IsDigit(c) || c == '-' || c == '_' || c == '.' || c == ':' || c == 'T' || c == 'Z';
      })) {
    return false;
  }
  size_t digits = DigitsOf(text).size();
  if (run == kEpochDigits && digits == run && text[0] == '1') return true;
  std::string_view century = text.substr(0, 2);
  return (century == "19" || century == "20") && digits >= kDateDigits;
}

// By numbers of any length, as text.
int CompareNumbers(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

}  // namespace

GenerationName ParseGenerationName(std::string_view path) {
  GenerationName name;
  size_t slash = path.rfind('/');
  size_t begin = slash == std::string_view::npos ? 0 : slash + 1;
  for (std::string_view end : {".gz", ".zst", ".bz2", ".xz"}) {
    if (!EndsWith(path.substr(begin), end)) continue;
    path.remove_suffix(end.size());
    name.compressed = true;
    break;
  }
  // The longest end that is a time: that of app-2026-01-05 is not 05.
  for (size_t at = begin + 1; at + 1 < path.size(); ++at) {
    if (path[at] != '.' && path[at] != '-' && path[at] != '_') continue;
    std::string_view rest = path.substr(at + 1);
    bool number = path[at] == '.' && rest.size() <= kMaxNumberDigits &&
                  std::all_of(rest.begin(), rest.end(), IsDigit);
    if (!number && !IsTime(rest)) continue;
    name.kind = number ? GenerationName::Kind::kNumber : GenerationName::Kind::kTime;
    name.digits = DigitsOf(rest);
    path = path.substr(0, at);
    break;
  }
  name.log = path;
  return name;
}

void SortOldestFirst(std::vector<Generation>* generations) {
  using Kind = GenerationName::Kind;
  Kind kind = Kind::kLive;
  size_t digits = 0;
  bool by_name = true;
  for (const Generation& one : *generations) {
    if (one.name.kind == Kind::kLive) continue;
    bool first = kind == Kind::kLive;
    by_name &= first || (one.name.kind == kind &&
                         (kind == Kind::kNumber || one.name.digits.size() == digits));
    kind = one.name.kind;
    digits = one.name.digits.size();
  }
  auto older = [&](const Generation& a, const Generation& b) {
    bool a_live = a.name.kind == Kind::kLive;
    bool b_live = b.name.kind == Kind::kLive;
    if (a_live != b_live) return b_live;
    if (!a_live && by_name) {
      int order = CompareNumbers(a.name.digits, b.name.digits);
      if (order != 0) return kind == Kind::kNumber ? order > 0 : order < 0;
    } else if (!a_live && a.state.modified_ns != b.state.modified_ns) {
      return a.state.modified_ns < b.state.modified_ns;
    }
    if (a.name.compressed != b.name.compressed) return b.name.compressed;
    return a.path < b.path;
  };
  std::sort(generations->begin(), generations->end(), older);
}

std::vector<Generation> FindGenerations(const std::string& log,
                                        const std::vector<std::string>& names) {
  std::string_view base = std::string_view(log).substr(log.rfind('/') + 1);
  std::string_view folder = std::string_view(log).substr(0, log.size() - base.size());
  std::vector<Generation> found;
  auto at = std::lower_bound(names.begin(), names.end(), base);
  for (; at != names.end() && at->compare(0, base.size(), base) == 0; ++at) {
    Generation one;
    one.path = std::string(folder) + *at;
    one.name = ParseGenerationName(one.path);
    if (one.name.log != log) continue;
    auto state = LookAtPath(one.path);
    if (!state.ok() || state->kind != FileKind::kRegular) continue;
    one.state = *state;
    found.push_back(std::move(one));
  }
  SortOldestFirst(&found);
  return found;
}

std::string FolderOfPath(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace glp::io
