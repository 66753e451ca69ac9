// The segments of a store that may have something of a selector and a range of time, found without
// opening those that the catalogue tells of.
// Lifetime: the parts must outlive it. Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/strings.h"
#include "store/source.h"

namespace glp::store {

// Why parts are of no use any more.
enum class Trouble {
  kNone,
  kGone,       // a segment was merged or removed
  kCatalogue,  // it is damaged, or cannot be read
};

class Selection {
 public:
  struct Candidate {
    SegmentName name;
    int64_t min_ts_ns;
    int64_t max_ts_ns;
    uint32_t group;  // of runs: the order of arrival
    // One of them is there.
    const OpenedSegment* opened;
    const SegmentRecord* record;
  };

  Selection(const SourceParts& parts, const std::vector<logql::Matcher>& matchers)
      : parts_(parts), matchers_(matchers) {}
  Selection(const Selection&) = delete;
  Selection& operator=(const Selection&) = delete;

  // Finds the candidates. Here and below: where the status is not OK, trouble() says whether the
  // parts are to blame.
  Status Find(logql::TimeRange range);
  Trouble trouble() const { return trouble_; }

  // Rising by name.
  const std::vector<Candidate>& candidates() const { return candidates_; }
  // A group above those of all segments.
  uint32_t groups() const { return groups_; }
  uint64_t blocks_left_out() const { return blocks_left_out_; }

  // The segment with the label sets that match; others may be nullptr. Where it is too damaged to
  // be opened, it has no file and says so in its warnings.
  Result<std::shared_ptr<const pack::PackStreams>> Open(const Candidate& candidate);
  // Adds the streams of the candidates that have an entry in the range.
  Status AddStreams(logql::TimeRange range, std::vector<const LabelSet*>* streams);
  // All records that count, and the streams of all.
  Result<std::vector<SegmentRecord>> CountingRecords();
  Result<std::vector<const LabelSet*>> StreamsOfAll(const std::vector<SegmentRecord>& records);
  // Whether the segment has a stream that matches.
  Result<bool> HasMatching(const SegmentRecord& record);
  bool HasMatching(const OpenedSegment& segment);

 private:
  bool Counts(SegmentName name) const;
  Status Blame(Trouble trouble, Status status) {
    if (!status.ok()) trouble_ = trouble;
    return status;
  }
  Status FindMatching();
  void FindOpened(logql::TimeRange range);
  // The streams of a segment that match.
  Result<std::vector<uint32_t>> MatchingOf(const SegmentRecord& record, size_t* all);
  Status Intern(const StreamSet& set, std::vector<const LabelSet*>* streams);
  bool Matches(const LabelSet* stream);
  Status AddCatalogued(logql::TimeRange range, std::vector<const LabelSet*>* streams);
  void AddOpened(logql::TimeRange range, std::vector<const LabelSet*>* streams);

  const SourceParts& parts_;
  const std::vector<logql::Matcher>& matchers_;
  std::optional<StreamSet> matching_;   // without: all do
  std::vector<SegmentRecord> records_;  // candidates' are among them
  std::vector<Candidate> candidates_;
  uint32_t groups_ = 0;
  uint64_t blocks_left_out_ = 0;
  Trouble trouble_ = Trouble::kNone;
  std::unordered_map<uint64_t, bool> has_matching_;  // by offset of the list
  std::unordered_map<const StreamList*, bool> opened_has_matching_;
  std::unordered_map<const LabelSet*, bool> matches_;   // of opened segments
  std::unordered_map<uint32_t, const LabelSet*> sets_;  // by stream
  StringMap<const LabelSet*> sets_by_json_;             // the same
};

}  // namespace glp::store
