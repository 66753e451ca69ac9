#include "scrapes.h"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <map>

#include "base/strings.h"
#include "io/glob.h"
#include "paths.h"

namespace glp::tail {
namespace {

using cli::PromtailScrapeConfig;
using cli::PromtailStaticConfig;

// What to do where promtail would ask a source itself.
std::string Instead(const std::string& source) {
  static const std::map<std::string, std::string> others = {
      {"journal", "glp-tail --exec -- journalctl -f -o json"},
      {"syslog", "let rsyslog or syslog-ng write files, and read those by static_configs"},
      {"docker_sd_configs",
       "static_configs with __path__: /var/lib/docker/containers/*/*-json.log, or glp-tail --exec "
       "-- docker logs -f NAME"},
      {"kubernetes_sd_configs",
       "static_configs with __path__: /var/log/pods/*/*/*.log, and glp-label --from-path for "
       "namespace, pod and container"},
      {"kafka", "glp-tail --exec -- kcat -C -b BROKER -t TOPIC"},
      {"gcplog", "glp-tail --exec -- gcloud logging tail FILTER"},
      {"heroku_drain", "glp-tail --exec -- heroku logs --tail -a APP"},
      {"loki_push_api", "glp-store serve, which takes pushes"},
  };
  auto it = others.find(source);
  if (it != others.end()) return it->second;
  if (source.ends_with("_sd_configs")) {
    return "file_sd_configs with a file that lists the targets, kept up to date by a script";
  }
  return "a command that prints its lines: glp-tail --exec -- COMMAND";
}

// As promtail finds it, which pods rely on.
std::string HostName() {
  const char* set = std::getenv("HOSTNAME");
  if (set != nullptr && *set != 0) return set;
  char name[HOST_NAME_MAX + 1] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

// promtail's paths are absolute, and so is the label filename.
std::string Absolute(const std::string& path) {
  char folder[PATH_MAX];
  if (path.substr(0, 1) == "/" || getcwd(folder, sizeof folder) == nullptr) return path;
  return PlainPath(std::string(folder) + "/" + path);
}

std::string ValueOf(std::string_view name, const Labels& labels) {
  for (const Label& label : labels) {
    if (label.name == name) return label.value;
  }
  return "";
}

void Put(std::string name, std::string value, Labels* labels) {
  labels->push_back({std::move(name), std::move(value)});
  Canonicalize(labels);
}

// The labels of the configuration, and over them those of the command line.
Labels Merge(Labels labels, const Labels& over) {
  stages::RemoveInternalLabels(&labels);
  labels.insert(labels.end(), over.begin(), over.end());
  Canonicalize(&labels);
  return labels;
}

}  // namespace

Status Scrapes::TakeLimits() {
  const cli::PromtailLimits& limits = config_.limits_config;
  auto max = static_cast<uint64_t>(std::max<int64_t>(limits.max_line_size.value, 0));
  if (max > 0 && max < LineOptions::kLeastMaxBytes) {
    return config_.Error(limits.max_line_size, "max_line_size: expected at least " +
                                                   std::to_string(LineOptions::kLeastMaxBytes));
  }
  if (limits.max_streams.value > 0) {
    return config_.Error(limits.max_streams,
                         "max_streams: nothing limits the streams of a batch here; labels of many "
                         "values are for glp-label to leave out");
  }
  if (limits.readline_rate_enabled.value) {
    base_.options.lines.rate = std::make_shared<RateLimit>(
        limits.readline_rate.value, limits.readline_burst.value, limits.readline_rate_drop.value);
  }
  return Status::Ok();
}

// What the command line says of long lines goes over it.
Status Scrapes::LimitLines(const PromtailScrapeConfig& config, LineOptions* lines) const {
  const cli::PromtailLimits& limits = config_.limits_config;
  if (limits.max_line_size.value <= 0 || lines->max_bytes > 0) return Status::Ok();
  if (!config.pipeline_stages.items.empty()) {
    return config_.Error(limits.max_line_size,
                         "max_line_size: job '" + config.job_name.value +
                             "' has pipeline_stages, and the limit is for the lines behind them; "
                             "use --max-line-size for lines as they are read");
  }
  lines->max_bytes = static_cast<uint64_t>(limits.max_line_size.value);
  lines->long_lines = limits.max_line_size_truncate.value ? LongLines::kTruncate : LongLines::kDrop;
  return Status::Ok();
}

Result<Scrapes::Scrape> Scrapes::Prepare(PromtailScrapeConfig config) const {
  if (config.other_source) {
    const std::string& source = config.other_source.value;
    return config_.Error(config.other_source, source + " is not read here; use " + Instead(source));
  }
  Scrape scrape;
  scrape.options = base_.options;
  LineOptions& lines = scrape.options.lines;
  if (config.encoding && lines.encoding == nullptr) {
    auto encoding = Encoding::Make(config.encoding.value);
    if (!encoding.ok()) return config_.Error(config.encoding, encoding.status().message());
    lines.encoding = std::move(*encoding);
  }
  GLP_RETURN_IF_ERROR(LimitLines(config, &lines));
  const cli::PromtailDecompression& decompression = config.decompression;
  if (decompression.enabled.value && decompression.format.value == "z") {
    return config_.Error(decompression.format,
                         "format: zlib data cannot be told by its first bytes; use glp-tail --exec "
                         "-- zlib-flate -uncompress, or gz");
  }
  if (decompression.enabled.value) {
    scrape.options.settle_ns =
        std::max(scrape.options.settle_ns, decompression.initial_delay_ns.value);
  }
  for (const cli::PromtailFileSdConfig& sd : config.file_sd_configs) {
    auto files = SdFiles::Make(sd.files);
    if (!files.ok()) return config_.Error(sd, files.status().message());
    scrape.files.push_back(std::move(*files));
  }
  if (config.static_configs.empty() && scrape.files.empty()) {
    return config_.Error(config, "job '" + config.job_name.value +
                                     "' has nothing to read: neither static_configs nor "
                                     "file_sd_configs");
  }
  scrape.config = std::move(config);
  return scrape;
}

Status Scrapes::Choose(const std::string& job) {
  std::vector<std::string> names;
  std::vector<PromtailScrapeConfig> chosen;
  for (PromtailScrapeConfig& scrape : config_.scrape_configs) {
    names.push_back(scrape.job_name.value);
    if (job.empty() || scrape.job_name.value == job) chosen.push_back(std::move(scrape));
  }
  config_.scrape_configs = std::move(chosen);
  if (!job.empty() && config_.scrape_configs.empty()) {
    std::string why = config_.path + ": no scrape config has the job_name '" + job + "'";
    return UsageError(names.empty() ? why : why + "; there are " + Join(names, ", "));
  }
  return Status::Ok();
}

Result<Target> Scrapes::Stdin() {
  GLP_RETURN_IF_ERROR(TakeLimits());
  Target target = base_;
  Labels labels;
  if (!config_.scrape_configs.empty()) {
    const PromtailScrapeConfig& first = config_.scrape_configs[0];
    for (const PromtailStaticConfig& group : first.static_configs) {
      labels.insert(labels.end(), group.labels.begin(), group.labels.end());
    }
  }
  Canonicalize(&labels);
  stages::RemoveInternalLabels(&labels);
  if (labels.empty()) labels = {{"hostname", HostName()}, {"job", "stdin"}};
  target.options.labels = Merge(std::move(labels), base_.options.labels);
  target.options.lines.as_promtails_stdin = true;
  return target;
}

// Each address of a group is a target of its own, as relabelling sees them; of those that it leaves
// alike one is enough.
Status Scrapes::Add(const Scrape& scrape, const PromtailStaticConfig& group, Refused* refused,
                    std::vector<Target>* targets) const {
  size_t begin = targets->size();
  for (const std::string& address : group.targets) {
    Labels labels = group.labels;
    Put("__address__", address, &labels);
    if (!scrape.config.relabel.Apply(&labels)) {
      ++refused->by_relabel;
      continue;
    }
    std::string host = ValueOf("__host__", labels);
    if (!host.empty() && host != HostName()) {
      ++refused->by_host;
      continue;
    }
    std::string path = ValueOf("__path__", labels);
    if (path.empty()) return UsageError("the label __path__ is missing");
    GLP_RETURN_IF_ERROR(io::Glob::Parse(path).status().Annotate("__path__ " + path));
    Target target;
    target.paths = {Absolute(path)};
    target.excludes = base_.excludes;
    std::string exclude = ValueOf("__path_exclude__", labels);
    GLP_RETURN_IF_ERROR(io::Glob::Parse(exclude).status().Annotate("__path_exclude__"));
    if (!exclude.empty()) target.excludes.push_back(std::move(exclude));
    target.options = scrape.options;
    target.options.labels = Merge(std::move(labels), base_.options.labels);
    bool known = std::any_of(targets->begin() + begin, targets->end(), [&](const Target& other) {
      return other.paths == target.paths && other.excludes == target.excludes &&
             other.options.labels == target.options.labels;
    });
    if (!known) targets->push_back(std::move(target));
  }
  return Status::Ok();
}

std::vector<Target> Scrapes::All(Refused* refused, std::vector<Status>* problems) const {
  std::vector<Target> targets;
  for (const Scrape& scrape : scrapes_) {
    for (const PromtailStaticConfig& group : scrape.config.static_configs) {
      Status status = Add(scrape, group, refused, &targets);
      if (!status.ok()) problems->push_back(config_.Error(group, status.message()));
    }
    for (const SdFiles& files : scrape.files) {
      for (const PromtailStaticConfig& group : files.Targets()) {
        Status status = Add(scrape, group, refused, &targets);
        std::string file = ValueOf("__meta_filepath", group.labels);
        if (!status.ok()) problems->push_back(codec::YamlError(file, group, status.message()));
      }
    }
  }
  return targets;
}

bool Scrapes::Look(std::vector<Status>* problems) {
  bool changed = false;
  for (Scrape& scrape : scrapes_) {
    for (SdFiles& files : scrape.files) changed |= files.Look(problems);
  }
  return changed;
}

bool Scrapes::may_change() const {
  for (const Scrape& scrape : scrapes_) {
    if (!scrape.files.empty()) return true;
  }
  return false;
}

Result<std::vector<Target>> Scrapes::First() {
  GLP_RETURN_IF_ERROR(TakeLimits());
  for (PromtailScrapeConfig& config : config_.scrape_configs) {
    GLP_ASSIGN_OR_RETURN(Scrape scrape, Prepare(std::move(config)));
    scrapes_.push_back(std::move(scrape));
  }
  if (scrapes_.empty()) return UsageError(config_.path + ": nothing to read: no scrape_configs");
  std::vector<Status> problems;
  Look(&problems);
  Refused refused;
  std::vector<Target> targets = All(&refused, &problems);
  if (!problems.empty()) return problems[0];
  if (targets.empty() && !(may_change() && base_.options.follow)) {
    return UsageError(config_.path + ": nothing to read: of its targets " +
                      std::to_string(refused.by_relabel) + " are dropped by relabel_configs, " +
                      std::to_string(refused.by_host) + " have another __host__");
  }
  return targets;
}

std::optional<std::vector<Target>> Scrapes::Changed() {
  std::vector<Status> broken, wrong;
  bool changed = Look(&broken);
  for (const Status& problem : broken) {
    context_.Say(problem.message() + "; the targets of this file stay as they were");
  }
  if (!changed) return std::nullopt;
  Refused refused;
  std::vector<Target> targets = All(&refused, &wrong);
  for (const Status& problem : wrong) {
    context_.Say(problem.message() + "; this target is not read");
  }
  return targets;
}

}  // namespace glp::tail
