#include "io/faulty_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace glp::io {
namespace {

// No descriptor of the kernel's is that high: a call that goes past the seam fails.
constexpr int kFirstFd = 1 << 24;
// Disks write so many bytes whole or not at all.
constexpr uint64_t kSector = 512;
constexpr int64_t kNsPerSecond = 1'000'000'000;

int Fail(int error) {
  errno = error;
  return -1;
}

}  // namespace

FaultyFiles::FaultyFiles() : next_fd_(kFirstFd) {
  root_ = NewNode(/*is_folder=*/true);
  SetFileSystem(this);
}
FaultyFiles::~FaultyFiles() { SetFileSystem(nullptr); }

void FaultyFiles::Count(unsigned kinds) {
  std::lock_guard lock(mutex_);
  kinds_ = kinds;
  calls_ = 0;
  fail_first_ = cut_at_ = UINT64_MAX;
}
uint64_t FaultyFiles::calls() const {
  std::lock_guard lock(mutex_);
  return calls_;
}
void FaultyFiles::FailAt(uint64_t first, int error, uint64_t count) {
  std::lock_guard lock(mutex_);
  fail_first_ = first;
  fail_count_ = count;
  fail_error_ = error;
}
void FaultyFiles::CutPowerAt(uint64_t first, uint32_t seed) {
  std::lock_guard lock(mutex_);
  cut_at_ = first;
  random_.seed(seed);
}
void FaultyFiles::SetRoom(uint64_t bytes) {
  std::lock_guard lock(mutex_);
  room_ = bytes;
}
uint64_t FaultyFiles::used_bytes() const {
  std::lock_guard lock(mutex_);
  return BytesBelow(*root_);
}
size_t FaultyFiles::pending() const {
  std::lock_guard lock(mutex_);
  return PendingBelow(*root_);
}

void FaultyFiles::Crash(Keep keep, uint32_t seed) {
  std::lock_guard lock(mutex_);
  random_.seed(seed);
  open_.clear();
  Settle(root_.get(), keep);
  fail_first_ = cut_at_ = UINT64_MAX;
  is_off_ = false;
  calls_ = 0;
}

void FaultyFiles::Settle(Node* node, Keep keep) {
  node->locked_by = -1;
  bool all = keep == Keep::kAll;
  for (const NameChange& change : node->name_changes) {
    if (all || (keep == Keep::kSome && Chance())) Apply(change, &node->durable_names);
  }
  for (const DataChange& change : node->changes) {
    if (all) {
      Apply(change, &node->durable);
    } else if (keep == Keep::kSome && Chance()) {
      ApplyPart(change, &node->durable);
    }
  }
  node->name_changes.clear();
  node->changes.clear();
  node->data = node->durable;
  node->names = node->durable_names;
  for (auto& [name, child] : node->names) Settle(child.get(), keep);
}

bool FaultyFiles::Serves(const char* path) {
  std::string_view text = path;
  std::string base = root();
  return text == base || text.starts_with(base + "/");
}

FaultyFiles::Verdict FaultyFiles::Judge(Kind kind) {
  if (is_off_) {
    errno = EIO;
    return Verdict::kFail;
  }
  if ((kinds_ & kind) == 0) return Verdict::kDo;
  uint64_t call = calls_++;
  if (call >= cut_at_) {
    is_off_ = true;
    errno = EIO;
    return Verdict::kLastBreath;
  }
  if (call < fail_first_ || call - fail_first_ >= fail_count_) return Verdict::kDo;
  errno = fail_error_;
  return Verdict::kFail;
}

FaultyFiles::NodePtr FaultyFiles::Find(const std::string& path) const {
  NodePtr node = root_;
  std::string_view rest = std::string_view(path).substr(root().size());
  while (node != nullptr && !rest.empty()) {
    rest.remove_prefix(1);
    size_t end = std::min(rest.find('/'), rest.size());
    if (end > 0) {
      auto found = node->names.find(std::string(rest.substr(0, end)));
      node = found == node->names.end() ? nullptr : found->second;
    }
    rest.remove_prefix(end);
  }
  return node;
}

FaultyFiles::NodePtr FaultyFiles::FolderOf(const std::string& path, std::string* name) const {
  size_t slash = path.rfind('/');
  *name = path.substr(slash + 1);
  if (slash < root().size() || name->empty()) return nullptr;
  NodePtr folder = Find(path.substr(0, slash));
  return folder != nullptr && folder->is_folder ? folder : nullptr;
}

FaultyFiles::NodePtr FaultyFiles::NewNode(bool is_folder) {
  auto node = std::make_shared<Node>();
  node->is_folder = is_folder;
  node->number = next_number_++;
  node->modified_ns = clock_ns_++;
  return node;
}

