// Being told when open files grow and when names come and go in folders: one inotify instance for
// all. Where the kernel cannot tell (no inotify, no watches left, a network or FUSE file system),
// adding a watch fails and the caller has to look by itself from time to time.
// Lifetime: a watch lasts until it is removed as often as it was added (adding the same file or
//           folder again gives the same number), or until what it watches is gone.
// Threads:  one at a time.
// Errors:   Code::kLimit where the machine gives no more watches (the message says which setting
//           to raise), Code::kRefused where this file system does not tell, Code::kIo else.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "io/file.h"

namespace glp::io {

struct WatchEvent {
  enum class Kind {
    kWritten,   // a file changed its content or size
    kChanged,   // a file got another name, mode or number of links
    kName,      // `name` in a folder appeared, went away, was renamed or changed its mode
    kGone,      // what was watched is gone or elsewhere; the number is no longer valid
    kOverflow,  // events were lost: look at everything; `watch` is -1
  };
  Kind kind;
  int watch;
  std::string_view name;  // good until the callback returns
};

class Watcher {
 public:
  // Not `enabled`: every watch is refused, for callers that look by themselves anyway.
  explicit Watcher(bool enabled = true);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // The file behind an open descriptor, whatever its name is by now.
  Result<int> WatchFile(int fd, const std::string& name);
  Result<int> WatchFolder(const std::string& folder);
  void Remove(int watch);

  // Readable when there are events; -1 without inotify.
  int fd() const { return inotify_.get(); }
  // Hands out all events there are; never waits.
  Status Read(const std::function<void(const WatchEvent&)>& on_event);

 private:
  struct Watch {
    int references = 0;
    bool is_folder = false;
  };
  Result<int> Add(const char* path, unsigned mask, const std::string& name);
  void Dispatch(int watch, unsigned mask, std::string_view name,
                const std::function<void(const WatchEvent&)>& on_event);

  Fd inotify_;
  Status broken_;  // why there is no inotify
  std::unordered_map<int, Watch> watches_;
};

}  // namespace glp::io
