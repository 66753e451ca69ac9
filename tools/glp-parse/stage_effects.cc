#include "stage_effects.h"

#include <algorithm>

#include "base/strings.h"

namespace glp::parse {
namespace {

using codec::YamlNode;
using Kind = YamlNode::Kind;

void AddText(const YamlNode* node, std::set<std::string>* names) {
  if (node == nullptr) return;
  if (node->kind == Kind::kScalar) names->insert(node->text);
  for (const YamlNode& item : node->items) AddText(&item, names);
}

// The names that a template may ask for: `.name` anywhere in it; or any.
void AddTemplate(const YamlNode* node, StageEffects* effects) {
  if (node == nullptr) return;
  const std::string& text = node->text;
  size_t end = 0;
  for (size_t at = text.find("{{"); at != std::string::npos; at = text.find("{{", end)) {
    end = std::min(text.find("}}", at), text.size());
    for (size_t i = at; i < end; ++i) {
      if (text[i] != '.' && text[i] != '$') continue;
      size_t begin = i + 1, stop = begin;
      while (stop < end && IsLabelName(std::string_view(text).substr(begin, stop + 1 - begin))) {
        ++stop;
      }
      if (stop > begin && text[i] == '.') {
        effects->reads.insert(text.substr(begin, stop - begin));
        i = stop - 1;
      } else if (text[i] == '.' && (i == 0 || text[i - 1] < '0' || text[i - 1] > '9')) {
        effects->reads_any = true;  // `.` is all of them
      } else if (text[i] == '$' && stop == begin) {
        effects->reads_any = true;
      }
    }
  }
}

// {name: source}; without a source the name is that.
void AddSources(const YamlNode& map, StageEffects* effects) {
  for (size_t i = 0; i < map.keys.size(); ++i) {
    const std::string& name = map.keys[i].text;
    const std::string& source = map.items[i].text;
    effects->reads.insert(source.empty() ? name : source);
    if (effects->stage != "labels") {
      effects->writes.insert(source.empty() ? name : source);
    } else if (source.empty() || source == name) {
      effects->labels.insert(name);
    } else {
      effects->writes.insert(name);
    }
  }
}

void AddKeys(const YamlNode& map, std::set<std::string>* names) {
  for (const YamlNode::Key& key : map.keys) names->insert(key.text);
}

void AddGeoip(StageEffects* effects) {
  for (const char* name :
       {"city_name", "country_name", "country_code", "continent_name", "continent_code",
        "location_latitude", "location_longitude", "postal_code", "timezone", "subdivision_name",
        "subdivision_code", "autonomous_system_number", "autonomous_system_organization"}) {
    effects->writes.insert(std::string("geoip_") + name);
  }
}

void AddBlock(const YamlNode& config, bool as_promtail, StageEffects* effects) {
  const YamlNode* stages = config.Find("stages");
  if (stages == nullptr) return;
  for (const YamlNode& item : stages->items) {
    StageEffects inner = EffectsOf(item, as_promtail);
    effects->reads.merge(inner.reads);
    effects->writes.merge(inner.writes);
    effects->labels.merge(inner.labels);
    effects->extracts.merge(inner.extracts);
    effects->unwritten.merge(inner.unwritten);
    effects->reads_any |= inner.reads_any;
    effects->writes_all_others |= inner.writes_all_others;
    effects->asks_presence |= inner.asks_presence;
  }
}

void AddMetrics(const YamlNode& config, StageEffects* effects) {
  for (size_t i = 0; i < config.keys.size(); ++i) {
    const YamlNode* source = config.items[i].Find("source");
    effects->reads.insert(source != nullptr ? source->text : config.keys[i].text);
  }
}

bool Writes(const StageEffects& effects, const std::string& name) {
  return effects.writes_all_others != (effects.writes.count(name) > 0);
}

// Labels that lines come with nearly always.
bool IsUsualLabel(const std::string& name) {
  return name == "filename" || name == "job" || name == "stream";
}

// Whether the lines may have a label of that name in front of stage `end`.
bool MayBeLabel(const std::vector<StageEffects>& stages, const std::set<std::string>& labels,
                size_t end, const std::string& name) {
  if (IsUsualLabel(name) || labels.count(name) > 0) return true;
  for (size_t i = 0; i < end; ++i) {
    if (stages[i].labels.count(name) > 0) return true;
    if (!stages[i].writes_all_others && stages[i].writes.count(name) > 0) return true;
  }
  return false;
}

std::string WhyByName(const std::vector<StageEffects>& stages, const std::set<std::string>& labels,
                      size_t i, size_t j, const std::string& name) {
  const StageEffects& from = stages[i];
  const std::string reads = stages[j].stage + " reads '" + name + "', ";
  if (name != kNewline && Writes(from, name))
    return reads + "which " + from.stage + " changes as a label";
  if (from.unwritten.count(name) > 0 && name == kNewline) {
    return stages[j].stage + " needs the newline that docker took off";
  }
  if (from.unwritten.count(name) > 0) return reads + "which only " + from.stage + " knows";
  if (from.labels.count(name) > 0) {
    for (size_t k = i + 1; k < j; ++k) {
      if (stages[k].stage == "template" && stages[k].extracts.count(name) > 0) {
        return reads + "which " + from.stage + " made a label and template may empty";
      }
    }
  }
  if (from.stage == "match" && MayBeLabel(stages, labels, i + 1, name)) {
    return reads + "a label, which match extracts anew";
  }
  if (from.extracts.count(name) > 0) {
    if (MayBeLabel(stages, labels, i, name))
      return reads + "a label, which " + from.stage + " may hide";
    if (stages[j].asks_presence) return reads + "which " + from.stage + " may find to be null";
  }
  return "";
}

}  // namespace

StageEffects EffectsOf(const YamlNode& item, bool as_promtail) {
  StageEffects effects;
  if (item.keys.empty()) return effects;
  const YamlNode& config = item.items[0];
  effects.stage = item.keys[0].text;
  const std::string& stage = effects.stage;
  // What many stages have by the same name.
  AddText(config.Find("source"), &effects.reads);
  if (stage == "docker" || stage == "cri" || stage == "auto") {
    effects.writes.insert("stream");
    if (as_promtail && stage == "docker") effects.unwritten = {"output", "timestamp", kNewline};
    if (as_promtail && stage == "cri") effects.unwritten = {"time", "flags", "content"};
  } else if (stage == "json") {
    if (const YamlNode* names = config.Find("expressions")) AddKeys(*names, &effects.extracts);
  } else if (stage == "template" || stage == "replace") {
    AddTemplate(config.Find("template"), &effects);
    AddTemplate(config.Find("replace"), &effects);
    AddText(config.Find("source"), &effects.extracts);
    if (stage == "replace" && config.Find("source") == nullptr) effects.reads.insert(kNewline);
  } else if (stage == "labels" || stage == "structured_metadata" || stage == "non_indexed_labels") {
    AddSources(config, &effects);
  } else if (stage == "static_labels") {
    AddKeys(config, &effects.writes);
    effects.reads.clear();  // a label may be called source
  } else if (stage == "labeldrop" || stage == "labelallow") {
    AddText(&config, &effects.writes);
    effects.writes_all_others = stage == "labelallow";
  } else if (stage == "tenant") {
    AddText(config.Find("label"), &effects.reads);
    effects.writes.insert("__tenant_id__");
  } else if (stage == "pack") {
    AddText(config.Find("labels"), &effects.reads);
    AddText(config.Find("labels"), &effects.writes);
    effects.reads.insert(kNewline);
  } else if (stage == "geoip") {
    AddGeoip(&effects);
  } else if (stage == "eventlogmessage") {
    if (config.Find("source") == nullptr) effects.reads.insert("message");
    effects.asks_presence = true;
  } else if (stage == "drop") {
    effects.asks_presence = config.Find("value") == nullptr && config.Find("expression") == nullptr;
  } else if (stage == "metrics") {
    effects.reads.clear();
    AddMetrics(config, &effects);
  } else if (stage == "match") {
    AddBlock(config, as_promtail, &effects);
  }
  return effects;
}

std::string WhyTogether(const std::vector<StageEffects>& stages,
                        const std::set<std::string>& labels, size_t i, size_t j) {
  for (const std::string& name : stages[j].reads) {
    std::string why = WhyByName(stages, labels, i, j, name);
    if (!why.empty()) return why;
  }
  if (!stages[j].reads_any) return "";
  std::set<std::string> names = stages[i].writes;
  names.insert(stages[i].unwritten.begin(), stages[i].unwritten.end());
  if (stages[i].writes_all_others)
    return stages[j].stage + " may read a label that " + stages[i].stage + " takes away";
  for (const StageEffects& stage : stages) {
    names.insert(stage.labels.begin(), stage.labels.end());
    names.insert(stage.extracts.begin(), stage.extracts.end());
  }
  for (const std::string& name : names) {
    std::string why = WhyByName(stages, labels, i, j, name);
    if (!why.empty()) return why;
  }
  return "";
}

}  // namespace glp::parse
