// How a SourceFile is opened: what it is, where reading begins and under which ID.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/strings.h"
#include "file_bytes.h"
#include "io/compressed.h"
#include "io/file_system.h"
#include "io/generation.h"
#include "paths.h"
#include "pipe_source.h"
#include "record/record.h"
#include "source_file.h"

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

// Without O_NONBLOCK the open of a FIFO would wait for its writer.
constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

}  // namespace

Result<std::unique_ptr<SourceFile>> SourceFile::Open(const SourceRequest& request,
                                                     KnownFiles& known, int* error) {
  *error = 0;
  const std::string& name = request.file.empty() ? request.path : request.file;
  int fd = io::Files().Open(name.c_str(), kOpenFlags, 0);
  if (fd < 0) {
    *error = errno;
    return IoError(name, errno);
  }
  std::unique_ptr<SourceFile> file(new SourceFile(request, fd, true, known));
  GLP_ASSIGN_OR_RETURN(file->state_, io::LookAtFd(fd, name));
  if (file->state_.kind == io::FileKind::kFolder) {
    return Status(Code::kIo, name + ": is a folder; name the files in it, as in '" + name + "/*'");
  }
  if (file->state_.kind == io::FileKind::kOther && !request.anything) {
    return Status(Code::kIo, name + ": is not a regular file");
  }
  GLP_RETURN_IF_ERROR(file->Begin());
  return file;
}

