#include "pack/block.h"

#include <zstd.h>

#include <algorithm>
#include <new>
#include <numeric>
#include <unordered_map>

#include "base/hash.h"
#include "pack/frame.h"

namespace glp::pack {
namespace {

// Columns below this do not gain from a Zstandard frame.
constexpr size_t kMinCompress = 32;
// A builder that grew past this gives its memory back.
constexpr size_t kKeepBytes = 4 << 20;

// Room for `count` more varints at the end of `out`; the caller cuts what was not used.
char* Reserve(std::string* out, size_t count) {
  size_t at = out->size();
  out->resize(at + count * kMaxVarint);
  return out->data() + at;
}
void CutAt(std::string* out, const char* end) {
  out->resize(static_cast<size_t>(end - out->data()));
}

}  // namespace

std::vector<uint32_t> CountMinutes(const std::vector<int64_t>& times) {
  std::vector<uint32_t> counts;
  if (times.empty()) return counts;
  const uint64_t first = MinuteOf(times.front());
  const uint64_t minutes = MinuteOf(times.back()) - first;
  if (minutes >= MaxMinutes(times.size())) return counts;
  counts.resize(minutes + 1);
  for (int64_t ts_ns : times) ++counts[MinuteOf(ts_ns) - first];
  return counts;
}

bool SplitSrc(std::string_view src, std::string_view* id, uint64_t* next) {
  size_t at = src.rfind('@');
  if (at == std::string_view::npos || at == 0) return false;
  std::string_view digits = src.substr(at + 1);
  if (digits.empty() || digits.size() > 18 || (digits[0] == '0' && digits.size() > 1)) return false;
  uint64_t value = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  *id = src.substr(0, at);
  *next = value;
  return true;
}

void BlockBuilder::AddSparse(Texts* texts, std::string_view text) {
  if (text.empty() && texts->text.empty()) return;
  texts->sizes.resize(times_.size(), 0);
  texts->sizes.push_back(static_cast<uint32_t>(text.size()));
  texts->text.append(text);
  side_bytes_ += text.size() + 4;
}

void BlockBuilder::FillSparse() {
  for (Texts* texts : {&meta_, &src_, &extra_}) {
    if (!texts->text.empty()) texts->sizes.resize(times_.size(), 0);
  }
}

void BlockBuilder::Add(const PackEntry& entry) {
  AddSparse(&meta_, entry.meta);
  AddSparse(&src_, entry.src);
  AddSparse(&extra_, entry.extra);
  lines_.sizes.push_back(static_cast<uint32_t>(entry.line.size()));
  lines_.text.append(entry.line);
  if (!times_.empty() && entry.ts_ns < times_.back()) sorted_ = false;
  times_.push_back(entry.ts_ns);
  seqs_.push_back(entry.seq);
}

void BlockBuilder::Clear() {
  if (lines_.text.capacity() + meta_.text.capacity() + extra_.text.capacity() > kKeepBytes) {
    *this = BlockBuilder();
    return;
  }
  times_.clear();
  seqs_.clear();
  for (Texts* texts : {&lines_, &meta_, &src_, &extra_}) {
    texts->text.clear();
    texts->sizes.clear();
  }
  side_bytes_ = 0;
  sorted_ = true;
}

void BlockEncoder::ZstdFree::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

BlockEncoder::BlockEncoder(int level, bool with_seq, Form form)
    : zstd_(ZSTD_createCCtx()), level_(level), with_seq_(with_seq), form_(form), values_(level) {
  if (zstd_ == nullptr) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_compressionLevel, level);
}
BlockEncoder::~BlockEncoder() = default;

void BlockEncoder::AddColumn(Column type, std::string_view raw) {
  if (raw.empty()) return;
  size_t at = tail_.size();
  Encoding encoding = Encoding::kPlain;
  size_t stored = raw.size();
  if (raw.size() >= kMinCompress) {
    tail_.resize(at + ZSTD_compressBound(raw.size()));
    size_t size =
        ZSTD_compress2(zstd_.get(), tail_.data() + at, tail_.size() - at, raw.data(), raw.size());
    if (!ZSTD_isError(size) && size < raw.size()) {
      encoding = Encoding::kZstd;
      stored = size;
    }
  }
  if (encoding == Encoding::kPlain) {
    tail_.resize(at);
    tail_.append(raw);
  } else {
    tail_.resize(at + stored);
  }
  AddStored(type, encoding, raw.size(), at);
}

