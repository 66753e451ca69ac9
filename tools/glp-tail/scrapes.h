// The scrape configs of promtail's configuration as targets of glp-tail.
// Lifetime: the context must outlive it. Threads: one at a time.
// Errors:   Code::kUsage with file:line:column.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/main.h"
#include "cli/promtail_config.h"
#include "sd_files.h"
#include "target.h"

namespace glp::tail {

class Scrapes {
 public:
  // `base`: what the command line says, which goes over the configuration.
  Scrapes(cli::PromtailConfig config, Target base, cli::Context& context)
      : config_(std::move(config)), base_(std::move(base)), context_(context) {}

  // Only this job counts, "": all. Called first.
  Status Choose(const std::string& job);
  // Then one of these: standard input with the labels of the first scrape config, or all targets.
  Result<Target> Stdin();
  Result<std::vector<Target>> First();
  // All targets if files of file_sd_configs changed since; what is wrong with them is said.
  std::optional<std::vector<Target>> Changed();
  bool may_change() const;
  const cli::PromtailConfig& config() const { return config_; }

 private:
  // One scrape config, as this tool uses it.
  struct Scrape {
    cli::PromtailScrapeConfig config;
    SourceOptions options;  // without its labels
    std::vector<SdFiles> files;
  };

  // Why targets are not read.
  struct Refused {
    uint64_t by_relabel = 0, by_host = 0;
  };

  Status TakeLimits();
  Status LimitLines(const cli::PromtailScrapeConfig& config, LineOptions* lines) const;
  Result<Scrape> Prepare(cli::PromtailScrapeConfig config) const;
  Status Add(const Scrape& scrape, const cli::PromtailStaticConfig& group, Refused* refused,
             std::vector<Target>* targets) const;
  std::vector<Target> All(Refused* refused, std::vector<Status>* problems) const;
  bool Look(std::vector<Status>* problems);

  cli::PromtailConfig config_;
  Target base_;  // with the limits of the configuration that hold for all
  cli::Context& context_;
  std::vector<Scrape> scrapes_;
};

}  // namespace glp::tail
