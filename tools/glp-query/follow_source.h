// Records on a descriptor as a source that goes on: entries in the order of time, and between them
// how far the time has come (Entry without a stream), as order_buffer.h has it. Several scans may
// run at once: what the slowest of them has not seen yet is kept.
// Lifetime: label sets live as long as the source; it outlives its cursors.
// Threads:  one at a time.
// Errors:   I/O; Code::kCancelled when a stop is asked for; Code::kClosed where the reader of the
//           output is gone. Late entries make the run incomplete.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "cli/main.h"
#include "entry_reader.h"
#include "logql/source.h"
#include "order_buffer.h"

namespace glp::query {

// Where a FollowSource gets what it orders: a seam for tests, which set the clock.
class FollowInput {
 public:
  virtual ~FollowInput() = default;
  virtual Result<io::ReadState> Read(int timeout_ms, std::vector<logql::Entry>* batch) = 0;
  virtual const std::optional<EntryReader::Span>& span() const = 0;
  virtual const std::vector<EntryReader::Edges>& dropped() const = 0;
  virtual const logql::ScanStats& stats() const = 0;
  // Only ever rises; and since 1970.
  virtual int64_t NowNs() const = 0;
  virtual int64_t WallNs() const = 0;
};
// The records on `fd` and the machine's clocks.
std::unique_ptr<FollowInput> MakeFollowInput(int fd, EntryWants wants, cli::Context* context);

class FollowSource : public logql::EntrySource {
 public:
  struct Options {
    int64_t delay_ns = 0;
    // Of the entries that say where the data starts and ends.
    logql::TimeRange range;
    std::function<Status()> before_wait;
    std::function<void(int64_t ts_ns)> late;
  };
  FollowSource(std::unique_ptr<FollowInput> input, Options options);

  // The time of the first wanted entry in the range, once it is known; nothing where the input
  // ended, or the time passed the range, without one. REQUIRES: no scan yet.
  Result<std::optional<int64_t>> First();
  // The time of the last one, once the input has ended.
  bool ended() const { return ended_; }
  const std::optional<int64_t>& last() const { return last_; }
  // From now on the time is told soon after it has passed the end of a window, whether entries come
  // or not.
  void SetEdges(const WindowEdges& edges) {
    edges_ = edges;
    buffer_.SetEdges(edges);
  }

  // All at once: no scan may begin when another has read. Gives more than what is asked for, of
  // `request` only the streams count.
  Result<std::unique_ptr<logql::EntryCursor>> Scan(logql::ScanRequest request) override;
  // None: they are not known beforehand.
  Result<std::vector<const LabelSet*>> Streams(const std::vector<logql::Matcher>&,
                                               logql::TimeRange) override {
    return std::vector<const LabelSet*>();
  }

 private:
  friend class FollowCursor;
  struct Batch {
    std::vector<OrderBuffer::Kept> entries;
    int64_t time_ns;  // all entries to come lie at or behind it
  };

  // Appends to batches_ what comes next, or ends.
  Status Pump();
  // The time has passed what somebody waits for.
  bool IsWorthTelling(int64_t time_ns) const;
  void Note(const std::vector<logql::Entry>& entries);
  // Lets go what all cursors have seen.
  void Trim();

  std::unique_ptr<FollowInput> input_;
  const Options options_;
  OrderBuffer buffer_;
  WindowEdges edges_;
  std::deque<Batch> batches_;
  uint64_t first_batch_ = 0;              // its number: batches are counted from 0
  std::vector<const uint64_t*> cursors_;  // the number of the batch that each is at
  std::vector<logql::Entry> read_;
  std::optional<int64_t> first_, last_;  // of the wanted entries in the range
  int64_t told_ns_ = OrderBuffer::kNever;
  bool ended_ = false;
};

}  // namespace glp::query
