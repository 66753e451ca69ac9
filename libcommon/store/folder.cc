#include "store/folder.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <unordered_map>

#include "base/strings.h"
#include "io/lock.h"
#include "pack/file_writer.h"
#include "store/repeats.h"
#include "store/store.h"

namespace glp::store {
namespace {

// More segments than this are opened for each read: 1024 descriptors are usual, and sockets need
// some too.
constexpr size_t kMaxOpen = 400;
constexpr uint64_t kBlockBytes = 1 << 20;

std::string Number(uint64_t number) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "%08llu", static_cast<unsigned long long>(number));
  return digits;
}

std::string NameOf(SegmentName name) {
  return Number(name.first) + (name.is_merged ? "-" + Number(name.last) : "") + ".glp";
}

// The numbers that a file's name begins with.
std::optional<SegmentName> ParseNumbers(std::string_view text) {
  const size_t dash = text.find('-');
  const std::optional<uint64_t> first = ParseUint64(text.substr(0, dash));
  if (!first) return std::nullopt;
  if (dash == std::string_view::npos) return SegmentName(*first);
  const std::optional<uint64_t> last = ParseUint64(text.substr(dash + 1));
  if (!last || *last < *first) return std::nullopt;
  return SegmentName(*first, *last);
}

// A listing that is the same twice in a row has missed nothing that a merge moved.
constexpr int kMaxListings = 1000;

Status WriteTable(int fd, const std::string& name, const MemTable& table, int level) {
  pack::FileWriter::Options options;
  options.level = level;
  pack::FileWriter writer(fd, name, options);
  pack::BlockBuilder builder;
  Repeats repeats;
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
    repeats.Clear();
    for (const MemRow& row : SortedRows(stream.View())) {
      if (!stream.exact() && repeats.Add(row.ts_ns, row.line(), row.meta())) continue;
      builder.Add({row.ts_ns, 0, row.line(), row.meta(), {}, {}});
      if (builder.bytes() >= kBlockBytes) {
        GLP_RETURN_IF_ERROR(writer.AddBlock(&builder, number, stream.exact()));
      }
    }
    GLP_RETURN_IF_ERROR(writer.AddBlock(&builder, number, stream.exact()));
  }
  return writer.Finish();
}

}  // namespace

std::string SegmentPath(const std::string& folder, SegmentName name) {
  return folder + "/" + NameOf(name);
}
std::string WalPath(const std::string& folder, uint64_t number) {
  return folder + "/" + Number(number) + ".wal";
}

bool Covers(const std::vector<SegmentName>& segments, uint64_t number) {
  auto behind = std::upper_bound(segments.begin(), segments.end(), number,
                                 [](uint64_t n, SegmentName name) { return n < name.first; });
  return behind != segments.begin() && std::prev(behind)->last >= number;
}

Result<FolderFiles> ListFiles(const std::string& folder) {
  FolderFiles files;
  if (!io::Exists(folder)) return files;
  GLP_ASSIGN_OR_RETURN(std::vector<std::string> names, io::ListFolder(folder));
  std::vector<SegmentName> segments;
  for (const std::string& name : names) {
    const size_t dot = name.find('.');
    if (dot == std::string::npos) continue;
    const std::string_view suffix = std::string_view(name).substr(dot);
    const std::optional<SegmentName> numbers = ParseNumbers(std::string_view(name).substr(0, dot));
    if (!numbers) continue;
    if (suffix == ".glp" && name == NameOf(*numbers)) {
      segments.push_back(*numbers);
    } else if (suffix == ".wal" && !numbers->is_merged) {
      files.wals.push_back(numbers->first);
    } else if (suffix == ".wal.damaged" && !numbers->is_merged) {
      files.last_damaged = std::max(files.last_damaged, numbers->first);
    } else if (suffix == ".glp.tmp") {
      files.left.push_back(name);
    }
  }
  // Of two that begin alike the wider one first: what lies within another comes behind it.
  std::sort(segments.begin(), segments.end(), [](SegmentName a, SegmentName b) {
    if (a.first != b.first) return a.first < b.first;
    return a.last != b.last ? a.last > b.last : a.is_merged && !b.is_merged;
  });
  for (const SegmentName& name : segments) {
    if (!files.segments.empty() && files.segments.back().Covers(name)) {
      files.left.push_back(NameOf(name));
    } else {
      files.segments.push_back(name);
    }
  }
  std::sort(files.wals.begin(), files.wals.end());
  return files;
}

Result<OpenFiles> OpenFolder(const std::string& folder) {
  GLP_ASSIGN_OR_RETURN(FolderFiles before, ListFiles(folder));
  for (int listings = 2; listings <= kMaxListings; ++listings) {
    // Logs are opened before segments are listed: a log that a writer replaces meanwhile is then
    // either open here or its segment is in the list. The other way round both could be missed.
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
    // What stood in the folder all the time is in both lists. So where they are the same, no
    // segment went while the second was made, and what replaced those that had gone is in it.
    if (files.segments == before.segments) {
      std::erase_if(wals, [&](const OpenWal& wal) { return Covers(files.segments, wal.number); });
      return OpenFiles{std::move(files.segments), std::move(wals)};
    }
    before = std::move(files);
  }
  return Status(Code::kIo, folder + ": segments come and go too fast to list them");
}

bool IsGone(const std::string& folder, SegmentName name) {
  return !io::Exists(SegmentPath(folder, name));
}

Result<std::vector<std::string>> ListTenants(const std::string& dir) {
  GLP_ASSIGN_OR_RETURN(std::vector<std::string> names, io::ListFolder(dir));
  std::erase_if(names, [&](const std::string& name) {
    return !CheckTenant(name).ok() || !io::IsFolder(dir + "/" + name);
  });
  return names;
}

Result<io::Fd> LockStore(const std::string& dir) {
  Result<io::Fd> lock = io::TakeLock(dir + "/lock");
  if (lock.status().code() != Code::kRefused) return lock;
  return Status(Code::kIo, dir + ": " + lock.status().message() +
                               "; a store has one writer: end it, or send to it with glp-push");
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

Result<std::unique_ptr<pack::PackFile>> OpenSegment(const std::string& folder, SegmentName name,
                                                    size_t count) {
  auto file = pack::PackFile::Open(SegmentPath(folder, name));
  if (file.ok() && count > kMaxOpen) (*file)->CloseFd();
  return file;
}

Status WriteWhole(const std::string& path,
                  const std::function<Status(int fd, const std::string& name)>& write) {
  const std::string temporary = path + ".tmp";
  Result<io::Fd> fd = io::Create(temporary);
  if (!fd.ok()) return fd.status();
  Status status = write(fd->get(), temporary);
  if (status.ok()) status = io::SyncFile(fd->get(), temporary);
  if (status.ok()) status = io::Rename(temporary, path);
  if (!status.ok()) {
    // The error that matters is the first; what stays is removed when the store is opened next.
    (void)io::Remove(temporary);
    return status;
  }
  return io::SyncFolder(path.substr(0, path.rfind('/')));
}

Status WriteSegment(const std::string& folder, uint64_t number, const MemTable& table, int level) {
  return WriteWhole(SegmentPath(folder, number), [&](int fd, const std::string& name) {
    return WriteTable(fd, name, table, level);
  });
}

}  // namespace glp::store
