// A path that is followed, and the files that have stood behind it: the one it names now and those
// it named before (rotated away, deleted, a link that was turned elsewhere). An old file is read to
// its end before the new one; a line that it leaves without newline is given a moment to become
// complete, then sent. The old file stays open a while for a writer that has not noticed yet.
// Lifetime: owns the open files. Threads: one at a time. Errors: as SourceFile's.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "missed.h"
#include "source_file.h"
#include "target.h"

namespace glp::tail {

// How long writers take to notice that their file was rotated: they are told by a signal.
inline constexpr int64_t kLingerNs = 10 * kNsPerSecond;

struct OpenFile {
  std::unique_ptr<SourceFile> file;
  int watch = -1;
  int64_t changed_ns = 0;  // old files: when it grew last, or became old
  bool sent_rest = false;  // old files: its last line was sent although it has no newline
};

class FollowedPath {
 public:
  // `path` "": standard input. `named`: given literally on the command line, waited for when it is
  // not there.
  FollowedPath(std::string path, bool named, std::shared_ptr<const Target> target)
      : path_(std::move(path)), named_(named), target_(std::move(target)) {}

  const std::string& path() const { return path_; }
  bool named() const { return named_; }
  const std::shared_ptr<const Target>& target() const { return target_; }
  // Lines to come are labelled as the new target says.
  void SetTarget(std::shared_ptr<const Target> target);

  OpenFile* current() { return current_ ? &*current_ : nullptr; }
  const OpenFile* current() const { return current_ ? &*current_ : nullptr; }
  void SetCurrent(OpenFile file) { current_ = std::move(file); }
  // The path no longer names it.
  void RetireCurrent(int64_t now_ns);
  // Takes one of the old files out; nothing where none is that file.
  std::optional<OpenFile> TakeOld(const io::FileState& state);
  // A file that is to be read before the current one and after the other old ones.
  void AddOld(OpenFile file) { old_.push_back(std::move(file)); }
  const OpenFile* last_old() const { return old_.empty() ? nullptr : &old_.back(); }
  bool Has(const io::FileState& state) const;
  // Opens again what was parked. Errors: as SourceFile::Unpark.
  Status Unpark(RecordWriter& writer);
  // Whether a file waits until it may be touched.
  bool WaitsForFile() const;
  bool empty() const { return !current_ && old_.empty(); }

  // Reads at most one block, of the oldest file that has one. `closed` gets the files that are
  // done with. Errors: of the file that is then closed; the others can be read on.
  Result<SourceFile::Progress> Step(ReadBlock& block, RecordWriter& writer, int64_t now_ns,
                                    std::vector<OpenFile>* closed);
  // When Step should be called even if no file is known to have grown; INT64_MAX for never.
  int64_t Deadline(int64_t now_ns) const;
  // The tool stops: what is held back of files read to their ends is sent.
  // Where `resumable` the file that is still there keeps the line that has no end.
  void Finish(RecordWriter& writer, bool resumable);

  // For the follower that owns this.
  bool queued = false;        // waits for its turn to be read
  bool said_missing = false;  // or it was there once
  bool said_error = false;
  bool given_up = false;  // it can never be read
  bool meant = true;      // by the targets there are now; what is open is read to its end else
  // The path that took over the file which stood here before (PlainPath; "" for none): until then
  // it is read before this one, as an old file is.
  std::string predecessor;
  int64_t predecessor_until_ns = 0;
  bool predecessor_until_end = false;  // or until it was read to its end once
  Since since;                         // the file that stood here last
  int64_t read_ns = 0;                 // when something was read last
  std::vector<std::string> names;      // its path and those of the links it goes through

 private:
  // Whether all is read and the next file's turn has come.
  Result<bool> StepOld(OpenFile& old, ReadBlock& block, RecordWriter& writer, int64_t now_ns,
                       bool* more);

  std::string path_;
  bool named_;
  std::shared_ptr<const Target> target_;
  std::optional<OpenFile> current_;
  std::deque<OpenFile> old_;
};

}  // namespace glp::tail
