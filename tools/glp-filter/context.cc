#include "context.h"

#include <algorithm>
#include <utility>

#include "base/arena.h"

namespace glp::filter {

Context::HeldRecord::HeldRecord(const Record& record, uint64_t number, Stream* stream)
    : stream(stream), form(record.line.form), ts_ns(record.ts_ns), pos(record.pos), number(number) {
  // With what scans look at behind a text.
  texts.reserve(record.line.text.size() + record.meta.size() + record.fields.size() +
                record.src.size() + record.extra.size() + Arena::kPadding);
  texts.append(record.line.text);
  line = texts.size();
  texts.append(record.meta);
  meta = texts.size();
  texts.append(record.fields);
  fields = texts.size();
  texts.append(record.src);
  src = texts.size();
  texts.append(record.extra);
}

Record Context::View(const HeldRecord& held, LabelTable* table) {
  Stream& stream = *held.stream;
  if (stream.generation != table->generation()) {
    stream.set = table->FromLabels(stream.labels);
    stream.generation = table->generation();
  }
  const std::string_view texts = held.texts;
  Record record;
  record.ts_ns = held.ts_ns;
  record.labels = stream.set;
  record.line = {texts.substr(0, held.line), held.form};
  record.meta = texts.substr(held.line, held.meta - held.line);
  record.fields = texts.substr(held.meta, held.fields - held.meta);
  record.src = texts.substr(held.fields, held.src - held.fields);
  record.extra = texts.substr(held.src);
  record.pos = held.pos;
  return record;
}

void Context::Move(Queue::iterator record, Queue* to) {
  // The oldest of all is the oldest of its stream.
  record->stream->held.pop_front();
  bytes_ -= record->size();
  to->splice(to->end(), queue_, record);
}

Context::Stream& Context::StreamOf(const LabelSet& labels, const LabelTable& table,
                                   Queue* dropped) {
  if (streams_.IsFull()) {
    // The streams themselves stay until those who have the lists are done.
    given_up_ += queue_.size();
    dropped->splice(dropped->end(), queue_);
    bytes_ = 0;
    awaiting_ = 0;
    old_streams_ = std::exchange(streams_, StreamMap<Stream>());
  }
  Stream& stream = streams_.Of(labels, table);
  if (stream.set == nullptr) stream.labels = labels.labels;
  stream.set = &labels;
  stream.generation = table.generation();
  return stream;
}

Context::Leaving Context::Match(const LabelSet& labels, const LabelTable& table) {
  Leaving leaving;
  Stream& stream = StreamOf(labels, table, &leaving.dropped);
  while (!stream.held.empty()) Move(stream.held.front(), &leaving.passed);
  if (after_ > 0 && stream.after_left == 0) ++awaiting_;
  stream.after_left = after_;
  return leaving;
}

bool Context::TakeAfter(const LabelSet& labels, const LabelTable& table, Leaving* leaving) {
  if (awaiting_ == 0) return false;
  Stream& stream = StreamOf(labels, table, &leaving->dropped);
  if (stream.after_left == 0) return false;
  if (--stream.after_left == 0) --awaiting_;
  return true;
}

Context::Leaving Context::Hold(const Record& record, uint64_t number, const LabelTable& table) {
  Leaving leaving;
  Stream& stream = StreamOf(*record.labels, table, &leaving.dropped);
  queue_.emplace_back(record, number, &stream);
  bytes_ += queue_.back().size();
  stream.held.push_back(std::prev(queue_.end()));
  if (stream.held.size() > before_) Move(stream.held.front(), &leaving.dropped);
  while (bytes_ > max_bytes_) {
    Move(queue_.begin(), &leaving.dropped);
    ++given_up_;
  }
  return leaving;
}

Context::Leaving Context::ReleaseAll() {
  Leaving leaving;
  while (!queue_.empty()) Move(queue_.begin(), &leaving.dropped);
  return leaving;
}

}  // namespace glp::filter
