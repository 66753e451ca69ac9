// The entries of a store that a request wants, slice of time by slice of time. See source.h.
// Threads: one at a time.
#pragma once

#include <memory>
#include <utility>

#include "pack/merge.h"
#include "store/selection.h"

namespace glp::store {

// The parts of a source, which may have to be renewed.
class SourceState {
 public:
  explicit SourceState(SourceParts parts)
      : parts_(std::make_shared<const SourceParts>(std::move(parts))) {}
  std::shared_ptr<const SourceParts> parts() const { return parts_; }
  // Does `work` with the parts; anew with others where they are to blame that it fails.
  // `work(const SourceParts&, Trouble*)` returns a status.
  template <typename Work>
  Status Try(Work work) {
    for (int tries = 0;; ++tries) {
      const std::shared_ptr<const SourceParts> parts = parts_;
      Trouble trouble = Trouble::kNone;
      Status status = work(parts, &trouble);
      if (status.ok() || trouble == Trouble::kNone || !parts->renew || tries == kMaxTries) {
        return status;
      }
      GLP_ASSIGN_OR_RETURN(SourceParts renewed, parts->renew(trouble != Trouble::kCatalogue));
      parts_ = std::make_shared<const SourceParts>(std::move(renewed));
    }
  }

 private:
  static constexpr int kMaxTries = 100;
  std::shared_ptr<const SourceParts> parts_;
};

// What of a range is read, with what it is read from.
struct SliceRuns {
  std::vector<std::shared_ptr<const pack::PackStreams>> packs;
  std::vector<std::unique_ptr<pack::SortedRun>> runs;
};
// All that the selection and the parts' memory have of the context's request, which lies within the
// range of the selection.
Status FindRuns(const SourceParts& parts, Selection* selection, pack::ScanContext* context,
                SliceRuns* found);

class SliceCursor : public logql::EntryCursor {
 public:
  SliceCursor(std::shared_ptr<SourceState> state, logql::ScanRequest request);

  Status Next(std::vector<logql::Entry>* batch) override;
  const logql::ScanStats& stats() const override;

 private:
  bool backward() const { return request_.direction == logql::Direction::kBackward; }
  // Prepares inner_ for the first slice of left_, and takes it off left_.
  Status OpenSlice();
  Status OpenSlice(const std::shared_ptr<const SourceParts>& parts, Trouble* trouble);
  // What of left_ comes next.
  logql::TimeRange ChooseSlice() const;
  void CloseSlice();

  const std::shared_ptr<SourceState> state_;
  const logql::ScanRequest request_;
  logql::TimeRange left_;
  bool is_begun_ = false;
  bool is_done_ = false;
  size_t width_ = 1;  // segments that the next slice shall have
  uint64_t given_ = 0;
  std::shared_ptr<const SourceParts> parts_;  // of selection_
  std::unique_ptr<Selection> selection_;
  // Of the slice.
  SliceRuns slice_;
  std::unique_ptr<pack::MergeCursor> inner_;
  logql::ScanStats closed_;         // of slices before
  mutable logql::ScanStats stats_;  // with those of inner_
};

// Whether the view has entries of the request.
bool Wanted(const MemView& view, const std::vector<logql::Matcher>& matchers,
            logql::TimeRange range);

}  // namespace glp::store
