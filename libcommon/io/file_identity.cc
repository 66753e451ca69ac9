#include "io/file_identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <charconv>
#include <cstdio>

#include "base/hash.h"
#include "io/file_system.h"

namespace glp::io {
namespace {

Result<FileState> Look(int fd, const char* path, int flags, const std::string& name, int* error) {
  struct statx info;
  constexpr unsigned kWanted =
      STATX_TYPE | STATX_MODE | STATX_INO | STATX_SIZE | STATX_NLINK | STATX_MTIME | STATX_BTIME;
  if (Files().Statx(fd, path, flags, kWanted, &info) != 0) {
    if (error != nullptr) *error = errno;
    return IoError(name, errno);
  }
  FileState state;
  state.identity.device = makedev(info.stx_dev_major, info.stx_dev_minor);
  state.identity.inode = info.stx_ino;
  if ((info.stx_mask & STATX_BTIME) != 0) {
    state.birth_ns =
        static_cast<int64_t>(info.stx_btime.tv_sec) * 1'000'000'000 + info.stx_btime.tv_nsec;
    state.identity.birth_ms = static_cast<uint32_t>(state.birth_ns / 1'000'000);
  }
  state.kind = S_ISREG(info.stx_mode)   ? FileKind::kRegular
               : S_ISDIR(info.stx_mode) ? FileKind::kFolder
                                        : FileKind::kOther;
  state.size_bytes = info.stx_size;
  state.links = info.stx_nlink;
  state.modified_ns =
      static_cast<int64_t>(info.stx_mtime.tv_sec) * 1'000'000'000 + info.stx_mtime.tv_nsec;
  return state;
}

// Lower-case hexadecimal digits up to `end_char` (or the end if 0), which is taken off too.
bool TakeHex(std::string_view* text, char end_char, uint64_t* value) {
  size_t size = end_char == 0 ? text->size() : text->find(end_char);
  if (size == std::string_view::npos) return false;
  const char* end = text->data() + size;
  auto [stop, error] = std::from_chars(text->data(), end, *value, 16);
  if (error != std::errc() || stop != end) return false;
  text->remove_prefix(end_char == 0 ? size : size + 1);
  return true;
}

}  // namespace

uint64_t HeadFingerprint(std::string_view bytes) {
  bytes = bytes.substr(0, kHeadBytes);
  return Hash64(bytes.substr(0, bytes.find('\n'))) & 0xFFFF'FFFF'FFFF;
}

std::string FileIdentity::ToString() const {
  char text[80];
  int size = std::snprintf(
      text, sizeof text, "%llx-%llx-%08x-%012llx", static_cast<unsigned long long>(device),
      static_cast<unsigned long long>(inode), birth_ms, static_cast<unsigned long long>(head));
  return {text, static_cast<size_t>(size)};
}

std::optional<FileIdentity> FileIdentity::Parse(std::string_view text) {
  std::string_view rest = text;
  FileIdentity id;
  uint64_t birth = 0;
  if (!TakeHex(&rest, '-', &id.device) || !TakeHex(&rest, '-', &id.inode) ||
      !TakeHex(&rest, '-', &birth) || !TakeHex(&rest, 0, &id.head)) {
    return std::nullopt;
  }
  id.birth_ms = static_cast<uint32_t>(birth);
  if (id.ToString() != text) return std::nullopt;
  return id;
}

Result<FileState> LookAtFd(int fd, const std::string& name) {
  return Look(fd, "", AT_EMPTY_PATH, name, nullptr);
}

Result<FileState> LookAtPath(const std::string& path, int* error) {
  return Look(AT_FDCWD, path.c_str(), 0, path, error);
}

}  // namespace glp::io
