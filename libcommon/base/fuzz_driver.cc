// main() of a fuzzer where no fuzzing engine is linked: each seed of a folder as it is, cut off,
// and with bytes changed, repeated and mixed with other seeds, the same in every run. What the
// engine of the preset `fuzz` finds becomes one more seed.
//
//   NAME_fuzz SEEDS_FOLDER|SEED… [RUNS]

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Seeds = std::vector<std::string>;

uint64_t g_random = 0x9e3779b97f4a7c15;

uint64_t Random(uint64_t below) {
  g_random ^= g_random << 13;
  g_random ^= g_random >> 7;
  g_random ^= g_random << 17;
  return below == 0 ? 0 : g_random % below;
}

Seeds Load(const std::string& path) {
  std::vector<std::string> files;
  if (std::filesystem::is_directory(path)) {
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(path);
  }
  Seeds seeds;
  for (const std::string& file : files) {
    std::ifstream in(file, std::ios::binary);
    if (!in) continue;
    seeds.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return seeds;
}

void Mutate(const Seeds& seeds, std::string* text) {
  switch (Random(6)) {
    case 0:
      text->resize(Random(text->size() + 1));
      break;
    case 1:
      if (!text->empty()) (*text)[Random(text->size())] = static_cast<char>(Random(256));
      break;
    case 2: {
      constexpr char kTelling[] = "{}[]()<>\"'`\\|=:,;.#*?+-_ \t\n\r\0%$&!~^@/0123456789";
      text->insert(Random(text->size() + 1), 1 + Random(3), kTelling[Random(sizeof kTelling)]);
      break;
    }
    case 3:
      text->erase(Random(text->size() + 1), 1 + Random(8));
      break;
    case 4: {
      const size_t from = Random(text->size() + 1);
      const std::string piece = text->substr(from, Random(32));
      for (uint64_t n = 1 + Random(20); n > 0; --n) text->insert(from, piece);
      break;
    }
    default: {
      const std::string& other = seeds[Random(seeds.size())];
      const size_t from = Random(other.size() + 1);
      text->insert(Random(text->size() + 1), other.substr(from, Random(64)));
    }
  }
}

void Run(const std::string& text) {
  // Of exactly this size on the heap, so that a sanitizer sees a read beyond it.
  const std::vector<uint8_t> bytes(text.begin(), text.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  const Seeds seeds = argc > 1 ? Load(argv[1]) : Seeds();
  if (seeds.empty()) {
    std::fprintf(stderr, "usage: %s SEEDS_FOLDER|SEED [RUNS]; there are no seeds\n", argv[0]);
    return 2;
  }
  const uint64_t runs = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 20'000;
  for (const std::string& seed : seeds) {
    Run(seed);
    const size_t step = seed.size() / 64 + 1;
    for (size_t size = 0; size < seed.size(); size += step) Run(seed.substr(0, size));
  }
  for (uint64_t i = 0; i < runs; ++i) {
    std::string text = seeds[Random(seeds.size())];
    for (uint64_t n = 1 + Random(4); n > 0; --n) Mutate(seeds, &text);
    Run(text);
  }
  std::printf("%zu seeds, %llu runs: ok\n", seeds.size(), static_cast<unsigned long long>(runs));
  return 0;
}
