#include <bzlib.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <lzma.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <string>
#include <vector>

#include "io/compressed.h"
#include "io/file.h"
#include "io/input.h"
#include "io/output.h"

namespace glp::io {
namespace {

// Gives out its text in pieces of a given size.
class PieceSource : public ByteSource {
 public:
  PieceSource(std::string text, size_t piece) : text_(std::move(text)), piece_(piece) {}
  Result<size_t> Read(char* out, size_t size) override {
    size_t n = std::min({size, piece_, text_.size() - at_});
    text_.copy(out, n, at_);
    at_ += n;
    return n;
  }

 private:
  std::string text_;
  size_t piece_, at_ = 0;
};

std::string ReadAllLines(std::unique_ptr<ByteSource> source, size_t block) {
  LineInput input(std::move(source), block);
  std::string all;
  std::string_view lines;
  for (;;) {
    auto state = input.Read(&lines);
    if (!state.ok()) return "error: " + state.status().message();
    if (*state == ReadState::kEnd) return all;
    all += lines;
    all += "|";  // where the blocks end
  }
}

TEST(LineInput, BlocksEndAtLineEndsWhateverTheReadsGive) {
  std::string text = "one\ntwo\n\nfour is longer\nlast without end";
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    for (size_t block : {1, 4, 16, 1000}) {
      std::string all = ReadAllLines(std::make_unique<PieceSource>(text, piece), block);
      std::string joined;
      for (size_t i = 0; i < all.size(); ++i) {
        if (all[i] != '|') {
          joined += all[i];
        } else if (i + 1 < all.size()) {
          EXPECT_EQ(all[i - 1], '\n') << all;
        }
      }
      EXPECT_EQ(joined, text);
    }
  }
}

TEST(LineInput, EmptyInputIsTheEnd) {
  EXPECT_EQ(ReadAllLines(std::make_unique<PieceSource>("", 1), 8), "");
}

std::string Gzip(const std::string& text) {
  z_stream stream = {};
  deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string Bzip2(const std::string& text) {
  std::string out(2 * text.size() + 600, '\0');
  unsigned size = static_cast<unsigned>(out.size());
  BZ2_bzBuffToBuffCompress(out.data(), &size, const_cast<char*>(text.data()),
                           static_cast<unsigned>(text.size()), 1, 0, 0);
  out.resize(size);
  return out;
}

std::string Xz(const std::string& text) {
  std::string out(lzma_stream_buffer_bound(text.size()), '\0');
  size_t size = 0;
  lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, nullptr,
                          reinterpret_cast<const uint8_t*>(text.data()), text.size(),
                          reinterpret_cast<uint8_t*>(out.data()), &size, out.size());
  out.resize(size);
  return out;
}

const auto kCompressors = {Gzip, Zstd, Bzip2, Xz};

// `before` gets what came before an error.
Result<std::string> Decode(const std::string& bytes, size_t piece, std::string* before = nullptr) {
  GLP_ASSIGN_OR_RETURN(auto source,
                       MakeDecodingSource(std::make_unique<PieceSource>(bytes, piece), "test"));
  std::string all, room(1000, '\0');
  for (;;) {
    auto got = source->Read(room.data(), room.size());
    if (!got.ok() && before != nullptr) *before = all;
    if (!got.ok()) return got.status();
    if (*got == 0) return all;
    all.append(room, 0, *got);
  }
}

TEST(Compressed, MembersOneBehindTheOtherAreOneText) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "line " + std::to_string(i) + "\n";
  std::vector<std::string> inputs = {text};
  for (auto compress : kCompressors) {
    inputs.push_back(compress(text));
    inputs.push_back(compress("") + compress(text.substr(0, 100)) + compress("") +
                     compress(text.substr(100)));
  }
  inputs.push_back(Xz(text) + std::string(8, '\0'));
  inputs.push_back(Xz(text.substr(0, 9)) + std::string(4, '\0') + Xz(text.substr(9)));
  for (const std::string& bytes : inputs) {
    for (size_t piece : {1, 7, 100000}) {
      auto got = Decode(bytes, piece);
      ASSERT_TRUE(got.ok()) << got.status().message();
      EXPECT_EQ(*got, text);
    }
  }
}

