// What is read as one group: paths, what is left out of them, and how their files are read (labels
// and all else that SourceOptions says). A path that matches in several targets is read once, as
// the first of them says.
// Lifetime: values. A PathSet holds those it was made of by shared pointers, and so does each open
//           file, so that a new list may take the place of an old one while files are being read.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source_options.h"

namespace glp::tail {

struct Target {
  std::vector<std::string> paths;     // files, globs, "-" for standard input
  std::vector<std::string> excludes;  // globs
  SourceOptions options;
};

// Of a target that is held by whoever has them.
inline std::shared_ptr<const SourceOptions> OptionsOf(const std::shared_ptr<const Target>& target) {
  return {target, &target->options};
}

// Asked while following, each time all paths are looked at (every ten seconds, with --poll four
// times a second): the whole new list if it is another one than before, else nothing.
using TargetProvider = std::function<std::optional<std::vector<Target>>()>;

}  // namespace glp::tail
