// What one push needs, kept from one to the next. Part of loki_api.h.
#pragma once

#include <vector>

#include "wire/loki_api.h"
#include "wire/push_json.h"
#include "wire/push_proto.h"
#include "wire/snappy_block.h"

namespace glp::wire {

struct LokiApi::Intake {
  JsonPushDecoder json;
  ProtoPushDecoder proto;
  SnappyReader snappy;
  LabelTable labels;
  std::vector<store::NewEntry> entries;

  // Good until the next Decode and as long as `request`. Errors: as the decoders; Code::kLimit
  // where it is too large.
  Result<const PushRequest*> Decode(const Request& request);
};

}  // namespace glp::wire
