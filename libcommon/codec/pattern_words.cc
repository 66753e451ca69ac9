#include "codec/pattern_words.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "codec/pattern_mask.h"

namespace glp::codec {
namespace {

constexpr char kMask = PatternMask::kMask;

bool IsLetter(char c) {
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'z';
}
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNumber(char c) { return IsDigit(c) || c == kMask; }
bool IsWordByte(char c) { return IsLetter(c) || IsNumber(c) || (c & 0x80); }
bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// Words longer than any that is known become "".
struct Lower {
  explicit Lower(std::string_view word) {
    if (word.size() > sizeof(text)) return;
    for (const char c : word) text[size++] = IsUpper(c) ? static_cast<char>(c | 0x20) : c;
  }
  operator std::string_view() const { return {text, size}; }  // NOLINT(google-explicit-constructor)
  char text[16] = {};
  size_t size = 0;
};

template <size_t N>
bool IsOneOf(std::string_view word, const std::string_view (&words)[N]) {
  return !word.empty() && std::find(std::begin(words), std::end(words), word) != std::end(words);
}

bool IsErrorWord(std::string_view lower) {
  static constexpr std::string_view kWords[] = {
      "error",     "errors",   "err",       "exception", "exceptions", "panic",   "panics",
      "panicked",  "fatal",    "critical",  "severe",    "failed",     "failure", "failures",
      "traceback", "segfault", "segfaults", "sigsegv",   "oomkilled"};
  return IsOneOf(lower, kWords);
}

bool IsLevelKey(std::string_view lower) {
  // Of loglevel, log_level and detected_level the word is what stands behind the last '_'.
  static constexpr std::string_view kKeys[] = {"level", "lvl", "severity", "loglevel", "levelname"};
  return IsOneOf(lower, kKeys);
}

// NullPointerException, but no test's or function's name.
bool IsErrorName(std::string_view word) {
  if (!IsUpper(word.front()) || word.starts_with("Test") || word.starts_with("Benchmark") ||
      word.starts_with("Example") || word.starts_with("Fuzz")) {
    return false;
  }
  return (word.ends_with("Error") && word.size() > 5) ||
         (word.ends_with("Exception") && word.size() > 9);
}

// A value that says "none" in `err=nil`, `errors: 0`, `"error":null`.
bool IsNothing(std::string_view value) {
  if (value.empty()) return true;
  static constexpr std::string_view kWords[] = {"nil",   "null", "none",      "false", "0",
                                                "no",    "ok",   "undefined", "NULL",  "None",
                                                "<nil>", "[]",   "{}",        "-",     "False"};
  return IsOneOf(value, kWords);
}

class Scan {
 public:
  explicit Scan(std::string_view text) : text_(text) {}

  bool Run() {
    if (IsKlogError()) return true;
    bool says_error = false;
    while (Next()) {
      const Lower lower(word_);
      if (IsLevelKey(lower)) {
        const LevelWord level = ReadLevel(LevelValue());
        if (level != LevelWord::kUnknown) return level == LevelWord::kError;
      }
      if (word_ == "PASS" || word_ == "PASSED") passed_ = true;
      says_error = says_error || Says(lower);
    }
    return says_error && !passed_;
  }

 private:
  char At(size_t at) const { return at < text_.size() ? text_[at] : '\0'; }

  bool IsKlogError() const {
    if (text_.size() < 3 || (text_[0] != 'E' && text_[0] != 'F')) return false;
    if (text_[1] == kMask) return text_[2] == ' ';
    return text_.size() > 5 && std::all_of(text_.begin() + 1, text_.begin() + 5, IsDigit) &&
           text_[5] == ' ';
  }

  bool Next() {
    before_last_ = last_;
    last_ = word_;
    size_t at = to_;
    while (at < text_.size() && !IsWordByte(text_[at])) ++at;
    from_ = to_ = at;
    while (to_ < text_.size() && IsWordByte(text_[to_])) ++to_;
    word_ = text_.substr(from_, to_ - from_);
    return !word_.empty();
  }

  // What stands behind a key: of `level=info`, `"level":"info"`, and of JSON in a JSON string. ""
  // where the word is no key.
  std::string_view LevelValue() const {
    size_t at = to_;
    const bool quoted = At(at) == '"' || (At(at) == '\\' && At(at + 1) == '"');
    if (quoted) {
      at += At(at) == '\\' ? 2 : 1;
      if (At(at) != ':') return "";
    } else if (At(at) != '=') {
      return "";
    }
    ++at;
    while (At(at) == ' ' && quoted) ++at;
    while (At(at) == '"' || At(at) == '\\') ++at;
    size_t to = at;
    while (to < text_.size() && IsWordByte(text_[to])) ++to;
    return text_.substr(at, to - at);
  }

  bool Says(std::string_view lower) const {
    if (lower == "exit" || lower == "exited" || lower == "exitcode") return ExitsBadly();
    if (lower == "segmentation") return text_.substr(to_).starts_with(" fault");
    if (lower == "core") return text_.substr(to_).starts_with(" dumped");
    const bool is_word = word_ == "FAIL" || IsErrorWord(lower);
    if (!is_word && !IsErrorName(word_)) return false;
    return !IsPartOfName() && !IsDenied() && !HasNoValue();
  }

  bool IsPartOfName() const {
    const char after = At(to_), behind = At(to_ + 1);
    if (after != '\0' && std::strchr("-/_\\$@", after) && !(after == '\\' && behind == '"')) {
      // "error - text" and "error -" are not names, "error-handler" is.
      if (after != '-' || IsWordByte(behind)) return true;
    }
    if ((after == '.' && IsWordByte(behind)) || (after == ':' && behind == ':')) return true;
    if (from_ == 0) return false;
    const char before = text_[from_ - 1];
    if (before == ':' && from_ > 1 && text_[from_ - 2] == ':') return true;
    // The class behind a package: java.lang.Exception.
    if (before == '.') return !IsUpper(word_.front());
    return before != '\0' && std::strchr("-/_\\$@#", before);
  }

