// Reads the protobuf form of a push, not compressed: what Loki's clients send and, with glp's part,
// the canonical bytes of push_batch.h. Format: PUSH.md beside this file.
//
//   ProtoPushDecoder decoder;
//   GLP_ASSIGN_OR_RETURN(const PushRequest* request, decoder.Decode(bytes));
//
// Lifetime: a request is good until the next Decode and as long as `bytes`, which it has views of.
// Threads:  one at a time.
// Errors:   Code::kData with what is wrong and where, Code::kLimit for too many entries or bytes of
//           labels: nothing of it may be stored. Text of labels that cannot be read is NOT an error
//           (PushRequest::Stream::labels_error).
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "wire/push_request.h"

namespace glp::wire {

class ProtoPushDecoder {
 public:
  ProtoPushDecoder();
  ~ProtoPushDecoder();
  // `memory` counts what it is read into; errors are its, too.
  Result<const PushRequest*> Decode(std::string_view bytes, MemoryClaim* memory = nullptr);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace glp::wire
