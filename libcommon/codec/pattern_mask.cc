#include "codec/pattern_mask.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "base/strings.h"
#include "codec/pattern_words.h"

namespace glp::codec {
namespace {

constexpr char kMask = PatternMask::kMask;

enum : uint8_t {
  kDigit = 1,
  kHexLetter = 2,
  kOtherLetter = 4,  // bytes of other alphabets, too
  kBlank = 8,
  kControl = 16,
  kConnector = 32,  // may stand between the parts of what is masked as one
  kRuler = 64,      // punctuation that lines are drawn with
};
constexpr uint8_t kWordByte = kDigit | kHexLetter | kOtherLetter;

constexpr std::array<uint8_t, 256> MakeClasses() {
  std::array<uint8_t, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    uint8_t& bits = classes[static_cast<size_t>(c)];
    const int lower = c | 0x20;
    if (c >= '0' && c <= '9') {
      bits = kDigit;
    } else if (lower >= 'a' && lower <= 'z') {
      bits = lower <= 'f' ? kHexLetter : kOtherLetter;
    } else if (c >= 0x80) {
      bits = kOtherLetter;
    } else if (c == ' ' || c == '\t') {
      bits = kBlank;
    } else if (c < 0x20 || c == 0x7f) {
      bits = kControl;
    } else if (c != '"' && c != '\'' && c != '`' && c != '(' && c != ')' && c != '{' && c != '}') {
      bits = kRuler;
    }
  }
  for (const char c : std::string_view(".-_:/,+@")) {
    classes[static_cast<unsigned char>(c)] |= kConnector;
  }
  return classes;
}
constexpr std::array<uint8_t, 256> kClasses = MakeClasses();

uint8_t ClassOf(char c) { return kClasses[static_cast<unsigned char>(c)]; }
bool IsWordByte(char c) { return ClassOf(c) & kWordByte; }
bool IsDigit(char c) { return ClassOf(c) & kDigit; }
bool IsBlank(char c) { return ClassOf(c) & kBlank; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsOpening(char c) {
  return c == '[' || c == '(' || c == '{' || c == '<' || c == '"' || c == '\'' || c == '=';
}
bool IsVowel(char c) {
  switch (c | 0x20) {
    case 'a':
    case 'e':
    case 'i':
    case 'o':
    case 'u':
    case 'y':
      return true;
    default:
      return false;
  }
}

template <size_t N>
bool IsOneOf(std::string_view word, const std::string_view (&words)[N]) {
  // Most differ in their first letter; so does a call for each of them cost more than this.
  return std::any_of(std::begin(words), std::end(words), [word](std::string_view one) {
    return one.size() == word.size() && one.front() == word.front() && one == word;
  });
}

// What may stand behind a number and a blank and changes with it.
bool GoesWithNumber(std::string_view word) {
  static constexpr std::string_view kWords[] = {"s",
                                                "m",
                                                "h",
                                                "d",
                                                "B",
                                                "K",
                                                "M",
                                                "G",
                                                "T",
                                                "ns",
                                                "us",
                                                "ms",
                                                "kb",
                                                "kB",
                                                "KB",
                                                "MB",
                                                "GB",
                                                "TB",
                                                "KiB",
                                                "MiB",
                                                "GiB",
                                                "TiB",
                                                "sec",
                                                "secs",
                                                "min",
                                                "hr",
                                                "hrs",
                                                "mins",
                                                "second",
                                                "seconds",
                                                "minute",
                                                "minutes",
                                                "hour",
                                                "day",
                                                "AM",
                                                "PM",
                                                "hours",
                                                "days",
                                                "millis",
                                                "msec",
                                                "msecs",
                                                "usec",
                                                "am",
                                                "pm",
                                                "µs",
                                                "UTC",
                                                "GMT",
                                                "CET",
                                                "CEST",
                                                "EST",
                                                "EDT",
                                                "CST",
                                                "CDT",
                                                "MST",
                                                "MDT",
                                                "PST",
                                                "PDT",
                                                "BST",
                                                "IST",
                                                "JST",
                                                "WET",
                                                "WEST",
                                                "EET",
                                                "EEST",
                                                "MSK",
                                                "AEST",
                                                "AEDT",
                                                "Z",
                                                "MILLISECONDS",
                                                "SECONDS",
                                                "MINUTES",
                                                "milliseconds",
                                                "microseconds",
                                                "nanoseconds"};
  return word.size() <= 12 && IsOneOf(word, kWords);
}

// Names of the calendar, short or whole.
template <size_t N>
bool IsNameOf(std::string_view word, const std::string_view (&names)[N]) {
  if (word.size() < 3 || word.size() > 9) return false;
  for (const std::string_view name : names) {
    if (word.front() != name.front()) continue;
    if (word == name || (word.size() == 3 && name.starts_with(word))) return true;
  }
  return false;
}
bool IsMonth(std::string_view word) {
  static constexpr std::string_view kNames[] = {"January",   "February", "March",    "April",
                                                "May",       "June",     "July",     "August",
                                                "September", "October",  "November", "December"};
  return IsNameOf(word, kNames) || word == "Sept";
}
bool IsDayOfWeek(std::string_view word) {
  static constexpr std::string_view kNames[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                "Friday", "Saturday", "Sunday"};
  return IsNameOf(word, kNames);
}
bool MayBeCalendar(char first) {
  switch (first) {
    case 'J':
    case 'F':
    case 'M':
    case 'A':
    case 'S':
    case 'O':
    case 'N':
    case 'D':
    case 'T':
    case 'W':
      return true;
    default:
      return false;
  }
}

// Kubernetes makes suffixes of digits and of letters without vowels.
bool IsKubernetesSuffix(std::string_view word) {
  if (word.size() != 5 && (word.size() < 8 || word.size() > 10)) return false;
  return std::all_of(word.begin(), word.end(),
                     [](char c) { return IsDigit(c) || (IsLower(c) && !IsVowel(c)); });
}

// Keys whose values are ids. `key` ends where the key ends and may begin in front of it.
bool IsIdKey(std::string_view key) {
  size_t from = key.size();
  while (from > 0 && (ClassOf(key[from - 1]) & (kHexLetter | kOtherLetter))) --from;
  const std::string_view word = key.substr(from);
  if (word.size() < 2 || word.size() > 24) return false;
  const char before_last = word[word.size() - 2], last = word.back();
  if ((before_last | 0x20) == 'i' && (last | 0x20) == 'd') {
    if (word.size() == 2) return true;
    if (before_last == 'I' && IsLower(word[word.size() - 3])) return true;
  }
  static constexpr std::string_view kWords[] = {
      "uuid",  "UUID", "guid",   "reqid",     "requestid", "traceid",     "spanid",     "sessionid",
      "token", "hash", "nonce",  "etag",      "ETag",      "digest",      "sha",        "session",
      "trace", "span", "cookie", "signature", "checksum",  "fingerprint", "containerid"};
  return IsOneOf(word, kWords);
}

class Masker {
 public:
  Masker(std::string_view line, bool high_is_text, char* buffer)
      : begin_(line.data()),
        p_(begin_),
        end_(begin_ + line.size()),
        high_is_text_(high_is_text),
        start_(buffer),
        out_(buffer) {}

  std::string_view Run(bool is_cut) {
    if (IsKlog()) Copy(1);
    size_t words = 0;
    while (p_ < end_) {
      const uint8_t bits = ClassOf(*p_);
      if (bits & kWordByte) {
        Word();
      } else if (bits & kBlank) {
        Blanks();
        if (++words == PatternMask::kMaxWords) {
          is_cut = p_ < end_;
          break;
        }
      } else if (bits & kControl) {
        Control();
      } else {
        Punctuation();
      }
    }
    if (is_cut) {
      EmitMask();
    } else {
      while (out_ > start_ && IsBlank(out_[-1])) --out_;
    }
    return {start_, static_cast<size_t>(out_ - start_)};
  }

 private:
  void Copy(size_t size) {
    std::memcpy(out_, p_, size);
    out_ += size;
    p_ += size;
  }
  // E0105 10:00:00.000000 17 file.go:3] text: the letter is the level.
  bool IsKlog() const {
    if (end_ - p_ < 6 || !std::strchr("IWEF", *p_) || *p_ == '\0') return false;
    return std::all_of(p_ + 1, p_ + 5, IsDigit) && p_[5] == ' ';
  }

  char OutBack(ptrdiff_t back) const { return out_ - start_ >= back ? out_[-back] : '\0'; }

  void EmitMask() {
    if (char* date = BehindDate()) {
      out_ = date;
      return;
    }
    const char sign = OutBack(1);
    if (sign == '-' || sign == '+') {
      const char before = OutBack(2);
      if (before == '\0' || IsBlank(before) || IsOpening(before) || before == ':' ||
          before == '_') {
        --out_;
      }
    }
    char* q = out_;
    for (int n = 0; n < 2 && q > start_ && (ClassOf(q[-1]) & kConnector); ++n) --q;
    if (q > start_ && q[-1] == kMask) {
      out_ = q;
      return;
    }
    if (out_ > start_ && IsBlank(out_[-1])) {
      q = out_;
      while (q > start_ && IsBlank(q[-1])) --q;
      out_ = q == start_ || (IsOpening(q[-1]) && q[-1] != '=') ? q : q + 1;
    }
    *out_++ = kMask;
  }

  // The end of a mask that a date began, where only blanks and a comma follow it; else nullptr.
  char* BehindDate() const {
    if (!date_end_) return nullptr;
    char* q = out_;
    while (q > date_end_ && IsBlank(q[-1])) --q;
    if (q > date_end_ && q[-1] == ',') --q;
    return q == date_end_ ? q : nullptr;
  }
  void EmitDate() {
    EmitMask();
    date_end_ = out_;
  }

  void Blanks() {
    const char* from = p_;
    while (p_ < end_ && IsBlank(*p_)) ++p_;
    if (OutBack(1) == kMask) {
      *out_++ = *from;
      return;
    }
    std::memcpy(out_, from, static_cast<size_t>(p_ - from));
    out_ += p_ - from;
  }

  void Control() {
    if (*p_ == '\x1b' && end_ - p_ > 1 && p_[1] == '[') {
      const char* q = p_ + 2;
      while (q < end_ && *q >= 0x20 && *q <= 0x3f) ++q;
      if (q < end_ && *q >= 0x40 && *q <= 0x7e) {
        p_ = q + 1;
        return;
      }
    }
    ++p_;
    EmitMask();
  }

  void Punctuation() {
    const char c = *p_;
    if (end_ - p_ >= 4 && p_[1] == c && p_[2] == c && p_[3] == c && (ClassOf(c) & kRuler)) {
      while (p_ < end_ && *p_ == c) ++p_;
      EmitMask();
      return;
    }
    *out_++ = c;
    ++p_;
    if (c == '=') {
      if (IsIdKey({start_, static_cast<size_t>(out_ - 1 - start_)})) IdValue();
    } else if (c == ':' && OutBack(2) == '"') {
      if (IsIdKey({start_, static_cast<size_t>(out_ - 2 - start_)})) {
        while (p_ < end_ && *p_ == ' ') ++p_;
        if (p_ < end_ && *p_ == '"') IdValue();
      }
    }
  }

  // Behind `id=` or `"id":`.
  void IdValue() {
    const char* q = p_;
    if (q < end_ && *q == '"') {
      ++q;
      const char* close = q;
      while (close < end_ && *close != '"' && *close != '\\') ++close;
      if (close == q) return;
      *out_++ = '"';
      p_ = close;
      EmitMask();
      return;
    }
    while (q < end_ && !IsBlank(*q) && !std::strchr(",;)]}\"'&|", *q)) ++q;
    const std::string_view value(p_, static_cast<size_t>(q - p_));
    if (value.empty() || value == "nil" || value == "null" || value == "-" || value == "<nil>") {
      return;
    }
    p_ = q;
    EmitMask();
  }

  void Word() {
    const char* from = p_;
    char* out_from = out_;
    uint8_t bits = 0;
    do {
      const uint8_t one = ClassOf(*p_);
      if (!(one & kWordByte)) break;
      bits |= one;
      *out_++ = *p_++;
    } while (p_ < end_);
    if (IsDigit(*from)) SkipEscapedUnit();
    const std::string_view word(from, static_cast<size_t>(p_ - from));
    if (!high_is_text_ && std::any_of(word.begin(), word.end(), [](char c) { return c & 0x80; })) {
      out_ = out_from;
      EmitMask();
      return;
    }
    if (bits & kDigit) {
      if (KeepsNumber(word)) return;
      const bool is_suffix = out_from > start_ && out_from[-1] == '-' && IsKubernetesSuffix(word);
      const size_t stem = is_suffix ? 0 : Stem(word, bits);
      out_ = out_from + stem;
      EmitMask();
      return;
    }
    const char before = out_from > start_ ? out_from[-1] : '\0';
    const char before_that = out_from - start_ > 1 ? out_from[-2] : '\0';
    if (!(bits & kOtherLetter) && HexOfLetters(word, out_from)) {
      out_ = out_from;
      EmitMask();
      return;
    }
    if (before == ' ' && before_that == kMask && GoesWithNumber(word) &&
        (p_ == end_ || (*p_ != '=' && *p_ != '('))) {
      out_ = out_from - 1;
      return;
    }
    if (MayBeCalendar(*from) && word.size() <= 9 && IsDate(word, before, before_that)) {
      out_ = out_from;
      // The day in front of a month.
      if (before == ' ' && before_that == kMask) date_end_ = out_from - 1;
      EmitDate();
      return;
    }
    if (before == '-' && IsKubernetesSuffix(word)) {
      out_ = out_from;
      EmitMask();
      return;
    }
    Temporary(word, before);
  }

  // 12\u00b5s: how JSON writers without UTF-8 spell 12 µs.
  void SkipEscapedUnit() {
    if (end_ - p_ < 6 || !std::equal(p_, p_ + 3, "\\u0")) return;
    if (!std::all_of(p_ + 3, p_ + 6, IsWordByte)) return;
    p_ += 6;
    while (p_ < end_ && IsWordByte(*p_)) ++p_;
  }

  // Letters in front that stay, where only digits follow them.
  static size_t Stem(std::string_view word, uint8_t bits) {
    if (IsDigit(word.front()) || !(bits & kOtherLetter)) return 0;
    size_t letters = 0;
    bool has_vowel = false;
    while (!IsDigit(word[letters])) has_vowel |= IsVowel(word[letters++]);
    for (size_t i = letters; i < word.size(); ++i) {
      if (!IsDigit(word[i])) return 0;
    }
    return has_vowel || letters <= 3 ? letters : 0;
  }

  // Parts of UUIDs, and of MAC and IPv6 addresses, without a digit in them.
  bool HexOfLetters(std::string_view word, const char* out_from) const {
    if (word.size() >= 7) return true;
    const char* q = out_from;
    if (word.size() <= 4 && q > start_ && (q[-1] == ':' || (q[-1] == '-' && word.size() == 4))) {
      q -= q - start_ > 1 && q[-2] == ':' ? 2 : 1;
      if (q > start_ && q[-1] == kMask) return true;
    }
    return word.size() == 2 && IsMacAddress(word.data());
  }

  bool IsMacAddress(const char* at) const {
    constexpr ptrdiff_t kSize = 17;
    if (end_ - at < kSize || (end_ - at > kSize && IsWordByte(at[kSize]))) return false;
    for (ptrdiff_t i = 0; i < kSize; ++i) {
      if (i % 3 == 2 ? at[i] != ':' : !(ClassOf(at[i]) & (kDigit | kHexLetter))) return false;
    }
    return true;
  }

  // Mon and Jan of dates. Behind the word is p_.
  bool IsDate(std::string_view word, char before, char before_that) const {
    const char* q = p_;
    while (q < end_ && q - p_ < 3 && (*q == ' ' || *q == ',' || *q == '-' || *q == '/')) ++q;
    if (IsMonth(word)) {
      if (q < end_ && q > p_ && IsDigit(*q)) return true;
      return before_that == kMask && (before == ' ' || before == '-' || before == '/');
    }
    if (!IsDayOfWeek(word) || q == p_ || q == end_) return false;
    if (IsDigit(*q)) return true;
    const char* r = q;
    while (r < end_ && r - q < 10 && IsWordByte(*r)) ++r;
    return IsMonth({q, static_cast<size_t>(r - q)});
  }

  // A lone 0 that counts errors, a level of two digits.
  bool KeepsNumber(std::string_view word) const {
    const char* from = word.data();
    if (word == "0") {
      return StandsAlone(from) && IsZeroOfErrors(from);
    }
    if (word.size() != 2 || from - begin_ < 6 || !IsDigit(word[1])) return false;
    const std::string_view left(begin_, static_cast<size_t>(from - begin_));
    return left.ends_with("level=") || left.ends_with("\"level\":") ||
           left.ends_with("\"level\": ");
  }

  // The byte from `at` to p_ is a number of its own.
  bool StandsAlone(const char* at) const {
    if (at > begin_ && !IsBlank(at[-1]) && !std::strchr(":=([{,\"", at[-1])) return false;
    if (at - begin_ > 1 && at[-1] == ':' && IsDigit(at[-2])) return false;
    if (p_ == end_ || IsBlank(*p_)) return true;
    if (!std::strchr(".,;)]}\"", *p_)) return false;
    return p_ + 1 == end_ || !IsWordByte(p_[1]);
  }

  bool IsZeroOfErrors(const char* zero) const {
    const char* q = p_;
    for (int n = 0; n < 2 && q < end_ && *q == ' '; ++n) {
      const char* from = ++q;
      while (q < end_ && IsWordByte(*q)) ++q;
      if (CountsErrors({from, static_cast<size_t>(q - from)})) return true;
    }
    q = zero;
    while (q > begin_ && zero - q < 3 && std::strchr(" :=\"(\t", q[-1])) --q;
    if (q == zero) return false;
    const char* to = q;
    while (q > begin_ && IsWordByte(q[-1])) --q;
    const std::string_view word(q, static_cast<size_t>(to - q));
    if (CountsErrors(word) || word == "rc" || word == "exitCode" || word == "exited") return true;
    if (word != "code" && word != "status" && word != "Code") return false;
    const size_t reach = std::min<size_t>(static_cast<size_t>(q - begin_), 12);
    const std::string_view front(q - reach, reach);
    return front.find("exit") != front.npos || front.find("Exit") != front.npos;
  }

  // The name below a directory of temporary files.
  void Temporary(std::string_view word, char before) {
    if (p_ == end_) return;
    const bool is_tmp = word == "tmp" || word == "temp" || word == "Temp";
    if (is_tmp && *p_ == '.' && word == "tmp") {
      const char* q = p_ + 1;
      while (q < end_ && IsWordByte(*q)) ++q;
      if (q - p_ < 7) return;
      *out_++ = '.';
      p_ = q;
      EmitMask();
      return;
    }
    int names = is_tmp ? 1 : 0;
    if (word == "folders" && before == '/') names = 2;
    if (names == 0 || (before != '/' && before != '\\')) return;
    const char slash = *p_;
    if (slash != before) return;
    for (; names > 0 && p_ < end_ && *p_ == slash; --names) {
      const char* q = p_ + 1;
      while (q < end_ && *q != slash && !IsBlank(*q) && !(ClassOf(*q) & kControl) &&
             !std::strchr(":,;\"'`()[]{}<>=|", *q)) {
        ++q;
      }
      if (q == p_ + 1) return;
      *out_++ = slash;
      p_ = q;
      EmitMask();
    }
  }

  const char* const begin_;
  const char* p_;
  const char* const end_;
  const bool high_is_text_;
  char* const start_;
  char* out_;
  char* date_end_ = nullptr;
};

}  // namespace

std::string_view CutForPattern(std::string_view line) {
  if (line.size() <= PatternMask::kMaxLineBytes) return line;
  size_t size = PatternMask::kMaxLineBytes;
  // Not inside a character.
  while (size > PatternMask::kMaxLineBytes - 4 && (line[size] & 0xc0) == 0x80) --size;
  return line.substr(0, size);
}

PatternMask::PatternMask() : buffer_(std::make_unique<char[]>(kMaxLineBytes + 8)) {}

std::string_view PatternMask::Mask(std::string_view line) {
  const std::string_view cut = CutForPattern(line);
  const bool is_cut = cut.size() < line.size();
  line = cut;
  while (!line.empty() && !is_cut && (line.back() == '\r' || IsBlank(line.back()))) {
    line.remove_suffix(1);
  }
  // What a terminal shows of a line that was written over.
  if (const size_t at = line.rfind('\r'); at != line.npos) line.remove_prefix(at + 1);
  return Masker(line, IsValidUtf8(line), buffer_.get()).Run(is_cut);
}

}  // namespace glp::codec
