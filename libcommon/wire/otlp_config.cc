#include "wire/otlp_config.h"

#include <re2/re2.h>

#include <algorithm>

namespace glp::wire {

OtlpConfig::OtlpConfig() { resource.push_back({OtlpAction::kIndexLabel, DefaultOtlpLabels(), {}}); }

const std::vector<std::string>& DefaultOtlpLabels() {
  static const auto* const kNames = new std::vector<std::string>{
      "service.name",
      "service.namespace",
      "service.instance.id",
      "deployment.environment",
      "deployment.environment.name",
      "cloud.region",
      "cloud.availability_zone",
      "k8s.cluster.name",
      "k8s.namespace.name",
      "k8s.pod.name",
      "k8s.container.name",
      "container.name",
      "k8s.replicaset.name",
      "k8s.deployment.name",
      "k8s.statefulset.name",
      "k8s.daemonset.name",
      "k8s.cronjob.name",
      "k8s.job.name",
  };
  return *kNames;
}

Result<std::shared_ptr<const re2::RE2>> MakeOtlpPattern(const std::string& regex) {
  auto pattern = std::make_shared<const RE2>(regex, RE2::Quiet);
  if (!pattern->ok()) return UsageError("'" + regex + "': " + pattern->error());
  return std::shared_ptr<const RE2>(std::move(pattern));
}

OtlpAction ActionOf(const std::vector<OtlpRule>& rules, std::string_view attribute) {
  for (const OtlpRule& rule : rules) {
    const bool matches =
        rule.pattern != nullptr
            ? RE2::FullMatch(re2::StringPiece(attribute.data(), attribute.size()), *rule.pattern)
            : std::find(rule.attributes.begin(), rule.attributes.end(), attribute) !=
                  rule.attributes.end();
    if (matches) return rule.action;
  }
  return OtlpAction::kStructuredMetadata;
}

}  // namespace glp::wire
