// What glp-store serve is to do: made of its options and Loki's configuration at the start, and
// again whenever the configuration changes. `settings` is in force at once then; what is `fixed`
// stays as it was at the start, and NeedRestart names what differs.
// Lifetime: a value; `settings` logs to the context that MakePlan was given.
// Errors:   of MakePlan: what is not valid, of Code::kUsage, kIo or kData.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/loki_config.h"
#include "cli/main.h"
#include "serve.h"
#include "store/store.h"
#include "wire/http_server.h"
#include "wire/loki_context.h"

namespace glp {

// Names as in Loki's configuration, "server.http_listen_port", and values as YAML.
using ShownValues = std::vector<std::pair<std::string, std::string>>;

struct ServePlan {
  std::string listen_text;   // as it was asked for
  wire::ServerOptions http;  // TLS included
  std::string dir;
  store::Options store;  // without `retention`, which is of the settings
  ShownValues fixed;     // all of the above

  int grace_ms = 500;  // that requests have to end when the server stops
  std::shared_ptr<wire::ApiSettings> settings;
  ShownValues live;  // of what is not fixed, what `settings` does not tell
  std::vector<std::string> notes;
};

// Limits that hold where no configuration says otherwise.
wire::Limits BaseLimits(const ServeOptions& options);
Result<ServePlan> MakePlan(const ServeOptions& options,
                           const std::optional<cli::LokiConfig>& config, cli::Context& context);
// What `now` asks for and a server that began with `start` does not do, a line each.
std::vector<std::string> NeedRestart(const ServePlan& start, const ServePlan& now);
// The settings of `now`, telling what is in force in a server that began with `start`.
std::shared_ptr<const wire::ApiSettings> SettingsOf(const ServePlan& start, const ServePlan& now);

}  // namespace glp
