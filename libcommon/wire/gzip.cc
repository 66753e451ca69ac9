#include "wire/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace glp::wire {
namespace {

constexpr int kGzipWindow = 15 + 16;    // zlib: 16 asks for the gzip form
constexpr int kDetectWindow = 15 + 32;  // 32: gzip or zlib, by the head
constexpr int kRawWindow = -15;

bool HasZlibHead(std::string_view bytes) {
  if (bytes.size() < 2) return false;
  const auto first = static_cast<uint8_t>(bytes[0]), second = static_cast<uint8_t>(bytes[1]);
  return (first & 0x0F) == 8 && (first * 256 + second) % 31 == 0;
}

}  // namespace

std::string Gzip(std::string_view bytes, int level) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return {};
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  size_t in_left = bytes.size(), out_left = out.size();
  constexpr size_t kMost = std::numeric_limits<uInt>::max();
  int code = Z_OK;
  while (code == Z_OK) {
    stream.avail_in = static_cast<uInt>(std::min(in_left, kMost));
    stream.avail_out = static_cast<uInt>(std::min(out_left, kMost));
    const size_t in_given = stream.avail_in, out_given = stream.avail_out;
    code = deflate(&stream, in_left == in_given ? Z_FINISH : Z_NO_FLUSH);
    in_left -= in_given - stream.avail_in;
    out_left -= out_given - stream.avail_out;
  }
  out.resize(out.size() - out_left);
  deflateEnd(&stream);
  return out;
}

Result<std::string> Inflate(std::string_view bytes, bool raw_deflate, size_t max_bytes,
                            MemoryClaim* memory) {
  const bool raw = raw_deflate && !HasZlibHead(bytes);
  z_stream stream{};
  if (inflateInit2(&stream, raw ? kRawWindow : kDetectWindow) != Z_OK) {
    return Status(Code::kIo, "zlib could not be set up: out of memory?");
  }
  std::string out;
  std::string why;
  Status taken;
  while (why.empty()) {
    if (out.size() > max_bytes) break;
    const size_t had = out.size();
    const size_t more = std::clamp<size_t>(had == 0 ? bytes.size() * 4 : had, 4096, 16 << 20);
    const size_t wanted = std::min(had + more, max_bytes + 1);
    if (wanted > out.capacity()) {
      const size_t grown = std::min(std::max(wanted, 2 * out.capacity()), max_bytes + 1);
      taken = TakeMemory(memory, grown - out.capacity());
      if (!taken.ok()) break;
      out.reserve(grown);
    }
    out.resize(wanted);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + had);
    stream.avail_out = static_cast<uInt>(out.size() - had);
    if (stream.avail_in == 0) {
      constexpr size_t kMost = std::numeric_limits<uInt>::max();
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
      stream.avail_in = static_cast<uInt>(std::min(bytes.size(), kMost));
      bytes.remove_prefix(stream.avail_in);
    }
    const int code = inflate(&stream, Z_NO_FLUSH);
    out.erase(out.size() - stream.avail_out);
    const bool has_more_input = stream.avail_in > 0 || !bytes.empty();
    if (code == Z_STREAM_END) {
      if (!has_more_input) break;
      if (inflateReset(&stream) != Z_OK) why = "cannot go on behind the first member";
    } else if (code == Z_BUF_ERROR || (code == Z_OK && !has_more_input && stream.avail_out > 0)) {
      why = "cut off";
    } else if (code != Z_OK) {
      why = stream.msg != nullptr ? stream.msg : "not compressed data";
    }
  }
  inflateEnd(&stream);
  if (!taken.ok()) return taken;
  if (out.size() > max_bytes) {
    return Status(Code::kLimit,
                  "decompressed to more than " + std::to_string(max_bytes) + " bytes");
  }
  if (!why.empty()) return DataError(std::move(why));
  return out;
}

struct GzipStream::Deflater {
  explicit Deflater(int level)
      : is_set_up(deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) ==
                  Z_OK) {}
  ~Deflater() {
    if (is_set_up) deflateEnd(&stream);
  }

  z_stream stream{};
  const bool is_set_up;
};

GzipStream::GzipStream(int level) : deflater_(std::make_unique<Deflater>(level)) {}
GzipStream::~GzipStream() = default;

Status GzipStream::Append(std::string_view bytes, bool is_last, std::string* out) {
  if (!deflater_->is_set_up) {
    return Status(Code::kIo, "zlib could not be set up: out of memory?");
  }
  z_stream& stream = deflater_->stream;
  constexpr size_t kMost = std::numeric_limits<uInt>::max();
  constexpr size_t kRoom = 16 << 10;
  do {
    const std::string_view part = bytes.substr(0, kMost);
    bytes.remove_prefix(part.size());
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
    stream.avail_in = static_cast<uInt>(part.size());
    const int flush = !bytes.empty() ? Z_NO_FLUSH : is_last ? Z_FINISH : Z_SYNC_FLUSH;
    do {
      const size_t had = out->size();
      out->resize(had + kRoom);
      stream.next_out = reinterpret_cast<Bytef*>(out->data() + had);
      stream.avail_out = kRoom;
      deflate(&stream, flush);  // fails only where nothing is left to do
      out->resize(out->size() - stream.avail_out);
    } while (stream.avail_out == 0);
  } while (!bytes.empty());
  return Status::Ok();
}

}  // namespace glp::wire
