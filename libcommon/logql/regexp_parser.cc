// | regexp "…(?P<name>…)…" and | pattern "<name> <_>": the groups of the first match, the captures
// of the line.

#include <algorithm>

#include "codec/pattern.h"
#include "codec/regex.h"
#include "logql/pipeline_stage.h"
#include "logql/regex.h"

namespace glp::logql {
namespace {

// Labels whose names are known beforehand.
class NamedStage : public PipelineStage {
 public:
  NamedStage(const std::vector<std::string>& names, const StageContext& context) {
    for (const std::string& name : names) {
      std::string sanitized;
      AppendSanitized(&sanitized, name);
      LabelNames& all = context.labels->names();
      Name& one = names_.emplace_back();
      one.id = all.Intern(sanitized);
      one.needed = context.needed.Has(sanitized);
      one.extracted_needed = context.needed.Has(std::string(all.Text(all.Extracted(one.id))));
      any_needed_ |= one.needed || one.extracted_needed;
    }
  }

 protected:
  void Set(size_t count, LabelsBuilder* labels) {
    for (size_t i = 0; i < count; ++i) {
      const Name& name = names_[i];
      const LabelNames::Id id = labels->Fresh(name.id);
      if (!(id == name.id ? name.needed : name.extracted_needed) || labels->IsParsed(id)) continue;
      labels->Set(LabelCategory::kParsed, id, values_[i]);
    }
  }

  struct Name {
    LabelNames::Id id = 0;
    bool needed = true, extracted_needed = true;
  };
  std::vector<Name> names_;
  bool any_needed_ = false;
  std::vector<std::string_view> values_;
};

class RegexpStage : public NamedStage {
 public:
  RegexpStage(codec::GroupRegex regex, const StageContext& context)
      : NamedStage(regex.names(), context), regex_(std::move(regex)) {}

  bool Run(StageLine* line, LabelsBuilder* labels) override {
    if (any_needed_ && regex_.Match(line->text, &values_)) Set(names_.size(), labels);
    return true;
  }

 private:
  codec::GroupRegex regex_;
};

class PatternParserStage : public NamedStage {
 public:
  PatternParserStage(codec::PatternParser parser, const StageContext& context)
      : NamedStage(parser.names(), context), parser_(std::move(parser)) {}

  bool Run(StageLine* line, LabelsBuilder* labels) override {
    if (any_needed_) Set(parser_.Match(line->text, &values_), labels);
    return true;
  }

 private:
  codec::PatternParser parser_;
};

}  // namespace

StageResult MakeStage(const RegexpParser& regexp, const StageContext& context) {
  auto regex = codec::GroupRegex::Compile(regexp.expression);
  if (!regex.ok()) {
    // Loki's words, where there are any: (?<name> is Go's alone.
    GLP_RETURN_IF_ERROR(CompileRegex(regexp.expression, /*dot_matches_newline=*/false).status());
    return regex.status();
  }
  if (regex->names().empty()) return UsageError("at least one named capture must be supplied");
  for (auto name = regex->group_names().begin(); name != regex->group_names().end(); ++name) {
    if (!name->empty() && std::find(regex->group_names().begin(), name, *name) != name) {
      return UsageError("duplicate extracted label name '" + *name + "'");
    }
  }
  return std::unique_ptr<PipelineStage>(std::make_unique<RegexpStage>(*std::move(regex), context));
}

StageResult MakeStage(const PatternStage& pattern, const StageContext& context) {
  GLP_ASSIGN_OR_RETURN(codec::PatternParser parser, codec::PatternParser::Compile(pattern.pattern));
  return std::unique_ptr<PipelineStage>(
      std::make_unique<PatternParserStage>(std::move(parser), context));
}

}  // namespace glp::logql
