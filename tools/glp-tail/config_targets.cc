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
                "read the configuration, print what is in it or say what is wrong, and end");
}

Status CheckNoConfig(const ConfigSettings& settings) {
  const char* given = !settings.job.empty() ? "--job"
                      : settings.expand_env ? "--expand-env"
                      : settings.check      ? "--check"
                                            : nullptr;
  if (given == nullptr) return Status::Ok();
  return UsageError(std::string(given) + " is of a configuration: -c FILE");
}

namespace {

// A line of words with tabs between; backslash, tab and line end as \\, \t and \n.
void AppendFact(std::initializer_list<std::string_view> words, std::string* out) {
  std::string_view separator;
  for (std::string_view word : words) {
    out->append(separator);
    for (char c : word) {
      switch (c) {
        case '\\':
          out->append("\\\\");
          break;
        case '\t':
          out->append("\\t");
          break;
        case '\n':
          out->append("\\n");
          break;
        default:
          out->push_back(c);
      }
    }
    separator = "\t";
  }
  out->push_back('\n');
}

std::string Facts(const cli::PromtailConfig& config) {
  std::string out;
  AppendFact({"positions", config.positions_filename.value}, &out);
  for (const cli::PromtailClient& client : config.clients) {
    AppendFact({"client", client.url.value}, &out);
  }
  if (!config.clients.empty()) {
    for (const auto& [name, value] : config.clients[0].external_labels.value) {
      AppendFact({"label", name, value}, &out);
    }
  }
  for (const cli::PromtailScrapeConfig& scrape : config.scrape_configs) {
    AppendFact(
        {"job", scrape.job_name.value, scrape.pipeline_stages.items.empty() ? "lines" : "stages"},
        &out);
  }
  return out;
}

}  // namespace

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
  if (settings.check) {
    out.facts = Facts(scrapes->config());
    for (const std::string& words : scrapes->config().without_meaning) context.Say(words);
  }
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
