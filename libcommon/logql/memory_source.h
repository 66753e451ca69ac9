// Entries in memory for tests of queries.
// Threads: one at a time.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
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
  // What it does beyond what it must.
  bool applies_filters = false;  // and where no more entries are wanted, gives none
  bool mixes_buckets = false;    // entries of a bucket of time come in another order
  bool counts = false;
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
  uint64_t scans() const { return scans_; }
  uint64_t counted() const { return counted_; }

  Result<std::unique_ptr<EntryCursor>> Scan(ScanRequest request) override {
    last_request_ = request;
    ++scans_;
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
  bool AppliesFilters() const override { return applies_filters; }
  Result<std::optional<Counts>> Count(const CountRequest& request) override {
    std::optional<Counts> none;
    if (!counts) return none;
    std::map<const LabelSet*, StreamCounts> by_stream;
    Counts out;
    for (const Stored& entry : entries_) {
      if (!MatchesAll(request.matchers, *entry.stream)) continue;
      if (!entry.fields.empty()) return none;
      if (request.no_meta && request.no_meta->Contains(entry.ts_ns) && !entry.meta.empty()) {
        return none;
      }
      const int64_t behind_ns = entry.ts_ns - request.first_ns - 1;
      if (behind_ns < 0) continue;
      const auto bucket = static_cast<size_t>(behind_ns / request.width_ns);
      if (bucket >= request.buckets || !PassesAll(request.line_filters, entry.line)) continue;
      const auto [found, is_new] = by_stream.try_emplace(entry.stream);
      if (is_new) found->second = {entry.stream, bucket, {}};
      found->second.counts.resize(bucket - found->second.first + 1);
      ++found->second.counts.back();
      ++out.stats.entries;
    }
    for (auto& [stream, some] : by_stream) out.streams.push_back(std::move(some));
    ++counted_;
    return std::optional<Counts>(std::move(out));
  }

 private:
  static bool PassesAll(const std::vector<LineFilter>& filters, const std::string& line) {
    return std::all_of(filters.begin(), filters.end(),
                       [&](const LineFilter& filter) { return filter.Passes(line); });
  }

  class Cursor : public EntryCursor {
   public:
    Cursor(MemorySource* source, ScanRequest request) : source_(source) {
      for (const Stored& entry : source->entries_) {
        if (!request.range.Contains(entry.ts_ns)) continue;
        if (!MatchesAll(request.matchers, *entry.stream)) continue;
        if (request.exact_filters && !PassesAll(request.line_filters, entry.line)) continue;
        Entry& out = selected_.emplace_back(Entry{entry.ts_ns, entry.stream, {}, {}, entry.fields});
        if (request.want_lines) {
          const bool cuts = source->applies_filters && request.captures != nullptr;
          out.line = cuts ? cut_.emplace_back(Cut(*request.captures, entry.line)) : entry.line;
          out.meta = entry.meta;
        }
      }
      if (request.direction == Direction::kBackward) {
        std::reverse(selected_.begin(), selected_.end());
      }
      if (source->applies_filters && request.limit > 0 && selected_.size() > request.limit) {
        selected_.resize(request.limit);
      }
      if (source->mixes_buckets && request.bucket_width_ns > 0) Mix(request);
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
    // The literals that the pattern finds, and what wanted captures do.
    static std::string Cut(const WantedCaptures& captures, std::string_view line) {
      std::string out;
      bool is_wanted = false;
      for (const codec::PatternParser::Part& part : captures.pattern.parts()) {
        if (part.is_capture) {
          is_wanted = part.name >= 0 && captures.wanted[static_cast<size_t>(part.name)];
          continue;
        }
        const size_t at = line.find(part.literal);
        const bool is_first = &part == captures.pattern.parts().data();
        if (at == std::string_view::npos || (is_first && at > 0)) break;
        out.append(is_wanted ? line.substr(0, at) : "").append(part.literal);
        line.remove_prefix(at + part.literal.size());
        is_wanted = false;
      }
      return out.append(is_wanted ? line : "");
    }
    // Turns the entries of each bucket round.
    void Mix(const ScanRequest& request) {
      const auto bucket = [&](const Entry& entry) {
        return (entry.ts_ns - request.bucket_first_ns - 1) / request.bucket_width_ns;
      };
      for (auto begin = selected_.begin(); begin != selected_.end();) {
        const auto end = std::find_if(begin, selected_.end(), [&](const Entry& entry) {
          return bucket(entry) != bucket(*begin);
        });
        std::reverse(begin, end);
        begin = end;
      }
    }

    MemorySource* source_;
    std::vector<Entry> selected_;
    std::deque<std::string> cut_;  // lines
    size_t at_ = 0;
    ScanStats stats_;
  };

  LabelTable table_;
  std::vector<Stored> entries_;
  ScanRequest last_request_;
  uint64_t batches_ = 0, scans_ = 0, counted_ = 0;
};

}  // namespace glp::logql
