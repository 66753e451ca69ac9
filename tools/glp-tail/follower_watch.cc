// How the follower has the kernel tell it of changes, and what it does when it is told.
#include <unistd.h>

#include <algorithm>
#include <climits>

#include "follower.h"
#include "follower_index.h"

namespace glp::tail {
namespace {

// After a folder went away: soon, but not for each of a thousand.
constexpr int64_t kSoonNs = 20 * kNsPerMs;
constexpr int kMaxLinks = 40;

std::string FolderOf(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

// A folder that is watched already may be another one by now, under the same name.
void Follower::WatchFolder(const std::string& folder) {
  auto watch = watcher_.WatchFolder(folder);
  auto known = folders_.find(folder);
  if (known != folders_.end()) {
    // Either the reference just added is one too many, or the watch is of a folder that went.
    watcher_.Remove(known->second);
    if (watch.ok() && known->second == *watch) return;
    LookSoon();  // no event of that watch will come any more
    EraseOne(&folder_names_, known->second, folder);
    folders_.erase(known);
  }
  if (watch.ok()) {
    folders_[folder] = *watch;
    folder_names_.emplace(*watch, folder);
  } else if (io::LookAtPath(folder.empty() ? "." : folder).ok()) {
    // One that is not there needs no watch: that above it has one.
    FallBack(watch.status());
  }
}

void Follower::WatchFile(OpenFile& open) {
  auto watch = watcher_.WatchFile(open.file->fd(), open.file->path());
  if (watch.ok()) {
    open.watch = *watch;
  } else {
    FallBack(watch.status());
  }
}

void Follower::FallBack(const Status& why) {
  if (polling_) return;
  polling_ = true;
  next_look_ns_ = std::min(next_look_ns_, SteadyNs() + kPollNs);
  if (why.code() == Code::kLimit) {
    context_.Say(why.message() + "; looking at all files every 250 ms instead");
  }
}

// Watches the names on the way to the file: a link may be turned elsewhere, and what a link leads
// to may be rotated where it is.
void Follower::FollowLinks(FollowedPath& followed) {
  for (const std::string& name : followed.names) EraseOne(&by_name_, name, &followed);
  followed.names.clear();
  std::string path = followed.path();
  for (int i = 0; i < kMaxLinks; ++i) {
    std::string folder = FolderOf(path);
    if (i > 0) WatchFolder(folder);
    followed.names.push_back(PlainPath(path));
    char target[PATH_MAX];
    ssize_t size = readlink(path.c_str(), target, sizeof target);
    if (size <= 0 || size == sizeof target) break;
    std::string text(target, static_cast<size_t>(size));
    path = text[0] == '/' ? text : io::JoinPath(folder, text);
  }
  for (const std::string& name : followed.names) by_name_.emplace(name, &followed);
}

void Follower::OnEvent(const io::WatchEvent& event) {
  using Kind = io::WatchEvent::Kind;
  switch (event.kind) {
    case Kind::kWritten:
    case Kind::kChanged:
      for (FollowedPath* followed : AllOf(by_watch_, event.watch)) {
        if (event.kind == Kind::kChanged) Look(*followed);
        if (event.kind == Kind::kWritten && followed->current() != nullptr) {
          followed->current()->file->NoteWritten();
        }
        Queue(*followed);
      }
      break;
    case Kind::kName:
      for (const std::string& folder : AllOf(folder_names_, event.watch)) {
        OnName(folder, std::string(event.name));
      }
      break;
    case Kind::kGone:
      for (const std::string& folder : AllOf(folder_names_, event.watch)) folders_.erase(folder);
      folder_names_.erase(event.watch);
      LookSoon();
      break;
    case Kind::kOverflow:
      for (auto& [path, followed] : followed_) Queue(*followed);
      next_look_ns_ = 0;
      break;
  }
}

void Follower::OnName(const std::string& folder, const std::string& name) {
  for (FollowedPath* followed : AllOf(by_name_, PlainPath(io::JoinPath(folder, name)))) {
    Look(*followed);
  }
  PathVisitor visitor = Visitor();
  // Paths below a folder made anew are known while what stood there before is still open, and their
  // files were there before the folder was watched: no other event may come of them.
  visitor.file = [this](const std::string& path, const std::shared_ptr<const Target>& target) {
    Look(Add(path, false, target));
  };
  paths_.WalkFrom(folder, name, visitor);
}

void Follower::LookSoon() {
  next_look_ns_ = std::min(next_look_ns_, SteadyNs() + std::max(kSoonNs, 10 * look_cost_ns_));
}

void Follower::Know(FollowedPath& followed, const OpenFile& open) {
  by_inode_.emplace(InodeKey(open.file->state()), &followed);
  if (open.watch >= 0) by_watch_.emplace(open.watch, &followed);
}

void Follower::Forget(FollowedPath& followed, const OpenFile& open) {
  EraseOne(&by_inode_, InodeKey(open.file->state()), &followed);
  if (open.watch >= 0) EraseOne(&by_watch_, open.watch, &followed);
}

}  // namespace glp::tail
