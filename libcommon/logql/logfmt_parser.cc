// | logfmt: every key="value" of the line as a label; | logfmt name="key", …: some of them. Words
// that are none are passed over; with --strict the first one ends it and is an error. Keys without
// a value are left out unless --keep-empty.

#include <algorithm>
#include <array>
#include <charconv>

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
  constexpr std::string_view kAt = " at byte ";
  std::array<char, kAt.size() + 20> where;
  char* const number = std::copy(kAt.begin(), kAt.end(), where.data());
  char* const end = std::to_chars(number, where.data() + where.size(), scanner.error_offset()).ptr;
  labels->SetError(kLogfmtError, scanner.error(),
                   {where.data(), static_cast<size_t>(end - where.data())});
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
    // Most words of free text.
    if (scanner.value().empty() && !keep_empty_) continue;
    key = keys_.Find(nullptr, key, scanner.key(), /*has_escapes=*/false);
    if (key == nullptr) {
      labels->SetError(kLogfmtError, "too many different keys");
      break;
    }
    if (key->id == LabelNames::kNone) continue;
    const LabelNames::Id id = labels->Fresh(key->id);
    if (!(id == key->id ? key->needed : key->extracted_needed) || labels->IsParsed(id)) continue;
    labels->Set(LabelCategory::kParsed, id, ValueOf(scanner, labels));
    if (needed_.may_stop) --missing;
  }
  return true;
}

// As in Loki a pair gives its value to the label that asks for its key and to the one that has its
// name; the last one counts.
class LogfmtExpressionsStage : public PipelineStage {
 public:
  explicit LogfmtExpressionsStage(const LogfmtParser& logfmt) : strict_(logfmt.strict) {}

  Status Add(const Extraction& extraction, const StageContext& context) {
    if (extraction.name.empty()) return UsageError("invalid extracted label name ''");
    GLP_ASSIGN_OR_RETURN(std::string key, ParseLogfmtKey(extraction.expression));
    for (const std::string_view name : {std::string_view(extraction.name), std::string_view(key)}) {
      if (!name.empty()) may_begin_[static_cast<unsigned char>(name[0])] = true;
    }
    const LabelNames::Id id = context.labels->names().Intern(extraction.name);
    wanted_.push_back({id, extraction.name, std::move(key)});
    return Status::Ok();
  }

  bool Run(StageLine* line, LabelsBuilder* labels) override;

 private:
  struct Wanted {
    LabelNames::Id id;
    std::string name, key;
  };
  // Whether the name that a key gives could be one that is wanted, by its first byte alone.
  bool MayBeWanted(std::string_view key) const {
    if (key.empty()) return false;
    const char c = key[0];
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return may_begin_[static_cast<unsigned char>(is_letter ? c : '_')] || c <= ' ' || c > '~';
  }

  const bool strict_;
  std::vector<Wanted> wanted_;
  std::array<bool, 256> may_begin_ = {};  // a name
  std::string name_, scratch_;
};

bool LogfmtExpressionsStage::Run(StageLine* line, LabelsBuilder* labels) {
  if (line->text.empty()) return true;
  for (const Wanted& wanted : wanted_) {
    if (labels->Fresh(wanted.id) == wanted.id) labels->Set(LabelCategory::kParsed, wanted.id, "");
  }
  LogfmtScanner scanner(line->text);
  for (;;) {
    const LogfmtScanner::Step step = scanner.Next(&scratch_);
    if (step == LogfmtScanner::Step::kEnd) return true;
    if (step == LogfmtScanner::Step::kError) {
      if (!strict_) continue;
      SetError(scanner, labels);
      return true;
    }
    if (!MayBeWanted(scanner.key())) continue;
    name_.clear();
    AppendSanitized(&name_, scanner.key());
    if (name_.empty()) continue;
    for (const Wanted& wanted : wanted_) {
      if (name_ != wanted.key && name_ != wanted.name) continue;
      labels->Set(LabelCategory::kParsed, labels->Fresh(wanted.id), ValueOf(scanner, labels));
    }
  }
}

}  // namespace

StageResult MakeLogfmtExpressions(const LogfmtParser& logfmt, const StageContext& context) {
  auto stage = std::make_unique<LogfmtExpressionsStage>(logfmt);
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
