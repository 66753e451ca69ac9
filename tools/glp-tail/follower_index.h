// What the parts of the follower share: its keys, and multimaps in which single pairs are found.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "io/file_identity.h"

namespace glp::tail {

inline constexpr int64_t kPollNs = 250 * kNsPerMs;

inline uint64_t InodeKey(const io::FileState& state) {
  return state.identity.inode * 0x9E3779B97F4A7C15 + state.identity.device;
}

template <typename Map>
void EraseOne(Map* map, const typename Map::key_type& key, const typename Map::mapped_type& value) {
  auto [begin, end] = map->equal_range(key);
  for (auto it = begin; it != end; ++it) {
    if (it->second == value) {
      map->erase(it);
      return;
    }
  }
}

template <typename Map>
std::vector<typename Map::mapped_type> AllOf(const Map& map, const typename Map::key_type& key) {
  std::vector<typename Map::mapped_type> all;
  auto [begin, end] = map.equal_range(key);
  for (auto it = begin; it != end; ++it) all.push_back(it->second);
  return all;
}

}  // namespace glp::tail
