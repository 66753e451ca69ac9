#include "store_options.h"

#include "base/units.h"

namespace glp {
namespace {

constexpr int64_t kIdleNs = 1800 * kNsPerSecond;
constexpr int64_t kAgeNs = 7200 * kNsPerSecond;

// A duration that may be left to the configuration.
void AddDuration(cli::Command& c, const char* name, MaybeDuration* target, const char* default_text,
                 const std::string& help) {
  c.Value(name, "DURATION", target, help);
  c.DefaultText(default_text);
}

}  // namespace

void DescribeConfig(cli::Command& c, ConfigOptions* o) {
  c.Value("-c,--config", "FILE", &o->path,
          "obey Loki's configuration (2.3 to 3.7) where it has a meaning here, and say what has "
          "none; options that are given, too, win");
  c.Completes("file");
  c.Flag("--expand-env", &o->expand_env,
         "fill in ${NAME} and ${NAME:-default} in the configuration");
}

Result<std::optional<cli::LokiConfig>> LoadConfig(const ConfigOptions& options,
                                                  const wire::Limits& base) {
  if (options.path.empty()) {
    if (options.expand_env) return UsageError("--expand-env is of a configuration: -c FILE");
    return std::optional<cli::LokiConfig>();
  }
  GLP_ASSIGN_OR_RETURN(cli::LokiConfig config,
                       cli::LoadLokiConfig(options.path, options.expand_env, base));
  return std::optional<cli::LokiConfig>(std::move(config));
}

Result<std::optional<cli::LokiConfig>> ReadConfig(const ConfigOptions& options,
                                                  const wire::Limits& base, cli::Context& context) {
  GLP_ASSIGN_OR_RETURN(auto config, LoadConfig(options, base));
  if (config) {
    for (const std::string& warning : config->warnings) context.Say(warning);
  }
  return config;
}

wire::Limits LimitsOf(const std::optional<cli::LokiConfig>& config, const std::string& tenant) {
  if (!config) return {};
  const auto found = config->tenant_limits.find(tenant);
  return found == config->tenant_limits.end() ? config->limits : found->second;
}

Result<std::string> ChooseDir(const std::string& given, const std::string& command,
                              const std::optional<cli::LokiConfig>& config) {
  if (!given.empty()) return given;
  if (!config) return UsageError(command + " needs --dir DIR: the directory of the store");
  if (!config->dir.value.empty()) return config->dir.value;
  return UsageError(config->path +
                    ": no folder: neither storage_config.filesystem.directory nor "
                    "common.path_prefix; add --dir DIR");
}

void DescribeDurability(cli::Command& c, DurabilityOptions* o) {
  c.Choice(
      "--sync", {"always", "interval", "off"}, &o->sync,
      "when entries are safe from a crash of the machine: when they are acknowledged (those that "
      "come at the same time share an fsync), within a second of it, or when the system writes "
      "them of its own accord, after half a minute or so; a crash of glp-store alone costs nothing "
      "in any case");
  c.DefaultText("always");
  AddDuration(c, "--chunk-idle-period", &o->max_idle, "30m",
              "write what is in memory into a segment when nothing came for so long; 0: never");
  AddDuration(c, "--max-chunk-age", &o->max_age, "2h",
              "the same when the oldest entry in memory came so long ago; 0: never");
}

void SetDurability(const DurabilityOptions& options, const std::optional<cli::LokiConfig>& config,
                   store::Options* store) {
  using Sync = store::Options::Sync;
  store->sync = options.sync == "interval" ? Sync::kInterval
                : options.sync == "off"    ? Sync::kOff
                                           : Sync::kAlways;
  // Loki without its log loses what is in memory; here a log is written, but nobody waits for it.
  if (options.sync.empty() && config && !config->wal_enabled.value) store->sync = Sync::kOff;
  store->max_idle_ns =
      options.max_idle.ValueOr(config ? config->chunk_idle_period_ns.value : kIdleNs);
  store->max_age_ns = options.max_age.ValueOr(config ? config->max_chunk_age_ns.value : kAgeNs);
}

void DescribeRetention(cli::Command& c, RetentionOptions* o) {
  AddDuration(c, "--retention", &o->period, "for ever",
              "remove entries that are older, as 30d; 0: never");
  c.OnValue(
      "--retention-stream", "PERIOD[,PRIORITY] SELECTOR",
      [o](std::string_view text) -> Status {
        GLP_ASSIGN_OR_RETURN(store::RetentionRule rule, store::ParseRetentionRule(text));
        o->rules.push_back(std::move(rule));
        return Status::Ok();
      },
      "another period for streams that match, as '24h {namespace=\"dev\"}'; of several that match "
      "the highest priority holds, then the shortest period");
  c.Value("--max-bytes", "SIZE", &o->max_bytes,
          "remove what is oldest when the files of the store, of all tenants, are larger");
  c.DefaultText("no limit");
}

store::RetentionPolicy RetentionOf(const RetentionOptions& options,
                                   const std::optional<cli::LokiConfig>& config) {
  store::RetentionPolicy policy;
  if (config) policy = config->retention;
  if (options.period.is_given() || !options.rules.empty()) {
    // The command line is for all tenants.
    policy.tenants.clear();
    if (options.period.is_given()) policy.all.period_ns = options.period.ns;
    if (!options.rules.empty()) policy.all.rules = options.rules;
  }
  policy.max_bytes = options.max_bytes.bytes;
  return policy;
}

void DescribeTimeLimits(cli::Command& c, TimeLimitOptions* o) {
  AddDuration(c, "--reject-older", &o->older, "any are taken",
              "refuse entries that are older, as 7d: Loki's reject_old_samples_max_age");
  AddDuration(c, "--reject-newer", &o->newer, "any are taken",
              "refuse entries that are further in the future, as 10m: Loki's "
              "creation_grace_period");
}

void SetTimeLimits(const TimeLimitOptions& options, wire::Limits* limits) {
  if (options.older.is_given()) limits->reject_old_samples_max_age_ns = options.older.ns;
  if (options.newer.is_given()) limits->creation_grace_period_ns = options.newer.ns;
}

}  // namespace glp
