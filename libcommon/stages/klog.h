// Stage `klog`: lines of Kubernetes' components, and of glog, which klog comes from.
//   I0102 15:04:05.000000    1234 file.go:12] message
//   I20230102 …                                      (glog 0.6)
//   I0102 … file.go:12] "message" key="value" n=3    (structured)
//   source:   field or label to read; the line by default
//   location: the zone of the times (IANA name; UTC by default). The year is the latest with which
//             the time is no later than its file was written last
// Fields: file, level (info warn error fatal), line (its number in the file), message, pid; of a
// structured message its text alone, and each key by its name (name_extracted where that is one of
// these five), quoted values decoded.
// The time is taken from the head; the line stays.
// Source: k8s.io/klog/v2, its serialize package; google/glog.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "stages/build.h"
#include "stages/clock.h"
#include "stages/stage.h"
#include "stages/text_source.h"

namespace glp::stages {

struct KlogLine {
  CivilTime civil;
  std::string_view level, pid, file, line, message;
};
// Nothing where the text does not begin so. The time may still be none (the 31st of February).
std::optional<KlogLine> ParseKlogLine(std::string_view text);
bool LooksLikeKlog(std::string_view text);

class KlogStage : public Stage {
 public:
  KlogStage(TextSource source, Clock clock)
      : source_(std::move(source)), clock_(std::move(clock)) {}
  Verdict Process(StageEntry& entry, StageRun& run) override;
  void OnFile(std::string_view id, const MarkWords& words) override { clock_.OnFile(id, words); }

 private:
  void SetPairs(std::string_view text, StageEntry& entry, Arena& arena);

  TextSource source_;
  Clock clock_;
};

std::unique_ptr<Stage> ReadKlogStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
