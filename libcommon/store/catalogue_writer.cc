#include "store/catalogue_writer.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/hash.h"
#include "base/time.h"
#include "io/file_identity.h"
#include "pack/varint.h"

namespace glp::store {
namespace {

using pack::AppendFixed;
using pack::AppendSized;
using pack::AppendVarint;

void AppendHashed(std::string* out, std::string_view bytes, uint64_t seed = 0) {
  AppendFixed(out, Hash64(bytes, seed));
  out->append(bytes);
}

std::string EncodeNumbers(const std::vector<uint32_t>& numbers) {
  std::string out;
  uint64_t before = UINT64_MAX;
  for (const uint32_t number : numbers) {
    AppendVarint(&out, number - before);
    before = number;
  }
  return out;
}

void AppendRecord(std::string* out, const SegmentRecord& record) {
  AppendFixed(out, record.name.first);
  AppendFixed(out, record.name.last);
  AppendFixed(out, record.stamp.inode);
  AppendFixed(out, record.stamp.size_bytes);
  AppendFixed(out, record.stamp.modified_ns);
  AppendFixed(out, record.min_ts_ns);
  AppendFixed(out, record.max_ts_ns);
  AppendFixed(out, record.entries);
  AppendFixed(out, record.line_bytes);
  AppendFixed(out, record.block_bytes);
  AppendFixed(out, record.blocks);
  AppendFixed(out, record.list_size | (record.name.is_merged ? kRecordMerged : 0));
  AppendFixed(out, record.list_offset);
}

}  // namespace

Result<uint32_t> CatalogueBuilder::AddStream(std::string_view json) {
  auto found = by_json_.find(json);
  if (found != by_json_.end()) return found->second;
  GLP_ASSIGN_OR_RETURN(Labels labels, LabelsFromJson(json));
  Canonicalize(&labels);
  const auto number = static_cast<uint32_t>(streams_.size());
  streams_.push_back({std::string(json), std::move(labels)});
  by_json_.emplace(json, number);
  return number;
}

void CatalogueBuilder::AddSegment(SegmentRecord record, const std::vector<uint32_t>& streams) {
  std::string list;
  AppendVarint(&list, streams.size());
  list.append(EncodeNumbers(streams));
  auto [known, is_new] = list_offsets_.try_emplace(list, lists_.size());
  if (is_new) AppendHashed(&lists_, list);
  record.list_offset = known->second;
  record.list_size = static_cast<uint32_t>(list.size() + sizeof(uint64_t));
  records_.push_back(record);
}

std::string CatalogueBuilder::Finish(int64_t folder_modified_ns) {
  std::map<std::string_view, std::map<std::string_view, std::vector<uint32_t>>> by_name;
  for (uint32_t i = 0; i < streams_.size(); ++i) {
    for (const Label& label : streams_[i].labels) by_name[label.name][label.value].push_back(i);
  }
  std::vector<std::string> values;
  for (const auto& [name, streams_by_value] : by_name) {
    std::string part;
    for (const auto& [value, numbers] : streams_by_value) {
      const std::string list = EncodeNumbers(numbers);
      AppendVarint(&part, value.size());
      AppendVarint(&part, list.size());
      part.append(value).append(list);
    }
    AppendHashed(&values.emplace_back(), part);
  }
  std::string names;
  uint64_t offset = 0;
  size_t i = 0;
  for (const auto& [name, unused] : by_name) {
    AppendSized(&names, name);
    AppendVarint(&names, offset);
    AppendVarint(&names, values[i].size());
    offset += values[i++].size();
  }

  const uint64_t pages_count = (records_.size() + kRecordsPerPage - 1) / kRecordsPerPage;
  const uint64_t values_at = kCatalogueHeader + pages_count * kCataloguePage + names.size();
  const uint64_t lists_at = values_at + offset;
  const uint64_t table_at = lists_at + lists_.size();

  std::string table;
  std::string labels;
  constexpr size_t kTableEntry = sizeof(uint64_t) + sizeof(uint32_t);
  const uint64_t labels_at = table_at + streams_.size() * kTableEntry;
  for (uint32_t number = 0; number < streams_.size(); ++number) {
    const std::string& json = streams_[number].json;
    AppendFixed(&table, labels_at + labels.size());
    AppendFixed(&table, static_cast<uint32_t>(json.size() + sizeof(uint64_t)));
    AppendHashed(&labels, json, uint64_t{number} + 1);
  }
  const uint64_t records_at = labels_at + labels.size();

  std::string pages;
  std::string records;
  for (size_t at = 0; at < records_.size(); at += kRecordsPerPage) {
    const size_t end = std::min(records_.size(), at + kRecordsPerPage);
    const size_t begin_bytes = records.size();
    int64_t min = std::numeric_limits<int64_t>::max();
    int64_t max = std::numeric_limits<int64_t>::min();
    uint64_t blocks = 0;
    for (size_t k = at; k < end; ++k) {
      SegmentRecord record = records_[k];
      record.list_offset += lists_at;
      AppendRecord(&records, record);
      min = std::min(min, record.min_ts_ns);
      max = std::max(max, record.max_ts_ns);
      blocks += record.blocks;
    }
    AppendFixed(&pages, min);
    AppendFixed(&pages, max);
    AppendFixed(&pages, blocks);
    AppendFixed(&pages, Hash64(std::string_view(records).substr(begin_bytes)));
  }

  std::string out(kCatalogueMagic);
  AppendFixed(&out, kCatalogueVersion);
  AppendFixed(&out, static_cast<uint32_t>(records_.size()));
  AppendFixed(&out, static_cast<uint32_t>(streams_.size()));
  AppendFixed(&out, static_cast<uint32_t>(names.size()));
  AppendFixed(&out, records_at + records.size());
  AppendFixed(&out, folder_modified_ns);
  AppendFixed(&out, table_at);
  AppendFixed(&out, records_at);
  AppendFixed(&out, Hash64(pages));
  AppendFixed(&out, Hash64(names));
  AppendFixed(&out, Hash64(out));
  out.append(pages).append(names);
  for (const std::string& part : values) out.append(part);
  out.append(lists_).append(table).append(labels).append(records);
  return out;
}

namespace {

// What the footer says, with `*streams` that have blocks. Errors: I/O; Code::kData where the
// segment gets no record.
Result<SegmentRecord> ReadRecord(const std::string& folder, SegmentName name, FileStamp stamp,
                                 CatalogueBuilder* builder, std::vector<uint32_t>* streams) {
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<pack::PackFile> file, OpenSegment(folder, name, 0));
  if (!file->damage().empty()) return DataError(file->damage().front());
  const pack::Index& index = file->index();
  SegmentRecord record;
  record.name = name;
  record.stamp = stamp;
  record.entries = index.entries;
  record.line_bytes = index.line_bytes;
  record.blocks = static_cast<uint32_t>(index.blocks.size());
  std::vector<bool> has_blocks(index.streams.size());
  for (const pack::BlockInfo& block : index.blocks) {
    has_blocks[block.stream] = true;
    record.min_ts_ns = std::min(record.min_ts_ns, block.min_ts_ns);
    record.max_ts_ns = std::max(record.max_ts_ns, block.max_ts_ns);
    record.block_bytes += block.size;
  }
  streams->clear();
  for (size_t i = 0; i < index.streams.size(); ++i) {
    if (!has_blocks[i]) continue;
    GLP_ASSIGN_OR_RETURN(uint32_t stream, builder->AddStream(index.streams[i]));
    streams->push_back(stream);
  }
  std::sort(streams->begin(), streams->end());
  streams->erase(std::unique(streams->begin(), streams->end()), streams->end());
  return record;
}

// Takes what an older catalogue knows into a new one.
class Carrier {
 public:
  Carrier(const Catalogue* old, CatalogueBuilder* builder) : old_(old), builder_(builder) {}

