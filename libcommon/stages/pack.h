// Puts what was extracted into the line: {"name":"value",…,"_entry":"the line"}, as LogQL's
// `unpack` reads it. Names that are labels are labels no more. The time of the line becomes that of
// now, unless `ingest_timestamp` is false. Errors: what is not UTF-8 cannot be packed: the entry
// passes unchanged with the reason (as
//         promtail: each bad byte becomes U+FFFD, and the reason).
// Format: Go's JSON: sorted names, < > & and U+2028 as \u escapes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "stages/build.h"
#include "stages/label_cache.h"
#include "stages/stage.h"

namespace glp::stages {

class PackStage : public Stage {
 public:
  PackStage(std::vector<std::string> names, bool ingest_timestamp, bool replaces_bytes);
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  std::vector<std::string> names_;
  bool ingest_timestamp_;
  bool replaces_bytes_;
  LabelCache cache_;
  std::string out_, packed_;
};

std::unique_ptr<Stage> ReadPackStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
