// What one push carries, whatever form it was sent in. Format: PUSH.md beside this file.
// Units: times are nanoseconds since 1970 UTC.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_budget.h"
#include "record/labels.h"
#include "store/store.h"

namespace glp::wire {

// A push as it was sent: names and values of labels are not judged here but for their shape.
struct PushRequest {
  // src_whole_from of an entry in front of which lines of its file may have been left out.
  static constexpr uint64_t kNotWhole = UINT64_MAX;

  // More in one push is refused (Code::kLimit): what is read takes more memory than what came.
  static constexpr size_t kMaxEntries = 4'000'000;

  struct Entry {
    int64_t ts_ns = 0;
    std::string_view line;  // any bytes
    std::string_view meta;  // raw JSON object of strings, names sorted and normalised; "" for none
    std::string_view src_id;  // "" where the entry has no src
    uint64_t src_next = 0;
    uint64_t src_whole_from = kNotWhole;  // as store::NewEntry has it
  };
  struct Stream {
    Labels labels;  // canonical, without those of empty value
    // Why the labels are none, in Loki's words: all of the stream is to be refused. "" where they
    // are good.
    std::string labels_error;
    std::string_view labels_text;  // as it was sent; "" where labels came as JSON
    std::vector<Entry> entries;
  };
  std::vector<Stream> streams;  // those without entries are left out
};

// Counts what a push is read into, so that it is bounded whatever the bytes are that it came in:
// by PushRequest::kMaxEntries, entries and streams together, and by the memory of the request.
class PushCount {
 public:
  // Of a text of labels: what is parsed takes about ten times as much.
  static constexpr size_t kMaxLabelBytes = size_t{32} << 20;

  // `memory` may be nullptr.
  explicit PushCount(MemoryClaim* memory = nullptr) : memory_(memory) {}
  // Errors: Code::kLimit, and those of the memory.
  Status AddStream() { return Add(kStreamBytes); }
  Status AddEntry() { return Add(kEntryBytes); }
  // Anything else that takes more than what it came in.
  Status AddBytes(size_t bytes) { return TakeMemory(memory_, bytes); }
  Status AddLabels(size_t bytes) {
    if ((label_bytes_ += bytes) > kMaxLabelBytes) return TooManyLabels();
    return TakeMemory(memory_, 10 * bytes);
  }

 private:
  // With what becomes of it on the way into the store.
  static constexpr size_t kEntryBytes = sizeof(PushRequest::Entry) + sizeof(store::NewEntry) + 64;
  static constexpr size_t kStreamBytes = sizeof(PushRequest::Stream) + 128;

  Status Add(size_t bytes) {
    if (++items_ > PushRequest::kMaxEntries) return TooMany();
    return TakeMemory(memory_, bytes);
  }
  static Status TooMany();
  static Status TooManyLabels();

  MemoryClaim* memory_;
  size_t items_ = 0, label_bytes_ = 0;
};

// Reads the text of a stream's labels into it: labels, or labels_error, and labels_text.
void ReadStreamLabels(std::string_view text, PushRequest::Stream* stream);

}  // namespace glp::wire
