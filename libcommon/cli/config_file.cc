#include "cli/config_file.h"

#include <string_view>

#include "base/strings.h"
#include "io/file.h"

namespace glp::cli {
namespace {

constexpr uint64_t kMaxBytes = 16 << 20;

std::string Choose(const std::string& paths) {
  if (io::Exists(paths)) return paths;
  for (const std::string_view path : Split(paths, ',')) {
    std::string trimmed(TrimSpace(path));
    if (!trimmed.empty() && io::Exists(trimmed)) return trimmed;
  }
  return paths;
}

}  // namespace

Result<ConfigFile> ReadConfigFile(const std::string& paths) {
  ConfigFile file{Choose(paths), {}};
  GLP_ASSIGN_OR_RETURN(file.text, io::ReadFile(file.path, kMaxBytes));
  return file;
}

}  // namespace glp::cli
