#include "codec/template_regex.h"

#include <algorithm>
#include <string>

#include "base/strings.h"
#include "codec/runes.h"
#include "codec/template_functions.h"
#include "codec/template_print.h"
#include "codec/template_strings.h"

namespace glp::codec::tmpl {
namespace {

constexpr int kMaxGroups = 100;

re2::StringPiece Piece(std::string_view text) { return {text.data(), text.size()}; }

// A regular expression over a text, match by match as Go's package regexp finds them: an empty
// match right behind another one does not count.
class Matches {
 public:
  Matches(const RE2& regex, std::string_view text) : regex_(&regex), text_(text) {
    groups_ = std::min(regex.NumberOfCapturingGroups() + 1, kMaxGroups);
    // Over bytes that are not UTF-8 an expression in ASCII goes byte by byte.
    const std::string& pattern = regex.pattern();
    bool ascii =
        std::all_of(pattern.begin(), pattern.end(), [](char c) { return (c & 0x80) == 0; });
    if (!ascii || IsValidUtf8(text)) return;
    RE2::Options options(RE2::Quiet);
    options.set_encoding(RE2::Options::EncodingLatin1);
    bytes_ = std::make_unique<RE2>(pattern, options);
    if (bytes_->ok()) regex_ = bytes_.get();
  }

  bool Next(bool with_groups) {
    while (at_ <= text_.size()) {
      if (!regex_->Match(Piece(text_), at_, text_.size(), RE2::UNANCHORED, found_,
                         with_groups ? groups_ : 1)) {
        return false;
      }
      size_t begin = static_cast<size_t>(found_[0].data() - text_.data());
      size_t end = begin + found_[0].size();
      bool counts = end > begin || !has_end_ || begin != end_;
      if (end > begin) {
        at_ = end;
      } else {
        at_ = end + (end < text_.size() ? DecodeRune(text_.substr(end)).size : 1);
      }
      if (!counts) continue;
      begin_ = begin;
      end_ = end;
      has_end_ = true;
      return true;
    }
    return false;
  }

  size_t begin() const { return begin_; }
  size_t end() const { return end_; }
  std::string_view text() const { return text_.substr(begin_, end_ - begin_); }
  std::string_view group(int i) const {
    if (i < 0 || i >= groups_ || found_[i].data() == nullptr) return {};
    return {found_[i].data(), found_[i].size()};
  }
  int GroupOf(std::string_view name) const {
    if (!name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos) {
      auto number = ParseInt64(name);
      return number && *number < groups_ ? static_cast<int>(*number) : -1;
    }
    const auto& names = regex_->NamedCapturingGroups();
    auto at = names.find(std::string(name));
    return at == names.end() ? -1 : at->second;
  }

