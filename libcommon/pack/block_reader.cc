#include "pack/block_reader.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "base/hash.h"
#include "base/strings.h"
#include "pack/file.h"
#include "pack/frame.h"

namespace glp::pack {
namespace {

const char* NameOf(Column type) {
  constexpr const char* kNames[kColumns] = {"",     "times", "seq",   "lengths", "lines",
                                            "meta", "src",   "extra", "text"};
  return kNames[static_cast<size_t>(type)];
}
Status Damaged(Column type, std::string_view what) {
  return DataError("column " + std::string(NameOf(type)) + " " + std::string(what));
}
// Says nothing about the file: another process may read it.
Status NoMemory() { return {Code::kIo, "not enough memory"}; }
std::string Where(const PackFile& file, const BlockInfo& info) {
  return file.name() + ": block at byte " + std::to_string(info.offset);
}

}  // namespace

Result<BlockHead> ParseBlockHead(std::string_view head, uint64_t tail_size) {
  Decoder in(head);
  BlockHead result;
  BlockInfo& info = result.info;
  uint64_t stream = in.Varint();
  info.stream = static_cast<uint32_t>(stream);
  info.entries = in.Varint();
  info.min_ts_ns = in.Signed();
  info.max_ts_ns = static_cast<int64_t>(static_cast<uint64_t>(info.min_ts_ns) + in.Varint());
  info.line_bytes = in.Varint();
  info.first_seq = in.Varint();
  uint64_t flags = in.Varint();
  SetFlags(flags, &info);
  info.size = kFrameSize + head.size() + tail_size;
  uint64_t offset = 0;
  uint64_t front = 0;
  unsigned before = 0;
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
    auto type = static_cast<unsigned>(in.Fixed<uint8_t>());
    auto encoding = in.Fixed<uint8_t>();
    BlockHead::Stored stored{true, static_cast<Encoding>(encoding)};
    stored.raw_size = in.Varint();
    stored.size = in.Varint();
    stored.hash = in.Fixed<uint64_t>();
    stored.offset = offset;
    bool coded = type == static_cast<unsigned>(Column::kTimes) ||
                 type == static_cast<unsigned>(Column::kText);
    if (type <= before || type >= kColumns || (encoding == 2) != coded || encoding > 2 ||
        stored.size > tail_size - offset || stored.raw_size > UINT32_MAX) {
      return DataError("a block with columns that cannot be");
    }
    before = type;
    offset += stored.size;
    if (type <= static_cast<unsigned>(Column::kSeq)) front = offset;
    result.columns[type] = stored;
  }
  if (!in.done() || offset != tail_size || stream > UINT32_MAX || info.entries == 0 ||
      info.entries > UINT32_MAX || info.min_ts_ns > info.max_ts_ns || flags > kBlockFlags) {
    return DataError("a block whose head cannot be");
  }
  // So that few bytes do not ask for memory for very many entries.
  constexpr uint64_t kEntriesOfAByte = 1 << 16;
  const uint64_t times = result.columns[static_cast<size_t>(Column::kTimes)].size;
  if (info.entries > 1 && info.entries / kEntriesOfAByte > times) {
    return DataError("a block of more entries than it has times");
  }
  info.front_size = kFrameSize + head.size() + front;
  return result;
}

void BlockLoader::ZstdFree::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }
BlockLoader::BlockLoader() : zstd_(ZSTD_createDCtx()) {
  if (zstd_ == nullptr) throw std::bad_alloc();
}
BlockLoader::~BlockLoader() = default;

