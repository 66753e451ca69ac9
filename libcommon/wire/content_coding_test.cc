#include "wire/content_coding.h"

#include <gtest/gtest.h>
#include <lz4frame.h>
#include <zstd.h>

namespace glp::wire {
namespace {

std::string Zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string Lz4(const std::string& text) {
  std::string out(LZ4F_compressFrameBound(text.size(), nullptr), '\0');
  out.resize(LZ4F_compressFrame(out.data(), out.size(), text.data(), text.size(), nullptr));
  return out;
}

constexpr size_t kMax = 10 << 20;

TEST(ContentCoding, GivesBackWhatWasCompressed) {
  ContentCoding coding;
  for (const std::string& text : {std::string(), std::string("a"), std::string("hello hello hello"),
                                  std::string(5 << 20, 'x'), std::string(kMax, 'y')}) {
    for (const auto& [name, bytes] :
         {std::pair("zstd", Zstd(text)), std::pair("ZSTD", Zstd(text)), std::pair("lz4", Lz4(text)),
          std::pair("gzip", text), std::pair("", text)}) {
      const auto plain = coding.Read(bytes, name, kMax);
      ASSERT_TRUE(plain.ok()) << name << " " << plain.status().message();
      EXPECT_TRUE(*plain == text) << name << " " << text.size();
    }
  }
  EXPECT_EQ(*coding.Read(Zstd("a") + Zstd("b"), "zstd", kMax), "ab");
  EXPECT_EQ(*coding.Read(Lz4("a") + Lz4("b"), "lz4", kMax), "ab");
}

TEST(ContentCoding, RefusesDamageAndBombs) {
  ContentCoding coding;
  const std::string text = "some text that is not very long, not very long";
  const auto code = [&](const std::string& bytes, const char* name, size_t max = kMax) {
    const auto plain = coding.Read(bytes, name, max);
    return plain.ok() ? Code::kOk : plain.status().code();
  };
  for (const auto& [name, bytes] : {std::pair("zstd", Zstd(text)), std::pair("lz4", Lz4(text))}) {
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(code(bytes.substr(0, size), name), Code::kData) << name << size;
    }
    EXPECT_EQ(code("plain text", name), Code::kData);
    EXPECT_EQ(code(bytes + "more", name), Code::kData);
    EXPECT_EQ(code(bytes, name, text.size()), Code::kOk);
    EXPECT_EQ(code(bytes, name, text.size() - 1), Code::kLimit);
    EXPECT_EQ(code(bytes, name, 0), Code::kLimit);
  }
  const std::string much(200 << 20, 'x');
  EXPECT_EQ(code(Zstd(much), "zstd"), Code::kLimit);
  EXPECT_EQ(code(Lz4(much), "lz4"), Code::kLimit);
}

TEST(ContentCoding, KnowsItsNames) {
  for (const char* name : {"", "identity", "gzip", "Deflate", "zstd", "LZ4"}) {
    EXPECT_TRUE(ContentCoding::IsKnown(name)) << name;
  }
  for (const char* name : {"br", "snappy", "zstd, gzip", "x"}) {
    EXPECT_FALSE(ContentCoding::IsKnown(name)) << name;
  }
}

}  // namespace
}  // namespace glp::wire
