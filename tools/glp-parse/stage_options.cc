#include "stage_options.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "yaml_text.h"

namespace glp::parse {
namespace {

using codec::YamlNode;
using Form = StageOption::Form;
using Kind = YamlNode::Kind;

// Parts between commas that stand outside of quotes and brackets: what a JMESPath expression
// holds is no separator.
std::vector<std::string_view> SplitOutside(std::string_view text) {
  std::vector<std::string_view> parts;
  size_t start = 0, depth = 0;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == '\\') {
        ++i;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == '"' || c == '\'' || c == '`') {
      quote = c;
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if ((c == ')' || c == ']' || c == '}') && depth > 0) {
      --depth;
    } else if (c == ',' && depth == 0) {
      parts.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  parts.push_back(text.substr(start));
  return parts;
}

std::string Quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

Result<YamlNode> ReadPairs(std::string_view value, std::string_view value_name) {
  YamlNode map = YamlMapping();
  for (std::string_view part : SplitOutside(value)) {
    part = TrimSpace(part);
    size_t equals = part.find('=');
    if (part.substr(0, 1) == "\"") equals = std::string_view::npos;
    std::string_view name = part.substr(0, equals);
    YamlNode source;
    if (equals != std::string_view::npos) {
      source = YamlScalar(part.substr(equals + 1));
    } else if (name.size() > 2 && name.front() == '"' && name.back() == '"') {
      source = YamlScalar(name);
      name = name.substr(1, name.size() - 2);
    }
    if (name.empty() || (equals != std::string_view::npos && source.text.empty())) {
      return UsageError(Quoted(value) + ": expected " + std::string(value_name) +
                        ", as in level,user=name");
    }
    if (map.Find(name) != nullptr) {
      return UsageError(Quoted(value) + ": '" + std::string(name) + "' is given twice");
    }
    YamlPut(&map, name, std::move(source));
  }
  return map;
}

Result<YamlNode> ReadTexts(std::string_view value) {
  YamlNode map = YamlMapping();
  for (std::string_view part : Split(value, ',')) {
    const size_t equals = part.find('=');
    std::string_view name = TrimSpace(part.substr(0, equals));
    if (equals == std::string_view::npos || name.empty()) {
      return UsageError(Quoted(value) + ": expected NAME=VALUE, as in env=prod,team=web");
    }
    if (map.Find(name) != nullptr) {
      return UsageError(Quoted(value) + ": '" + std::string(name) + "' is given twice");
    }
    YamlNode text = YamlScalar(part.substr(equals + 1));
    text.quoted = true;
    YamlPut(&map, name, std::move(text));
  }
  return map;
}

Result<YamlNode> ReadList(std::string_view value) {
  YamlNode list = YamlList();
  for (std::string_view part : Split(value, ',')) {
    part = TrimSpace(part);
    if (part.empty()) return UsageError(Quoted(value) + ": expected names with commas between");
    list.items.push_back(YamlScalar(part));
  }
  return list;
}

Result<YamlNode> ReadFieldText(const StageOption& option, std::string_view value) {
  const size_t equals = value.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == value.size()) {
    std::string why = Quoted(value) + ": expected " + std::string(option.value_name);
    if (option.stage == "timestamp") {
      why += ", as in ts=RFC3339Nano, ts=UnixMs or 'ts=2006-01-02 15:04:05'";
    }
    return UsageError(why);
  }
  std::string_view text = value.substr(equals + 1);
  YamlNode map = YamlMapping();
  YamlPut(&map, option.key, YamlScalar(value.substr(0, equals)));
  YamlPut(&map, option.key2, YamlScalar(text));
  return map;
}

Result<YamlNode> ReadFields(const StageOption& option, std::string_view value) {
  const size_t equals = value.find('=');
  GLP_ASSIGN_OR_RETURN(YamlNode names, ReadList(value.substr(0, equals)));
  YamlNode map = YamlMapping();
  YamlPut(&map, option.key, names.items.size() == 1 ? names.items[0] : names);
  if (equals != std::string_view::npos) {
    YamlPut(&map, option.key2, YamlScalar(value.substr(equals + 1)));
  }
  return map;
}

Result<YamlNode> ReadRate(const StageOption& option, std::string_view value) {
  const size_t colon = value.find(':');
  std::string_view rate = value.substr(0, colon);
  auto number = ParseDouble(rate);
  if (!number || !(*number > 0) || *number > 1e9) {
    return UsageError(Quoted(value) + ": expected RATE or RATE:BURST, lines a second above 0");
  }
  YamlNode map = YamlMapping();
  YamlPut(&map, option.key, YamlScalar(rate));
  if (colon != std::string_view::npos) {
    YamlPut(&map, option.key2, YamlScalar(value.substr(colon + 1)));
  } else {
    auto whole = static_cast<int64_t>(*number);
    if (static_cast<double>(whole) < *number) ++whole;
    YamlPut(&map, option.key2, YamlScalar(std::to_string(whole)));
  }
  return map;
}

YamlNode One(std::string_view key, std::string_view text) {
  YamlNode map = YamlMapping();
  YamlPut(&map, key, YamlScalar(text));
  return map;
}

Result<YamlNode> Below(std::string_view key, Result<YamlNode> value) {
  if (!value.ok()) return value.status();
  YamlNode map = YamlMapping();
  YamlPut(&map, key, *std::move(value));
  return map;
}

std::string TextOf(const YamlNode* node) { return node == nullptr ? "" : node->text; }

std::string JoinPairs(const YamlNode& map) {
  std::string out;
  for (size_t i = 0; i < map.keys.size(); ++i) {
    if (i > 0) out += ',';
    const std::string& name = map.keys[i].text;
    const std::string& source = map.items[i].text;
    if (!source.empty() && source == "\"" + name + "\"") {
      out += source;
    } else {
      out += name;
      if (!source.empty()) out += "=" + source;
    }
  }
  return out;
}

std::string JoinTexts(const YamlNode& map) {
  std::string out;
  for (size_t i = 0; i < map.keys.size(); ++i) {
    out += (i > 0 ? "," : "") + map.keys[i].text + "=" + map.items[i].text;
  }
  return out;
}

std::string JoinList(const YamlNode& list) {
  if (list.kind == Kind::kScalar) return list.text;
  std::string out;
  for (const YamlNode& item : list.items) out += (out.empty() ? "" : ",") + item.text;
  return out;
}

// A value for the option that may make this configuration, modifiers apart; whether it does is
// found by reading it.
std::string GuessValue(const StageOption& option, const YamlNode& config) {
  const YamlNode* first = config.Find(option.key);
  const YamlNode* second = option.key2.empty() ? nullptr : config.Find(option.key2);
  switch (option.form) {
    case Form::kNothing:
    case Form::kTrue:
      return "";
    case Form::kText:
    case Form::kBlock:
    case Form::kDropSelector:
      return TextOf(first);
    case Form::kPairs:
      return first == nullptr ? "" : JoinPairs(*first);
    case Form::kFieldText:
      return TextOf(first) + "=" + TextOf(second);
    case Form::kFields:
      return (first == nullptr ? "" : JoinList(*first)) +
             (second == nullptr ? "" : "=" + second->text);
    case Form::kListed:
      return first == nullptr ? "" : JoinList(*first);
    case Form::kTopList:
      return JoinList(config);
    case Form::kTopPairs:
      return JoinPairs(config);
    case Form::kTopTexts:
      return JoinTexts(config);
    case Form::kOneOf:
      return first != nullptr ? first->text : JoinTexts(config);
    case Form::kRate:
      return TextOf(first) + ":" + TextOf(second);
    case Form::kYaml:
      return YamlText(config);
  }
  return "";
}

bool IsTop(Form form) {
  return form == Form::kTopList || form == Form::kTopPairs || form == Form::kTopTexts ||
         form == Form::kYaml;
}

// The modifier for a key of a stage, nullptr where only --with has it.
const StageModifier* ModifierFor(std::string_view stage, std::string_view key) {
  for (const StageModifier& modifier : StageModifiers()) {
    if (modifier.key == key && std::count(modifier.stages.begin(), modifier.stages.end(), stage)) {
      return &modifier;
    }
  }
  return nullptr;
}

void AppendModifier(std::string_view stage, const YamlNode::Key& key, const YamlNode& value,
                    std::vector<std::string>* words) {
  const StageModifier* modifier = ModifierFor(stage, key.text);
  if (modifier != nullptr && value.kind == Kind::kScalar && !modifier->is_list) {
    words->emplace_back(modifier->name);
    words->push_back(value.text);
    return;
  }
  if (modifier != nullptr && value.kind == Kind::kList && modifier->is_list) {
    for (const YamlNode& item : value.items) {
      words->emplace_back(modifier->name);
      words->push_back(item.text);
    }
    return;
  }
  words->emplace_back(kWith);
  words->push_back(key.text + "=" + YamlText(value));
}

// What the words (an option, its value, modifiers) say; for making sure of them.
Result<YamlNode> ReadWords(const StageOption& option, const std::vector<std::string>& words) {
  size_t i = option.value_name.empty() ? 1 : 2;
  GLP_ASSIGN_OR_RETURN(YamlNode config, ReadStageOption(option, i == 2 ? words[1] : ""));
  for (; i + 1 < words.size(); i += 2) {
    if (words[i] == kWith) {
      GLP_RETURN_IF_ERROR(ModifyWith(words[i + 1], &config));
      continue;
    }
    for (const StageModifier& modifier : StageModifiers()) {
      if (modifier.name != words[i]) continue;
      GLP_RETURN_IF_ERROR(Modify(modifier, option.stage, words[i + 1], &config));
    }
  }
  return config;
}

}  // namespace

Result<YamlNode> ReadStageOption(const StageOption& option, std::string_view value) {
  switch (option.form) {
    case Form::kNothing:
      return YamlMapping();
    case Form::kTrue:
      return One(option.key, "true");
    case Form::kText:
    case Form::kBlock:
      if (value.empty()) return UsageError("its value is empty");
      return One(option.key, value);
    case Form::kDropSelector: {
      if (value.empty()) return UsageError("its value is empty");
      YamlNode map = One(option.key, value);
      YamlPut(&map, "action", YamlScalar("drop"));
      return map;
    }
    case Form::kPairs:
      return Below(option.key, ReadPairs(value, option.value_name));
    case Form::kFieldText:
      return ReadFieldText(option, value);
    case Form::kFields:
      return ReadFields(option, value);
    case Form::kListed:
      return Below(option.key, ReadList(value));
    case Form::kTopList:
      return ReadList(value);
    case Form::kTopPairs:
      return ReadPairs(value, option.value_name);
    case Form::kTopTexts:
      return ReadTexts(value);
    case Form::kOneOf:
      if (value.empty()) return UsageError("its value is empty");
      if (value.find('=') != std::string_view::npos) return ReadTexts(value);
      return One(option.key, value);
    case Form::kRate:
      return ReadRate(option, value);
    case Form::kYaml:
      return codec::ParseYaml(value, std::string(option.name));
  }
  return YamlMapping();
}

Status Modify(const StageModifier& modifier, std::string_view stage, std::string_view value,
              YamlNode* config) {
  if (value.empty()) return UsageError("its value is empty");
  // The line is what most stages read anyway.
  if (modifier.key == "source" && value == "line" && stage != "eventlogmessage" &&
      stage != "geoip") {
    return Status::Ok();
  }
  const YamlNode* before = config->Find(modifier.key);
  if (before == nullptr) {
    YamlNode node = YamlScalar(value);
    if (modifier.is_list) {
      node = YamlList();
      node.items.push_back(YamlScalar(value));
    }
    YamlPut(config, modifier.key, std::move(node));
    return Status::Ok();
  }
  if (!modifier.is_list) return UsageError("was given before for the same stage");
  for (size_t i = 0; i < config->keys.size(); ++i) {
    if (config->keys[i].text == modifier.key) config->items[i].items.push_back(YamlScalar(value));
  }
  return Status::Ok();
}

Status ModifyWith(std::string_view key_and_yaml, YamlNode* config) {
  const size_t equals = key_and_yaml.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return UsageError(Quoted(key_and_yaml) + ": expected KEY=VALUE, the value as YAML has it");
  }
  std::string_view key = key_and_yaml.substr(0, equals);
  if (config->Find(key) != nullptr) {
    return UsageError("'" + std::string(key) + "' is given twice for the same stage");
  }
  GLP_ASSIGN_OR_RETURN(YamlNode value,
                       codec::ParseYaml(key_and_yaml.substr(equals + 1), std::string(key)));
  YamlPut(config, key, std::move(value));
  return Status::Ok();
}

std::optional<std::vector<std::string>> OptionWords(std::string_view stage,
                                                    const YamlNode& config) {
  if (stage == "non_indexed_labels") stage = "structured_metadata";
  std::optional<std::vector<std::string>> best;
  for (const StageOption& option : StageOptions()) {
    if (option.stage != stage) continue;
    // A block that drops is none.
    if (option.form == Form::kBlock && config.Find("action") != nullptr) continue;
    std::vector<std::string> words = {std::string(option.name)};
    if (!option.value_name.empty()) words.push_back(GuessValue(option, config));
    auto base = ReadStageOption(option, words.size() > 1 ? words[1] : "");
    if (!base.ok()) continue;
    if (!IsTop(option.form)) {
      for (size_t i = 0; i < config.keys.size(); ++i) {
        if (base->Find(config.keys[i].text) != nullptr || config.items[i].kind == Kind::kNull) {
          continue;
        }
        AppendModifier(stage, config.keys[i], config.items[i], &words);
      }
    }
    auto read = ReadWords(option, words);
    if (!read.ok() || !SameYaml(*read, config)) continue;
    if (!best || words.size() < best->size()) best = std::move(words);
  }
  return best;
}

}  // namespace glp::parse
