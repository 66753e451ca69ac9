// Names and files of a tenant's folder. See store.h for the layout.
//
// NNNNNNNN.glp is a segment as it was cut, NNNNNNNN-MMMMMMMM.glp one that was merged from all
// segments of these numbers, in its final form; both numbers are the same where there was one. The
// listing of the folder is the truth: what lies within the numbers of a merged segment is obsolete,
// whether segment or log, and removed by the writer. So a merge is
//   1. write NNNNNNNN-MMMMMMMM.glp.tmp and sync it    ended here: the inputs count, .tmp is removed
//   2. rename it, sync the folder                     ended here: the new one counts
//   3. remove the inputs, in any order
// and whenever it ends, each entry is there once. A merged segment is rewritten by itself (some of
// its entries are to go) under the name that it has.
// Who reads without being the writer lists the folder, then opens files; one that is gone by then
// was merged meanwhile, and the reader begins anew (IsGone). A listing that a merge runs through
// may show neither the inputs nor the new segment; OpenFolder takes none that changes.
// Threads: pure functions of the file system.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "pack/file.h"
#include "store/mem_table.h"

namespace glp::store {

// The numbers that a segment stands for, both inclusive.
struct SegmentName {
  SegmentName() = default;
  SegmentName(uint64_t number) : first(number), last(number) {}  // NOLINT: a segment as it was cut
  // Of a merged one.
  SegmentName(uint64_t from, uint64_t to) : first(from), last(to), is_merged(true) {}
  // The other one is obsolete. REQUIRES: they are not the same
  bool Covers(SegmentName other) const {
    return is_merged && first <= other.first && other.last <= last;
  }
  bool operator==(const SegmentName&) const = default;
  bool operator<(const SegmentName& other) const {
    return std::tie(first, last, is_merged) < std::tie(other.first, other.last, other.is_merged);
  }
  uint64_t first = 0;
  uint64_t last = 0;
  bool is_merged = false;
};

std::string SegmentPath(const std::string& folder, SegmentName name);
std::string WalPath(const std::string& folder, uint64_t number);
// Whether one of the segments, which rise, stands for the number.
bool Covers(const std::vector<SegmentName>& segments, uint64_t number);

struct FolderFiles {
  std::vector<SegmentName> segments;  // rising; none within another
  std::vector<uint64_t> wals;         // rising
  uint64_t last_damaged = 0;          // highest number of the logs kept aside
  // Names of files that count for nothing: what a write in progress, or its end, left, and segments
  // within others.
  std::vector<std::string> left;
};
// A folder that is not there has no files.
Result<FolderFiles> ListFiles(const std::string& folder);
struct OpenWal {
  uint64_t number;
  io::Fd fd;
};
struct OpenFiles {
  std::vector<SegmentName> segments;  // rising; none within another
  std::vector<OpenWal> wals;          // what is in no segment, rising
};
// The files of a folder in which a writer may be at work: nothing is missed, nothing is there
// twice.
Result<OpenFiles> OpenFolder(const std::string& folder);
// A segment of such a list could not be opened because a writer has merged it meanwhile.
bool IsGone(const std::string& folder, SegmentName name);
// Names of the folders in the store that can be tenants, sorted.
Result<std::vector<std::string>> ListTenants(const std::string& dir);
// The right to write into the store, until the descriptor is closed. Errors: Code::kIo, also where
// another process has it; the message names that one.
Result<io::Fd> LockStore(const std::string& dir);
// Code::kUsage where `dir` does not look like a store.
Status CheckStore(const std::string& dir);

// Opens a segment; where a store has many of them (`count`, of all tenants), without holding its
// descriptor.
Result<std::unique_ptr<pack::PackFile>> OpenSegment(const std::string& folder, SegmentName name,
                                                    size_t count);

// Makes the file at `path`, or replaces it: whole and durable under its name, or not there at all.
// `write` gets a descriptor, and its name for messages.
Status WriteWhole(const std::string& path,
                  const std::function<Status(int fd, const std::string& name)>& write);
// Writes the table as segment `number`: whole and durable under its name, or not there at all.
// Entries that are equal in stream, time, line and metadata are one then, but each of those that
// came with a src.
Status WriteSegment(const std::string& folder, uint64_t number, const MemTable& table, int level);

}  // namespace glp::store
