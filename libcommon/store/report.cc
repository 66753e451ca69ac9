#include "store/report.h"

#include <algorithm>
#include <map>

#include "pack/file.h"
#include "store/folder.h"
#include "store/store.h"
#include "store/wal.h"

namespace glp::store {
namespace {

// Adds entries with times from `first` to `last` to something that counts them.
template <typename T>
void Count(T* stats, uint64_t entries, uint64_t line_bytes, int64_t first, int64_t last) {
  stats->first_ts_ns = stats->entries == 0 ? first : std::min(stats->first_ts_ns, first);
  stats->last_ts_ns = stats->entries == 0 ? last : std::max(stats->last_ts_ns, last);
  stats->entries += entries;
  stats->line_bytes += line_bytes;
}

Result<TenantStats> StatsOf(const std::string& dir, const std::string& tenant) {
  TenantStats stats;
  stats.tenant = tenant;
  std::string folder = dir + "/" + tenant;
  std::map<std::string, StreamStats> streams;
  GLP_ASSIGN_OR_RETURN(OpenFiles files, OpenFolder(folder));
  for (SegmentName name : files.segments) {
    auto file = OpenSegment(folder, name, 0);
    if (file.status().code() == Code::kData) {
      stats.damage.push_back(file.status().message());
      continue;
    }
    if (!file.ok()) return file.status();
    const pack::Index& index = (*file)->index();
    stats.damage.insert(stats.damage.end(), (*file)->damage().begin(), (*file)->damage().end());
    ++stats.segments;
    stats.disk_bytes += (*file)->size_bytes();
    for (const pack::BlockInfo& block : index.blocks) {
      StreamStats& stream = streams[index.streams[block.stream]];
      Count(&stream, block.entries, block.line_bytes, block.min_ts_ns, block.max_ts_ns);
      Count(&stats, block.entries, block.line_bytes, block.min_ts_ns, block.max_ts_ns);
      stream.stored_bytes += block.size;
    }
  }
  for (const OpenWal& wal : files.wals) {
    std::string path = WalPath(folder, wal.number);
    LabelTable labels;
    MemTable table;
    GLP_ASSIGN_OR_RETURN(WalReport report, ReadWal(wal.fd.get(), path, &labels, &table));
    GLP_ASSIGN_OR_RETURN(uint64_t size, io::FileSize(wal.fd.get(), path));
    ++stats.logs;
    stats.disk_bytes += size;
    stats.damage.insert(stats.damage.end(), report.damage.begin(), report.damage.end());
    for (const MemStream& stream : table.streams()) {
      if (stream.rows() == 0) continue;
      MemView view = stream.View();
      uint64_t bytes = stream.line_bytes();
      Count(&streams[stream.labels()->json], view.rows, bytes, view.min_ts_ns, view.max_ts_ns);
      Count(&stats, view.rows, bytes, view.min_ts_ns, view.max_ts_ns);
    }
  }
  for (auto& [json, stream] : streams) {
    stream.labels_json = json;
    stats.streams.push_back(std::move(stream));
  }
  return stats;
}

Status VerifyTenant(const std::string& folder, VerifyReport* report) {
  GLP_ASSIGN_OR_RETURN(OpenFiles files, OpenFolder(folder));
  for (SegmentName name : files.segments) {
    ++report->segments;
    auto file = OpenSegment(folder, name, 0);
    if (file.status().code() == Code::kData) {
      report->damage.push_back(file.status().message());
      continue;
    }
    if (!file.ok()) return file.status();
    report->disk_bytes += (*file)->size_bytes();
    report->entries += (*file)->index().entries;
    GLP_ASSIGN_OR_RETURN(std::vector<std::string> damage, pack::VerifyPack(**file));
    report->damage.insert(report->damage.end(), damage.begin(), damage.end());
  }
  for (const OpenWal& wal : files.wals) {
    std::string path = WalPath(folder, wal.number);
    LabelTable labels;
    MemTable table;
    GLP_ASSIGN_OR_RETURN(WalReport log, ReadWal(wal.fd.get(), path, &labels, &table));
    GLP_ASSIGN_OR_RETURN(uint64_t size, io::FileSize(wal.fd.get(), path));
    ++report->logs;
    report->disk_bytes += size;
    report->entries += table.entries();
    report->damage.insert(report->damage.end(), log.damage.begin(), log.damage.end());
  }
  return Status::Ok();
}

}  // namespace

Result<std::vector<TenantStats>> ReadStats(const std::string& dir, const std::string& tenant) {
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
    GLP_ASSIGN_OR_RETURN(TenantStats stats, StatsOf(dir, name));
    all.push_back(std::move(stats));
  }
  return all;
}

Result<VerifyReport> VerifyStore(const std::string& dir) {
  GLP_RETURN_IF_ERROR(CheckStore(dir));
  GLP_ASSIGN_OR_RETURN(std::vector<std::string> names, ListTenants(dir));
  VerifyReport report;
  for (const std::string& name : names) {
    GLP_RETURN_IF_ERROR(VerifyTenant(dir + "/" + name, &report));
  }
  return report;
}

}  // namespace glp::store
