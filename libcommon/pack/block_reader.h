// Takes blocks apart: reads the columns that are asked for, checks their hashes, decodes them.
// Errors: Code::kData for damage, with file, offset and column; I/O.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pack/block.h"
#include "pack/buffer.h"
#include "pack/text_column.h"
#include "pack/value_column.h"

struct ZSTD_DCtx_s;

namespace glp::pack {

class PackFile;

struct BlockHead {
  BlockInfo info;  // offset not set
  struct Stored {
    bool present = false;
    Encoding encoding = Encoding::kPlain;
    uint64_t raw_size = 0;
    uint64_t offset = 0;  // within the tail
    uint64_t size = 0;
    uint64_t hash = 0;
  };
  Stored columns[kColumns];
};
Result<BlockHead> ParseBlockHead(std::string_view head, uint64_t tail_size);

// A decoded block. Views are good as long as it.
// Threads: one at a time.
class Block {
 public:
  size_t entries() const { return times_.size(); }
  const BlockHead& head() const { return head_; }
  const std::vector<int64_t>& times() const { return times_; }  // rising
  const std::vector<uint64_t>& seqs() const { return seqs_; }   // empty without the column
  // The lines as templates and values; nullptr where the block has them as they are, or only kTimes
  // was loaded. Good until the next load.
  TextColumn* text() { return has_text_ ? &text_ : nullptr; }
  bool has_lines() const { return has_lines_; }
  // The rest only after kLines was loaded (meta: kText), src and extra after kAll.
  std::string_view lines() const { return lines_.view(); }
  // Where each line begins in lines(), and the end of the last.
  const std::vector<uint32_t>& line_starts() const { return line_starts_; }
  std::string_view line(size_t i) const {
    return lines_.view().substr(line_starts_[i], line_starts_[i + 1] - line_starts_[i]);
  }
  std::string_view meta(size_t i) const { return meta_.At(i); }
  // Of the meta of entries from `begin` to `end`.
  uint64_t meta_bytes(size_t begin, size_t end) const {
    return meta_.starts.empty() ? 0 : meta_.starts[end] - meta_.starts[begin];
  }
  std::string_view src(size_t i) const { return src_.At(i); }
  std::string_view extra(size_t i) const { return extra_.At(i); }

 private:
  friend class BlockLoader;
  struct Texts {
    Buffer text;
    std::vector<uint32_t> starts;  // entries + 1, or empty where all are ""
    std::string_view At(size_t i) const {
      return starts.empty() ? std::string_view()
                            : text.view().substr(starts[i], starts[i + 1] - starts[i]);
    }
  };
  BlockHead head_;
  uint64_t head_end_ = 0;  // offset of the tail in the file
  std::vector<int64_t> times_;
  std::vector<uint64_t> seqs_;
  TextColumn text_;
  Buffer text_bytes_;  // what text_ looks at is in it
  bool has_text_ = false;
  Buffer lines_;
  std::vector<uint32_t> line_starts_;  // entries + 1
  Texts meta_, src_, extra_;
  bool has_lines_ = false;
};

enum class Want {
  kTimes,
  kTextAlone,  // as kText, but no times: LoadTimes gets them
  kText,  // and meta; Block::text() instead of lines where the block has it, otherwise as kLines
  kLines,
  kAll,
};

// Reads blocks of files. Threads: one at a time; a file may be read by many loaders.
class BlockLoader {
 public:
  BlockLoader();
  ~BlockLoader();
  // Fills `block` with what `want` says.
  Status Load(const PackFile& file, const BlockInfo& info, Want want, Block* block);
  // Adds times to a block loaded with kTextAlone.
  Status LoadTimes(const PackFile& file, const BlockInfo& info, Block* block);
  // Adds lines and meta to a block loaded with kTimes or kText. From here on Block::text() works
  // with this loader.
  Status LoadLines(const PackFile& file, const BlockInfo& info, Block* block);

 private:
  struct Source {  // stored bytes of the tail that were read
    std::string_view bytes;
    uint64_t offset = 0;  // within the tail
  };
  Status LoadTimes(const Source& source, Block* block);
  Status LoadTexts(const PackFile& file, const Source& source, Want want, Block* block);
  Status LoadLengths(const Source& source, Block* block);
  Status OpenText(const PackFile& file, const Source& source, Block* block);
  Status LoadAll(const Source& source, Block* block);
  Status LoadSparse(const Source& source, const BlockHead& head, Column type, Block::Texts* texts);
  Status ReadTexts(const PackFile& file, const BlockInfo& info, Want want, Block* block);
  static Result<std::string_view> Stored(const Source& source, const BlockHead& head, Column type);
  Status Raw(const Source& source, const BlockHead& head, Column type, Buffer* out);

  struct ZstdFree {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_DCtx_s, ZstdFree> zstd_;
  ValueDecoder values_;
  Buffer stored_, raw_;
};

}  // namespace glp::pack
