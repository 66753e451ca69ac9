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

std::string LabelsJson(const SourceOptions& options, const std::string& path, bool has_name) {
  Labels labels = options.labels;
  bool given = std::any_of(labels.begin(), labels.end(),
                           [](const Label& label) { return label.name == "filename"; });
  // A path is any bytes but NUL; JSON has to be UTF-8.
  if (has_name && options.filename_label && !given) {
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

}  // namespace

Result<std::unique_ptr<SourceFile>> SourceFile::Open(const std::string& path, Options options,
                                                     bool whole, bool anything, int* error) {
  *error = 0;
  // Without O_NONBLOCK the open of a FIFO would wait for its writer.
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) {
    *error = errno;
    return IoError(path, errno);
  }
  std::unique_ptr<SourceFile> file(new SourceFile(path, fd, true, whole, std::move(options)));
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

Result<std::unique_ptr<SourceFile>> SourceFile::Stdin(Options options) {
  std::unique_ptr<SourceFile> file(
      new SourceFile("standard input", STDIN_FILENO, false, false, std::move(options)));
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

SourceFile::SourceFile(std::string path, int fd, bool own, bool whole, Options options)
    : path_(std::move(path)),
      own_fd_(own ? fd : -1),
      fd_(fd),
      options_(std::move(options)),
      last_lines_(whole ? std::nullopt : options_->last_lines),
      frame_(LabelsJson(*options_, path_, own)),
      lines_(path_, options_->lines, frame_,
             [this](std::string_view first, RecordWriter& writer) { Introduce(first, writer); }) {}

void SourceFile::SetOptions(Options options) {
  bool same = options->labels == options_->labels;
  options_ = std::move(options);
  if (same) return;
  std::string id = frame_.id();
  frame_ = RecordFrame(LabelsJson(*options_, path_, own_fd_.valid()));
  if (!id.empty()) frame_.SetId(id);
}

Status SourceFile::Begin() {
  if (is_pipe()) {
    form_ = Form::kPipe;
    stream_ = MakePipeSource(fd_, path_, false, options_->before_wait);
    if (last_lines_) lines_.KeepLast(*last_lines_);
    return Status::Ok();
  }
  posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
  seen_size_ = state_.size_bytes;
  GLP_ASSIGN_OR_RETURN(bool decided, DecideForm());
  return decided && form_ == Form::kPlain ? FindStart() : Status::Ok();
}

// False while a followed file is too short to tell.
Result<bool> SourceFile::DecideForm() {
  if (form_ != Form::kUnknown) return true;
  GLP_ASSIGN_OR_RETURN(std::string head, ReadHead(fd_, 4, path_));
  if (start_ == 0 && io::DetectCompression(head) != io::Compression::kNone) {
    form_ = Form::kCompressed;
  } else if (start_ > 0 || !options_->follow || (!head.empty() && !MayBeCompressed(head))) {
    form_ = Form::kPlain;
  }
  return form_ != Form::kUnknown;
}

Status SourceFile::FindStart() {
  std::string head;
  if (start_ > 0 || last_lines_) {
    GLP_ASSIGN_OR_RETURN(head, ReadHead(fd_, io::kHeadBytes, path_));
  }
  if (last_lines_) {
    uint64_t lines = *last_lines_;
    uint64_t from = state_.size_bytes;
    // A followed line that has begun is complete some day: it is taken whole or not at all.
    if (lines > 0 || options_->follow) {
      GLP_ASSIGN_OR_RETURN(from, lines_.FindLastLines(fd_, state_.size_bytes, lines, head));
    }
    start_ = std::max(start_, from);
  }
  lines_.Start(start_, head);
  if (start_ > 0) head_ = io::HeadFingerprint(head);
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
    if (options_->follow) {
      GLP_ASSIGN_OR_RETURN(state_, io::LookAtFd(fd_, path_));
      not_before_ns_ = state_.modified_ns + options_->settle_ns;
      // A time in the future must not put it off for ever.
      if (int64_t now = NowNs(); now < not_before_ns_ && state_.modified_ns <= now) {
        return Progress::kWait;
      }
    }
    not_before_ns_ = 0;
    lseek(fd_, 0, SEEK_SET);
    GLP_ASSIGN_OR_RETURN(stream_,
                         io::MakeDecodingSource(io::MakeFdSource(fd_, path_, false), path_));
    if (last_lines_) lines_.KeepLast(*last_lines_);
  }
  GLP_ASSIGN_OR_RETURN(size_t n, stream_->Read(block.data.get(), block.size));
  writer.SetTime(NowNs());
  if (n == 0) return Progress::kEnd;
  GLP_RETURN_IF_ERROR(lines_.Take({block.data.get(), n}, writer));
  return Progress::kMore;
}

// The look comes after the read: bytes read before a truncation that came later are good.
Result<bool> SourceFile::WasTruncated(size_t bytes_read) {
  GLP_ASSIGN_OR_RETURN(state_, io::LookAtFd(fd_, path_));
  uint64_t end = offset() + bytes_read;
  if (state_.size_bytes < end) return bytes_read == 0;
  if (bytes_read > 0 && offset() > 0 && head_) {
    GLP_ASSIGN_OR_RETURN(std::string head, ReadHead(fd_, io::kHeadBytes, path_));
    if (io::HeadFingerprint(head) != *head_) return true;
  }
  seen_size_ = std::max(seen_size_, state_.size_bytes);
  return false;
}

void SourceFile::StartAgain(RecordWriter& writer) {
  lines_.SendHeld(writer);
  Introduce({}, writer);
  std::string mark;
  // More than was read, but never was as large as that again: that much is known to be missing.
  uint64_t missing = seen_size_ > offset() ? seen_size_ - offset() : 0;
  AppendGapMark(&mark, frame_.Src(offset()), missing, "truncated");
  writer.WriteMark(mark);
  start_ = 0;
  lines_.Start(0, {});
  seen_size_ = state_.size_bytes;
  head_.reset();
  introduced_ = false;
  form_ = Form::kUnknown;
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
    if (auto rest = ReadHead(fd_, 4, path_); rest.ok()) {
      size_t size = rest->size();
      rest->append(RecordWriter::kPadding, '\0');
      (void)lines_.Take({rest->data(), size}, writer).ok();
    }
  }
  finished_ = true;
  lines_.Finish(writer);
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
  return !now.ok() || now->size_bytes <= offset();
}

}  // namespace glp::tail
