// One opened input: a log file (through renames, until it is closed), a compressed file, or a pipe.
// It is read by blocks; whole lines go to the writer as records at once, a last line without its
// newline is held back until it is complete or Finish says that nothing more will come.
//
// What is known of it from before (known_files.h) tells where reading begins. A plain file that is
// followed is looked at before each block is believed: when it became shorter, or begins with
// another first line than before, it was truncated and is read from its start, as a new file with a
// new ID. A compressed file that is a copy of what was read is read on from where that ended, under
// the ID of the original, or not at all; marks of its own ID say that it is dealt with.
// Lifetime: owns its descriptor, except standard input's. The known files must outlive it. Uses the
// block given only during Read. Threads:  one at a time. Errors:   Code::kIo of the file;
// Code::kData where compressed bytes are damaged (the lines before
//           were given out); Code::kLimit for a line over 1 GiB. After an error nothing more comes.
//           Errors of stdout stay in the writer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "io/file.h"
#include "io/file_identity.h"
#include "io/input.h"
#include "known_files.h"
#include "line_splitter.h"
#include "read_metrics.h"
#include "record_writer.h"
#include "source_options.h"

namespace glp::tail {

// What reading needs a buffer for; one serves all files.
struct ReadBlock {
  explicit ReadBlock(size_t size_bytes)
      : size(size_bytes), data(new char[size_bytes + RecordWriter::kPadding]) {}
  size_t size;
  std::unique_ptr<char[]> data;
};

// What is to be opened.
struct SourceRequest {
  std::string path;  // as matched: for the label `filename` and the marks
  std::string file;  // where the file is if not there, as after rotation; else ""
  std::shared_ptr<const SourceOptions> options;
  bool whole = false;     // from its start, whatever options.last_lines says
  bool anything = false;  // not only a regular file
};

class SourceFile {
 public:
  enum class Progress {
    kMore,  // there may be more right now
    kWait,  // all that is there was read; a followed file may grow
    kEnd,   // read to the end
  };

  using Options = std::shared_ptr<const SourceOptions>;

  // A folder is an error. `error` gets the errno, 0 where it has none.
  static Result<std::unique_ptr<SourceFile>> Open(const SourceRequest& request, KnownFiles& known,
                                                  int* error);
  static Result<std::unique_ptr<SourceFile>> Stdin(Options options, KnownFiles& known);
  ~SourceFile();

  // Lines to come get the labels of `options`; nothing else changes.
  void SetOptions(Options options);
  Result<Progress> Read(ReadBlock& block, RecordWriter& writer);
  // Sends the line that is held back, as far as it is there.
  void SendHeld(RecordWriter& writer) { lines_.SendHeld(writer); }
  // No more will come: sends the line held back. A second call has no effect.
  void Finish(RecordWriter& writer);
  // Whether all that the file holds by now was read, as far as can be known without waiting.
  bool AtEnd() const;

  const std::string& path() const { return path_; }
  int fd() const { return fd_; }
  const io::FileState& state() const { return state_; }  // as last looked at
  bool is_pipe() const { return state_.kind != io::FileKind::kRegular; }
  // Gives the descriptor back; nothing can be read any more. REQUIRES: Finish was called.
  void Close();
  // Gives the descriptor back until the next Read, which looks for the file where it was and among
  // the generations of its log. False for what cannot be found again.
  bool Park();
  // Opens it again. Where it is gone, it is finished: something may be missing if it was written
  // since, which a gap mark says. Errors: Code::kLimit where no more files can be open.
  Status Unpark(RecordWriter& writer);
  bool parked() const { return fd_ < 0 && !finished_; }
  // It was written since it was parked.
  void NoteWritten() { written_ = true; }
  bool finished() const { return finished_; }
  uint64_t offset() const { return lines_.offset(); }  // bytes taken in
  bool holds_line() const { return lines_.holds_line(); }
  // A compressed file that may still be being written is not touched before this time; else 0.
  int64_t not_before_ns() const { return not_before_ns_; }

 private:
  enum class Form { kUnknown, kPlain, kCompressed, kPipe };

  SourceFile(SourceRequest request, int fd, bool own, KnownFiles& known);
  Result<Progress> ReadOn(ReadBlock& block, RecordWriter& writer);
  // Where and as what reading begins (source_start.cc).
  Status Begin();
  Status Recall();
  void Claim();
  void Unclaim();
  Status TakePromtailPosition(uint64_t position);
  Status FindStart();
  Result<bool> BeginStream(RecordWriter& writer);
  Result<bool> DecideForm();
  Result<Progress> ReadPlain(ReadBlock& block, RecordWriter& writer);
  Result<Progress> ReadStream(ReadBlock& block, RecordWriter& writer);
  Result<bool> WasTruncated(size_t bytes_read);
  void Forget(bool truncated);
  Result<bool> Skip(ReadBlock& block, RecordWriter& writer);
  void StartAgain(RecordWriter& writer);
  void SayTruncated(const std::optional<io::FileIdentity>& id, uint64_t next,
                    uint64_t missing_bytes, RecordWriter& writer);
  void TakeAsCopied(uint64_t text_bytes, bool is_unread, RecordWriter& writer);
  void SayCopied(RecordWriter& writer);
  void SetHead(std::string_view bytes);
  void Introduce(std::string_view first_line, RecordWriter& writer);

  std::string path_;
  std::string file_;  // where it was opened, if not at path_
  io::Fd own_fd_;
  int fd_;
  bool own_;
  Options options_;
  Options line_options_;  // that the lines are told by
  std::optional<uint64_t> last_lines_;
  KnownFiles& known_;
  uint64_t log_;
  RecordFrame frame_;
  io::FileState state_;
  Form form_ = Form::kUnknown;
  std::unique_ptr<io::ByteSource> stream_;  // unless plain
  int64_t not_before_ns_ = 0;

  uint64_t start_ = 0;            // where reading began
  uint64_t seen_size_ = 0;        // the largest size that a plain file was seen to have
  LineSplitter lines_;            // its offsets count decompressed bytes
  std::optional<uint64_t> head_;  // io::HeadFingerprint of the first head_size_ bytes
  uint16_t head_size_ = 0;        // of the first line, as far as it was there
  bool introduced_ = false;       // its mark was written
  bool claimed_ = false;          // by known_.Claim
  bool finished_ = false;
  bool restarted_ = false;              // it was truncated: its ID may have been another's
  bool written_ = false;                // since it was parked
  bool read_whole_ = false;             // a stream: to its end
  std::optional<io::FileIdentity> id_;  // of src, where it is not what state_ and head_ say
  KnownFile* known_file_ = nullptr;     // while it is open
  ReadMetrics::File metrics_;           // while it is read, with --metrics
  // What few files have.
  struct Begun {
    std::optional<Recalled> lost;         // what it was before it was truncated
    std::optional<io::FileIdentity> own;  // of a copy that is read under another ID, or not at all
    bool is_copy = false;                 // of a file that is read or was
    uint64_t skip_bytes = 0;              // of a stream
    uint64_t skip_lines = 0;
    uint64_t skipped = 0;  // bytes
    std::string head;      // the first of them
  };
  std::unique_ptr<Begun> begun_;
};

}  // namespace glp::tail
