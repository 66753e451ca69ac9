// `glp-store serve`: takes pushes and answers queries over HTTP.
#pragma once

#include <string>

#include "cli/command.h"
#include "cli/main.h"
#include "store_options.h"
#include "wire/access.h"
#include "wire/http_server.h"

namespace glp {

struct ServeOptions {
  std::string dir;
  std::string listen;
  bool insecure = false;
  bool tenants = false;
  wire::CredentialFiles credentials;
  wire::TlsOptions tls;
  bool loki_limits = false;
  bool check = false;
  ConfigOptions config;
  DurabilityOptions durability;
  RetentionOptions retention;
  TimeLimitOptions times;
};

void DescribeServe(cli::Command& command, ServeOptions* options);
// Returns when a stop was asked for (SIGTERM, SIGINT) and everything is in the store.
cli::RunResult RunServe(const ServeOptions& options, cli::Context& context);

}  // namespace glp
