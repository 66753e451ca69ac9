#include "merge_source.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/arena.h"
#include "logql/ast.h"
#include "logql/step_evaluator.h"
#include "set_translator.h"
#include "twins.h"

namespace glp::query {
namespace {

// One source's cursor and how far its batch was given out.
struct Input {
  logql::EntrySource* source;
  SetTranslator* translator;
  std::unique_ptr<logql::EntryCursor> cursor = nullptr;
  std::vector<logql::Entry> batch = {};
  size_t at = 0;
  bool ended = false;
  Arena fields = {};  // of the batch, where no lines are wanted

  bool has_head() const { return at < batch.size(); }
  const logql::Entry& head() const { return batch[at]; }
};

class MergeCursor : public logql::EntryCursor {
 public:
  MergeCursor(std::vector<Input> inputs, logql::ScanRequest request)
      : inputs_(std::move(inputs)),
        request_(std::move(request)),
        backward_(request_.direction == logql::Direction::kBackward) {
    // Equal times are taken from the front input first.
    if (backward_) std::reverse(inputs_.begin(), inputs_.end());
  }

  Status Open() {
    for (Input& input : inputs_) {
      if (input.cursor != nullptr) logql::AddStats(input.cursor->stats(), &closed_);
      GLP_ASSIGN_OR_RETURN(input.cursor, input.source->Scan(request_));
      input.batch.clear();
      input.at = 0;
      input.ended = false;
    }
    return Status::Ok();
  }

  Status Next(std::vector<logql::Entry>* batch) override {
    batch->clear();
    twins_.Leave();
    do {
      GLP_RETURN_IF_ERROR(Fill());
      if (First() == nullptr) return Status::Ok();
      GLP_RETURN_IF_ERROR(Give(batch));
    } while (batch->empty());
    return Status::Ok();
  }

  const logql::ScanStats& stats() const override {
    stats_ = closed_;
    for (const Input& input : inputs_) logql::AddStats(input.cursor->stats(), &stats_);
    return stats_;
  }

 private:
  // Every input has a head or has ended.
  Status Fill() {
    for (Input& input : inputs_) {
      if (input.ended || input.has_head()) continue;
      twins_.Own();
      input.batch.clear();
      input.fields.Reset();
      input.at = 0;
      GLP_RETURN_IF_ERROR(ReadMore(&input));
    }
    return Status::Ok();
  }

  // Appends to what is there. REQUIRES: nothing is there, or no lines are wanted.
  Status ReadMore(Input* input) {
    std::vector<logql::Entry>& more = input->batch.empty() ? input->batch : more_;
    GLP_RETURN_IF_ERROR(input->cursor->Next(&more));
    input->ended = more.empty();
    for (logql::Entry& entry : more) {
      entry.stream = input->translator->Translate(entry.stream);
      if (request_.want_lines) continue;
      const std::string_view fields =
          entry.fields.empty() ? std::string_view() : input->fields.Copy(entry.fields);
      entry = {entry.ts_ns, entry.stream, {}, {}, fields};
    }
    if (&more == &more_) input->batch.insert(input->batch.end(), more_.begin(), more_.end());
    return Status::Ok();
  }

  // Until one input has nothing left: its next batch would make views of this one go.
  Status Give(std::vector<logql::Entry>* batch) {
    for (;;) {
      Input* first = First();
      const Input* rival = FirstBut(first);
      while (first->has_head() && (rival == nullptr || IsEarlier(first->head(), rival->head()))) {
        GiveHead(first, first->head().ts_ns == twins_ns_ && !twins_.empty(), batch);
      }
      if (!first->has_head()) return Status::Ok();
      const int64_t ts_ns = rival->head().ts_ns;
      if (first->head().ts_ns != ts_ns || rival < first) continue;  // not the first any more
      if (!request_.want_lines) {
        GLP_ASSIGN_OR_RETURN(const bool may_have_twins, MayHaveTwins(ts_ns));
        if (may_have_twins) {
          if (!batch->empty()) return Status::Ok();
          return GoOnWithLines(ts_ns);
        }
      }
      while (first->has_head() && first->head().ts_ns == ts_ns) {
        GiveHead(first, request_.want_lines, batch);
      }
      if (!first->has_head()) return Status::Ok();
    }
  }

  void GiveHead(Input* input, bool may_have_twins, std::vector<logql::Entry>* batch) {
    const logql::Entry& entry = input->batch[input->at++];
    if (may_have_twins) {
      if (entry.ts_ns != twins_ns_) twins_.Clear();
      twins_ns_ = entry.ts_ns;
      twins_.Give(entry, static_cast<size_t>(input - inputs_.data()), batch);
    } else {
      batch->push_back(entry);
    }
  }

  // Whether two inputs have entries of the same stream at this time.
  Result<bool> MayHaveTwins(int64_t ts_ns) {
    streams_.clear();
    for (Input& input : inputs_) {
      while (input.has_head() && input.batch.back().ts_ns == ts_ns && !input.ended) {
        GLP_RETURN_IF_ERROR(ReadMore(&input));
      }
      for (size_t at = input.at; at < input.batch.size() && input.batch[at].ts_ns == ts_ns; ++at) {
        streams_.push_back({input.batch[at].stream, &input});
      }
    }
    std::sort(streams_.begin(), streams_.end());
    return std::adjacent_find(streams_.begin(), streams_.end(), [](const auto& a, const auto& b) {
             return a.first == b.first && a.second != b.second;
           }) != streams_.end();
  }

  Status GoOnWithLines(int64_t ts_ns) {
    request_.want_lines = true;
    if (!backward_) {
      request_.range.start_ns = ts_ns;
    } else if (ts_ns < std::numeric_limits<int64_t>::max()) {
      request_.range.end_ns = ts_ns + 1;
    }
    return Open();
  }

  bool IsEarlier(const logql::Entry& a, const logql::Entry& b) const {
    return backward_ ? a.ts_ns > b.ts_ns : a.ts_ns < b.ts_ns;
  }
  // The input whose head comes next, of all but `except`.
  Input* FirstBut(const Input* except) {
    Input* best = nullptr;
    for (Input& input : inputs_) {
      if (&input == except || !input.has_head()) continue;
      if (best == nullptr || IsEarlier(input.head(), best->head())) best = &input;
    }
    return best;
  }
  Input* First() { return FirstBut(nullptr); }

  std::vector<Input> inputs_;
  logql::ScanRequest request_;
  const bool backward_;
  Twins twins_;
  int64_t twins_ns_ = 0;  // what twins_ are of
  std::vector<std::pair<const LabelSet*, const Input*>> streams_;
  std::vector<logql::Entry> more_;
  logql::ScanStats closed_;  // of cursors that are gone
  mutable logql::ScanStats stats_;
};

class MergeSource : public logql::EntrySource {
 public:
  explicit MergeSource(std::vector<std::unique_ptr<logql::EntrySource>> sources)
      : sources_(std::move(sources)), translators_(sources_.size(), SetTranslator(&labels_)) {}

  Result<std::unique_ptr<logql::EntryCursor>> Scan(logql::ScanRequest request) override {
    request.bucket_width_ns = 0;  // they are merged by their times
    std::vector<Input> inputs;
    for (size_t i = 0; i < sources_.size(); ++i) {
      inputs.push_back({sources_[i].get(), &translators_[i]});
    }
    auto cursor = std::make_unique<MergeCursor>(std::move(inputs), std::move(request));
    GLP_RETURN_IF_ERROR(cursor->Open());
    return std::unique_ptr<logql::EntryCursor>(std::move(cursor));
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
