// Made with -mavx2, so nothing but this function may come from here: no C++ header, whose inline
// functions the linker might take for those of everybody.
#ifdef __x86_64__

#include <stddef.h>
#include <stdint.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace glp {

uint64_t Hash64Avx2(const char* bytes, size_t size, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes, size, seed);
}

}  // namespace glp

#endif
