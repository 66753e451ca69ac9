// What names a log file for good, through renames: device, inode, birth and a fingerprint of how
// it begins. It is the ID of a record's `src` ("ID@NEXT", DESIGN.md section 2).
// Threads: pure functions and values. Errors: Code::kIo with the name of the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glp::io {

// No more than this of a first line goes into its fingerprint.
inline constexpr size_t kHeadBytes = 1024;
// Of the first line: `bytes` up to their first '\n' (without it), at most kHeadBytes. 48 bits. It
// never changes once the first line is complete, so it is asked for no sooner.
uint64_t HeadFingerprint(std::string_view bytes);

struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint32_t birth_ms = 0;  // low 32 bits of milliseconds since 1970; 0 where it is not known
  uint64_t head = 0;      // HeadFingerprint

  // "{device:x}-{inode:x}-{birth_ms:08x}-{head:012x}"
  std::string ToString() const;
  // Nothing where `text` is not exactly what ToString writes.
  static std::optional<FileIdentity> Parse(std::string_view text);
  bool operator==(const FileIdentity&) const = default;
};

enum class FileKind { kRegular, kFolder, kOther };

// What is known of a file without reading it.
struct FileState {
  FileIdentity identity;  // without its head
  FileKind kind = FileKind::kOther;
  uint64_t size_bytes = 0;
  uint64_t links = 0;  // 0: it was deleted
  int64_t modified_ns = 0;
  int64_t birth_ns = 0;  // 0 where it is not known

  // The birth tells a file from a later one that was given the same inode.
  bool SameFile(const FileState& other) const { return identity == other.identity; }
};
Result<FileState> LookAtFd(int fd, const std::string& name);
// Follows links. `error` (if not null) gets the errno of a failure.
Result<FileState> LookAtPath(const std::string& path, int* error = nullptr);

}  // namespace glp::io
