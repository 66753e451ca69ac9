#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

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

Result<std::string> Decode(const std::string& bytes, size_t piece) {
  GLP_ASSIGN_OR_RETURN(auto source,
                       MakeDecodingSource(std::make_unique<PieceSource>(bytes, piece), "test"));
  std::string all, room(1000, '\0');
  for (;;) {
    GLP_ASSIGN_OR_RETURN(size_t got, source->Read(room.data(), room.size()));
    if (got == 0) return all;
    all.append(room, 0, got);
  }
}

TEST(Compressed, MembersOneBehindTheOtherAreOneText) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "line " + std::to_string(i) + "\n";
  for (const std::string& bytes :
       {text, Gzip(text), Zstd(text), Gzip(text.substr(0, 100)) + Gzip(text.substr(100)),
        Zstd(text.substr(0, 100)) + Zstd(text.substr(100))}) {
    for (size_t piece : {1, 7, 100000}) {
      auto got = Decode(bytes, piece);
      ASSERT_TRUE(got.ok()) << got.status().message();
      EXPECT_EQ(*got, text);
    }
  }
}

TEST(Compressed, CutOffIsAnErrorNotAnEnd) {
  std::string text(5000, 'x');
  for (const std::string& whole : {Gzip(text), Zstd(text)}) {
    for (size_t cut : {size_t{5}, whole.size() / 2, whole.size() - 1}) {
      auto got = Decode(whole.substr(0, cut), 64);
      ASSERT_FALSE(got.ok()) << cut;
      EXPECT_EQ(got.status().code(), Code::kData);
      EXPECT_NE(got.status().message().find("cut off"), std::string::npos);
    }
  }
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