// What stands in the tail from `at` on.
void BlockEncoder::AddStored(Column type, Encoding encoding, size_t raw_size, size_t at) {
  directory_.push_back(static_cast<char>(type));
  directory_.push_back(static_cast<char>(encoding));
  AppendVarint(&directory_, raw_size);
  AppendVarint(&directory_, tail_.size() - at);
  AppendFixed(&directory_, Hash64(std::string_view(tail_).substr(at)));
  ++columns_;
}

void BlockEncoder::AddCoded(Column type, std::string_view bytes) {
  size_t at = tail_.size();
  tail_.append(bytes);
  AddStored(type, Encoding::kCoded, bytes.size(), at);
}

// As lengths and lines, or as text: then it stands behind the other columns.
void BlockEncoder::EncodeLines(const BlockBuilder& builder) {
  has_text_ = false;
  if (form_ == Form::kSmall && !builder.lines_.text.empty()) {
    const std::vector<uint32_t>& sizes = builder.lines_.sizes;
    views_.resize(sizes.size());
    const char* p = builder.lines_.text.data();
    for (size_t i = 0; i < sizes.size(); ++i) {
      views_[i] = {p, sizes[i]};
      p += sizes[i];
    }
    if (!order_.empty()) {
      std::vector<std::string_view> sorted(views_.size());
      for (size_t i = 0; i < sorted.size(); ++i) sorted[i] = views_[order_[i]];
      views_ = std::move(sorted);
    }
    raw_.clear();
    has_text_ = lines_.Encode(views_, &text_);
  }
  if (!has_text_) EncodeTexts(builder.lines_, Column::kLines);
}

void BlockEncoder::EncodeTexts(const BlockBuilder::Texts& texts, Column type) {
  if (texts.text.empty()) return;
  size_t count = texts.sizes.size();
  bool is_lines = type == Column::kLines;
  raw_.clear();
  char* p = Reserve(&raw_, count);
  for (size_t i = 0; i < count; ++i) p = PutVarint(p, texts.sizes[At(i)]);
  CutAt(&raw_, p);
  if (is_lines) AddColumn(Column::kLengths, raw_);
  if (order_.empty() && is_lines) {
    AddColumn(type, texts.text);
    return;
  }
  if (is_lines) raw_.clear();
  if (order_.empty()) {
    raw_.append(texts.text);
  } else {
    std::vector<uint64_t> starts(count);
    std::exclusive_scan(texts.sizes.begin(), texts.sizes.end(), starts.begin(), uint64_t{0});
    for (uint32_t i : order_) raw_.append(texts.text, starts[i], texts.sizes[i]);
  }
  AddColumn(type, raw_);
}

void BlockEncoder::EncodeSeq(const BlockBuilder& builder, uint64_t first_seq) {
  raw_.clear();
  uint64_t expected = first_seq;
  size_t count = builder.seqs_.size();
  for (size_t i = 0; i < count;) {
    uint64_t first = builder.seqs_[At(i)];
    size_t end = i + 1;
    while (end < count && builder.seqs_[At(end)] == first + (end - i)) ++end;
    AppendVarint(&raw_, ZigZag(static_cast<int64_t>(first - expected)));
    AppendVarint(&raw_, end - i - 1);
    expected = first + (end - i);
    i = end;
  }
  AddColumn(Column::kSeq, raw_);
}

void BlockEncoder::EncodeSrc(const BlockBuilder::Texts& texts) {
  if (texts.text.empty()) return;
  struct Id {
    std::string_view text;
    bool whole;
    uint64_t next = 0;
  };
  std::vector<Id> ids;
  std::unordered_map<std::string_view, size_t> known[2];  // [0] ID@NEXT, [1] whole texts
  std::vector<uint64_t> starts(texts.sizes.size());
  std::exclusive_scan(texts.sizes.begin(), texts.sizes.end(), starts.begin(), uint64_t{0});
  std::string references;
  size_t last = SIZE_MAX;
  for (size_t i = 0; i < texts.sizes.size(); ++i) {
    size_t at = At(i);
    std::string_view src = std::string_view(texts.text).substr(starts[at], texts.sizes[at]);
    if (src.empty()) {
      AppendVarint(&references, 0);
      continue;
    }
    std::string_view id;
    uint64_t next = 0;
    bool whole = !SplitSrc(src, &id, &next);
    if (whole) id = src;
    if (last == SIZE_MAX || ids[last].whole != whole || ids[last].text != id) {
      auto [found, is_new] = known[whole].try_emplace(id, ids.size());
      if (is_new) ids.push_back({id, whole});
      last = found->second;
    }
    AppendVarint(&references, last + 1);
    if (whole) continue;
    AppendVarint(&references, ZigZag(static_cast<int64_t>(next - ids[last].next)));
    ids[last].next = next;
  }
  raw_.clear();
  AppendVarint(&raw_, ids.size());
  for (const Id& id : ids) {
    raw_.push_back(id.whole ? 1 : 0);
    AppendSized(&raw_, id.text);
  }
  raw_.append(references);
  AddColumn(Column::kSrc, raw_);
}

