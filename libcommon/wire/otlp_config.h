// Which attributes of OTLP logs become labels, structured metadata or nothing: `otlp_config` of
// Loki's limits_config. The first rule that matches a name holds; without one it is metadata.
// Threads: const from any once made.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace glp::wire {

enum class OtlpAction : uint8_t { kIndexLabel, kStructuredMetadata, kDrop };

struct OtlpRule {
  OtlpAction action = OtlpAction::kStructuredMetadata;
  std::vector<std::string> attributes;      // names, or
  std::shared_ptr<const re2::RE2> pattern;  // what matches a whole name
};

struct OtlpConfig {
  // With the resource attributes that Loki takes for labels: service.name, k8s.pod.name and more.
  OtlpConfig();

  std::vector<OtlpRule> resource, scope, log;  // scope rules make no labels
  bool severity_text_as_label = false;
};

// Names of the attributes that Loki makes labels of unless told otherwise.
const std::vector<std::string>& DefaultOtlpLabels();
// The pattern of a rule. Errors: Code::kUsage.
Result<std::shared_ptr<const re2::RE2>> MakeOtlpPattern(const std::string& regex);
OtlpAction ActionOf(const std::vector<OtlpRule>& rules, std::string_view attribute);

}  // namespace glp::wire
