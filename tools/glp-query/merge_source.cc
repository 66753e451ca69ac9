#include "merge_source.h"

#include <algorithm>
#include <utility>

#include "logql/ast.h"
#include "set_translator.h"

namespace glp::query {
namespace {

// One source's cursor and how far its batch was given out.
struct Input {
  std::unique_ptr<logql::EntryCursor> cursor;
  SetTranslator* translator;
  std::vector<logql::Entry> batch;
  size_t at = 0;
  bool ended = false;

  const logql::Entry& head() const { return batch[at]; }
};

class MergeCursor : public logql::EntryCursor {
 public:
  MergeCursor(std::vector<Input> inputs, logql::Direction direction)
      : inputs_(std::move(inputs)), backward_(direction == logql::Direction::kBackward) {
    // Equal times are taken from the front input first.
    if (backward_) std::reverse(inputs_.begin(), inputs_.end());
  }

  Status Next(std::vector<logql::Entry>* batch) override {
    batch->clear();
    for (Input& input : inputs_) {
      if (input.ended || input.at < input.batch.size()) continue;
      GLP_RETURN_IF_ERROR(input.cursor->Next(&input.batch));
      input.at = 0;
      input.ended = input.batch.empty();
      for (logql::Entry& entry : input.batch) {
        entry.stream = input.translator->Translate(entry.stream);
      }
    }
    // Until one input has nothing left: its next batch would make views of this one go.
    while (Input* first = First()) {
      const Input* rival = Rival(first);
      do {
        batch->push_back(first->head());
        ++first->at;
      } while (first->at < first->batch.size() && (!rival || Before(*first, *rival)));
      if (first->at == first->batch.size()) break;
    }
    return Status::Ok();
  }

  const logql::ScanStats& stats() const override {
    stats_ = {};
    for (const Input& input : inputs_) {
      const logql::ScanStats& one = input.cursor->stats();
      stats_.entries += one.entries;
      stats_.line_bytes += one.line_bytes;
      stats_.blocks_read += one.blocks_read;
      stats_.blocks_skipped += one.blocks_skipped;
      stats_.warnings.insert(stats_.warnings.end(), one.warnings.begin(), one.warnings.end());
    }
    return stats_;
  }

 private:
  bool Before(const Input& a, const Input& b) const {
    if (a.head().ts_ns != b.head().ts_ns) {
      return backward_ ? a.head().ts_ns > b.head().ts_ns : a.head().ts_ns < b.head().ts_ns;
    }
    return &a < &b;
  }
  // The input whose head comes next, of all but `except`.
  Input* FirstBut(const Input* except) {
    Input* best = nullptr;
    for (Input& input : inputs_) {
      if (&input == except || input.at == input.batch.size()) continue;
      if (!best || Before(input, *best)) best = &input;
    }
    return best;
  }
  Input* First() { return FirstBut(nullptr); }
  const Input* Rival(const Input* first) { return FirstBut(first); }

  std::vector<Input> inputs_;
  bool backward_;
  mutable logql::ScanStats stats_;
};

class MergeSource : public logql::EntrySource {
 public:
  explicit MergeSource(std::vector<std::unique_ptr<logql::EntrySource>> sources)
      : sources_(std::move(sources)), translators_(sources_.size(), SetTranslator(&labels_)) {}

  Result<std::unique_ptr<logql::EntryCursor>> Scan(logql::ScanRequest request) override {
    std::vector<Input> inputs(sources_.size());
    for (size_t i = 0; i < sources_.size(); ++i) {
      GLP_ASSIGN_OR_RETURN(inputs[i].cursor, sources_[i]->Scan(request));
      inputs[i].translator = &translators_[i];
    }
    return std::unique_ptr<logql::EntryCursor>(
        std::make_unique<MergeCursor>(std::move(inputs), request.direction));
  }

  Result<std::vector<const LabelSet*>> Streams(const std::vector<logql::Matcher>& matchers,
                                               logql::TimeRange range) override {
    std::vector<const LabelSet*> all;
    for (size_t i = 0; i < sources_.size(); ++i) {
      GLP_ASSIGN_OR_RETURN(const std::vector<const LabelSet*> some,
                           sources_[i]->Streams(matchers, range));
      for (const LabelSet* set : some) all.push_back(translators_[i].Translate(set));
    }
    std::sort(all.begin(), all.end(),
              [](const LabelSet* a, const LabelSet* b) { return a->id < b->id; });
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }

 private:
  std::vector<std::unique_ptr<logql::EntrySource>> sources_;
  LabelTable labels_;
  std::vector<SetTranslator> translators_;
};

}  // namespace

std::unique_ptr<logql::EntrySource> MergeSources(
    std::vector<std::unique_ptr<logql::EntrySource>> sources) {
  if (sources.size() == 1) return std::move(sources.front());
  return std::make_unique<MergeSource>(std::move(sources));
}

}  // namespace glp::query