bool BlockEncoder::IsDistinct(const BlockBuilder& builder,
                              const std::vector<int64_t>& times) const {
  std::vector<size_t> line_starts, meta_starts;
  std::vector<uint64_t> hashes;
  const auto fill = [](const BlockBuilder::Texts& texts, std::vector<size_t>* starts) {
    starts->resize(texts.sizes.size());
    std::exclusive_scan(texts.sizes.begin(), texts.sizes.end(), starts->begin(), size_t{0});
  };
  const auto text = [](const BlockBuilder::Texts& texts, const std::vector<size_t>& starts,
                       size_t i) {
    return starts.empty() ? std::string_view()
                          : std::string_view(texts.text).substr(starts[i], texts.sizes[i]);
  };
  for (size_t begin = 0; begin < times.size();) {
    size_t end = begin + 1;
    while (end < times.size() && times[end] == times[begin]) ++end;
    if (end - begin > 1) {
      if (line_starts.empty()) {
        fill(builder.lines_, &line_starts);
        fill(builder.meta_, &meta_starts);
      }
      hashes.clear();
      for (size_t i = begin; i < end; ++i) {
        const std::string_view line = text(builder.lines_, line_starts, At(i));
        hashes.push_back(
            Hash64(text(builder.meta_, meta_starts, At(i)), Hash64(line, line.size())));
      }
      std::sort(hashes.begin(), hashes.end());
      if (std::adjacent_find(hashes.begin(), hashes.end()) != hashes.end()) return false;
    }
    begin = end;
  }
  return true;
}

BlockInfo BlockEncoder::Encode(BlockBuilder* source, uint32_t stream, bool exact,
                               std::string* out) {
  source->FillSparse();
  const BlockBuilder& builder = *source;
  size_t count = builder.entries();
  order_.clear();
  if (!builder.sorted_) {
    order_.resize(count);
    std::iota(order_.begin(), order_.end(), 0);
    std::stable_sort(order_.begin(), order_.end(),
                     [&](uint32_t a, uint32_t b) { return builder.times_[a] < builder.times_[b]; });
  }
  BlockInfo info;
  info.stream = stream;
  info.exact = exact;
  info.entries = count;
  info.min_ts_ns = builder.times_[At(0)];
  info.max_ts_ns = builder.times_[At(count - 1)];
  info.line_bytes = builder.line_bytes();
  info.plain = builder.meta_.text.empty();
  std::vector<int64_t> sorted;
  for (uint32_t i : order_) sorted.push_back(builder.times_[i]);
  const std::vector<int64_t>& times = order_.empty() ? builder.times_ : sorted;
  info.per_minute = CountMinutes(times);
  info.distinct = IsDistinct(builder, times);
  if (with_seq_) info.first_seq = *std::min_element(builder.seqs_.begin(), builder.seqs_.end());

  directory_.clear();
  tail_.clear();
  columns_ = 0;
  if (count > 1) {
    raw_.clear();
    values_.EncodeTimes(times, &raw_);
    AddCoded(Column::kTimes, raw_);
  }
  if (with_seq_) EncodeSeq(builder, info.first_seq);
  size_t front = tail_.size();
  size_t known_templates = templates_.size();
  text_.clear();
  EncodeLines(builder);
  EncodeTexts(builder.meta_, Column::kMeta);
  EncodeSrc(builder.src_);
  EncodeTexts(builder.extra_, Column::kExtra);
  if (has_text_) AddCoded(Column::kText, text_);
  if (templates_.size() > known_templates) templates_.AppendRecord(known_templates, level_, out);

  std::string head;
  AppendVarint(&head, stream);
  AppendVarint(&head, count);
  AppendVarint(&head, ZigZag(info.min_ts_ns));
  AppendVarint(&head,
               static_cast<uint64_t>(info.max_ts_ns) - static_cast<uint64_t>(info.min_ts_ns));
  AppendVarint(&head, info.line_bytes);
  AppendVarint(&head, info.first_seq);
  AppendVarint(&head, FlagsOf(info));
  AppendVarint(&head, columns_);
  head.append(directory_);
  AppendFrame(out, Marker::kBlock, head, tail_.size());
  out->append(head);
  out->append(tail_);
  info.size = kFrameSize + head.size() + tail_.size();
  info.front_size = kFrameSize + head.size() + front;
  return info;
}

}  // namespace glp::pack
