// `glp-store serve`: takes pushes and answers queries over HTTP.
#pragma once

#include <string>

#include "cli/command.h"
#include "cli/main.h"

namespace glp {

struct ServeOptions {
  std::string dir;
  std::string listen = "127.0.0.1:3100";
  bool insecure = false;
  bool loki_limits = false;
};

void DescribeServe(cli::Command& command, ServeOptions* options);
// Returns when a stop was asked for (SIGTERM, SIGINT) and everything is in the store.
cli::RunResult RunServe(const ServeOptions& options, cli::Context& context);

}  // namespace glp
