#include "store/source.h"

#include <algorithm>
#include <unordered_set>

#include "pack/counting.h"
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

  bool AppliesFilters() const override { return true; }

  Result<std::optional<logql::Counts>> Count(const logql::CountRequest& request) override {
    if (request.no_meta) {
      GLP_ASSIGN_OR_RETURN(const bool has_meta, HasMeta(request.matchers, *request.no_meta));
      if (has_meta) return std::optional<logql::Counts>();
    }
    const logql::ScanRequest scan = pack::ScanOf(request);
    logql::Counts counts;
    GLP_RETURN_IF_ERROR(WithSelection(
        request.matchers, scan.range,
        [&](Selection& selection, const SourceParts& parts) -> Status {
          auto context = std::make_unique<pack::ScanContext>(scan);
          SliceRuns slice;
          GLP_RETURN_IF_ERROR(FindRuns(parts, &selection, context.get(), &slice));
          context->stats.blocks_skipped += selection.blocks_left_out();
          auto& warnings = context->stats.warnings;
          for (const std::string& warning : parts.warnings) {
            if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end()) {
              warnings.push_back(warning);
            }
          }
          GLP_ASSIGN_OR_RETURN(counts, pack::CountRuns(request, std::move(context),
                                                       std::move(slice.runs), /*collapse=*/true));
          return Status::Ok();
        }));
    return std::optional<logql::Counts>(std::move(counts));
  }

  Result<std::vector<const LabelSet*>> Streams(const std::vector<logql::Matcher>& matchers,
                                               logql::TimeRange range) override {
    std::vector<const LabelSet*> found;
    GLP_RETURN_IF_ERROR(WithSelection(
        matchers, range, [&](Selection& selection, const SourceParts& parts) -> Status {
          found.clear();
          GLP_RETURN_IF_ERROR(selection.AddStreams(range, &found));
          for (const MemSnapshot& memory : parts.memory) {
            for (const MemView& view : memory.streams) {
              if (Wanted(view, matchers, range)) found.push_back(view.stream);
            }
          }
          return Status::Ok();
        }));
    std::unordered_set<const LabelSet*> seen;
    std::erase_if(found, [&](const LabelSet* set) { return !seen.insert(set).second; });
    return found;
  }

  Result<std::optional<logql::StreamParts>> Parts(const std::vector<logql::Matcher>& matchers,
                                                  logql::TimeRange range) override {
    logql::StreamParts found;
    GLP_RETURN_IF_ERROR(WithSelection(
        matchers, range, [&](Selection& selection, const SourceParts& parts) -> Status {
          found = {{}, parts.warnings};
          for (const Selection::Candidate& candidate : selection.candidates()) {
            GLP_ASSIGN_OR_RETURN(const auto pack, selection.Open(candidate));
            if (pack->file != nullptr) pack::AddParts(*pack, matchers, range, &found.parts);
            // Those of segments that are open already are among the parts'.
            if (candidate.opened != nullptr) continue;
            found.warnings.insert(found.warnings.end(), pack->warnings.begin(),
                                  pack->warnings.end());
          }
          for (const MemSnapshot& memory : parts.memory) {
            for (const MemView& view : memory.streams) {
              if (Wanted(view, matchers, range)) found.parts.push_back(PartOf(view));
            }
          }
          return Status::Ok();
        }));
    return std::optional<logql::StreamParts>(std::move(found));
  }

  Result<logql::ScanPlan> Plan(const logql::ScanRequest& request) override {
    logql::ScanPlan plan;
    GLP_RETURN_IF_ERROR(WithSelection(request.matchers, request.range,
                                      [&](Selection& selection, const SourceParts& parts) {
                                        return MakePlan(parts, selection, request, &plan);
                                      }));
    return plan;
  }

 private:
  // Whether an entry of these may have metadata.
  Result<bool> HasMeta(const std::vector<logql::Matcher>& matchers, logql::TimeRange range) {
    bool has_meta = false;
    GLP_RETURN_IF_ERROR(WithSelection(
        matchers, range, [&](Selection& selection, const SourceParts& parts) -> Status {
          has_meta =
              std::any_of(parts.memory.begin(), parts.memory.end(), [&](const MemSnapshot& memory) {
                return std::any_of(memory.streams.begin(), memory.streams.end(),
                                   [&](const MemView& view) {
                                     return Wanted(view, matchers, range) && store::HasMeta(view);
                                   });
              });
          for (const Selection::Candidate& candidate : selection.candidates()) {
            if (has_meta) break;
            GLP_ASSIGN_OR_RETURN(const auto pack, selection.Open(candidate));
            has_meta = pack->file != nullptr && pack::MayHaveMeta(*pack, matchers, range);
          }
          return Status::Ok();
        }));
    return has_meta;
  }

  // Does `work` with what the request selects; anew where segments are gone meanwhile.
  template <typename Work>
  Status WithSelection(const std::vector<logql::Matcher>& matchers, logql::TimeRange range,
                       Work work) {
    return state_->Try([&](const std::shared_ptr<const SourceParts>& parts, Trouble* trouble) {
      Selection selection(*parts, matchers);
      Status status = selection.Find(range);
      if (status.ok()) status = work(selection, *parts);
      *trouble = selection.trouble();
      return status;
    });
  }

  static Status MakePlan(const SourceParts& parts, Selection& selection,
                         const logql::ScanRequest& request, logql::ScanPlan* out) {
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
    AddOpened(*parts.opened, selection, request, &plan, &streams);
    for (const MemSnapshot& memory : parts.memory) {
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

  static void AddOpened(const OpenedSegments& opened, Selection& selection,
                        const logql::ScanRequest& request, logql::ScanPlan* plan,
                        pack::PlannedStreams* streams) {
    std::unordered_set<const StreamList*> lists;
    for (const OpenedSegment& segment : opened.all()) {
      const bool has_matching = selection.HasMatching(segment);
      if (has_matching && Overlaps(segment.min_ts_ns, segment.max_ts_ns, request.range)) {
        pack::AddPlan(*segment.pack, request, plan, streams);
        continue;
      }
      plan->bytes_total += segment.block_bytes;
      (has_matching ? plan->blocks_time : plan->blocks_stream) += segment.blocks();
      if (!lists.insert(segment.streams.get()).second) continue;
      for (const LabelSet* set : *segment.streams) AddStream(*set, request, streams);
    }
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
  // Nobody knows which times and streams were in what is lost: every answer says so.
  const std::vector<std::string>& said = parts.opened->warnings();
  parts.warnings.insert(parts.warnings.end(), said.begin(), said.end());
  return std::make_unique<StoreSource>(std::move(parts));
}

}  // namespace glp::store
