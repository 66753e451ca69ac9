#include "store/hidden_source.h"

#include <algorithm>
#include <limits>

#include "store/drop_rules.h"

namespace glp::store {
namespace {

bool Overlap(const logql::TimeRange& a, const logql::TimeRange& b) {
  return a.start_ns < b.end_ns && b.start_ns < a.end_ns;
}

class HiddenCursor : public logql::EntryCursor {
 public:
  HiddenCursor(std::unique_ptr<logql::EntryCursor> cursor,
               std::vector<std::unique_ptr<DropRules>> rules)
      : cursor_(std::move(cursor)), rules_(std::move(rules)) {}

  Status Next(std::vector<logql::Entry>* batch) override {
    do {
      GLP_RETURN_IF_ERROR(cursor_->Next(batch));
      if (batch->empty()) return Status::Ok();
      std::erase_if(*batch, [this](const logql::Entry& entry) {
        return entry.stream != nullptr &&
               std::any_of(rules_.begin(), rules_.end(), [&](const auto& rules) {
                 return rules->Drops(*entry.stream, entry.ts_ns, entry.line, entry.meta);
               });
      });
    } while (batch->empty());
    return Status::Ok();
  }
  const logql::ScanStats& stats() const override { return cursor_->stats(); }

 private:
  std::unique_ptr<logql::EntryCursor> cursor_;
  std::vector<std::unique_ptr<DropRules>> rules_;
};

class Source : public logql::EntrySource {
 public:
  Source(std::shared_ptr<logql::EntrySource> source, std::shared_ptr<const HiddenRequests> hidden)
      : source_(std::move(source)), hidden_(std::move(hidden)) {}

  Result<std::unique_ptr<logql::EntryCursor>> Scan(logql::ScanRequest request) override {
    GLP_ASSIGN_OR_RETURN(const std::vector<const DeleteRequest*> concerned,
                         Concerned(request.matchers, request.range));
    if (concerned.empty()) return source_->Scan(std::move(request));
    std::vector<std::unique_ptr<DropRules>> rules;
    for (const DeleteRequest* one : concerned) {
      rules.push_back(DropMatching(one->matchers, one->filters, one->range)());
      if (one->filters.empty()) continue;
      // They look at whole lines.
      request.want_lines = true;
      request.captures = nullptr;
    }
    request.limit = 0;  // some of what it gives will not count
    GLP_ASSIGN_OR_RETURN(auto cursor, source_->Scan(std::move(request)));
    return std::unique_ptr<logql::EntryCursor>(
        std::make_unique<HiddenCursor>(std::move(cursor), std::move(rules)));
  }

  bool AppliesFilters() const override { return source_->AppliesFilters(); }

  // A stream all of which is hidden is not told; by blocks, as the source tells.
  Result<std::vector<const LabelSet*>> Streams(const std::vector<logql::Matcher>& matchers,
                                               logql::TimeRange range) override {
    GLP_ASSIGN_OR_RETURN(auto streams, source_->Streams(matchers, range));
    if (streams.empty()) return streams;
    GLP_ASSIGN_OR_RETURN(const std::optional<logql::StreamParts> parts,
                         source_->Parts(matchers, range));
    if (!parts) return streams;
    std::vector<const LabelSet*> seen;
    for (const logql::StreamPart& part : parts->parts) {
      const bool hidden = std::any_of(hidden_->begin(), hidden_->end(), [&](const auto& one) {
        return one->filters.empty() && one->range.Contains(part.min_ts_ns) &&
               one->range.Contains(part.max_ts_ns) &&
               logql::MatchesAll(one->matchers, *part.stream);
      });
      if (!hidden) seen.push_back(part.stream);
    }
    std::sort(seen.begin(), seen.end());
    std::erase_if(streams, [&seen](const LabelSet* stream) {
      return !std::binary_search(seen.begin(), seen.end(), stream);
    });
    return streams;
  }

  // Counts tell no entries apart: where some may be hidden the evaluator scans.
  Result<std::optional<logql::Counts>> Count(const logql::CountRequest& request) override {
    const double end = static_cast<double>(request.first_ns) +
                       static_cast<double>(request.width_ns) * static_cast<double>(request.buckets);
    logql::TimeRange range{request.first_ns, std::numeric_limits<int64_t>::max()};
    if (end < 9e18) range.end_ns = static_cast<int64_t>(end) + 1024;  // what a double is apart
    GLP_ASSIGN_OR_RETURN(const auto concerned, Concerned(request.matchers, range));
    if (!concerned.empty()) return std::optional<logql::Counts>();
    return source_->Count(request);
  }

  Result<std::optional<logql::StreamParts>> Parts(const std::vector<logql::Matcher>& matchers,
                                                  logql::TimeRange range) override {
    return source_->Parts(matchers, range);
  }
  Result<logql::ScanPlan> Plan(const logql::ScanRequest& request) override {
    return source_->Plan(request);
  }

 private:
  // The requests that may hide something of what is asked for.
  Result<std::vector<const DeleteRequest*>> Concerned(const std::vector<logql::Matcher>& matchers,
                                                      const logql::TimeRange& range) {
    std::vector<const DeleteRequest*> concerned;
    for (const auto& request : *hidden_) {
      const DeleteRequest& one = *request;
      if (!Overlap(one.range, range)) continue;
      std::vector<logql::Matcher> both = matchers;
      both.insert(both.end(), one.matchers.begin(), one.matchers.end());
      const logql::TimeRange common{std::max(one.range.start_ns, range.start_ns),
                                    std::min(one.range.end_ns, range.end_ns)};
      GLP_ASSIGN_OR_RETURN(const auto streams, source_->Streams(both, common));
      if (!streams.empty()) concerned.push_back(&one);
    }
    return concerned;
  }

  const std::shared_ptr<logql::EntrySource> source_;
  const std::shared_ptr<const HiddenRequests> hidden_;
};

}  // namespace

std::shared_ptr<logql::EntrySource> HiddenSource(std::shared_ptr<logql::EntrySource> source,
                                                 std::shared_ptr<const HiddenRequests> hidden) {
  if (hidden == nullptr || hidden->empty()) return source;
  return std::make_shared<Source>(std::move(source), std::move(hidden));
}

}  // namespace glp::store
