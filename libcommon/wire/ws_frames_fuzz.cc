// Fuzzes the decoder of WebSocket frames: the first byte is the size of the pieces that it is fed.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/ws_frames.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t step = data[0] + 1U;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  glp::wire::WsDecoder decoder(4096);
  size_t given = 0;
  for (size_t at = 0; at < bytes.size(); at += step) {
    decoder.Feed(bytes.substr(at, step));
    for (;;) {
      const auto next = decoder.Next();
      if (!next.ok()) return 0;
      if (!*next) break;
      given += (*next)->payload.size();
    }
    // A message is never longer than what was fed.
    if (given > bytes.size()) std::abort();
  }
  return 0;
}
