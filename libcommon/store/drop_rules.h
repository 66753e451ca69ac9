// Which entries of a store go: by selector, filter and time, or because they are beyond their
// retention. As functions over entries, blocks and segments, for store/rewrite.h.
// Threads: one at a time. Lifetime: label sets that were asked about must outlive the rules, which
//          remember them; so each segment has its own (DropMaker).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "logql/ast.h"
#include "logql/source.h"
#include "pack/reader.h"
#include "record/labels.h"
#include "store/retention.h"

namespace glp::store {

class DropRules {
 public:
  virtual ~DropRules() = default;
  // Whether an entry of the stream goes; asked only where some of the stream's times may.
  virtual bool Drops(const LabelSet& stream, int64_t ts_ns, std::string_view line,
                     std::string_view meta) = 0;
  // What of the stream's entries of these times (inclusive) goes.
  enum class Part { kNone, kSome, kAll };
  virtual Part Of(const LabelSet& stream, int64_t min_ts_ns, int64_t max_ts_ns) = 0;
  // Whether it pays to rewrite the segment now. REQUIRES: some of it may go
  virtual bool Pays(const pack::PackStreams& /*segment*/) { return true; }
};
using DropMaker = std::function<std::unique_ptr<DropRules>()>;

// What of a segment goes, by its index. kSome: as far as that tells.
DropRules::Part PartOf(const pack::PackStreams& segment, DropRules* rules);

// Of the streams that match, what passes all filters within the time.
DropMaker DropMatching(std::vector<logql::Matcher> matchers, std::vector<logql::LineFilter> filters,
                       logql::TimeRange range);

// What is beyond its retention. `exact`: to the entry; else only where an eighth of a segment is
// due as whole blocks, or something of it is overdue by an eighth of its period: so what is kept is
// rewritten eight times at most while a segment grows old.
DropMaker DropExpired(const Retention* retention, int64_t now_ns, bool exact);

// Everything up to a time, inclusive.
DropMaker DropUpTo(int64_t ts_ns);

}  // namespace glp::store
