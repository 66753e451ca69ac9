// | unpack: what promtail's pack stage made: an object of strings whose `_entry` becomes the line
// and whose other keys become labels. Other values are left out; without `_entry` nothing changes.

#include "base/json_text.h"
#include "logql/json_text.h"
#include "logql/key_names.h"
#include "logql/pipeline_stage.h"

namespace glp::logql {
namespace {

using json_text::Kind;
using json_text::SkipBlanks;

class UnpackStage : public PipelineStage {
 public:
  explicit UnpackStage(const StageContext& context) : keys_(&context.labels->names(), &all_) {}

  bool Run(StageLine* line, LabelsBuilder* labels) override;
  void ForgetNames() override { keys_.Clear(); }

 private:
  // What is wrong, "" for nothing.
  std::string_view Read(const char* p, const char* end, LabelsBuilder* labels);

  const NeededLabels all_;
  KeyNames keys_;
  std::vector<std::pair<LabelNames::Id, std::string_view>> found_;
  bool has_entry_ = false;
  std::string_view entry_;
  std::string entry_text_, scratch_;
};

std::string_view UnpackStage::Read(const char* p, const char* end, LabelsBuilder* labels) {
  if (p == end || *p != '{') return "not a JSON object";
  const KeyNames::Key* key = nullptr;
  for (p = SkipBlanks(p + 1, end);; p = SkipBlanks(p + 1, end)) {
    if (p == end) return "the object ends too early";
    if (*p == '}') return {};
    if (*p != '"') return "a key is missing";
    const json_text::String name = json_text::FindStringEnd(p + 1, end);
    if (name.end == nullptr) return "a key without its end";
    const std::string_view raw = name.Raw(p + 1);
    key = keys_.Find(nullptr, key, raw, name.has_escapes);
    if (key == nullptr) return "too many different keys";
    if (key->is_bad) return "a key with a bad escape";
    p = SkipBlanks(name.end + 1, end);
    if (p == end || *p != ':') return "':' is missing behind a key";
    p = SkipBlanks(p + 1, end);
    if (p == end) return "a value is missing";
    const json_text::Value value = json_text::ReadValue(p, end);
    if (value.kind == Kind::kBad) return value.error;
    if (value.kind == Kind::kString) {
      if (raw == "_entry") {
        has_entry_ = true;
        entry_ = value.raw;
        if (value.has_escapes) {
          entry_text_.clear();
          if (!AppendJsonUnescaped(&entry_text_, value.raw)) return "an entry with a bad escape";
          entry_ = entry_text_;
        }
      } else if (key->id != LabelNames::kNone) {
        // A name that had to be changed replaces what has it.
        found_.emplace_back(key->is_exact ? labels->Fresh(key->id) : key->id,
                            json_text::Text(value, &scratch_, labels));
      }
    }
    p = SkipBlanks(value.end, end);
    if (p == end) return "the object ends too early";
    if (*p == '}') return {};
    if (*p != ',') return "',' is missing behind a value";
  }
}

bool UnpackStage::Run(StageLine* line, LabelsBuilder* labels) {
  keys_.BeginLine();
  found_.clear();
  has_entry_ = false;
  const char* const end = line->text.data() + line->text.size();
  const std::string_view error = Read(SkipBlanks(line->text.data(), end), end, labels);
  if (!error.empty()) {
    labels->SetError(kJsonError, error);
    return true;
  }
  if (!has_entry_) return true;
  for (const auto& [id, value] : found_) labels->Set(LabelCategory::kParsed, id, value);
  line->text = entry_;
  return true;
}

}  // namespace

StageResult MakeStage(const UnpackParser&, const StageContext& context) {
  return std::unique_ptr<PipelineStage>(std::make_unique<UnpackStage>(context));
}

}  // namespace glp::logql
