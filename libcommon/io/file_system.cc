#include "io/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace glp::io {
namespace {

constinit FileSystem kernel;

}  // namespace

constinit FileSystem* internal::file_system = &kernel;

void SetFileSystem(FileSystem* files) {
  internal::file_system = files == nullptr ? &kernel : files;
}

int FileSystem::Open(const char* path, int flags, unsigned mode) { return open(path, flags, mode); }
int FileSystem::Close(int fd) { return close(fd); }
ssize_t FileSystem::Read(int fd, char* out, size_t size) { return read(fd, out, size); }
ssize_t FileSystem::Pread(int fd, char* out, size_t size, uint64_t offset) {
  return pread(fd, out, size, static_cast<off_t>(offset));
}
ssize_t FileSystem::Write(int fd, const char* bytes, size_t size) { return write(fd, bytes, size); }
int FileSystem::Ftruncate(int fd, uint64_t size) { return ftruncate(fd, static_cast<off_t>(size)); }
int FileSystem::SeekToEnd(int fd) { return lseek(fd, 0, SEEK_END) < 0 ? -1 : 0; }
int FileSystem::Fsync(int fd) { return fsync(fd); }
int FileSystem::Statx(int fd, const char* path, int flags, unsigned mask, struct statx* out) {
  return statx(fd, path, flags, mask, out);
}
int FileSystem::Rename(const char* from, const char* to) { return rename(from, to); }
int FileSystem::Link(const char* from, const char* to) { return link(from, to); }
int FileSystem::Unlink(const char* path) { return unlink(path); }
int FileSystem::Mkdir(const char* path, unsigned mode) { return mkdir(path, mode); }
int FileSystem::Rmdir(const char* path) { return rmdir(path); }
int FileSystem::Utimens(const char* path, const struct timespec times[2]) {
  return utimensat(AT_FDCWD, path, times, 0);
}

int FileSystem::List(const char* folder, std::vector<std::string>* names) {
  DIR* dir = opendir(folder);
  if (dir == nullptr) return -1;
  errno = 0;
  while (dirent* entry = readdir(dir)) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names->push_back(std::move(name));
    errno = 0;
  }
  int err = errno;
  closedir(dir);
  errno = err;
  return err == 0 ? 0 : -1;
}

int FileSystem::LockExclusively(int fd) { return flock(fd, LOCK_EX | LOCK_NB); }

}  // namespace glp::io
