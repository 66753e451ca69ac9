// drop, limit, pack and sampling are read leniently, as promtail does: a number or a boolean may
// stand in quotes there.
#pragma once

#include "codec/yaml.h"

namespace glp::stages {

// The same without quotes around the values of the mapping.
inline codec::YamlNode WithoutQuotes(const codec::YamlNode& map) {
  codec::YamlNode out = map;
  for (codec::YamlNode& value : out.items) value.quoted = false;
  return out;
}

}  // namespace glp::stages