FaultyFiles::OpenFile* FaultyFiles::Opened(int fd) {
  auto found = open_.find(fd);
  return found == open_.end() ? nullptr : &found->second;
}

void FaultyFiles::Apply(const DataChange& change, std::string* data) {
  if (change.is_cut) {
    data->resize(change.offset);
    return;
  }
  if (data->size() < change.offset + change.bytes.size()) {
    data->resize(change.offset + change.bytes.size());
  }
  std::copy(change.bytes.begin(), change.bytes.end(),
            data->begin() + static_cast<ptrdiff_t>(change.offset));
}

// Cut off at any byte, or without some sectors, which stay as they are.
void FaultyFiles::ApplyPart(const DataChange& change, std::string* data) {
  uint64_t size = change.bytes.size();
  if (change.is_cut || size == 0 || Chance()) return Apply(change, data);
  if (Chance()) {
    uint64_t kept = random_() % size;
    return Apply({change.offset, change.bytes.substr(0, kept)}, data);
  }
  for (uint64_t at = 0; at < size;) {
    uint64_t end = std::min(size, at + kSector - (change.offset + at) % kSector);
    if (Chance()) Apply({change.offset + at, change.bytes.substr(at, end - at)}, data);
    at = end;
  }
}

void FaultyFiles::Apply(const NameChange& change, Names* names) {
  if (!change.from.empty()) {
    auto found = names->find(change.from);
    // Under this name another file may have come to stand where changes before were lost.
    if (found != names->end() && found->second == change.node) names->erase(found);
  }
  if (!change.to.empty()) (*names)[change.to] = change.node;
}

void FaultyFiles::Change(Node* node, DataChange change) {
  Apply(change, &node->data);
  node->changes.push_back(std::move(change));
  node->modified_ns = clock_ns_++;
}

void FaultyFiles::Rename(Node* folder, NameChange change) {
  Apply(change, &folder->names);
  folder->name_changes.push_back(std::move(change));
  folder->modified_ns = clock_ns_++;
}

uint64_t FaultyFiles::BytesBelow(const Node& node) {
  uint64_t bytes = node.data.size();
  for (const auto& [name, child] : node.names) bytes += BytesBelow(*child);
  return bytes;
}

size_t FaultyFiles::PendingBelow(const Node& node) {
  size_t count = node.changes.size() + node.name_changes.size();
  for (const auto& [name, child] : node.names) count += PendingBelow(*child);
  return count;
}

int FaultyFiles::Open(const char* path, int flags, unsigned mode) {
  if (!Serves(path)) return FileSystem::Open(path, flags, mode);
  std::lock_guard lock(mutex_);
  Verdict verdict = Judge(kOpen);
  if (verdict == Verdict::kFail) return -1;
  std::string name;
  NodePtr node = Find(path);
  if (node == nullptr) {
    NodePtr folder = FolderOf(path, &name);
    if ((flags & O_CREAT) == 0 || folder == nullptr) return Fail(ENOENT);
    if (BytesBelow(*root_) >= room_) return Fail(ENOSPC);
    node = NewNode(/*is_folder=*/false);
    Rename(folder.get(), {"", name, node});
  } else if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) {
    return Fail(EEXIST);
  } else if (node->is_folder && (flags & O_ACCMODE) != O_RDONLY) {
    return Fail(EISDIR);
  } else if (!node->is_folder && (flags & O_DIRECTORY) != 0) {
    return Fail(ENOTDIR);
  } else if ((flags & O_TRUNC) != 0 && !node->data.empty()) {
    Change(node.get(), {0, "", /*is_cut=*/true});
  }
  if (verdict == Verdict::kLastBreath) return Fail(EIO);
  open_[next_fd_] = {node, 0, (flags & O_APPEND) != 0};
  return next_fd_++;
}

int FaultyFiles::Close(int fd) {
  // Of before a crash, too.
  if (fd < kFirstFd) return FileSystem::Close(fd);
  std::lock_guard lock(mutex_);
  OpenFile* file = Opened(fd);
  if (file == nullptr) return Fail(EBADF);
  if (file->node->locked_by == fd) file->node->locked_by = -1;
  open_.erase(fd);
  return 0;
}

ssize_t FaultyFiles::Read(int fd, char* out, size_t size) {
  if (fd < kFirstFd) return FileSystem::Read(fd, out, size);
  uint64_t at;
  {
    std::lock_guard lock(mutex_);
    OpenFile* file = Opened(fd);
    if (file == nullptr) return Fail(EBADF);
    at = file->at;
  }
  ssize_t n = Pread(fd, out, size, at);
  std::lock_guard lock(mutex_);
  if (n > 0) Opened(fd)->at += static_cast<uint64_t>(n);
  return n;
}

