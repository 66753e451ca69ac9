// An open .glp file: its index, and its bytes.
// Lifetime: owns the descriptor; a file that is removed meanwhile is read on (until CloseFd).
// Threads:  const from any (pread); HoldFd one at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "io/file_identity.h"
#include "pack/frame.h"
#include "pack/index.h"
#include "pack/templates.h"

namespace glp::pack {

class PackFile {
 public:
  // `name` stands in messages. A file without its end is walked record by record, up to the last
  // that is whole: not an error, see damage().
  // Errors: Code::kIo; Code::kData where it is no .glp file.
  static Result<std::unique_ptr<PackFile>> Open(io::Fd fd, std::string name);
  static Result<std::unique_ptr<PackFile>> Open(const std::string& path);

  const Index& index() const { return index_; }
  // The positions of the footer, which only a store's writer needs: read anew at each call.
  // Errors: I/O; Code::kData for positions that cannot be, or of a newer glp.
  Result<std::vector<Position>> ReadPositions() const;
  bool has_seq() const { return (index_.flags & kFlagSeq) != 0; }
  // What the lines of blocks have in common; read at the first call, good as long as the file.
  // Where records were lost the others are there. Errors: I/O.
  Result<const Templates*> templates() const;
  // What Open had to do without; empty for a whole file.
  const std::vector<std::string>& damage() const { return damage_; }
  const std::string& name() const { return name_; }
  uint64_t size_bytes() const { return size_; }
  Status Read(uint64_t offset, size_t size, char* out) const;
  // From here on each Read opens the file by its name, which must be its path: for stores of more
  // files than a process may hold open. Where another file has that name by then, Read fails.
  void CloseFd();
  // Takes that back, before another file is given the name. Reads of other threads go on meanwhile.
  Status HoldFd() const;

 private:
  PackFile(io::Fd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}
  // The head of the footer. Errors: Code::kData where it is damaged or missing.
  Result<std::string> ReadFooter(uint64_t* offset) const;
  Status ReadIndex();
  Status Recover();
  // By its name; an error where that is another file's.
  Result<io::Fd> OpenAgain() const;
  Result<bool> ReadTemplates(Templates* templates) const;
  Status WalkTemplates(Templates* templates) const;
  io::Fd fd_;
  io::FileState state_;                // after CloseFd
  mutable std::atomic<int> held_{-1};  // after HoldFd
  mutable io::Fd held_fd_;
  std::string name_;
  uint64_t size_ = 0;
  Index index_;
  std::vector<std::string> damage_;
  mutable std::mutex templates_mutex_;
  mutable std::unique_ptr<const Templates> templates_;
};

// Walks the records of a file from front to back, by their frames.
class RecordWalker {
 public:
  struct Record {
    uint64_t offset;
    Frame frame;
    std::string_view head;  // its hash is right; good until the next call
  };
  // From behind the header to `end`.
  RecordWalker(const PackFile& file, uint64_t end) : file_(file), end_(end) {}

  // The next record that is whole in length and whose head is right; nothing at the end. What is
  // skipped on the way is appended to `damage`. Errors: I/O.
  Result<std::optional<Record>> Next(std::vector<std::string>* damage);

 private:
  Result<uint64_t> FindNext(uint64_t from);
  const PackFile& file_;
  uint64_t at_ = kHeaderSize;
  uint64_t end_;
  std::string head_;
};

// Checks every byte: frames, hashes, that columns decode, that the footer tells what is there.
// Says what is damaged and where, one message each; none for a sound file. Errors: I/O.
Result<std::vector<std::string>> VerifyPack(const PackFile& file);

}  // namespace glp::pack
