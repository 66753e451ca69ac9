#include "pack/file_writer.h"

#include <algorithm>
#include <tuple>

#include "pack/frame.h"

namespace glp::pack {

FileWriter::FileWriter(int fd, std::string name, Options options)
    : out_(fd, std::move(name)),
      encoder_(options.level, options.with_seq, options.form),
      level_(options.level) {
  index_.flags = options.with_seq ? kFlagSeq : 0;
  AppendHeader(&out_.buffer(), index_.flags);
  offset_ = kHeaderSize;
}

uint32_t FileWriter::AddStream(std::string_view labels_json) {
  index_.streams.emplace_back(labels_json);
  return static_cast<uint32_t>(index_.streams.size() - 1);
}

void FileWriter::AddPosition(uint32_t stream, std::string_view id, uint64_t next) {
  uint64_t& highest = positions_[{stream, std::string(id)}];
  if (next > highest) highest = next;
}

Status FileWriter::WriteNewStreams() {
  if (streams_written_ == index_.streams.size()) return Status::Ok();
  std::string head;
  AppendVarint(&head, streams_written_);
  AppendVarint(&head, index_.streams.size() - streams_written_);
  for (; streams_written_ < index_.streams.size(); ++streams_written_) {
    AppendSized(&head, index_.streams[streams_written_]);
  }
  AppendFrame(&out_.buffer(), Marker::kStreams, head, 0);
  out_.buffer().append(head);
  offset_ += kFrameSize + head.size();
  return out_.Commit();
}

Status FileWriter::AddBlock(BlockBuilder* builder, uint32_t stream, bool exact) {
  if (builder->entries() == 0) return Status::Ok();
  if (!builder->fits()) return DataError("entries of more than 4 GiB do not fit into a block");
  GLP_RETURN_IF_ERROR(WriteNewStreams());
  size_t before = out_.buffer().size();
  BlockInfo info = encoder_.Encode(builder, stream, exact, &out_.buffer());
  if (encoder_.text() != nullptr) AddFilter(*encoder_.text(), &info);
  builder->Clear();
  offset_ += out_.buffer().size() - before;
  info.offset = offset_ - info.size;
  index_.AddBlock(info);
  constexpr size_t kMaxWaiting = 1 << 20;
  if (filters_.size() > kMaxWaiting) WriteFilters();
  return out_.Commit();
}

void FileWriter::AddFilter(const LineEncoder& text, BlockInfo* info) {
  if (filter_builder_ == nullptr) filter_builder_ = std::make_unique<BlockFilterBuilder>();
  for (const ValueList& values : text.columns()) filter_builder_->Add(values);
  for (const std::string_view value : text.constants()) filter_builder_->Add(value);
  for (const std::string_view join : text.joins()) filter_builder_->AddJoin(join);
  const std::string filter = filter_builder_->Build(text.templates(), text.has_whole(), info->size);
  info->filter_offset = filters_.size();  // and what is in front of them, when they are written
  info->filter_size = filter.size();
  filters_ += filter;
  ++filter_count_;
}

void FileWriter::WriteFilters() {
  if (filter_count_ == 0) return;
  std::string head;
  AppendVarint(&head, filter_count_);
  AppendFrame(&out_.buffer(), Marker::kFilters, head, filters_.size());
  out_.buffer().append(head).append(filters_);
  for (; first_filtered_ < index_.blocks.size(); ++first_filtered_) {
    BlockInfo& block = index_.blocks[first_filtered_];
    if (block.filter_size > 0) block.filter_offset += offset_ + kFrameSize + head.size();
  }
  offset_ += kFrameSize + head.size() + filters_.size();
  filters_.clear();
  filter_count_ = 0;
}

// The record that repeats all.
void FileWriter::WriteTemplates() {
  if (encoder_.templates().size() == 0) return;
  size_t before = out_.buffer().size();
  encoder_.templates().AppendRecord(0, level_, &out_.buffer());
  index_.templates_offset = offset_;
  index_.templates_size = out_.buffer().size() - before;
  offset_ += index_.templates_size;
}

Status FileWriter::Finish() {
  GLP_RETURN_IF_ERROR(WriteNewStreams());
  WriteFilters();
  WriteTemplates();
  for (const auto& [key, next] : positions_) {
    index_.positions.push_back({key.first, key.second, Position::Kind::kSettled, next, {}});
  }
  std::stable_sort(index_.positions.begin(), index_.positions.end(),
                   [](const Position& a, const Position& b) {
                     return std::tie(a.stream, a.id) < std::tie(b.stream, b.id);
                   });
  std::string head = EncodeIndex(index_);
  AppendFrame(&out_.buffer(), Marker::kFooter, head, 0);
  out_.buffer().append(head);
  AppendTrailer(&out_.buffer(), {offset_, kFrameSize + head.size()});
  return out_.Flush();
}

}  // namespace glp::pack
