// The file of --dead-letters: what servers refused, as records that any tool of the pipe reads.
// Each has the key `refused` behind the others: {"why":"…","by":"URL","src":"ID@NEXT"}. The source
// stands in there and not as `src`, because a glp-store takes a line of a file that it was given
// whole for delivered; without it the record can be pushed again. What may have been stored after
// all says so with "stored":"maybe".
// Threads: Keep from any.
// Errors:  Code::kIo (disk full): the file is as it was before.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/file.h"
#include "record/record.h"

namespace glp::push {

// Why and by whom a record was refused.
struct RefusedBy {
  std::string_view why;
  std::string_view url;
  std::string_view src;  // raw, "" for none
  bool maybe_stored = false;
};
// Appends a record with the key `refused` and without its src.
void AppendDeadLetter(std::string* out, Record record, const RefusedBy& by);

class DeadLetters {
 public:
  static Result<std::unique_ptr<DeadLetters>> Open(const std::string& path);
  // `text`: whole lines. When OK they are on the disk.
  Status Keep(std::string_view text);
  const std::string& path() const { return path_; }

 private:
  DeadLetters(std::string path, io::Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  const std::string path_;
  const io::Fd fd_;
  std::mutex mutex_;
};

}  // namespace glp::push