ssize_t FaultyFiles::Pread(int fd, char* out, size_t size, uint64_t offset) {
  if (fd < kFirstFd) return FileSystem::Pread(fd, out, size, offset);
  std::lock_guard lock(mutex_);
  if (Judge(kRead) != Verdict::kDo) return Fail(errno);
  OpenFile* file = Opened(fd);
  if (file == nullptr) return Fail(EBADF);
  const std::string& data = file->node->data;
  if (offset >= data.size()) return 0;
  size = std::min<uint64_t>(size, data.size() - offset);
  std::memcpy(out, data.data() + offset, size);
  return static_cast<ssize_t>(size);
}

ssize_t FaultyFiles::Write(int fd, const char* bytes, size_t size) {
  if (fd < kFirstFd) return FileSystem::Write(fd, bytes, size);
  std::lock_guard lock(mutex_);
  Verdict verdict = Judge(kWrite);
  int error = errno;
  if (verdict == Verdict::kFail && is_off_) return -1;
  OpenFile* file = Opened(fd);
  if (file == nullptr) return Fail(EBADF);
  if (verdict == Verdict::kFail) size /= 2;
  if (verdict == Verdict::kLastBreath) size = random_() % (size + 1);
  uint64_t used = BytesBelow(*root_);
  uint64_t room = room_ - std::min(room_, used);
  if (file->append) file->at = file->node->data.size();
  // What lies within the file needs no room.
  uint64_t within = file->node->data.size() - std::min(file->node->data.size(), file->at);
  if (size > within && size - within > room) {
    if (within + room == 0) return Fail(ENOSPC);
    size = within + room;
  }
  if (size > 0) Change(file->node.get(), {file->at, std::string(bytes, size)});
  if (verdict == Verdict::kFail) return Fail(error);
  if (verdict == Verdict::kLastBreath) return Fail(EIO);
  file->at += size;
  return static_cast<ssize_t>(size);
}

int FaultyFiles::Ftruncate(int fd, uint64_t size) {
  if (fd < kFirstFd) return FileSystem::Ftruncate(fd, size);
  std::lock_guard lock(mutex_);
  Verdict verdict = Judge(kTruncate);
  if (verdict == Verdict::kFail) return -1;
  OpenFile* file = Opened(fd);
  if (file == nullptr) return Fail(EBADF);
  if (file->node->data.size() != size) Change(file->node.get(), {size, "", /*is_cut=*/true});
  return verdict == Verdict::kLastBreath ? Fail(EIO) : 0;
}

int FaultyFiles::SeekToEnd(int fd) {
  if (fd < kFirstFd) return FileSystem::SeekToEnd(fd);
  std::lock_guard lock(mutex_);
  OpenFile* file = Opened(fd);
  if (file == nullptr) return Fail(EBADF);
  file->at = file->node->data.size();
  return 0;
}

int FaultyFiles::Fsync(int fd) {
  if (fd < kFirstFd) return FileSystem::Fsync(fd);
  std::lock_guard lock(mutex_);
  Verdict verdict = Judge(kFsync);
  int error = errno;
  if (verdict == Verdict::kFail && is_off_) return -1;
  OpenFile* file = Opened(fd);
  if (file == nullptr) return Fail(EBADF);
  Node* node = file->node.get();
  if (verdict == Verdict::kFail) {
    // Pages that could not be written are clean from then on and no further fsync is about them;
    // the disk has some of them.
    for (DataChange& change : node->changes) {
      if (Chance()) Apply(change, &node->durable);
    }
    node->changes.clear();
    return Fail(error);
  }
  if (verdict == Verdict::kLastBreath && Chance()) return Fail(EIO);
  for (const NameChange& change : node->name_changes) Apply(change, &node->durable_names);
  for (const DataChange& change : node->changes) Apply(change, &node->durable);
  node->name_changes.clear();
  node->changes.clear();
  return verdict == Verdict::kLastBreath ? Fail(EIO) : 0;
}

int FaultyFiles::Statx(int fd, const char* path, int flags, unsigned mask, struct statx* out) {
  bool by_fd = (flags & AT_EMPTY_PATH) != 0 && path[0] == '\0';
  if (by_fd ? fd < kFirstFd : !Serves(path)) return FileSystem::Statx(fd, path, flags, mask, out);
  std::lock_guard lock(mutex_);
  if (Judge(kLook) != Verdict::kDo) return Fail(errno);
  OpenFile* file = by_fd ? Opened(fd) : nullptr;
  if (by_fd && file == nullptr) return Fail(EBADF);
  NodePtr node = by_fd ? file->node : Find(path);
  if (node == nullptr) return Fail(ENOENT);
  *out = {};
  out->stx_mask = STATX_BASIC_STATS;
  out->stx_mode = node->is_folder ? S_IFDIR | 0755 : S_IFREG | 0644;
  out->stx_ino = node->number;
  out->stx_size = node->data.size();
  out->stx_nlink = 1;
  out->stx_mtime.tv_sec = node->modified_ns / kNsPerSecond;
  out->stx_mtime.tv_nsec = static_cast<uint32_t>(node->modified_ns % kNsPerSecond);
  return 0;
}

