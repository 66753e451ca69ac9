// Runs entries through the pipeline of a range aggregation and finds the series that each counts
// for.
// Lifetime: the aggregation, its grouping and the table must outlive it.
// Threads:  one at a time.
// Errors:   of Make those of the pipeline. Of Find Code::kUsage for an entry with an error that the
//           query does not ask for, in Loki's words; Code::kData for metadata that is none.
// Cost:     nothing is allocated for an entry whose labels came before.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/strings.h"
#include "logql/pipeline.h"

namespace glp::logql {

class SeriesFinder {
 public:
  using SeriesId = uint32_t;  // 0, 1, … in the order in which they turn up

  // `grouping`: how series are told apart; nullptr: by all labels. `now_ns`: Wants::now_ns.
  static Result<SeriesFinder> Make(const RangeAggregation& range, const Grouping* grouping,
                                   int64_t now_ns, LabelTable* table);

  // False: the entry goes no further, or there is an error.
  bool Find(Entry* entry, SeriesId* series, Status* error) {
    // What was parsed before the query is labels, too.
    const bool by_fields = groups_ && !entry->fields.empty();
    if ((has_stages_ || by_fields) && !pipeline_.Process(entry)) return false;
    return by_fields || pipeline_.ChangesLabels() ? FindByLabels(series, error)
                                                  : FindByStream(*entry, series, error);
  }
  double sample() const { return pipeline_.sample(); }
  const Pipeline& pipeline() const { return pipeline_; }

  const LabelSet* labels(SeriesId series) const { return labels_[series]; }
  SeriesId IdOf(const LabelSet* set);  // of the table
  // Whether entries of a stream may differ in their series by their metadata.
  bool MetaMatters(const LabelSet& stream) const;
  // The stream has a label of this name, and no metadata can take its place.
  static bool HidesMeta(const LabelSet& stream, std::string_view name);
  // Forgets all series; those to come are sets of `table`.
  void Restart(LabelTable* table);

 private:
  static constexpr SeriesId kNone = std::numeric_limits<SeriesId>::max();
  static constexpr size_t kMaxMetaBytes = 16 << 20;
  // The series that a stream's entries belong to.
  struct Stream {
    bool meta_matters = false;
    SeriesId plain = kNone;  // of entries without metadata, or of all where it does not matter
    StringMap<SeriesId> by_meta;
  };
  struct Recent {
    const LabelSet* labels = nullptr;
    Stream* stream = nullptr;
  };

  SeriesFinder(const RangeAggregation& range, const Grouping* grouping, Pipeline pipeline,
               LabelTable* table);

  bool FindByStream(const Entry& entry, SeriesId* series, Status* error);
  // The same where the pipeline made the labels.
  bool FindByLabels(SeriesId* series, Status* error);
  Stream& StreamOf(const LabelSet* labels);
  Result<SeriesId> MakeSeries(const LabelSet& stream, std::string_view meta);
  // Puts the labels that are asked for by name into wanted_.
  void TakeNamed();
  // Puts all but those that tell no series apart into wanted_.
  void TakeOthers();

  const Grouping* grouping_;
  const Unwrap* unwrap_;
  Pipeline pipeline_;
  LabelTable* table_;
  bool has_stages_;
  bool groups_;  // not all into one series
  bool keeps_errors_;
  std::vector<LabelNames::Id> names_;  // of a grouping by names

  std::vector<const LabelSet*> labels_;  // by SeriesId
  std::vector<SeriesId> by_id_;          // by LabelSet::id of the series' labels
  std::unordered_map<const LabelSet*, Stream> streams_;
  std::array<Recent, 64> recent_;  // in front of streams_, by a hash of the pointer
  // Metadata that differs with every entry must not fill the memory where grouping ignores it.
  size_t meta_bytes_ = 0;
  StringMap<SeriesId> by_labels_;          // of entries whose labels the pipeline made
  std::optional<std::string> recent_key_;  // in front of by_labels_
  SeriesId recent_series_ = kNone;
  std::vector<std::pair<std::string_view, std::string_view>> wanted_;
  std::string key_;
};

}  // namespace glp::logql
