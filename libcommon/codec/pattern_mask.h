// The shape of a log line: the line with everything in it masked that differs from one run to the
// next. Two lines that say the same of other numbers, times or files have one shape.
//
//   2026-01-05 10:00:00,123 took   12ms for /tmp/ab3x/out (id=k3v9)
//   ? ? took ? for /tmp/?/out (id=?)                                  each ? is the byte kMask
//
// Masked are, in words of letters and digits: what begins with a digit (numbers, 12ms, 4KB, 3rd,
// 0x1f), hexadecimal with a digit in it or of 7 letters and more, the digits at the end of a word
// (worker12), words with digits inside (k8s). Masks with one or two of . - _ : / , + @ between them
// are one, so that dates, times, versions, addresses and UUIDs are; so is a sign in front. Further:
//   months and days of the week beside numbers, zones, AM and PM behind them;
//   units behind a number and a blank, as they differ with its size (900 ms, 1.2 s; 12 KB, 3 MB);
//   the name below /tmp, /temp and /var/folders, and behind "tmp.";
//   the value of a key that ends in id, or is token, hash, session and the like (key=value, JSON);
//   random suffixes of Kubernetes names (-x2x7k, -bcdfg);
//   rulers: four and more of the same punctuation;
//   control characters, and bytes that are not UTF-8.
// Kept as they are: a lone 0 beside a word that counts errors ("0 errors", "exit code 0"), and a
// numeric level ("level":50): they say how it went.
// Colours (ESC [ … m) and blanks at the end are left out, what a carriage return overwrote too.
// Blanks beside a mask are one, or none behind an opening bracket: columns may be of any width.
//
// A shape is valid UTF-8 without control characters but tab and kMask, no longer than its line or
// kMaxLineBytes, of no more than kMaxWords words; what a line has beyond is one mask.
// Lifetime: a shape lives until the next Mask. Threads: one at a time.
// Cost: one look at each byte of those, no allocation.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace glp::codec {

class PatternMask {
 public:
  static constexpr char kMask = '\x01';
  static constexpr size_t kMaxLineBytes = 4096;
  static constexpr size_t kMaxWords = 128;

  PatternMask();
  std::string_view Mask(std::string_view line);

 private:
  std::unique_ptr<char[]> buffer_;
};

// What an example of a line is cut to: as many of its first bytes as a shape looks at.
std::string_view CutForPattern(std::string_view line);

}  // namespace glp::codec
