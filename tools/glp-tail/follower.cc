#include "follower.h"

#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <limits>

#include "batch.h"
#include "follower_index.h"
#include "io/stop.h"

namespace glp::tail {
namespace {

constexpr size_t kBlockBytes = 256 << 10;
constexpr int64_t kLookNs = 10 * kNsPerSecond;
// A look that took longer was held up (the process was stopped, the machine too busy): that must
// not put off the next one for minutes.
constexpr int64_t kMaxLookCostNs = kLookNs / 10;
// Nothing read is held back longer.
constexpr int64_t kFlushNs = 40 * kNsPerMs;
// A writer that writes line by line must not make us go round for each.
constexpr int64_t kPauseNs = 5 * kNsPerMs;
// Events and timers are looked at so often, however many files have more to read.
constexpr int64_t kRoundNs = 20 * kNsPerMs;
constexpr size_t kMaxChain = 1000;
// Files that wait for others to be read are looked at so often.
constexpr int64_t kHeldBackNs = 50 * kNsPerMs;
// Descriptors given back at once when there are no more.
constexpr size_t kParkAtOnce = 256;

void RaiseFileLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

}  // namespace

Follower::Follower(cli::Context& context, PathSet paths, TargetProvider provider, KnownFiles& known,
                   RecordWriter& writer, bool poll)
    : context_(context),
      paths_(std::move(paths)),
      provider_(std::move(provider)),
      known_(known),
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
  for (auto& [path, followed] : followed_) followed->Finish(writer_, known_.expects_positions());
  return all_well_;
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
    if (polling_ && followed->last_old() != nullptr) Queue(*followed);
  }
  int64_t end = SteadyNs();
  look_cost_ns_ = std::min(end - begin, kMaxLookCostNs);
  next_look_ns_ = end + (polling_ ? std::max(kPollNs, 10 * look_cost_ns_)
                                  : std::max(kLookNs, 400 * look_cost_ns_));
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
      Retire(*followed);
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
    held_back_.erase(followed);
    std::erase(to_search_, followed);
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
      Retire(followed);
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
    const io::FileState& known = current->file->state();
    if (known.SameFile(*state)) {
      bool as_it_was = state->size_bytes == known.size_bytes &&
                       state->modified_ns == known.modified_ns &&
                       state->size_bytes <= current->file->offset();
      if (as_it_was || current->file->finished()) return;
      current->file->NoteWritten();
      return Queue(followed);
    }
    Retire(followed);
    Queue(followed);
  }
  Open(followed);
}

// What was missed before the current file is to be read before it.
void Follower::Retire(FollowedPath& followed) {
  if (std::find(to_search_.begin(), to_search_.end(), &followed) != to_search_.end()) {
    SearchMissed();
  }
  followed.RetireCurrent(SteadyNs());
}

void Follower::Open(FollowedPath& followed) {
  int error = 0;
  SourceRequest request{
      followed.path(), {}, OptionsOf(followed.target()), !starting_, followed.named()};
  auto file = SourceFile::Open(request, known_, &error);
  if (!file.ok() && (error == EMFILE || error == ENFILE) && ParkIdle()) {
    file = SourceFile::Open(request, known_, &error);
  }
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
    const bool is_first = starting_ && followed.last_old() == nullptr;
    if (!is_first && !open.file->is_pipe() && !WasRotatedOnce(followed)) {
      to_search_.push_back(&followed);
    }
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
  auto file = SourceFile::Stdin(OptionsOf(target), known_);
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

// Gives back the descriptors of files that were not written for the longest time.
bool Follower::ParkIdle() {
  std::vector<FollowedPath*> idle;
  for (auto& [path, followed] : followed_) {
    OpenFile* current = followed->current();
    if (current != nullptr && current->file->fd() >= 0 && !current->file->is_pipe()) {
      idle.push_back(followed.get());
    }
  }
  size_t n = std::min(idle.size(), kParkAtOnce);
  std::partial_sort(idle.begin(), idle.begin() + static_cast<ptrdiff_t>(n), idle.end(),
                    [](const FollowedPath* a, const FollowedPath* b) {
                      return a->queued != b->queued ? b->queued : a->read_ns < b->read_ns;
                    });
  bool parked = false;
  for (size_t i = 0; i < n; ++i) parked |= idle[i]->current()->file->Park();
  return parked;
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
    if (chain.size() == 1) return;
    FollowedPath& younger = *chain[chain.size() - 2];
    if (!younger.predecessor_until_end) continue;
    if (chain.back()->WaitsForFile()) {
      held_back_.insert(&followed);
      return;
    }
    younger.predecessor.clear();
    younger.predecessor_until_end = false;
  }
}

// Whether there may be more to read right now.
bool Follower::Step(FollowedPath& followed) {
  std::vector<OpenFile> closed;
  Status unparked = followed.Unpark(writer_);
  if (unparked.code() == Code::kLimit && ParkIdle()) unparked = followed.Unpark(writer_);
  if (unparked.code() == Code::kLimit) return true;
  followed.read_ns = SteadyNs();
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
  if (!held_back_.empty() && now >= next_held_back_ns_) {
    next_held_back_ns_ = now + kHeldBackNs;
    for (FollowedPath* followed : std::exchange(held_back_, {})) Queue(*followed);
  }
  if (now >= next_look_ns_) {
    LookAtAll();
    if (ready_.empty()) known_.EndOfStart();
  }
  SearchMissed();
  DropEmpty();
}

int Follower::WaitMs() const {
  if (!ready_.empty()) return 0;
  int64_t now = SteadyNs();
  int64_t deadline = next_look_ns_;
  if (!held_back_.empty()) deadline = std::min(deadline, next_held_back_ns_);
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