 private:
  const RE2* regex_;
  std::unique_ptr<RE2> bytes_;
  std::string_view text_;
  re2::StringPiece found_[kMaxGroups];
  int groups_;
  size_t at_ = 0, begin_ = 0, end_ = 0;
  bool has_end_ = false;
};

// Go's template of a replacement: $1, $name, ${name}, $$; the longest name counts.
void Expand(const Matches& match, std::string_view replacement, TextBuilder* out) {
  while (!replacement.empty()) {
    size_t dollar = replacement.find('$');
    out->Append(replacement.substr(0, dollar));
    if (dollar == std::string_view::npos) return;
    replacement.remove_prefix(dollar + 1);
    if (replacement.starts_with('$')) {
      out->Append('$');
      replacement.remove_prefix(1);
      continue;
    }
    bool braces = replacement.starts_with('{');
    std::string_view rest = replacement.substr(braces ? 1 : 0);
    size_t size = 0;
    while (size < rest.size()) {
      Rune rune = DecodeRune(rest.substr(size));
      if (!IsLetter(rune.value) && !IsDigit(rune.value) && rune.value != '_') break;
      size += rune.size;
    }
    if (size == 0 || (braces && (size >= rest.size() || rest[size] != '}'))) {
      out->Append('$');
      continue;
    }
    out->Append(match.group(match.GroupOf(rest.substr(0, size))));
    replacement = rest.substr(size + (braces ? 1 : 0));
  }
}

// The expression of a call: the one compiled beforehand, or compiled now. False where it is none,
// and failed if there must be one.
class Expression {
 public:
  explicit Expression(const Call& call, bool must = true) {
    regex_ = call.regex;
    if (regex_ != nullptr) return;
    // Compiling costs as much as many steps.
    if (!call.run->Charge(3'000 + 60 * call.str(0).size())) return;
    owned_ = CompileGoRegex(call.str(0));
    if (owned_->ok()) {
      regex_ = owned_.get();
    } else if (must) {
      call.Fail("error parsing regexp: " + owned_->error());
    }
  }
  explicit operator bool() const { return regex_ != nullptr; }
  const RE2& operator*() const { return *regex_; }

 private:
  std::shared_ptr<const RE2> owned_;
  const RE2* regex_;
};

Value ReplaceMatches(const Call& call, std::string_view text, std::string_view replacement,
                     bool literal) {
  Expression regex(call);
  if (!regex) return {};
  if (replacement.find('$') == std::string_view::npos) literal = true;
  Matches matches(*regex, text);
  TextBuilder out(call.run);
  size_t last = 0;
  bool any = false;
  while (!call.run->failed() && matches.Next(!literal)) {
    any = true;
    out.Append(text.substr(last, matches.begin() - last));
    if (literal) {
      out.Append(replacement);
    } else {
      Expand(matches, replacement, &out);
    }
    last = matches.end();
  }
  if (!any) return Value::Text(text);
  out.Append(text.substr(last));
  return out.Finish();
}

Value Match(const Call& call) {
  Expression regex(call);
  if (!regex) return {};
  return Value::Bool(Matches(*regex, call.str(1)).Next(false));
}
// A bad expression matches nothing.
Value LaxMatch(const Call& call) {
  Expression regex(call, false);
  return Value::Bool(regex && Matches(*regex, call.str(1)).Next(false));
}

Value Find(const Call& call) {
  Expression regex(call);
  if (!regex) return {};
  Matches matches(*regex, call.str(1));
  return Value::Text(matches.Next(false) ? matches.text() : std::string_view());
}

Value FindAll(const Call& call) {
  Expression regex(call);
  if (!regex) return {};
  Matches matches(*regex, call.str(1));
  ListBuilder list(call.run, Elements::kString);
  int64_t limit = call[2].i;
  while (!call.run->failed() && (limit < 0 || static_cast<int64_t>(list.size()) < limit) &&
         matches.Next(false)) {
    list.Add(Value::Text(matches.text()));
  }
  return list.Finish();
}

Value Split(const Call& call) {
  Expression regex(call);
  if (!regex) return {};
  std::string_view text = call.str(1);
  int64_t limit = call[2].i;
  ListBuilder list(call.run, Elements::kString);
  if (limit == 0) return list.Finish();
  if (text.empty() && !call.str(0).empty()) {
    list.Add(Value::Text(""));
    return list.Finish();
  }
  Matches matches(*regex, text);
  size_t begin = 0, end = 0;
  while (!call.run->failed() && matches.Next(false)) {
    if (limit > 0 && static_cast<int64_t>(list.size()) == limit - 1) break;
    end = matches.begin();
    if (matches.end() != 0) list.Add(Value::Text(text.substr(begin, end - begin)));
    begin = matches.end();
  }
  if (end != text.size()) list.Add(Value::Text(text.substr(begin)));
  return list.Finish();
}

Value QuoteMeta(const Call& call) {
  TextBuilder out(call.run);
  for (char c : call.str(0)) {
    if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) out.Append('\\');
    out.Append(c);
  }
  return out.Finish();
}

constexpr auto kRegex = Function::Special::kRegex;
constexpr Function kFunctions[] = {
    {"mustRegexFind", "ss", Find, kRegex},
    {"mustRegexFindAll", "ssi", FindAll, kRegex},
    {"mustRegexMatch", "ss", Match, kRegex},
    {"mustRegexReplaceAll", "sss", RegexReplaceAll, kRegex},
    {"mustRegexReplaceAllLiteral", "sss", RegexReplaceAllLiteral, kRegex},
    {"mustRegexSplit", "ssi", Split, kRegex},
    {"regexFind", "ss", Find, kRegex},
    {"regexFindAll", "ssi", FindAll, kRegex},
    {"regexMatch", "ss", LaxMatch, kRegex},
    {"regexQuoteMeta", "s", QuoteMeta},
    {"regexReplaceAll", "sss", RegexReplaceAll, kRegex},
    {"regexReplaceAllLiteral", "sss", RegexReplaceAllLiteral, kRegex},
    {"regexSplit", "ssi", Split, kRegex},
};

}  // namespace

Value RegexReplaceAll(const Call& call) {
  return ReplaceMatches(call, call.str(1), call.str(2), false);
}
Value RegexReplaceAllLiteral(const Call& call) {
  return ReplaceMatches(call, call.str(1), call.str(2), true);
}

Value CountMatches(const Call& call) {
  Expression regex(call);
  if (!regex) return {};
  Matches matches(*regex, call.str(1));
  int64_t count = 0;
  while (matches.Next(false)) ++count;
  return Value::Int(count);
}

std::shared_ptr<const RE2> CompileGoRegex(std::string_view expression) {
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(8 << 20);
  // Go's (?<name>…) is (?P<name>…) to RE2.
  std::string spelled;
  bool in_class = false;
  for (size_t i = 0; i < expression.size(); ++i) {
    char c = expression[i];
    spelled += c;
    if (c == '\\' && i + 1 < expression.size()) {
      spelled += expression[++i];
    } else if (in_class) {
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
      if (i + 1 < expression.size() && expression[i + 1] == '^') spelled += expression[++i];
      if (i + 1 < expression.size() && expression[i + 1] == ']') spelled += expression[++i];
    } else if (c == '(' && expression.substr(i + 1, 2) == "?<" &&
               expression.substr(i + 3, 1).find_first_of("=!") != 0) {
      spelled += "?P";
      ++i;
    }
  }
  return std::make_shared<const RE2>(spelled, options);
}

Functions RegexFunctions() { return kFunctions; }

}  // namespace glp::codec::tmpl
