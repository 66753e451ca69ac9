// The positions file: how far each log file was delivered. The sink of a pipe writes it
// (cli/delivery.h), glp-tail reads it at its start.
//
// Format: NDJSON. The first line is {"glp":"positions","version":1}. Then a line for each file:
//   {"src":"ID@N","path":"/var/log/app.log","seen":"2026-01-05T00:00:00.000000000Z"}
// N: all of the file up to there is delivered (bytes). `path`: its last known name ("" where no
// mark told it). `seen`: when a pipe had the file last. What promtail's positions.yaml said of
// files that no pipe has had since stays as it was:
//   {"promtail":"/var/log/old.log","position":"12345"}
// promtail's own file (YAML with a map `positions`) is read in its place, and replaced at the first
// write.
// Lifetime: a value. Threads: one at a time.
// Errors:   Load: Code::kIo, Code::kData for a file that is neither form. Lines that are damaged
//           (a disk that filled up, a crash of the machine) are told in `warnings`, not an error.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/strings.h"

namespace glp::cli {

struct FilePosition {
  uint64_t next = 0;  // bytes
  std::string path;
  int64_t seen_ns = 0;
};

struct Positions {
  StringMap<FilePosition> files;  // by the ID of src
  // promtail's, by its key: a path, "cursor-…" or "journal-…".
  std::map<std::string, std::string, std::less<>> promtail;

  // A file that is not there is empty positions.
  static Result<Positions> Load(const std::string& path, std::vector<std::string>* warnings);
  std::string ToText() const;
};

}  // namespace glp::cli
