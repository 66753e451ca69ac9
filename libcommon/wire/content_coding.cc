#include "wire/content_coding.h"

#include <lz4frame.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

#include "wire/http.h"

namespace glp::wire {
namespace {

constexpr size_t kStepBytes = 256 << 10;
constexpr size_t kKeepBytes = 8 << 20;

struct FreeZstd {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
struct FreeLz4 {
  void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};

Status TooLarge(size_t max_bytes) {
  return {Code::kLimit, "request body too large: more than " + std::to_string(max_bytes) +
                            " bytes when decompressed"};
}

// Room for some more bytes, one more than the bound so that it is noticed.
Status Grow(size_t used, size_t max_bytes, MemoryClaim* memory, std::string* out) {
  if (out->size() - used >= kStepBytes / 2) return Status::Ok();
  const size_t size = std::min(used + kStepBytes, max_bytes + 1);
  if (size > out->capacity()) {
    const size_t grown = std::min(std::max(size, 2 * out->capacity()), max_bytes + 1);
    GLP_RETURN_IF_ERROR(TakeMemory(memory, grown - out->capacity()));
    out->reserve(grown);
  }
  out->resize(size);
  return Status::Ok();
}

}  // namespace

bool ContentCoding::IsKnown(std::string_view coding) {
  for (const char* known : {"", "identity", "gzip", "deflate", "zstd", "lz4"}) {
    if (EqualIgnoringCase(coding, known)) return true;
  }
  return false;
}

Result<std::string_view> ContentCoding::Read(std::string_view bytes, std::string_view coding,
                                             size_t max_bytes, MemoryClaim* memory) {
  if (plain_.capacity() > kKeepBytes) std::string().swap(plain_);
  Status status;
  if (EqualIgnoringCase(coding, "zstd")) {
    status = ReadZstd(bytes, max_bytes, memory);
  } else if (EqualIgnoringCase(coding, "lz4")) {
    status = ReadLz4(bytes, max_bytes, memory);
  } else {
    return bytes;
  }
  if (!status.ok()) {
    std::string().swap(plain_);
    return status;
  }
  return std::string_view(plain_);
}

// Frames behind each other are one body.
Status ContentCoding::ReadZstd(std::string_view bytes, size_t max_bytes, MemoryClaim* memory) {
  const std::unique_ptr<ZSTD_DCtx, FreeZstd> context(ZSTD_createDCtx());
  if (context == nullptr) return {Code::kIo, "zstd: out of memory"};
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kMaxWindowLog);
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  size_t used = 0;
  size_t left = 1;
  while (in.pos < in.size || left != 0) {
    GLP_RETURN_IF_ERROR(Grow(used, max_bytes, memory, &plain_));
    ZSTD_outBuffer out{plain_.data(), plain_.size(), used};
    left = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(left)) {
      return DataError(std::string("zstd: ") + ZSTD_getErrorName(left));
    }
    const bool stuck = in.pos == in.size && out.pos < out.size;
    used = out.pos;
    if (used > max_bytes) return TooLarge(max_bytes);
    if (left != 0 && stuck) return DataError("zstd: the body is cut off");
  }
  plain_.resize(used);
  return Status::Ok();
}

Status ContentCoding::ReadLz4(std::string_view bytes, size_t max_bytes, MemoryClaim* memory) {
  LZ4F_dctx* made = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION))) {
    return {Code::kIo, "lz4: out of memory"};
  }
  const std::unique_ptr<LZ4F_dctx, FreeLz4> context(made);
  size_t used = 0, at = 0;
  size_t left = 1;
  while (at < bytes.size() || left != 0) {
    GLP_RETURN_IF_ERROR(Grow(used, max_bytes, memory, &plain_));
    size_t consumed = bytes.size() - at;
    size_t produced = plain_.size() - used;
    const size_t room = produced;
    left = LZ4F_decompress(context.get(), plain_.data() + used, &produced, bytes.data() + at,
                           &consumed, nullptr);
    if (LZ4F_isError(left)) return DataError(std::string("lz4: ") + LZ4F_getErrorName(left));
    at += consumed;
    used += produced;
    if (used > max_bytes) return TooLarge(max_bytes);
    if (left != 0 && at == bytes.size() && produced < room) {
      return DataError("lz4: the body is cut off");
    }
  }
  plain_.resize(used);
  return Status::Ok();
}

}  // namespace glp::wire
