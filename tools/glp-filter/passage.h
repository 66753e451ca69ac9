// What becomes of the records that the queries keep, and of those that they do not: grep's manners.
//
// Kept records are thinned out (--dedup, then --sample, then --rate-limit); those that are left are
// what -c counts and -m limits, and around them -A and -B let other records of the stream pass.
// --redact changes what leaves, whyever it does.
//
//   Passage passage(options, pipe);
//   passage.Keep(record, *labels);       // as it came; record.raw empty: the query changed it
//   passage.Reject(record, "filter");
//
// Lifetime: options and pipe must outlive it. Threads: one at a time.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "cli/record_pipe.h"
#include "context.h"
#include "dedup.h"
#include "rate_limit.h"
#include "record/held_positions.h"
#include "redact.h"
#include "sample.h"
#include "stages/fields.h"

namespace glp::filter {

struct PassageOptions {
  uint64_t before = 0, after = 0;  // records
  uint64_t max_count = std::numeric_limits<uint64_t>::max();
  bool stop_at_first = false;
  std::optional<int64_t> dedup_window_ns;  // --dedup; 0: no end
  std::optional<Sampler> sampler;
  std::optional<RateLimit> rate_limit;
  std::optional<SecretKinds> redact;
  std::string salt;
};

class Passage {
 public:
  Passage(const PassageOptions& options, cli::RecordPipe& pipe);

  // `stream`: the labels that it came with.
  void Keep(Record& record, const LabelSet& stream);
  void Reject(Record& record, std::string_view reason);
  // Not to be seen by -A and -B either.
  void Drop(Record& record, std::string_view reason);
  void OnMark(const Mark& mark);
  void OnEnd();
  // What there is to be said about it, on stderr.
  void Say(cli::Context& context) const;

  // Records that were kept and are left.
  uint64_t matched() const { return matched_; }

 private:
  bool IsThinnedOut(const Record& record, const LabelSet& stream, std::string_view* reason);
  void Weigh(Record* record);
  // Behind -m: whether it is of the context of the last match. What is not stays unread.
  void Drain(Record& record, const LabelSet& stream, uint64_t number);
  uint64_t Begin(const Record& record) { return context_ ? positions_.Begin(record) : 0; }
  void Write(Record& record, uint64_t number, bool was_held, std::string_view context);
  void DropNow(Record& record, uint64_t number, bool was_held, std::string_view reason);
  void Let(const Context::Leaving& leaving, bool with_positions = true);

  const PassageOptions& options_;
  cli::RecordPipe& pipe_;
  std::optional<Context> context_;
  HeldPositions positions_;  // where there is a context
  std::optional<Dedup> dedup_;
  std::optional<RateLimit> rate_limit_;
  std::optional<Redactor> redactor_;
  uint64_t matched_ = 0;
  bool is_draining_ = false;
  bool source_runs_ = false;  // a file was told of, and not yet the end of the tool that reads it
  uint64_t duplicates_before_ = 0;
  std::string weight_;  // that a record came with
  Arena arena_;
  stages::FieldSet fields_;
  std::string meta_, fields_json_;
};

}  // namespace glp::filter
