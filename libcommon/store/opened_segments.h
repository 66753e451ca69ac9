// Segments that are held open, and what queries ask of them before they look at blocks: so that one
// of an hour and a selector costs what that hour has, however many segments there are.
// Lifetime: label sets belong to the table that the packs were resolved with.
// Threads:  plain data and const from any; StreamLists one at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "logql/source.h"
#include "pack/reader.h"
#include "record/labels.h"
#include "store/catalogue.h"
#include "store/folder.h"

namespace glp::store {

// Streams that a segment has blocks of, each once, by their ids.
using StreamList = std::vector<const LabelSet*>;

// Lists that are equal are one: most segments of a store have the same streams.
class StreamLists {
 public:
  std::shared_ptr<const StreamList> Of(const pack::PackStreams& pack);
  // Forgets those that nobody holds.
  void Prune();

 private:
  struct Less {
    bool operator()(const std::shared_ptr<const StreamList>& a,
                    const std::shared_ptr<const StreamList>& b) const;
  };
  std::set<std::shared_ptr<const StreamList>, Less> lists_;
};

struct OpenedSegment {
  OpenedSegment(SegmentName segment_name, std::shared_ptr<const pack::PackStreams> opened,
                StreamLists* lists);

  SegmentName name;
  std::shared_ptr<const pack::PackStreams> pack;  // it has a file
  std::shared_ptr<const StreamList> streams;
  // Of its blocks; without any it overlaps nothing.
  int64_t min_ts_ns = std::numeric_limits<int64_t>::max();
  int64_t max_ts_ns = std::numeric_limits<int64_t>::min();
  uint64_t block_bytes = 0;
  uint64_t blocks() const { return pack->file->index().blocks.size(); }
};

class OpenedSegments {
 public:
  OpenedSegments() = default;
  // They rise.
  explicit OpenedSegments(std::vector<OpenedSegment> segments);

  const std::vector<OpenedSegment>& all() const { return segments_; }
  // What is wrong with them.
  const std::vector<std::string>& warnings() const { return warnings_; }
  // Calls `sink` with those that overlap the range, rising. Returns how many blocks the others
  // have.
  template <typename Sink>
  uint64_t ForEachIn(logql::TimeRange range, Sink sink) const {
    uint64_t left_out = 0;
    for (size_t i = 0; i < pages_.size(); ++i) {
      if (!Overlaps(pages_[i].min_ts_ns, pages_[i].max_ts_ns, range)) {
        left_out += pages_[i].blocks;
        continue;
      }
      const size_t end = std::min(segments_.size(), (i + 1) * kPerPage);
      for (size_t at = i * kPerPage; at < end; ++at) {
        const OpenedSegment& segment = segments_[at];
        if (Overlaps(segment.min_ts_ns, segment.max_ts_ns, range)) {
          sink(segment);
        } else {
          left_out += segment.blocks();
        }
      }
    }
    return left_out;
  }

 private:
  static constexpr size_t kPerPage = 128;
  // Of the segments from its number times kPerPage on.
  struct Page {
    int64_t min_ts_ns = std::numeric_limits<int64_t>::max();
    int64_t max_ts_ns = std::numeric_limits<int64_t>::min();
    uint64_t blocks = 0;
  };
  std::vector<OpenedSegment> segments_;
  std::vector<Page> pages_;
  std::vector<std::string> warnings_;
};

}  // namespace glp::store
