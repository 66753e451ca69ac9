// The labels of one entry on its way through a query's stages: those of its stream, its structured
// metadata and what the stages extract or change. Stream labels are looked at where they stand,
// never copied; values are views.
//
// One name has one value: what a parser sets stands in front of metadata and stream labels. A
// parser that finds a name which the stream or the metadata has gives it as NAME_extracted (Fresh).
// A field that the entry came with may have such a name, too: it is what is looked at, and what it
// hides stays where it is until a stage sets or deletes the name.
//
// Lifetime: values that are set must live until the next Begin; Keep copies those that would not.
//           Views given out live until the next Begin, those into LabelSets as long as these.
// Threads:  one at a time. Cost: nothing is allocated for an entry like those before it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/arena.h"
#include "logql/label_names.h"
#include "record/labels.h"

namespace glp::logql {

enum class LabelCategory : uint8_t { kStream, kMetadata, kParsed };

class LabelsBuilder {
 public:
  using Id = LabelNames::Id;
  struct Item {
    std::string_view name, value;
    LabelCategory category;
    Id id;
    // What it hides: kParsed for nothing.
    LabelCategory hidden_category = LabelCategory::kParsed;
    std::string_view hidden;
  };

  LabelsBuilder();

  // The next entry. `meta` and `fields` (what was parsed before): raw JSON objects of strings, ""
  // where there is none; what is no such object counts as none. True: ids of names that were not
  // kept are void from now on.
  bool Begin(const LabelSet* stream, std::string_view meta, std::string_view fields);
  // Label sets seen so far are about to go.
  void ForgetStreams();

  LabelNames& names() { return names_; }
  // A copy that lives until the next Begin.
  std::string_view Keep(std::string_view text) {
    Open();
    return arena_.Copy(text);
  }

  std::optional<std::string_view> Get(Id id) {
    Open();
    if (id >= states_.size()) Grow();
    const State& state = states_[id];
    if (state.entry == entry_) {
      if (state.at < 0) return std::nullopt;
      return items_[static_cast<size_t>(state.at)].value;
    }
    if (state.stream == stream_epoch_) return stream_->labels[state.stream_at].value;
    return std::nullopt;
  }
  // The category of a label that is there, of one that hides another the other's: where a changed
  // value belongs.
  LabelCategory CategoryOf(Id id);
  bool Has(Id id) { return Get(id).has_value(); }

  // The name under which a parser sets what it found as `id`.
  Id Fresh(Id id) {
    Open();
    if (id >= states_.size()) Grow();
    const State& state = states_[id];
    const bool taken =
        state.stream == stream_epoch_ || (state.entry == entry_ && state.at >= 0 &&
                                          IsMetadata(items_[static_cast<size_t>(state.at)]));
    return taken ? names_.Extracted(id) : id;
  }
  // Whether a parser, or a stage's template, has set it.
  bool IsParsed(Id id) {
    Open();
    if (id >= states_.size()) Grow();
    const State& state = states_[id];
    return state.entry == entry_ && state.at >= 0 &&
           items_[static_cast<size_t>(state.at)].category == LabelCategory::kParsed;
  }
  // Replaces whatever has this name.
  void Set(LabelCategory category, Id id, std::string_view value);
  void Delete(Id id);

  bool has_error() {
    Open();
    return !error_.empty();
  }
  std::string_view error() {
    Open();
    return error_;
  }
  std::string_view error_details() {
    Open();
    return error_details_;
  }
  // Those that the entry came with, as long as they stand: what label filters see of them. Those of
  // an error of this pipeline they do not see, as in Loki.
  std::string_view old_details() {
    Open();
    return old_details_;
  }
  // `error` must stay; the details, one behind the other, are copied.
  void SetError(std::string_view error, std::string_view details, std::string_view more = {});
  void ClearError();
  void ClearErrorDetails();

  // All labels sorted by name, with __error__ and __error_details__ as parsed ones. Good until the
  // next change.
  const std::vector<Item>& Sorted();
  // The parts as they stand now. Stream: the set itself where no stage changed it, else one of
  // `table`. Meta and Fields: the raw text where nothing changed it, "" for nothing.
  // Bytes that JSON cannot hold become U+FFFD. Good until the next Begin.
  const LabelSet* Stream(LabelTable* table);
  std::string_view Meta();
  std::string_view Fields();

 private:
  static constexpr int32_t kGone = -1;
  struct State {
    uint32_t entry = 0;   // the entry that `at` is of
    int32_t at = kGone;   // in items_; kGone: deleted
    uint32_t stream = 0;  // the stream that `stream_at` is of
    uint32_t stream_at = 0;
  };
  struct Overlay {
    Id id;
    LabelCategory category;
    std::string_view value;
    LabelCategory hidden_category = LabelCategory::kParsed;
    std::string_view hidden;
  };
  // How labels with these ids, in this order, stand when they are sorted by name. Entries have them
  // in few orders, each of which is sorted once.
  struct Order {
    std::vector<Id> ids;
    std::vector<uint32_t> sorted;  // places in `ids`
    // As an object of strings: what stands in front of the n-th value is texts[ends[n - 1],
    // ends[n]).
    std::string texts;
    std::vector<uint32_t> ends;
  };
  static bool IsMetadata(const Overlay& item) {
    return item.category == LabelCategory::kMetadata ||
           item.hidden_category == LabelCategory::kMetadata;
  }

  void Open() {
    if (!is_open_) OpenEntry();
  }
  void OpenEntry();
  void OpenStream();
  // False where it is no object of strings; some of it may have been taken.
  bool ReadPlain(std::string_view raw, LabelCategory category);
  void ReadObject(std::string_view raw, LabelCategory category);
  void Take(LabelCategory category, std::string_view name, std::string_view value);
  // A field over what the stream or the metadata has.
  void Hide(Id id, std::string_view value);
  void Grow();
  void Add(LabelCategory category, Id id, std::string_view value);
  std::string_view Render(LabelCategory category);
  // Of wanted_; good until it is asked for the next one.
  const Order& OrderOfWanted();
  void MakeOrder(Order* order) const;
  void ForgetOrders();
  // What the parsers found, without an error: false where a value needs escapes.
  bool RenderParsed(std::string_view* out);

  LabelNames names_;
  Arena arena_;
  std::vector<State> states_;   // by Id
  std::vector<Overlay> items_;  // of this entry; id kNone: gone
  std::vector<Item> sorted_, unsorted_;
  std::vector<Id> wanted_;                      // whose order is asked for
  std::vector<uint32_t> wanted_at_;             // where they are in items_
  std::unordered_map<uint64_t, Order> orders_;  // by a hash of the ids
  size_t order_ids_ = 0;                        // in all of them
  const Order* last_order_ = nullptr;           // in orders_
  Order odd_order_;                             // of more labels than are kept
  const LabelSet* stream_ = nullptr;
  std::string_view meta_, fields_;
  bool is_open_ = false;
  bool stream_changed_ = false, meta_changed_ = false, fields_changed_ = false;
  uint32_t entry_ = 0, stream_epoch_ = 0;
  const LabelSet* open_stream_ = nullptr;      // whose labels the states know
  const std::vector<Id>* open_ids_ = nullptr;  // of its labels
  std::unordered_map<const LabelSet*, std::vector<Id>> stream_ids_;
  std::string_view error_, error_details_, old_details_;
  std::string scratch_;
};

}  // namespace glp::logql
