#include "source_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/strings.h"
#include "io/compressed.h"
#include "io/stop.h"
#include "pipe_source.h"
#include "record/record.h"

namespace glp::tail {
namespace {

// A compressed file that changed less than this ago may still be being written.
constexpr int64_t kSettleNs = kNsPerSecond;
// A line longer than this gives its memory back.
constexpr size_t kKeepCapacity = 1 << 20;

std::string LabelsJson(const SourceOptions& options, const std::string& path, bool has_name) {
  Labels labels = options.labels;
  bool given = std::any_of(labels.begin(), labels.end(),
                           [](const Label& label) { return label.name == "filename"; });
  // A path is any bytes but NUL; JSON has to be UTF-8.
  if (has_name && !given) {
    labels.push_back({"filename", IsValidUtf8(path) ? path : EscapeForTerminal(path)});
  }
  Canonicalize(&labels);
  return LabelsToJson(labels);
}

// As many bytes as are there, up to `size`.
Result<size_t> ReadSome(int fd, char* out, size_t size, uint64_t offset, const std::string& name) {
  for (;;) {
    ssize_t n = pread(fd, out, size, static_cast<off_t>(offset));
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return IoError("read " + name, errno);
  }
}

Result<std::string> ReadHead(int fd, size_t size, const std::string& name) {
  std::string head(size, '\0');
  GLP_ASSIGN_OR_RETURN(size_t n, ReadSome(fd, head.data(), size, 0, name));
  head.resize(n);
  return head;
}

// Where the last `lines` lines of the first `size` bytes begin; a line without '\n' at the end is
// one. With 0 lines: behind the last '\n'. Cost: reads from the end what it has to.
Result<uint64_t> LastLinesOffset(int fd, uint64_t size, uint64_t lines, const std::string& name) {
  constexpr size_t kBlock = 64 << 10;
  std::string block(kBlock, '\0');
  uint64_t end = size;
  bool at_last_byte = lines > 0;  // its '\n' ends the last line, it begins none
  while (end > 0) {
    uint64_t begin = end > kBlock ? end - kBlock : 0;
    GLP_ASSIGN_OR_RETURN(size_t n, ReadSome(fd, block.data(), end - begin, begin, name));
    if (n < end - begin) return uint64_t{0};  // became shorter meanwhile
    for (std::string_view rest(block.data(), n);;) {
      size_t newline = rest.rfind('\n');
      if (newline == std::string_view::npos) break;
      bool is_last_byte = at_last_byte && begin + newline + 1 == size;
      if (!is_last_byte && (lines == 0 || --lines == 0)) return begin + newline + 1;
      rest = rest.substr(0, newline);
    }
    end = begin;
  }
  return uint64_t{0};
}

}  // namespace

Result<std::unique_ptr<SourceFile>> SourceFile::Open(const std::string& path,
                                                     const SourceOptions& options, bool anything,
                                                     int* error) {
  *error = 0;
  // Without O_NONBLOCK the open of a FIFO would wait for its writer.
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) {
    *error = errno;
    return IoError(path, errno);
  }
  std::unique_ptr<SourceFile> file(new SourceFile(path, fd, true, true, options));
  GLP_ASSIGN_OR_RETURN(file->state_, io::LookAtFd(fd, path));
  if (file->state_.kind == io::FileKind::kFolder) {
    return Status(Code::kIo, path + ": is a folder; name the files in it, as in '" + path + "/*'");
  }
  if (file->state_.kind == io::FileKind::kOther && !anything) {
    return Status(Code::kIo, path + ": is not a regular file");
  }
  GLP_RETURN_IF_ERROR(file->Begin());
  return file;
}

Result<std::unique_ptr<SourceFile>> SourceFile::Stdin(const SourceOptions& options) {
  std::unique_ptr<SourceFile> file(
      new SourceFile("standard input", STDIN_FILENO, false, false, options));
  GLP_ASSIGN_OR_RETURN(file->state_, io::LookAtFd(STDIN_FILENO, file->path_));
  if (file->state_.kind == io::FileKind::kFolder) {
    return Status(Code::kIo, "standard input is a folder");
  }
  if (!file->is_pipe()) {
    off_t at = lseek(STDIN_FILENO, 0, SEEK_CUR);
    if (at > 0) file->start_ = static_cast<uint64_t>(at);
  }
  GLP_RETURN_IF_ERROR(file->Begin());
  return file;
}

SourceFile::SourceFile(std::string path, int fd, bool own, bool has_name,
                       const SourceOptions& options)
    : path_(std::move(path)),
      own_fd_(own ? fd : -1),
      fd_(fd),
      options_(options),
      frame_(LabelsJson(options, path_, has_name)) {}

