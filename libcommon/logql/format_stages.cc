// | line_format and | label_format: Go's text/template over the labels of an entry.
// A template that fails leaves what it was to make as it is, and __error__ says so. All templates
// of one label_format see the labels as they were before the first of them.

#include <algorithm>

#include "codec/template.h"
#include "logql/pipeline_stage.h"

namespace glp::logql {
namespace {

class BuilderData : public codec::TemplateData {
 public:
  explicit BuilderData(LabelsBuilder* labels) : labels_(*labels) {}

  std::optional<std::string_view> Get(std::string_view name) const override {
    const bool has_error = labels_.has_error();  // first: it knows the entry's names then
    const LabelNames::Id id = labels_.names().Find(name);
    if (id == LabelNames::kNone) return std::nullopt;
    if (has_error) {
      if (id == LabelNames::kError) return labels_.error();
      if (id == LabelNames::kErrorDetails) return labels_.error_details();
    }
    return labels_.Get(id);
  }
  std::vector<std::pair<std::string_view, std::string_view>> All() const override {
    std::vector<std::pair<std::string_view, std::string_view>> all;
    for (const LabelsBuilder::Item& item : labels_.Sorted())
      all.emplace_back(item.name, item.value);
    return all;
  }

 private:
  LabelsBuilder& labels_;
};

Result<codec::Template> Compile(std::string_view text, std::string_view name,
                                std::string_view what) {
  auto compiled = codec::Template::Compile(text, codec::TemplateDialect::kLoki);
  if (compiled.ok()) return compiled;
  // The name of the template is Loki's.
  std::string why = compiled.status().message();
  if (why.rfind("template: :", 0) == 0) why.insert(10, name);
  return UsageError(std::string(what) + ": " + why);
}

class LineFormatStage : public PipelineStage {
 public:
  LineFormatStage(codec::Template text, int64_t now_ns)
      : template_(std::move(text)), now_ns_(now_ns) {}

  bool Run(StageLine* line, LabelsBuilder* labels) override {
    const BuilderData data(labels);
    out_.clear();
    if (out_.capacity() > kKeepBytes) out_.shrink_to_fit();
    const Status status = template_.Execute(
        {.data = data, .line = line->text, .ts_ns = line->ts_ns, .now_ns = now_ns_}, &out_);
    if (!status.ok()) {
      labels->SetError(kTemplateError, status.message());
    } else {
      line->text = out_;
    }
    return true;
  }

 private:
  static constexpr size_t kKeepBytes = 1 << 20;
  codec::Template template_;
  const int64_t now_ns_;
  std::string out_;
};

class LabelFormatStage : public PipelineStage {
 public:
  explicit LabelFormatStage(int64_t now_ns) : now_ns_(now_ns) {}
  Status Add(const LabelFormat::Item& item, LabelNames* names);
  bool Run(StageLine* line, LabelsBuilder* labels) override;

 private:
  struct Item {
    LabelNames::Id id;
    LabelNames::Id from = LabelNames::kNone;  // of a rename
    std::optional<codec::Template> text;
    std::string_view made;
    Status status;
  };
  void Execute(const StageLine& line, LabelsBuilder* labels);
  void Rename(const Item& item, LabelsBuilder* labels);

  const int64_t now_ns_;
  std::vector<Item> items_;
  std::string out_;
};

Status LabelFormatStage::Add(const LabelFormat::Item& item, LabelNames* names) {
  if (item.name == "__error__") return UsageError("__error__ cannot be formatted");
  const LabelNames::Id id = names->Intern(item.name);
  if (std::any_of(items_.begin(), items_.end(), [id](const Item& i) { return i.id == id; })) {
    return UsageError("multiple label name '" + item.name +
                      "' not allowed in a single format operation");
  }
  Item& one = items_.emplace_back();
  one.id = id;
  if (item.is_rename) {
    one.from = names->Intern(item.value);
    return Status::Ok();
  }
  GLP_ASSIGN_OR_RETURN(
      one.text, Compile(item.value, "label", "invalid template for label '" + item.name + "'"));
  return Status::Ok();
}

void LabelFormatStage::Execute(const StageLine& line, LabelsBuilder* labels) {
  const BuilderData data(labels);
  for (Item& item : items_) {
    if (!item.text) continue;
    out_.clear();
    item.status = item.text->Execute(
        {.data = data, .line = line.text, .ts_ns = line.ts_ns, .now_ns = now_ns_}, &out_);
    item.made = labels->Keep(out_);
  }
}

void LabelFormatStage::Rename(const Item& item, LabelsBuilder* labels) {
  const std::optional<std::string_view> value = labels->Get(item.from);
  if (!value || item.from == item.id) return;
  labels->Set(labels->CategoryOf(item.from), item.id, *value);
  labels->Delete(item.from);
}

bool LabelFormatStage::Run(StageLine* line, LabelsBuilder* labels) {
  bool executed = false;
  for (Item& item : items_) {
    if (!item.text) {
      Rename(item, labels);
      continue;
    }
    if (!executed) Execute(*line, labels);
    executed = true;
    if (!item.status.ok()) {
      labels->SetError(kTemplateError, item.status.message());
      continue;
    }
    // A label of the stream stays one.
    const LabelCategory category =
        labels->Has(item.id) ? labels->CategoryOf(item.id) : LabelCategory::kParsed;
    labels->Set(category, item.id, item.made);
  }
  return true;
}

}  // namespace

StageResult MakeStage(const LineFormat& format, const StageContext& context) {
  GLP_ASSIGN_OR_RETURN(codec::Template text, Compile(format.text, "line", "invalid line template"));
  return std::unique_ptr<PipelineStage>(
      std::make_unique<LineFormatStage>(std::move(text), context.now_ns));
}

StageResult MakeStage(const LabelFormat& format, const StageContext& context) {
  auto stage = std::make_unique<LabelFormatStage>(context.now_ns);
  for (const LabelFormat::Item& item : format.items) {
    GLP_RETURN_IF_ERROR(stage->Add(item, &context.labels->names()));
  }
  return std::unique_ptr<PipelineStage>(std::move(stage));
}

}  // namespace glp::logql
