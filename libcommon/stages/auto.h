// Finds out how each file is written and parses it so. What a file is, is decided by the first of
// its first ten lines that is not blank and fits one of these, tried in this order:
//   docker  a JSON object with "log" and with "stream" or "time"
//   cri     TIME stdout|stderr TAG TEXT, TIME being RFC 3339
//   json    a JSON object
//   logfmt  logfmt throughout, two key=value words or more, which make up two thirds of the text
// After ten lines that fit none the file is plain, and its lines pass as they are. A decision
// holds for the rest of the file; a later line that does not fit is marked (fields.__error__).
// What Docker or CRI wrapped is looked at in the same way once more for json and logfmt, for each
// stream of the file by itself.
// json and logfmt: every value at the top becomes a field; the first of time, ts, timestamp,
// @timestamp that is RFC 3339 or a count since 1970 (s, ms, µs, ns by its size) gives the time,
// unless Docker or CRI gave it.
// A file is told by the ID in `src`, without one by the labels.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "codec/json.h"
#include "stages/build.h"
#include "stages/cri.h"
#include "stages/docker.h"
#include "stages/stage.h"

namespace glp::stages {

class AutoStage : public Stage {
 public:
  static constexpr int kLinesToDecide = 10;

  Verdict Process(StageEntry& entry, StageRun& run) override;
  bool holds() const override { return true; }
  void ReleaseFile(std::string_view id, StageRun& run) override;
  void ReleaseAll(StageRun& run) override;
  std::vector<Failure> failures() const override;

 private:
  enum class Format : uint8_t { kUndecided, kDocker, kCri, kJson, kLogfmt, kPlain };
  struct Decision {
    Format format = Format::kUndecided;
    int lines = 0;
  };
  struct File {
    Decision outer, out_stream, err_stream;
  };

  File& FileOf(const StageEntry& entry);
  void Decide(Decision* decision, StageEntry& entry, StageRun& run, bool wrapped);
  Format Detect(StageEntry& entry, StageRun& run, bool wrapped);
  void Parse(Format format, StageEntry& entry, StageRun& run, bool set_time);

  static constexpr size_t kMaxFiles = 10'000;
  DockerStage docker_;
  CriStage cri_;
  DockerLineReader docker_reader_;
  codec::JsonTopLevel json_;
  codec::JsonTopLevel::Pairs pairs_;
  std::string scratch_;
  StringMap<File> files_;
  std::string last_name_;
  File* last_file_ = nullptr;
};

std::unique_ptr<Stage> ReadAutoStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
