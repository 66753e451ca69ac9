#include "store/selection.h"

#include <algorithm>
#include <unordered_set>

namespace glp::store {
namespace {

// Label sets are looked up by what the catalogue says where a segment has this many times more
// streams than match; else all of the segment's are made.
constexpr size_t kFewMatch = 4;

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
    records_ = *std::move(records);
    for (const SegmentRecord& record : records_) {
      if (!Counts(record.name)) continue;
      GLP_ASSIGN_OR_RETURN(const bool has_matching, HasMatching(record));
      if (has_matching) {
        candidates_.push_back(
            {record.name, record.min_ts_ns, record.max_ts_ns, 0, nullptr, &record});
      } else {
        blocks_left_out_ += record.blocks;
      }
    }
  }
  FindOpened(range);
  for (Candidate& candidate : candidates_) candidate.group = groups_++;
  return Status::Ok();
}

void Selection::FindOpened(logql::TimeRange range) {
  const auto catalogued = static_cast<ptrdiff_t>(candidates_.size());
  blocks_left_out_ += parts_.opened->ForEachIn(range, [&](const OpenedSegment& segment) {
    if (HasMatching(segment)) {
      candidates_.push_back(
          {segment.name, segment.min_ts_ns, segment.max_ts_ns, 0, &segment, nullptr});
    } else {
      blocks_left_out_ += segment.blocks();
    }
  });
  std::inplace_merge(candidates_.begin(), candidates_.begin() + catalogued, candidates_.end(),
                     [](const Candidate& a, const Candidate& b) { return a.name < b.name; });
}

bool Selection::Matches(const LabelSet* stream) {
  const auto [known, is_new] = matches_.try_emplace(stream, false);
  if (is_new) known->second = logql::MatchesAll(matchers_, *stream);
  return known->second;
}

bool Selection::HasMatching(const OpenedSegment& segment) {
  if (matchers_.empty()) return true;
  const auto [known, is_new] = opened_has_matching_.try_emplace(segment.streams.get(), false);
  if (is_new) {
    known->second = std::any_of(segment.streams->begin(), segment.streams->end(),
                                [this](const LabelSet* stream) { return Matches(stream); });
  }
  return known->second;
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
  GLP_ASSIGN_OR_RETURN(const std::vector<uint32_t> matching, MatchingOf(*candidate.record, &all));
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
    if (is_whole && !lists.insert(candidate.record->list_offset).second) continue;
    size_t all = 0;
    GLP_ASSIGN_OR_RETURN(std::vector<uint32_t> matching, MatchingOf(*candidate.record, &all));
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
  AddOpened(range, streams);
  return Status::Ok();
}

void Selection::AddOpened(logql::TimeRange range, std::vector<const LabelSet*>* streams) {
  std::unordered_set<const LabelSet*> found;
  std::unordered_set<const StreamList*> lists;  // all streams of which were found
  const auto add = [&](const LabelSet* stream) {
    if (found.insert(stream).second) streams->push_back(stream);
  };
  std::vector<const OpenedSegment*> in_part;
  for (const Candidate& candidate : candidates_) {
    if (candidate.opened == nullptr) continue;
    if (candidate.min_ts_ns < range.start_ns || candidate.max_ts_ns >= range.end_ns) {
      in_part.push_back(candidate.opened);
      continue;
    }
    const StreamList& list = *candidate.opened->streams;
    if (!lists.insert(&list).second) continue;
    for (const LabelSet* stream : list) {
      if (Matches(stream)) add(stream);
    }
  }
  std::vector<const LabelSet*> some;
  for (const OpenedSegment* segment : in_part) {
    if (lists.contains(segment->streams.get())) continue;
    some.clear();
    pack::AddStreams(*segment->pack, matchers_, range, &some);
    for (const LabelSet* stream : some) add(stream);
  }
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
