// | json: every value of the line's object as a label, nested keys joined by '_', arrays and nulls
// left out. Read as leniently as Loki reads it (logql/json_text.h): what came before the place
// where the line is broken is extracted, then __error__ says so.
// Limits: objects 4096 deep; see logql/key_names.h.
// Cost:   two looks at each byte of nested objects, one at the others.

#include "logql/json_text.h"
#include "logql/key_names.h"
#include "logql/pipeline_stage.h"

namespace glp::logql {
namespace {

using json_text::Kind;
using json_text::SkipBlanks;

class JsonStage : public PipelineStage {
 public:
  explicit JsonStage(const StageContext& context)
      : needed_(context.needed), keys_(&context.labels->names(), &needed_) {}

  bool Run(StageLine* line, LabelsBuilder* labels) override;
  void ForgetNames() override { keys_.Clear(); }

 private:
  static constexpr int kMaxDepth = 4096;
  using Key = KeyNames::Key;

  // Reads an object from behind its '{' and leaves `*at` behind its '}'. False: the rest of the
  // line is not looked at; error_ says what is wrong with it, "" for nothing.
  bool Object(const char** at, const char* end, const Key* parent, int depth);
  bool Member(const char** at, const char* end, const Key& key, int depth);
  void Take(const Key& key, const json_text::Value& value);
  bool Fail(std::string_view why) {
    error_ = why;
    return false;
  }

  const NeededLabels needed_;
  KeyNames keys_;
  LabelsBuilder* labels_ = nullptr;
  std::string_view error_;
  size_t missing_ = 0;  // labels still to be found, where the parser may stop then
  std::string scratch_;
};

bool JsonStage::Run(StageLine* line, LabelsBuilder* labels) {
  if (needed_.empty() && needed_.may_stop) return true;
  keys_.BeginLine();
  labels_ = labels;
  error_ = {};
  missing_ = needed_.may_stop ? needed_.CountFresh(labels) : SIZE_MAX;
  if (missing_ == 0) return true;
  const char* const end = line->text.data() + line->text.size();
  const char* p = SkipBlanks(line->text.data(), end);
  if (p == end || *p != '{') {
    error_ = "not a JSON object";
  } else {
    ++p;
    Object(&p, end, nullptr, 0);
  }
  if (!error_.empty()) labels->SetError(kJsonError, error_);
  return true;
}

bool JsonStage::Object(const char** at, const char* end, const Key* parent, int depth) {
  const Key* key = nullptr;
  for (const char* p = SkipBlanks(*at, end);; p = SkipBlanks(p + 1, end)) {
    if (p == end) return Fail("the object ends too early");
    if (*p == '}') {
      *at = p + 1;
      return true;
    }
    if (*p != '"') return Fail("a key is missing");
    const json_text::String name = json_text::FindStringEnd(p + 1, end);
    if (name.end == nullptr) return Fail("a key without its end");
    key = keys_.Find(parent, key, name.Raw(p + 1), name.has_escapes);
    if (key == nullptr) return Fail("too many different keys");
    if (key->is_bad) return Fail("a key with a bad escape");
    p = SkipBlanks(name.end + 1, end);
    if (p == end || *p != ':') return Fail("':' is missing behind a key");
    p = SkipBlanks(p + 1, end);
    if (p == end) return Fail("a value is missing");
    if (!Member(&p, end, *key, depth)) return false;
    p = SkipBlanks(p, end);
    if (p == end) return Fail("the object ends too early");
    if (*p == '}') {
      *at = p + 1;
      return true;
    }
    if (*p != ',') return Fail("',' is missing behind a value");
  }
}

bool JsonStage::Member(const char** at, const char* end, const Key& key, int depth) {
  // Of an object inside of another one it is known that it ends.
  if (**at == '{' && depth > 0 && (key.below_needed || !needed_.may_stop)) {
    if (depth + 1 >= kMaxDepth) return Fail("objects nested too deep");
    ++*at;
    return Object(at, end, &key, depth + 1);
  }
  const json_text::Value value = json_text::ReadValue(*at, end);
  switch (value.kind) {
    case Kind::kBad:
      return Fail(value.error);
    case Kind::kObject:
      if (key.below_needed || !needed_.may_stop) {
        const char* inside = *at + 1;
        if (!Object(&inside, value.end, &key, depth + 1)) return false;
      }
      break;
    case Kind::kString:
    case Kind::kNumber:
    case Kind::kBoolean:
      if (key.id != LabelNames::kNone) Take(key, value);
      break;
    case Kind::kNull:
    case Kind::kArray:
      break;
  }
  *at = value.end;
  return missing_ > 0;
}

void JsonStage::Take(const Key& key, const json_text::Value& value) {
  const LabelNames::Id id = labels_->Fresh(key.id);
  if (!(id == key.id ? key.needed : key.extracted_needed) || labels_->IsParsed(id)) return;
  labels_->Set(
      LabelCategory::kParsed, id,
      value.kind == Kind::kString ? json_text::Text(value, &scratch_, labels_) : value.raw);
  if (needed_.may_stop) --missing_;
}

}  // namespace

StageResult MakeStage(const JsonParser& json, const StageContext& context) {
  if (!json.extractions.empty()) return MakeJsonExpressions(json, context);
  return std::unique_ptr<PipelineStage>(std::make_unique<JsonStage>(context));
}

}  // namespace glp::logql
