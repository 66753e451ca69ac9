// Environment variables in a configuration, as promtail's and Loki's -config.expand-env has them:
// ${NAME} is its value (nothing where it is not set), ${NAME:-default} (also := and =) the default
// where it is not set or empty; a default may hold ${…} itself. $$ is a dollar, \\ a backslash.
// Threads: one at a time, as getenv. Errors: Code::kUsage with file:line for what is not closed, no
//          name, or another of the shell's forms (${NAME^^}, ${NAME/a/b}), which are not read here.
// Source:  drone/envsubst.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace glp::cli {

struct ExpandedText {
  std::string text;
  std::vector<int> lines;  // the line of the original that each line of the text came from
};

Result<ExpandedText> ExpandEnvironment(std::string_view text, const std::string& file);

}  // namespace glp::cli
