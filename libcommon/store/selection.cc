#include "store/selection.h"

#include <algorithm>
#include <unordered_set>

namespace glp::store {
namespace {

// Label sets are looked up by what the catalogue says where a segment has this many times more
// streams than match; else all of the segment's are made.
constexpr size_t kFewMatch = 4;

Selection::Candidate FromOpened(const OpenedSegment& segment) {
  Selection::Candidate candidate{segment.name,
                                 std::numeric_limits<int64_t>::max(),
                                 std::numeric_limits<int64_t>::min(),
                                 0,
                                 &segment,
                                 {}};
  if (segment.pack->file == nullptr) return candidate;
  for (const pack::BlockInfo& block : segment.pack->file->index().blocks) {
    candidate.min_ts_ns = std::min(candidate.min_ts_ns, block.min_ts_ns);
    candidate.max_ts_ns = std::max(candidate.max_ts_ns, block.max_ts_ns);
  }
  return candidate;
}

}  // namespace

bool Selection::Counts(SegmentName name) const {
  return parts_.all_records ||
         std::binary_search(parts_.catalogued.begin(), parts_.catalogued.end(), name);
}

Status Selection::FindMatching() {
  if (matchers_.empty()) return Status::Ok();
  Result<StreamSet> set = parts_.catalogue->Matching(matchers_);
  if (!set.ok()) return Blame(Trouble::kCatalogue, set.status());
  matching_ = std::move(*set);
  return Status::Ok();
}

Status Selection::Find(logql::TimeRange range) {
  if (parts_.catalogue != nullptr) {
    GLP_RETURN_IF_ERROR(FindMatching());
    Result<std::vector<SegmentRecord>> records =
        parts_.catalogue->Records(range, &blocks_left_out_);
    if (!records.ok()) return Blame(Trouble::kCatalogue, records.status());
    for (const SegmentRecord& record : *records) {
      if (!Counts(record.name)) continue;
      GLP_ASSIGN_OR_RETURN(const bool has_matching, HasMatching(record));
      if (!has_matching) {
        blocks_left_out_ += record.blocks;
        continue;
      }
      candidates_.push_back({record.name, record.min_ts_ns, record.max_ts_ns, 0, nullptr, record});
    }
  }
  for (const OpenedSegment& segment : parts_.segments) {
    Candidate candidate = FromOpened(segment);
    if (Overlaps(candidate.min_ts_ns, candidate.max_ts_ns, range)) {
      candidates_.push_back(candidate);
    } else if (segment.pack->file != nullptr) {
      blocks_left_out_ += segment.pack->file->index().blocks.size();
    }
  }
  std::stable_sort(candidates_.begin(), candidates_.end(),
                   [](const Candidate& a, const Candidate& b) { return a.name < b.name; });
  for (Candidate& candidate : candidates_) candidate.group = groups_++;
  return Status::Ok();
}

Result<std::vector<uint32_t>> Selection::MatchingOf(const SegmentRecord& record, size_t* all) {
  Result<std::vector<uint32_t>> streams = parts_.catalogue->StreamsOf(record);
  if (!streams.ok()) return Blame(Trouble::kCatalogue, streams.status());
  *all = streams->size();
  if (matching_) std::erase_if(*streams, [&](uint32_t s) { return !matching_->Has(s); });
  return streams;
}

Result<bool> Selection::HasMatching(const SegmentRecord& record) {
  if (!matching_) return true;
  auto known = has_matching_.find(record.list_offset);
  if (known != has_matching_.end()) return known->second;
  size_t all = 0;
  GLP_ASSIGN_OR_RETURN(const std::vector<uint32_t> streams, MatchingOf(record, &all));
  has_matching_.emplace(record.list_offset, !streams.empty());
  return !streams.empty();
}

Status Selection::Intern(const StreamSet& set, std::vector<const LabelSet*>* streams) {
  Status status =
      parts_.catalogue->ForEachLabelSet(set, [&](uint32_t stream, std::string_view json) {
        const LabelSet*& known = sets_[stream];
        if (known == nullptr) {
          std::lock_guard lock(parts_.labels->mutex);
          GLP_ASSIGN_OR_RETURN(known, parts_.labels->table.FromJson(json));
          sets_by_json_.emplace(json, known);
        }
        streams->push_back(known);
        return Status::Ok();
      });
  return Blame(Trouble::kCatalogue, status);
}

Result<std::shared_ptr<const pack::PackStreams>> Selection::Open(const Candidate& candidate) {
  if (candidate.opened != nullptr) return candidate.opened->pack;
  auto streams = std::make_shared<pack::PackStreams>();
  Result<std::shared_ptr<const pack::PackFile>> file = parts_.files->Open(candidate.name);
  if (file.status().code() == Code::kData) {
    streams->warnings.push_back(file.status().message());
    return std::shared_ptr<const pack::PackStreams>(std::move(streams));
  }
  if (!file.ok()) return file.status();
  if (*file == nullptr) {
    return Blame(Trouble::kGone,
                 Status(Code::kIo, SegmentPath(parts_.files->folder(), candidate.name) +
                                       ": is gone: segments come and go too fast"));
  }
  size_t all = 0;
  GLP_ASSIGN_OR_RETURN(const std::vector<uint32_t> matching, MatchingOf(candidate.record, &all));
  if (matching.size() * kFewMatch > all || !(*file)->damage().empty()) {
    std::lock_guard lock(parts_.labels->mutex);
    *streams = pack::ResolveStreams(std::move(*file), &parts_.labels->table);
    return std::shared_ptr<const pack::PackStreams>(std::move(streams));
  }
  StreamSet set(parts_.catalogue->streams());
  for (const uint32_t stream : matching) {
    if (!sets_.contains(stream)) set.Add(stream);
  }
  std::vector<const LabelSet*> unused;
  GLP_RETURN_IF_ERROR(Intern(set, &unused));
  for (const std::string& json : (*file)->index().streams) {
    auto known = sets_by_json_.find(json);
    streams->streams.push_back(known == sets_by_json_.end() ? nullptr : known->second);
  }
  streams->file = std::move(*file);
  return std::shared_ptr<const pack::PackStreams>(std::move(streams));
}

Status Selection::AddCatalogued(logql::TimeRange range, std::vector<const LabelSet*>* streams) {
  StreamSet found(parts_.catalogue->streams());
  std::vector<std::pair<const Candidate*, std::vector<uint32_t>>> in_part;
  std::unordered_set<uint64_t> lists;  // all streams of which were found
  for (const Candidate& candidate : candidates_) {
    if (candidate.opened != nullptr) continue;
    const bool is_whole =
        candidate.min_ts_ns >= range.start_ns && candidate.max_ts_ns < range.end_ns;
    if (is_whole && !lists.insert(candidate.record.list_offset).second) continue;
    size_t all = 0;
    GLP_ASSIGN_OR_RETURN(std::vector<uint32_t> matching, MatchingOf(candidate.record, &all));
    if (!is_whole) {
      in_part.emplace_back(&candidate, std::move(matching));
      continue;
    }
    for (const uint32_t stream : matching) found.Add(stream);
  }
  GLP_RETURN_IF_ERROR(Intern(found, streams));
  for (const auto& [candidate, matching] : in_part) {
    if (std::all_of(matching.begin(), matching.end(), [&](uint32_t s) { return found.Has(s); })) {
      continue;
    }
    GLP_ASSIGN_OR_RETURN(const auto pack, Open(*candidate));
    if (pack->file != nullptr) pack::AddStreams(*pack, matchers_, range, streams);
  }
  return Status::Ok();
}

Status Selection::AddStreams(logql::TimeRange range, std::vector<const LabelSet*>* streams) {
  if (parts_.catalogue != nullptr) GLP_RETURN_IF_ERROR(AddCatalogued(range, streams));
  for (const Candidate& candidate : candidates_) {
    if (candidate.opened != nullptr && candidate.opened->pack->file != nullptr) {
      pack::AddStreams(*candidate.opened->pack, matchers_, range, streams);
    }
  }
  return Status::Ok();
}

Result<std::vector<SegmentRecord>> Selection::CountingRecords() {
  if (parts_.catalogue == nullptr) return std::vector<SegmentRecord>();
  Result<std::vector<SegmentRecord>> records = parts_.catalogue->AllRecords();
  if (!records.ok()) return Blame(Trouble::kCatalogue, records.status());
  std::erase_if(*records, [&](const SegmentRecord& record) { return !Counts(record.name); });
  return records;
}

Result<std::vector<const LabelSet*>> Selection::StreamsOfAll(
    const std::vector<SegmentRecord>& records) {
  std::vector<const LabelSet*> streams;
  if (parts_.catalogue == nullptr) return streams;
  StreamSet found(parts_.catalogue->streams());
  std::unordered_set<uint64_t> lists;
  for (const SegmentRecord& record : records) {
    if (!lists.insert(record.list_offset).second) continue;
    Result<std::vector<uint32_t>> list = parts_.catalogue->StreamsOf(record);
    if (!list.ok()) return Blame(Trouble::kCatalogue, list.status());
    for (const uint32_t stream : *list) found.Add(stream);
  }
  GLP_RETURN_IF_ERROR(Intern(found, &streams));
  return streams;
}

}  // namespace glp::store
