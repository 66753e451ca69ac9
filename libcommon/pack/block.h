// Blocks: entries of one stream as compressed columns. Format: FORMAT.md.
//
// BlockBuilder gathers entries in the order of arrival; BlockEncoder sorts them by time and writes
// the record; pack/block_reader.h takes it apart again.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pack/line_encoder.h"
#include "pack/templates.h"
#include "pack/value_column.h"
#include "pack/varint.h"

struct ZSTD_CCtx_s;

namespace glp::pack {

enum class Column : uint8_t {
  kTimes = 1,
  kSeq = 2,
  kLengths = 3,
  kLines = 4,
  kMeta = 5,
  kSrc = 6,
  kExtra = 7,
  kText = 8,  // instead of kLengths and kLines
};
inline constexpr size_t kColumns = 9;  // highest type + 1
// Of a block's flags.
inline constexpr uint64_t kBlockExact = 1;
inline constexpr uint64_t kBlockDistinct = 2;
inline constexpr uint64_t kBlockPlain = 4;
inline constexpr uint64_t kBlockFlags = kBlockExact | kBlockDistinct | kBlockPlain;
enum class Encoding : uint8_t {
  kPlain = 0,
  kZstd = 1,
  kCoded = 2,  // as FORMAT.md, Values says: times and text
};

// An entry with all that a .glp file keeps of it.
struct PackEntry {
  int64_t ts_ns = 0;
  uint64_t seq = 0;  // arrival number, where the file has them
  std::string_view line;
  std::string_view meta;   // raw JSON object, "" where there is none
  std::string_view src;    // raw "ID@NEXT", ""
  std::string_view extra;  // raw `,"k":v`, ""
};

// Minute m has the times above m - 1 and up to m minutes since 1970: the windows (t - 1m, t] of
// LogQL. As a difference to another it is right for any two times.
inline uint64_t MinuteOf(int64_t ts_ns) {
  constexpr int64_t kMinuteNs = 60'000'000'000;
  int64_t minute = ts_ns / kMinuteNs;
  return static_cast<uint64_t>(ts_ns % kMinuteNs > 0 ? minute + 1 : minute);
}
inline uint64_t MaxMinutes(uint64_t entries) { return 16 + entries / 64; }
// Entries by minute, from that of the first to that of the last; none where there are more minutes
// than MaxMinutes. `times` rise.
std::vector<uint32_t> CountMinutes(const std::vector<int64_t>& times);

// What the index says of a block (offsets are set by who writes it to a file).
struct BlockInfo {
  uint64_t offset = 0;      // of its frame
  uint64_t size = 0;        // bytes of the record
  uint64_t front_size = 0;  // of these, up to the end of times and seq
  uint32_t stream = 0;
  uint64_t entries = 0;
  int64_t min_ts_ns = 0;
  int64_t max_ts_ns = 0;
  uint64_t line_bytes = 0;
  uint64_t first_seq = 0;
  bool exact = false;  // each entry came with a src: equal ones are different entries
  // No two entries are equal in time, line and meta.
  bool distinct = false;
  bool plain = false;  // no entry has metadata
  // CountMinutes, where that is known.
  std::vector<uint32_t> per_minute;
  uint64_t filter_offset = 0;  // in the file
  uint64_t filter_size = 0;    // 0: none
};

// As they stand in the block's head and in the footer.
inline uint64_t FlagsOf(const BlockInfo& block) {
  return (block.exact ? kBlockExact : 0) | (block.distinct ? kBlockDistinct : 0) |
         (block.plain ? kBlockPlain : 0);
}
inline void SetFlags(uint64_t flags, BlockInfo* block) {
  block->exact = (flags & kBlockExact) != 0;
  block->distinct = (flags & kBlockDistinct) != 0;
  block->plain = (flags & kBlockPlain) != 0;
}

// Memory: the bytes of the entries and about 24 bytes an entry.
class BlockBuilder {
 public:
  void Add(const PackEntry& entry);
  size_t entries() const { return times_.size(); }
  // What the builder holds in memory, about.
  uint64_t bytes() const { return lines_.text.size() + side_bytes_ + times_.size() * 24; }
  uint64_t line_bytes() const { return lines_.text.size(); }
  // Whether readers take the block: they refuse columns of 4 GiB.
  bool fits() const { return bytes() + times_.size() * 8 < UINT32_MAX; }
  // Keeps the memory for the next entries, unless that is much.
  void Clear();

 private:
  friend class BlockEncoder;
  struct Texts {
    std::string text;
    std::vector<uint32_t> sizes;
  };
  // Texts that most entries do not have: `sizes` is filled up with zeros when one comes.
  void AddSparse(Texts* texts, std::string_view text);
  void FillSparse();
  std::vector<int64_t> times_;
  std::vector<uint64_t> seqs_;
  Texts lines_, meta_, src_, extra_;
  uint64_t side_bytes_ = 0;
  bool sorted_ = true;
};

// How lines are kept in blocks.
enum class Form {
  kFast,   // as they are, compressed: what a store takes in
  kSmall,  // as templates and values: a half to a third of the bytes, for three times the work
};

class BlockEncoder {
 public:
  // `with_seq`: write arrival numbers.
  BlockEncoder(int level, bool with_seq, Form form = Form::kFast);
  ~BlockEncoder();

  // Appends the block's record to `out`, in front of it a templates record where the block has new
  // ones. REQUIRES: builder->entries() > 0
  BlockInfo Encode(BlockBuilder* builder, uint32_t stream, bool exact, std::string* out);
  // Of all blocks so far; none with Form::kFast.
  const TemplateDictionary& templates() const { return templates_; }
  // What the values of the block encoded last are; nullptr where its lines are kept as they are.
  // Good until the builder is cleared.
  const LineEncoder* text() const { return has_text_ ? &lines_ : nullptr; }

 private:
  void AddStored(Column type, Encoding encoding, size_t raw_size, size_t at);
  void AddCoded(Column type, std::string_view bytes);
  void EncodeLines(const BlockBuilder& builder);
  // REQUIRES: order_ is that of the builder.
  bool IsDistinct(const BlockBuilder& builder, const std::vector<int64_t>& times) const;
  void AddColumn(Column type, std::string_view raw);
  void EncodeTexts(const BlockBuilder::Texts& texts, Column type);
  void EncodeSeq(const BlockBuilder& builder, uint64_t first_seq);
  void EncodeSrc(const BlockBuilder::Texts& texts);
  size_t At(size_t i) const { return order_.empty() ? i : order_[i]; }

  struct ZstdFree {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, ZstdFree> zstd_;
  const int level_;
  const bool with_seq_;
  const Form form_;
  TemplateDictionary templates_;
  ValueEncoder values_;
  LineEncoder lines_{&templates_, &values_};
  bool has_text_ = false;
  std::vector<std::string_view> views_;  // lines in their order
  std::vector<uint32_t> order_;  // sorted position to arrival; empty where they are the same
  std::string raw_, text_, directory_, tail_;
  uint64_t columns_ = 0;
};

// `ID@NEXT` in parts as the src column takes them; false where the text is not of that form.
bool SplitSrc(std::string_view src, std::string_view* id, uint64_t* next);

}  // namespace glp::pack
