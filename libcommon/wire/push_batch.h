// Gathers records to the canonical bytes of one push: what travels over HTTP, waits in a spool, and
// is kept as a dead letter. They are Loki's PushRequest as protobuf with one field more behind it,
// glp's part (PUSH.md). Canonical bytes of several batches behind each other are canonical bytes.
// Streams stand in the order of their first record, entries in the order of Add.
// Lifetime: copies what it needs; the label table must outlive it and may be emptied at any time.
// Threads:  one at a time.
// Cost:     a few copies of bytes for each record, no allocation once it has grown.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "record/labels.h"
#include "record/record.h"
#include "wire/push_request.h"

namespace glp::wire {

class Batch {
 public:
  // `labels`: the table the records' labels are of. `external`: added to each stream; a label of
  // the record wins. `drop_label`: a label that is taken out of every stream behind that, such as
  // the one that names the tenant; "" for none.
  Batch(const LabelTable* labels, Labels external, std::string drop_label = {});

  // `whole_from`: Delivery::WholeFrom() for this record.
  void Add(const Record& record, uint64_t whole_from);
  bool empty() const { return entries_ == 0; }
  uint64_t entries() const { return entries_; }
  // Bytes of lines and metadata (names and values), as promtail counts a batch.
  uint64_t size_bytes() const { return size_bytes_; }
  // Bytes that Take would return, about.
  uint64_t body_bytes() const { return body_bytes_; }
  // The canonical bytes; the batch is empty again and keeps its buffers.
  std::string Take();

 private:
  static constexpr uint32_t kNoStream = UINT32_MAX;
  struct Stream {
    std::string labels;   // {a="b"}, with its tag and length in front
    std::string entries;  // Entry messages
    std::string runs;     // finished Run messages
    std::string steps;    // of the open run
    std::string id;       // of the open run
    uint64_t whole_from = 0;
    uint64_t last_next = 0;
    bool has_src = false;
  };
  Stream& Find(const LabelSet* labels);
  uint32_t Enter(const LabelSet* labels);
  void AddSource(std::string_view src, uint64_t whole_from, Stream* stream);
  void EndRun(Stream* stream);
  // Fills meta_; returns the bytes of names and values.
  uint64_t EncodeMeta(std::string_view meta);
  void Reset();

  const LabelTable* table_;
  Labels external_;
  std::string drop_label_;
  uint64_t generation_ = 0;
  // Streams are remembered from batch to batch; `order_` are those of this one.
  std::vector<Stream> streams_;
  std::vector<uint32_t> order_;
  std::vector<uint32_t> by_id_;  // stream of a label set's id
  StringMap<uint32_t> by_labels_;
  std::string meta_;  // of the record that is added
  std::string line_;  // scratch
  std::string scratch_;
  uint64_t entries_ = 0;
  uint64_t size_bytes_ = 0;
  uint64_t body_bytes_ = 0;
};

}  // namespace glp::wire
