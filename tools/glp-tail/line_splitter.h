// Bytes of one input to lines, and those to records: whole lines go to the writer by blocks, the
// last one is held until its newline comes or Finish says that nothing more will. On request only
// the last lines are kept and sent at the end, for inputs that cannot be read from their end.
//
// With an encoding lines are told in it and sent in UTF-8; a line that is not in it is sent as its
// raw bytes, in base64. Offsets are always those of the raw bytes.
//
// With a limit a longer line is split, truncated or dropped, and never held whole. The pieces of a
// split line have the meta {"part":"1"}, … and the last of them {"part":"3","parts":"3"}; a line
// that was truncated has {"truncated_bytes":"N"}. Each piece has its own src, with the offset just
// behind its bytes, but all save the last say by `pos` that the file is dealt with only up to the
// start of the line: whoever begins again there makes the same pieces with the same src. A dropped
// line leaves a pos mark. So do lines that a rate limit drops, one mark for many.
// Lifetime: name, options and frame must outlive it. Bytes are used during the call only; behind
//           those given to Take RecordWriter::kPadding bytes must be readable.
// Threads:  one at a time.
// Errors:   Code::kLimit for a line over 1 GiB where no limit is set. Errors of stdout stay in the
//           writer.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "encoding.h"
#include "rate_limit.h"
#include "record_writer.h"

namespace glp::tail {

// What became of lines that did not go out as they are; for all inputs together.
struct LineReport {
  uint64_t split = 0, truncated = 0, dropped = 0;
  uint64_t over_rate = 0;  // dropped, too
  uint64_t empty = 0;      // left out as promtail's standard input does
  // A line that is not in its encoding: the words for it.
  std::function<void(const std::string& encoding, const std::string& message)> undecodable;
};

enum class LongLines { kSplit, kTruncate, kDrop };

// How lines are told in the bytes of an input, and what is done with long ones.
struct LineOptions {
  static constexpr uint64_t kLeastMaxBytes = 16;  // so that a character always fits

  std::shared_ptr<const Encoding> encoding;  // none: UTF-8, not looked at
  uint64_t max_bytes = 0;                    // of a line in UTF-8; 0: 1 GiB, an error
  LongLines long_lines = LongLines::kSplit;
  // promtail -stdin: carriage returns at the end are no part of a line, and an empty line is none.
  // Not with an encoding.
  bool as_promtails_stdin = false;
  std::shared_ptr<RateLimit> rate;  // none: as fast as may be; not for the last lines of a file
  LineReport* report = nullptr;
};

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
  // From now on only the last `lines` lines are kept, and sent by Finish; the pieces of a split
  // line count as lines.
  void KeepLast(uint64_t lines) { keep_last_ = lines; }

  Status Take(std::string_view bytes, RecordWriter& writer);
  // Sends the line that is held, as far as it is there.
  void SendHeld(RecordWriter& writer);
  // No more will come: sends the line held and the last lines kept.
  void Finish(RecordWriter& writer);

  uint64_t offset() const { return offset_ + unit_.size(); }  // just behind the bytes taken in
  bool holds_line() const { return offset() > line_start_; }
  // Where the line that is held begins; offset() where there is none.
  uint64_t held_offset() const { return line_start_; }

  // Where the last `lines` lines of the first `size` bytes of a file begin; a line without newline
  // at the end is one. With 0 lines: behind the last newline. `head` as in Start.
  // Errors: Code::kIo. Cost: reads from the end what it has to.
  Result<uint64_t> FindLastLines(int fd, uint64_t size, uint64_t lines,
                                 std::string_view head) const;

 private:
  // What goes into one record.
  struct Piece {
    size_t taken;           // bytes of the line
    std::string_view text;  // what they are in UTF-8, or they themselves if `binary`
    bool binary;
  };
  struct KeptLine {
    std::string text;
    uint64_t next;
    std::string meta;
    uint64_t pos;
    bool binary;
  };

  size_t unit_bytes() const { return decoder_ == nullptr ? 1 : decoder_->unit_bytes(); }
  size_t FirstLineEnd(std::string_view bytes) const;
  size_t LastLineEnd(std::string_view bytes) const;
  Status TakeWide(std::string_view bytes, RecordWriter& writer);
  Status TakeUnits(std::string_view bytes, RecordWriter& writer);
  void TakeLines(std::string_view lines, RecordWriter& writer);
  void TakeLimited(std::string_view lines, RecordWriter& writer);
  void WriteLines(std::string_view lines, RecordWriter& writer);
  // The line held.
  bool CutsOff() const;
  size_t HoldLimit() const;
  void Hold(std::string_view bytes);
  Status SendPieces(RecordWriter& writer);
  void EndLine(size_t newline_bytes, RecordWriter& writer);
  // A line, or what is left of one of which pieces were sent. `beyond`: more bytes of it that were
  // not held.
  void SendLine(std::string_view line, uint64_t start, uint64_t beyond, uint64_t next,
                RecordWriter& writer);
  Piece Cut(std::string_view line, uint64_t start, bool last);
  void SendPart(const Piece& piece, uint64_t next, bool last, RecordWriter& writer);
  void Drop(uint64_t next, RecordWriter& writer);
  void TellDropped(uint64_t next, RecordWriter& writer);
  void Emit(const Piece& piece, uint64_t next, const RecordNotes& notes, RecordWriter& writer);

  const std::string& name_;
  const LineOptions& options_;
  const RecordFrame& frame_;
  BeforeLines before_lines_;
  const Decoder* decoder_ = nullptr;      // none: UTF-8, or the head was not seen yet
  std::unique_ptr<Decoder> own_decoder_;  // its state is that behind the pieces sent
  std::string unit_;                      // begin of a unit whose other bytes are still to come

  uint64_t offset_ = 0;      // just behind the whole units taken in
  uint64_t line_start_ = 0;  // of the line held, with the pieces of it that were sent
  std::string held_;         // of it what was not sent yet
  uint64_t beyond_ = 0;      // bytes of it behind held_, which will not be sent
  uint64_t parts_ = 0;       // pieces of it that were sent
  bool goes_on_ = false;     // the decoder's state is that behind the last piece

  std::optional<uint64_t> keep_last_;
  std::list<KeptLine> kept_;  // a list, for it is the smallest while empty
  std::string decoded_;
};

}  // namespace glp::tail
