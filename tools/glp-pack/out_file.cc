#include "out_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace glp::packtool {

Result<OutFile> OutFile::Open(const std::string& path) {
  OutFile file;
  const bool standard = path.empty() || path == "-";
  file.name_ = standard ? "standard output" : path;
  if (standard) {
    if (isatty(1)) {
      return UsageError("standard output is a terminal: name a file with -o FILE, or use a pipe");
    }
    return file;
  }
  file.path_ = path;
  struct stat st;
  if (stat(path.c_str(), &st) == 0) {
    if (S_ISDIR(st.st_mode)) return IoError("create " + path, EISDIR);
    if (!S_ISREG(st.st_mode)) {
      file.fd_ = io::Fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
      if (!file.fd_.valid()) return IoError("open " + path, errno);
      return file;
    }
    char* real = realpath(path.c_str(), nullptr);
    if (real != nullptr) file.path_ = real;
    free(real);
  }
  std::string temporary = file.path_ + ".tmp-" + std::to_string(getpid());
  GLP_ASSIGN_OR_RETURN(file.fd_, io::Create(temporary));
  file.temporary_ = std::move(temporary);
  return file;
}

OutFile::~OutFile() {
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

Status OutFile::Finish() {
  if (temporary_.empty()) return Status::Ok();
  GLP_RETURN_IF_ERROR(io::SyncFile(fd_.get(), temporary_));
  GLP_RETURN_IF_ERROR(io::Rename(temporary_, path_));
  temporary_.clear();
  size_t slash = path_.rfind('/');
  return io::SyncFolder(slash == std::string::npos ? "." : path_.substr(0, slash + 1));
}

}  // namespace glp::packtool
