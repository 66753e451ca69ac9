#include "store/report.h"

#include <algorithm>
#include <map>

#include "pack/file.h"
#include "store/catalogue.h"
#include "store/folder.h"
#include "store/store.h"
#include "store/wal.h"

namespace glp::store {
namespace {

constexpr int kMaxTries = 100;

Status TooFast(const std::string& folder) {
  return Status(Code::kIo, folder + ": segments come and go too fast to read them");
}

// Adds entries with times from `first` to `last` to something that counts them.
template <typename T>
void Count(T* stats, uint64_t entries, uint64_t line_bytes, int64_t first, int64_t last) {
  stats->first_ts_ns = stats->entries == 0 ? first : std::min(stats->first_ts_ns, first);
  stats->last_ts_ns = stats->entries == 0 ? last : std::max(stats->last_ts_ns, last);
  stats->entries += entries;
  stats->line_bytes += line_bytes;
}

// What a catalogue takes; 0 where there is none.
uint64_t CatalogueBytes(const std::string& folder) {
  const Result<FileStamp> stamp = StampOf(CataloguePath(folder));
  return stamp.ok() ? stamp->size_bytes : 0;
}

class StatsReader {
 public:
  StatsReader(std::string folder, bool with_anatomy) : folder_(std::move(folder)) {
    if (with_anatomy) stats_.anatomy.emplace();
  }

  // False where a segment is gone: it was merged meanwhile.
  Result<bool> Read() {
    GLP_ASSIGN_OR_RETURN(OpenFiles files, OpenFolder(folder_));
    for (const SegmentName name : files.segments) {
      auto file = OpenSegment(folder_, name, 0);
      if (file.status().code() == Code::kData) {
        stats_.damage.push_back(file.status().message());
        continue;
      }
      if (!file.ok() && IsGone(folder_, name)) return false;
      if (!file.ok()) return file.status();
      AddSegment(**file);
      if (stats_.anatomy) GLP_RETURN_IF_ERROR(pack::AddAnatomy(**file, &*stats_.anatomy));
    }
    for (const OpenWal& wal : files.wals) GLP_RETURN_IF_ERROR(AddLog(wal));
    stats_.catalogue_bytes = CatalogueBytes(folder_);
    stats_.disk_bytes += stats_.catalogue_bytes;
    return true;
  }

  TenantStats Take() {
    for (auto& [json, stream] : streams_) {
      stream.labels_json = json;
      stats_.streams.push_back(std::move(stream));
    }
    return std::move(stats_);
  }

 private:
  void AddSegment(const pack::PackFile& file) {
    const pack::Index& index = file.index();
    stats_.damage.insert(stats_.damage.end(), file.damage().begin(), file.damage().end());
    ++stats_.segments;
    stats_.disk_bytes += file.size_bytes();
    SegmentStats& segment = stats_.by_segment.emplace_back();
    segment.name = file.name().substr(file.name().rfind('/') + 1);
    segment.stored_bytes = file.size_bytes();
    segment.blocks = index.blocks.size();
    std::vector<bool> seen(index.streams.size());
    for (const pack::BlockInfo& block : index.blocks) {
      StreamStats& stream = streams_[index.streams[block.stream]];
      Count(&stream, block.entries, block.line_bytes, block.min_ts_ns, block.max_ts_ns);
      Count(&segment, block.entries, block.line_bytes, block.min_ts_ns, block.max_ts_ns);
      Count(&stats_, block.entries, block.line_bytes, block.min_ts_ns, block.max_ts_ns);
      stream.stored_bytes += block.size;
      if (!seen[block.stream]) ++segment.streams;
      seen[block.stream] = true;
    }
  }

  Status AddLog(const OpenWal& wal) {
    const std::string path = WalPath(folder_, wal.number);
    LabelTable labels;
    MemTable table;
    GLP_ASSIGN_OR_RETURN(const WalReport report, ReadWal(wal.fd.get(), path, &labels, &table));
    GLP_ASSIGN_OR_RETURN(const uint64_t size, io::FileSize(wal.fd.get(), path));
    ++stats_.logs;
    stats_.log_bytes += size;
    stats_.disk_bytes += size;
    stats_.damage.insert(stats_.damage.end(), report.damage.begin(), report.damage.end());
    for (const MemStream& stream : table.streams()) {
      if (stream.rows() == 0) continue;
      const MemView view = stream.View();
      const uint64_t bytes = stream.line_bytes();
      Count(&streams_[stream.labels()->json], view.rows, bytes, view.min_ts_ns, view.max_ts_ns);
      Count(&stats_, view.rows, bytes, view.min_ts_ns, view.max_ts_ns);
    }
    return Status::Ok();
  }

  const std::string folder_;
  TenantStats stats_;
  std::map<std::string, StreamStats> streams_;
};

Result<TenantStats> StatsOf(const std::string& dir, const std::string& tenant, bool with_anatomy) {
  const std::string folder = dir + "/" + tenant;
  for (int tries = 0; tries < kMaxTries; ++tries) {
    StatsReader reader(folder, with_anatomy);
    GLP_ASSIGN_OR_RETURN(const bool is_whole, reader.Read());
    if (!is_whole) continue;
    TenantStats stats = reader.Take();
    stats.tenant = tenant;
    return stats;
  }
  return TooFast(folder);
}

// What a footer says against what the catalogue says; "" where they agree.
std::string CompareWithFooter(const SegmentRecord& record, const pack::PackFile& file) {
  const pack::Index& index = file.index();
  SegmentRecord footer;
  for (const pack::BlockInfo& block : index.blocks) {
    footer.min_ts_ns = std::min(footer.min_ts_ns, block.min_ts_ns);
    footer.max_ts_ns = std::max(footer.max_ts_ns, block.max_ts_ns);
  }
  const bool is_same = footer.min_ts_ns == record.min_ts_ns &&
                       footer.max_ts_ns == record.max_ts_ns &&
                       index.blocks.size() == record.blocks && index.entries == record.entries &&
                       index.line_bytes == record.line_bytes;
  return is_same ? "" : file.name() + ": the catalogue says something else of it";
}

class Verifier {
 public:
  explicit Verifier(std::string folder) : folder_(std::move(folder)) {}

