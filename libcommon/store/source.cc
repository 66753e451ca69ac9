#include "store/source.h"

#include <unordered_set>

#include "logql/ast.h"

namespace glp::store {
namespace {

class StoreSource : public logql::EntrySource {
 public:
  explicit StoreSource(SourceParts parts) : parts_(std::move(parts)) {}

  Result<std::unique_ptr<logql::EntryCursor>> Scan(logql::ScanRequest request) override {
    auto context = std::make_unique<pack::ScanContext>(std::move(request));
    context->stats.warnings = parts_.warnings;
    std::vector<std::unique_ptr<pack::SortedRun>> runs;
    uint32_t group = 0;
    for (const auto& segment : parts_.segments) {
      pack::AddRuns(*segment, group++, context.get(), &runs);
    }
    for (const MemSnapshot& memory : parts_.memory) {
      uint64_t order = 0;
      for (const MemView& view : memory.streams) {
        if (!Wanted(view, context->request.matchers, context->request.range)) continue;
        runs.push_back(MakeMemRun(&view, &context->search, group, order++));
      }
      ++group;
    }
    return std::unique_ptr<logql::EntryCursor>(std::make_unique<pack::MergeCursor>(
        std::move(context), std::move(runs), /*collapse=*/true));
  }

  Result<std::vector<const LabelSet*>> Streams(const std::vector<logql::Matcher>& matchers,
                                               logql::TimeRange range) override {
    std::vector<const LabelSet*> found;
    for (const auto& segment : parts_.segments) {
      pack::AddStreams(*segment, matchers, range, &found);
    }
    for (const MemSnapshot& memory : parts_.memory) {
      for (const MemView& view : memory.streams) {
        if (Wanted(view, matchers, range)) found.push_back(view.stream);
      }
    }
    std::unordered_set<const LabelSet*> seen;
    std::erase_if(found, [&](const LabelSet* set) { return !seen.insert(set).second; });
    return found;
  }

  Result<logql::ScanPlan> Plan(const logql::ScanRequest& request) override {
    logql::ScanPlan plan;
    pack::PlannedStreams streams;
    for (const auto& segment : parts_.segments) {
      pack::AddPlan(*segment, request, &plan, &streams);
    }
    for (const MemSnapshot& memory : parts_.memory) {
      for (const MemView& view : memory.streams) {
        streams.all.insert(view.stream);
        if (!logql::MatchesAll(request.matchers, *view.stream)) continue;
        streams.matching.insert(view.stream);
        if (Wanted(view, request.matchers, request.range)) plan.memory_entries += view.rows;
      }
    }
    plan.entries += plan.memory_entries;
    plan.streams = streams.matching.size();
    plan.streams_total = streams.all.size();
    return plan;
  }

 private:
  static bool Wanted(const MemView& view, const std::vector<logql::Matcher>& matchers,
                     logql::TimeRange range) {
    return view.max_ts_ns >= range.start_ns && view.min_ts_ns < range.end_ns &&
           logql::MatchesAll(matchers, *view.stream);
  }

  SourceParts parts_;
};

}  // namespace

std::unique_ptr<logql::EntrySource> MakeSource(SourceParts parts) {
  return std::make_unique<StoreSource>(std::move(parts));
}

}  // namespace glp::store
