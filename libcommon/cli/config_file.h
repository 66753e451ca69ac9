// A file of configuration, as promtail's and Loki's -config.file names it.
// Threads: safe from any. Errors: I/O; Code::kIo above 16 MiB.
#pragma once

#include <string>

#include "base/result.h"

namespace glp::cli {

struct ConfigFile {
  std::string path;
  std::string text;
};

// `paths`: one, or several with commas between, of which the first that exists is read.
Result<ConfigFile> ReadConfigFile(const std::string& paths);

}  // namespace glp::cli
