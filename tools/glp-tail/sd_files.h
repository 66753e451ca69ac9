// Target groups of promtail's file_sd_configs: files in JSON or YAML that name targets and their
// labels, and may change at any time. A file that cannot be read any more keeps what it said last.
//
//   [{"targets": ["localhost"], "labels": {"__path__": "/var/log/app.log", "job": "app"}}]
//
// Lifetime: a value. Threads: one at a time.
// Errors:   told by Look: Code::kIo, or Code::kUsage with file:line:column.
// Cost:     a look asks for the state of each file, and reads those that changed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/promtail_config.h"
#include "io/file_identity.h"

namespace glp::tail {

class SdFiles {
 public:
  // `globs`: of the files.
  static Result<SdFiles> Make(const std::vector<std::string>& globs);

  // Whether something changed since the last look. `problems` gets what is wrong now and was not
  // told before.
  bool Look(std::vector<Status>* problems);
  // All targets; their labels have __meta_filepath.
  std::vector<cli::PromtailStaticConfig> Targets() const;

 private:
  struct File {
    io::FileState seen;
    std::vector<cli::PromtailStaticConfig> targets;
  };
  bool LookAt(const std::string& path, std::vector<Status>* problems);

  std::vector<std::string> globs_;
  std::map<std::string, File> files_;
};

}  // namespace glp::tail
