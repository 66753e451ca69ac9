// The generations of a log: the file that is written now and those that rotation has put beside it
// under other names. Known are logrotate's app.log.1 and app.log-20260105, kubelet's
// 0.log.20260105-000000, Docker's x-json.log.1.gz and whatever else ends in a number or a time,
// with .gz, .zst, .bz2 or .xz behind it or not.
// Lifetime: values. Threads: pure functions. Errors: of folders only; files that went away while
// they were looked at are left out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file_identity.h"

namespace glp::io {

struct GenerationName {
  enum class Kind {
    kLive,    // the name of the log itself
    kNumber,  // the higher the older
    kTime,    // the lower the older
  };
  Kind kind = Kind::kLive;
  bool compressed = false;  // by its name
  std::string log;          // the path without what rotation put behind it
  std::string digits;       // of the number or time
};
GenerationName ParseGenerationName(std::string_view path);

struct Generation {
  std::string path;
  GenerationName name;
  FileState state;
};
// Oldest first; a plain file before its compressed copy. By their names where these are of one
// kind, else by the time of the last change. REQUIRES: all are of one log.
void SortOldestFirst(std::vector<Generation>* generations);

// Those of `log` (a path whose name is of kind kLive) that are regular files, oldest first.
// `names`: what is in its folder, sorted.
std::vector<Generation> FindGenerations(const std::string& log,
                                        const std::vector<std::string>& names);
// The folder of a path as ListFolder takes it ("." for none).
std::string FolderOfPath(const std::string& path);

}  // namespace glp::io
