#include "io/compressed.h"

#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace glp::io {
namespace {

constexpr size_t kInputBytes = 128 << 10;
constexpr size_t kMaxStepBytes = 1 << 30;  // zlib and bzip2 count in 32 bits

struct Magic {
  Compression compression;
  std::string_view bytes;
};
// bzip2's level, at '?', may be any of 1 to 9; behind it a block begins, or the end.
constexpr Magic kMagics[] = {
    {Compression::kGzip, "\x1f\x8b\x08"},
    {Compression::kZstd, "\x28\xb5\x2f\xfd"},
    {Compression::kXz,
     {"\xFD"
      "7zXZ\0",
      6}},
    {Compression::kBzip2, "BZh?1AY&SY"},
    {Compression::kBzip2, "BZh?\x17\x72\x45\x38\x50\x90"},
};
constexpr size_t kTellingBytes = 4;

// Of the bytes that both have.
bool Agrees(const Magic& magic, std::string_view head) {
  size_t size = std::min(magic.bytes.size(), head.size());
  for (size_t i = 0; i < size; ++i) {
    bool level = magic.compression == Compression::kBzip2 && i == 3;
    if (level ? head[i] < '1' || head[i] > '9' : head[i] != magic.bytes[i]) return false;
  }
  return true;
}

// Gives out bytes that were read to look at, then the rest of the source.
class PrefixedSource : public ByteSource {
 public:
  PrefixedSource(std::string head, std::unique_ptr<ByteSource> rest)
      : head_(std::move(head)), rest_(std::move(rest)) {}
  Result<size_t> Read(char* out, size_t size) override {
    if (at_ == head_.size()) return rest_->Read(out, size);
    size_t n = std::min(size, head_.size() - at_);
    std::memcpy(out, head_.data() + at_, n);
    at_ += n;
    return n;
  }
  // Never polled before the head is given out: it is there already.
  int poll_fd() const override { return at_ == head_.size() ? rest_->poll_fd() : -1; }

 private:
  std::string head_;
  size_t at_ = 0;
  std::unique_ptr<ByteSource> rest_;
};

// A compressed format, a call of its library at a time.
class Codec {
 public:
  virtual ~Codec() = default;
  struct Step {
    size_t consumed = 0, produced = 0;
    bool member_end = false;
    Status status;
  };
  // A member is begun by the first byte behind the end of another.
  virtual Step Decode(std::string_view in, char* out, size_t size) = 0;
  virtual const char* name() const = 0;

 protected:
  Status OutOfMemory() const { return {Code::kIo, std::string(name()) + ": out of memory"}; }
  Status Damaged() const { return DataError(std::string(name()) + " data is damaged"); }
};

class DecodingSource : public ByteSource {
 public:
  DecodingSource(std::unique_ptr<Codec> codec, std::unique_ptr<ByteSource> source, std::string name)
      : codec_(std::move(codec)),
        source_(std::move(source)),
        name_(std::move(name)),
        input_(kInputBytes, '\0') {}

  Result<size_t> Read(char* out, size_t size) override {
    while (failure_.ok()) {
      if (at_ == filled_ && !holds_output_) {
        GLP_ASSIGN_OR_RETURN(filled_, source_->Read(input_.data(), input_.size()));
        at_ = 0;
        if (filled_ == 0 && !in_member_) return size_t{0};
        if (filled_ == 0) {
          failure_ = DataError(name_ + ": " + codec_->name() + " data is cut off");
          break;
        }
      }
      std::string_view in(input_.data() + at_, filled_ - at_);
      Codec::Step step = codec_->Decode(in, out, size);
      at_ += step.consumed;
      in_member_ = (in_member_ || step.consumed > 0) && !step.member_end;
      holds_output_ = in_member_ && step.produced == size;
      if (!step.status.ok()) failure_ = step.status.Annotate(name_);
      if (step.produced > 0) return step.produced;
    }
    return failure_;
  }

 private:
  std::unique_ptr<Codec> codec_;
  std::unique_ptr<ByteSource> source_;
  std::string name_;
  std::string input_;
  size_t at_ = 0, filled_ = 0;
  bool in_member_ = false;
  bool holds_output_ = false;  // the codec may have more than there was room for
  Status failure_;             // told once what came before it was given out
};

class GzipCodec : public Codec {
 public:
  ~GzipCodec() override {
    if (open_) inflateEnd(&stream_);
  }
  const char* name() const override { return "gzip"; }
  Step Decode(std::string_view in, char* out, size_t size) override {
    if (!open_) {
      stream_ = {};
      if (inflateInit2(&stream_, 16 + MAX_WBITS) != Z_OK) {
        return {0, 0, false, OutOfMemory()};
      }
      open_ = true;
    }
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    uInt room = stream_.avail_out = static_cast<uInt>(std::min(size, kMaxStepBytes));
    int code = inflate(&stream_, Z_NO_FLUSH);
    Step step{in.size() - stream_.avail_in, room - stream_.avail_out, code == Z_STREAM_END, {}};
    if (step.member_end) {
      inflateEnd(&stream_);
      open_ = false;
    } else if (code == Z_MEM_ERROR) {
      step.status = OutOfMemory();
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      step.status = Damaged();
    }
    return step;
  }