  Status Start() {
    if (old_ == nullptr) return Status::Ok();
    numbers_.resize(old_->streams());
    labels_.resize(old_->streams());
    StreamSet all(old_->streams());
    all.Invert();
    return old_->ForEachLabelSet(all, [&](uint32_t stream, std::string_view json) {
      labels_[stream] = json;
      return Status::Ok();
    });
  }

  Status Carry(const SegmentRecord& record) {
    GLP_ASSIGN_OR_RETURN(std::vector<uint32_t> streams, old_->StreamsOf(record));
    for (uint32_t& stream : streams) {
      std::optional<uint32_t>& number = numbers_[stream];
      if (!number) {
        GLP_ASSIGN_OR_RETURN(number, builder_->AddStream(labels_[stream]));
      }
      stream = *number;
    }
    std::sort(streams.begin(), streams.end());
    builder_->AddSegment(record, streams);
    return Status::Ok();
  }

 private:
  const Catalogue* old_;
  CatalogueBuilder* builder_;
  std::vector<std::string> labels_;  // of the old one's streams
  std::vector<std::optional<uint32_t>> numbers_;
};

// A time of modification that tells the folder as it is now from all that it will be; 0 where there
// is none.
int64_t MarkFolder(const std::string& folder) {
  // Changes to come get times of the clock; a second back, none of them is this one.
  const int64_t mark_ns = NowNs() - kNsPerSecond;
  if (!io::SetModified(folder, mark_ns).ok()) return 0;
  // File systems may keep less of it.
  Result<io::FileState> state = io::LookAtPath(folder);
  return state.ok() && state->modified_ns == mark_ns ? mark_ns : 0;
}

// `old` may be null. Errors: Code::kData where it is damaged.
Result<std::string> MakeCatalogue(const std::string& folder, const FolderFiles& files,
                                  const Catalogue* old, int64_t mark_ns) {
  std::vector<SegmentRecord> records;
  if (old != nullptr) {
    GLP_ASSIGN_OR_RETURN(records, old->AllRecords());
  }
  CatalogueBuilder builder;
  Carrier carrier(old, &builder);
  GLP_RETURN_IF_ERROR(carrier.Start());
  bool is_all = files.wals.empty();
  auto known = records.begin();
  std::vector<uint32_t> streams;
  for (const SegmentName name : files.segments) {
    GLP_ASSIGN_OR_RETURN(const FileStamp stamp, StampOf(SegmentPath(folder, name)));
    while (known != records.end() && known->name < name) ++known;
    if (known != records.end() && known->name == name && known->stamp == stamp) {
      GLP_RETURN_IF_ERROR(carrier.Carry(*known));
      continue;
    }
    Result<SegmentRecord> record = ReadRecord(folder, name, stamp, &builder, &streams);
    if (record.ok()) {
      builder.AddSegment(*record, streams);
    } else if (record.status().code() == Code::kData) {
      is_all = false;
    } else {
      return record.status();
    }
  }
  return builder.Finish(is_all ? mark_ns : 0);
}

// What a killed process left.
Status RemoveOthers(const std::string& cache) {
  GLP_ASSIGN_OR_RETURN(const std::vector<std::string> names, io::ListFolder(cache));
  for (const std::string& name : names) {
    if (name != "catalogue") GLP_RETURN_IF_ERROR(io::Remove(cache + "/" + name));
  }
  return Status::Ok();
}

}  // namespace

