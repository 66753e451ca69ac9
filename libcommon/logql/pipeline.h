// The stages of a log query, compiled once and run over one entry after the other.
//
//   GLP_ASSIGN_OR_RETURN(logql::Pipeline pipeline, logql::Pipeline::Make(query));
//   for (logql::Entry entry : …) {
//     if (!pipeline.Process(&entry)) continue;
//     … entry.line, pipeline.labels().Sorted() …
//   }
//
// Lifetime: owns what it needs, the LogExpr may go. What it gives for an entry is good until the
//           next one; the streams of entries must live until then, or until ForgetStreams.
// Threads:  one at a time.
// Errors:   of Make: Code::kUsage in Loki's words, "parse error : stage '| a=ip("x")' : ip: invalid
//           pattern: "x"". A stage that cannot use an entry says so in its label __error__.
// Cost:     no allocation for an entry like those before it. Selectors are not looked at.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "logql/expr.h"
#include "logql/labels_builder.h"
#include "logql/pipeline_stage.h"
#include "logql/source.h"

namespace glp::logql {

// What is looked at of the entries that pass.
struct Wants {
  bool all_labels = true;
  std::vector<std::string> labels = {};  // these only, where not all
  // Parsers stop once they have found what is wanted; a line that is broken behind that has no
  // error then. As Loki does for metrics.
  bool may_stop = false;
  // What templates take for the present; nothing: the time of Make. Pipelines that share the work
  // of a query must agree on it.
  std::optional<int64_t> now_ns = std::nullopt;
  // Combinations of values that a `distinct` remembers, 32 bytes each at most; more: Code::kLimit.
  uint64_t max_distinct = 1 << 22;
};

class Pipeline {
 public:
  static Result<Pipeline> Make(const LogExpr& log, const Wants& wants = Wants());

  // False: the entry goes no further, and is as it was. Else its line is what the stages made of
  // it, and `labels` knows its labels.
  bool Process(Entry* entry);
  LabelsBuilder& labels() { return *labels_; }
  // The number that an Unwrap among the stages found in the entry.
  double sample() const { return *sample_; }
  // Puts the labels into `entry`: stream, meta and fields as they are now. Changed streams are sets
  // of `table`.
  void TakeLabels(Entry* entry, LabelTable* table);

  // Whether Process looks at lines or metadata at all.
  bool NeedsLines() const { return !stages_.empty(); }
  // Whether labels may differ behind it.
  bool ChangesLabels() const { return changes_labels_; }
  bool ChangesLines() const { return changes_lines_; }
  // The query itself asks for the errors: it filters, drops or keeps by __error__.
  bool AsksForErrors() const { return asks_for_errors_; }
  // What becomes of an entry depends on those before it: one pipeline must see them all, in order.
  bool HasState() const { return has_state_; }
  // What ended it, Code::kLimit; to be asked now and then where it has state.
  Status status() const;
  // What is looked at of the labels behind a stage, by its place in the query.
  const NeededLabels& needed_behind(size_t stage) const { return needed_[stage]; }
  // Label sets that it saw are about to go.
  void ForgetStreams() { labels_->ForgetStreams(); }

 private:
  Pipeline();

  std::unique_ptr<LabelsBuilder> labels_;
  std::unique_ptr<double> sample_;
  std::vector<std::unique_ptr<PipelineStage>> stages_;
  std::vector<NeededLabels> needed_;
  bool changes_labels_ = false, changes_lines_ = false, asks_for_errors_ = false;
  bool has_state_ = false;
};

}  // namespace glp::logql