Status SourceFile::Begin() {
  if (is_pipe()) {
    form_ = Form::kPipe;
    stream_ = MakePipeSource(fd_, path_, false, options_.before_wait);
    return Status::Ok();
  }
  posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
  seen_size_ = state_.size_bytes;
  offset_ = start_;
  GLP_ASSIGN_OR_RETURN(bool decided, DecideForm());
  return decided && form_ == Form::kPlain ? FindStart() : Status::Ok();
}

// False while a followed file is too short to tell.
Result<bool> SourceFile::DecideForm() {
  if (form_ != Form::kUnknown) return true;
  GLP_ASSIGN_OR_RETURN(std::string head, ReadHead(fd_, 4, path_));
  if (start_ == 0 && io::DetectCompression(head) != io::Compression::kNone) {
    form_ = Form::kCompressed;
  } else if (start_ > 0 || !options_.follow || (!head.empty() && !MayBeCompressed(head))) {
    form_ = Form::kPlain;
  }
  return form_ != Form::kUnknown;
}

Status SourceFile::FindStart() {
  if (options_.last_lines) {
    uint64_t lines = *options_.last_lines;
    uint64_t from = state_.size_bytes;
    // A followed line that has begun is complete some day: it is taken whole or not at all.
    if (lines > 0 || options_.follow) {
      GLP_ASSIGN_OR_RETURN(from, LastLinesOffset(fd_, state_.size_bytes, lines, path_));
    }
    start_ = std::max(start_, from);
  }
  offset_ = start_;
  if (start_ > 0) {
    GLP_ASSIGN_OR_RETURN(std::string head, ReadHead(fd_, io::kHeadBytes, path_));
    head_ = io::HeadFingerprint(head);
  }
  return Status::Ok();
}

Result<SourceFile::Progress> SourceFile::Read(ReadBlock& block, RecordWriter& writer) {
  if (finished_) return Progress::kEnd;
  GLP_ASSIGN_OR_RETURN(bool decided, DecideForm());
  if (!decided) return Progress::kWait;
  return form_ == Form::kPlain ? ReadPlain(block, writer) : ReadStream(block, writer);
}

Result<SourceFile::Progress> SourceFile::ReadPlain(ReadBlock& block, RecordWriter& writer) {
  if (head_) Introduce({}, writer);
  GLP_ASSIGN_OR_RETURN(size_t n, ReadSome(fd_, block.data.get(), block.size, offset_, path_));
  writer.SetTime(NowNs());
  if (options_.follow) {
    GLP_ASSIGN_OR_RETURN(bool truncated, WasTruncated(n));
    if (truncated) {
      StartAgain(writer);
      return Progress::kMore;
    }
  }
  GLP_RETURN_IF_ERROR(Take({block.data.get(), n}, writer));
  if (n == 0) return options_.follow ? Progress::kWait : Progress::kEnd;
  return options_.follow && n < block.size ? Progress::kWait : Progress::kMore;
}

Result<SourceFile::Progress> SourceFile::ReadStream(ReadBlock& block, RecordWriter& writer) {
  if (stream_ == nullptr) {
    if (options_.follow) {
      GLP_ASSIGN_OR_RETURN(state_, io::LookAtFd(fd_, path_));
      not_before_ns_ = state_.modified_ns + kSettleNs;
      // A time in the future must not put it off for ever.
      if (int64_t now = NowNs(); now < not_before_ns_ && state_.modified_ns <= now) {
        return Progress::kWait;
      }
    }
    not_before_ns_ = 0;
    lseek(fd_, 0, SEEK_SET);
    GLP_ASSIGN_OR_RETURN(stream_,
                         io::MakeDecodingSource(io::MakeFdSource(fd_, path_, false), path_));
  }
  GLP_ASSIGN_OR_RETURN(size_t n, stream_->Read(block.data.get(), block.size));
  writer.SetTime(NowNs());
  if (n == 0) return Progress::kEnd;
  GLP_RETURN_IF_ERROR(Take({block.data.get(), n}, writer));
  return Progress::kMore;
}

// The look comes after the read: bytes read before a truncation that came later are good.
Result<bool> SourceFile::WasTruncated(size_t bytes_read) {
  GLP_ASSIGN_OR_RETURN(state_, io::LookAtFd(fd_, path_));
  uint64_t end = offset_ + bytes_read;
  if (state_.size_bytes < end) return bytes_read == 0;
  if (bytes_read > 0 && offset_ > 0 && head_) {
    GLP_ASSIGN_OR_RETURN(std::string head, ReadHead(fd_, io::kHeadBytes, path_));
    if (io::HeadFingerprint(head) != *head_) return true;
  }
  seen_size_ = std::max(seen_size_, state_.size_bytes);
  return false;
}

