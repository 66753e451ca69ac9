#include "wire/ws_frames.h"

#include <algorithm>
#include <utility>

namespace glp::wire {
namespace {

constexpr uint64_t kMaxControlBytes = 125;

bool IsControl(WsOpcode opcode) { return static_cast<uint8_t>(opcode) >= 8; }

void AppendBigEndian(std::string* out, uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(value >> shift & 0xff));
  }
}

uint64_t ReadBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

Status BadFrame(std::string_view what) {
  return DataError("a frame of the WebSocket is not RFC 6455's: " + std::string(what));
}

}  // namespace

void AppendClientFrame(std::string* out, WsOpcode opcode, std::string_view payload, uint32_t mask) {
  constexpr char kFinal = static_cast<char>(0x80), kMasked = static_cast<char>(0x80);
  out->push_back(static_cast<char>(kFinal | static_cast<char>(opcode)));
  if (payload.size() <= kMaxControlBytes) {
    out->push_back(static_cast<char>(kMasked | static_cast<char>(payload.size())));
  } else if (payload.size() <= 0xffff) {
    out->push_back(static_cast<char>(kMasked | 126));
    AppendBigEndian(out, payload.size(), 2);
  } else {
    out->push_back(static_cast<char>(kMasked | 127));
    AppendBigEndian(out, payload.size(), 8);
  }
  AppendBigEndian(out, mask, 4);
  for (size_t i = 0; i < payload.size(); ++i) {
    const uint32_t byte = mask >> (24 - 8 * (i % 4)) & 0xff;
    out->push_back(static_cast<char>(static_cast<unsigned char>(payload[i]) ^ byte));
  }
}

void WsDecoder::Feed(std::string_view bytes) {
  if (used_ == input_.size()) {
    input_.clear();
    used_ = 0;
  } else if (used_ > input_.size() / 2) {
    input_.erase(0, used_);
    used_ = 0;
  }
  input_.append(bytes);
}

Status WsDecoder::CheckHead(bool reserved, bool masked, uint64_t size) {
  if (reserved) return BadFrame("a reserved bit is set");
  if (masked) return BadFrame("a server's frame is masked");
  switch (opcode_) {
    case WsOpcode::kText:
    case WsOpcode::kBinary:
      if (message_opcode_) return BadFrame("a message begins within another");
      break;
    case WsOpcode::kContinuation:
      if (!message_opcode_) return BadFrame("a continuation of nothing");
      break;
    case WsOpcode::kClose:
    case WsOpcode::kPing:
    case WsOpcode::kPong:
      if (!final_) return BadFrame("a control frame in parts");
      if (size > kMaxControlBytes) return BadFrame("a control frame of more than 125 bytes");
      return Status::Ok();
    default:
      return BadFrame("opcode " + std::to_string(static_cast<int>(opcode_)) + " is not known");
  }
  if (size > max_message_bytes_ - message_.size()) {
    return {Code::kLimit, "a message of the WebSocket is larger than " +
                              std::to_string(max_message_bytes_) + " bytes"};
  }
  return Status::Ok();
}

Result<bool> WsDecoder::TakeHead() {
  const std::string_view input = std::string_view(input_).substr(used_);
  if (input.size() < 2) return false;
  const auto first = static_cast<unsigned char>(input[0]);
  const auto second = static_cast<unsigned char>(input[1]);
  const bool masked = (second & 0x80) != 0;
  uint64_t size = second & 0x7f;
  const size_t extra = size == 126 ? 2 : size == 127 ? 8 : 0;
  if (input.size() < 2 + extra) return false;
  if (extra > 0) size = ReadBigEndian(input.substr(2, extra));
  opcode_ = static_cast<WsOpcode>(first & 0x0f);
  final_ = (first & 0x80) != 0;
  GLP_RETURN_IF_ERROR(CheckHead((first & 0x70) != 0, masked, size));
  used_ += 2 + extra;
  left_ = size;
  in_frame_ = true;
  if (opcode_ == WsOpcode::kText || opcode_ == WsOpcode::kBinary) message_opcode_ = opcode_;
  return true;
}

Result<std::optional<WsMessage>> WsDecoder::Next() {
  if (!error_.ok()) return error_;
  for (;;) {
    if (!in_frame_) {
      const Result<bool> taken = TakeHead();
      if (!taken.ok()) return error_ = taken.status();
      if (!*taken) return std::optional<WsMessage>();
    }
    std::string& payload = IsControl(opcode_) ? control_ : message_;
    const size_t bytes = std::min<uint64_t>(left_, input_.size() - used_);
    payload.append(input_, used_, bytes);
    used_ += bytes;
    left_ -= bytes;
    if (left_ > 0) return std::optional<WsMessage>();
    in_frame_ = false;
    if (!final_) continue;
    const WsOpcode opcode =
        IsControl(opcode_) ? opcode_ : *std::exchange(message_opcode_, std::nullopt);
    return std::optional<WsMessage>({opcode, std::exchange(payload, std::string())});
  }
}

WsClose ReadWsClose(std::string_view payload) {
  WsClose close;
  if (payload.size() < 2) return close;
  close.code = static_cast<int>(ReadBigEndian(payload.substr(0, 2)));
  close.reason = payload.substr(2);
  return close;
}

}  // namespace glp::wire
