#include "config_targets.h"

#include <memory>

#include "cli/promtail_config.h"
#include "scrapes.h"

namespace glp::tail {

void AddConfigOptions(cli::Command* command, ConfigSettings* settings) {
  command->OnValue(
      "-c,--config", "FILE",
      [settings](std::string_view path) {
        settings->path = path;
        return path.empty() ? UsageError("an empty path names no file") : Status::Ok();
      },
      "read what promtail's configuration says: its scrape_configs");
  command->Completes("file");
  command->Value("--job", "NAME", &settings->job,
                 "of the configuration only the scrape config with this job_name");
  command->DefaultText("all");
  command->Flag("--expand-env", &settings->expand_env,
                "fill in ${NAME} and ${NAME:-default} in the configuration");
  command->Flag("--check", &settings->check,
                "read the configuration, say what is wrong with it, and end");
}

Status CheckNoConfig(const ConfigSettings& settings) {
  const char* given = !settings.job.empty() ? "--job"
                      : settings.expand_env ? "--expand-env"
                      : settings.check      ? "--check"
                                            : nullptr;
  if (given == nullptr) return Status::Ok();
  return UsageError(std::string(given) + " is of a configuration: -c FILE");
}

Result<ConfigTargets> ReadConfigTargets(const ConfigSettings& settings, const Target& base,
                                        cli::Context& context) {
  bool from_stdin = base.paths == std::vector<std::string>{"-"};
  if (!base.paths.empty() && !from_stdin) {
    return UsageError(
        "with -c the configuration says what to read; of paths it takes '-' only, "
        "standard input");
  }
  GLP_ASSIGN_OR_RETURN(cli::PromtailConfig config,
                       cli::LoadPromtailConfig(settings.path, settings.expand_env));
  auto scrapes = std::make_shared<Scrapes>(std::move(config), base, context);
  GLP_RETURN_IF_ERROR(scrapes->Choose(settings.job));
  ConfigTargets out;
  if (from_stdin) {
    GLP_ASSIGN_OR_RETURN(Target target, scrapes->Stdin());
    out.targets.push_back(std::move(target));
    return out;
  }
  GLP_ASSIGN_OR_RETURN(out.targets, scrapes->First());
  const auto& positions = scrapes->config().positions_filename;
  if (positions) out.positions = positions.value;
  if (scrapes->may_change()) {
    out.provider = [scrapes] { return scrapes->Changed(); };
  }
  return out;
}

}  // namespace glp::tail
