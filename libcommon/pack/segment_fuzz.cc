// Any bytes as a .glp file: it is opened, verified, read whole and searched. An odd first byte asks
// for hashes that fit, so that what lies behind them is reached; the rest is the file.

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "io/file.h"
#include "io/output.h"
#include "logql/ast.h"
#include "pack/file.h"
#include "pack/frame.h"
#include "pack/reader.h"
#include "pack/varint.h"

namespace {

using glp::Hash64;
using glp::pack::kFrameSize;
using glp::pack::kHeaderSize;
using glp::pack::kTrailerSize;

void Put(std::string* bytes, size_t at, uint64_t value) {
  std::memcpy(bytes->data() + at, &value, sizeof value);
}

// Of the columns in the head of a block, which begins at `at`.
void FixColumns(std::string* bytes, size_t at, size_t head_size, size_t tail_size) {
  glp::pack::Decoder in(std::string_view(*bytes).substr(at, head_size));
  for (int i = 0; i < 7; ++i) in.Varint();
  size_t stored_at = at + head_size;
  const size_t end = stored_at + tail_size;
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
    in.Fixed<uint16_t>();
    in.Varint();
    const size_t size = std::min<uint64_t>(in.Varint(), end - stored_at);
    if (!in.ok() || in.left() < sizeof(uint64_t)) return;
    Put(bytes, at + head_size - in.left(),
        Hash64(std::string_view(*bytes).substr(stored_at, size)));
    in.Fixed<uint64_t>();
    stored_at += size;
  }
}

void FixHashes(std::string* bytes) {
  size_t at = kHeaderSize;
  while (at + kFrameSize <= bytes->size()) {
    if (bytes->compare(at, 3, "GLP") != 0) {
      ++at;
      continue;
    }
    const size_t left = bytes->size() - at - kFrameSize;
    const size_t head =
        std::min<size_t>(left, glp::pack::LoadFixed<uint32_t>(bytes->data() + at + 4));
    const size_t tail = static_cast<size_t>(
        std::min<uint64_t>(left - head, glp::pack::LoadFixed<uint64_t>(bytes->data() + at + 8)));
    if ((*bytes)[at + 3] == 'B') FixColumns(bytes, at + kFrameSize, head, tail);
    Put(bytes, at + 16, Hash64(std::string_view(*bytes).substr(at + kFrameSize, head)));
    Put(bytes, at + 24, Hash64(std::string_view(*bytes).substr(at, 24)));
    at += kFrameSize + head + tail;
  }
  if (bytes->size() < kTrailerSize) return;
  at = bytes->size() - kTrailerSize;
  Put(bytes, at + 16, Hash64(std::string_view(*bytes).substr(at, 16)));
}

glp::io::Fd FileOf(std::string_view bytes) {
  glp::io::Fd fd(memfd_create("fuzz", MFD_CLOEXEC));
  if (!fd.valid() || !glp::io::WriteAll(fd.get(), bytes, "fuzz").ok()) __builtin_trap();
  return fd;
}

// Answers are well-formed, whatever is in the file.
void ReadAll(glp::logql::EntrySource* source, glp::logql::ScanRequest request) {
  auto cursor = source->Scan(std::move(request));
  if (!cursor.ok()) return;
  std::vector<glp::logql::Entry> batch;
  uint64_t sum = 0;
  while ((*cursor)->Next(&batch).ok() && !batch.empty()) {
    for (const glp::logql::Entry& entry : batch) {
      if (entry.stream == nullptr) __builtin_trap();
      for (char c : entry.line) sum += static_cast<unsigned char>(c);
      for (char c : entry.meta) sum += static_cast<unsigned char>(c);
    }
  }
  if (sum == UINT64_MAX) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 1) FixHashes(&bytes);
  auto file = glp::pack::PackFile::Open(FileOf(bytes), "fuzz");
  if (!file.ok()) return 0;
  (void)glp::pack::VerifyPack(**file);
  auto source = glp::pack::OpenPack(FileOf(bytes), "fuzz");
  if (!source.ok()) return 0;
  ReadAll(source->get(), {});
  glp::logql::ScanRequest request;
  request.want_lines = false;
  ReadAll(source->get(), request);
  for (const char* needle : {"e", "err", "10.0", "took 7"}) {
    glp::logql::ScanRequest search;
    search.line_filters.push_back(
        *glp::logql::MakeLineFilter(glp::logql::LineFilter::Op::kContains, {needle}));
    ReadAll(source->get(), std::move(search));
  }
  return 0;
}
