// What the path of a Kubernetes log file says about it.
// Format: …/NAMESPACE_POD_UID/CONTAINER/N.log[…] (the kubelet's, /var/log/pods) and
//         …/POD_NAMESPACE_CONTAINER-ID.log[…] (/var/log/containers).
#pragma once

#include <optional>
#include <string_view>

namespace glp::label {

struct KubernetesPath {
  std::string_view pod_namespace, pod, container;
};
// Nothing where the path has neither form. Views into `path`.
std::optional<KubernetesPath> ParseKubernetesPath(std::string_view path);

}  // namespace glp::label
