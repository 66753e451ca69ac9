#include "wire/ws_frames.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

namespace glp::wire {
namespace {

// A frame of a server: not masked. `first`: FIN, reserved bits and opcode.
std::string Frame(unsigned first, std::string_view payload) {
  std::string frame(1, static_cast<char>(first));
  if (payload.size() < 126) {
    frame += static_cast<char>(payload.size());
  } else if (payload.size() < 0x10000) {
    frame += {126, static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size())};
  } else {
    frame += 127;
    for (int shift = 56; shift >= 0; shift -= 8) {
      frame += static_cast<char>(static_cast<uint64_t>(payload.size()) >> shift);
    }
  }
  return frame.append(payload);
}

using Messages = std::vector<std::pair<WsOpcode, std::string>>;

// All messages of `bytes`, fed `step` at a time; the error that ended it, if one did.
Messages Decode(std::string_view bytes, size_t step, Status* error, size_t max_bytes = 1 << 20) {
  WsDecoder decoder(max_bytes);
  Messages messages;
  for (size_t at = 0; at < bytes.size(); at += step) {
    decoder.Feed(bytes.substr(at, step));
    for (;;) {
      auto next = decoder.Next();
      if (!next.ok()) {
        *error = next.status();
        return messages;
      }
      if (!*next) break;
      messages.emplace_back((*next)->opcode, (*next)->payload);
    }
  }
  return messages;
}

TEST(WsDecoder, PutsMessagesTogetherHoweverTheyAreCut) {
  const std::string long_text(70'000, 'x'), middle_text(300, 'y');
  const std::string bytes = Frame(0x81, "one") + Frame(0x01, "tw") + Frame(0x89, "ping") +
                            Frame(0x00, "") + Frame(0x80, "o") + Frame(0x82, middle_text) +
                            Frame(0x81, long_text) + Frame(0x8a, "") + Frame(0x81, "") +
                            Frame(0x88, std::string("\x03\xf3") + "bye");
  const Messages wanted = {
      {WsOpcode::kText, "one"},     {WsOpcode::kPing, "ping"},
      {WsOpcode::kText, "two"},     {WsOpcode::kBinary, middle_text},
      {WsOpcode::kText, long_text}, {WsOpcode::kPong, ""},
      {WsOpcode::kText, ""},        {WsOpcode::kClose, std::string("\x03\xf3") + "bye"}};
  for (const size_t step : {size_t{1}, size_t{2}, size_t{3}, size_t{100}, bytes.size()}) {
    Status error;
    EXPECT_TRUE(Decode(bytes, step, &error) == wanted) << step;
    EXPECT_TRUE(error.ok()) << error.message();
  }
}

TEST(WsDecoder, RefusesWhatNoServerMaySend) {
  const std::pair<std::string, std::string_view> kCases[] = {
      {Frame(0xc1, "x"), "reserved bit"},
      {std::string("\x81\x81\0\0\0\0x", 7), "masked"},
      {Frame(0x80, "x"), "continuation of nothing"},
      {Frame(0x01, "x") + Frame(0x81, "y"), "begins within another"},
      {Frame(0x09, "x"), "in parts"},
      {Frame(0x89, std::string(126, 'x')), "more than 125"},
      {Frame(0x83, "x"), "opcode 3"},
      {Frame(0x8f, "x"), "opcode 15"},
  };
  for (const auto& [bytes, words] : kCases) {
    for (const size_t step : {size_t{1}, bytes.size()}) {
      Status error;
      Decode(bytes, step, &error);
      EXPECT_EQ(error.code(), Code::kData);
      EXPECT_NE(error.message().find(words), std::string::npos) << error.message();
    }
  }
}

TEST(WsDecoder, MessagesHaveABoundAndAnErrorStays) {
  for (const std::string& bytes :
       {Frame(0x81, std::string(101, 'x')),
        Frame(0x01, std::string(60, 'x')) + Frame(0x80, std::string(60, 'x')),
        std::string("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10)}) {
    WsDecoder decoder(100);
    decoder.Feed(bytes);
    EXPECT_EQ(decoder.Next().status().code(), Code::kLimit);
    decoder.Feed(Frame(0x81, "fine"));
    EXPECT_EQ(decoder.Next().status().code(), Code::kLimit);
  }
}

TEST(WsDecoder, ChanceIsRefusedOrUnderstoodButNeverMore) {
  std::mt19937 random(11);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 200, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    Status error;
    size_t payload = 0;
    for (const auto& [opcode, text] : Decode(bytes, 1 + random() % 50, &error, 150)) {
      payload += text.size();
    }
    EXPECT_LE(payload, bytes.size());
  }
}

TEST(AppendClientFrame, MasksAndSaysItsLength) {
  std::string frame;
  AppendClientFrame(&frame, WsOpcode::kText, "Hello", 0x37fa213d);  // RFC 6455, section 5.7
  EXPECT_EQ(frame, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
  frame.clear();
  AppendClientFrame(&frame, WsOpcode::kBinary, std::string(256, 'a'), 0);
  EXPECT_EQ(frame.substr(0, 8), std::string("\x82\xfe\x01\x00\0\0\0\0", 8));
  EXPECT_EQ(frame.size(), 8 + 256U);
  frame.clear();
  AppendClientFrame(&frame, WsOpcode::kBinary, std::string(65536, 'a'), 0);
  EXPECT_EQ(frame.substr(0, 10), std::string("\x82\xff\0\0\0\0\0\x01\0\0", 10));
}

TEST(ReadWsClose, HasACodeAndAReasonWhereTheyAreThere) {
  EXPECT_EQ(ReadWsClose("").code, 1005);
  EXPECT_EQ(ReadWsClose("x").code, 1005);
  EXPECT_EQ(ReadWsClose("\x03\xf3why").code, 1011);
  EXPECT_EQ(ReadWsClose("\x03\xf3why").reason, "why");
}

}  // namespace
}  // namespace glp::wire
