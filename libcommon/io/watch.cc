#include "io/watch.h"

#include <limits.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace glp::io {
namespace {

constexpr unsigned kFileMask = IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF;
constexpr unsigned kFolderMask = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
                                 IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

// File systems on which another machine, or a process, may write without the kernel's notice.
bool IsRemote(const char* path) {
  struct statfs info;
  if (statfs(path, &info) != 0) return false;
  switch (static_cast<uint32_t>(info.f_type)) {
    case 0x6969:      // NFS
    case 0xFF534D42:  // CIFS
    case 0xFE534D42:  // SMB2
    case 0x517B:      // SMB
    case 0x01021997:  // 9P
    case 0x65735546:  // FUSE
    case 0x00C36400:  // Ceph
    case 0x5346414F:  // AFS
    case 0x0BD00BD0:  // Lustre
    case 0x47504653:  // GPFS
      return true;
    default:
      return false;
  }
}

}  // namespace

Watcher::Watcher(bool enabled) {
  if (!enabled) {
    broken_ = Status(Code::kRefused, "watching is switched off");
    return;
  }
  inotify_ = Fd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (inotify_.valid()) return;
  if (errno == EMFILE) {
    broken_ = Status(Code::kLimit,
                     "no more inotify instances; raise the sysctl fs.inotify.max_user_instances");
  } else {
    broken_ = IoError("inotify", errno);
  }
}

Watcher::~Watcher() = default;

Result<int> Watcher::Add(const char* path, unsigned mask, const std::string& name) {
  if (!broken_.ok()) return broken_;
  if (IsRemote(path)) {
    return Status(Code::kRefused, name + ": its file system does not tell of changes");
  }
  int watch = inotify_add_watch(inotify_.get(), path, mask);
  if (watch < 0) {
    if (errno == ENOSPC) {
      return Status(Code::kLimit, "watch " + name +
                                      ": no more inotify watches; raise the sysctl "
                                      "fs.inotify.max_user_watches");
    }
    return IoError("watch " + name, errno);
  }
  Watch& entry = watches_[watch];
  ++entry.references;
  entry.is_folder = (mask & IN_ONLYDIR) != 0;
  return watch;
}

Result<int> Watcher::WatchFile(int fd, const std::string& name) {
  // By way of /proc the descriptor itself is watched: its name may belong to another file already.
  std::string path = "/proc/self/fd/" + std::to_string(fd);
  return Add(path.c_str(), kFileMask, name);
}

Result<int> Watcher::WatchFolder(const std::string& folder) {
  return Add(folder.empty() ? "." : folder.c_str(), kFolderMask, folder);
}

void Watcher::Remove(int watch) {
  auto it = watches_.find(watch);
  if (it == watches_.end() || --it->second.references > 0) return;
  watches_.erase(it);
  inotify_rm_watch(inotify_.get(), watch);
}

void Watcher::Dispatch(int watch, unsigned mask, std::string_view name,
                       const std::function<void(const WatchEvent&)>& on_event) {
  using Kind = WatchEvent::Kind;
  if ((mask & IN_Q_OVERFLOW) != 0) return on_event({Kind::kOverflow, -1, {}});
  auto it = watches_.find(watch);
  if (it == watches_.end()) return;  // was removed after the event
  if ((mask & IN_IGNORED) != 0) {
    watches_.erase(it);
    return on_event({Kind::kGone, watch, {}});
  }
  if (!it->second.is_folder) {
    return on_event({(mask & IN_MODIFY) != 0 ? Kind::kWritten : Kind::kChanged, watch, {}});
  }
  if (!name.empty()) return on_event({Kind::kName, watch, name});
  if ((mask & IN_MOVE_SELF) != 0) {
    // The kernel would watch it on, but the caller knows it by a name that is no longer its own.
    watches_.erase(it);
    inotify_rm_watch(inotify_.get(), watch);
    on_event({Kind::kGone, watch, {}});
  }
}

Status Watcher::Read(const std::function<void(const WatchEvent&)>& on_event) {
  if (!inotify_.valid()) return Status::Ok();
  alignas(inotify_event) char buffer[64 << 10];
  for (;;) {
    ssize_t size = read(inotify_.get(), buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno != EAGAIN) return IoError("read inotify events", errno);
    if (size <= 0) return Status::Ok();
    for (const char* p = buffer; p < buffer + size;) {
      inotify_event event;
      std::memcpy(&event, p, sizeof event);
      std::string_view name;
      if (event.len > 0) name = p + sizeof event;  // ended by NUL
      p += sizeof event + event.len;
      Dispatch(event.wd, event.mask, name, on_event);
    }
  }
}

}  // namespace glp::io
