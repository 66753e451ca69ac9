// Stage `auto`: finds out how each file is written and parses it so. It has no options.
// What a file is, is decided by the first of its first ten lines that is not blank and fits one of
// these, tried in this order:
//   docker   a JSON object with "log" and with "stream" or "time"
//   cri      TIME stdout|stderr TAG TEXT, TIME being RFC 3339
//   journal  a JSON object with __REALTIME_TIMESTAMP and MESSAGE (stages/journal.h)
//   json     a JSON object
//   syslog   a time that can be read, and a priority or a host and a tag (stages/syslog.h)
//   klog     I0102 15:04:05.000000 PID FILE:LINE] (stages/klog.h)
//   clf      HOST IDENT USER [TIME] "REQUEST" STATUS BYTES (stages/clf.h)
//   logfmt   logfmt throughout, two key=value words or more, which make up two thirds of the text
// After ten lines that fit none the file is plain, and its lines pass as they are. A decision
// holds for the rest of the file, and a later line that does not fit is marked
// (fields.__error__); but where of the lines behind it most by far do not fit, it was an accident:
// the file is decided anew by its next lines.
// What Docker or CRI wrapped is looked at in the same way once more, for each stream of the file by
// itself; the time is then the wrapper's.
// json and logfmt: every value at the top becomes a field; the first of time, ts, timestamp,
// @timestamp that is RFC 3339 or a count since 1970 (s, ms, µs, ns by its size) gives the time.
// The others give the fields that their stages give, times without a zone are UTC.
// A file is told by the ID in `src`, without one by the labels.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "codec/json.h"
#include "stages/build.h"
#include "stages/clf.h"
#include "stages/cri.h"
#include "stages/docker.h"
#include "stages/journal.h"
#include "stages/klog.h"
#include "stages/stage.h"
#include "stages/syslog.h"

namespace glp::stages {

class AutoStage : public Stage {
 public:
  static constexpr int kLinesToDecide = 10;

  // What was found out about a file. The format is "" as long as it is not decided, "plain" where
  // there is none; the two inner ones are of what Docker or CRI wrapped, "" for other files and
  // streams without lines.
  struct FileDecision {
    std::string id;      // as in `src`; "" where it has none
    std::string path;    // as its mark says, "" without one
    std::string labels;  // JSON, of its first line
    std::string_view format, stdout_format, stderr_format;
    uint64_t lines = 0;
  };

  Verdict Process(StageEntry& entry, StageRun& run) override;
  bool holds() const override { return true; }
  void OnFile(std::string_view id, const MarkWords& words) override;
  void ReleaseFile(std::string_view id, StageRun& run) override;
  void ReleaseAll(StageRun& run) override;
  std::vector<Failure> failures() const override;

  // The files of which most is known at this time, in the order of their first lines; 10,000 at
  // most. Those that had to be forgotten for others are counted.
  std::vector<FileDecision> decisions() const;
  uint64_t forgotten_files() const { return forgotten_; }
  // Called whenever something of a file was decided (again), with the line that decided it.
  void set_on_decision(std::function<void(const FileDecision&, StageEntry&)> on_decision) {
    on_decision_ = std::move(on_decision);
  }

 private:
  enum class Format : uint8_t {
    kUndecided,
    kDocker,
    kCri,
    kJournal,
    kJson,
    kSyslog,
    kKlog,
    kClf,
    kLogfmt,
    kPlain
  };
  struct Decision {
    Format format = Format::kUndecided;
    int lines = 0;             // that fitted nothing
    int fits = 0, misses = 0;  // lines since it was decided; counted until it is beyond doubt
  };
  struct File {
    Decision outer, out_stream, err_stream;
    std::string id, path, labels;
    uint64_t order = 0, lines = 0;
  };

  static std::string_view NameOf(Format format);
  static FileDecision Describe(const File& file);
  File& FileOf(const StageEntry& entry);
  File& FileNamed(std::string_view name);
  void Decide(Decision* decision, StageEntry& entry, StageRun& run, bool wrapped);
  Format Detect(StageEntry& entry, StageRun& run, bool wrapped);
  void Doubt(Decision* decision, bool fits);
  // False where the line does not fit.
  bool Parse(Format format, StageEntry& entry, StageRun& run);
  bool ParseJson(StageEntry& entry, StageRun& run);
  bool ParseLogfmt(StageEntry& entry, StageRun& run);
  void ParseAs(Decision* decision, StageEntry& entry, StageRun& run, bool wrapped);

  static constexpr size_t kMaxFiles = 10'000;
  DockerStage docker_;
  CriStage cri_;
  JournalStage journal_{JournalStage::Options(), TextSource("journal", "")};
  SyslogStage syslog_{SyslogStage::Options(), TextSource("syslog", ""), Clock()};
  KlogStage klog_{TextSource("klog", ""), Clock()};
  ClfStage clf_{false, TextSource("clf", "")};
  DockerLineReader docker_reader_;
  codec::JsonTopLevel json_;
  codec::JsonTopLevel::Pairs pairs_;
  std::string scratch_;
  StringMap<File> files_;
  std::string last_name_;
  File* last_file_ = nullptr;
  uint64_t forgotten_ = 0, order_ = 0;
  std::function<void(const FileDecision&, StageEntry&)> on_decision_;
};

std::unique_ptr<Stage> ReadAutoStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