Status BlockLoader::Load(const PackFile& file, const BlockInfo& info, Want want, Block* block) {
  // Frame and head, where the times behind them are not wanted; seldom more.
  constexpr uint64_t kHeadGuess = 192;
  uint64_t size = want == Want::kTextAlone ? std::min(kHeadGuess, info.front_size)
                  : want == Want::kTimes   ? info.front_size
                                           : info.size;
  std::optional<Frame> frame;
  for (;; size = info.front_size) {
    if (!stored_.Resize(size)) return NoMemory().Annotate(Where(file, info));
    GLP_RETURN_IF_ERROR(file.Read(info.offset, size, stored_.data()));
    frame = ParseFrame(stored_.view());
    if (!frame || frame->marker != Marker::kBlock || frame->record_size() != info.size ||
        kFrameSize + frame->head_size > info.front_size) {
      return DataError(Where(file, info) + ": its frame is damaged");
    }
    if (kFrameSize + frame->head_size <= size) break;
  }
  const std::string_view head = stored_.view().substr(kFrameSize, frame->head_size);
  if (Hash64(head) != frame->head_hash) {
    return DataError(Where(file, info) + ": its head is damaged");
  }
  Result<BlockHead> parsed = ParseBlockHead(head, frame->tail_size);
  if (!parsed.ok()) return parsed.status().Annotate(Where(file, info));
  const BlockInfo& told = parsed->info;
  if (told.stream != info.stream || told.entries != info.entries ||
      told.min_ts_ns != info.min_ts_ns || told.max_ts_ns != info.max_ts_ns ||
      told.line_bytes != info.line_bytes || told.first_seq != info.first_seq ||
      told.front_size != info.front_size || FlagsOf(told) != FlagsOf(info)) {
    return DataError(Where(file, info) + ": is not the block that the footer says");
  }
  block->head_ = *parsed;
  block->head_end_ = info.offset + kFrameSize + head.size();
  block->has_lines_ = false;
  block->has_text_ = false;
  if (want == Want::kTextAlone) return ReadTexts(file, info, want, block);
  const Source source{stored_.view().substr(kFrameSize + head.size()), 0};
  Status status = LoadTimes(source, block);
  if (status.ok() && want != Want::kTimes) status = LoadTexts(file, source, want, block);
  if (status.ok() && want == Want::kAll) status = LoadAll(source, block);
  return status.Annotate(Where(file, info));
}

Status BlockLoader::LoadTimes(const PackFile& file, const BlockInfo& info, Block* block) {
  const uint64_t size = info.offset + info.front_size - block->head_end_;
  if (!stored_.Resize(size)) return NoMemory().Annotate(Where(file, info));
  GLP_RETURN_IF_ERROR(file.Read(block->head_end_, size, stored_.data()));
  return LoadTimes(Source{stored_.view(), 0}, block).Annotate(Where(file, info));
}

Status BlockLoader::LoadLines(const PackFile& file, const BlockInfo& info, Block* block) {
  if (block->has_lines_) return Status::Ok();
  if (block->has_text_) {
    block->text_.UseDecoder(&values_);
    Status status = block->text_.RebuildAll(&block->lines_, &block->line_starts_);
    block->has_lines_ = status.ok();
    return status.Annotate(Where(file, info));
  }
  return ReadTexts(file, info, Want::kLines, block);
}

// Of a block whose head was read.
Status BlockLoader::ReadTexts(const PackFile& file, const BlockInfo& info, Want want,
                              Block* block) {
  const uint64_t size = info.size - info.front_size;
  if (!stored_.Resize(size)) return NoMemory().Annotate(Where(file, info));
  const uint64_t offset = info.offset + info.front_size;
  GLP_RETURN_IF_ERROR(file.Read(offset, size, stored_.data()));
  const Source source{stored_.view(), offset - block->head_end_};
  return LoadTexts(file, source, want, block).Annotate(Where(file, info));
}

// The stored bytes of a column that is there, with their hash checked.
Result<std::string_view> BlockLoader::Stored(const Source& source, const BlockHead& head,
                                             Column type) {
  const BlockHead::Stored& column = head.columns[static_cast<size_t>(type)];
  if (column.offset < source.offset ||
      column.offset + column.size > source.offset + source.bytes.size()) {
    return Damaged(type, "is out of its place");
  }
  const std::string_view stored = source.bytes.substr(column.offset - source.offset, column.size);
  if (Hash64(stored) != column.hash) return Damaged(type, "is damaged (hash differs)");
  if (column.encoding != Encoding::kZstd && column.raw_size != stored.size()) {
    return Damaged(type, "is of another size than told");
  }
  return stored;
}

