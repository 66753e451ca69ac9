// A file system in memory for tests of crash safety: it fails at a chosen call, has no more room
// than it is told, and after a crash it has forgotten what was not made durable.
//
// It serves the paths below root(); all others, and descriptors that are not its own, are the
// kernel's. What survives a crash: bytes and sizes of a file as of its last fsync, names as of the
// last fsync of their folder; of what came later nothing, all, or any part. As on real disks:
//   - pending writes of a file are kept or lost one by one, or up to any byte, or by sectors;
//   - pending changes of names (made, renamed, removed) are kept or lost one by one, each whole;
//   - a file may have its name and no bytes, or its size and zeros for bytes;
//   - times are always kept;
//   - after an fsync that failed, later ones do not make durable what it should have.
// Threads: safe from any, but SetFileSystem's rule holds for making and destroying it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "io/file_system.h"

namespace glp::io {

class FaultyFiles : public FileSystem {
 public:
  // Stands in for the kernel's from here on until it is gone.
  FaultyFiles();
  ~FaultyFiles() override;
  static std::string root() { return "/faulty"; }

  // Calls to be counted and failed.
  enum Kind : unsigned {
    kOpen = 1,
    kWrite = 2,
    kTruncate = 4,
    kFsync = 8,
    kRename = 16,
    kUnlink = 32,
    kMkdir = 64,
    kRead = 128,
    kList = 256,
    kLook = 512,  // sizes and times
    kChanges = kWrite | kTruncate | kFsync | kRename | kUnlink | kMkdir,
    kAny = 1023,
  };
  // Counts calls of these kinds from 0 on; what was to fail does not any more.
  void Count(unsigned kinds);
  uint64_t calls() const;
  // The counted calls from number `first` on, `count` of them, fail with `error`. A write that
  // fails has written half of its bytes.
  void FailAt(uint64_t first, int error, uint64_t count = 1);
  // The counted call `first` is done in part, not at all or whole, and says EIO, as does every call
  // behind it, counted or not; till Crash.
  void CutPowerAt(uint64_t first, uint32_t seed);
  // Bytes of all files together; further ones are ENOSPC.
  void SetRoom(uint64_t bytes);
  uint64_t used_bytes() const;

  enum class Keep { kNothing, kAll, kSome };
  // Loses what is not durable, but for what is kept of it; `seed`: which part. Descriptors and
  // locks are gone; nothing fails any more.
  void Crash(Keep keep, uint32_t seed = 0);
  // What was done to names and bytes and is not durable yet, calls.
  size_t pending() const;

  int Open(const char* path, int flags, unsigned mode) override;
  int Close(int fd) override;
  ssize_t Read(int fd, char* out, size_t size) override;
  ssize_t Pread(int fd, char* out, size_t size, uint64_t offset) override;
  ssize_t Write(int fd, const char* bytes, size_t size) override;
  int Ftruncate(int fd, uint64_t size) override;
  int SeekToEnd(int fd) override;
  int Fsync(int fd) override;
  int Statx(int fd, const char* path, int flags, unsigned mask, struct statx* out) override;
  int Rename(const char* from, const char* to) override;
  int Link(const char* from, const char* to) override;
  int Unlink(const char* path) override;
  int Mkdir(const char* path, unsigned mode) override;
  int Rmdir(const char* path) override;
  int Utimens(const char* path, const struct timespec times[2]) override;
  int List(const char* folder, std::vector<std::string>* names) override;
  int LockExclusively(int fd) override;

 private:
  struct Node;
  using NodePtr = std::shared_ptr<Node>;
  using Names = std::map<std::string, NodePtr>;
  struct DataChange {  // a write, or a cut to size `offset`
    uint64_t offset = 0;
    std::string bytes;
    bool is_cut = false;
  };
  struct NameChange {  // `node` under `to`, and no more under `from`; either may be ""
    std::string from, to;
    NodePtr node;
  };
  struct Node {
    bool is_folder = false;
    uint64_t number = 0;
    int64_t modified_ns = 0;
    std::string data, durable;
    std::vector<DataChange> changes;
    Names names, durable_names;
    std::vector<NameChange> name_changes;
    int locked_by = -1;
  };
  struct OpenFile {
    NodePtr node;
    uint64_t at = 0;
    bool append = false;
  };
  enum class Verdict { kDo, kFail, kLastBreath };

  static bool Serves(const char* path);
  Verdict Judge(Kind kind);
  NodePtr Find(const std::string& path) const;
  // The folder that `path` is in, and its name there.
  NodePtr FolderOf(const std::string& path, std::string* name) const;
  NodePtr NewNode(bool is_folder);
  OpenFile* Opened(int fd);
  void Change(Node* node, DataChange change);
  int Remove(const char* path, bool is_folder);
  void Rename(Node* folder, NameChange change);
  static void Apply(const DataChange& change, std::string* data);
  void ApplyPart(const DataChange& change, std::string* data);
  int AddName(const char* from, const char* to, bool keep_old);
  static void Apply(const NameChange& change, Names* names);
  static uint64_t BytesBelow(const Node& node);
  static size_t PendingBelow(const Node& node);
  void Settle(Node* node, Keep keep);
  bool Chance() { return random_() % 2 == 0; }

  mutable std::mutex mutex_;
  NodePtr root_;
  std::map<int, OpenFile> open_;
  int next_fd_;
  uint64_t next_number_ = 1;
  int64_t clock_ns_ = int64_t{1} << 60;  // never the same twice
  std::mt19937 random_;
  unsigned kinds_ = kChanges;
  uint64_t calls_ = 0;
  uint64_t fail_first_ = UINT64_MAX, fail_count_ = 0;
  int fail_error_ = 0;
  uint64_t cut_at_ = UINT64_MAX;
  bool is_off_ = false;
  uint64_t room_ = UINT64_MAX;
};

}  // namespace glp::io
