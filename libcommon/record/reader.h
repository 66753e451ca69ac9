// Reads records and marks from NDJSON.
// Records as AppendRecord writes them take a fast path that never builds a document; anything else
// is read by simdjson, leniently (any key order, `timestamp` for `ts`, integers, offsets). Both
// give the same record for the same input.
//
//   RecordReader reader(source, &labels);
//   for (;;) {
//     GLP_ASSIGN_OR_RETURN(io::ReadState state, reader.ReadBatch());
//     if (state != io::ReadState::kData) break;
//     while (auto item = reader.Next()) …
//   }
//
// Lifetime: what Next returns is good until the next ReadBatch; label sets until the table is
//           cleared, which ReadBatch does when it has grown too large (see LabelTable).
// Threads:  one at a time.
// Errors:   I/O only. A line that is no record is an Item of kind kBad, not an error.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "io/input.h"
#include "record/record.h"

namespace glp {

class RecordReader {
 public:
  struct Item {
    enum class Kind : uint8_t { kRecord, kMark, kBad };
    Kind kind;
    Record record;         // kRecord
    Mark mark;             // kMark
    std::string_view raw;  // the line as read, all kinds
    std::string why;       // kBad: what is wrong with it
  };

  RecordReader(std::unique_ptr<io::ByteSource> source, LabelTable* labels);
  ~RecordReader();

  // Takes in the next block of lines; kTimeout after `timeout_ms` without one.
  Result<io::ReadState> ReadBatch(int timeout_ms = -1);
  // The next item of the batch, nullptr at its end. The pointer is good until the next call, the
  // views in it until the next ReadBatch.
  const Item* Next();
  uint64_t line_number() const { return line_number_; }

  // Always the slow path: for the tests that compare the two.
  void DisableFastPath() { fast_ = false; }
  // Time for records without `ts`; the machine's clock unless a test sets it.
  void SetClock(std::function<int64_t()> now_ns) { now_ns_ = std::move(now_ns); }

 private:
  struct Slow;
  bool ParseFast(std::string_view line, Item* item);
  void ParseSlow(std::string_view line, Item* item);
  const LabelSet* LookupLabels(const char* p, const char* end, size_t* size);

  io::LineInput input_;
  LabelTable* labels_;
  std::unique_ptr<Slow> slow_;
  std::function<int64_t()> now_ns_;
  std::string_view batch_;
  Item item_;
  bool fast_ = true;
  bool batch_is_utf8_ = false;
  uint64_t line_number_ = 0;
  // The label sets seen last, by their raw text, tried before any look-up.
  struct Recent {
    std::string raw;
    const LabelSet* set = nullptr;
  };
  static constexpr size_t kRecent = 8;
  Recent recent_[kRecent];
  size_t recent_at_ = 0;
};

}  // namespace glp
