// Judges what takes long about clients that are not known yet (the hash of a password), one at a
// time on a thread of low priority, so that guesses neither take the threads of requests nor
// keep a core from those who have work. Hosts take turns; after a wrong one a host waits four times
// as long as that took, so that who guesses gets a fifth of the thread, and others go first.
// Threads: safe from any; what is judged runs on the thread of the queue.
// Memory:  kMaxOfHost that wait of a host, kMaxWaiting of all; more are not taken.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace glp::wire {

class GateQueue {
 public:
  static constexpr size_t kMaxOfHost = 32;
  static constexpr size_t kMaxWaiting = 512;

  // False where it was a wrong guess.
  using Judge = std::function<bool()>;

  GateQueue();
  ~GateQueue();  // Stops.
  GateQueue(const GateQueue&) = delete;
  GateQueue& operator=(const GateQueue&) = delete;

  // `host`: any name of where it comes from. False where too many wait.
  bool Add(std::string_view host, Judge judge);
  // Drops those that wait; returns when the one that runs has ended.
  void Stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct Host {
    std::string name;
    Clock::time_point not_before;
    std::deque<Judge> waiting;
  };

  void Run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Host> hosts_;  // whose turn was last at the end
  size_t waiting_ = 0;
  bool is_stopped_ = false;
  std::thread thread_;
};

}  // namespace glp::wire
