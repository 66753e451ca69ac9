#include "label_ops.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "cli/promtail_parts.h"
#include "codec/yaml.h"
#include "io/file.h"
#include "kubernetes_path.h"

namespace glp::label {
namespace {

// A name much like it that could be a label's; "" where there is none.
std::string LikeName(std::string_view name) {
  std::string like(name);
  for (char& c : like) {
    if (!IsLabelName(std::string_view(&c, 1)) && (c < '0' || c > '9')) c = '_';
  }
  if (!like.empty() && like[0] >= '0' && like[0] <= '9') like.insert(like.begin(), '_');
  return like;
}

// NAME or NAME=OTHER between commas; NAME alone stands for both unless `needs_other`.
Result<std::vector<Label>> ParsePairs(std::string_view text, bool needs_other) {
  std::vector<Label> pairs;
  for (std::string_view part : Split(text, ',')) {
    part = TrimSpace(part);
    size_t equals = part.find('=');
    bool alone = equals == std::string_view::npos;
    Label pair{std::string(part.substr(0, equals)),
               std::string(alone ? part : part.substr(equals + 1))};
    if (pair.value.empty() || (alone && needs_other)) {
      return UsageError("'" + std::string(text) + "': expected " +
                        (needs_other ? "OLD=NEW" : "NAME or NAME=FIELD") + ", separated by commas");
    }
    // What stands there already may have any name; what is made may not.
    if (!needs_other) GLP_RETURN_IF_ERROR(CheckName(pair.name));
    if (pair.name.empty()) return UsageError("'" + std::string(text) + "': a name is missing");
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

Result<std::vector<Label>> ParseNames(std::string_view text, bool any) {
  std::vector<Label> names;
  for (std::string_view part : Split(text, ',')) {
    part = TrimSpace(part);
    if (!any || part.empty()) GLP_RETURN_IF_ERROR(CheckName(part));
    names.push_back({std::string(part), ""});
  }
  return names;
}

Labels::iterator Find(Labels* labels, std::string_view name) {
  return std::find_if(labels->begin(), labels->end(),
                      [name](const Label& label) { return label.name == name; });
}

void Erase(Labels* labels, std::string_view name) {
  std::erase_if(*labels, [name](const Label& label) { return label.name == name; });
}

// An empty value is no label, as Loki has it.
void Set(Labels* labels, std::string_view name, std::string_view value) {
  if (value.empty()) {
    Erase(labels, name);
    return;
  }
  auto it = Find(labels, name);
  if (it == labels->end()) it = labels->insert(it, {std::string(name), ""});
  it->value = value;
}

bool Names(const std::vector<Label>& pairs, std::string_view name) {
  return std::any_of(pairs.begin(), pairs.end(), [name](const Label& p) { return p.name == name; });
}

void ApplyFromPath(Labels* labels) {
  auto it = Find(labels, "filename");
  if (it == labels->end()) return;
  std::string path = it->value;
  if (auto kubernetes = ParseKubernetesPath(path)) {
    Set(labels, "namespace", kubernetes->pod_namespace);
    Set(labels, "pod", kubernetes->pod);
    Set(labels, "container", kubernetes->container);
  }
}

void ApplyMeta(const std::vector<Label>& pairs, Labels* labels, stages::FieldSet* fields,
               stages::FieldSet* meta) {
  for (const Label& pair : pairs) {
    if (auto value = fields->Get(pair.value)) {
      if (!value->empty()) meta->Set(pair.name, *value);
      continue;
    }
    auto it = Find(labels, pair.value);
    if (it == labels->end()) continue;
    // The label is about to go; the metadata keeps its own copy.
    meta->SetCopy(pair.name, it->value);
    labels->erase(it);
  }
}

// All names of one --rename change at once, so that a=b,b=a swaps.
void ApplyRename(const Labels& pairs, Labels* labels) {
  Labels renamed;
  for (const Label& pair : pairs) {
    auto it = Find(labels, pair.name);
    if (it == labels->end()) continue;
    renamed.push_back({pair.value, std::move(it->value)});
    labels->erase(it);
  }
  for (const Label& label : renamed) Set(labels, label.name, label.value);
}

// A list of rules, or a mapping that has it as relabel_configs.
Result<stages::Relabeler> ReadRules(const std::string& path) {
  GLP_ASSIGN_OR_RETURN(const std::string text, io::ReadFile(path));
  GLP_ASSIGN_OR_RETURN(codec::YamlNode root, codec::ParseYaml(text, path));
  if (root.kind != codec::YamlNode::Kind::kMap) {
    codec::YamlNode rules = std::move(root);
    root = codec::YamlNode();
    root.kind = codec::YamlNode::Kind::kMap;
    root.keys.emplace_back().text = "relabel_configs";
    root.items.push_back(std::move(rules));
  }
  codec::YamlErrors errors(path);
  codec::YamlMap map(root, "the rules", &errors);
  stages::Relabeler relabeler;
  map.MapList("relabel_configs", [&](codec::YamlMap& rule, const codec::YamlNode&) {
    cli::ReadPromtailRelabelRule(rule, &relabeler);
  });
  map.Finish();
  GLP_RETURN_IF_ERROR(errors.first());
  if (relabeler.empty()) return UsageError(path + ": there are no rules in it");
  return relabeler;
}

}  // namespace

Status CheckName(std::string_view name) {
  if (IsLabelName(name)) return Status::Ok();
  std::string why = "'" + std::string(name) +
                    "' is no name of a label; letters, digits and _ are, not starting with a digit";
  if (!name.empty() && IsValidUtf8(name)) why += "; try '" + LikeName(name) + "'";
  return UsageError(std::move(why));
}

Status LabelOps::AddSet(std::string_view text) {
  size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    return UsageError("'" + std::string(text) + "': expected NAME=VALUE");
  }
  GLP_RETURN_IF_ERROR(CheckName(text.substr(0, equals)));
  if (!IsValidUtf8(text)) return UsageError("'" + std::string(text) + "' is not UTF-8");
  ops_.push_back(
      {Kind::kSet, {{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))}}});
  return Status::Ok();
}

