// Bytes of one input to lines, and those to records: whole lines go to the writer by blocks, the
// last one is held until its newline comes or Finish says that nothing more will. On request only
// the last lines are kept and sent at the end, for inputs that cannot be read from their end.
// Lifetime: name, options and frame must outlive it. Bytes are used during the call only; behind
//           those given to Take RecordWriter::kPadding bytes must be readable.
// Threads:  one at a time.
// Errors:   Code::kLimit for a line over 1 GiB. Errors of stdout stay in the writer.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "record_writer.h"

namespace glp::tail {

// How lines are told in the bytes of an input.
struct LineOptions {};

class LineSplitter {
 public:
  // Called before lines are written; `first` begins with the first line taken since Start, so it
  // holds that line or io::kHeadBytes of it, and less only where no more will come.
  using BeforeLines = std::function<void(std::string_view first, RecordWriter& writer)>;

  // `name` of the input, for errors. Lines are written with `frame`.
  LineSplitter(const std::string& name, const LineOptions& options, const RecordFrame& frame,
               BeforeLines before_lines);

  // What is taken next stands at `offset` of the input, a start of a line; what was held is
  // forgotten. `head`: how the input begins, 4 bytes if it has them; not looked at for offset 0.
  void Start(uint64_t offset, std::string_view head);
  // From now on only the last `lines` lines are kept, and sent by Finish.
  void KeepLast(uint64_t lines) { keep_last_ = lines; }

  Status Take(std::string_view bytes, RecordWriter& writer);
  // Sends the line that is held, as far as it is there.
  void SendHeld(RecordWriter& writer);
  // No more will come: sends the line held and the last lines kept.
  void Finish(RecordWriter& writer);

  uint64_t offset() const { return offset_; }  // just behind the bytes taken in
  bool holds_line() const { return !held_.empty(); }
  // Where the line that is held begins; offset() where there is none.
  uint64_t held_offset() const { return offset_ - held_.size(); }

  // Where the last `lines` lines of the first `size` bytes of a file begin; a line without newline
  // at the end is one. With 0 lines: behind the last newline. `head` as in Start.
  // Errors: Code::kIo. Cost: reads from the end what it has to.
  Result<uint64_t> FindLastLines(int fd, uint64_t size, uint64_t lines,
                                 std::string_view head) const;

 private:
  void TakeLines(std::string_view lines, uint64_t offset, RecordWriter& writer);
  void Keep(std::string_view line, uint64_t offset);
  void SendLine(std::string line, uint64_t next, RecordWriter& writer);

  const std::string& name_;
  const RecordFrame& frame_;
  BeforeLines before_lines_;
  uint64_t offset_ = 0;
  std::string held_;  // the last line, as far as it is there
  struct KeptLine {
    std::string line;  // with its '\n'
    uint64_t offset;
  };
  std::optional<uint64_t> keep_last_;
  std::list<KeptLine> kept_;  // a list, for it is the smallest while empty
};

}  // namespace glp::tail
