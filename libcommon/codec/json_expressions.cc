#include "codec/json_expressions.h"

#include <utility>

#include "codec/json_number.h"

namespace glp::codec {
namespace {

using NodeKind = JsonNode::Kind;

JsonNode Follow(const std::vector<JsonStep>& steps, const JsonNode& root) {
  JsonNode at = root;
  for (const JsonStep& step : steps) {
    if (step.is_index) {
      if (!at.is(NodeKind::kArray) || step.index >= at.count) return {};
      at = at.members[step.index].value;
    } else {
      const JsonNode* found = at.is(NodeKind::kObject) ? at.Find(step.key) : nullptr;
      if (found == nullptr) return {};
      at = *found;
    }
  }
  return at;
}

}  // namespace

Status JsonExpressions::Add(std::string_view expression) {
  auto path = JmesPath::Compile(expression, options_.as_promtail ? JmesPath::Functions::kAtRunTime
                                                                 : JmesPath::Functions::kChecked);
  Path add;
  if (path.ok() && path->plain()) {
    add.steps = *path->plain();
  } else if (path.ok()) {
    add.jmespath = std::make_unique<const JmesPath>(*std::move(path));
    all_plain_ = false;
  } else {
    // What no key looks like is rather a mistake.
    const bool is_path = expression.find_first_of("#%^~;+\\") == std::string_view::npos;
    auto steps = ParseJsonPath(expression);
    if (options_.as_promtail || !is_path || !steps.ok()) return path.status();
    add.steps = *std::move(steps);
  }
  if (add.jmespath == nullptr) extractor_.AddSteps(add.steps);
  paths_.push_back(std::move(add));
  return Status::Ok();
}

JsonExpressions::Kind JsonExpressions::Extract(std::string_view text,
                                               std::vector<JsonValue>* values) {
  failed_ = paths_.size();
  text_.clear();
  made_.clear();
  if (all_plain_ && ExtractPlain(text, values)) return Kind::kObject;

  values->assign(paths_.size(), JsonValue());
  const JsonNode* root = tree_.Parse(text);
  if (root == nullptr || (options_.as_promtail && tree_.has_overflow())) {
    error_ = root == nullptr ? tree_.error() : "a number that is too large";
    error_offset_ = tree_.error_offset();
    return Kind::kMalformed;
  }
  const bool is_null = root->is(NodeKind::kNull);
  if (!is_null && !root->is(NodeKind::kObject)) {
    error_ = "expected an object";
    error_offset_ = static_cast<size_t>(text.find_first_not_of(" \t\n\r"));
    return Kind::kMalformed;
  }
  SearchAll(is_null ? JsonNode::Container(NodeKind::kObject, nullptr, 0) : *root, values);
  PlaceMade(values);
  return is_null ? Kind::kNull : Kind::kObject;
}

bool JsonExpressions::ExtractPlain(std::string_view text, std::vector<JsonValue>* values) {
  if (!extractor_.Extract(text, values)) return false;
  if (!options_.as_promtail) return true;
  if (extractor_.has_overflow()) return false;
  for (size_t i = 0; i < values->size(); ++i) {
    JsonValue& value = (*values)[i];
    if (!value.present || value.kind == JsonValue::Kind::kText ||
        value.kind == JsonValue::Kind::kWord ||
        (value.kind == JsonValue::Kind::kNumber && IsGoFloatText(value.text))) {
      continue;
    }
    // The same texts as those of the tree, by the same way.
    const JsonNode* node = tree_.Parse(value.text);
    if (node == nullptr) return false;
    Take(i, *node, &value);
  }
  PlaceMade(values);
  return true;
}

void JsonExpressions::SearchAll(const JsonNode& root, std::vector<JsonValue>* values) {
  search_.Begin(form(), tree_.values());
  for (size_t i = 0; i < paths_.size(); ++i) {
    JsonNode found;
    if (paths_[i].jmespath == nullptr) {
      found = Follow(paths_[i].steps, root);
    } else if (!search_.Run(*paths_[i].jmespath, root, &found)) {
      NoteFailure(i, search_.error(), &(*values)[i]);
      continue;
    }
    Take(i, found, &(*values)[i]);
  }
}

void JsonExpressions::NoteFailure(size_t i, std::string_view why, JsonValue* value) {
  *value = {};
  value->failed = true;
  if (failed_ < paths_.size()) return;
  failed_ = i;
  failure_ = why;
}

void JsonExpressions::Take(size_t i, const JsonNode& found, JsonValue* value) {
  using Kind = JsonValue::Kind;
  *value = {.present = true};
  switch (found.kind) {
    case NodeKind::kNull:
      value->present = false;
      return;
    case NodeKind::kFalse:
    case NodeKind::kTrue:
      value->kind = Kind::kWord;
      value->text = found.is(NodeKind::kTrue) ? "true" : "false";
      return;
    case NodeKind::kString:
      value->text = found.text;
      return;
    case NodeKind::kNumber:
      value->kind = Kind::kNumber;
      if (!options_.as_promtail && !found.raw.empty()) {
        value->text = found.raw;
        return;
      }
      break;
    default:
      value->kind = Kind::kNested;
  }
  const size_t offset = text_.size();
  if (found.is(NodeKind::kNumber)) {
    AppendGoFloat(&text_, found.number);
  } else if (!AppendJson(found, form(), &text_)) {
    text_.resize(offset);
    NoteFailure(i, "what it finds has no form in JSON, or one of more than 128 MiB", value);
    return;
  }
  made_.push_back({i, offset, text_.size() - offset});
}

void JsonExpressions::PlaceMade(std::vector<JsonValue>* values) {
  for (const Made& made : made_) {
    (*values)[made.value].text = std::string_view(text_).substr(made.offset, made.size);
  }
}

}  // namespace glp::codec
