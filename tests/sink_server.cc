// A server for measuring clients: takes any request, forgets its body and answers 204.
//
//   sink_server      prints its port on the first line; listens on 127.0.0.1 until it is killed
//
// One thread, so that what it costs is seen as one process's.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

struct Connection {
  int fd;
  std::string head;         // what is read of the request's head
  uint64_t body_bytes = 0;  // still to come
  bool in_body = false;
};

// The value of a header, by its name with colon in front of it; nothing where it is not there.
const char* Header(const std::string& head, const char* name) {
  const char* at = strcasestr(head.c_str(), name);
  return at == nullptr ? nullptr : at + strlen(name);
}

bool Send(int fd, const char* text) {
  const auto size = static_cast<ssize_t>(strlen(text));
  return send(fd, text, static_cast<size_t>(size), MSG_NOSIGNAL) == size;
}

// What is readable now. False where the connection is over.
bool Serve(Connection* c) {
  static char buffer[256 << 10];
  for (;;) {
    // Bytes of a body are let go by the kernel; of a head only those up to its end are taken.
    const size_t want = c->in_body && c->body_bytes < sizeof buffer ? c->body_bytes : sizeof buffer;
    const ssize_t size =
        recv(c->fd, buffer, want, c->in_body ? MSG_TRUNC | MSG_DONTWAIT : MSG_PEEK | MSG_DONTWAIT);
    if (size <= 0) return size < 0 && errno == EAGAIN;
    if (c->in_body) {
      c->body_bytes -= static_cast<uint64_t>(size);
    } else {
      const size_t before = c->head.size();
      c->head.append(buffer, static_cast<size_t>(size));
      const size_t end = c->head.find("\r\n\r\n");
      const size_t taken = (end == std::string::npos ? c->head.size() : end + 4) - before;
      if (recv(c->fd, buffer, taken, 0) != static_cast<ssize_t>(taken)) return false;
      if (end == std::string::npos) continue;
      c->head.resize(end + 4);
      const char* length = Header(c->head, "\r\nContent-Length:");
      c->body_bytes = length == nullptr ? 0 : strtoull(length, nullptr, 10);
      c->in_body = true;
      if (Header(c->head, "\r\nExpect: 100-continue") != nullptr &&
          !Send(c->fd, "HTTP/1.1 100 Continue\r\n\r\n")) {
        return false;
      }
    }
    if (c->body_bytes == 0) {
      if (!Send(c->fd, "HTTP/1.1 204 No Content\r\n\r\n")) return false;
      c->in_body = false;
      c->head.clear();
    }
  }
}

int Listen() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || bind(fd, any, size) != 0 || listen(fd, 64) != 0 ||
      getsockname(fd, any, &size) != 0) {
    perror("sink_server");
    exit(2);
  }
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

}  // namespace

int main() {
  std::vector<Connection> connections;
  std::vector<pollfd> polled{{Listen(), POLLIN, 0}};
  for (;;) {
    if (poll(polled.data(), polled.size(), -1) < 0) continue;
    for (size_t i = polled.size() - 1; i > 0; --i) {
      if (polled[i].revents == 0 || Serve(&connections[i - 1])) continue;
      close(polled[i].fd);
      polled.erase(polled.begin() + static_cast<std::ptrdiff_t>(i));
      connections.erase(connections.begin() + static_cast<std::ptrdiff_t>(i) - 1);
    }
    if (polled[0].revents != 0) {
      const int fd = accept4(polled[0].fd, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      connections.push_back({fd, {}});
      polled.push_back({fd, POLLIN, 0});
    }
  }
}
