// The options that stand for stages, as a table: what the value of each says in YAML, and, the
// other way, the options that say what a stage's YAML says. Rarer settings of a stage come through
// modifiers, options that stand behind the stage's own: `--timestamp t=RFC3339 --location UTC`.
//
//   for (const StageOption& option : StageOptions()) …   // "--json"
//   GLP_ASSIGN_OR_RETURN(YamlNode config, ReadStageOption(option, "level,user=user.name"));
//   // config: {expressions: {level: null, user: user.name}}
//
// Threads: pure functions. Errors: Code::kUsage, without the option's name.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/yaml.h"

namespace glp::parse {

struct StageOption {
  // What the value of the option is in the stage's YAML.
  enum class Form {
    kNothing,      // a flag: {}
    kTrue,         // a flag: {KEY: true}
    kText,         // {KEY: value}
    kPairs,        // {KEY: {name: source, …}} of NAME=SOURCE,…
    kFieldText,    // {KEY: field, KEY2: text} of FIELD=TEXT
    kFields,       // {KEY: field or list of them, KEY2: text} of FIELD,…[=TEXT]
    kListed,       // {KEY: [a, b]} of A,B
    kTopList,      // [a, b] of A,B
    kTopPairs,     // {name: source, …} of NAME[=SOURCE],…
    kTopTexts,     // {name: text, …} of NAME=TEXT,…
    kOneOf,        // {KEY: field} of FIELD, else {name: text} of NAME=TEXT
    kRate,         // {KEY: rate, KEY2: burst} of RATE[:BURST]
    kYaml,         // the value is the YAML
    kBlock,        // {KEY: value, stages: what stands up to the end of the block}
    kDropSelector  // {KEY: value, action: drop}
  };
  std::string_view name;        // "--json"
  std::string_view value_name;  // "" for a flag
  std::string_view stage;       // "json"
  Form form;
  std::string_view key = {}, key2 = {};
  std::string_view section;
  std::string_view help;
};

// In the order of --help; of stages that there are (stages/build.h).
const std::vector<StageOption>& StageOptions();

// A modifier: one more key for the stage in front of it.
struct StageModifier {
  std::string_view name, value_name;
  std::string_view key;
  std::vector<std::string_view> stages;  // that it may belong to
  bool is_list;                          // may be repeated: the values are a list
  std::string_view help;
};
const std::vector<StageModifier>& StageModifiers();
// The options that it may stand behind: "--json, --logfmt or --regex".
std::string OptionsFor(const StageModifier& modifier);
// `--with KEY=YAML`: any key.
inline constexpr std::string_view kWith = "--with";

Result<codec::YamlNode> ReadStageOption(const StageOption& option, std::string_view value);
// Sets a key of the configuration of `stage` to the modifier's text.
Status Modify(const StageModifier& modifier, std::string_view stage, std::string_view value,
              codec::YamlNode* config);
Status ModifyWith(std::string_view key_and_yaml, codec::YamlNode* config);

// The words of the command line that say what `stage: config` says; nothing where no option does
// (a block is not looked into). Each word is as the shell gives it to the program.
std::optional<std::vector<std::string>> OptionWords(std::string_view stage,
                                                    const codec::YamlNode& config);

}  // namespace glp::parse
