// Words of a logfmt line (`level=info msg="hello there" x`), one at a time, as Loki and promtail
// read them: a word ends at a blank or control character, values may be quoted with JSON's escapes,
// a key may stand alone, a quote or '=' where none belongs is an error.
//
//   LogfmtScanner scanner(line);
//   std::string scratch;
//   while (scanner.Next(&scratch) == LogfmtScanner::Step::kPair) use(scanner.key(), …);
//
// Errors:   kError says what and where; the next call goes on behind the bad word, as Loki's parser
//           does without --strict; promtail's stage stops there.
// Lifetime: views into the line or, for values with escapes, into `scratch` until the next call.
// Threads:  one at a time. Cost: one look at each byte, no allocation.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace glp::codec {

class LogfmtScanner {
 public:
  enum class Step { kPair, kError, kEnd };

  explicit LogfmtScanner(std::string_view line)
      : begin_(line.data()), p_(line.data()), end_(line.data() + line.size()) {}

  Step Next(std::string* scratch);

  std::string_view key() const { return key_; }
  std::string_view value() const { return value_; }  // "" for a key alone
  bool has_value() const { return has_value_; }      // there was a '='
  bool value_in_scratch() const { return in_scratch_; }
  // After kError: what is wrong, and the offset in the line.
  std::string_view error() const { return error_; }
  size_t error_offset() const { return error_offset_; }

 private:
  Step Fail(std::string_view what);
  Step Quoted(std::string* scratch);

  const char* begin_;
  const char* p_;
  const char* end_;
  std::string_view key_, value_, error_;
  size_t error_offset_ = 0;
  bool has_value_ = false;
  bool in_scratch_ = false;
};

}  // namespace glp::codec
