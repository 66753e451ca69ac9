#include "base/hash.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <string>

namespace glp {
namespace {

TEST(HashTest, IsXxh3WhateverTheSizeAndThePlace) {
  std::string bytes;
  for (int i = 0; i < 5000; ++i) bytes.push_back(static_cast<char>(i * 7919 >> 3));
  for (size_t from = 0; from < 3; ++from) {
    for (size_t size = 0; size < bytes.size() - from; size += size < 600 ? 1 : 97) {
      const std::string_view text = std::string_view(bytes).substr(from, size);
      ASSERT_EQ(Hash64(text), XXH3_64bits(text.data(), text.size())) << size;
      ASSERT_EQ(Hash64(text, 42), XXH3_64bits_withSeed(text.data(), text.size(), 42)) << size;
    }
  }
}

}  // namespace
}  // namespace glp
