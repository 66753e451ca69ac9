// Texts by key that are more than memory should hold: written in runs, each sorted by key, to a
// temporary file without a name, and read back key by key, those of equal keys one behind the other
// in the order of the runs.
// Threads: one at a time. Errors: Code::kIo, as of a full disk.
// Memory:  of reading, 64 KB a run. Cost: of a key, grows with the logarithm of the runs.
// Format:  of a run: for each key the sizes of key, head and text as 8 bytes each, then these.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file.h"

namespace glp::wire {

struct KeyedText {
  std::string key;   // what is sorted by
  std::string head;  // follows from the key
  std::string text;
};

class TextRuns {
 public:
  // The file lies in `folder`, which need not be empty and keeps no trace of it.
  explicit TextRuns(std::string folder);
  ~TextRuns();

  // REQUIRES: keys rise. Not after Next.
  Status Write(const std::vector<const KeyedText*>& sorted);
  bool empty() const { return runs_.empty(); }
  uint64_t size_bytes() const { return size_; }

  // The next key; false behind the last. What is left of the text of the one before is passed over.
  Result<bool> Next();
  // REQUIRES: Next gave true. Good until it is called again.
  std::string_view head() const;
  // Appends some of the key's text to `out`; false where nothing is left. Between the texts of two
  // runs stands `separator`.
  Result<bool> Read(std::string_view separator, std::string* out);

 private:
  struct Run;
  static bool ComesLater(const Run* a, const Run* b);
  Status Append(std::string_view bytes);
  Status Flush();

  const std::string folder_;
  io::Fd fd_;
  std::vector<std::unique_ptr<Run>> runs_;
  uint64_t size_ = 0;
  std::string buffer_;  // of what is written
  // Runs that have the key, in their order, and a heap of those whose next key comes later.
  std::vector<Run*> current_, others_;
  bool is_read_ = false;
  size_t at_ = 0;           // the one of `current_` whose text is read
  bool has_text_ = false;   // something of the key was given
  bool is_inside_ = false;  // and of the run's text something is left
};

}  // namespace glp::wire
