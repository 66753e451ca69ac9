// Which records glp-filter keeps, and what it does with them.
// A selector is asked once for each label set; the line of a record is decoded only where its
// label set leaves the answer open.
// Lifetime: the settings must outlive the handler. Threads: one at a time.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "cli/record_pipe.h"
#include "logql/expr.h"
#include "logql/pipeline.h"
#include "logql/source.h"

namespace glp::filter {

struct Settings {
  std::optional<logql::LogExpr> keep;  // nothing: all
  std::vector<logql::LogExpr> drop;
  logql::TimeRange range;  // records outside are dropped, whatever `invert` says
  bool invert = false;
  uint64_t max_count = std::numeric_limits<uint64_t>::max();
  enum class Output { kRecords, kCount, kNone } output = Output::kRecords;
};

class FilterHandler : public cli::RecordHandler {
 public:
  explicit FilterHandler(const Settings& settings) : settings_(settings) {}

  Status OnRecord(Record& record, cli::RecordPipe& pipe) override;
  Status OnEnd(cli::RecordPipe& pipe) override;
  uint64_t matched() const { return matched_; }

 private:
  // What a label set says about its records.
  struct Verdict {
    enum class State : uint8_t { kUnknown, kKeep, kDrop, kLook } state = State::kUnknown;
    // kLook: the queries whose selectors match and whose stages decide.
    std::optional<logql::Pipeline> keep;
    std::vector<logql::Pipeline> drop;
  };
  Verdict Judge(const LabelSet& labels) const;
  const Verdict& VerdictOf(const LabelSet& labels, const LabelTable& table);
  bool LooksGood(const Verdict& verdict, const Record& record);

  const Settings& settings_;
  std::vector<Verdict> verdicts_;  // by LabelSet::id, of one generation of the table
  uint64_t generation_ = 0;
  uint64_t matched_ = 0;
  std::string scratch_;
};

}  // namespace glp::filter
