// Loki's JSON push, read by servers and written by glp-push. Format: PUSH.md beside this file.
// Units: times are nanoseconds since 1970 UTC.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/strings.h"
#include "record/labels.h"
#include "record/record.h"
#include "wire/push_request.h"

namespace glp::wire {

// Reads bodies; keeps its buffers from one to the next unless they grew large.
// Lifetime: a request is good until the next Decode.
// Threads:  one at a time.
// Errors:   Code::kData with what is wrong and where: nothing of the body may be stored.
class JsonPushDecoder {
 public:
  JsonPushDecoder();
  ~JsonPushDecoder();
  Result<const PushRequest*> Decode(std::string_view body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Gathers records to one push body.
// Streams stand in the order of their first record, entries in the order of Add.
// Lifetime: copies what it needs. Threads: one at a time.
class PushBatch {
 public:
  // `labels`: the table the records' labels are of. `external`: added to each stream; a label of
  // the record wins.
  PushBatch(const LabelTable* labels, Labels external);

  void Add(const Record& record);
  bool empty() const { return entries_ == 0; }
  uint64_t entries() const { return entries_; }
  // Bytes of lines and metadata, as promtail counts a batch.
  uint64_t size_bytes() const { return size_bytes_; }
  // Bytes of the body, about.
  uint64_t body_bytes() const { return body_bytes_; }
  // Lines that are not UTF-8, which only a glp-store can be told.
  uint64_t odd_lines() const { return odd_lines_; }
  // For a glp-store (`to_glp`) each entry's `src` goes along and odd lines as they are; for a Loki
  // there is no word of either, and the bad bytes of odd lines are U+FFFD.
  void AppendBody(std::string* out, bool to_glp) const;
  void Clear();

 private:
  struct Stream {
    std::string labels;  // JSON
    std::string values;  // ["ns","line"],…
    std::string src;     // ["ID",[next,next]],… without the last "]]"
    std::string last_id;
    std::string line64;  // [index,"base64"],…
    uint64_t entries = 0;
    bool has_src = false;
  };
  Stream& Find(const LabelSet* labels);
  void AppendLine(const Line& line, Stream* stream);
  void AppendSrc(std::string_view src, Stream* stream);

  const LabelTable* table_;
  Labels external_;
  uint64_t generation_ = 0;
  std::vector<Stream> streams_;
  std::unordered_map<const LabelSet*, size_t> by_set_;
  StringMap<size_t> by_labels_;
  const LabelSet* last_set_ = nullptr;
  size_t last_ = 0;
  std::string scratch_;
  uint64_t entries_ = 0;
  uint64_t size_bytes_ = 0;
  uint64_t body_bytes_ = 0;
  uint64_t odd_lines_ = 0;
};

}  // namespace glp::wire
