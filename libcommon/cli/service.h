// The service manager that started the process, where one did: what sd_notify(3) tells it.
//
//   Service service;
//   service.Tell("READY=1");
//   while (…) { wait at most service.watchdog_ms(); service.Alive(); }
//
// Environment: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID. Without them nothing is done.
// Threads:     one at a time.
#pragma once

#include <string>
#include <string_view>

namespace glp::cli {

class Service {
 public:
  Service();
  void Tell(std::string_view state) const;
  // How often Alive has to be called: half of what the manager waits; -1 where it does not.
  int watchdog_ms() const { return watchdog_ms_; }
  void Alive() const {
    if (watchdog_ms_ >= 0) Tell("WATCHDOG=1");
  }
  // "RELOADING=1" with the time that systemd 253 asks for; READY=1 ends it.
  void Reloading() const;

 private:
  std::string socket_;
  int watchdog_ms_ = -1;
};

}  // namespace glp::cli
