// What one push needs, kept from one to the next. Part of loki_api.h.
#pragma once

#include <vector>

#include "wire/loki_api.h"
#include "wire/push_json.h"

namespace glp::wire {

struct LokiApi::Intake {
  PushDecoder decoder;
  LabelTable labels;
  std::vector<store::NewEntry> entries;
};

}  // namespace glp::wire
