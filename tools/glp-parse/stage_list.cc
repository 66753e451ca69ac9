#include "stage_list.h"

#include <utility>

#include "base/strings.h"
#include "cli/promtail_config.h"
#include "yaml_text.h"

namespace glp::parse {
namespace {

using codec::YamlNode;
using Kind = YamlNode::Kind;

constexpr size_t kMaxDepth = 50;  // of blocks

Status Build(const StagePart& part, stages::StageMetrics* metrics,
             std::vector<std::string>* warnings, stages::StageList* out) {
  codec::YamlErrors errors(part.from);
  stages::BuildContext context;
  context.errors = &errors;
  context.as_promtail = part.as_promtail;
  context.metrics = metrics;
  stages::StageList built = stages::BuildStages(part.list, context);
  GLP_RETURN_IF_ERROR(errors.first());
  warnings->insert(warnings->end(), errors.warnings().begin(), errors.warnings().end());
  for (auto& stage : built) out->push_back(std::move(stage));
  return Status::Ok();
}

}  // namespace

Result<stages::StageList> BuildParts(const std::vector<StagePart>& parts,
                                     stages::StageMetrics* metrics,
                                     std::vector<std::string>* warnings) {
  stages::StageList out;
  for (const StagePart& part : parts) GLP_RETURN_IF_ERROR(Build(part, metrics, warnings, &out));
  return out;
}

Status StageList::AddOption(const StageOption& option, std::string_view value) {
  GLP_ASSIGN_OR_RETURN(YamlNode config, ReadStageOption(option, value));
  if (option.form == StageOption::Form::kBlock) {
    if (open_.size() >= kMaxDepth) {
      return UsageError("nested too deep: " + std::to_string(kMaxDepth) + " at most");
    }
    open_.push_back(items_.size());
  }
  items_.push_back({Item::Kind::kOption, &option, std::string(option.name), std::move(config)});
  return Status::Ok();
}

// The stage that a modifier belongs to; nullptr where it stands behind none.
StageList::Item* StageList::Modified() {
  if (items_.empty()) return nullptr;
  Item* last = &items_.back();
  if (last->kind == Item::Kind::kEndBlock) last = &items_[closed_];
  return last->kind == Item::Kind::kOption ? last : nullptr;
}

Status StageList::AddModifier(const StageModifier& modifier, std::string_view value) {
  Item* item = Modified();
  bool fits = false;
  for (std::string_view stage : modifier.stages) {
    fits |= item != nullptr && item->option->stage == stage;
  }
  if (!fits) {
    return UsageError("must stand behind the option it belongs to: " + OptionsFor(modifier));
  }
  return Modify(modifier, item->option->stage, value, &item->node);
}

Status StageList::AddWith(std::string_view key_and_yaml) {
  Item* item = Modified();
  if (item == nullptr) return UsageError("must stand behind the option of the stage it belongs to");
  if (item->node.kind != Kind::kMap || item->option->form == StageOption::Form::kTopPairs ||
      item->option->form == StageOption::Form::kTopTexts) {
    return UsageError(std::string(item->option->name) + " takes nothing more");
  }
  return ModifyWith(key_and_yaml, &item->node);
}

Status StageList::AddYaml(std::string_view text) {
  std::string from = "-e";
  if (++yaml_count_ > 1) from += "[" + std::to_string(yaml_count_) + "]";
  auto parsed = codec::ParseYaml(text, from);
  if (!parsed.ok()) {
    // Told when all is put together: by its own place, and not as a mistake in an option.
    items_.push_back({Item::Kind::kYaml, nullptr, std::move(from), {}, parsed.status()});
    return Status::Ok();
  }
  YamlNode node = *std::move(parsed);
  if (node.kind == Kind::kMap) {
    YamlNode list = YamlList();
    static_cast<codec::YamlPlace&>(list) = node;
    list.items.push_back(std::move(node));
    node = std::move(list);
  }
  items_.push_back({Item::Kind::kYaml, nullptr, std::move(from), std::move(node)});
  return Status::Ok();
}

Status StageList::EndBlock() {
  if (open_.empty()) return UsageError("there is no --match in front of it that is still open");
  closed_ = open_.back();
  open_.pop_back();
  items_.push_back({Item::Kind::kEndBlock, nullptr, "--end-match", {}});
  return Status::Ok();
}

Status StageList::SetConfig(std::string_view path) {
  if (path.empty()) return UsageError("an empty path names no file");
  if (!config_.empty()) return UsageError("is given twice");
  if (!open_.empty()) return UsageError("cannot stand between --match and --end-match");
  config_ = path;
  items_.push_back({Item::Kind::kConfig, nullptr, "-c", {}});
  return Status::Ok();
}

// The stage of an item, with what is in its block, is made once by itself, so that what is wrong
// with it is told with its own option and not with that of the block around it.
Status StageList::AppendStage(size_t* at, YamlNode* list) const {
  const Item& item = items_[*at];
  StagePart alone{item.from, YamlList(), decides_as_promtail()};
  if (item.kind == Item::Kind::kYaml) {
    GLP_RETURN_IF_ERROR(item.bad);
    alone.list = item.node;
    ++*at;
  } else {
    YamlNode stage = YamlMapping();
    YamlNode config = item.node;
    ++*at;
    if (item.option->form == StageOption::Form::kBlock) {
      YamlNode below = YamlList();
      GLP_RETURN_IF_ERROR(AppendBlock(at, &below));
      YamlPut(&config, "stages", std::move(below));
    }
    YamlPut(&stage, item.option->stage, std::move(config));
    alone.list.items.push_back(std::move(stage));
  }
  stages::StageList unused;
  std::vector<std::string> later;  // they are told when all is made
  GLP_RETURN_IF_ERROR(Build(alone, nullptr, &later, &unused));
  for (YamlNode& one : alone.list.items) list->items.push_back(std::move(one));
  return Status::Ok();
}

// Up to the end of the block and past it.
Status StageList::AppendBlock(size_t* at, YamlNode* list) const {
  while (items_[*at].kind != Item::Kind::kEndBlock) GLP_RETURN_IF_ERROR(AppendStage(at, list));
  ++*at;
  return Status::Ok();
}

Status StageList::ReadConfig(bool all_jobs, std::vector<StagePart>* parts,
                             std::vector<std::string>* notes) const {
  GLP_ASSIGN_OR_RETURN(cli::PromtailConfig config, cli::LoadPromtailConfig(config_, expand_env));
  std::vector<std::string> names;
  bool differ = false;
  for (const cli::PromtailScrapeConfig& scrape : config.scrape_configs) {
    names.push_back(scrape.job_name.value);
    differ |= !SameYaml(scrape.pipeline_stages, config.scrape_configs[0].pipeline_stages);
  }
  bool found = false;
  for (const cli::PromtailScrapeConfig& scrape : config.scrape_configs) {
    const bool chosen = job.empty() ? all_jobs || !found : scrape.job_name.value == job;
    if (!chosen) continue;
    found = true;
    parts->push_back({config.path, scrape.pipeline_stages, true});
    for (const cli::PromtailStaticConfig& group : scrape.static_configs) {
      for (const Label& label : group.labels) parts->back().labels.insert(label.name);
    }
    for (std::string& name : scrape.relabel.TargetLabels()) {
      parts->back().labels.insert(std::move(name));
    }
  }
  if (!job.empty() && !found) {
    return UsageError(config.path + ": no scrape config has the job_name '" + job + "'" +
                      (names.empty() ? "" : "; there are " + Join(names, ", ")));
  }
  if (job.empty() && differ && !all_jobs) {
    notes->push_back(config.path + ": the stages of the first scrape config, '" + names[0] +
                     "', are for all lines; --job chooses another: " + Join(names, ", "));
  }
  return Status::Ok();
}

Result<std::vector<StagePart>> StageList::Parts(bool all_jobs,
                                                std::vector<std::string>* notes) const {
  if (!open_.empty()) {
    return UsageError(items_[open_.back()].from + ": its --end-match is missing");
  }
  std::vector<StagePart> parts;
  for (size_t at = 0; at < items_.size();) {
    if (items_[at].kind == Item::Kind::kConfig) {
      GLP_RETURN_IF_ERROR(ReadConfig(all_jobs, &parts, notes));
      ++at;
      continue;
    }
    StagePart part{items_[at].from, YamlList(), decides_as_promtail()};
    GLP_RETURN_IF_ERROR(AppendStage(&at, &part.list));
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace glp::parse
