#include "missed.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <set>
#include <utility>

#include "base/time.h"
#include "file_bytes.h"
#include "io/compressed.h"
#include "io/file.h"
#include "io/glob.h"
#include "record/record.h"

namespace glp::tail {
namespace {

constexpr int kMaxLinks = 40;
constexpr int kMaxAttempts = 5;
// Some compressors give their file the time of the original in whole seconds.
constexpr int64_t kTimeSlackNs = 2 * kNsPerSecond;

bool IsYounger(const io::Generation& one, bool compressed, const Since& since) {
  const io::FileState& state = one.state;
  if (since.by_change) return state.modified_ns > since.modified_ns;
  if (since.birth_ns == 0) return false;
  if (state.birth_ns > 0 && state.birth_ns < since.birth_ns) return false;
  if (state.birth_ns > 0 && !compressed) return true;
  // A copy is younger than what is in it, but mostly keeps its time.
  return state.modified_ns + kTimeSlackNs >= std::max(since.birth_ns, since.modified_ns);
}

void Mention(const std::string& id, const std::string& path, uint64_t next, RecordWriter* writer) {
  if (writer == nullptr) return;
  std::string mark;
  AppendFileMark(&mark, id + "@0", path, next);
  AppendPosMark(&mark, id + "@" + std::to_string(next));
  writer->WriteMark(mark);
}

}  // namespace

MissedSearch::Standing MissedSearch::Judge(const io::Generation& one, const std::string& path,
                                           RecordWriter* mention) {
  if (current_ != nullptr && current_->SameFile(one.state)) return Standing::kCurrent;
  if (is_read_(one.state)) {
    return !at_start_ || known_.WasRead(one.state) ? Standing::kRead : Standing::kOpen;
  }
  auto fd = io::OpenRead(one.path);
  auto state = fd.ok() ? io::LookAtFd(fd->get(), one.path) : Result<io::FileState>(fd.status());
  if (!state.ok() || !state->SameFile(one.state)) {
    outdated_ = true;
    return Standing::kUnknowable;
  }
  auto head = ReadHead(fd->get(), io::kHeadBytes, one.path);
  if (!head.ok()) return Standing::kUnknowable;
  bool compressed = io::DetectCompression(*head) != io::Compression::kNone;
  if (one.name.compressed && !compressed) return Standing::kUnknowable;  // not written yet
  uint64_t log = LogKey(path);
  Recalled recalled;
  if (compressed) {
    auto result = known_.RecallCompressed(fd->get(), one.path, one.state, log);
    if (!result.ok()) return Standing::kUnknowable;
    recalled = *result;
  } else {
    recalled = known_.RecallPlain(one.state, *head, log, fd->get());
  }
  switch (recalled.kind) {
    case Recalled::Kind::kNew:
    case Recalled::Kind::kTruncated:
      return Standing::kNew;
    case Recalled::Kind::kOn:
      if (compressed || one.state.size_bytes > recalled.next) return Standing::kReadOn;
      Mention(recalled.id.ToString(), path, recalled.next, mention);
      return Standing::kDone;
    case Recalled::Kind::kDone:
      if (!recalled.is_unread()) {
        Mention(recalled.own.ToString(), one.path, recalled.text_bytes, mention);
      }
      return current_ != nullptr && recalled.reader != nullptr &&
                     current_->SameFile(recalled.reader->state())
                 ? Standing::kCurrent
                 : Standing::kDone;
  }
  return Standing::kNew;
}

void MissedSearch::FindBeside(const std::string& path, const std::string& place, const Since& since,
                              RecordWriter* mention, std::vector<io::Generation>* missed) {
  std::string folder = io::FolderOfPath(place);
  auto listed = folders_.find(folder);
  std::string log = io::ParseGenerationName(place).log;
  std::vector<io::Generation> all =
      io::FindGenerations(log, (listed == folders_.end() ? List(folder) : listed->second).names);
  std::vector<io::FileState> there;
  for (const io::Generation& one : all) there.push_back(one.state);
  known_.ForgetGone(LogKey(path), there);
  auto live = io::LookAtPath(place);
  std::vector<Standing> standing(all.size(), Standing::kNew);
  // Originals first: what is known of them says what copies are.
  for (bool compressed : {false, true}) {
    for (size_t i = 0; i < all.size(); ++i) {
      if (all[i].name.compressed != compressed) continue;
      bool is_live = live.ok() && live->SameFile(all[i].state);
      standing[i] = is_live ? Standing::kLive : Judge(all[i], path, mention);
    }
  }
  size_t younger = 0;  // than all that are known
  for (size_t i = 0; i < all.size(); ++i) {
    bool known = standing[i] == Standing::kRead || standing[i] == Standing::kReadOn ||
                 standing[i] == Standing::kDone;
    if (known && all[i].name.kind != io::GenerationName::Kind::kLive) younger = i + 1;
  }
  size_t older = 0;  // than all that are known, so many are
  while (older < all.size() && standing[older] != Standing::kRead &&
         standing[older] != Standing::kReadOn && standing[older] != Standing::kDone) {
    ++older;
  }
  bool is_log = log == place;  // else files of other names are no generations of it
  auto current = std::find(standing.begin(), standing.end(), Standing::kCurrent);
  size_t end = is_log ? static_cast<size_t>(current - standing.begin()) : all.size();
  for (size_t i = 0; i < end; ++i) {
    const io::Generation& one = all[i];
    // One between two that are known was seen by a run that died before it could say so.
    bool missed_it = standing[i] == Standing::kNew && is_log &&
                     one.name.kind != io::GenerationName::Kind::kLive &&
                     (i < younger ? i > older : IsYounger(one, one.name.compressed, since));
    // Of a file that is being compressed the original still stands in front of its copy.
    bool twin = i > 0 && one.name.compressed && !all[i - 1].name.compressed &&
                one.name.digits == all[i - 1].name.digits;
    if (standing[i] == Standing::kReadOn || (missed_it && !twin)) missed->push_back(one);
  }
  looked_.push_back({std::move(folder), std::move(log), std::move(all)});
}

const MissedSearch::Folder& MissedSearch::List(const std::string& folder) {
  Folder& listed = folders_[folder];
  listed.listed_ns = NowNs();
  auto state = io::LookAtPath(folder);
  listed.state = state.ok() ? std::optional(*state) : std::nullopt;
  auto names = io::ListFolder(folder);
  listed.names = names.ok() ? std::move(*names) : std::vector<std::string>();
  return listed;
}

// Whether there are other generations now than were looked at: then some may have been in the list
// under a name that they had no more, or not at all.
bool MissedSearch::IsOutdated(const Looked& looked) {
  const Folder& listed = folders_[looked.folder];
  if (listed.state && listed.state->modified_ns + kTickNs < listed.listed_ns) {
    auto now = io::LookAtPath(looked.folder);
    if (now.ok() && now->SameFile(*listed.state) && now->modified_ns == listed.state->modified_ns) {
      return false;
    }
  }
  const std::vector<io::Generation> now =
      io::FindGenerations(looked.log, List(looked.folder).names);
  return !std::equal(now.begin(), now.end(), looked.all.begin(), looked.all.end(),
                     [](const io::Generation& a, const io::Generation& b) {
                       return a.path == b.path && a.state.SameFile(b.state);
                     });
}

std::vector<std::unique_ptr<SourceFile>> MissedSearch::Open(const std::string& path,
                                                            const SourceFile::Options& options,
                                                            const Since& since,
                                                            const io::FileState* current,
                                                            RecordWriter* mention) {
  std::vector<std::unique_ptr<SourceFile>> files;
  current_ = current;
  at_start_ = mention != nullptr;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    files.clear();
    looked_.clear();
    outdated_ = false;
    for (const io::Generation& one : Find(path, since, attempt == 0 ? mention : nullptr)) {
      int error = 0;
      auto file = SourceFile::Open({path, one.path, options, true, false}, known_, &error);
      if (file.ok() && (*file)->state().SameFile(one.state)) {
        files.push_back(std::move(*file));
      } else if (file.ok() || error == ENOENT) {
        outdated_ = true;
      }
    }
    // What was opened stays; that nothing is missing is known when that is done.
    for (size_t i = 0; i < looked_.size() && !outdated_; ++i) outdated_ = IsOutdated(looked_[i]);
    if (!outdated_) break;
    folders_.clear();
  }
  return files;
}

