// The memory that a push is read into, for both of its forms.
#include "wire/push_request.h"

#include <gtest/gtest.h>

#include "wire/push_json.h"
#include "wire/push_proto.h"

namespace glp::wire {
namespace {

constexpr size_t kMany = 100'000;

struct Case {
  const char* what;
  std::string body;
};

std::string Many(std::string_view one, size_t count, std::string_view between = "") {
  std::string out;
  for (size_t i = 0; i < count; ++i) (out += i == 0 ? "" : between) += one;
  return out;
}

// Of 8 MiB: bodies of things that take more memory than they are long, a few bytes each.
template <typename Decoder>
void ExpectTooMuch(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    MemoryBudget budget({"a push", 8 << 20, 8 << 20, 0, ""});
    MemoryClaim claim(&budget);
    Decoder decoder;
    const auto request = decoder.Decode(c.body, &claim);
    ASSERT_FALSE(request.ok()) << c.what;
    EXPECT_EQ(request.status().code(), Code::kLimit) << c.what << request.status().message();
    EXPECT_NE(request.status().message().find("a push needs more than 8 MiB"), std::string::npos)
        << c.what << request.status().message();
  }
}

TEST(PushCount, CountsWhatJsonIsReadInto) {
  const auto many = [](std::string_view one, size_t count) { return Many(one, count, ","); };
  ExpectTooMuch<JsonPushDecoder>({
      {"streams without entries", "{\"streams\":[" + many("{}", kMany) + "]}"},
      {"labels", "{\"streams\":[{\"stream\":{" + many("\"\":\"\"", kMany) + "}}]}"},
      {"entries",
       R"({"streams":[{"stream":{"a":"b"},"values":[)" + many(R"(["1",""])", kMany) + "]}]}"},
      {"origins", R"({"streams":[],"glp":{"streams":[)" + many("{}", kMany) + "]}}"},
      {"offsets",
       R"({"streams":[],"glp":{"streams":[{"src":[["i",[)" + many("1", 4 * kMany) + "]]]}]}}"},
      {"runs",
       R"({"streams":[],"glp":{"streams":[{"src":[)" + many(R"(["i",[]])", kMany) + "]}]}}"},
  });
  // Not of memory only.
  JsonPushDecoder decoder;
  const std::string labels = "\"" + std::string(PushCount::kMaxLabelBytes, 'x') + "\":\"\"";
  EXPECT_EQ(decoder.Decode("{\"streams\":[{\"stream\":{" + labels + "}}]}").status().code(),
            Code::kLimit);
}

TEST(PushCount, CountsWhatProtobufIsReadInto) {
  const auto field = [](char tag, const std::string& bytes) {
    std::string out(1, tag);
    size_t size = bytes.size();
    for (; size >= 0x80; size >>= 7) out += static_cast<char>(size | 0x80);
    return out + static_cast<char>(size) + bytes;
  };
  using std::string_literals::operator""s;
  ExpectTooMuch<ProtoPushDecoder>({
      {"streams without entries", Many("\x0A\x00"s, kMany)},
      {"entries", field('\x0A', Many("\x12\x00"s, kMany))},
      {"metadata",
       field('\x0A', field('\x12', field('\x1A', field('\x0A', "a") +
                                                     field('\x12', std::string(1 << 20, '\1')))))},
  });
}

}  // namespace
}  // namespace glp::wire
