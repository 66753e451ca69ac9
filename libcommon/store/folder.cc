#include "store/folder.h"

#include <algorithm>
#include <cstdio>
#include <unordered_map>

#include "base/strings.h"
#include "pack/file_writer.h"
#include "store/store.h"

namespace glp::store {
namespace {

// More segments than this are opened for each read: 1024 descriptors are usual, and sockets need
// some too.
constexpr size_t kMaxOpen = 400;
constexpr uint64_t kBlockBytes = 1 << 20;

std::string NumberedPath(const std::string& folder, uint64_t number, const char* suffix) {
  char name[32];
  std::snprintf(name, sizeof name, "/%08llu%s", static_cast<unsigned long long>(number), suffix);
  return folder + name;
}

Status WriteTable(const std::string& path, const MemTable& table, int level) {
  GLP_ASSIGN_OR_RETURN(io::Fd fd, io::Create(path));
  pack::FileWriter writer(fd.get(), path, {level, /*with_seq=*/false});
  pack::BlockBuilder builder;
  std::unordered_map<const LabelSet*, uint32_t> numbers;
  for (const MemStream& stream : table.streams()) {
    auto [known, is_new] = numbers.try_emplace(stream.labels(), 0);
    if (is_new) known->second = writer.AddStream(stream.labels()->json);
    uint32_t number = known->second;
    std::vector<pack::Position> positions;
    for (const auto& [id, source] : stream.sources) source.AppendPositions(id, &positions);
    for (pack::Position& position : positions) {
      position.stream = number;
      writer.AddPosition(std::move(position));
    }
    for (const MemRow& row : SortedRows(stream.View())) {
      builder.Add({row.ts_ns, 0, row.line(), row.meta(), {}, {}});
      if (builder.bytes() >= kBlockBytes) {
        GLP_RETURN_IF_ERROR(writer.AddBlock(&builder, number, stream.exact()));
      }
    }
    GLP_RETURN_IF_ERROR(writer.AddBlock(&builder, number, stream.exact()));
  }
  GLP_RETURN_IF_ERROR(writer.Finish());
  return io::SyncFile(fd.get(), path);
}

}  // namespace

std::string SegmentPath(const std::string& folder, uint64_t number) {
  return NumberedPath(folder, number, ".glp");
}
std::string WalPath(const std::string& folder, uint64_t number) {
  return NumberedPath(folder, number, ".wal");
}

Result<FolderFiles> ListFiles(const std::string& folder) {
  FolderFiles files;
  if (!io::Exists(folder)) return files;
  GLP_ASSIGN_OR_RETURN(std::vector<std::string> names, io::ListFolder(folder));
  for (const std::string& name : names) {
    size_t dot = name.find('.');
    std::string_view suffix = dot == std::string::npos ? "" : std::string_view(name).substr(dot);
    auto number = ParseUint64(std::string_view(name).substr(0, std::min(dot, name.size())));
    if (!number) continue;
    if (suffix == ".glp") {
      files.segments.push_back(*number);
    } else if (suffix == ".wal") {
      files.wals.push_back(*number);
    } else if (suffix == ".wal.damaged") {
      files.last_damaged = std::max(files.last_damaged, *number);
    } else if (suffix == ".glp.tmp") {
      files.left.push_back(name);
    }
  }
  std::sort(files.segments.begin(), files.segments.end());
  std::sort(files.wals.begin(), files.wals.end());
  return files;
}

Result<OpenFiles> OpenFolder(const std::string& folder) {
  // Logs are opened before segments are listed: a log that a writer replaces meanwhile is then
  // either open here or its segment is in the list. The other way round both could be missed.
  GLP_ASSIGN_OR_RETURN(FolderFiles before, ListFiles(folder));
  std::vector<OpenWal> wals;
  for (uint64_t number : before.wals) {
    std::string path = WalPath(folder, number);
    Result<io::Fd> fd = io::OpenRead(path);
    if (fd.ok()) {
      wals.push_back({number, std::move(*fd)});
    } else if (io::Exists(path)) {
      return fd.status();
    }
  }
  GLP_ASSIGN_OR_RETURN(FolderFiles files, ListFiles(folder));
  std::erase_if(wals, [&](const OpenWal& wal) {
    return std::binary_search(files.segments.begin(), files.segments.end(), wal.number);
  });
  return OpenFiles{std::move(files.segments), std::move(wals)};
}

Result<std::vector<std::string>> ListTenants(const std::string& dir) {
  GLP_ASSIGN_OR_RETURN(std::vector<std::string> names, io::ListFolder(dir));
  std::erase_if(names, [&](const std::string& name) {
    return !CheckTenant(name).ok() || !io::IsFolder(dir + "/" + name);
  });
  return names;
}

Status CheckStore(const std::string& dir) {
  if (!io::IsFolder(dir)) {
    return UsageError(dir +
                      ": no store there: " + (io::Exists(dir) ? "not a folder" : "no such folder"));
  }
  if (!io::Exists(dir + "/lock")) {
    return UsageError(dir + ": not a glp store (it has no file 'lock')");
  }
  return Status::Ok();
}

Result<std::unique_ptr<pack::PackFile>> OpenSegment(const std::string& folder, uint64_t number,
                                                    size_t count) {
  auto file = pack::PackFile::Open(SegmentPath(folder, number));
  if (file.ok() && count > kMaxOpen) (*file)->CloseFd();
  return file;
}

Status WriteSegment(const std::string& folder, uint64_t number, const MemTable& table, int level) {
  std::string path = SegmentPath(folder, number);
  std::string temporary = path + ".tmp";
  Status status = WriteTable(temporary, table, level);
  if (status.ok()) status = io::Rename(temporary, path);
  if (!status.ok()) {
    // The error that matters is the first; what stays is removed when the store is opened next.
    (void)io::Remove(temporary);
    return status;
  }
  return io::SyncFolder(folder);
}

}  // namespace glp::store