Result<std::unique_ptr<SourceFile>> SourceFile::Stdin(Options options, KnownFiles& known) {
  SourceRequest request{"standard input", {}, std::move(options)};
  std::unique_ptr<SourceFile> file(new SourceFile(std::move(request), STDIN_FILENO, false, known));
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

SourceFile::SourceFile(SourceRequest request, int fd, bool own, KnownFiles& known)
    : path_(std::move(request.path)),
      file_(std::move(request.file)),
      own_fd_(own ? fd : -1),
      fd_(fd),
      own_(own),
      options_(std::move(request.options)),
      line_options_(options_),
      last_lines_(request.whole ? std::nullopt : options_->last_lines),
      known_(known),
      log_(LogKey(path_)),
      frame_(LabelsJson(*options_, path_, own)),
      lines_(path_, line_options_->lines, frame_,
             [this](std::string_view first, RecordWriter& writer) { Introduce(first, writer); }) {}

SourceFile::~SourceFile() { Forget(false); }

void SourceFile::SetOptions(Options options) {
  bool same =
      options->labels == options_->labels && options->filename_label == options_->filename_label;
  options_ = std::move(options);
  if (same) return;
  std::string id = frame_.id();
  frame_ = RecordFrame(LabelsJson(*options_, path_, own_));
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
  if (own_) GLP_RETURN_IF_ERROR(Recall());
  GLP_ASSIGN_OR_RETURN(bool decided, DecideForm());
  if (form_ != Form::kCompressed && (begun_ == nullptr || !begun_->is_copy)) Claim();
  return decided && form_ == Form::kPlain ? FindStart() : Status::Ok();
}

Status SourceFile::Recall() {
  std::optional<uint64_t> promtail = known_.Promtail(PlainPath(path_));
  if (!promtail && !known_.MayKnow(state_, log_)) return Status::Ok();
  GLP_ASSIGN_OR_RETURN(std::string head, ReadHead(fd_, io::kHeadBytes, path_));
  if (io::DetectCompression(head) != io::Compression::kNone) return Status::Ok();
  Recalled recalled = known_.RecallPlain(state_, head, log_, fd_);
  switch (recalled.kind) {
    case Recalled::Kind::kOn:
      start_ = recalled.next;
      id_ = recalled.id;
      last_lines_.reset();
      break;
    case Recalled::Kind::kTruncated:
      begun_ = std::make_unique<Begun>();
      begun_->lost = recalled;
      restarted_ = true;
      last_lines_.reset();
      break;
    case Recalled::Kind::kDone:
      // What is at the name of the log itself is no copy, however it begins.
      if (io::ParseGenerationName(file_.empty() ? path_ : file_).kind !=
          io::GenerationName::Kind::kLive) {
        begun_ = std::make_unique<Begun>();
        begun_->own = recalled.own;
        begun_->is_copy = true;
        break;
      }
      [[fallthrough]];
    case Recalled::Kind::kNew:
      if (promtail) return TakePromtailPosition(*promtail);
  }
  return Status::Ok();
}

// It tells no more than a path: another file may stand there by now. promtail's positions are
// always ends of lines.
Status SourceFile::TakePromtailPosition(uint64_t position) {
  last_lines_.reset();
  if (position == 0 || position > state_.size_bytes) return Status::Ok();
  char before = 0;
  GLP_ASSIGN_OR_RETURN(size_t n, ReadSome(fd_, &before, 1, position - 1, path_));
  if (n == 1 && before == '\n') start_ = position;
  return Status::Ok();
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
  // Of a first line that has no end yet no more may count than will stay.
  if (start_ > 0) SetHead(std::string_view(head).substr(0, start_));
  return Status::Ok();
}

// Finds out what a compressed file is. False where there is nothing to read, now or at all.
Result<bool> SourceFile::BeginStream(RecordWriter& writer) {
  if (options_->follow) {
    GLP_ASSIGN_OR_RETURN(state_, io::LookAtFd(fd_, path_));
    not_before_ns_ = state_.modified_ns + options_->settle_ns;
    // A time in the future must not put it off for ever.
    if (int64_t now = NowNs(); now < not_before_ns_ && state_.modified_ns <= now) return false;
  }
  not_before_ns_ = 0;
  if (own_) {
    GLP_ASSIGN_OR_RETURN(Recalled recalled, known_.RecallCompressed(fd_, path_, state_, log_));
    if (recalled.kind == Recalled::Kind::kDone) {
      begun_ = std::make_unique<Begun>();
      begun_->own = recalled.own;
      TakeAsCopied(recalled.text_bytes, recalled.is_unread(), writer);
      return false;
    }
    std::optional<uint64_t> promtail = known_.Promtail(PlainPath(path_));
    if (recalled.kind == Recalled::Kind::kOn || promtail) {
      last_lines_.reset();
      begun_ = std::make_unique<Begun>();
    }
    if (recalled.kind == Recalled::Kind::kOn) {
      id_ = recalled.id;
      if (!(recalled.own == recalled.id)) begun_->own = recalled.own;
      begun_->skip_bytes = start_ = recalled.next;
    } else if (promtail) {
      begun_->skip_lines = *promtail;
    }
  }
  lseek(fd_, 0, SEEK_SET);
  GLP_ASSIGN_OR_RETURN(stream_, io::MakeDecodingSource(io::MakeFdSource(fd_, path_, false), path_));
  if (last_lines_) lines_.KeepLast(*last_lines_);
  return true;
}

bool SourceFile::Park() {
  if (!own_ || finished_ || form_ != Form::kPlain) return false;
  own_fd_.Reset();
  fd_ = -1;
  written_ = false;
  return true;
}

Status SourceFile::Unpark(RecordWriter& writer) {
  std::string folder = io::FolderOfPath(path_);
  std::vector<std::string> places = {file_.empty() ? path_ : file_};
  for (int round = 0; round < 2; ++round) {
    for (const std::string& place : places) {
      int fd = io::Files().Open(place.c_str(), kOpenFlags, 0);
      if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE) {
          return Status(Code::kLimit, IoError(place, errno).message());
        }
        continue;
      }
      io::Fd owned(fd);
      auto state = io::LookAtFd(fd, place);
      if (!state.ok() || !state->SameFile(state_)) continue;
      if (place != path_) file_ = place;
      own_fd_ = std::move(owned);
      fd_ = fd;
      return Status::Ok();
    }
    places.clear();
    std::string log = io::ParseGenerationName(path_).log;
    auto names = io::ListFolder(folder);
    if (!names.ok()) break;
    for (io::Generation& one : io::FindGenerations(log, *names)) {
      places.push_back(std::move(one.path));
    }
  }
  if (written_ && introduced_) {
    std::string mark;
    AppendGapMark(&mark, frame_.Src(offset()), 0, "deleted");
    writer.WriteMark(mark);
  }
  Finish(writer);
  return Status::Ok();
}

}  // namespace glp::tail
