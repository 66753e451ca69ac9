// A query, and an entry to run it over: the first line is the query, the second the metadata, the
// third what was parsed before, the rest the log line.
// What parses is printed, on one line and on several, and both are read back as the same query. The
// pipeline and the slow evaluator agree on what they make of the entry.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "logql/parser.h"
#include "logql/pipeline.h"
#include "logql/slow_pipeline.h"

namespace glp::logql {
namespace {

constexpr int64_t kNow = 1'700'000'000'000'000'000;

void CheckPrint(const Expr& expr) {
  const std::string printed = ToString(expr);
  // 0/0 is a number once it is read, and as in Loki one that cannot be typed.
  if (printed.find("NaN") != std::string::npos || printed.find("Inf") != std::string::npos) return;
  for (const std::string& text : {printed, Prettify(expr)}) {
    // Printed it may be longer than what is read.
    if (text.size() > kMaxQueryBytes) continue;
    const auto again = Parse(text, kLocalQuery);
    if (!again.ok() || ToString(*again) != printed) std::abort();
  }
}

bool IsFormat(const Stage& stage) {
  return std::holds_alternative<LineFormat>(stage) || std::holds_alternative<LabelFormat>(stage);
}

// RE2's any byte is no part of the language: what it sees of a bad character is not told.
bool HasAnyByte(const LogExpr& log) { return ToString(log).find("\\C") != std::string::npos; }

// Labels as a record has them; nothing for another text.
Labels Read(std::string_view json) {
  auto labels = LabelsFromJson(json);
  if (!labels.ok()) return {};
  Labels canonical = *labels;
  Canonicalize(&canonical);
  const bool is_plain = std::none_of(canonical.begin(), canonical.end(), [](const Label& label) {
    return std::string_view(label.name).ends_with("_extracted") || label.name.empty();
  });
  return is_plain && canonical.size() == labels->size() ? canonical : Labels();
}

void CheckRun(const LogExpr& log, const Labels& meta, const Labels& fields,
              const std::string& line) {
  Wants wants;
  wants.now_ns = kNow;
  auto pipeline = Pipeline::Make(log, wants);
  if (!pipeline.ok()) return;
  LabelTable table;
  const LabelSet* const stream = table.FromLabels({{"a", "1"}, {"app", "web"}});
  const std::string meta_json = meta.empty() ? "" : LabelsToJson(meta);
  const std::string fields_json = fields.empty() ? "" : LabelsToJson(fields);
  SlowPipeline slow_pipeline(log, kNow);
  const bool has_format = std::any_of(log.stages.begin(), log.stages.end(), IsFormat);
  // The second time it knows the keys.
  for (int i = 0; i < 2; ++i) {
    Entry entry = {kNow, stream, line, meta_json, fields_json};
    SlowEntry slow(kNow, stream->labels, line, meta, fields);
    const bool kept = pipeline->Process(&entry);
    const bool slow_kept = slow_pipeline.Process(&slow);
    // Templates see the words of errors, and those differ.
    if ((slow.had_error && has_format) || HasAnyByte(log)) continue;
    if (kept != slow_kept) std::abort();
    if (!kept) continue;
    if (entry.line != slow.line) std::abort();
    SlowEntry::Strings all = slow.All();
    size_t count = 0;
    for (const LabelsBuilder::Item& item : pipeline->labels().Sorted()) {
      const auto found = all.find(std::string(item.name));
      const bool is_details = item.name == "__error_details__";
      if (found == all.end() || (!is_details && found->second != item.value)) std::abort();
      ++count;
    }
    if (count != all.size()) std::abort();
    pipeline->TakeLabels(&entry, &table);
  }
}

void Run(std::string_view text) {
  const auto next = [&text] {
    const size_t end = text.find('\n');
    const std::string_view taken = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return taken;
  };
  const auto expr = Parse(next(), kLocalQuery);
  if (!expr.ok()) return;
  CheckPrint(*expr);
  const auto* log = std::get_if<LogExpr>(&*expr);
  if (log == nullptr) return;
  const Labels meta = Read(next()), fields = Read(next());
  CheckRun(*log, meta, fields, std::string(text));
}

}  // namespace
}  // namespace glp::logql

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  glp::logql::Run(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
