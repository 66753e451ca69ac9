// Any text as a logfmt line: every step goes on, and what it gives lies in the line.

#include <cstdint>
#include <string>
#include <string_view>

#include "codec/logfmt.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using glp::codec::LogfmtScanner;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  LogfmtScanner scanner(line);
  std::string scratch;
  for (size_t steps = 0;; ++steps) {
    if (steps > size) __builtin_trap();
    const LogfmtScanner::Step step = scanner.Next(&scratch);
    if (step == LogfmtScanner::Step::kEnd) break;
    if (step == LogfmtScanner::Step::kError) {
      if (scanner.error().empty() || scanner.error_offset() > size) __builtin_trap();
      continue;
    }
    const auto lies_in_line = [line](std::string_view text) {
      return text.empty() ||
             (text.data() >= line.data() && text.data() + text.size() <= line.data() + line.size());
    };
    if (scanner.key().empty() || !lies_in_line(scanner.key())) __builtin_trap();
    if (!scanner.value_in_scratch() && !lies_in_line(scanner.value())) __builtin_trap();
  }
  return 0;
}
