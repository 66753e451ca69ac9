// The protobuf form of OTLP logs. Part of OtlpDecoder.
#pragma once

#include <string_view>

#include "base/result.h"
#include "wire/otlp_builder.h"

namespace glp::wire {

// Reads a whole request. Errors: Code::kData, Code::kLimit.
Status ReadOtlpProto(std::string_view body, int max_depth, OtlpBuilder* builder);

}  // namespace glp::wire
