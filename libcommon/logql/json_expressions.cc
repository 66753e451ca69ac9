// | json name="path", …: values at paths, all found in one walk over the line. As lenient as Loki:
// the walk looks at quotes, brackets and keys only, a value is checked where it is asked for, and
// the first value of a path counts. What is not there is "".
// Limits: the walk goes as deep as the paths do.

#include "base/json_text.h"
#include "logql/extraction.h"
#include "logql/json_text.h"
#include "logql/pipeline_stage.h"

namespace glp::logql {
namespace {

using json_text::Kind;
using json_text::SkipBlanks;

// The paths as a tree.
struct Node {
  std::vector<size_t> targets;  // expressions that end here
  std::vector<std::pair<std::string, std::unique_ptr<Node>>> keys;
  std::vector<std::pair<uint64_t, std::unique_ptr<Node>>> elements;
  // Each target here was found.
  bool is_found = false;
};

Node* Child(Node* node, const JsonStep& step) {
  if (step.is_index) {
    for (auto& [index, child] : node->elements) {
      if (index == step.index) return child.get();
    }
    return node->elements.emplace_back(step.index, std::make_unique<Node>()).second.get();
  }
  for (auto& [key, child] : node->keys) {
    if (key == step.key) return child.get();
  }
  return node->keys.emplace_back(step.key, std::make_unique<Node>()).second.get();
}

void Reset(Node* node) {
  node->is_found = false;
  for (auto& [key, child] : node->keys) Reset(child.get());
  for (auto& [index, child] : node->elements) Reset(child.get());
}

class JsonExpressionsStage : public PipelineStage {
 public:
  bool Run(StageLine* line, LabelsBuilder* labels) override;
  Status Add(const Extraction& extraction, const StageContext& context);

 private:
  // Each leaves `*at` behind what it read. False: nothing more can be found in the line.
  bool Object(const char** at, const char* end, Node* node);
  bool Array(const char** at, const char* end, Node* node);
  // A value at a path or in front of one.
  bool Visit(const char** at, const char* end, Node* node);
  void Take(Node* node, const json_text::Value& value);
  Node* Match(Node* node, const char* key_begin, const json_text::String& key);