 private:
  z_stream stream_ = {};
  bool open_ = false;
};

class Bzip2Codec : public Codec {
 public:
  ~Bzip2Codec() override {
    if (open_) BZ2_bzDecompressEnd(&stream_);
  }
  const char* name() const override { return "bzip2"; }
  Step Decode(std::string_view in, char* out, size_t size) override {
    if (!open_) {
      stream_ = {};
      if (BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) {
        return {0, 0, false, OutOfMemory()};
      }
      open_ = true;
    }
    stream_.next_in = const_cast<char*>(in.data());
    stream_.avail_in = static_cast<unsigned>(in.size());
    stream_.next_out = out;
    unsigned room = stream_.avail_out = static_cast<unsigned>(std::min(size, kMaxStepBytes));
    int code = BZ2_bzDecompress(&stream_);
    Step step{in.size() - stream_.avail_in, room - stream_.avail_out, code == BZ_STREAM_END, {}};
    if (step.member_end) {
      BZ2_bzDecompressEnd(&stream_);
      open_ = false;
    } else if (code == BZ_MEM_ERROR) {
      step.status = OutOfMemory();
    } else if (code != BZ_OK) {
      step.status = Damaged();
    }
    return step;
  }

 private:
  bz_stream stream_ = {};
  bool open_ = false;
};

class XzCodec : public Codec {
 public:
  ~XzCodec() override { lzma_end(&stream_); }
  const char* name() const override { return "xz"; }
  Step Decode(std::string_view in, char* out, size_t size) override {
    if (!open_) {
      // Between streams there may be zeros.
      size_t zeros = std::min(in.find_first_not_of('\0'), in.size());
      if (zeros > 0) return {zeros, 0, true, {}};
      if (lzma_stream_decoder(&stream_, kMaxXzBytes, 0) != LZMA_OK) {
        return {0, 0, false, OutOfMemory()};
      }
      open_ = true;
    }
    stream_.next_in = reinterpret_cast<const uint8_t*>(in.data());
    stream_.avail_in = in.size();
    stream_.next_out = reinterpret_cast<uint8_t*>(out);
    stream_.avail_out = size;
    lzma_ret code = lzma_code(&stream_, LZMA_RUN);
    Step step{in.size() - stream_.avail_in, size - stream_.avail_out, code == LZMA_STREAM_END, {}};
    if (step.member_end) {
      open_ = false;
    } else if (code == LZMA_MEMLIMIT_ERROR) {
      step.status = Status(Code::kLimit,
                           "xz data needs " + std::to_string(lzma_memusage(&stream_) >> 20) +
                               " MiB of memory, more than " + std::to_string(kMaxXzBytes >> 20) +
                               " MiB; read it through xz -dc");
    } else if (code == LZMA_MEM_ERROR) {
      step.status = OutOfMemory();
    } else if (code != LZMA_OK && code != LZMA_BUF_ERROR) {
      step.status = Damaged();
    }
    return step;
  }

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool open_ = false;
};

class ZstdCodec : public Codec {
 public:
  ~ZstdCodec() override { ZSTD_freeDCtx(context_); }
  const char* name() const override { return "zstd"; }
  Step Decode(std::string_view in, char* out, size_t size) override {
    if (context_ == nullptr) {
      context_ = ZSTD_createDCtx();
      if (context_ == nullptr) return {0, 0, false, OutOfMemory()};
      // `zstd --long=31` files are legal; their window is memory the writer asked for.
      ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, 31);
    }
    ZSTD_inBuffer input = {in.data(), in.size(), 0};
    ZSTD_outBuffer output = {out, size, 0};
    size_t code = ZSTD_decompressStream(context_, &output, &input);
    Step step{input.pos, output.pos, code == 0, {}};
    if (ZSTD_isError(code)) {
      step.status =
          ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation ? OutOfMemory() : Damaged();
    }
    return step;
  }

 private:
  ZSTD_DCtx* context_ = nullptr;
};

std::unique_ptr<Codec> MakeCodec(Compression compression) {
  switch (compression) {
    case Compression::kGzip:
      return std::make_unique<GzipCodec>();
    case Compression::kBzip2:
      return std::make_unique<Bzip2Codec>();
    case Compression::kXz:
      return std::make_unique<XzCodec>();
    case Compression::kZstd:
      return std::make_unique<ZstdCodec>();
    case Compression::kNone:
      break;
  }
  return nullptr;
}

}  // namespace

Compression DetectCompression(std::string_view head) {
  for (const Magic& magic : kMagics) {
    if (head.size() >= std::min(kTellingBytes, magic.bytes.size()) && Agrees(magic, head)) {
      return magic.compression;
    }
  }
  return Compression::kNone;
}

bool MayBecomeCompressed(std::string_view head) {
  return std::any_of(std::begin(kMagics), std::end(kMagics), [&](const Magic& magic) {
    return head.size() < magic.bytes.size() && Agrees(magic, head);
  });
}

Result<std::unique_ptr<ByteSource>> MakeDecodingSource(std::unique_ptr<ByteSource> source,
                                                       std::string name) {
  std::string head(kMagicBytes, '\0');
  size_t have = 0;
  while (MayBecomeCompressed({head.data(), have})) {
    GLP_ASSIGN_OR_RETURN(size_t got, source->Read(head.data() + have, head.size() - have));
    if (got == 0) break;
    have += got;
  }
  head.resize(have);
  std::unique_ptr<Codec> codec = MakeCodec(DetectCompression(head));
  std::unique_ptr<ByteSource> whole =
      std::make_unique<PrefixedSource>(std::move(head), std::move(source));
  if (codec == nullptr) return whole;
  return std::unique_ptr<ByteSource>(
      new DecodingSource(std::move(codec), std::move(whole), std::move(name)));
}

}  // namespace glp::io
