#include "io/lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/strings.h"
#include "io/file_system.h"
#include "io/stop.h"

namespace glp::io {
namespace {

constexpr int kPauseMs = 20;

// "process 123 (glp-store)", as far as it can be told.
std::string Holder(const std::string& path) {
  Result<std::string> content = ReadFile(path);
  std::string_view pid = content.ok() ? TrimSpace(*content) : "";
  if (!ParseUint64(pid)) return "another process";
  std::string holder = "process " + std::string(pid);
  Result<std::string> name = ReadFile("/proc/" + std::string(pid) + "/comm");
  if (name.ok()) holder += " (" + std::string(TrimSpace(*name)) + ")";
  return holder;
}

}  // namespace

Result<Fd> TakeLock(const std::string& path, int wait_ms) {
  Fd fd(Files().Open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd.valid()) return IoError("open " + path, errno);
  while (Files().LockExclusively(fd.get()) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return IoError("lock " + path, errno);
    if (wait_ms <= 0 || StopRequested()) {
      return Status(Code::kRefused, "in use by " + Holder(path));
    }
    WaitReadable(-1, kPauseMs);
    wait_ms -= kPauseMs;
  }
  // For the words of others only: a full disk must not keep the lock away.
  const std::string pid = std::to_string(getpid()) + "\n";
  if (Truncate(fd.get(), 0, path).ok()) (void)Files().Write(fd.get(), pid.data(), pid.size());
  return fd;
}

}  // namespace glp::io
