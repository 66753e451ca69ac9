// Records to a .glp file: gathers each stream's entries and cuts blocks by size.
//
//   pack::Writer writer(fd, "build.glp", {});
//   writer.Add(labels, entry);  …  writer.Finish();
//
// Lifetime: does not own the descriptor; label sets must live until Finish or ForgetLabels.
// Threads:  one at a time.
// Errors:   I/O; sticky. What was written before stays readable.
// Memory:   Options::buffer_bytes and the largest line. Cost: about 1 µs for an entry of 130 bytes
//           at level 3, most of it Zstandard's.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/strings.h"
#include "pack/file_writer.h"
#include "record/labels.h"

namespace glp::pack {

class Writer {
 public:
  struct Options {
    int level = kDefaultLevel;
    Form form = Form::kSmall;
    uint64_t block_bytes = 1 << 20;    // of a stream's entries: a block is cut
    uint64_t buffer_bytes = 48 << 20;  // of all streams together: blocks are cut, largest first
  };
  Writer(int fd, std::string name, Options options);

  // The next entry in the order of arrival; its seq is set here.
  Status Add(const LabelSet* labels, PackEntry entry);
  // The table behind the label sets given so far is about to be cleared.
  void ForgetLabels();
  Status Finish();

  const Index& index() const { return file_.index(); }
  uint64_t file_bytes() const { return file_.file_bytes(); }

 private:
  struct Stream {
    BlockBuilder builder;
    uint32_t number;
    // Of the source seen last, so that a file is looked up once.
    std::string source_id;
    uint64_t source_next = 0;
  };
  Stream* Find(const LabelSet* labels);
  void NotePosition(Stream* stream, std::string_view src);
  Status Cut(Stream* stream);
  Status CutLargest();

  FileWriter file_;
  Options options_;
  std::deque<Stream> streams_;
  std::unordered_map<const LabelSet*, Stream*> by_labels_;
  StringMap<Stream*> by_json_;
  const LabelSet* last_labels_ = nullptr;
  Stream* last_ = nullptr;
  uint64_t buffered_bytes_ = 0;
  uint64_t next_seq_ = 0;
};

}  // namespace glp::pack
