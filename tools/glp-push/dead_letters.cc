#include "dead_letters.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "base/json_text.h"
#include "io/generation.h"
#include "io/output.h"

namespace glp::push {
namespace {

// Other processes may append to the same file; nobody does while this lives.
class Alone {
 public:
  explicit Alone(int fd) : fd_(fd) {
    while (flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  ~Alone() { flock(fd_, LOCK_UN); }
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;

 private:
  const int fd_;
};

}  // namespace

void AppendDeadLetter(std::string* out, Record record, const RefusedBy& by) {
  std::string extra(record.extra);
  extra += ",\"refused\":{\"why\":";
  AppendJsonString(&extra, by.why);
  if (!by.url.empty()) {
    extra += ",\"by\":";
    AppendJsonString(&extra, by.url);
  }
  if (by.maybe_stored) extra += ",\"stored\":\"maybe\"";
  if (!by.src.empty()) {
    extra += ",\"src\":\"";
    extra += by.src;
    extra += '"';
  }
  extra += '}';
  record.raw = {};
  record.src = {};
  record.pos = Record::kPosIsNext;
  record.extra = extra;
  AppendRecord(out, record);
}

Result<std::unique_ptr<DeadLetters>> DeadLetters::Open(const std::string& path) {
  io::Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fd.valid()) return IoError("open " + path, errno);
  GLP_RETURN_IF_ERROR(io::SyncFolder(io::FolderOfPath(path)));
  return std::unique_ptr<DeadLetters>(new DeadLetters(path, std::move(fd)));
}

Status DeadLetters::Keep(std::string_view text) {
  std::lock_guard lock(mutex_);
  const Alone alone(fd_.get());
  GLP_ASSIGN_OR_RETURN(const uint64_t size, io::FileSize(fd_.get(), path_));
  // A crash may have left half a line.
  char last = '\n';
  if (size > 0) GLP_RETURN_IF_ERROR(io::ReadAt(fd_.get(), size - 1, 1, &last, path_));
  Status status;
  if (last != '\n') status = io::WriteAll(fd_.get(), "\n", path_);
  if (status.ok()) status = io::WriteAll(fd_.get(), text, path_);
  if (status.ok()) status = io::SyncFile(fd_.get(), path_);
  if (!status.ok() && ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) {
    return status.Annotate("half a line stays");
  }
  return status;
}

}  // namespace glp::push
