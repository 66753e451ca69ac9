// Any bytes as a write-ahead log. An odd first byte asks for hashes that fit; the rest is the file.

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "io/file.h"
#include "io/output.h"
#include "pack/frame.h"
#include "pack/varint.h"
#include "store/wal.h"

namespace {

void Put(std::string* bytes, size_t at, uint64_t value) {
  std::memcpy(bytes->data() + at, &value, sizeof value);
}

void FixHashes(std::string* bytes) {
  using glp::Hash64;
  using glp::pack::kFrameSize;
  for (size_t at = 0; at + kFrameSize <= bytes->size();) {
    if (bytes->compare(at, 4, "GLPW") != 0) {
      ++at;
      continue;
    }
    const size_t head = std::min<size_t>(bytes->size() - at - kFrameSize,
                                         glp::pack::LoadFixed<uint32_t>(bytes->data() + at + 4));
    Put(bytes, at + 16, Hash64(std::string_view(*bytes).substr(at + kFrameSize, head)));
    Put(bytes, at + 24, Hash64(std::string_view(*bytes).substr(at, 24)));
    at += kFrameSize + head;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 1) FixHashes(&bytes);
  const glp::io::Fd fd(memfd_create("fuzz", MFD_CLOEXEC));
  if (!fd.valid() || !glp::io::WriteAll(fd.get(), bytes, "fuzz").ok()) __builtin_trap();
  glp::LabelTable labels;
  glp::store::MemTable table;
  const auto report = glp::store::ReadWal(fd.get(), "fuzz", &labels, &table);
  if (!report.ok() || report->torn_bytes > bytes.size()) __builtin_trap();
  uint64_t sum = 0;
  for (const glp::store::MemStream& stream : table.streams()) {
    for (const glp::store::MemRow& row : SortedRows(stream.View())) {
      for (char c : row.line()) sum += static_cast<unsigned char>(c);
      for (char c : row.meta()) sum += static_cast<unsigned char>(c);
    }
  }
  if (sum == UINT64_MAX) __builtin_trap();
  return 0;
}
