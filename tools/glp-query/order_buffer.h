// Puts entries that arrive a little out of order into the order of time, and says how far the time
// of a stream has come: up to there it gives all entries, what comes later lies behind.
//
// The time is that of the newest entry that arrived at least `delay` ago, and goes on from there
// with the clock, so that a stream that falls silent does not stop it. It never runs ahead of the
// wall clock: one entry with a time far in the future must not make all others late.
// What was there before the program started may come file by file, one after the other. So nothing
// is given at first, until for the length of `delay` (100 ms at least) no entry came that is older
// than the start; or until 10 s have passed, or `max_bytes` are held: from then on the oldest
// goes to make room.
// An entry that arrives behind the time is late. Where no edge of a window lies between the two it
// is given all the same, with the time as its own; else it is dropped and counted.
//
// Clocks:   given with each call: `now_ns` only ever rises, `wall_ns` is since 1970.
// Lifetime: entries given out hold their text until Release. Streams must outlive them.
// Threads:  one at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "logql/source.h"

namespace glp::query {

// The points in time at which a window of a query starts or ends: some series, each the same step
// apart. An entry at an edge belongs to the window that ends there.
class WindowEdges {
 public:
  WindowEdges() = default;  // every point is one
  // `ends` are moved by each of `offsets_ns` (of the window ends), `starts` by offset and range.
  struct Window {
    int64_t range_ns, offset_ns;
  };
  WindowEdges(int64_t start_ns, int64_t step_ns, const std::vector<Window>& windows);

  // Whether entries at `a` and at `b`, a <= b, may belong to different windows.
  bool LieBetween(int64_t a, int64_t b) const;
  // The first end of a window at or behind `at`; nothing where there is none.
  std::optional<int64_t> NextEnd(int64_t at) const;

 private:
  int64_t step_ns_ = 0;
  std::vector<int64_t> ends_, starts_;  // one of each series
};

class OrderBuffer {
 public:
  struct Options {
    int64_t delay_ns = 0;
    int64_t started_wall_ns = 0;
    size_t max_bytes = size_t{256} << 20;  // of the backlog
  };
  // A piece of memory that texts of entries share.
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    size_t size, used = 0, live = 0;  // live: entries
  };
  struct Kept {
    int64_t ts_ns;
    const LabelSet* stream;
    const char* text;
    uint32_t line_size, meta_size, fields_size;
    Chunk* chunk;
    logql::Entry entry() const;
  };

  explicit OrderBuffer(const Options& options) : options_(options) {}

  void SetEdges(WindowEdges edges) { edges_ = std::move(edges); }
  // What came at once: the wanted entries, and the times of all records. Tells `late` of each
  // entry that is dropped.
  void Add(const std::vector<logql::Entry>& entries, int64_t oldest_ns, int64_t newest_ns,
           int64_t now_ns, int64_t wall_ns, const std::function<void(int64_t ts_ns)>& late);
  // Appends all entries up to the time, in order. Those of equal times stand as they came.
  void Take(int64_t now_ns, int64_t wall_ns, std::vector<Kept>* out);
  // The same for all that is left: no entry comes any more.
  void TakeAll(std::vector<Kept>* out);
  void Release(const std::vector<Kept>& entries);

  // As of the last Take; kNever before the first entry was given.
  int64_t time_ns() const { return time_ns_; }
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::min();
  // How long from now until the time passes the end of a window or the backlog is over, if nothing
  // comes; nothing where that never happens.
  std::optional<int64_t> Wait(int64_t now_ns, int64_t wall_ns) const;
  size_t held_bytes() const { return held_bytes_; }

 private:
  // The newest entry of a batch, for the time it makes once it has waited.
  struct Arrival {
    int64_t now_ns, newest_ns;
  };
  static constexpr int64_t kMostBacklogNs = 10'000'000'000;
  static constexpr int64_t kLeastPauseNs = 100'000'000;
  static constexpr size_t kEntryBytes = sizeof(Kept);

  Kept Keep(const logql::Entry& entry);
  void Sort();
  void TakeUpTo(int64_t ts_ns, std::vector<Kept>* out);
  void MakeRoom(std::vector<Kept>* out);
  bool IsBacklogOver(int64_t now_ns) const { return now_ns >= BacklogEnd(); }
  int64_t BacklogEnd() const;

  const Options options_;
  WindowEdges edges_;
  std::deque<std::unique_ptr<Chunk>> chunks_;  // the last one is filled
  // Sorted from `first_` up to `sorted_`; behind that as it came.
  std::vector<Kept> held_;
  size_t first_ = 0, sorted_ = 0;
  size_t held_bytes_ = 0;
  bool is_backlog_ = true, has_arrivals_ = false;
  int64_t first_arrival_ns_ = 0, last_old_ns_ = 0;
  std::deque<Arrival> waiting_;    // with rising newest_ns
  std::optional<Arrival> newest_;  // that has waited
  int64_t time_ns_ = kNever;
};

}  // namespace glp::query
