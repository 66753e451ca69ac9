#include "source_file.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "file_bytes.h"
#include "record/record.h"

namespace glp::tail {

Result<SourceFile::Progress> SourceFile::Read(ReadBlock& block, RecordWriter& writer) {
  if (writer.metrics() == nullptr || finished_) return ReadOn(block, writer);
  if (!metrics_.is_open()) metrics_ = writer.metrics()->Open(path_);
  const uint64_t lines = writer.lines();
  auto progress = ReadOn(block, writer);
  metrics_.OnRead(offset(), state_.size_bytes, writer.lines() - lines);
  return progress;
}

Result<SourceFile::Progress> SourceFile::ReadOn(ReadBlock& block, RecordWriter& writer) {
  if (parked()) GLP_RETURN_IF_ERROR(Unpark(writer));
  if (finished_) return Progress::kEnd;
  if (begun_ != nullptr && begun_->lost) {
    Recalled lost = *std::exchange(begun_->lost, {});
    if (!known_.HasCopy(lost.id)) SayTruncated(lost.id, lost.next, 0, writer);
  }
  if (begun_ != nullptr && begun_->is_copy) {
    TakeAsCopied(state_.size_bytes, false, writer);
    return Progress::kEnd;
  }
  GLP_ASSIGN_OR_RETURN(bool decided, DecideForm());
  if (!decided) return Progress::kWait;
  return form_ == Form::kPlain ? ReadPlain(block, writer) : ReadStream(block, writer);
}

Result<SourceFile::Progress> SourceFile::ReadPlain(ReadBlock& block, RecordWriter& writer) {
  if (head_) Introduce({}, writer);
  GLP_ASSIGN_OR_RETURN(size_t n, ReadSome(fd_, block.data.get(), block.size, offset(), path_));
  writer.SetTime(NowNs());
  if (options_->follow) {
    GLP_ASSIGN_OR_RETURN(bool truncated, WasTruncated(n));
    if (truncated) {
      StartAgain(writer);
      return Progress::kMore;
    }
  }
  GLP_RETURN_IF_ERROR(lines_.Take({block.data.get(), n}, writer));
  if (n == 0) return options_->follow ? Progress::kWait : Progress::kEnd;
  return options_->follow && n < block.size ? Progress::kWait : Progress::kMore;
}

Result<SourceFile::Progress> SourceFile::ReadStream(ReadBlock& block, RecordWriter& writer) {
  if (stream_ == nullptr) {
    GLP_ASSIGN_OR_RETURN(bool begun, BeginStream(writer));
    if (!begun) return finished_ ? Progress::kEnd : Progress::kWait;
  }
  if (begun_ != nullptr && begun_->skip_bytes + begun_->skip_lines > 0) {
    GLP_ASSIGN_OR_RETURN(bool more, Skip(block, writer));
    read_whole_ = !more;
    return more ? Progress::kMore : Progress::kEnd;
  }
  GLP_ASSIGN_OR_RETURN(size_t n, stream_->Read(block.data.get(), block.size));
  writer.SetTime(NowNs());
  if (n == 0) {
    read_whole_ = true;
    return Progress::kEnd;
  }
  GLP_RETURN_IF_ERROR(lines_.Take({block.data.get(), n}, writer));
  return Progress::kMore;
}

// Reads a block of what was dealt with before. False at the end.
Result<bool> SourceFile::Skip(ReadBlock& block, RecordWriter& writer) {
  Begun& begun = *begun_;
  bool by_lines = begun.skip_bytes == 0;
  size_t size = by_lines ? block.size : std::min<uint64_t>(block.size, begun.skip_bytes);
  GLP_ASSIGN_OR_RETURN(size_t n, stream_->Read(block.data.get(), size));
  if (n == 0) return false;
  std::string_view bytes(block.data.get(), n);
  if (begun.skipped == 0) begun.head = bytes.substr(0, 4);
  size_t taken = n;
  if (by_lines) {
    for (taken = 0; taken < n && begun.skip_lines > 0; --begun.skip_lines) {
      size_t newline = bytes.find('\n', taken);
      if (newline == std::string_view::npos) {
        taken = n;
        break;
      }
      taken = newline + 1;
    }
  } else {
    begun.skip_bytes -= n;
  }
  begun.skipped += taken;
  if (begun.skip_bytes + begun.skip_lines > 0) return true;
  start_ = begun.skipped;
  lines_.Start(start_, begun.head);
  writer.SetTime(NowNs());
  GLP_RETURN_IF_ERROR(lines_.Take(bytes.substr(taken), writer));
  return true;
}

// The look comes after the read: bytes read before a truncation that came later are good.
Result<bool> SourceFile::WasTruncated(size_t bytes_read) {
  GLP_ASSIGN_OR_RETURN(state_, io::LookAtFd(fd_, path_));
  uint64_t end = offset() + bytes_read;
  if (state_.size_bytes < end) return bytes_read == 0;
  if (bytes_read > 0 && offset() > 0 && head_) {
    GLP_ASSIGN_OR_RETURN(std::string head, ReadHead(fd_, head_size_, path_));
    if (io::HeadFingerprint(head) != *head_) return true;
  }
  seen_size_ = std::max(seen_size_, state_.size_bytes);
  return false;
}

void SourceFile::StartAgain(RecordWriter& writer) {
  lines_.SendHeld(writer);
  Introduce({}, writer);
  // More than was read, but never was as large as that again: that much is known to be missing.
  uint64_t missing = seen_size_ > offset() ? seen_size_ - offset() : 0;
  SayTruncated({}, offset(), missing, writer);
  Forget(true);
  start_ = 0;
  lines_.Start(0, {});
  seen_size_ = state_.size_bytes;
  head_.reset();
  id_.reset();
  restarted_ = true;
  introduced_ = false;
  form_ = Form::kUnknown;
  Claim();
}

// `id`: of a file that was not introduced.
void SourceFile::SayTruncated(const std::optional<io::FileIdentity>& id, uint64_t next,
                              uint64_t missing_bytes, RecordWriter& writer) {
  std::string mark;
  std::string at = "@" + std::to_string(next);
  if (id) AppendFileMark(&mark, id->ToString() + "@0", path_);
  AppendGapMark(&mark, (id ? id->ToString() : frame_.id()) + at, missing_bytes, "truncated");
  writer.WriteMark(mark);
  if (writer.metrics() != nullptr) writer.metrics()->OnGap(missing_bytes);
}

void SourceFile::TakeAsCopied(uint64_t text_bytes, bool is_unread, RecordWriter& writer) {
  start_ = text_bytes;
  finished_ = true;
  lines_.Start(start_, {});
  // Should all die before the other is read, this file has what is missing.
  if (!is_unread) SayCopied(writer);
}

// Of a copy: all of it is dealt with.
void SourceFile::SayCopied(RecordWriter& writer) {
  const io::FileIdentity& own = *begun_->own;
  std::string id = own.ToString();
  std::string mark;
  AppendFileMark(&mark, id + "@0", file_.empty() ? path_ : file_, offset());
  AppendPosMark(&mark, id + "@" + std::to_string(offset()));
  writer.WriteMark(mark);
  known_.AddCopy(own, log_, offset());
}

void SourceFile::SetHead(std::string_view bytes) {
  bytes = bytes.substr(0, io::kHeadBytes);
  head_ = io::HeadFingerprint(bytes);
  size_t newline = bytes.find('\n');
  head_size_ =
      static_cast<uint16_t>(newline == std::string_view::npos ? bytes.size() : newline + 1);
}

// `first_line` begins with the first line where that is not known yet.
void SourceFile::Introduce(std::string_view first_line, RecordWriter& writer) {
  if (introduced_ || is_pipe()) return;
  introduced_ = true;
  if (!head_) SetHead(first_line);
  io::FileIdentity identity = state_.identity;
  identity.head = *head_;
  if (id_) identity = *id_;
  if (restarted_ && known_.IsUsed(identity)) {
    // The same head as before: the time tells them apart.
    identity.birth_ms = static_cast<uint32_t>(NowNs() / kNsPerMs);
    while (known_.IsUsed(identity)) ++identity.birth_ms;
  }
  frame_.SetId(identity.ToString());
  if (own_) known_file_ = known_.Open(identity, log_, start_, this);
  Unclaim();
  if (known_file_ != nullptr && form_ == Form::kCompressed) {
    known_file_->is_copy = !(begun_ != nullptr && begun_->own);
  }
  std::string mark;
  // A compressed file that was not read under its original's ID is known by its own name.
  bool by_file =
      form_ == Form::kCompressed && !file_.empty() && !(begun_ != nullptr && begun_->own);
  std::optional<uint64_t> size;
  if (options_->follow && form_ == Form::kPlain) size = state_.size_bytes;
  AppendFileMark(&mark, frame_.Src(0),
                 !own_     ? "-"
                 : by_file ? file_
                           : path_,
                 start_, state_.modified_ns, size);
  if (start_ > 0) AppendPosMark(&mark, frame_.Src(start_));
  writer.WriteMark(mark);
}

void SourceFile::Claim() {
  if (!own_) return;
  claimed_ = true;
  known_.Claim(id_, log_, this);
}

// After it was opened under its ID, that is no longer claimed either.
void SourceFile::Unclaim() {
  if (!std::exchange(claimed_, false)) return;
  known_.Unclaim(known_file_ == nullptr ? id_ : std::nullopt, log_, this);
}

// It is no longer read under the ID it had.
void SourceFile::Forget(bool truncated) {
  Unclaim();
  if (known_file_ == nullptr) return;
  uint64_t tail = 0;
  if (!truncated && form_ == Form::kPlain && fd_ >= 0) {
    char bytes[kTailBytes];
    size_t size = std::min<uint64_t>(sizeof bytes, offset());
    auto n = ReadSome(fd_, bytes, size, offset() - size, path_);
    if (n.ok() && *n == size) tail = TailHash({bytes, size});
  }
  known_.Close(std::exchange(known_file_, nullptr), offset(), truncated, tail);
}

void SourceFile::Finish(RecordWriter& writer) {
  if (finished_) return;
  if (begun_ != nullptr && begun_->is_copy) {
    return TakeAsCopied(state_.size_bytes, false, writer);
  }
  if (auto decided = DecideForm(); decided.ok() && !*decided) {
    // Too short for a magic number, and it stays so: its few bytes are text.
    form_ = Form::kPlain;
    if (auto rest = ReadHead(fd_, 4, path_); rest.ok()) {
      size_t size = rest->size();
      rest->append(RecordWriter::kPadding, '\0');
      (void)lines_.Take({rest->data(), size}, writer).ok();
    }
  }
  finished_ = true;
  lines_.Finish(writer);
  metrics_ = {};
  Introduce({}, writer);
  stream_.reset();
  Forget(false);
  if (read_whole_ && begun_ != nullptr && begun_->own) SayCopied(writer);
}

void SourceFile::Close() {
  own_fd_.Reset();
  fd_ = -1;
}

bool SourceFile::AtEnd() const {
  if (finished_ || parked()) return true;
  if (form_ == Form::kCompressed) return false;
  if (form_ != Form::kPlain) return true;
  auto now = io::LookAtFd(fd_, path_);
  return !now.ok() || now->size_bytes <= offset();
}

}  // namespace glp::tail
