// Any bytes as a catalogue: what it says is taken or refused. An odd first byte asks for hashes of
// header, pages and names that fit; the rest is the file.

#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "io/file.h"
#include "io/output.h"
#include "pack/varint.h"
#include "store/catalogue.h"

namespace {

void Put(std::string* bytes, size_t at, uint64_t value) {
  std::memcpy(bytes->data() + at, &value, sizeof value);
}

void FixHashes(std::string* bytes) {
  using glp::Hash64;
  using glp::store::kCatalogueHeader;
  if (bytes->size() < kCatalogueHeader) return;
  Put(bytes, 24, bytes->size());
  const uint64_t segments = glp::pack::LoadFixed<uint32_t>(bytes->data() + 12);
  const uint64_t pages = (segments + glp::store::kRecordsPerPage - 1) /
                         glp::store::kRecordsPerPage * glp::store::kCataloguePage;
  const uint64_t names = glp::pack::LoadFixed<uint32_t>(bytes->data() + 20);
  const std::string_view rest = std::string_view(*bytes).substr(kCatalogueHeader);
  Put(bytes, 56, Hash64(rest.substr(0, pages)));
  Put(bytes, 64, Hash64(pages < rest.size() ? rest.substr(pages, names) : std::string_view()));
  Put(bytes, 72, Hash64(std::string_view(*bytes).substr(0, 72)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 1) FixHashes(&bytes);
  const glp::io::Fd fd(memfd_create("fuzz", MFD_CLOEXEC));
  if (!fd.valid() || !glp::io::WriteAll(fd.get(), bytes, "fuzz").ok()) __builtin_trap();
  auto catalogue = glp::store::Catalogue::Open("/proc/self/fd/" + std::to_string(fd.get()));
  if (!catalogue.ok()) return 0;
  const auto records = (*catalogue)->AllRecords();
  if (!records.ok()) return 0;
  for (const auto& record : *records) {
    const auto streams = (*catalogue)->StreamsOf(record);
    if (!streams.ok()) continue;
    for (const uint32_t stream : *streams) {
      if (stream >= (*catalogue)->streams()) __builtin_trap();
    }
  }
  return 0;
}
