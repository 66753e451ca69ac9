#include "codec/logfmt.h"

#include <array>
#include <cstring>

#include "base/json_text.h"
#include "base/strings.h"

namespace glp::codec {
namespace {

constexpr uint8_t kBlank = 1;   // ends a word
constexpr uint8_t kEquals = 2;  // '='
constexpr uint8_t kQuote = 4;   // '"'
constexpr uint8_t kWide = 8;    // a byte of a character beyond ASCII

constexpr std::array<uint8_t, 256> MakeKinds() {
  std::array<uint8_t, 256> kinds{};
  for (int c = 0; c < 256; ++c) {
    if (c <= ' ') kinds[c] = kBlank;
    if (c >= 0x80) kinds[c] = kWide;
  }
  kinds['='] = kEquals;
  kinds['"'] = kQuote;
  return kinds;
}
constexpr std::array<uint8_t, 256> kKinds = MakeKinds();

uint8_t KindOf(char c) { return kKinds[static_cast<unsigned char>(c)]; }

}  // namespace

LogfmtScanner::Step LogfmtScanner::Fail(std::string_view what) {
  error_ = what;
  error_offset_ = static_cast<size_t>(p_ - begin_);
  while (p_ < end_ && KindOf(*p_) != kBlank) ++p_;
  return Step::kError;
}

LogfmtScanner::Step LogfmtScanner::Next(std::string* scratch) {
  key_ = value_ = {};
  has_value_ = in_scratch_ = false;
  while (p_ < end_ && KindOf(*p_) == kBlank) ++p_;
  if (p_ == end_) return Step::kEnd;

  const char* start = p_;
  uint8_t seen = 0, kind = 0;
  while (p_ < end_ && ((kind = KindOf(*p_)) & (kBlank | kEquals | kQuote)) == 0) {
    seen |= kind;
    ++p_;
  }
  key_ = {start, static_cast<size_t>(p_ - start)};
  if (p_ < end_ && kind == kQuote) return Fail("a quote inside of a key");
  if (p_ < end_ && kind == kEquals && key_.empty()) return Fail("'=' without a key");
  if (seen != 0 && (!IsValidUtf8(key_) || key_.find("\xEF\xBF\xBD") != std::string_view::npos)) {
    return Fail("a key that is not UTF-8");
  }
  if (p_ == end_ || kind == kBlank) return Step::kPair;

  has_value_ = true;
  ++p_;
  if (p_ == end_ || KindOf(*p_) == kBlank) return Step::kPair;
  if (*p_ == '"') return Quoted(scratch);
  start = p_;
  while (p_ < end_ && ((kind = KindOf(*p_)) & (kBlank | kEquals | kQuote)) == 0) ++p_;
  if (p_ < end_ && kind == kQuote) return Fail("a quote inside of a value that is not quoted");
  if (p_ < end_ && kind == kEquals) return Fail("'=' inside of a value that is not quoted");
  value_ = {start, static_cast<size_t>(p_ - start)};
  return Step::kPair;
}

LogfmtScanner::Step LogfmtScanner::Quoted(std::string* scratch) {
  const char* start = p_ + 1;
  const char* p = start;
  bool escapes = false;
  for (;;) {
    const char* quote = static_cast<const char*>(std::memchr(p, '"', end_ - p));
    if (quote == nullptr) {
      Step step = Fail("a quoted value without its end");
      p_ = end_;
      return step;
    }
    // An odd number of backslashes in front makes the quote a part of the value.
    const char* b = quote;
    while (b > start && b[-1] == '\\') --b;
    p = quote + 1;
    if ((quote - b) % 2 == 0) {
      value_ = {start, static_cast<size_t>(quote - start)};
      break;
    }
    escapes = true;
  }
  escapes = escapes || value_.find('\\') != std::string_view::npos;
  if (escapes) {
    scratch->clear();
    if (!AppendJsonUnescaped(scratch, value_)) {
      value_ = {};
      Step step = Fail("a quoted value with a bad escape");
      p_ = p;
      return step;
    }
    value_ = *scratch;
    in_scratch_ = true;
  }
  p_ = p;
  return Step::kPair;
}

}  // namespace glp::codec
