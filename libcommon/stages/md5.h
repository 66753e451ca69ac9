// MD5, for Prometheus' hashmod only: not for secrets. Source: RFC 1321. Threads: a pure function.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace glp::stages {

std::array<uint8_t, 16> Md5(std::string_view bytes);

}  // namespace glp::stages
