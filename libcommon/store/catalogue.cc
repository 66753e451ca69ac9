#include "store/catalogue.h"

#include <algorithm>
#include <bit>

#include "base/hash.h"
#include "io/file_identity.h"
#include "pack/varint.h"

namespace glp::store {
namespace {

// One read of this size gets header, pages and names of most catalogues, and small ones whole.
constexpr uint64_t kFrontRead = 32 << 10;
constexpr uint64_t kTableEntry = 12;
constexpr uint64_t kHash = 8;

// Takes the next of rising numbers below `end`. False where it cannot be.
bool NextNumber(pack::Decoder* in, uint64_t* number, uint64_t end) {
  const uint64_t distance = in->Varint();
  *number += distance;
  return in->ok() && distance > 0 && distance <= end && *number < end;
}

SegmentRecord ParseRecord(std::string_view bytes) {
  pack::Decoder in(bytes);
  SegmentRecord record;
  record.name.first = in.Fixed<uint64_t>();
  record.name.last = in.Fixed<uint64_t>();
  record.stamp.inode = in.Fixed<uint64_t>();
  record.stamp.size_bytes = in.Fixed<uint64_t>();
  record.stamp.modified_ns = in.Fixed<int64_t>();
  record.min_ts_ns = in.Fixed<int64_t>();
  record.max_ts_ns = in.Fixed<int64_t>();
  record.entries = in.Fixed<uint64_t>();
  record.line_bytes = in.Fixed<uint64_t>();
  record.block_bytes = in.Fixed<uint64_t>();
  record.blocks = in.Fixed<uint32_t>();
  const auto list_size = in.Fixed<uint32_t>();
  record.name.is_merged = (list_size & kRecordMerged) != 0;
  record.list_size = list_size & ~kRecordMerged;
  record.list_offset = in.Fixed<uint64_t>();
  return record;
}

}  // namespace

std::string CataloguePath(const std::string& folder) { return folder + "/cache/catalogue"; }

Result<FileStamp> StampOf(const std::string& path) {
  GLP_ASSIGN_OR_RETURN(const io::FileState state, io::LookAtPath(path));
  return FileStamp{state.identity.inode, state.size_bytes, state.modified_ns};
}

void StreamSet::KeepOnly(const StreamSet& other) {
  for (size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
}

void StreamSet::Invert() {
  for (uint64_t& word : words_) word = ~word;
  if (streams_ % 64 != 0) words_.back() &= (uint64_t{1} << (streams_ % 64)) - 1;
}

size_t StreamSet::Count() const {
  size_t count = 0;
  for (const uint64_t word : words_) count += static_cast<size_t>(std::popcount(word));
  return count;
}

Status Catalogue::Damaged(std::string_view what) const {
  return DataError(path_ + ": " + std::string(what));
}

Result<std::shared_ptr<const Catalogue>> Catalogue::Open(const std::string& path) {
  std::shared_ptr<Catalogue> catalogue(new Catalogue(path));
  GLP_ASSIGN_OR_RETURN(catalogue->fd_, io::OpenRead(path));
  GLP_RETURN_IF_ERROR(catalogue->ReadHeader());
  return std::shared_ptr<const Catalogue>(std::move(catalogue));
}

Status Catalogue::ReadHeader() {
  front_.resize(kFrontRead);
  GLP_ASSIGN_OR_RETURN(size_t got, io::ReadUpTo(fd_.get(), 0, front_.size(), front_.data(), path_));
  front_.resize(got);
  size_ = got;
  if (got == kFrontRead) {
    GLP_ASSIGN_OR_RETURN(size_, io::FileSize(fd_.get(), path_));
  }
  pack::Decoder in(front_);
  const std::string_view magic = in.Bytes(kCatalogueMagic.size());
  const auto version = in.Fixed<uint32_t>();
  if (!in.ok() || magic != kCatalogueMagic) return Damaged("not a catalogue");
  if (version != kCatalogueVersion) {
    return Damaged("a catalogue of version " + std::to_string(version));
  }
  segments_ = in.Fixed<uint32_t>();
  streams_ = in.Fixed<uint32_t>();
  const auto names_size = in.Fixed<uint32_t>();
  const auto size = in.Fixed<uint64_t>();
  folder_modified_ns_ = in.Fixed<int64_t>();
  table_ = in.Fixed<uint64_t>();
  records_ = in.Fixed<uint64_t>();
  const auto pages_hash = in.Fixed<uint64_t>();
  const auto names_hash = in.Fixed<uint64_t>();
  const auto hash = in.Fixed<uint64_t>();
  if (!in.ok() || Hash64({front_.data(), kCatalogueHeader - kHash}) != hash || size != size_) {
    return Damaged("the catalogue's header is damaged");
  }
  std::string scratch;
  const uint64_t pages = (uint64_t{segments_} + kRecordsPerPage - 1) / kRecordsPerPage;
  GLP_ASSIGN_OR_RETURN(std::string_view bytes,
                       Part(kCatalogueHeader, pages * kCataloguePage, &scratch));
  if (Hash64(bytes) != pages_hash) return Damaged("the catalogue's pages are damaged");
  GLP_RETURN_IF_ERROR(ReadPages(bytes));
  const uint64_t names_at = kCatalogueHeader + pages * kCataloguePage;
  GLP_ASSIGN_OR_RETURN(bytes, Part(names_at, names_size, &scratch));
  if (Hash64(bytes) != names_hash) return Damaged("the catalogue's names are damaged");
  return ReadNames(bytes, names_at + names_size);
}

Status Catalogue::ReadPages(std::string_view bytes) {
  pack::Decoder in(bytes);
  pages_.reserve(bytes.size() / kCataloguePage);
  while (in.left() > 0) {
    Page& page = pages_.emplace_back();
    page.min_ts_ns = in.Fixed<int64_t>();
    page.max_ts_ns = in.Fixed<int64_t>();
    page.blocks = in.Fixed<uint64_t>();
    page.hash = in.Fixed<uint64_t>();
  }
  return Status::Ok();
}

Status Catalogue::ReadNames(std::string_view bytes, uint64_t values_at) {
  pack::Decoder in(bytes);
  while (in.left() > 0) {
    Name& name = names_.emplace_back();
    name.name = in.Sized();
    name.offset = values_at + in.Varint();
    name.size = in.Varint();
  }
  return in.done() ? Status::Ok() : Damaged("the catalogue's names are damaged");
}

Result<std::string_view> Catalogue::Part(uint64_t offset, uint64_t size,
                                         std::string* scratch) const {
  if (offset > size_ || size > size_ - offset) return Damaged("the catalogue is cut off");
  if (offset + size <= front_.size()) return std::string_view(front_).substr(offset, size);
  scratch->resize(size);
  GLP_RETURN_IF_ERROR(io::ReadAt(fd_.get(), offset, size, scratch->data(), path_));
  return std::string_view(*scratch);
}

Result<std::string_view> Catalogue::PartOf(std::string_view all, uint64_t offset, uint64_t size,
                                           std::string* scratch) const {
  if (offset >= table_ && offset - table_ <= all.size() && size <= all.size() - (offset - table_)) {
    return all.substr(offset - table_, size);
  }
  return Part(offset, size, scratch);
}

Result<std::string_view> Catalogue::WithoutHash(std::string_view bytes, uint64_t seed,
                                                uint64_t offset) const {
  if (bytes.size() < kHash ||
      pack::LoadFixed<uint64_t>(bytes.data()) != Hash64(bytes.substr(kHash), seed)) {
    return Damaged("byte " + std::to_string(offset) + ": a part of the catalogue is damaged");
  }
  return bytes.substr(kHash);
}

template <typename Sink>
Status Catalogue::ReadPage(size_t page, Sink sink) const {
  const uint64_t first = page * kRecordsPerPage;
  const uint64_t count = std::min<uint64_t>(kRecordsPerPage, segments_ - first);
  std::string scratch;
  GLP_ASSIGN_OR_RETURN(const std::string_view bytes, Part(records_ + first * kCatalogueRecord,
                                                          count * kCatalogueRecord, &scratch));
  if (Hash64(bytes) != pages_[page].hash) return Damaged("records of the catalogue are damaged");
  for (size_t at = 0; at < bytes.size(); at += kCatalogueRecord) {
    sink(ParseRecord(bytes.substr(at, kCatalogueRecord)));
  }
  return Status::Ok();
}

Result<std::vector<SegmentRecord>> Catalogue::Records(logql::TimeRange range,
                                                      uint64_t* blocks_left_out) const {
  std::vector<SegmentRecord> records;
  for (size_t i = 0; i < pages_.size(); ++i) {
    if (!Overlaps(pages_[i].min_ts_ns, pages_[i].max_ts_ns, range)) {
      *blocks_left_out += pages_[i].blocks;
      continue;
    }
    GLP_RETURN_IF_ERROR(ReadPage(i, [&](const SegmentRecord& record) {
      if (Overlaps(record.min_ts_ns, record.max_ts_ns, range)) {
        records.push_back(record);
      } else {
        *blocks_left_out += record.blocks;
      }
    }));
  }
  return records;
}

Result<std::vector<SegmentRecord>> Catalogue::AllRecords() const {
  std::vector<SegmentRecord> records;
  for (size_t i = 0; i < pages_.size(); ++i) {
    GLP_RETURN_IF_ERROR(
        ReadPage(i, [&](const SegmentRecord& record) { records.push_back(record); }));
  }
  return records;
}

Result<std::vector<uint32_t>> Catalogue::StreamsOf(const SegmentRecord& record) const {
  std::string scratch;
  GLP_ASSIGN_OR_RETURN(std::string_view bytes,
                       Part(record.list_offset, record.list_size, &scratch));
  GLP_ASSIGN_OR_RETURN(bytes, WithoutHash(bytes, 0, record.list_offset));
  pack::Decoder in(bytes);
  std::vector<uint32_t> streams;
  const uint64_t count = in.Varint();
  if (count > streams_) return Damaged("a list of the catalogue cannot be");
  streams.reserve(count);
  uint64_t stream = UINT64_MAX;
  while (streams.size() < count) {
    if (!NextNumber(&in, &stream, streams_)) return Damaged("a list of the catalogue cannot be");
    streams.push_back(static_cast<uint32_t>(stream));
  }
  return streams;
}

Status Catalogue::AddByValue(const logql::Matcher& matcher, bool matches, StreamSet* set) const {
  auto name =
      std::lower_bound(names_.begin(), names_.end(), matcher.name,
                       [](const Name& n, const std::string& text) { return n.name < text; });
  if (name == names_.end() || name->name != matcher.name) return Status::Ok();
  std::string scratch;
  GLP_ASSIGN_OR_RETURN(std::string_view bytes, Part(name->offset, name->size, &scratch));
  GLP_ASSIGN_OR_RETURN(bytes, WithoutHash(bytes, 0, name->offset));
  pack::Decoder in(bytes);
  while (in.left() > 0) {
    const uint64_t value_size = in.Varint();
    const uint64_t streams_size = in.Varint();
    const std::string_view value = in.Bytes(value_size);
    const std::string_view streams = in.Bytes(streams_size);
    if (!in.ok()) return Damaged("values of the catalogue cannot be");
    if (matcher.Matches(value) != matches) continue;
    pack::Decoder numbers(streams);
    uint64_t stream = UINT64_MAX;
    while (numbers.left() > 0) {
      if (!NextNumber(&numbers, &stream, streams_)) {
        return Damaged("values of the catalogue cannot be");
      }
      set->Add(static_cast<uint32_t>(stream));
    }
  }
  return Status::Ok();
}

Result<StreamSet> Catalogue::Matching(const std::vector<logql::Matcher>& matchers) const {
  StreamSet all(streams_);
  all.Invert();
  for (const logql::Matcher& matcher : matchers) {
    // A stream without the label has "": where that matches, those are taken out that have others.
    const bool empty_matches = matcher.Matches("");
    StreamSet set(streams_);
    GLP_RETURN_IF_ERROR(AddByValue(matcher, !empty_matches, &set));
    if (empty_matches) set.Invert();
    all.KeepOnly(set);
  }
  return all;
}

Status Catalogue::ForEachLabelSet(
    const StreamSet& set,
    const std::function<Status(uint32_t stream, std::string_view json)>& sink) const {
  // Where many are wanted, all are read at once.
  constexpr size_t kMany = 8;
  const size_t count = set.Count();
  std::string all_scratch;
  std::string_view all;
  if (count * kMany >= streams_ && records_ >= table_) {
    GLP_ASSIGN_OR_RETURN(all, Part(table_, records_ - table_, &all_scratch));
  }
  std::string scratch;
  for (uint32_t stream = 0; stream < streams_; ++stream) {
    if (!set.Has(stream)) continue;
    GLP_ASSIGN_OR_RETURN(std::string_view entry,
                         PartOf(all, table_ + kTableEntry * stream, kTableEntry, &scratch));
    const auto offset = pack::LoadFixed<uint64_t>(entry.data());
    const auto size = pack::LoadFixed<uint32_t>(entry.data() + sizeof(uint64_t));
    GLP_ASSIGN_OR_RETURN(const std::string_view bytes, PartOf(all, offset, size, &scratch));
    GLP_ASSIGN_OR_RETURN(const std::string_view json,
                         WithoutHash(bytes, uint64_t{stream} + 1, offset));
    GLP_RETURN_IF_ERROR(sink(stream, json));
  }
  return Status::Ok();
}

Status Catalogue::Check() const {
  GLP_ASSIGN_OR_RETURN(const std::vector<SegmentRecord> records, AllRecords());
  for (const SegmentRecord& record : records) GLP_RETURN_IF_ERROR(StreamsOf(record).status());
  StreamSet all(streams_);
  all.Invert();
  GLP_RETURN_IF_ERROR(
      ForEachLabelSet(all, [](uint32_t, std::string_view) { return Status::Ok(); }));
  for (const Name& name : names_) {
    StreamSet set(streams_);
    logql::Matcher matcher;
    matcher.name = name.name;
    GLP_RETURN_IF_ERROR(AddByValue(matcher, false, &set));
  }
  return Status::Ok();
}

}  // namespace glp::store
