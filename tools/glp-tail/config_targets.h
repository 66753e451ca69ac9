// What glp-tail takes from promtail's configuration: the targets of its scrape configs, what they
// are called and how they are read; those of file_sd_configs anew whenever their files change.
// What is for other tools of the pipe is left to them; what nobody does is an error with its line.
// Lifetime: the context must outlive the provider. Threads: one at a time.
// Errors:   Code::kUsage with file:line:column, Code::kIo for a file that cannot be read.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/main.h"
#include "target.h"

namespace glp::tail {

struct ConfigSettings {
  std::string path;  // "": no configuration
  std::string job;   // of one scrape config; "": of all
  bool expand_env = false;
  bool check = false;  // only read it
};
void AddConfigOptions(cli::Command* command, ConfigSettings* settings);
// Code::kUsage where there is no configuration but something was said of one.
Status CheckNoConfig(const ConfigSettings& settings);

struct ConfigTargets {
  std::vector<Target> targets;
  TargetProvider provider;  // empty where nothing can change
  std::string positions;    // the file to read them from, "" where the configuration names none
  std::string facts;        // with `check`: what is in the configuration, as --check prints it
};

// `base`: what the command line says: its labels go over those of the configuration, its excludes
// are added, its other options hold for all targets. Of its paths only "-" is taken: standard input
// with the labels of the first scrape config (or that of the job).
Result<ConfigTargets> ReadConfigTargets(const ConfigSettings& settings, const Target& base,
                                        cli::Context& context);

}  // namespace glp::tail
