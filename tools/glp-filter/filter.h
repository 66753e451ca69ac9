// Which records glp-filter keeps; passage.h says what becomes of them.
// A selector is asked once for each label set; the line of a record is decoded only where its
// label set leaves the answer open.
// A record passes as it came, but for what the stages of the query to keep by change: its line, its
// labels and metadata, and in `fields` what parsers extracted. What was in `fields` before counts
// among the labels that stages see. Queries to drop by change nothing.
// Lifetime: the settings must outlive the handler. Threads: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/record_pipe.h"
#include "logql/expr.h"
#include "logql/pipeline.h"
#include "logql/source.h"
#include "passage.h"

namespace glp::filter {

struct Settings {
  std::optional<logql::LogExpr> keep;  // nothing: all
  std::vector<logql::LogExpr> drop;
  logql::TimeRange range;  // records outside are dropped, whatever `invert` says
  bool invert = false;
  enum class Output { kRecords, kCount, kNone } output = Output::kRecords;
};

class FilterHandler : public cli::RecordHandler {
 public:
  FilterHandler(const Settings& settings, Passage& passage)
      : settings_(settings), passage_(passage) {}

  // Compiles the queries. Before the first record. Errors: Code::kUsage.
  Status Prepare();

  Status OnRecord(Record& record, cli::RecordPipe& pipe) override;
  Status OnMark(const Mark& mark, cli::RecordPipe& pipe) override;
  Status OnEnd(cli::RecordPipe& pipe) override;

 private:
  // What a label set says about its records.
  struct Verdict {
    enum class State : uint8_t { kUnknown, kKeep, kDrop, kLook } state = State::kUnknown;
    // kLook: the stages of these decide.
    bool keep = false;
    std::vector<uint32_t> drop;  // in drop_
  };
  Verdict Judge(const LabelSet& labels) const;
  const Verdict& VerdictOf(const LabelSet& labels, const LabelTable& table);
  // Leaves in made_ what keep_ made of the record.
  bool LooksGood(const Verdict& verdict, const Record& record);
  // What keep_ made of the record becomes the record.
  void Change(Record* record, LabelTable* table);

  const Settings& settings_;
  Passage& passage_;
  std::optional<logql::Pipeline> keep_;
  std::vector<logql::Pipeline> drop_;
  logql::Entry made_ = {};
  bool is_made_ = false;           // made_ is of this record
  std::vector<Verdict> verdicts_;  // by LabelSet::id, of one generation of the table
  uint64_t generation_ = 0;
  std::string scratch_, before_;
};

}  // namespace glp::filter
