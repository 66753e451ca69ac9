// Takes a canonical push body apart into two with half of the entries each.
// Threads: pure function. Errors: Code::kData where it cannot be read, or has one entry only.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace glp::push {

Result<std::pair<std::string, std::string>> SplitBody(std::string_view body);

}  // namespace glp::push
