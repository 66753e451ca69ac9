// | logfmt: every key="value" of the line as a label; | logfmt name="key", …: some of them. Words
// that are none are passed over; with --strict the first one ends it and is an error. Keys without
// a value are left out unless --keep-empty.

#include "codec/logfmt.h"
#include "logql/extraction.h"
#include "logql/json_text.h"
#include "logql/key_names.h"
#include "logql/pipeline_stage.h"

namespace glp::logql {
namespace {

using codec::LogfmtScanner;

std::string_view ValueOf(const LogfmtScanner& scanner, LabelsBuilder* labels) {
  std::string_view value = scanner.value();
  if (scanner.value_in_scratch()) value = labels->Keep(value);
  for (const char c : value) {
    if (static_cast<unsigned char>(c) >= 0x80) return json_text::Cleaned(value, labels);
  }
  return value;
}

void SetError(const LogfmtScanner& scanner, LabelsBuilder* labels) {
  std::string details(scanner.error());
  labels->SetError(kLogfmtError,
                   details.append(" at byte ").append(std::to_string(scanner.error_offset())));
}

class LogfmtStage : public PipelineStage {
 public:
  LogfmtStage(const LogfmtParser& logfmt, const StageContext& context)
      : strict_(logfmt.strict),
        keep_empty_(logfmt.keep_empty),
        needed_(context.needed),
        keys_(&context.labels->names(), &needed_) {}

  bool Run(StageLine* line, LabelsBuilder* labels) override;
  void ForgetNames() override { keys_.Clear(); }

 private:
  const bool strict_, keep_empty_;
  const NeededLabels needed_;
  KeyNames keys_;
  std::string scratch_;
};

bool LogfmtStage::Run(StageLine* line, LabelsBuilder* labels) {
  if (needed_.empty() && (needed_.may_stop || !strict_)) return true;
  keys_.BeginLine();
  size_t missing = needed_.may_stop ? needed_.CountFresh(labels) : SIZE_MAX;
  LogfmtScanner scanner(line->text);
  const KeyNames::Key* key = nullptr;
  while (missing > 0) {
    const LogfmtScanner::Step step = scanner.Next(&scratch_);
    if (step == LogfmtScanner::Step::kEnd) break;
    if (step == LogfmtScanner::Step::kError) {
      if (!strict_) continue;
      SetError(scanner, labels);
      break;
    }
    key = keys_.Find(nullptr, key, scanner.key(), /*has_escapes=*/false);
    if (key == nullptr) {
      labels->SetError(kLogfmtError, "too many different keys");
      break;
    }
    if (key->id == LabelNames::kNone) continue;
    const LabelNames::Id id = labels->Fresh(key->id);
    if (!(id == key->id ? key->needed : key->extracted_needed) || labels->IsParsed(id)) continue;
    const std::string_view value = ValueOf(scanner, labels);
    if (value.empty() && !keep_empty_) continue;
    labels->Set(LabelCategory::kParsed, id, value);
    if (needed_.may_stop) --missing;
  }
  return true;
}

// As in Loki a pair gives its value to the label that asks for its key and to the one that has its
// name; the last one counts.
class LogfmtExpressionsStage : public PipelineStage {
 public:
  LogfmtExpressionsStage(const LogfmtParser& logfmt, const StageContext& context)
      : strict_(logfmt.strict), keys_(&context.labels->names(), &all_) {}

  Status Add(const Extraction& extraction, const StageContext& context) {
    if (extraction.name.empty()) return UsageError("invalid extracted label name ''");
    GLP_ASSIGN_OR_RETURN(const std::string key, ParseLogfmtKey(extraction.expression));
    LabelNames& names = context.labels->names();
    wanted_.push_back({names.Intern(extraction.name), names.Intern(key)});
    return Status::Ok();
  }

  bool Run(StageLine* line, LabelsBuilder* labels) override;
  void ForgetNames() override { keys_.Clear(); }

 private:
  struct Wanted {
    LabelNames::Id name, key;
  };
  const bool strict_;
  const NeededLabels all_;
  KeyNames keys_;
  std::vector<Wanted> wanted_;
  std::string scratch_;
};

bool LogfmtExpressionsStage::Run(StageLine* line, LabelsBuilder* labels) {
  if (line->text.empty()) return true;
  keys_.BeginLine();
  for (const Wanted& wanted : wanted_) {
    if (labels->Fresh(wanted.name) == wanted.name) {
      labels->Set(LabelCategory::kParsed, wanted.name, "");
    }
  }
  LogfmtScanner scanner(line->text);
  const KeyNames::Key* key = nullptr;
  for (;;) {
    const LogfmtScanner::Step step = scanner.Next(&scratch_);
    if (step == LogfmtScanner::Step::kEnd) return true;
    if (step == LogfmtScanner::Step::kError) {
      if (!strict_) continue;
      SetError(scanner, labels);
      return true;
    }
    key = keys_.Find(nullptr, key, scanner.key(), /*has_escapes=*/false);
    if (key == nullptr) {
      labels->SetError(kLogfmtError, "too many different keys");
      return true;
    }
    for (const Wanted& wanted : wanted_) {
      if (key->id != wanted.key && key->id != wanted.name) continue;
      labels->Set(LabelCategory::kParsed, labels->Fresh(wanted.name), ValueOf(scanner, labels));
    }
  }
}

}  // namespace

StageResult MakeLogfmtExpressions(const LogfmtParser& logfmt, const StageContext& context) {
  auto stage = std::make_unique<LogfmtExpressionsStage>(logfmt, context);
  for (const Extraction& extraction : logfmt.extractions) {
    GLP_RETURN_IF_ERROR(stage->Add(extraction, context));
  }
  return std::unique_ptr<PipelineStage>(std::move(stage));
}

StageResult MakeStage(const LogfmtParser& logfmt, const StageContext& context) {
  if (!logfmt.extractions.empty()) return MakeLogfmtExpressions(logfmt, context);
  return std::unique_ptr<PipelineStage>(std::make_unique<LogfmtStage>(logfmt, context));
}

}  // namespace glp::logql
