// One opened input: a log file (through renames, until it is closed), a compressed file, or a pipe.
// It is read by blocks; whole lines go to the writer as records at once, a last line without its
// newline is held back until it is complete or Finish says that nothing more will come.
//
// A plain file that is followed is looked at before each block is believed: when it became shorter,
// or begins with another first line than before, it was truncated and is read from its start, as a
// new file with a new ID.
// Lifetime: owns its descriptor, except standard input's. Uses the block given only during Read.
// Threads:  one at a time.
// Errors:   Code::kIo of the file; Code::kData where compressed bytes are damaged (the lines before
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
#include "line_splitter.h"
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

class SourceFile {
 public:
  enum class Progress {
    kMore,  // there may be more right now
    kWait,  // all that is there was read; a followed file may grow
    kEnd,   // read to the end
  };

  using Options = std::shared_ptr<const SourceOptions>;

  // `path` becomes the label `filename`. Without `anything` only a regular file is opened. A folder
  // is an error. `whole`: from its start, whatever options.last_lines says. `error` gets the errno,
  // 0 where it has none.
  static Result<std::unique_ptr<SourceFile>> Open(const std::string& path, Options options,
                                                  bool whole, bool anything, int* error);
  static Result<std::unique_ptr<SourceFile>> Stdin(Options options);

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
  bool finished() const { return finished_; }
  uint64_t offset() const { return lines_.offset(); }  // bytes taken in
  bool holds_line() const { return lines_.holds_line(); }
  // A compressed file that may still be being written is not touched before this time; else 0.
  int64_t not_before_ns() const { return not_before_ns_; }

 private:
  enum class Form { kUnknown, kPlain, kCompressed, kPipe };

  SourceFile(std::string path, int fd, bool own, bool whole, Options options);
  Status Begin();
  Status FindStart();
  Result<bool> DecideForm();
  Result<Progress> ReadPlain(ReadBlock& block, RecordWriter& writer);
  Result<Progress> ReadStream(ReadBlock& block, RecordWriter& writer);
  Result<bool> WasTruncated(size_t bytes_read);
  void StartAgain(RecordWriter& writer);
  void Introduce(std::string_view first_line, RecordWriter& writer);

  std::string path_;
  io::Fd own_fd_;
  int fd_;
  Options options_;
  std::optional<uint64_t> last_lines_;
  RecordFrame frame_;
  io::FileState state_;
  Form form_ = Form::kUnknown;
  std::unique_ptr<io::ByteSource> stream_;  // unless plain
  int64_t not_before_ns_ = 0;

  uint64_t start_ = 0;            // where reading began
  uint64_t seen_size_ = 0;        // the largest size that a plain file was seen to have
  LineSplitter lines_;            // its offsets count decompressed bytes
  std::optional<uint64_t> head_;  // io::HeadFingerprint, once the first line is complete
  bool introduced_ = false;       // its mark was written
  bool finished_ = false;
};

}  // namespace glp::tail
