// How the follower begins: with what is there, from where it was read to before; and how it finds
// files that were rotated away before it saw them.
#include <unistd.h>

#include <climits>

#include "follower.h"
#include "follower_index.h"

namespace glp::tail {
namespace {

const io::FileState* CurrentState(const FollowedPath& followed) {
  const OpenFile* current = followed.current();
  return current == nullptr ? nullptr : &current->file->state();
}

}  // namespace

void Follower::Start() {
  started_ns_ = NowNs() - kTickNs;
  std::vector<Found> all = paths_.Find();
  std::vector<ToSearch> to_search = SurveyStart(known_, all);
  for (const Found& found : all) {
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
  AddNotFound(known_, paths_, all, &to_search);
  ReadInOrder(all);
  // Before it is seen what was rotated since: what is missing is older than what is open.
  SearchAtStart(to_search);
  starting_ = false;
  LookAtAll();
  SearchMissed();
  over_ = IsOver();
}

// Generations of one log wait for those before them.
void Follower::ReadInOrder(const std::vector<Found>& found) {
  const Found* older = nullptr;
  for (const Found& one : found) {
    if (one.kind != Found::Kind::kFile || one.named) continue;
    if (older != nullptr && LogKey(older->path) == LogKey(one.path)) {
      auto it = followed_.find(PlainPath(one.path));
      if (it != followed_.end()) {
        it->second->predecessor = PlainPath(older->path);
        it->second->predecessor_until_ns = INT64_MAX;
        it->second->predecessor_until_end = true;
      }
    }
    older = &one;
  }
}

bool Follower::IsRead(const io::FileState& state) const {
  for (FollowedPath* followed : AllOf(by_inode_, InodeKey(state))) {
    if (followed->Has(state)) return true;
  }
  return false;
}

void Follower::SearchAtStart(const std::vector<ToSearch>& to_search) {
  MissedSearch search(known_, [this](const io::FileState& state) { return IsRead(state); });
  for (const ToSearch& one : to_search) {
    auto it = followed_.find(PlainPath(one.path));
    const io::FileState* current = it == followed_.end() ? nullptr : CurrentState(*it->second);
    if (one.unless && current != nullptr && current->SameFile(*one.unless)) continue;
    auto files = search.Open(one.path, OptionsOf(one.target), one.since, current, &writer_);
    if (!files.empty()) AddMissed(Add(one.path, false, one.target), std::move(files));
  }
}

// A file that was put in the place of another may have had others there before it.
void Follower::SearchMissed() {
  if (to_search_.empty()) return;
  MissedSearch search(known_, [this](const io::FileState& state) { return IsRead(state); });
  for (FollowedPath* followed : std::exchange(to_search_, {})) {
    Since since = followed->since;
    if (since.birth_ns == 0) since = {started_ns_, 0};
    AddMissed(*followed, search.Open(followed->path(), OptionsOf(followed->target()), since,
                                     CurrentState(*followed), nullptr));
  }
}

// Whether the file that stood at the path before is the one right behind it now.
bool Follower::WasRotatedOnce(const FollowedPath& followed) const {
  const OpenFile* old = followed.last_old();
  if (old == nullptr || old->file->fd() < 0) return false;
  char target[PATH_MAX];
  std::string link = "/proc/self/fd/" + std::to_string(old->file->fd());
  ssize_t size = readlink(link.c_str(), target, sizeof target);
  if (size <= 0 || size == sizeof target) return false;
  std::string_view name(target, static_cast<size_t>(size));
  std::string wanted = "/" + followed.path().substr(followed.path().rfind('/') + 1) + ".1";
  return name.size() > wanted.size() && name.substr(name.size() - wanted.size()) == wanted;
}

void Follower::AddMissed(FollowedPath& followed, std::vector<std::unique_ptr<SourceFile>> files) {
  for (auto& file : files) {
    OpenFile open;
    open.file = std::move(file);
    open.changed_ns = SteadyNs();
    WatchFile(open);
    Know(followed, open);
    followed.AddOld(std::move(open));
    Queue(followed);
  }
}

}  // namespace glp::tail