TEST(Compressed, CutOffIsAnErrorNotAnEnd) {
  std::string text(5000, 'x');
  for (auto compress : kCompressors) {
    std::string whole = compress(text);
    for (size_t cut : {size_t{5}, whole.size() / 2, whole.size() - 1}) {
      auto got = Decode(whole.substr(0, cut), 64);
      ASSERT_FALSE(got.ok()) << cut;
      EXPECT_EQ(got.status().code(), Code::kData);
      EXPECT_NE(got.status().message().find("cut off"), std::string::npos);
    }
  }
}

TEST(Compressed, WhatIsInFrontOfDamageIsGivenOut) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "line " + std::to_string(i) + "\n";
  for (auto compress : kCompressors) {
    std::string damaged = compress("whole\n") + compress(text) + "garbage";
    for (size_t flipped : {damaged.size() - 30, damaged.size() - 12, damaged.size()}) {
      std::string bytes = damaged, before;
      if (flipped < bytes.size()) bytes[flipped] = static_cast<char>(bytes[flipped] ^ 0x55);
      auto got = Decode(bytes, 100000, &before);
      ASSERT_FALSE(got.ok());
      EXPECT_EQ(got.status().code(), Code::kData) << got.status().message();
      EXPECT_EQ(before.substr(0, 6), "whole\n");
      if (flipped == bytes.size()) {
        EXPECT_EQ(before, "whole\n" + text);
      }
    }
  }
}

TEST(Compressed, TextThatBeginsLikeAMagicNumberIsText) {
  for (std::string text : {"", "B", "BZ", "BZh", "BZh0\n", "BZh91AY&SZ\n", "\x1f", "\x1f\x8b", "(",
                           "\x28\xb5\x2f", "\xFD",
                           "\xFD"
                           "7zXY",
                           "\xFD"
                           "7z"}) {
    for (size_t piece : {1, 100}) {
      auto got = Decode(text, piece);
      ASSERT_TRUE(got.ok()) << text << got.status().message();
      EXPECT_EQ(*got, text);
    }
  }
}

TEST(Compressed, XzDataThatTakesTooMuchMemoryIsRefused) {
  std::string bytes = Xz("text");
  // The size of the dictionary, in the header of the first block: 4 GiB; then its checksum anew.
  size_t lzma2 = bytes.find("\x21\x01", 13);
  ASSERT_LT(lzma2, size_t{24});
  bytes[lzma2 + 2] = 40;
  size_t header = (static_cast<size_t>(bytes[12]) + 1) * 4;
  uint32_t sum = lzma_crc32(reinterpret_cast<const uint8_t*>(bytes.data()) + 12, header - 4, 0);
  for (size_t i = 0; i < 4; ++i) {
    bytes[12 + header - 4 + i] = static_cast<char>(sum >> (8 * i));
  }
  auto got = Decode(bytes, 100);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.status().code(), Code::kLimit);
  EXPECT_NE(got.status().message().find("xz -dc"), std::string::npos) << got.status().message();
}

TEST(Output, FullDeviceIsAnErrorThatSticks) {
  Fd full(open("/dev/full", O_WRONLY));
  ASSERT_TRUE(full.valid());
  Output out(full.get(), "standard output");
  out.buffer() += "data";
  Status status = out.Flush();
  EXPECT_EQ(status.code(), Code::kIo);
  EXPECT_EQ(status.message(), "write standard output: No space left on device");
  EXPECT_EQ(out.Flush().code(), Code::kIo);
}

TEST(File, AtomicWriteReplacesWhole) {
  std::string path = testing::TempDir() + "glp_atomic_" + std::to_string(getpid());
  ASSERT_TRUE(WriteFileAtomically(path, "one").ok());
  ASSERT_TRUE(WriteFileAtomically(path, "two").ok());
  EXPECT_EQ(*ReadFile(path), "two");
  EXPECT_TRUE(Remove(path).ok());
  Status status = WriteFileAtomically("/nonexistent/folder/x", "three");
  EXPECT_EQ(status.code(), Code::kIo);
  EXPECT_NE(status.message().find("/nonexistent/folder/x"), std::string::npos);
}

}  // namespace
}  // namespace glp::io
