// For stages whose configuration is a list of names (labelallow, labeldrop).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stages/build.h"

namespace glp::stages {

inline std::vector<std::string> ReadLabelList(const codec::YamlNode& config, std::string_view stage,
                                              BuildContext& context) {
  using Kind = codec::YamlNode::Kind;
  std::vector<std::string> names;
  const std::string what(stage);
  if (config.kind != Kind::kList || config.items.empty()) {
    context.errors->Add(config, what + ": expected a list of labels, as in `" + what + ": [app]`");
    return names;
  }
  for (const codec::YamlNode& item : config.items) {
    if (item.kind != Kind::kScalar || item.text.empty()) {
      context.errors->Add(item, what + ": expected the name of a label");
      break;
    }
    names.push_back(item.text);
  }
  return names;
}

}  // namespace glp::stages
