#include "store/reader.h"

#include "store/folder.h"
#include "store/source.h"
#include "store/store.h"
#include "store/wal.h"

namespace glp::store {
Result<std::unique_ptr<logql::EntrySource>> OpenStore(const std::string& dir,
                                                      const std::string& tenant) {
  GLP_RETURN_IF_ERROR(CheckTenant(tenant));
  GLP_RETURN_IF_ERROR(CheckStore(dir));
  std::string folder = dir + "/" + tenant;
  GLP_ASSIGN_OR_RETURN(OpenFiles files, OpenFolder(folder));
  auto labels = std::make_shared<LabelTable>();
  SourceParts parts;
  parts.labels = labels;
  for (SegmentName name : files.segments) {
    auto file = OpenSegment(folder, name, files.segments.size());
    if (!file.ok()) {
      if (file.status().code() != Code::kData) return file.status();
      parts.warnings.push_back(file.status().message());
      continue;
    }
    parts.segments.push_back(std::make_shared<const pack::PackStreams>(
        pack::ResolveStreams(std::move(*file), labels.get())));
  }
  for (OpenWal& wal : files.wals) {
    auto table = std::make_shared<MemTable>();
    GLP_ASSIGN_OR_RETURN(WalReport report, ReadWal(wal.fd.get(), WalPath(folder, wal.number),
                                                   labels.get(), table.get()));
    parts.warnings.insert(parts.warnings.end(), report.damage.begin(), report.damage.end());
    if (table->entries() > 0) parts.memory.push_back(TakeSnapshot(std::move(table)));
  }
  return MakeSource(std::move(parts));
}

}  // namespace glp::store
