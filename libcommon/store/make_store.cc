// Makes a store of many segments, an hour each, to measure what opening it and asking it costs:
//
//   ninja -C build/release make_store
//   build/release/libcommon/store/make_store DIR SEGMENTS [STREAMS [LINES]]
//   perf stat glp-query -s DIR '{pod="pod-7"}' --from 2026-01-01T05:00:00Z --to
//   2026-01-01T06:00:00Z
//
// The last of LINES in each stream and hour is "needle". Hours begin with that of the year 2026.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "io/file.h"
#include "io/output.h"
#include "pack/file_writer.h"
#include "record/labels.h"
#include "store/catalogue_writer.h"
#include "store/folder.h"

namespace glp::store {
namespace {

constexpr int64_t kStartNs = 1'767'225'600'000'000'000;  // 2026-01-01T00:00:00Z
constexpr int64_t kHourNs = 3'600'000'000'000;

Status MakeStore(const std::string& dir, uint64_t segments, uint64_t streams, uint64_t lines) {
  const std::string folder = dir + "/fake";
  GLP_RETURN_IF_ERROR(io::MakeFolders(folder));
  GLP_RETURN_IF_ERROR(io::WriteFileAtomically(dir + "/lock", ""));
  LabelTable labels;
  uint64_t chance = 1;
  for (uint64_t segment = 0; segment < segments; ++segment) {
    MemTable table;
    for (uint64_t stream = 0; stream < streams; ++stream) {
      const std::string number = std::to_string(stream);
      GLP_ASSIGN_OR_RETURN(
          const LabelSet* set,
          labels.FromJson(R"({"container":"c)" + std::to_string(stream % 5) +
                          R"(","filename":"/var/log/pods/ns_pod-)" + number +
                          R"(_0/c/0.log","namespace":"ns)" + std::to_string(stream % 3) +
                          R"(","pod":"pod-)" + number + "\"}"));
      MemStream* rows = table.Stream(set, /*exact=*/true);
      const int64_t hour_ns = kStartNs + static_cast<int64_t>(segment) * kHourNs;
      for (uint64_t line = 0; line < lines; ++line) {
        chance = chance * 6'364'136'223'846'793'005U + 1;
        const int64_t ts_ns =
            hour_ns + static_cast<int64_t>(static_cast<uint64_t>(kHourNs) / lines * line +
                                           chance % 1'000'000);
        std::string text = "level=info request=" + std::to_string(chance >> 40) +
                           " took=" + std::to_string(chance >> 56) + "ms path=/api/v1/items";
        if (line + 1 == lines) text += " needle";
        table.Add(rows, ts_ns, text, "");
      }
    }
    GLP_RETURN_IF_ERROR(WriteSegment(folder, segment + 1, table, pack::kDefaultLevel));
  }
  return UpdateCatalogue(folder);
}

int Main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: make_store DIR SEGMENTS [STREAMS [LINES]]\n");
    return 2;
  }
  const auto number = [&](int at, uint64_t missing) {
    return argc > at ? std::strtoull(argv[at], nullptr, 10) : missing;
  };
  const Status status = MakeStore(argv[1], number(2, 0), number(3, 10), number(4, 10));
  if (status.ok()) return 0;
  std::fprintf(stderr, "make_store: %s\n", status.message().c_str());
  return 2;
}

}  // namespace
}  // namespace glp::store

int main(int argc, char** argv) { return glp::store::Main(argc, argv); }
