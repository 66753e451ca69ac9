// A layout, a location and a text, each on a line of its own.

#include <cstdint>
#include <string_view>

#include "codec/go_time.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto line = [&text] {
    const size_t end = text.find('\n');
    const std::string_view taken = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return taken;
  };
  const std::string_view layout = line(), location = line();
  auto compiled = glp::codec::TimeLayout::Compile(layout, location);
  if (compiled.ok()) (void)compiled->Parse(text, 1'700'000'000'000'000'000);
  return 0;
}