Status BlockLoader::Raw(const Source& source, const BlockHead& head, Column type, Buffer* out) {
  const BlockHead::Stored& column = head.columns[static_cast<size_t>(type)];
  if (!column.present) {
    out->Resize(0);
    return Status::Ok();
  }
  GLP_ASSIGN_OR_RETURN(const std::string_view stored, Stored(source, head, type));
  if (column.encoding != Encoding::kZstd) {
    if (!out->Resize(stored.size())) return NoMemory();
    std::memcpy(out->data(), stored.data(), stored.size());
    return Status::Ok();
  }
  if (ZSTD_getFrameContentSize(stored.data(), stored.size()) != column.raw_size ||
      column.raw_size == 0) {
    return Damaged(type, "is of another size than told");
  }
  if (!out->Resize(column.raw_size)) return NoMemory();
  size_t size =
      ZSTD_decompressDCtx(zstd_.get(), out->data(), out->size(), stored.data(), stored.size());
  if (ZSTD_getErrorCode(size) == ZSTD_error_memory_allocation) return NoMemory();
  if (ZSTD_isError(size) || size != column.raw_size) return Damaged(type, "does not decompress");
  return Status::Ok();
}

Status BlockLoader::LoadTimes(const Source& source, Block* block) {
  const BlockInfo& info = block->head_.info;
  if (info.entries > 1) {
    GLP_RETURN_IF_ERROR(Raw(source, block->head_, Column::kTimes, &raw_));
    Status status = values_.DecodeTimes(raw_.view(), info.min_ts_ns, info.max_ts_ns, info.entries,
                                        &block->times_);
    if (!status.ok()) return status.Annotate("column times");
  } else {
    if (info.min_ts_ns != info.max_ts_ns) return Damaged(Column::kTimes, "does not fit its block");
    block->times_.assign(1, info.min_ts_ns);
  }
  block->seqs_.clear();
  if (!block->head_.columns[static_cast<size_t>(Column::kSeq)].present) return Status::Ok();
  GLP_RETURN_IF_ERROR(Raw(source, block->head_, Column::kSeq, &raw_));
  Decoder runs(raw_.view());
  block->seqs_.reserve(info.entries);
  uint64_t next = info.first_seq;
  while (runs.left() > 0) {
    next += static_cast<uint64_t>(runs.Signed());
    uint64_t length = runs.Varint();
    if (!runs.ok() || length >= info.entries - block->seqs_.size()) {
      return Damaged(Column::kSeq, "does not fit its block");
    }
    for (++length; length > 0; --length) block->seqs_.push_back(next++);
  }
  if (block->seqs_.size() != info.entries) return Damaged(Column::kSeq, "does not fit its block");
  return Status::Ok();
}

Status BlockLoader::LoadTexts(const PackFile& file, const Source& source, Want want, Block* block) {
  if (block->head_.columns[static_cast<size_t>(Column::kText)].present) {
    GLP_RETURN_IF_ERROR(OpenText(file, source, block));
    if (want != Want::kText && want != Want::kTextAlone) {
      GLP_RETURN_IF_ERROR(block->text_.RebuildAll(&block->lines_, &block->line_starts_));
      block->has_lines_ = true;
    }
  } else {
    GLP_RETURN_IF_ERROR(LoadLengths(source, block));
    block->has_lines_ = true;
  }
  return LoadSparse(source, block->head_, Column::kMeta, &block->meta_);
}

Status BlockLoader::OpenText(const PackFile& file, const Source& source, Block* block) {
  const BlockInfo& info = block->head_.info;
  if (block->head_.columns[static_cast<size_t>(Column::kLines)].present ||
      block->head_.columns[static_cast<size_t>(Column::kLengths)].present) {
    return Damaged(Column::kText, "is not the only one with lines");
  }
  GLP_ASSIGN_OR_RETURN(const std::string_view text, Stored(source, block->head_, Column::kText));
  // The block keeps what was read; what is a view of it stays good.
  std::swap(stored_, block->text_bytes_);
  GLP_ASSIGN_OR_RETURN(const Templates* templates, file.templates());
  GLP_RETURN_IF_ERROR(block->text_.Open(text, *templates, info.entries, info.line_bytes, &values_));
  block->has_text_ = true;
  return Status::Ok();
}

