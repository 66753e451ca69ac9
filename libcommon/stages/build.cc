#include "stages/build.h"

#include "base/strings.h"
#include "stages/auto.h"
#include "stages/clf.h"
#include "stages/cri.h"
#include "stages/csv.h"
#include "stages/decolorize.h"
#include "stages/docker.h"
#include "stages/drop.h"
#include "stages/eventlogmessage.h"
#include "stages/geoip.h"
#include "stages/journal.h"
#include "stages/json.h"
#include "stages/klog.h"
#include "stages/kv.h"
#include "stages/labelallow.h"
#include "stages/labeldrop.h"
#include "stages/labels.h"
#include "stages/limit.h"
#include "stages/logfmt.h"
#include "stages/match.h"
#include "stages/metrics.h"
#include "stages/multiline.h"
#include "stages/output.h"
#include "stages/pack.h"
#include "stages/pattern.h"
#include "stages/regex.h"
#include "stages/replace.h"
#include "stages/sampling.h"
#include "stages/static_labels.h"
#include "stages/structured_metadata.h"
#include "stages/syslog.h"
#include "stages/template.h"
#include "stages/tenant.h"
#include "stages/timestamp.h"

namespace glp::stages {
namespace {

template <std::unique_ptr<Stage> (*read)(const codec::YamlNode&, BuildContext&)>
void One(const codec::YamlNode& config, BuildContext& context, StageList* out) {
  if (auto stage = read(config, context)) out->push_back(std::move(stage));
}

const StageInfo* Find(std::string_view name) {
  for (const StageInfo& info : KnownStages()) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

void Add(const codec::YamlNode& item, BuildContext& context, StageList* out) {
  if (item.kind != codec::YamlNode::Kind::kMap || item.keys.size() != 1) {
    context.errors->Add(item, "expected one stage, as in `- regex: {expression: …}`");
    return;
  }
  const codec::YamlNode::Key& key = item.keys[0];
  const StageInfo* info = Find(key.text);
  if (info == nullptr) {
    std::vector<std::string> names;
    for (const StageInfo& known : KnownStages()) names.emplace_back(known.name);
    std::string why = "there is no stage '" + key.text + "'";
    std::string_view nearest = Nearest(key.text, names);
    why += nearest.empty() ? "; known are " + Join(names, ", ")
                           : "; did you mean '" + std::string(nearest) + "'?";
    context.errors->Add(key, why);
    return;
  }
  const size_t first = out->size();
  codec::YamlNode nothing;  // stands where its name does
  static_cast<codec::YamlPlace&>(nothing) = key;
  const codec::YamlNode& config = item.items[0];
  info->read(config.kind == codec::YamlNode::Kind::kNull ? nothing : config, context, out);
  if (out->size() == first) return;
  std::string place = context.errors->file();
  if (key.line > 0) place += ":" + std::to_string(key.line) + ":" + std::to_string(key.column);
  (*out)[first]->Describe(key.text, std::move(place));
}

}  // namespace

const std::vector<StageInfo>& KnownStages() {
  // In the order of the names; a stage is added here and nowhere else.
  // clang-format off
  static const std::vector<StageInfo> stages = {
      {"auto", One<ReadAutoStage>},
      {"clf", One<ReadClfStage>},
      {"combined", One<ReadCombinedStage>},
      {"cri", One<ReadCriStage>},
      {"csv", One<ReadCsvStage>},
      {"decolorize", One<ReadDecolorizeStage>},
      {"docker", One<ReadDockerStage>},
      {"drop", One<ReadDropStage>},
      {"eventlogmessage", One<ReadEventLogMessageStage>},
      {"geoip", One<ReadGeoipStage>},
      {"journal", One<ReadJournalStage>},
      {"json", One<ReadJsonStage>},
      {"klog", One<ReadKlogStage>},
      {"kv", One<ReadKvStage>},
      {"labelallow", One<ReadLabelAllowStage>},
      {"labeldrop", One<ReadLabelDropStage>},
      {"labels", One<ReadLabelsStage>},
      {"limit", One<ReadLimitStage>},
      {"logfmt", One<ReadLogfmtStage>},
      {"match", ReadMatchStage},
      {"metrics", One<ReadMetricsStage>},
      {"multiline", One<ReadMultilineStage>},
      {"non_indexed_labels", One<ReadStructuredMetadataStage>},
      {"output", One<ReadOutputStage>},
      {"pack", One<ReadPackStage>},
      {"pattern", One<ReadPatternStage>},
      {"regex", One<ReadRegexStage>},
      {"replace", One<ReadReplaceStage>},
      {"sampling", One<ReadSamplingStage>},
      {"static_labels", One<ReadStaticLabelsStage>},
      {"structured_metadata", One<ReadStructuredMetadataStage>},
      {"syslog", One<ReadSyslogStage>},
      {"template", One<ReadTemplateStage>},
      {"tenant", One<ReadTenantStage>},
      {"timestamp", One<ReadTimestampStage>},
  };
  // clang-format on
  return stages;
}

std::vector<NamedSource> ReadNamedSources(const codec::YamlNode& map, std::string_view what,
                                          BuildContext& context) {
  using Kind = codec::YamlNode::Kind;
  std::vector<NamedSource> out;
  if (map.kind != Kind::kMap || map.items.empty()) {
    context.errors->Add(map, std::string(what) + ": expected names, as in `name: source`");
    return out;
  }
  for (size_t i = 0; i < map.items.size(); ++i) {
    const codec::YamlNode& value = map.items[i];
    const codec::YamlNode::Key& key = map.keys[i];
    if (value.kind != Kind::kScalar && value.kind != Kind::kNull) {
      context.errors->Add(value, std::string(what) + ": " + key.text +
                                     ": expected a text or nothing, as in `name: source`");
      return out;
    }
    const bool same = value.text.empty();
    out.push_back({same ? static_cast<codec::YamlPlace>(key) : static_cast<codec::YamlPlace>(value),
                   key.text, same ? key.text : value.text});
  }
  return out;
}

StageList BuildStages(const codec::YamlNode& list, BuildContext& context) {
  StageList out;
  context.errors->set_unknown_keys_pass(context.as_promtail);
  if (list.kind == codec::YamlNode::Kind::kNull) return out;
  if (list.kind != codec::YamlNode::Kind::kList) {
    context.errors->Add(list, "expected a list of stages");
    return out;
  }
  for (const codec::YamlNode& item : list.items) {
    Add(item, context, &out);
    if (!context.errors->first().ok()) break;
  }
  return out;
}

}  // namespace glp::stages