void SourceFile::StartAgain(RecordWriter& writer) {
  SendHeld(writer);
  Introduce({}, writer);
  std::string mark;
  // More than was read, but never was as large as that again: that much is known to be missing.
  uint64_t missing = seen_size_ > offset_ ? seen_size_ - offset_ : 0;
  AppendGapMark(&mark, frame_.Src(offset_), missing, "truncated");
  writer.WriteMark(mark);
  start_ = offset_ = 0;
  seen_size_ = state_.size_bytes;
  head_.reset();
  introduced_ = false;
  form_ = Form::kUnknown;
}

Status SourceFile::Take(std::string_view bytes, RecordWriter& writer) {
  if (!held_.empty()) {
    size_t newline = bytes.find('\n');
    size_t more = newline == std::string_view::npos ? bytes.size() : newline + 1;
    held_.append(bytes.substr(0, more));
    bytes.remove_prefix(more);
    offset_ += more;
    if (newline == std::string_view::npos) {
      if (held_.size() <= io::LineInput::kMaxLineBytes) return Status::Ok();
      return Status(Code::kLimit, path_ + ": a line is longer than 1 GiB; is it a file of lines?");
    }
    size_t size = held_.size();
    held_.append(RecordWriter::kPadding, '\0');
    TakeLines({held_.data(), size}, offset_ - size, writer);
    held_.clear();
    if (held_.capacity() > kKeepCapacity) held_.shrink_to_fit();
  }
  size_t whole = bytes.rfind('\n') + 1;  // 0 where there is none
  if (whole > 0) TakeLines(bytes.substr(0, whole), offset_, writer);
  held_.append(bytes.substr(whole));
  offset_ += bytes.size();
  return Status::Ok();
}

void SourceFile::TakeLines(std::string_view lines, uint64_t offset, RecordWriter& writer) {
  Introduce(lines, writer);
  if (!KeepsLast()) return writer.WriteLines(frame_, lines, offset);
  while (!lines.empty()) {
    size_t size = lines.find('\n') + 1;
    Keep(lines.substr(0, size), offset);
    offset += size;
    lines.remove_prefix(size);
  }
}

// Of a plain file only the last lines are read; of any other input they are known at its end.
bool SourceFile::KeepsLast() const { return options_.last_lines && form_ != Form::kPlain; }

void SourceFile::Keep(std::string_view line, uint64_t offset) {
  if (*options_.last_lines == 0) return;
  if (kept_.size() == *options_.last_lines) kept_.pop_front();
  kept_.push_back({std::string(line), offset});
}

void SourceFile::SendKept(RecordWriter& writer) {
  for (KeptLine& kept : kept_) {
    uint64_t next = kept.offset + kept.line.size();
    if (kept.line.back() == '\n') kept.line.pop_back();
    SendLine(std::move(kept.line), next, writer);
  }
  kept_.clear();
}

void SourceFile::SendLine(std::string line, uint64_t next, RecordWriter& writer) {
  size_t size = line.size();
  line.append(RecordWriter::kPadding, '\0');
  writer.WriteLine(frame_, {line.data(), size}, next);
}

void SourceFile::SendHeld(RecordWriter& writer) {
  if (held_.empty()) return;
  Introduce(held_, writer);
  if (KeepsLast()) {
    Keep(held_, offset_ - held_.size());
  } else {
    SendLine(std::move(held_), offset_, writer);
  }
  held_.clear();
}

// `first_line` begins with the first line where that is not known yet.
void SourceFile::Introduce(std::string_view first_line, RecordWriter& writer) {
  if (introduced_ || is_pipe()) return;
  introduced_ = true;
  if (!head_) head_ = io::HeadFingerprint(first_line);
  io::FileIdentity identity = state_.identity;
  identity.head = *head_;
  frame_.SetId(identity.ToString());
  std::string mark;
  AppendFileMark(&mark, frame_.Src(0), own_fd_.valid() ? path_ : "-");
  if (start_ > 0) AppendPosMark(&mark, frame_.Src(start_));
  writer.WriteMark(mark);
}

void SourceFile::Finish(RecordWriter& writer) {
  if (finished_) return;
  if (form_ == Form::kUnknown) {
    // Too short for a magic number, and it stays so: its few bytes are text.
    form_ = Form::kPlain;
    if (auto rest = ReadHead(fd_, 4, path_); rest.ok()) (void)Take(*rest, writer).ok();
  }
  finished_ = true;
  SendHeld(writer);
  SendKept(writer);
  Introduce({}, writer);
  stream_.reset();
}

void SourceFile::Close() {
  own_fd_.Reset();
  fd_ = -1;
}

bool SourceFile::AtEnd() const {
  if (finished_) return true;
  if (form_ == Form::kCompressed) return false;
  if (form_ != Form::kPlain) return true;
  auto now = io::LookAtFd(fd_, path_);
  return !now.ok() || now->size_bytes <= offset_;
}

}  // namespace glp::tail
