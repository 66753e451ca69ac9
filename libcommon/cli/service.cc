#include "cli/service.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/time.h"
#include "io/file.h"

namespace glp::cli {
namespace {

// 0 where it is no number.
int64_t NumberOf(const char* name) {
  const char* text = std::getenv(name);
  int64_t number = 0;
  if (text != nullptr) std::from_chars(text, text + std::strlen(text), number);
  return number;
}

}  // namespace

Service::Service() {
  if (const char* path = std::getenv("NOTIFY_SOCKET")) socket_ = path;
  const int64_t usec = NumberOf("WATCHDOG_USEC");
  const int64_t pid = NumberOf("WATCHDOG_PID");
  if (usec > 0 && (pid == 0 || pid == getpid())) {
    watchdog_ms_ = static_cast<int>(std::clamp<int64_t>(usec / 2000, 1, 3'600'000));
  }
}

void Service::Tell(std::string_view state) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.size() < 2 || socket_.size() >= sizeof address.sun_path) return;
  if (socket_[0] != '/' && socket_[0] != '@') return;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_[0] == '@') address.sun_path[0] = '\0';  // an abstract socket
  const io::Fd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return;
  sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL,
         reinterpret_cast<const sockaddr*>(&address),
         static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size()));
}

void Service::Reloading() const {
  Tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(SteadyNs() / 1000));
}

}  // namespace glp::cli
