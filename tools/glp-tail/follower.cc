#include "follower.h"

#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <limits>

#include "batch.h"
#include "io/stop.h"

namespace glp::tail {
namespace {

constexpr size_t kBlockBytes = 256 << 10;
constexpr int64_t kLookNs = 10 * kNsPerSecond;
constexpr int64_t kPollNs = 250 * kNsPerMs;
// After a folder went away: soon, but not for each of a thousand.
constexpr int64_t kSoonNs = 20 * kNsPerMs;
// Nothing read is held back longer.
constexpr int64_t kFlushNs = 40 * kNsPerMs;
// A writer that writes line by line must not make us go round for each.
constexpr int64_t kPauseNs = 5 * kNsPerMs;
// Events and timers are looked at so often, however many files have more to read.
constexpr int64_t kRoundNs = 20 * kNsPerMs;
constexpr int kMaxLinks = 40;
constexpr size_t kMaxChain = 16;

void RaiseFileLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

std::string FolderOf(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : slash == 0 ? "/" : path.substr(0, slash);
}

uint64_t InodeKey(const io::FileState& state) {
  return state.identity.inode * 0x9E3779B97F4A7C15 + state.identity.device;
}

template <typename Map>
void EraseOne(Map* map, const typename Map::key_type& key, const typename Map::mapped_type& value) {
  auto [begin, end] = map->equal_range(key);
  for (auto it = begin; it != end; ++it) {
    if (it->second == value) {
      map->erase(it);
      return;
    }
  }
}

template <typename Map>
std::vector<typename Map::mapped_type> AllOf(const Map& map, const typename Map::key_type& key) {
  std::vector<typename Map::mapped_type> all;
  auto [begin, end] = map.equal_range(key);
  for (auto it = begin; it != end; ++it) all.push_back(it->second);
  return all;
}

}  // namespace

Follower::Follower(cli::Context& context, PathSet paths, TargetProvider provider,
                   RecordWriter& writer, bool poll)
    : context_(context),
      paths_(std::move(paths)),
      provider_(std::move(provider)),
      writer_(writer),
      block_(kBlockBytes),
      watcher_(!poll),
      polling_(poll) {
  RaiseFileLimit();
}

Result<bool> Follower::Run() {
  Start();
  while (!io::StopRequested() && !over_) {
    ReadRound();
    int64_t now = SteadyNs();
    if (ready_.empty() || now >= last_flush_ns_ + kFlushNs) {
      writer_.Flush();
      last_flush_ns_ = now;
    }
    GLP_RETURN_IF_ERROR(writer_.status());
    GLP_RETURN_IF_ERROR(Wait());
    OnTimers();
  }
  for (auto& [path, followed] : followed_) followed->Finish(writer_);
  return all_well_;
}

void Follower::Start() {
  for (const Found& found : paths_.Find()) {
    switch (found.kind) {
      case Found::Kind::kStdin:
        AddStdin(found.target);
        break;
      case Found::Kind::kNothing:
        context_.Say(found.path + ": no file matches yet; waiting");
        break;
      case Found::Kind::kUnreadable:
        break;  // said by the walk below
      case Found::Kind::kFile:
        Look(Add(found.path, found.named, found.target));
    }
  }
  LookAtAll();
  starting_ = false;
  over_ = IsOver();
}

// ------------------------------------------------------------------------------------ the paths

PathVisitor Follower::Visitor() {
  PathVisitor visitor;
  visitor.folder = [this](const std::string& folder) { WatchFolder(folder); };
  visitor.file = [this](const std::string& path, const std::shared_ptr<const Target>& target) {
    if (followed_.find(PlainPath(path)) == followed_.end()) Look(Add(path, false, target));
  };
  visitor.unreadable = [this](const std::string& folder, int error) {
    if (error != EMFILE && error != ENFILE && said_folders_.insert(folder).second) {
      context_.Say(IoError(folder.empty() ? "." : folder, error).message());
    }
  };
  return visitor;
}

void Follower::LookAtAll() {
  int64_t begin = SteadyNs();
  TakeNewTargets();
  paths_.Walk(Visitor());
  std::vector<FollowedPath*> all;
  all.reserve(followed_.size());
  for (auto& [path, followed] : followed_) all.push_back(followed.get());
  for (FollowedPath* followed : all) {
    Look(*followed);
    if (polling_) Queue(*followed);
  }
  int64_t end = SteadyNs();
  look_cost_ns_ = end - begin;
  next_look_ns_ = end + (polling_ ? std::max(kPollNs, 10 * look_cost_ns_)
                                  : std::max(kLookNs, 200 * look_cost_ns_));
}

// Files that the new list does not mean any more are read to their ends as if they were deleted.
void Follower::TakeNewTargets() {
  if (!provider_) return;
  auto targets = provider_();
  if (!targets) return;
  auto paths = PathSet::Make(std::move(*targets));
  if (!paths.ok()) {
    context_.Say(paths.status().message() + "; the targets stay as they were");
    return;
  }
  paths_ = std::move(*paths);
  for (auto& [path, followed] : followed_) {
    if (path.empty()) continue;
    std::shared_ptr<const Target> target = paths_.TargetOf(followed->path());
    followed->meant = target != nullptr;
    if (target != nullptr) {
      followed->SetTarget(std::move(target));
    } else {
      followed->RetireCurrent(SteadyNs());
      maybe_empty_.insert(path);
      Queue(*followed);
    }
  }
}

FollowedPath& Follower::Add(const std::string& path, bool named,
                            const std::shared_ptr<const Target>& target) {
  std::string key = PlainPath(path);
  auto& followed = followed_[key];
  if (followed == nullptr) {
    followed = std::make_unique<FollowedPath>(path, named, target);
    followed->names = {key};
    by_name_.emplace(key, followed.get());
  }
  return *followed;
}

void Follower::DropEmpty() {
  std::unordered_set<std::string> again;
  for (const std::string& path : maybe_empty_) {
    auto it = followed_.find(path);
    if (it == followed_.end() || it->second->current() != nullptr) continue;
    if (it->second->named() && it->second->meant) continue;
    if (!it->second->empty()) {
      again.insert(path);
      continue;
    }
    FollowedPath* followed = it->second.get();
    for (const std::string& name : followed->names) EraseOne(&by_name_, name, followed);
    if (followed->queued) std::erase(ready_, followed);
    timed_.erase(followed);
    followed_.erase(it);
  }
  maybe_empty_ = std::move(again);
}

void Follower::Look(FollowedPath& followed) {
  OpenFile* current = followed.current();
  if (followed.path().empty() || followed.given_up || !followed.meant) return;
  if (current != nullptr && current->file->is_pipe()) return;
  int error = 0;
  auto state = io::LookAtPath(followed.path(), &error);
  if (!state.ok()) {
    // Any other error, as of a folder that may not be searched for a while, says nothing of it.
    bool gone = error == ENOENT || error == ENOTDIR || error == ELOOP;
    if (gone && current != nullptr) {
      followed.RetireCurrent(SteadyNs());
      Queue(followed);
    }
    if (current == nullptr && followed.named() && !followed.said_missing) {
      followed.said_missing = true;
      context_.Say(state.status().message() + "; waiting for it");
    }
    if (!followed.named()) maybe_empty_.insert(PlainPath(followed.path()));
    return;
  }
  if (current != nullptr) {
    if (current->file->state().SameFile(*state)) return;
    followed.RetireCurrent(SteadyNs());
    Queue(followed);
  }
  Open(followed);
}

void Follower::Open(FollowedPath& followed) {
  int error = 0;
  auto file = SourceFile::Open(followed.path(), OptionsOf(followed.target()), !starting_,
                               followed.named(), &error);
  if (!file.ok()) {
    Cannot(followed, file.status(), error);
    if (!followed.named()) maybe_empty_.insert(PlainPath(followed.path()));
    return;
  }
  followed.said_missing = true;  // later it may be missing for a moment: that is rotation
  followed.said_error = false;
  OpenFile open;
  open.file = std::move(*file);
  if (!TakeFromOther(followed, &open)) {
    WatchFile(open);
    Know(followed, open);
  }
  if (open.file->is_pipe()) pipes_.push_back(&followed);
  followed.SetCurrent(std::move(open));
  FollowLinks(followed);
  Queue(followed);
}

// A file may come to a path by being renamed from another that is followed too, as with 'app.log*'.
// Then it is read on where it was, not again.
bool Follower::TakeFromOther(FollowedPath& followed, OpenFile* open) {
  const io::FileState state = open->file->state();
  for (FollowedPath* other : AllOf(by_inode_, InodeKey(state))) {
    if (other == &followed) continue;
    OpenFile* current = other->current();
    if (current != nullptr && current->file->state().SameFile(state)) Look(*other);
  }
  for (FollowedPath* other : AllOf(by_inode_, InodeKey(state))) {
    auto taken = other->TakeOld(state);
    if (!taken) continue;
    Forget(*other, *taken);
    Know(followed, *taken);
    other->predecessor = PlainPath(followed.path());
    other->predecessor_until_ns = SteadyNs() + kLingerNs;
    *open = std::move(*taken);
    return true;
  }
  return false;
}

void Follower::AddStdin(const std::shared_ptr<const Target>& target) {
  auto file = SourceFile::Stdin(OptionsOf(target));
  if (!file.ok()) {
    all_well_ = SayFileError(context_, file.status());
    return;
  }
  FollowedPath& followed = Add("", true, target);
  OpenFile open;
  open.file = std::move(*file);
  if (open.file->is_pipe()) {
    pipes_.push_back(&followed);
  } else {
    WatchFile(open);
  }
  Know(followed, open);
  followed.SetCurrent(std::move(open));
  Queue(followed);
}

// What is there cannot be opened; `error` 0: nor will it ever be.
void Follower::Cannot(FollowedPath& followed, const Status& status, int error) {
  if (error == ENOENT || followed.said_error) return;
  followed.said_error = true;
  if (error == EMFILE || error == ENFILE) {
    if (said_too_many_) return;
    said_too_many_ = true;
    context_.Say("no more than " + std::to_string(by_inode_.size()) +
                 " files can be open; those that wait are read when others are gone; raise the "
                 "hard limit of 'ulimit -n'");
    return;
  }
  context_.Say(status.message() + (error != 0 ? "; waiting for that to change" : ""));
  if (error == 0) {
    followed.given_up = true;
    all_well_ = false;
  }
}

// ------------------------------------------------------------------------------------- watching

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

// ------------------------------------------------------------------------------------- the loop

void Follower::Queue(FollowedPath& followed) {
  OpenFile* current = followed.current();
  // Reading a pipe may wait; only poll says when it is ready.
  if (followed.queued || (current != nullptr && current->file->is_pipe())) return;
  followed.queued = true;
  ready_.push_back(&followed);
}

void Follower::ReadRound() {
  int64_t until = SteadyNs() + kRoundNs;
  for (size_t n = ready_.size(); n > 0 && !io::StopRequested(); --n) {
    FollowedPath& followed = *ready_.front();
    ready_.pop_front();
    followed.queued = false;
    ReadOne(followed);
    if (!writer_.status().ok() || SteadyNs() >= until) break;
  }
}

void Follower::ReadOne(FollowedPath& followed) {
  // Files rotated from here on, from path to path, come first, the oldest before all.
  std::vector<FollowedPath*> chain = {&followed};
  while (chain.size() < kMaxChain && !chain.back()->predecessor.empty()) {
    FollowedPath& last = *chain.back();
    auto it = followed_.find(last.predecessor);
    if (it == followed_.end() || SteadyNs() >= last.predecessor_until_ns) {
      last.predecessor.clear();
    } else {
      chain.push_back(it->second.get());
    }
  }
  for (; !chain.empty(); chain.pop_back()) {
    if (Step(*chain.back())) return Queue(followed);
  }
}

// Whether there may be more to read right now.
bool Follower::Step(FollowedPath& followed) {
  std::vector<OpenFile> closed;
  auto progress = followed.Step(block_, writer_, SteadyNs(), &closed);
  for (const OpenFile& open : closed) {
    Forget(followed, open);
    if (open.watch >= 0) watcher_.Remove(open.watch);
  }
  if (!closed.empty() && !followed.named()) maybe_empty_.insert(PlainPath(followed.path()));
  if (!progress.ok() && !SayFileError(context_, progress.status())) all_well_ = false;
  if (followed.current() != nullptr && followed.current()->file->finished()) {
    std::erase(pipes_, &followed);
    over_ = IsOver();
  }
  if (followed.Deadline(SteadyNs()) != std::numeric_limits<int64_t>::max()) {
    timed_.insert(&followed);
  } else {
    timed_.erase(&followed);
  }
  return !progress.ok() || *progress == SourceFile::Progress::kMore;
}

void Follower::OnTimers() {
  int64_t now = SteadyNs();
  for (FollowedPath* followed : timed_) {
    if (now >= followed->Deadline(now)) Queue(*followed);
  }
  if (now >= next_look_ns_) LookAtAll();
  DropEmpty();
}

int Follower::WaitMs() const {
  if (!ready_.empty()) return 0;
  int64_t now = SteadyNs();
  int64_t deadline = next_look_ns_;
  for (const FollowedPath* followed : timed_) {
    deadline = std::min(deadline, followed->Deadline(now));
  }
  return static_cast<int>((std::max<int64_t>(deadline - now, 0) + kNsPerMs - 1) / kNsPerMs);
}

Status Follower::Wait() {
  std::vector<pollfd> fds = {{io::StopFd(), POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
  auto poll_them = [&fds](int timeout_ms) -> Status {
    poll(fds.data(), fds.size(), timeout_ms);
    if ((fds[1].revents & (POLLERR | POLLHUP)) == 0) return Status::Ok();
    return {Code::kClosed, "the reader of standard output is gone"};
  };
  if (ready_.empty()) {
    int64_t pause = last_round_ns_ + kPauseNs - SteadyNs();
    if (pause > kNsPerMs) GLP_RETURN_IF_ERROR(poll_them(static_cast<int>(pause / kNsPerMs)));
  }
  fds.push_back({watcher_.fd(), POLLIN, 0});  // poll skips negative descriptors
  for (FollowedPath* pipe : pipes_) fds.push_back({pipe->current()->file->fd(), POLLIN, 0});
  GLP_RETURN_IF_ERROR(poll_them(WaitMs()));
  last_round_ns_ = SteadyNs();
  if (fds[2].revents != 0) {
    Status status = watcher_.Read([this](const io::WatchEvent& event) { OnEvent(event); });
    if (!status.ok()) FallBack(status);
  }
  std::vector<FollowedPath*> readable;
  for (size_t i = 3; i < fds.size(); ++i) {
    if (fds[i].revents != 0) readable.push_back(pipes_[i - 3]);
  }
  for (FollowedPath* pipe : readable) ReadPipe(*pipe);
  return Status::Ok();
}

void Follower::ReadPipe(FollowedPath& followed) {
  int64_t until = SteadyNs() + kRoundNs;
  pollfd fd = {followed.current()->file->fd(), POLLIN, 0};
  do {
    ReadOne(followed);
    if (SteadyNs() >= until) {
      last_round_ns_ = 0;  // there is more: no pause
      return;
    }
  } while (!followed.current()->file->finished() && poll(&fd, 1, 0) > 0 && writer_.status().ok());
}

// Whether all that was named are pipes that ended or what can never be read.
bool Follower::IsOver() const {
  if (paths_.HasGlobs()) return false;
  return std::all_of(followed_.begin(), followed_.end(), [](const auto& entry) {
    const FollowedPath& followed = *entry.second;
    const OpenFile* current = followed.current();
    return followed.given_up ||
           (current != nullptr && current->file->is_pipe() && current->file->finished());
  });
}

}  // namespace glp::tail
