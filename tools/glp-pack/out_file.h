// A file that appears under its name only when it is whole.
// Threads: one at a time. Errors: Code::kIo.
#pragma once

#include <string>

#include "base/result.h"
#include "io/file.h"

namespace glp::packtool {

class OutFile {
 public:
  // "" and "-" are standard output. What is there and is no regular file (a device, a pipe) is
  // written to as it is; a symlink's target is replaced, not the link.
  static Result<OutFile> Open(const std::string& path);
  OutFile(OutFile&&) = default;
  // Removes what was written unless Finish worked.
  ~OutFile();

  int fd() const { return fd_.valid() ? fd_.get() : 1; }
  const std::string& name() const { return name_; }
  // Makes it durable and gives it its name.
  Status Finish();

 private:
  OutFile() = default;
  io::Fd fd_;
  std::string name_;       // for messages
  std::string path_;       // where it shall stand
  std::string temporary_;  // where it stands until Finish; "" for none
};

}  // namespace glp::packtool