Status BlockLoader::LoadLengths(const Source& source, Block* block) {
  const BlockInfo& info = block->head_.info;
  GLP_RETURN_IF_ERROR(Raw(source, block->head_, Column::kLengths, &raw_));
  GLP_RETURN_IF_ERROR(Raw(source, block->head_, Column::kLines, &block->lines_));
  block->line_starts_.assign(info.entries + 1, 0);
  if (raw_.size() > 0) {
    Decoder in(raw_.view());
    uint64_t at = 0;
    for (size_t i = 1; i <= info.entries; ++i) {
      at += in.Varint();
      if (at > block->lines_.size()) return Damaged(Column::kLengths, "does not fit its lines");
      block->line_starts_[i] = static_cast<uint32_t>(at);
    }
    if (!in.done()) return Damaged(Column::kLengths, "does not fit its block");
  }
  if (block->line_starts_.back() != block->lines_.size() ||
      block->lines_.size() != info.line_bytes) {
    return Damaged(Column::kLines, "does not fit its block");
  }
  return Status::Ok();
}

Status BlockLoader::LoadSparse(const Source& source, const BlockHead& head, Column type,
                               Block::Texts* texts) {
  texts->starts.clear();
  GLP_RETURN_IF_ERROR(Raw(source, head, type, &texts->text));
  if (texts->text.size() == 0) return Status::Ok();
  Decoder in(texts->text.view());
  uint64_t entries = head.info.entries;
  if (entries > texts->text.size()) return Damaged(type, "is too short");
  texts->starts.resize(entries + 1);
  uint64_t at = 0;
  for (size_t i = 0; i < entries; ++i) {
    texts->starts[i] = static_cast<uint32_t>(at);
    at += in.Varint();
    if (at > texts->text.size()) return Damaged(type, "does not fit its block");
  }
  texts->starts[entries] = static_cast<uint32_t>(at);
  if (!in.ok() || in.left() != at) return Damaged(type, "does not fit its block");
  auto shift = static_cast<uint32_t>(texts->text.size() - in.left());
  for (uint32_t& start : texts->starts) start += shift;
  return Status::Ok();
}

Status BlockLoader::LoadAll(const Source& source, Block* block) {
  GLP_RETURN_IF_ERROR(LoadSparse(source, block->head_, Column::kExtra, &block->extra_));
  block->src_.starts.clear();
  GLP_RETURN_IF_ERROR(Raw(source, block->head_, Column::kSrc, &raw_));
  if (raw_.size() == 0) return Status::Ok();
  struct Id {
    bool whole;
    std::string_view text;
    uint64_t next = 0;
  };
  Decoder in(raw_.view());
  std::vector<Id> ids;
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
    auto kind = in.Fixed<uint8_t>();
    if (kind > 1) return Damaged(Column::kSrc, "has an ID of unknown kind");
    ids.push_back({kind == 1, in.Sized()});
  }
  std::string text;
  uint64_t entries = block->head_.info.entries;
  if (entries > raw_.size()) return Damaged(Column::kSrc, "is too short");
  block->src_.starts.resize(entries + 1);
  for (size_t i = 0; i < entries; ++i) {
    uint64_t reference = in.Varint();
    if (reference > ids.size()) return Damaged(Column::kSrc, "refers to an ID that is not there");
    if (reference > 0) {
      Id& id = ids[reference - 1];
      text.append(id.text);
      if (!id.whole) {
        id.next += static_cast<uint64_t>(in.Signed());
        text.push_back('@');
        AppendUint64(&text, id.next);
      }
    }
    if (text.size() > UINT32_MAX) return Damaged(Column::kSrc, "is too large");
    block->src_.starts[i + 1] = static_cast<uint32_t>(text.size());
  }
  if (!in.done()) return Damaged(Column::kSrc, "does not fit its block");
  if (!block->src_.text.Resize(text.size())) return NoMemory();
  if (!text.empty()) std::memcpy(block->src_.text.data(), text.data(), text.size());
  return Status::Ok();
}

}  // namespace glp::pack
