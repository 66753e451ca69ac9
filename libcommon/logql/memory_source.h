// Entries in memory for tests of queries.
// Threads: one at a time.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "logql/ast.h"
#include "logql/source.h"

namespace glp::logql {

// Entries in memory, given out in small batches. What a request does not want is left out, so that
// a hint that says too little shows.
class MemorySource : public EntrySource {
 public:
  struct Stored {
    int64_t ts_ns;
    const LabelSet* stream;
    std::string line, meta, fields;
  };
  void Add(int64_t ts_ns, Labels labels, std::string line, std::string meta = "",
           std::string fields = "") {
    entries_.push_back({ts_ns, table_.FromLabels(std::move(labels)), line, meta, fields});
  }
  void Sort() {
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const Stored& a, const Stored& b) { return a.ts_ns < b.ts_ns; });
  }
  const std::vector<Stored>& entries() const { return entries_; }
  const ScanRequest& last_request() const { return last_request_; }
  uint64_t batches() const { return batches_; }

  Result<std::unique_ptr<EntryCursor>> Scan(ScanRequest request) override {
    last_request_ = request;
    return std::unique_ptr<EntryCursor>(std::make_unique<Cursor>(this, std::move(request)));
  }
  Result<std::vector<const LabelSet*>> Streams(const std::vector<Matcher>& matchers,
                                               TimeRange range) override {
    std::vector<const LabelSet*> out;
    for (const Stored& entry : entries_) {
      if (range.Contains(entry.ts_ns) && MatchesAll(matchers, *entry.stream) &&
          std::find(out.begin(), out.end(), entry.stream) == out.end()) {
        out.push_back(entry.stream);
      }
    }
    return out;
  }

 private:
  class Cursor : public EntryCursor {
   public:
    Cursor(MemorySource* source, ScanRequest request) : source_(source) {
      for (const Stored& entry : source->entries_) {
        if (!request.range.Contains(entry.ts_ns)) continue;
        if (!MatchesAll(request.matchers, *entry.stream)) continue;
        Entry& out = selected_.emplace_back(Entry{entry.ts_ns, entry.stream, {}, {}, entry.fields});
        if (request.want_lines) {
          out.line = entry.line;
          out.meta = entry.meta;
        }
      }
      if (request.direction == Direction::kBackward) {
        std::reverse(selected_.begin(), selected_.end());
      }
    }
    Status Next(std::vector<Entry>* batch) override {
      batch->clear();
      ++source_->batches_;
      for (size_t i = 0; i < 7 && at_ < selected_.size(); ++i) batch->push_back(selected_[at_++]);
      stats_.entries = at_;
      return Status::Ok();
    }
    const ScanStats& stats() const override { return stats_; }

   private:
    MemorySource* source_;
    std::vector<Entry> selected_;
    size_t at_ = 0;
    ScanStats stats_;
  };

  LabelTable table_;
  std::vector<Stored> entries_;
  ScanRequest last_request_;
  uint64_t batches_ = 0;
};

}  // namespace glp::logql