  Node root_;
  std::vector<LabelNames::Id> ids_;
  LabelsBuilder* labels_ = nullptr;
  size_t found_ = 0;  // expressions whose place was found
  size_t set_ = 0;    // and had a value
  std::string scratch_;
};

Status JsonExpressionsStage::Add(const Extraction& extraction, const StageContext& context) {
  if (extraction.name.empty()) return UsageError("invalid extracted label name ''");
  GLP_ASSIGN_OR_RETURN(const JsonPath steps, ParseJsonPath(extraction.expression));
  Node* node = &root_;
  for (const JsonStep& step : steps) node = Child(node, step);
  node->targets.push_back(ids_.size());
  ids_.push_back(context.labels->names().Intern(extraction.name));
  return Status::Ok();
}

bool JsonExpressionsStage::Run(StageLine* line, LabelsBuilder* labels) {
  if (line->text.empty()) return true;
  const char first = line->text[0];
  if (first != '{' && first != '[' && first != '"') {
    labels->SetError(kJsonError, "");
    return true;
  }
  labels_ = labels;
  found_ = set_ = 0;
  Reset(&root_);
  const char* p = line->text.data();
  const char* const end = p + line->text.size();
  // One value behind the other.
  while ((p = SkipBlanks(p, end)) < end && found_ < ids_.size()) {
    if (*p == '{') {
      ++p;
      if (!Object(&p, end, &root_)) break;
    } else if (*p == '[') {
      if (!Array(&p, end, &root_)) break;
    } else if (*p == '"') {
      p = json_text::FindStringEnd(p + 1, end).end;
      if (p == nullptr) break;
      ++p;
    } else {
      ++p;
    }
  }
  if (set_ < ids_.size()) {
    for (const LabelNames::Id id : ids_) {
      if (!labels->Has(id)) labels->Set(LabelCategory::kParsed, id, "");
    }
  }
  return true;
}

void JsonExpressionsStage::Take(Node* node, const json_text::Value& value) {
  if (node->is_found) return;
  node->is_found = true;
  found_ += node->targets.size();
  if (value.kind == Kind::kBad) return labels_->SetError(kJsonError, value.error);
  set_ += node->targets.size();
  for (const size_t target : node->targets) {
    json_text::Value text = value;
    // Escapes inside of objects and arrays are decoded as well.
    text.has_escapes = text.raw.find('\\') != std::string_view::npos;
    text.has_wide = true;
    labels_->Set(LabelCategory::kParsed, labels_->Fresh(ids_[target]),
                 value.kind == Kind::kNull ? "" : json_text::Text(text, &scratch_, labels_));
  }
}

bool JsonExpressionsStage::Visit(const char** at, const char* end, Node* node) {
  if (!node->targets.empty()) Take(node, json_text::ReadValue(*at, end));
  if (found_ == ids_.size()) return false;
  if (**at == '{' && (!node->keys.empty())) {
    ++*at;
    return Object(at, end, node);
  }
  if (**at == '[' && !node->elements.empty()) return Array(at, end, node);
  if (**at == '{' || **at == '[') {
    *at = json_text::SkipBlock(*at, end);
    return *at != nullptr;
  }
  return true;  // the walk goes on over whatever it is
}

Node* JsonExpressionsStage::Match(Node* node, const char* key_begin, const json_text::String& key) {
  std::string_view name = key.Raw(key_begin);
  if (key.has_escapes) {
    scratch_.clear();
    if (!AppendJsonUnescaped(&scratch_, name)) return nullptr;
    name = scratch_;
  }
  for (const auto& [wanted, child] : node->keys) {
    if (wanted == name) return child.get();
  }
  return nullptr;
}

bool JsonExpressionsStage::Object(const char** at, const char* end, Node* node) {
  const char* p = *at;
  while (p < end) {
    switch (*p) {
      case '"': {
        const json_text::String key = json_text::FindStringEnd(p + 1, end);
        if (key.end == nullptr) return false;
        const char* const behind = SkipBlanks(key.end + 1, end);
        if (behind == end) return false;
        if (*behind != ':') {
          p = key.end + 1;
          break;
        }
        Node* const child = Match(node, p + 1, key);
        p = SkipBlanks(behind + 1, end);
        if (p == end) return false;
        if (child != nullptr && !Visit(&p, end, child)) return false;
        break;
      }
      case '{':
      case '[':
        p = json_text::SkipBlock(p, end);
        if (p == nullptr) return false;
        break;
      case '}':
        *at = p + 1;
        return true;
      default:
        ++p;
    }
  }
  return false;
}

bool JsonExpressionsStage::Array(const char** at, const char* end, Node* node) {
  const char* const behind = json_text::SkipBlock(*at, end);
  if (behind == nullptr) return false;
  const char* p = SkipBlanks(*at + 1, behind);
  for (uint64_t index = 0; p < behind && *p != ']'; ++index) {
    const json_text::Value value = json_text::ReadValue(p, behind);
    if (value.kind == Kind::kBad) break;
    for (const auto& [wanted, child] : node->elements) {
      if (wanted != index) continue;
      const char* inside = p;
      Visit(&inside, value.end, child.get());
      if (found_ == ids_.size()) return false;
    }
    p = SkipBlanks(value.end, behind);
    if (p == behind || *p != ',') break;
    p = SkipBlanks(p + 1, behind);
  }
  *at = behind;
  return true;
}

}  // namespace

StageResult MakeJsonExpressions(const JsonParser& json, const StageContext& context) {
  auto stage = std::make_unique<JsonExpressionsStage>();
  for (const Extraction& extraction : json.extractions) {
    GLP_RETURN_IF_ERROR(stage->Add(extraction, context));
  }
  return std::unique_ptr<PipelineStage>(std::move(stage));
}

}  // namespace glp::logql
