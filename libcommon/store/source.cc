#include "store/source.h"

#include <unordered_set>

#include "store/selection.h"
#include "store/slice_cursor.h"

namespace glp::store {
namespace {

class StoreSource : public logql::EntrySource {
 public:
  explicit StoreSource(SourceParts parts)
      : state_(std::make_shared<SourceState>(std::move(parts))) {}

  Result<std::unique_ptr<logql::EntryCursor>> Scan(logql::ScanRequest request) override {
    return std::unique_ptr<logql::EntryCursor>(
        std::make_unique<SliceCursor>(state_, std::move(request)));
  }

  Result<std::vector<const LabelSet*>> Streams(const std::vector<logql::Matcher>& matchers,
                                               logql::TimeRange range) override {
    std::vector<const LabelSet*> found;
    GLP_RETURN_IF_ERROR(WithSelection(matchers, range, [&](Selection& selection) {
      found.clear();
      return selection.AddStreams(range, &found);
    }));
    for (const MemSnapshot& memory : state_->parts()->memory) {
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
    GLP_RETURN_IF_ERROR(WithSelection(request.matchers, request.range, [&](Selection& selection) {
      return PlanSegments(selection, request, &plan);
    }));
    return plan;
  }

 private:
  // Does `work` with what the request selects; anew where segments are gone meanwhile.
  template <typename Work>
  Status WithSelection(const std::vector<logql::Matcher>& matchers, logql::TimeRange range,
                       Work work) {
    return state_->Try([&](const std::shared_ptr<const SourceParts>& parts, Trouble* trouble) {
      Selection selection(*parts, matchers);
      Status status = selection.Find(range);
      if (status.ok()) status = work(selection);
      *trouble = selection.trouble();
      return status;
    });
  }

  Status PlanSegments(Selection& selection, const logql::ScanRequest& request,
                      logql::ScanPlan* out) {
    logql::ScanPlan plan;
    pack::PlannedStreams streams;
    GLP_ASSIGN_OR_RETURN(const std::vector<SegmentRecord> records, selection.CountingRecords());
    GLP_ASSIGN_OR_RETURN(const std::vector<const LabelSet*> known, selection.StreamsOfAll(records));
    for (const LabelSet* set : known) AddStream(*set, request, &streams);
    std::unordered_set<uint64_t> planned;
    for (const Selection::Candidate& candidate : selection.candidates()) {
      if (candidate.opened != nullptr) continue;
      GLP_ASSIGN_OR_RETURN(const auto pack, selection.Open(candidate));
      if (pack->file != nullptr) pack::AddPlan(*pack, request, &plan, &streams);
      planned.insert(candidate.name.first);
    }
    for (const SegmentRecord& record : records) {
      if (planned.contains(record.name.first)) continue;
      plan.bytes_total += record.block_bytes;
      GLP_ASSIGN_OR_RETURN(const bool has_matching, selection.HasMatching(record));
      (has_matching ? plan.blocks_time : plan.blocks_stream) += record.blocks;
    }
    const std::shared_ptr<const SourceParts> parts = state_->parts();
    for (const OpenedSegment& segment : parts->segments) {
      if (segment.pack->file != nullptr) {
        pack::AddPlan(*segment.pack, request, &plan, &streams);
      }
    }
    for (const MemSnapshot& memory : parts->memory) {
      for (const MemView& view : memory.streams) {
        AddStream(*view.stream, request, &streams);
        if (Wanted(view, request.matchers, request.range)) plan.memory_entries += view.rows;
      }
    }
    plan.entries += plan.memory_entries;
    plan.streams = streams.matching.size();
    plan.streams_total = streams.all.size();
    *out = plan;
    return Status::Ok();
  }

  static void AddStream(const LabelSet& set, const logql::ScanRequest& request,
                        pack::PlannedStreams* streams) {
    streams->all.insert(&set);
    if (logql::MatchesAll(request.matchers, set)) streams->matching.insert(&set);
  }

  const std::shared_ptr<SourceState> state_;
};

}  // namespace

std::unique_ptr<logql::EntrySource> MakeSource(SourceParts parts) {
  return std::make_unique<StoreSource>(std::move(parts));
}

}  // namespace glp::store
