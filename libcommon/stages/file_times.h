// Which year a time without one is of: that of the file it stands in. Its mark says when it was
// written last as it was opened; what was written to a followed file later is of its time of
// reading.
// Threads: one at a time. Memory: some 100 bytes a file, of 100,000 files at most.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/strings.h"
#include "codec/go_time.h"
#include "record/record.h"
#include "stages/entry.h"

namespace glp::stages {

class FileTimes {
 public:
  // Stage::OnFile.
  void OnFile(std::string_view id, const MarkWords& words);

  struct Last {
    int64_t ns;    // no line is later
    bool of_file;  // when it was written last, as told; else the entry's own time
  };
  Last Of(const StageEntry& entry) const;

 private:
  struct Written {
    int64_t modified_ns;
    std::optional<uint64_t> size;
  };
  StringMap<Written> files_;
};

}  // namespace glp::stages