Status UpdateCatalogue(const std::string& folder) {
  const std::string path = CataloguePath(folder);
  Result<std::shared_ptr<const Catalogue>> opened = Catalogue::Open(path);
  const Catalogue* old = opened.ok() ? opened->get() : nullptr;
  Result<io::FileState> state = io::LookAtPath(folder);
  if (!state.ok()) return state.status();
  if (old != nullptr && old->folder_modified_ns() != 0 &&
      old->folder_modified_ns() == state->modified_ns) {
    return Status::Ok();
  }
  const std::string cache = path.substr(0, path.rfind('/'));
  if (!io::Exists(cache)) {
    GLP_ASSIGN_OR_RETURN(const FolderFiles files, ListFiles(folder));
    if (files.segments.empty()) return Status::Ok();
    GLP_RETURN_IF_ERROR(io::MakeFolders(cache));
  }
  GLP_RETURN_IF_ERROR(RemoveOthers(cache));
  // First the mark, then the listing: what changes in between takes the mark away.
  const int64_t mark_ns = MarkFolder(folder);
  GLP_ASSIGN_OR_RETURN(const FolderFiles files, ListFiles(folder));
  Result<std::string> bytes = MakeCatalogue(folder, files, old, mark_ns);
  if (bytes.status().code() == Code::kData) bytes = MakeCatalogue(folder, files, nullptr, mark_ns);
  if (!bytes.ok()) return bytes.status();
  return io::WriteFileAtomically(path, *bytes);
}

}  // namespace glp::store
