// XXH3 of bytes: the one hash of the project, stable over machines and versions.
#pragma once

#include <cstdint>
#include <string_view>

namespace glp {

uint64_t Hash64(std::string_view bytes, uint64_t seed = 0);

}  // namespace glp
