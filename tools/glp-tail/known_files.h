// What is known of the files that were read, by this run or by those before it (a positions file):
// their IDs and how far they were read. It tells whether a file that is opened is one of them, also
// under another name, as a compressed copy, or after it was truncated.
//
// A plain file is known by device, inode, birth and head. One that was truncated and begins with
// the same head as before keeps device, inode and head, but the birth in its ID is the time when
// that was noticed: of several entries that differ so the youngest is meant. A copy has another
// inode; it is known by its head among the files of its log (io/generation.h) that are no longer
// there.
// Lifetime: owns the entries; an entry that a reader holds stays.
// Threads:  one at a time.
// Errors:   Code::kIo and Code::kData of compressed files that are looked into.
// Cost:     about 200 bytes a file. Of those that are no longer open the last 10,000 are kept.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/strings.h"
#include "cli/positions.h"
#include "io/file_identity.h"

namespace glp::tail {

class SourceFile;

struct KnownFile {
  io::FileIdentity id;
  uint64_t next = 0;  // bytes of its text; while it is open: where its reading began
  uint64_t tail = 0;  // hash of the bytes in front of `next`; 0: not known
  uint64_t log = 0;   // hash of the log it is of
  std::string path;   // of those from the positions file until the start is over
  const SourceFile* reader = nullptr;
  bool is_old = false;     // from the positions file
  bool is_copy = false;    // a compressed file, which no other is a copy of
  bool is_there = false;   // its own file was found, and is not known to have gone since
  bool is_cut = false;     // its own file was truncated: what is missing may be in a copy
  bool is_copied = false;  // a copy of what is missing was read
  uint64_t taken_by = 0;   // inode of the copy that was found; 0: none
};

// What a file that is to be read is.
struct Recalled {
  enum class Kind {
    kNew,
    kOn,         // to be read on from `next` under `id`
    kDone,       // a copy of what was read wholly
    kTruncated,  // it was `id`, read up to `next`, and is new
  };
  Kind kind = Kind::kNew;
  io::FileIdentity id;
  uint64_t next = 0;
  // Of compressed files that are kOn or kDone: the ID of the file itself and what text it has.
  io::FileIdentity own;
  uint64_t text_bytes = 0;
  const SourceFile* reader = nullptr;  // kDone: has the file open that it is a copy of
  bool is_unread() const;              // which is yet to be read
};

class KnownFiles {
 public:
  void Load(const cli::Positions& positions);
  // Positions are kept: whoever reads here later begins where this run ends.
  void ExpectPositions() { expects_positions_ = true; }
  bool expects_positions() const { return expects_positions_; }
  bool has_positions() const { return has_positions_; }
  // promtail's position of a path; nothing where it has none.
  std::optional<uint64_t> Promtail(const std::string& plain_path) const;

  // False where a look at the head of a plain file would tell no more: it is new.
  bool MayKnow(const io::FileState& state, uint64_t log) const;
  // `head`: the first io::kHeadBytes of the file, as far as they are there. `log`: its LogKey.
  Recalled RecallPlain(const io::FileState& state, std::string_view head, uint64_t log, int fd);
  // Reads it to its end if its text may be that of a known file.
  Result<Recalled> RecallCompressed(int fd, const std::string& path, const io::FileState& state,
                                    uint64_t log);

  // A file was opened to be read later. `id`: what it is, if it is known; else it has no ID until
  // Open. What is a copy of it will not be read for it.
  void Claim(const std::optional<io::FileIdentity>& id, uint64_t log, const SourceFile* reader);
  // It is closed without a call of Open.
  void Unclaim(const std::optional<io::FileIdentity>& id, uint64_t log, const SourceFile* reader);
  // A file is read from `next` on under `id`. nullptr where another reader holds that ID.
  KnownFile* Open(const io::FileIdentity& id, uint64_t log, uint64_t next,
                  const SourceFile* reader);
  // A compressed file, by its own ID, is dealt with.
  void AddCopy(const io::FileIdentity& id, uint64_t log, uint64_t text_bytes);
  // Its reader is done with it, or its file was truncated (`cut`).
  void Close(KnownFile* known, uint64_t next, bool cut, uint64_t tail = 0);
  bool IsUsed(const io::FileIdentity& id) const;
  // Something of it was read by an earlier run.
  bool WasRead(const io::FileState& state) const;
  // A copy of the file with this ID, which was truncated, was found.
  bool HasCopy(const io::FileIdentity& id) const;

  // Files that were found, are not open and are not among `there` have gone. `log`: only of it.
  void ForgetGone(std::optional<uint64_t> log, const std::vector<io::FileState>& there);
  // Entries of the positions file whose own files were not found yet.
  std::vector<KnownFile*> NotFound();
  bool KnowsLog(uint64_t log) const { return by_log_.count(log) > 0; }
  // Of those of a log the latest birth; 0 where there is none.
  int64_t LatestBirthNs(uint64_t log, int64_t now_ns) const;
  // When a pipe had any file of the positions file last; 0 without one.
  int64_t last_seen_ns() const { return last_seen_ns_; }
  // The start is over: what was not found is forgotten.
  void EndOfStart();

 private:
  void TakeOriginal(const Recalled& copy, const io::FileState& state, uint64_t log);
  KnownFile* Find(const io::FileIdentity& id);
  bool MayGoOn(const KnownFile& known, std::string_view before) const;
  bool IsAlone(const KnownFile& known) const;
  KnownFile* Insert(const io::FileIdentity& id, uint64_t log);
  void AddClosed(KnownFile* known);
  void Erase(KnownFile* known);
  Recalled RecallPlainCopy(const io::FileState& state, std::string_view head, uint64_t log, int fd);

  std::unordered_multimap<uint64_t, KnownFile> by_inode_;
  std::unordered_multimap<uint64_t, KnownFile*> by_log_;
  std::deque<KnownFile*> closed_;                                 // in the order of closing
  std::unordered_multimap<uint64_t, const SourceFile*> unnamed_;  // claimed without an ID, by log
  std::unordered_map<std::string, uint64_t> promtail_;
  bool has_positions_ = false;
  bool expects_positions_ = false;
  int64_t last_seen_ns_ = 0;
};

// Of the bytes in front of a position, no more than the last kTailBytes; never 0.
inline constexpr size_t kTailBytes = 64;
uint64_t TailHash(std::string_view before);

// What the generations of a log have in common. `path`: of any of them.
uint64_t LogKey(const std::string& path);

}  // namespace glp::tail
