#include "file_bytes.h"

#include <unistd.h>

#include <cerrno>

namespace glp::tail {

Result<size_t> ReadSome(int fd, char* out, size_t size, uint64_t offset, const std::string& name) {
  for (;;) {
    ssize_t n = pread(fd, out, size, static_cast<off_t>(offset));
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return IoError("read " + name, errno);
  }
}

Result<std::string> ReadHead(int fd, size_t size, const std::string& name) {
  std::string head(size, '\0');
  GLP_ASSIGN_OR_RETURN(size_t n, ReadSome(fd, head.data(), size, 0, name));
  head.resize(n);
  return head;
}

}  // namespace glp::tail
