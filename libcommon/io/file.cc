#include "io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "io/file_system.h"
#include "io/output.h"

namespace glp::io {
namespace {

std::string FolderOf(const std::string& path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<Fd> Open(const std::string& path, int flags, unsigned mode, const char* verb) {
  int fd;
  do {
    fd = Files().Open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return IoError(std::string(verb) + " " + path, errno);
  return Fd(fd);
}

}  // namespace

void Fd::Reset() {
  if (fd_ >= 0) Files().Close(fd_);
  fd_ = -1;
}

Result<Fd> OpenRead(const std::string& path) { return Open(path, O_RDONLY, 0, "open"); }

Result<Fd> Create(const std::string& path, unsigned mode) {
  return Open(path, O_WRONLY | O_CREAT | O_TRUNC, mode, "create");
}

Result<std::string> ReadFile(const std::string& path, uint64_t max_bytes) {
  GLP_ASSIGN_OR_RETURN(Fd fd, OpenRead(path));
  std::string content;
  for (;;) {
    size_t used = content.size();
    content.resize(used + (64 << 10));
    ssize_t n = Files().Read(fd.get(), content.data() + used, content.size() - used);
    content.resize(used + static_cast<size_t>(std::max<ssize_t>(n, 0)));
    if (n == 0) return content;
    if (content.size() > max_bytes) {
      return IoError(
          "read " + path + ", of which " + std::to_string(max_bytes) + " bytes are taken", EFBIG);
    }
    if (n < 0 && errno != EINTR) return IoError("read " + path, errno);
  }
}

Status ReadAt(int fd, uint64_t offset, size_t size, char* out, const std::string& name) {
  GLP_ASSIGN_OR_RETURN(size_t got, ReadUpTo(fd, offset, size, out, name));
  if (got == size) return Status::Ok();
  return DataError(name + ": cut off at byte " + std::to_string(offset + got) + ", " +
                   std::to_string(size - got) + " more were expected");
}

Result<size_t> ReadUpTo(int fd, uint64_t offset, size_t size, char* out, const std::string& name) {
  size_t got = 0;
  while (got < size) {
    ssize_t n = Files().Pread(fd, out + got, size - got, offset + got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return IoError("read " + name, errno);
    if (n == 0) break;
    got += static_cast<size_t>(n);
  }
  return got;
}

Result<uint64_t> FileSize(int fd, const std::string& name) {
  struct statx info;
  if (Files().Statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &info) != 0) {
    return IoError("stat " + name, errno);
  }
  return info.stx_size;
}

Status SyncFile(int fd, const std::string& name) {
  return Files().Fsync(fd) == 0 ? Status::Ok() : IoError("fsync " + name, errno);
}

Status Truncate(int fd, uint64_t size, const std::string& name) {
  bool done = Files().Ftruncate(fd, size) == 0 && Files().SeekToEnd(fd) == 0;
  return done ? Status::Ok() : IoError("truncate " + name, errno);
}

Status SyncFolder(const std::string& folder) {
  GLP_ASSIGN_OR_RETURN(Fd fd, Open(folder, O_RDONLY | O_DIRECTORY, 0, "open"));
  return SyncFile(fd.get(), folder);
}

Status MakeFolders(const std::string& folder) {
  for (size_t at = folder.find('/', 1);; at = folder.find('/', at + 1)) {
    const bool is_last = at == std::string::npos;
    const std::string part = folder.substr(0, at);
    const bool made = Files().Mkdir(part.c_str(), 0755) == 0;
    if (!made && errno != EEXIST) return IoError("mkdir " + part, errno);
    // One that is there may be of a try that failed before its name was durable.
    if (made || is_last) {
      const std::string parent = FolderOf(part);
      const Fd fd(Files().Open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
      const bool may_be_closed = !made && (errno == EACCES || errno == EPERM);
      Status status = fd.valid()      ? SyncFile(fd.get(), parent)
                      : may_be_closed ? Status::Ok()
                                      : IoError("open " + parent, errno);
      if (!status.ok()) {
        if (made) Files().Rmdir(part.c_str());
        return status;
      }
    }
    if (is_last) break;
  }
  return IsFolder(folder) ? Status::Ok() : IoError("mkdir " + folder, ENOTDIR);
}

Result<std::vector<std::string>> ListFolder(const std::string& folder) {
  std::vector<std::string> names;
  if (Files().List(folder.c_str(), &names) != 0) return IoError("read folder " + folder, errno);
  std::sort(names.begin(), names.end());
  return names;
}

bool Exists(const std::string& path) {
  struct statx info;
  return Files().Statx(AT_FDCWD, path.c_str(), 0, STATX_TYPE, &info) == 0 ||
         (errno != ENOENT && errno != ENOTDIR);
}

bool IsFolder(const std::string& path) {
  struct statx info;
  if (Files().Statx(AT_FDCWD, path.c_str(), 0, STATX_TYPE, &info) == 0) {
    return S_ISDIR(info.stx_mode);
  }
  return errno != ENOENT && errno != ENOTDIR;
}

Status Rename(const std::string& from, const std::string& to) {
  if (Files().Rename(from.c_str(), to.c_str()) != 0) {
    return IoError("rename " + from + " to " + to, errno);
  }
  return Status::Ok();
}

Status Link(const std::string& from, const std::string& to) {
  if (Files().Link(from.c_str(), to.c_str()) == 0) return Status::Ok();
  return IoError("link " + from + " to " + to, errno);
}

Status Remove(const std::string& path) {
  return Files().Unlink(path.c_str()) == 0 ? Status::Ok() : IoError("remove " + path, errno);
}

Status SetModified(const std::string& path, int64_t modified_ns) {
  constexpr int64_t kNsPerSecond = 1'000'000'000;
  timespec times[2] = {};
  times[0].tv_nsec = UTIME_OMIT;
  times[1].tv_sec = modified_ns / kNsPerSecond;
  times[1].tv_nsec = modified_ns % kNsPerSecond;
  if (Files().Utimens(path.c_str(), times) != 0) {
    return IoError("set the time of " + path, errno);
  }
  return Status::Ok();
}

Status WriteFileAtomically(const std::string& path, std::string_view content, unsigned mode) {
  static std::atomic<int> counter{0};
  std::string temporary =
      path + ".tmp" + std::to_string(getpid()) + "." + std::to_string(counter.fetch_add(1));
  Status status = [&] {
    GLP_ASSIGN_OR_RETURN(Fd fd, Create(temporary, mode));
    GLP_RETURN_IF_ERROR(WriteAll(fd.get(), content, temporary));
    GLP_RETURN_IF_ERROR(SyncFile(fd.get(), temporary));
    GLP_RETURN_IF_ERROR(Rename(temporary, path));
    return SyncFolder(FolderOf(path));
  }();
  if (!status.ok()) (void)Remove(temporary);
  return status;
}

}  // namespace glp::io