  // "no error", "0 failed", "without failures".
  bool IsDenied() const {
    static constexpr std::string_view kWords[] = {"no",   "not", "without",  "never",
                                                  "zero", "0",   "ignoring", "non"};
    if (last_.empty() || from_ == 0) return false;
    const size_t gap = from_ - static_cast<size_t>(last_.data() + last_.size() - text_.data());
    if (gap == 1 && IsOneOf(Lower(last_), kWords)) return true;
    // "0 tests failed".
    return gap == 1 && before_last_ == "0" && last_.data() == before_last_.data() + 2;
  }

  bool HasNoValue() const {
    size_t at = to_;
    while (At(at) == '"' || At(at) == '\\') ++at;
    const char sign = At(at);
    if (sign != '=' && sign != ':') return false;
    const bool in_json = at > to_;
    ++at;
    if (sign == '=' && (at == text_.size() || IsBlank(At(at)))) return true;
    while (sign == ':' && IsBlank(At(at))) ++at;
    if (at == text_.size()) return in_json;
    if (At(at) == '"') return At(at + 1) == '"';
    if (At(at) == '\\' && At(at + 1) == '"') return At(at + 2) == '\\';
    // No longer than the longest word for nothing.
    const size_t limit = std::min(text_.size(), at + 16);
    size_t to = at;
    while (to < limit && !IsBlank(text_[to]) && !std::strchr(",;)\"", text_[to]) &&
           !(text_[to] == '}' && to > at && text_[to - 1] != '{')) {
      ++to;
    }
    std::string_view value = text_.substr(at, to - at);
    if (value.ends_with('.')) value.remove_suffix(1);
    // A line `error: no such file` has a word, not a value.
    if (value == "no" || value == "ok" || value == "-" || value == "false") {
      return sign == '=' || in_json;
    }
    return !value.empty() && IsNothing(value);
  }

  // "exit code 1", "exited with status 2", exit_code=1, exitCode: 1, "exited (1)".
  bool ExitsBadly() const {
    size_t at = to_;
    for (int words = 0; words < 4; ++words) {
      while (at < text_.size() && !IsWordByte(text_[at]) && std::strchr(" _:=(\"-", text_[at]))
        ++at;
      size_t to = at;
      while (to < text_.size() && IsWordByte(text_[to])) ++to;
      const std::string_view word = text_.substr(at, to - at);
      if (word.empty()) return false;
      if (std::all_of(word.begin(), word.end(), IsNumber)) return word != "0";
      static constexpr std::string_view kWords[] = {"code", "status", "with", "is", "was", "value"};
      if (!IsOneOf(Lower(word), kWords)) return false;
      at = to;
    }
    return false;
  }

  const std::string_view text_;
  size_t from_ = 0, to_ = 0;
  std::string_view word_, last_, before_last_;
  bool passed_ = false;
};

}  // namespace

LevelWord ReadLevel(std::string_view value) {
  static constexpr std::string_view kErrors[] = {
      "error",  "err",   "critical", "crit",      "fatal",   "panic", "dpanic",
      "severe", "alert", "emerg",    "emergency", "failure", "50",    "60"};
  static constexpr std::string_view kOthers[] = {
      "trace",   "debug",   "info", "information", "informational", "notice", "warn",
      "warning", "verbose", "fine", "finer",       "finest",        "config", "log",
      "10",      "20",      "30",   "40",          "dbg",           "inf",    "wrn"};
  const Lower lower(value);
  if (IsOneOf(lower, kErrors)) return LevelWord::kError;
  return IsOneOf(lower, kOthers) ? LevelWord::kOther : LevelWord::kUnknown;
}

bool CountsErrors(std::string_view word) {
  static constexpr std::string_view kWords[] = {
      "error", "errors", "err",       "errs",       "failed", "failure", "failures", "fail",
      "fails", "fatal",  "exception", "exceptions", "panics", "crashes", "critical"};
  return IsOneOf(Lower(word), kWords);
}

bool TellsOutcome(std::string_view word) {
  const auto is_letter_or_digit = [](char c) { return IsLetter(c) || IsDigit(c); };
  while (!word.empty() && !is_letter_or_digit(word.front())) word.remove_prefix(1);
  while (!word.empty() && !is_letter_or_digit(word.back())) word.remove_suffix(1);
  if (word.empty()) return false;
  // Numbers that are not masked say something.
  if (std::all_of(word.begin(), word.end(), IsDigit)) return true;
  const Lower lower(word);
  static constexpr std::string_view kWords[] = {
      "ok",         "pass",    "passed",  "fail",     "fails",    "success",     "succeeded",
      "successful", "skip",    "skipped", "abort",    "aborted",  "timeout",     "refused",
      "denied",     "killed",  "crashed", "crash",    "lost",     "invalid",     "corrupt",
      "broken",     "missing", "expired", "rejected", "exceeded", "unavailable", "unreachable",
      "xfail",      "xpass",   "true",    "false",    "null",     "err",         "warn"};
  if (IsOneOf(lower, kWords) || IsErrorWord(lower)) return true;
  if (ReadLevel(word) != LevelWord::kUnknown) return true;
  const size_t dot = word.rfind('.');
  return IsErrorName(dot == word.npos ? word : word.substr(dot + 1));
}

bool SaysError(std::string_view line) { return Scan(line).Run(); }

}  // namespace glp::codec
