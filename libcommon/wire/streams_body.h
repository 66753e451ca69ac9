// The answer of a log query as Loki gives it: each stream once, streams sorted by their labels,
// entries in the order of Add within a stream. What is more than some memory goes to a temporary
// file, and the text comes in pieces, so that an answer of any length takes the same memory.
//
//   StreamsBody body(options);
//   while (…) GLP_RETURN_IF_ERROR(body.Add(entry));
//   body.End(stats, seconds);
//   for (std::string piece; …;) if (!*body.Next(&piece)) break;
//
// Lines that are not UTF-8 cannot stand in JSON: their bad bytes are replaced by U+FFFD and the
// answer says so in `warnings`.
// Lifetime: copies what it needs; the LabelSets added must live until End, or ForgetStreams.
// Threads:  one at a time.
// Errors:   of Add: Code::kLimit where the answer is too large, Code::kIo; of Next: Code::kIo.
// Format:   Loki 3.7 HTTP API.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/strings.h"
#include "logql/source.h"
#include "record/labels.h"
#include "wire/text_runs.h"

namespace glp::wire {

struct StreamsOptions {
  enum class Shape {
    // Metadata and what the query parsed join the labels of the stream, so one stored stream may
    // become several.
    kMerged,
    // X-Loki-Response-Encoding-Flags: categorize-labels. They stand behind each line instead.
    kCategorized,
    // /api/prom/query: {"streams":[{"labels":"{…}","entries":[{"ts":…,"line":…}]}]}
    kOld,
  };
  Shape shape = Shape::kMerged;
  bool only_streams = false;  // the array of streams and nothing around it, as tail frames it
  size_t memory_bytes = 16 << 20;
  std::string folder;                        // of the temporary file; "": all is held in memory
  uint64_t max_bytes = uint64_t{256} << 20;  // of the text
};

class StreamsBody {
 public:
  explicit StreamsBody(StreamsOptions options = {});

  Status Add(const logql::Entry& entry);
  uint64_t entries() const { return entries_; }
  uint64_t size_bytes() const { return size_bytes_; }  // of the text so far, about
  // Label sets of entries so far are about to go.
  void ForgetStreams();

  // No more entries come. `seconds`: how long the query took.
  void End(const logql::ScanStats& stats, double seconds, double queued = 0);
  // The next part of the text, in place of what `piece` holds; false behind the last.
  Result<bool> Next(std::string* piece);

 private:
  using Shape = StreamsOptions::Shape;
  // Where an entry goes with its metadata and fields, and what stands behind its line.
  struct Place {
    size_t stream = 0;
    std::string tail;
  };
  Result<const Place*> Find(const logql::Entry& entry);
  Place MakePlace(const logql::Entry& entry);
  size_t StreamOf(const Labels& labels);
  Status MakeRoom();
  std::vector<const KeyedText*> Sorted() const;
  // Of the next stream; false where there is none.
  Result<bool> BeginStream(std::string* piece);
  Result<bool> ReadStream(std::string* piece);
  void AppendFront(std::string* piece) const;
  void AppendEnd(std::string* piece) const;

  const StreamsOptions options_;
  std::vector<KeyedText> streams_;  // by selector; heads are labels, texts values behind commas
  StringMap<size_t> by_selector_;
  std::unordered_map<const LabelSet*, StringMap<Place>> places_;  // by metadata and fields
  const LabelSet* last_set_ = nullptr;
  const Place* last_ = nullptr;
  std::string last_parts_, parts_;
  size_t memory_ = 0;        // of streams_, about
  size_t places_bytes_ = 0;  // of places_, about
  uint64_t entries_ = 0;
  uint64_t changed_lines_ = 0;
  uint64_t bad_meta_ = 0;
  uint64_t size_bytes_ = 0;
  TextRuns runs_;
  // After End.
  enum class Stage { kFront, kStreams, kText, kDone };
  Stage stage_ = Stage::kFront;
  std::string warnings_, stats_;
  std::vector<const KeyedText*> order_;
  size_t at_ = 0;    // in order_, of the stream that comes
  size_t used_ = 0;  // of its text
  bool has_streams_ = false;
};

}  // namespace glp::wire
