#include "line_splitter.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "io/file_identity.h"
#include "io/input.h"
#include "record/record.h"

namespace glp::tail {
namespace {

// What is longer than this gives its memory back.
constexpr size_t kKeepCapacity = 1 << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// The largest number of bytes up to `size` that does not end inside of a character; `size` where
// that would be none, or the bytes are no UTF-8 anyway.
size_t WholeCharacters(std::string_view text, size_t size) {
  if (size >= text.size()) return text.size();
  size_t cut = size;
  while (cut > 0 && size - cut < 3 && (static_cast<uint8_t>(text[cut]) & 0xC0) == 0x80) --cut;
  return cut == 0 || (static_cast<uint8_t>(text[cut]) & 0xC0) == 0x80 ? size : cut;
}

// `bytes` with the padding that the writer reads behind a line.
std::string Padded(std::string bytes) {
  bytes.append(RecordWriter::kPadding, '\0');
  return bytes;
}

}  // namespace

LineSplitter::LineSplitter(const std::string& name, const LineOptions& options,
                           const RecordFrame& frame, BeforeLines before_lines)
    : name_(name), options_(options), frame_(frame), before_lines_(std::move(before_lines)) {
  Start(0, {});
}

void LineSplitter::Start(uint64_t offset, std::string_view head) {
  decoder_ = nullptr;
  if (options_.encoding != nullptr && (offset > 0 || options_.encoding->head_bytes() == 0)) {
    decoder_ = &options_.encoding->ForHead(head);
  }
  unit_.clear();
  offset_ = line_start_ = offset;
  held_.clear();
  beyond_ = parts_ = 0;
  own_decoder_.reset();
}

// --------------------------------------------------------------------------------- bytes to lines

size_t LineSplitter::FirstLineEnd(std::string_view bytes) const {
  return decoder_ != nullptr ? decoder_->FirstLineEnd(bytes) : bytes.find('\n') + 1;
}

size_t LineSplitter::LastLineEnd(std::string_view bytes) const {
  return decoder_ != nullptr ? decoder_->LastLineEnd(bytes) : bytes.rfind('\n') + 1;
}

Status LineSplitter::Take(std::string_view bytes, RecordWriter& writer) {
  bool wide = options_.encoding != nullptr && (decoder_ == nullptr || decoder_->unit_bytes() > 1);
  return wide ? TakeWide(bytes, writer) : TakeUnits(bytes, writer);
}

// Makes whole units of bytes that may be cut anywhere.
Status LineSplitter::TakeWide(std::string_view bytes, RecordWriter& writer) {
  size_t size = decoder_ != nullptr ? decoder_->unit_bytes() : options_.encoding->head_bytes();
  if (unit_.empty() && offset_ % size != 0) {
    // A position of a reader that ends lines behind the byte 0A: the rest of the newline follows.
    size_t skip = std::min<size_t>(size - offset_ % size, bytes.size());
    bytes.remove_prefix(skip);
    offset_ = line_start_ = offset_ + skip;
  }
  if (!unit_.empty() || decoder_ == nullptr) {
    size_t more = std::min(size - unit_.size(), bytes.size());
    unit_.append(bytes.substr(0, more));
    bytes.remove_prefix(more);
    if (unit_.size() < size) return Status::Ok();
    if (decoder_ == nullptr) decoder_ = &options_.encoding->ForHead(unit_);
    std::string unit = Padded(std::exchange(unit_, {}));
    GLP_RETURN_IF_ERROR(TakeUnits({unit.data(), size}, writer));
  }
  size_t whole = bytes.size() - bytes.size() % size;
  unit_ = bytes.substr(whole);
  return TakeUnits(bytes.substr(0, whole), writer);
}

Status LineSplitter::TakeUnits(std::string_view bytes, RecordWriter& writer) {
  if (offset_ > line_start_) {
    size_t end = FirstLineEnd(bytes);
    Hold(bytes.substr(0, end > 0 ? end : bytes.size()));
    if (end == 0) return SendPieces(writer);
    EndLine(unit_bytes(), writer);
    bytes.remove_prefix(end);
  }
  size_t whole = LastLineEnd(bytes);
  if (whole > 0) TakeLines(bytes.substr(0, whole), writer);
  if (whole == bytes.size()) return Status::Ok();
  Hold(bytes.substr(whole));
  return SendPieces(writer);
}

// Whole lines that begin at offset_.
void LineSplitter::TakeLines(std::string_view lines, RecordWriter& writer) {
  before_lines_(lines, writer);
  if (options_.rate != nullptr && !keep_last_) {
    TakeLimited(lines, writer);
  } else {
    WriteLines(lines, writer);
  }
}

void LineSplitter::TakeLimited(std::string_view lines, RecordWriter& writer) {
  bool dropped = false;
  while (!lines.empty()) {
    size_t size = FirstLineEnd(lines);
    if (options_.rate->Take(writer)) {
      if (std::exchange(dropped, false)) TellDropped(offset_, writer);
      WriteLines(lines.substr(0, size), writer);
    } else {
      dropped = true;
      if (options_.report != nullptr) ++options_.report->over_rate;
      line_start_ = offset_ += size;
    }
    lines.remove_prefix(size);
  }
  if (dropped) TellDropped(offset_, writer);
}

void LineSplitter::WriteLines(std::string_view lines, RecordWriter& writer) {
  bool as_they_are = decoder_ == nullptr && !keep_last_;
  if (as_they_are && options_.max_bytes == 0 && !options_.as_promtails_stdin) {
    writer.WriteLines(frame_, lines, offset_);
    line_start_ = offset_ += lines.size();
    return;
  }
  size_t fitting = 0;  // bytes of lines that need nothing done to them
  auto write_fitting = [&] {
    if (fitting > 0) writer.WriteLines(frame_, lines.substr(0, fitting), offset_);
    lines.remove_prefix(fitting);
    offset_ += fitting;
    fitting = 0;
  };
  while (fitting < lines.size()) {
    size_t size = FirstLineEnd(lines.substr(fitting));
    const bool fits = options_.max_bytes == 0 || size <= options_.max_bytes;
    const bool is_cut =
        options_.as_promtails_stdin && (size == 1 || lines[fitting + size - 2] == '\r');
    if (as_they_are && fits && !is_cut) {
      fitting += size;
      continue;
    }
    write_fitting();
    SendLine(lines.substr(0, size - unit_bytes()), offset_, 0, offset_ + size, writer);
    lines.remove_prefix(size);
    offset_ += size;
  }
  write_fitting();
  line_start_ = offset_;
}

// ---------------------------------------------------------------------------------- the line held

// Whether a line's bytes behind the limit are of no use.
bool LineSplitter::CutsOff() const {
  return options_.max_bytes > 0 && options_.long_lines != LongLines::kSplit;
}

// A held line that has more bytes is longer than the limit. They are enough to know the file by.
size_t LineSplitter::HoldLimit() const {
  if (options_.max_bytes == 0) return io::LineInput::kMaxLineBytes;
  // No encoding has more bytes for a character than four times those that it has in UTF-8.
  uint64_t bytes = options_.max_bytes * (decoder_ != nullptr ? 4 : 1);
  return std::max<uint64_t>(bytes - bytes % 4 + 4, io::kHeadBytes);
}

void LineSplitter::Hold(std::string_view bytes) {
  offset_ += bytes.size();
  if (CutsOff()) {
    size_t room = HoldLimit() - held_.size();
    if (bytes.size() > room) {
      beyond_ += bytes.size() - room;
      bytes = bytes.substr(0, room);
    }
  }
  held_.append(bytes);
}

// Of a held line that is too long already: all its pieces but the last.
Status LineSplitter::SendPieces(RecordWriter& writer) {
  if (held_.size() <= HoldLimit()) return Status::Ok();
  if (options_.max_bytes == 0) {
    return Status(Code::kLimit, name_ +
                                    ": a line is longer than 1 GiB; is it a file of lines? "
                                    "--max-line-size splits it");
  }
  before_lines_(held_, writer);
  // Between the pieces other lines may go through the common decoder.
  if (unit_bytes() == 1 && decoder_ != nullptr && own_decoder_ == nullptr) {
    own_decoder_ = decoder_->Clone();
  }
  size_t size = held_.size();
  std::string held = Padded(std::move(held_));
  std::string_view rest(held.data(), size);
  while (rest.size() > HoldLimit()) {
    uint64_t start = offset_ - rest.size();
    Piece piece = Cut(rest.substr(0, HoldLimit()), start, false);
    rest.remove_prefix(piece.taken);
    SendPart(piece, start + piece.taken, false, writer);
  }
  held_ = rest;
  return Status::Ok();
}

// The line held is whole, with a newline of so many bytes, or it will never have one.
void LineSplitter::EndLine(size_t newline_bytes, RecordWriter& writer) {
  before_lines_(held_, writer);
  uint64_t start = offset_ - beyond_ - held_.size();
  if (beyond_ > 0) {
    beyond_ -= newline_bytes;
    newline_bytes = 0;
  }
  size_t size = held_.size() - newline_bytes;
  std::string held = Padded(std::move(held_));
  if (options_.rate != nullptr && !keep_last_ && parts_ == 0 && !options_.rate->Take(writer)) {
    if (options_.report != nullptr) ++options_.report->over_rate;
    TellDropped(offset_, writer);
  } else {
    SendLine({held.data(), size}, start, beyond_, offset_, writer);
  }
  held.clear();
  if (held.capacity() <= kKeepCapacity) held_ = std::move(held);
  line_start_ = offset_;
  beyond_ = 0;
  own_decoder_.reset();
}

void LineSplitter::SendHeld(RecordWriter& writer) {
  if (!holds_line()) return;
  if (!unit_.empty()) {
    if (decoder_ == nullptr) decoder_ = &options_.encoding->ForHead(unit_);
    Hold(std::exchange(unit_, {}));
  }
  EndLine(0, writer);
}

void LineSplitter::Finish(RecordWriter& writer) {
  SendHeld(writer);
  for (KeptLine& kept : kept_) {
    size_t size = kept.text.size();
    std::string text = Padded(std::move(kept.text));
    writer.WriteLine(frame_, {text.data(), size}, kept.next, {kept.meta, kept.pos, kept.binary});
  }
  kept_.clear();
}

// -------------------------------------------------------------------------------- lines to records

void LineSplitter::SendLine(std::string_view line, uint64_t start, uint64_t beyond, uint64_t next,
                            RecordWriter& writer) {
  if (parts_ == 0) line_start_ = start;
  if (options_.as_promtails_stdin && decoder_ == nullptr && beyond == 0) {
    line = line.substr(0, line.find_last_not_of('\r') + 1);
    if (line.empty() && parts_ == 0) {
      if (options_.report != nullptr) ++options_.report->empty;
      return;
    }
  }
  for (;;) {
    Piece piece = Cut(line, start, beyond == 0);
    bool last = piece.taken == line.size() && beyond == 0;
    if (last && parts_ == 0) {
      Emit(piece, next, {}, writer);
    } else if (options_.long_lines == LongLines::kTruncate) {
      if (options_.report != nullptr) ++options_.report->truncated;
      uint64_t missing = line.size() - piece.taken + beyond;
      std::string meta = "{\"truncated_bytes\":\"" + std::to_string(missing) + "\"}";
      Emit(piece, next, {meta, Record::kPosIsNext, piece.binary}, writer);
    } else if (options_.long_lines == LongLines::kDrop) {
      Drop(next, writer);
    } else {
      SendPart(piece, last ? next : start + piece.taken, last, writer);
      line.remove_prefix(piece.taken);
      start += piece.taken;
      if (!last) continue;
    }
    break;
  }
  parts_ = 0;
  goes_on_ = false;
  if (decoded_.capacity() > kKeepCapacity) decoded_ = {};
}

// The begin of a line, or of what is left of it, that fits into a record. `last`: `line` ends with
// the line.
LineSplitter::Piece LineSplitter::Cut(std::string_view line, uint64_t start, bool last) {
  size_t limit = options_.max_bytes > 0 ? options_.max_bytes : Decoder::kNoLimit;
  if (decoder_ == nullptr) {
    size_t taken = WholeCharacters(line, limit);
    return {taken, line.substr(0, taken), false};
  }
  const Decoder& decoder = own_decoder_ != nullptr ? *own_decoder_ : *decoder_;
  Decoder::Taken taken = decoder.Decode(line, limit, goes_on_, last, &decoded_);
  goes_on_ = taken.outcome != Decoder::Outcome::kBad && (taken.bytes > 0 || line.empty());
  if (goes_on_) {
    size_t size = decoded_.size();
    decoded_.append(RecordWriter::kPadding, '\0');
    std::string_view text(decoded_.data(), size);
    if (start == 0 && text.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
      text.remove_prefix(kByteOrderMark.size());
    }
    return {taken.bytes, text, false};
  }
  if (options_.report != nullptr && options_.report->undecodable) {
    const std::string& encoding = options_.encoding->name();
    options_.report->undecodable(encoding, name_ + ": the line at byte " + std::to_string(start) +
                                               " is not " + encoding + "; it is sent as line64");
  }
  size_t size = std::min(line.size(), limit - limit % unit_bytes());
  return {size, line.substr(0, size), true};
}

void LineSplitter::SendPart(const Piece& piece, uint64_t next, bool last, RecordWriter& writer) {
  if (parts_++ == 0 && options_.report != nullptr) ++options_.report->split;
  std::string part = std::to_string(parts_);
  std::string meta = "{\"part\":\"" + part + (last ? "\",\"parts\":\"" + part : "") + "\"}";
  Emit(piece, next, {meta, last ? Record::kPosIsNext : line_start_, piece.binary}, writer);
}

void LineSplitter::Drop(uint64_t next, RecordWriter& writer) {
  if (options_.report != nullptr) ++options_.report->dropped;
  TellDropped(next, writer);
}

void LineSplitter::TellDropped(uint64_t next, RecordWriter& writer) {
  // Lines that are kept go out later: nothing may say before that they are dealt with.
  if (keep_last_ || frame_.id().empty()) return;
  std::string mark;
  AppendPosMark(&mark, frame_.Src(next));
  writer.WriteMark(mark);
}

void LineSplitter::Emit(const Piece& piece, uint64_t next, const RecordNotes& notes,
                        RecordWriter& writer) {
  if (!keep_last_) {
    bool plain = notes.meta.empty() && !piece.binary;
    if (plain) return writer.WriteLine(frame_, piece.text, next);
    return writer.WriteLine(frame_, piece.text, next, {notes.meta, notes.pos, piece.binary});
  }
  if (*keep_last_ == 0) return;
  if (kept_.size() == *keep_last_) kept_.pop_front();
  kept_.push_back(
      {std::string(piece.text), next, std::string(notes.meta), notes.pos, piece.binary});
}

// ----------------------------------------------------------------------------- lines from the end

Result<uint64_t> LineSplitter::FindLastLines(int fd, uint64_t size, uint64_t lines,
                                             std::string_view head) const {
  constexpr size_t kBlock = 64 << 10;
  const Decoder* decoder =
      options_.encoding != nullptr ? &options_.encoding->ForHead(head) : nullptr;
  size_t unit = decoder != nullptr ? decoder->unit_bytes() : 1;
  std::string block(kBlock, '\0');
  uint64_t end = size - size % unit;
  bool at_last_byte = lines > 0 && end == size;  // its newline ends the last line, it begins none
  while (end > 0) {
    // A multiple of kBlock, and so of every unit.
    uint64_t begin = (end - 1) / kBlock * kBlock;
    ssize_t n = pread(fd, block.data(), end - begin, static_cast<off_t>(begin));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return IoError("read " + name_, errno);
    if (static_cast<size_t>(n) < end - begin) return uint64_t{0};  // became shorter meanwhile
    for (std::string_view rest(block.data(), static_cast<size_t>(n));;) {
      size_t line_end = decoder != nullptr ? decoder->LastLineEnd(rest) : rest.rfind('\n') + 1;
      if (line_end == 0) break;
      bool is_last_byte = at_last_byte && begin + line_end == size;
      if (!is_last_byte && (lines == 0 || --lines == 0)) return begin + line_end;
      rest = rest.substr(0, line_end - unit);
    }
    end = begin;
  }
  return uint64_t{0};
}

}  // namespace glp::tail
