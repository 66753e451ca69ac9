// Names and files of a tenant's folder. See store.h for the layout.
// Threads: pure functions of the file system.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "pack/file.h"
#include "store/mem_table.h"

namespace glp::store {

std::string SegmentPath(const std::string& folder, uint64_t number);
std::string WalPath(const std::string& folder, uint64_t number);

struct FolderFiles {
  std::vector<uint64_t> segments;  // rising
  std::vector<uint64_t> wals;      // rising
  uint64_t last_damaged = 0;       // highest number of the logs kept aside
  std::vector<std::string> left;   // names of files that a write in progress, or its end, left
};
// A folder that is not there has no files.
Result<FolderFiles> ListFiles(const std::string& folder);
struct OpenWal {
  uint64_t number;
  io::Fd fd;
};
struct OpenFiles {
  std::vector<uint64_t> segments;  // rising
  std::vector<OpenWal> wals;       // what is in no segment, rising
};
// The files of a folder in which a writer may be at work: nothing is missed, nothing is there
// twice.
Result<OpenFiles> OpenFolder(const std::string& folder);
// Names of the folders in the store that can be tenants, sorted.
Result<std::vector<std::string>> ListTenants(const std::string& dir);
// Code::kUsage where `dir` does not look like a store.
Status CheckStore(const std::string& dir);

// Opens a segment; where a store has many of them (`count`), without holding its descriptor.
Result<std::unique_ptr<pack::PackFile>> OpenSegment(const std::string& folder, uint64_t number,
                                                    size_t count);

// Writes the table as segment `number`: whole and durable under its name, or not there at all.
Status WriteSegment(const std::string& folder, uint64_t number, const MemTable& table, int level);

}  // namespace glp::store
