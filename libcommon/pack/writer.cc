#include "pack/writer.h"

#include <algorithm>
#include <vector>

namespace glp::pack {

Writer::Writer(int fd, std::string name, Options options)
    : file_(fd, std::move(name), {options.level, /*with_seq=*/true, options.form}),
      options_(options) {}

Writer::Stream* Writer::Find(const LabelSet* labels) {
  if (labels == last_labels_) return last_;
  Stream*& by_pointer = by_labels_[labels];
  if (by_pointer == nullptr) {
    auto found = by_json_.find(labels->json);
    if (found == by_json_.end()) {
      Stream& stream = streams_.emplace_back();
      stream.number = file_.AddStream(labels->json);
      found = by_json_.emplace(labels->json, &stream).first;
    }
    by_pointer = found->second;
  }
  last_labels_ = labels;
  return last_ = by_pointer;
}

void Writer::ForgetLabels() {
  by_labels_.clear();
  last_labels_ = nullptr;
}

void Writer::NotePosition(Stream* stream, std::string_view src) {
  std::string_view id;
  uint64_t next = 0;
  if (!SplitSrc(src, &id, &next)) return;
  if (id != stream->source_id) {
    if (!stream->source_id.empty()) {
      file_.AddPosition(stream->number, stream->source_id, stream->source_next);
    }
    stream->source_id = id;
    stream->source_next = 0;
  }
  stream->source_next = std::max(stream->source_next, next);
}

Status Writer::Add(const LabelSet* labels, PackEntry entry) {
  Stream* stream = Find(labels);
  entry.seq = next_seq_++;
  uint64_t before = stream->builder.bytes();
  stream->builder.Add(entry);
  if (!entry.src.empty()) NotePosition(stream, entry.src);
  uint64_t now = stream->builder.bytes();
  buffered_bytes_ += now - before;
  if (now >= options_.block_bytes) return Cut(stream);
  if (buffered_bytes_ >= options_.buffer_bytes) return CutLargest();
  return Status::Ok();
}

Status Writer::Cut(Stream* stream) {
  buffered_bytes_ -= stream->builder.bytes();
  Status status = file_.AddBlock(&stream->builder, stream->number);
  // Gives the memory back: a stream that was busy once may stay quiet, and there may be many.
  stream->builder = BlockBuilder();
  return status;
}

Status Writer::CutLargest() {
  std::vector<Stream*> by_size;
  for (Stream& stream : streams_) {
    if (stream.builder.entries() > 0) by_size.push_back(&stream);
  }
  std::stable_sort(by_size.begin(), by_size.end(), [](const Stream* a, const Stream* b) {
    return a->builder.bytes() > b->builder.bytes();
  });
  // Down to half, so that many small streams are not sorted for every entry.
  for (Stream* stream : by_size) {
    if (buffered_bytes_ <= options_.buffer_bytes / 2) break;
    GLP_RETURN_IF_ERROR(Cut(stream));
  }
  return Status::Ok();
}

Status Writer::Finish() {
  for (Stream& stream : streams_) {
    GLP_RETURN_IF_ERROR(Cut(&stream));
    if (!stream.source_id.empty()) {
      file_.AddPosition(stream.number, stream.source_id, stream.source_next);
    }
  }
  return file_.Finish();
}

}  // namespace glp::pack
