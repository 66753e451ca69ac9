// Writes the records of a .glp file to a descriptor, front to back; pack/writer.h decides what
// goes into which block.
// Lifetime: does not own the descriptor. Threads: one at a time.
// Errors:   Code::kIo, kClosed; sticky: after the first nothing more is written.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "io/output.h"
#include "pack/block.h"
#include "pack/block_filter.h"
#include "pack/index.h"

namespace glp::pack {

inline constexpr int kDefaultLevel = 3;
inline constexpr int kMaxLevel = 19;

class FileWriter {
 public:
  struct Options {
    int level = kDefaultLevel;  // of Zstandard, 1 to kMaxLevel
    bool with_seq = false;      // entries have arrival numbers
    Form form = Form::kFast;
  };
  // `name` stands in errors.
  FileWriter(int fd, std::string name, Options options);

  // A new label set; returns its number. REQUIRES: not added before
  uint32_t AddStream(std::string_view labels_json);
  // Remembers the position for the footer if it is the highest of its stream and ID.
  void AddPosition(uint32_t stream, std::string_view id, uint64_t next);
  // A position for the footer. Those of the same stream and ID keep their order.
  void AddPosition(Position position) { index_.positions.push_back(std::move(position)); }
  // Writes the entries as one block and clears the builder; nothing where it is empty. `exact`: as
  // BlockInfo::exact. Errors: Code::kData where they do not fit into one, and nothing is written.
  Status AddBlock(BlockBuilder* builder, uint32_t stream, bool exact = false);
  // Footer and trailer. Call once, last.
  Status Finish();

  const Index& index() const { return index_; }
  uint64_t file_bytes() const { return out_.written_bytes(); }

 private:
  Status WriteNewStreams();
  void AddFilter(const LineEncoder& text, BlockInfo* info);
  void WriteFilters();
  void WriteTemplates();
  io::Output out_;
  BlockEncoder encoder_;
  int level_;
  Index index_;
  size_t streams_written_ = 0;
  std::unique_ptr<BlockFilterBuilder> filter_builder_;  // made for the first block with text
  std::string filters_;                                 // that are not written yet
  uint64_t filter_count_ = 0;                           // of these
  size_t first_filtered_ = 0;  // the first block whose filter may be one of them
  uint64_t offset_ = 0;        // bytes given to out_
  std::map<std::pair<uint32_t, std::string>, uint64_t, std::less<>> positions_;
};

}  // namespace glp::pack
