// Which shapes (codec/pattern_mask.h) belong to one pattern: steps 3 and 4 of
// codec/pattern_miner.h.
//
// Words of a shape stand between blanks, quotes, brackets, '=', ',', ';' and '|'; a path, a class
// name or a host is one word. In
//   level=info msg="user bob logged in" agent="curl or so"
// there are level, info, msg, user, bob, logged, in, agent, `curl or so`.
// A group of shapes of one frame becomes a pattern when each place has either one word or at least
// N, with N depending on how many words with letters are the same in all (3 and more: 5 different
// words, 2: 8, 1: 12), and no more than twice as many places vary as stay. Else it is parted by the
// words at the place with fewest, the leftmost of several.
// Threads: pure function. Cost: O(shapes · words) for each parting; a group is parted at most once
//          for each place.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace glp::codec {

struct MergeInput {
  std::string_view shape;
  bool baseline = true;  // false: fitted into the patterns of the others first
};

// For each shape the text of its pattern, which is a shape again; those of a pattern are equal.
// What is merged does not depend on the order of `shapes`. REQUIRES: no shape is there twice.
std::vector<std::string> MergeShapes(const std::vector<MergeInput>& shapes);

}  // namespace glp::codec