std::vector<io::Generation> MissedSearch::Find(const std::string& path, const Since& since,
                                               RecordWriter* mention) {
  std::vector<io::Generation> missed;
  std::string place = path;
  for (int i = 0; i < kMaxLinks; ++i) {
    FindBeside(path, place, since, mention, &missed);
    char target[PATH_MAX];
    ssize_t size = readlink(place.c_str(), target, sizeof target);
    if (size <= 0 || size == sizeof target) break;
    std::string text(target, static_cast<size_t>(size));
    std::string folder = io::FolderOfPath(place);
    place = text[0] == '/' ? text : io::JoinPath(folder == "." ? "" : folder, text);
  }
  return missed;
}

std::vector<ToSearch> SurveyStart(KnownFiles& known, const std::vector<Found>& found) {
  std::vector<ToSearch> to_search;
  if (!known.has_positions()) return to_search;
  for (const Found& one : found) {
    if (one.kind != Found::Kind::kFile) continue;
    auto state = io::LookAtPath(one.path);
    if (!state.ok() || state->kind != io::FileKind::kRegular) continue;
    uint64_t log = LogKey(one.path);
    bool is_new = true;
    if (known.MayKnow(*state, log)) {
      auto fd = io::OpenRead(one.path);
      auto head = fd.ok() ? ReadHead(fd->get(), io::kHeadBytes, one.path)
                          : Result<std::string>(fd.status());
      is_new = !head.ok() ||
               known.RecallPlain(*state, *head, log, fd->get()).kind == Recalled::Kind::kNew;
    }
    if (is_new && !known.KnowsLog(log)) {
      if (state->birth_ns > known.last_seen_ns()) {
        to_search.push_back({one.path, one.target, {0, known.last_seen_ns(), true}});
      } else {
        to_search.push_back({one.path, one.target, {state->birth_ns, 0}, *state});
      }
    }
  }
  return to_search;
}

void AddNotFound(KnownFiles& known, const PathSet& paths, const std::vector<Found>& found,
                 std::vector<ToSearch>* to_search) {
  if (!known.has_positions()) return;
  std::set<std::string> seen;
  for (const ToSearch& one : *to_search) seen.insert(PlainPath(one.path));
  auto add = [&](const std::string& path, std::shared_ptr<const Target> target, Since since) {
    if (target != nullptr && seen.insert(PlainPath(path)).second) {
      to_search->push_back({path, std::move(target), since});
    }
  };
  std::vector<io::FileState> there;
  for (const Found& one : found) {
    auto state = io::LookAtPath(one.path);
    if (state.ok()) there.push_back(*state);
  }
  known.ForgetGone({}, there);
  int64_t now_ns = NowNs();
  for (KnownFile* one : known.NotFound()) {
    std::string log = io::ParseGenerationName(one->path).log;
    Since since{known.LatestBirthNs(one->log, now_ns), 0};
    if (auto target = paths.TargetOf(log)) {
      add(log, std::move(target), since);
    } else {
      add(one->path, paths.TargetOf(one->path), since);
    }
  }
}

}  // namespace glp::tail
