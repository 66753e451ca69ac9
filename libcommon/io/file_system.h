// The system calls by which files are opened, written and made durable, as a seam: tests put a
// file system in its place that fails and forgets (io/faulty_files.h). Each function means what the
// call of its name means, errors included: -1 and errno.
// Threads: as the calls; SetFileSystem while no other thread is at any file.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

struct statx;
struct timespec;

namespace glp::io {

// The kernel's.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual int Open(const char* path, int flags, unsigned mode);
  virtual int Close(int fd);
  virtual ssize_t Read(int fd, char* out, size_t size);
  virtual ssize_t Pread(int fd, char* out, size_t size, uint64_t offset);
  virtual ssize_t Write(int fd, const char* bytes, size_t size);
  virtual int Ftruncate(int fd, uint64_t size);
  virtual int SeekToEnd(int fd);
  virtual int Fsync(int fd);
  virtual int Statx(int fd, const char* path, int flags, unsigned mask, struct statx* out);
  virtual int Rename(const char* from, const char* to);
  virtual int Link(const char* from, const char* to);
  virtual int Unlink(const char* path);
  virtual int Mkdir(const char* path, unsigned mode);
  virtual int Rmdir(const char* path);
  virtual int Utimens(const char* path, const struct timespec times[2]);
  // Names without . and .., in any order.
  virtual int List(const char* folder, std::vector<std::string>* names);
  // Without waiting.
  virtual int LockExclusively(int fd);
};

namespace internal {
extern FileSystem* file_system;
}
inline FileSystem& Files() { return *internal::file_system; }
// For tests: until it is set back. `files` is not owned; nullptr: the kernel's.
void SetFileSystem(FileSystem* files);

}  // namespace glp::io