int FaultyFiles::Rename(const char* from, const char* to) {
  return Serves(from) ? AddName(from, to, /*keep_old=*/false) : FileSystem::Rename(from, to);
}
int FaultyFiles::Link(const char* from, const char* to) {
  return Serves(from) ? AddName(from, to, /*keep_old=*/true) : FileSystem::Link(from, to);
}

int FaultyFiles::AddName(const char* from, const char* to, bool keep_old) {
  std::lock_guard lock(mutex_);
  Verdict verdict = Judge(kRename);
  if (verdict == Verdict::kFail) return -1;
  NodePtr node = Find(from);
  std::string old_name, new_name;
  NodePtr folder = FolderOf(from, &old_name);
  if (node == nullptr || folder == nullptr) return Fail(ENOENT);
  if (folder != FolderOf(to, &new_name)) return Fail(EXDEV);
  if (keep_old && Find(to) != nullptr) return Fail(EEXIST);
  Rename(folder.get(), {keep_old ? "" : old_name, new_name, node});
  return verdict == Verdict::kLastBreath ? Fail(EIO) : 0;
}

int FaultyFiles::Unlink(const char* path) {
  return Serves(path) ? Remove(path, /*is_folder=*/false) : FileSystem::Unlink(path);
}
int FaultyFiles::Rmdir(const char* path) {
  return Serves(path) ? Remove(path, /*is_folder=*/true) : FileSystem::Rmdir(path);
}

int FaultyFiles::Remove(const char* path, bool is_folder) {
  std::lock_guard lock(mutex_);
  Verdict verdict = Judge(kUnlink);
  if (verdict == Verdict::kFail) return -1;
  NodePtr node = Find(path);
  std::string name;
  NodePtr folder = FolderOf(path, &name);
  if (node == nullptr || folder == nullptr) return Fail(ENOENT);
  if (node->is_folder != is_folder) return Fail(is_folder ? ENOTDIR : EISDIR);
  if (!node->names.empty()) return Fail(ENOTEMPTY);
  Rename(folder.get(), {name, "", node});
  return verdict == Verdict::kLastBreath ? Fail(EIO) : 0;
}

int FaultyFiles::Mkdir(const char* path, unsigned mode) {
  if (!Serves(path)) return FileSystem::Mkdir(path, mode);
  std::lock_guard lock(mutex_);
  if (Find(path) != nullptr) return Fail(EEXIST);
  Verdict verdict = Judge(kMkdir);
  if (verdict == Verdict::kFail) return -1;
  std::string name;
  NodePtr folder = FolderOf(path, &name);
  if (folder == nullptr) return Fail(ENOENT);
  Rename(folder.get(), {"", name, NewNode(/*is_folder=*/true)});
  return verdict == Verdict::kLastBreath ? Fail(EIO) : 0;
}

int FaultyFiles::Utimens(const char* path, const struct timespec times[2]) {
  if (!Serves(path)) return FileSystem::Utimens(path, times);
  std::lock_guard lock(mutex_);
  Verdict verdict = Judge(kLook);
  if (verdict == Verdict::kFail) return -1;
  NodePtr node = Find(path);
  if (node == nullptr) return Fail(ENOENT);
  node->modified_ns = times[1].tv_sec * kNsPerSecond + times[1].tv_nsec;
  return verdict == Verdict::kLastBreath ? Fail(EIO) : 0;
}

int FaultyFiles::List(const char* folder, std::vector<std::string>* names) {
  if (!Serves(folder)) return FileSystem::List(folder, names);
  std::lock_guard lock(mutex_);
  if (Judge(kList) != Verdict::kDo) return Fail(errno);
  NodePtr node = Find(folder);
  if (node == nullptr) return Fail(ENOENT);
  if (!node->is_folder) return Fail(ENOTDIR);
  for (const auto& [name, child] : node->names) names->push_back(name);
  return 0;
}

int FaultyFiles::LockExclusively(int fd) {
  if (fd < kFirstFd) return FileSystem::LockExclusively(fd);
  std::lock_guard lock(mutex_);
  OpenFile* file = Opened(fd);
  if (file == nullptr) return Fail(EBADF);
  int& holder = file->node->locked_by;
  if (holder >= 0 && holder != fd) return Fail(EWOULDBLOCK);
  holder = fd;
  return 0;
}

}  // namespace glp::io
