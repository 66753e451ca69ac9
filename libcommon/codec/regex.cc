#include "codec/regex.h"

#include <re2/re2.h>

#include <algorithm>
#include <map>

#include "base/strings.h"

namespace glp::codec {
namespace {

constexpr int kMaxGroups = 64;
constexpr int64_t kMaxMegabytes = 8;
constexpr size_t kShownBytes = 200;  // of an expression that is refused

// The expression in RE2's spelling: (?<n> becomes (?P<n>, and a name that comes again gets a
// suffix, as RE2 wants names to be unique.
std::string Respell(std::string_view expression, std::map<std::string, std::string>* aliases) {
  std::string out;
  std::map<std::string, int, std::less<>> seen;
  bool in_class = false;
  for (size_t i = 0; i < expression.size();) {
    char c = expression[i];
    if (c == '\\' && i + 1 < expression.size()) {
      if (expression[i + 1] == 'Q' && !in_class) {
        size_t end = expression.find("\\E", i);
        size_t size = end == std::string_view::npos ? expression.size() - i : end + 2 - i;
        out.append(expression.substr(i, size));
        i += size;
        continue;
      }
      out.append(expression.substr(i, 2));
      i += 2;
      continue;
    }
    if (in_class) {
      in_class = c != ']';
      out += c;
      ++i;
      continue;
    }
    if (c == '[') {
      in_class = true;
      out += c;
      ++i;
      // A ']' right at the start of a class is a member of it.
      if (i < expression.size() && expression[i] == '^') out += expression[i++];
      if (i < expression.size() && expression[i] == ']') out += expression[i++];
      continue;
    }
    std::string_view rest = expression.substr(i);
    size_t open = rest.substr(0, 4) == "(?P<"                                                ? 4
                  : rest.substr(0, 3) == "(?<" && rest.substr(3, 1).find_first_of("=!") != 0 ? 3
                                                                                             : 0;
    size_t close = open == 0 ? std::string_view::npos : rest.find('>');
    if (close == std::string_view::npos) {
      out += c;
      ++i;
      continue;
    }
    std::string name(rest.substr(open, close - open));
    int count = ++seen[name];
    std::string unique = count == 1 ? name : name + "__glp" + std::to_string(count);
    if (count > 1) (*aliases)[unique] = name;
    out += "(?P<" + unique + ">";
    i += close + 1;
  }
  return out;
}

}  // namespace

GroupRegex::GroupRegex(GroupRegex&&) noexcept = default;
GroupRegex& GroupRegex::operator=(GroupRegex&&) noexcept = default;
GroupRegex::~GroupRegex() = default;

Result<GroupRegex> GroupRegex::Compile(std::string_view expression, SameName same_name) {
  const auto error = [expression](const std::string& why) {
    std::string shown = EscapeForTerminal(expression.substr(0, kShownBytes));
    if (expression.size() > kShownBytes) shown += "…";
    // RE2 repeats what it does not like, which may be all of it.
    const bool is_long = why.size() > 2 * kShownBytes;
    return UsageError("regular expression '" + shown + "': " + why.substr(0, 2 * kShownBytes) +
                      (is_long ? "…" : ""));
  };
  GroupRegex out;
  out.same_name_ = same_name;
  std::map<std::string, std::string> aliases;
  std::string spelled = Respell(expression, &aliases);
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxMegabytes << 20);
  out.regex_ = std::make_unique<RE2>(spelled, options);
  if (out.regex_->error_code() == RE2::ErrorPatternTooLarge) {
    return error("compiled it takes more than " + std::to_string(kMaxMegabytes) +
                 " MiB; smaller are those with fewer or shorter counted repetitions like {1000}");
  }
  if (!out.regex_->ok()) return error(out.regex_->error());
  int groups = out.regex_->NumberOfCapturingGroups();
  if (groups >= kMaxGroups) {
    return error(std::to_string(groups) + " groups; at most " + std::to_string(kMaxGroups - 1) +
                 " are taken");
  }
  out.group_names_.resize(groups);
  int last_named = 0;
  for (const auto& [group, unique] : out.regex_->CapturingGroupNames()) {
    auto alias = aliases.find(unique);
    const std::string& name = alias == aliases.end() ? unique : alias->second;
    out.group_names_[group - 1] = name;
    auto at = std::find(out.names_.begin(), out.names_.end(), name);
    out.groups_.resize(group, -1);
    out.groups_[group - 1] = static_cast<int>(at - out.names_.begin());
    if (at == out.names_.end()) out.names_.push_back(name);
    last_named = group;
  }
  out.groups_.resize(last_named);
  if (std::all_of(spelled.begin(), spelled.end(), [](char c) { return (c & 0x80) == 0; })) {
    options.set_encoding(RE2::Options::EncodingLatin1);
    out.bytes_ = std::make_unique<RE2>(spelled, options);
    if (!out.bytes_->ok()) out.bytes_.reset();
  }
  return out;
}

const RE2& GroupRegex::RegexFor(std::string_view text) const {
  return bytes_ != nullptr && !IsValidUtf8(text) ? *bytes_ : *regex_;
}

size_t GroupRegex::program_size() const {
  return static_cast<size_t>(regex_->ProgramSize() + (bytes_ ? bytes_->ProgramSize() : 0));
}

bool GroupRegex::Matches(std::string_view text) const {
  re2::StringPiece input(text.data(), text.size());
  return RegexFor(text).Match(input, 0, text.size(), RE2::UNANCHORED, nullptr, 0);
}

void GroupRegex::ForEachMatch(
    std::string_view text,
    const std::function<bool(std::span<const std::string_view>)>& each) const {
  if (text.data() == nullptr) text = "";
  const RE2& regex = RegexFor(text);
  const re2::StringPiece input(text.data(), text.size());
  const size_t count = 1 + group_names_.size();
  re2::StringPiece found[kMaxGroups];
  std::string_view groups[kMaxGroups];
  size_t at = 0;
  size_t last_end = std::string_view::npos;
  while (at <= text.size() &&
         regex.Match(input, at, text.size(), RE2::UNANCHORED, found, static_cast<int>(count))) {
    for (size_t g = 0; g < count; ++g) groups[g] = {found[g].data(), found[g].size()};
    const size_t start = static_cast<size_t>(found[0].data() - text.data());
    const size_t end = start + found[0].size();
    // An empty match right behind another one is none.
    const bool counts = found[0].size() > 0 || start != last_end;
    last_end = end;
    if (counts && !each({groups, count})) return;
    at = end;
    if (found[0].empty()) {
      ++at;
      while (&regex == regex_.get() && at < text.size() && (text[at] & 0xC0) == 0x80) ++at;
    }
  }
}

bool GroupRegex::Match(std::string_view text, std::vector<std::string_view>* values) const {
  re2::StringPiece groups[kMaxGroups];
  re2::StringPiece input(text.data(), text.size());
  int count = 1 + static_cast<int>(groups_.size());
  if (!RegexFor(text).Match(input, 0, text.size(), RE2::UNANCHORED, groups, count)) return false;
  values->assign(names_.size(), std::string_view());
  for (size_t g = 0; g < groups_.size(); ++g) {
    const re2::StringPiece& group = groups[g + 1];
    if (groups_[g] < 0) continue;
    std::string_view& value = (*values)[groups_[g]];
    if (same_name_ == SameName::kLast || value.data() == nullptr) {
      value = {group.data(), group.size()};
    }
  }
  return true;
}

}  // namespace glp::codec
