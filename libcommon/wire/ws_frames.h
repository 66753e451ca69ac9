// Frames of a WebSocket as bytes, from a client's side: what it sends, and what a server sends put
// together to messages.
// Threads: one at a time.
// Errors:  Code::kData for bytes that no server may send, kLimit for a message over its bound; both
//          stay: nothing that follows can be understood.
// Cost:    linear in the bytes; the memory of one message and of what was fed and not looked at.
// Format:  RFC 6455, sections 5.2 to 5.6, without extensions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glp::wire {

enum class WsOpcode : uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

// One frame, masked with the four bytes of `mask`.
void AppendClientFrame(std::string* out, WsOpcode opcode, std::string_view payload, uint32_t mask);

// A whole message (kText, kBinary), however many frames it came in, or a control frame.
struct WsMessage {
  WsOpcode opcode;
  std::string payload;
};

class WsDecoder {
 public:
  explicit WsDecoder(size_t max_message_bytes) : max_message_bytes_(max_message_bytes) {}

  void Feed(std::string_view bytes);
  // The next message; nothing where its end has not been fed yet.
  Result<std::optional<WsMessage>> Next();

 private:
  // Takes the head of a frame from the input; false where it is not there in full.
  Result<bool> TakeHead();
  Status CheckHead(bool reserved, bool masked, uint64_t size);

  const size_t max_message_bytes_;
  std::string input_;
  size_t used_ = 0;  // of input_
  // The frame whose head was taken.
  bool in_frame_ = false;
  bool final_ = false;
  WsOpcode opcode_ = WsOpcode::kText;
  uint64_t left_ = 0;  // bytes of it still to come
  // A message of which only a part has come, and a control frame: it may stand between the others.
  std::optional<WsOpcode> message_opcode_;
  std::string message_, control_;
  Status error_;
};

// The two parts of a close frame's payload. 1005 stands for a close without a code.
struct WsClose {
  int code = 1005;
  std::string reason;
};
WsClose ReadWsClose(std::string_view payload);

}  // namespace glp::wire
