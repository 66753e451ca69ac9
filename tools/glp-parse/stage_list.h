// The stages as the command line gives them, in its order: by options, as YAML (-e), out of
// promtail's configuration (-c). All become the same list, of which stages are made and which
// --explain shows.
//
//   StageList list;
//   GLP_RETURN_IF_ERROR(list.AddOption(option, "level"));   // while parsing; of StageOptions()
//   GLP_ASSIGN_OR_RETURN(std::vector<StagePart> parts, list.Parts());
//   GLP_ASSIGN_OR_RETURN(stages::StageList stages, BuildParts(parts, nullptr));
//
// Threads: one at a time.
// Errors:  Code::kUsage that names the option, or FILE:LINE:COLUMN; Code::kIo for -c.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/yaml.h"
#include "stage_options.h"
#include "stages/build.h"

namespace glp::parse {

// Stages that came from one place.
struct StagePart {
  std::string from;      // what errors name: "--json", "-e", "promtail.yml"
  codec::YamlNode list;  // as promtail's pipeline_stages; null for none
  bool as_promtail = false;
  std::set<std::string> labels = {};  // that the lines are known to come with
};

// All of them, one behind the other. `metrics` as in BuildContext; what is strange but no error is
// added to `warnings`.
Result<stages::StageList> BuildParts(const std::vector<StagePart>& parts,
                                     stages::StageMetrics* metrics,
                                     std::vector<std::string>* warnings);

class StageList {
 public:
  // What options do while the command line is read.
  Status AddOption(const StageOption& option, std::string_view value);
  Status AddModifier(const StageModifier& modifier, std::string_view value);
  Status AddWith(std::string_view key_and_yaml);
  Status AddYaml(std::string_view text);
  Status EndBlock();
  Status SetConfig(std::string_view path);

  std::string job;           // of the configuration, "" for the first
  bool expand_env = false;   // of the configuration
  bool as_promtail = false;  // options and -e decide as promtail does
  bool has_config() const { return !config_.empty(); }
  bool decides_as_promtail() const { return as_promtail || has_config(); }
  bool empty() const { return items_.empty(); }

  // What was given, the configuration read. `all_jobs`: the stages of all its scrape configs, where
  // no job is named. What the user should know of the choice is added to `notes`.
  Result<std::vector<StagePart>> Parts(bool all_jobs, std::vector<std::string>* notes) const;

 private:
  struct Item {
    enum class Kind { kOption, kYaml, kConfig, kEndBlock };
    Kind kind;
    const StageOption* option = nullptr;  // kOption
    std::string from;
    codec::YamlNode node;  // kOption: the stage's configuration; kYaml: the list
    Status bad = {};       // kYaml: why it is none
  };
  Status AppendBlock(size_t* at, codec::YamlNode* list) const;
  Status AppendStage(size_t* at, codec::YamlNode* list) const;
  Status ReadConfig(bool all_jobs, std::vector<StagePart>* parts,
                    std::vector<std::string>* notes) const;
  Item* Modified();

  std::vector<Item> items_;
  std::vector<size_t> open_;  // blocks: their items
  size_t closed_ = 0;         // the block that was closed last, where nothing came behind it
  size_t yaml_count_ = 0;
  std::string config_;
};

}  // namespace glp::parse