Status LabelOps::AddFromField(std::string_view text) {
  GLP_ASSIGN_OR_RETURN(std::vector<Label> pairs, ParsePairs(text, false));
  ops_.push_back({Kind::kFromField, std::move(pairs)});
  reads_fields_ = true;
  return Status::Ok();
}

Status LabelOps::AddFromPath() {
  ops_.push_back({Kind::kFromPath});
  return Status::Ok();
}

Status LabelOps::AddRename(std::string_view text) {
  GLP_ASSIGN_OR_RETURN(std::vector<Label> pairs, ParsePairs(text, true));
  for (const Label& pair : pairs) GLP_RETURN_IF_ERROR(CheckName(pair.value));
  ops_.push_back({Kind::kRename, std::move(pairs)});
  return Status::Ok();
}

Status LabelOps::AddDrop(std::string_view text) {
  GLP_ASSIGN_OR_RETURN(std::vector<Label> names, ParseNames(text, /*any=*/true));
  ops_.push_back({Kind::kDrop, std::move(names)});
  return Status::Ok();
}

Status LabelOps::AddKeep(std::string_view text) {
  GLP_ASSIGN_OR_RETURN(std::vector<Label> names, ParseNames(text, /*any=*/false));
  ops_.push_back({Kind::kKeep, std::move(names)});
  return Status::Ok();
}

Status LabelOps::AddMeta(std::string_view text) {
  GLP_ASSIGN_OR_RETURN(std::vector<Label> pairs, ParsePairs(text, false));
  ops_.push_back({Kind::kMeta, std::move(pairs)});
  reads_fields_ = writes_meta_ = true;
  return Status::Ok();
}

void LabelOps::AddRelabel(std::string_view path) {
  ops_.push_back({Kind::kRelabel, {{std::string(path), ""}}});
}

Status LabelOps::Load() {
  for (Op& op : ops_) {
    if (op.kind != Kind::kRelabel) continue;
    auto rules = ReadRules(op.pairs[0].name);
    if (!rules.ok()) return rules.status().Annotate("--relabel");
    op.relabeler = std::make_shared<const stages::Relabeler>(*std::move(rules));
  }
  return Status::Ok();
}

bool LabelOps::Apply(Labels* labels, stages::FieldSet* fields, stages::FieldSet* meta) const {
  for (const Op& op : ops_) {
    switch (op.kind) {
      case Kind::kSet:
        Set(labels, op.pairs[0].name, op.pairs[0].value);
        break;
      case Kind::kFromField:
        for (const Label& pair : op.pairs) {
          if (auto value = fields->Get(pair.value)) Set(labels, pair.name, *value);
        }
        break;
      case Kind::kFromPath:
        ApplyFromPath(labels);
        break;
      case Kind::kRename:
        ApplyRename(op.pairs, labels);
        break;
      case Kind::kDrop:
        for (const Label& name : op.pairs) Erase(labels, name.name);
        break;
      case Kind::kKeep:
        std::erase_if(*labels, [&op](const Label& l) { return !Names(op.pairs, l.name); });
        break;
      case Kind::kMeta:
        ApplyMeta(op.pairs, labels, fields, meta);
        break;
      case Kind::kRelabel:
        Canonicalize(labels);
        if (!op.relabeler->Apply(labels)) return false;
        stages::RemoveInternalLabels(labels);
        break;
    }
  }
  return true;
}

}  // namespace glp::label
