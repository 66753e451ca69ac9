#include "kubernetes_path.h"

#include <vector>

#include "base/strings.h"

namespace glp::label {
namespace {

// Names of namespaces, pods and containers: a-z 0-9 - and . (static pods have the node's name).
bool IsName(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string_view::npos;
}

bool IsHex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// "0.log", "12.log.20240102-030405.gz"
bool IsCountedLog(std::string_view name) {
  size_t digits = name.find_first_not_of("0123456789");
  return digits != 0 && digits != std::string_view::npos && name.substr(digits, 4) == ".log";
}

}  // namespace

std::optional<KubernetesPath> ParseKubernetesPath(std::string_view path) {
  std::vector<std::string_view> steps = Split(path, '/');
  std::string_view file = steps.back();
  if (steps.size() >= 3 && IsCountedLog(file)) {
    std::vector<std::string_view> parts = Split(steps[steps.size() - 3], '_');
    std::string_view container = steps[steps.size() - 2];
    if (parts.size() == 3 && IsName(parts[0]) && IsName(parts[1]) && !parts[2].empty() &&
        IsName(container)) {
      return KubernetesPath{parts[0], parts[1], container};
    }
  }
  size_t end = file.find(".log");
  std::vector<std::string_view> parts = Split(file.substr(0, end), '_');
  if (end == std::string_view::npos || parts.size() != 3) return std::nullopt;
  size_t dash = parts[2].rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  std::string_view container = parts[2].substr(0, dash), id = parts[2].substr(dash + 1);
  if (!IsName(parts[0]) || !IsName(parts[1]) || !IsName(container) || id.size() < 12 ||
      !IsHex(id)) {
    return std::nullopt;
  }
  return KubernetesPath{parts[1], parts[0], container};
}

}  // namespace glp::label
