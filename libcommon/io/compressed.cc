#include "io/compressed.h"

#include <zlib.h>
#include <zstd.h>

#include <cstring>
#include <utility>

namespace glp::io {
namespace {

constexpr size_t kInputBytes = 128 << 10;

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

class DecodingSource : public ByteSource {
 public:
  DecodingSource(std::unique_ptr<ByteSource> source, std::string name)
      : source_(std::move(source)), name_(std::move(name)), input_(kInputBytes, '\0') {}

 protected:
  // Makes sure that input is there; false at its end.
  Result<bool> Fill() {
    if (at_ < filled_) return true;
    GLP_ASSIGN_OR_RETURN(filled_, source_->Read(input_.data(), input_.size()));
    at_ = 0;
    return filled_ > 0;
  }
  Status Damaged(const char* what) const { return DataError(name_ + ": " + what); }
  const char* input() const { return input_.data() + at_; }
  size_t available() const { return filled_ - at_; }
  void Consume(size_t bytes) { at_ += bytes; }

 private:
  std::unique_ptr<ByteSource> source_;
  std::string name_;
  std::string input_;
  size_t at_ = 0, filled_ = 0;
};

class GzipSource : public DecodingSource {
 public:
  using DecodingSource::DecodingSource;
  ~GzipSource() override {
    if (open_) inflateEnd(&stream_);
  }
  Result<size_t> Read(char* out, size_t size) override {
    for (;;) {
      GLP_ASSIGN_OR_RETURN(bool more, Fill());
      if (!more) {
        if (open_) return Damaged("gzip data is cut off");
        return size_t{0};
      }
      if (!open_) {
        stream_ = {};
        if (inflateInit2(&stream_, 16 + MAX_WBITS) != Z_OK) return Damaged("out of memory");
        open_ = true;
      }
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input()));
      stream_.avail_in = static_cast<uInt>(available());
      stream_.next_out = reinterpret_cast<Bytef*>(out);
      stream_.avail_out = static_cast<uInt>(std::min<size_t>(size, 1u << 30));
      uInt room = stream_.avail_out;
      size_t before = available();
      int code = inflate(&stream_, Z_NO_FLUSH);
      Consume(before - stream_.avail_in);
      size_t got = room - stream_.avail_out;
      if (code == Z_STREAM_END) {
        inflateEnd(&stream_);
        open_ = false;
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return Damaged("gzip data is damaged");
      }
      if (got > 0) return got;
    }
  }

 private:
  z_stream stream_ = {};
  bool open_ = false;
};

class ZstdSource : public DecodingSource {
 public:
  ZstdSource(std::unique_ptr<ByteSource> source, std::string name)
      : DecodingSource(std::move(source), std::move(name)), context_(ZSTD_createDCtx()) {
    // `zstd --long=31` files are legal; their window is memory the writer asked for.
    ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, 31);
  }
  ~ZstdSource() override { ZSTD_freeDCtx(context_); }
  Result<size_t> Read(char* out, size_t size) override {
    for (;;) {
      GLP_ASSIGN_OR_RETURN(bool more, Fill());
      if (!more && !pending_output_) {
        if (in_frame_) return Damaged("zstd data is cut off");
        return size_t{0};
      }
      ZSTD_inBuffer in = {input(), available(), 0};
      ZSTD_outBuffer result = {out, size, 0};
      size_t code = ZSTD_decompressStream(context_, &result, &in);
      if (ZSTD_isError(code)) return Damaged("zstd data is damaged");
      Consume(in.pos);
      in_frame_ = code != 0;
      pending_output_ = result.pos == result.size;
      if (result.pos > 0) return result.pos;
      if (!more) pending_output_ = false;
    }
  }

 private:
  ZSTD_DCtx* context_;
  bool in_frame_ = false;
  bool pending_output_ = false;  // the decoder may hold more than there was room for
};

}  // namespace

Compression DetectCompression(std::string_view head) {
  if (head.substr(0, 3) == "\x1f\x8b\x08") return Compression::kGzip;
  if (head.substr(0, 4) == "\x28\xb5\x2f\xfd") return Compression::kZstd;
  return Compression::kNone;
}

Result<std::unique_ptr<ByteSource>> MakeDecodingSource(std::unique_ptr<ByteSource> source,
                                                       std::string name) {
  std::string head(4, '\0');
  size_t have = 0;
  while (have < head.size()) {
    GLP_ASSIGN_OR_RETURN(size_t got, source->Read(head.data() + have, head.size() - have));
    if (got == 0) break;
    have += got;
  }
  head.resize(have);
  Compression kind = DetectCompression(head);
  std::unique_ptr<ByteSource> whole =
      std::make_unique<PrefixedSource>(std::move(head), std::move(source));
  switch (kind) {
    case Compression::kGzip:
      return std::unique_ptr<ByteSource>(new GzipSource(std::move(whole), std::move(name)));
    case Compression::kZstd:
      return std::unique_ptr<ByteSource>(new ZstdSource(std::move(whole), std::move(name)));
    case Compression::kNone:
      break;
  }
  return whole;
}

}  // namespace glp::io
