// What --metrics tells of the lines that went through the stages.
// Lifetime: the registry and the pipeline must outlive it. Threads: one at a time.
// Cost: an addition a line.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "cli/metrics.h"
#include "stages/pipeline.h"

namespace glp::parse {

class ParseMetrics {
 public:
  ParseMetrics(cli::Metrics* registry, const stages::Pipeline& pipeline);

  void OnRead() { read_.Add(); }
  void OnWritten() { written_.Add(); }
  void OnDropped(std::string_view reason);
  // Takes over what the stages count.
  void Update();

 private:
  struct Counted {
    cli::Counter* counter = nullptr;
    uint64_t count = 0;  // that it has
  };
  cli::Metrics& registry_;
  const stages::Pipeline& pipeline_;
  cli::Counter& read_;
  cli::Counter& written_;
  std::map<std::string, cli::Counter*, std::less<>> dropped_;      // by reason
  std::map<std::pair<size_t, std::string_view>, Counted> failed_;  // by stage and reason
};

}  // namespace glp::parse
