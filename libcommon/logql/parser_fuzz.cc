// Any text as a query. What parses is printed, and the print is a query that prints the same.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "logql/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto expr = glp::logql::Parse(text, glp::logql::kLocalQuery);
  if (!expr.ok()) return 0;
  const std::string printed = ToString(*expr);
  // 0/0 is a number once it is read, and as in Loki one that cannot be typed.
  if (printed.find("NaN") != std::string::npos || printed.find("Inf") != std::string::npos)
    return 0;
  auto again = glp::logql::Parse(printed, glp::logql::kLocalQuery);
  if (!again.ok() || ToString(*again) != printed) std::abort();
  return 0;
}
