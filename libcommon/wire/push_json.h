// Reads the JSON form of a push, also the old one of /api/prom/push. Format: PUSH.md beside this
// file.
// Lifetime: a request is good until the next Decode. Buffers are kept from one to the next unless
//           they grew large.
// Threads:  one at a time.
// Errors:   Code::kData with what is wrong and where, Code::kLimit for too many entries: nothing of
//           the body may be stored.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "wire/push_request.h"

namespace glp::wire {

class JsonPushDecoder {
 public:
  JsonPushDecoder();
  ~JsonPushDecoder();
  // `memory` counts what it is read into; errors are its, too.
  Result<const PushRequest*> Decode(std::string_view body, MemoryClaim* memory = nullptr);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace glp::wire