  // Adds to the report. False where a segment is gone: call again.
  Result<bool> Run(VerifyReport* report) {
    GLP_ASSIGN_OR_RETURN(OpenFiles files, OpenFolder(folder_));
    for (const SegmentName name : files.segments) {
      if (verified_.contains(name)) continue;
      GLP_ASSIGN_OR_RETURN(const bool is_there, VerifySegment(name));
      if (!is_there) return false;
    }
    for (const SegmentName name : files.segments) {
      const VerifyReport& segment = verified_[name];
      ++report->segments;
      report->disk_bytes += segment.disk_bytes;
      report->entries += segment.entries;
      report->damage.insert(report->damage.end(), segment.damage.begin(), segment.damage.end());
    }
    for (const OpenWal& wal : files.wals) GLP_RETURN_IF_ERROR(VerifyLog(wal, report));
    VerifyCatalogue(files, report);
    return true;
  }

 private:
  Result<bool> VerifySegment(SegmentName name) {
    VerifyReport segment;
    auto file = OpenSegment(folder_, name, 0);
    if (!file.ok() && file.status().code() != Code::kData) {
      if (IsGone(folder_, name)) return false;
      return file.status();
    }
    if (file.ok()) {
      segment.disk_bytes = (*file)->size_bytes();
      segment.entries = (*file)->index().entries;
      GLP_ASSIGN_OR_RETURN(segment.damage, pack::VerifyPack(**file));
    } else {
      segment.damage.push_back(file.status().message());
    }
    verified_[name] = std::move(segment);
    return true;
  }

  Status VerifyLog(const OpenWal& wal, VerifyReport* report) {
    const std::string path = WalPath(folder_, wal.number);
    LabelTable labels;
    MemTable table;
    GLP_ASSIGN_OR_RETURN(const WalReport log, ReadWal(wal.fd.get(), path, &labels, &table));
    GLP_ASSIGN_OR_RETURN(const uint64_t size, io::FileSize(wal.fd.get(), path));
    ++report->logs;
    report->disk_bytes += size;
    report->entries += table.entries();
    report->damage.insert(report->damage.end(), log.damage.begin(), log.damage.end());
    return Status::Ok();
  }

  // It need not be there, and may be older than the segments.
  void VerifyCatalogue(const OpenFiles& files, VerifyReport* report) {
    const std::string path = CataloguePath(folder_);
    if (!io::Exists(path)) return;
    const auto catalogue = Catalogue::Open(path);
    if (const Status status = catalogue.ok() ? (*catalogue)->Check() : catalogue.status();
        !status.ok()) {
      report->damage.push_back(status.message() +
                               "; it is not needed, and the next writer makes "
                               "it anew");
      return;
    }
    report->disk_bytes += (*catalogue)->size_bytes();
    const auto records = (*catalogue)->AllRecords();
    if (!records.ok()) return;
    for (const SegmentRecord& record : *records) {
      if (!std::binary_search(files.segments.begin(), files.segments.end(), record.name)) continue;
      const Result<FileStamp> stamp = StampOf(SegmentPath(folder_, record.name));
      const auto file = OpenSegment(folder_, record.name, 0);
      if (!stamp.ok() || *stamp != record.stamp || !file.ok()) continue;
      const std::string difference = CompareWithFooter(record, **file);
      if (!difference.empty()) report->damage.push_back(difference);
    }
  }

  const std::string folder_;
  std::map<SegmentName, VerifyReport> verified_;
};

}  // namespace

Result<std::vector<TenantStats>> ReadStats(const std::string& dir, const std::string& tenant,
                                           bool with_anatomy) {
  GLP_RETURN_IF_ERROR(CheckStore(dir));
  std::vector<std::string> names;
  if (tenant.empty()) {
    GLP_ASSIGN_OR_RETURN(names, ListTenants(dir));
  } else {
    GLP_RETURN_IF_ERROR(CheckTenant(tenant));
    names.push_back(tenant);
  }
  std::vector<TenantStats> all;
  for (const std::string& name : names) {
    GLP_ASSIGN_OR_RETURN(TenantStats stats, StatsOf(dir, name, with_anatomy));
    all.push_back(std::move(stats));
  }
  return all;
}

Result<VerifyReport> VerifyStore(const std::string& dir) {
  GLP_RETURN_IF_ERROR(CheckStore(dir));
  GLP_ASSIGN_OR_RETURN(std::vector<std::string> names, ListTenants(dir));
  VerifyReport report;
  for (const std::string& name : names) {
    Verifier verifier(dir + "/" + name);
    for (int tries = 0;; ++tries) {
      GLP_ASSIGN_OR_RETURN(const bool is_whole, verifier.Run(&report));
      if (is_whole) break;
      if (tries == kMaxTries) return TooFast(dir + "/" + name);
    }
  }
  return report;
}

}  // namespace glp::store
