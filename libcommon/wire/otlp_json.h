// The JSON form of OTLP logs. Part of OtlpDecoder.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "wire/otlp_builder.h"

namespace glp::wire {

class OtlpJsonReader {
 public:
  OtlpJsonReader();
  ~OtlpJsonReader();
  // Reads a whole request; texts live until the next one. Errors: Code::kData, Code::kLimit.
  Status Read(std::string_view body, int max_depth, OtlpBuilder* builder);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace glp::wire
