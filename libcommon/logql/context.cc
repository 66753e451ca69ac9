#include "logql/context.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "logql/pipeline.h"
#include "logql/step_evaluator.h"

namespace glp::logql {
namespace {

// The last entries of a stream, copied; the oldest makes room for the next.
class HeldEntries {
 public:
  bool empty() const { return count_ == 0; }
  size_t count() const { return count_; }

  // False where `max_bytes` would be exceeded. `bytes` is what all streams hold.
  bool Add(const Entry& entry, size_t max_bytes, size_t* bytes) {
    const size_t size = entry.line.size() + entry.meta.size() + entry.fields.size() + kOverhead;
    if (*bytes + size > max_bytes) return false;
    *bytes += size;
    if (count_ == slots_.size()) {
      // Unrolled, so that the new slot stands behind the youngest.
      std::rotate(slots_.begin(), slots_.begin() + static_cast<ptrdiff_t>(first_), slots_.end());
      first_ = 0;
      slots_.emplace_back();
    }
    Slot& slot = slots_[(first_ + count_++) % slots_.size()];
    slot.ts_ns = entry.ts_ns;
    slot.line = entry.line.size();
    slot.meta = slot.line + entry.meta.size();
    slot.text.assign(entry.line).append(entry.meta).append(entry.fields);
    return true;
  }
  void DropOldest(size_t* bytes) {
    Slot& slot = slots_[first_];
    *bytes -= slot.text.size() + kOverhead;
    // One huge line must not keep its memory.
    if (slot.text.capacity() > kMaxKeptBytes) std::string().swap(slot.text);
    first_ = (first_ + 1) % slots_.size();
    --count_;
  }
  Entry Oldest(const LabelSet* stream) const {
    const Slot& slot = slots_[first_];
    const std::string_view text = slot.text;
    return {slot.ts_ns, stream, text.substr(0, slot.line),
            text.substr(slot.line, slot.meta - slot.line), text.substr(slot.meta)};
  }

 private:
  static constexpr size_t kOverhead = 64;
  static constexpr size_t kMaxKeptBytes = 4096;
  struct Slot {
    int64_t ts_ns = 0;
    std::string text;
    size_t line = 0, meta = 0;  // their ends in it
  };
  std::vector<Slot> slots_;  // a ring
  size_t first_ = 0, count_ = 0;
};

class ContextScan {
 public:
  using Sink = std::function<bool(const ContextEntry& entry)>;

  ContextScan(Pipeline* pipeline, const QueryParams& params, const ContextParams& context,
              const Sink& sink)
      : pipeline_(*pipeline),
        params_(params),
        sink_(sink),
        backward_(params.direction == Direction::kBackward),
        near_(backward_ ? context.after : context.before),
        far_(backward_ ? context.before : context.after),
        max_bytes_(context.max_held_bytes) {}

  // False: nothing more is wanted.
  bool Take(const Entry& stored) {
    Stream& stream = streams_[stored.stream];
    Entry entry = stored;
    const bool open = params_.limit == 0 || matches_ < params_.limit;
    if (open && pipeline_.Process(&entry)) {
      if (!GiveHeld(stored.stream, &stream)) return false;
      pipeline_.TakeLabels(&entry, &changed_);
      ++matches_;
      if (far_ > 0 && stream.far_left == 0) ++awaiting_;
      stream.far_left = far_;
      return Give(entry, ContextRole::kMatch, stored.stream, &stream) && More();
    }
    if (stream.far_left > 0) {
      if (--stream.far_left == 0) --awaiting_;
      const ContextRole role = backward_ ? ContextRole::kBefore : ContextRole::kAfter;
      return Give(stored, role, stored.stream, &stream) && More();
    }
    if (near_ == 0 || !open) {
      stream.gap = true;
    } else {
      Hold(stored, &stream);
    }
    return true;
  }

  uint64_t given_up() const { return given_up_; }

 private:
  struct Stream {
    HeldEntries held;
    uint64_t far_left = 0;
    bool gap = true;  // between what was given and what is held, or comes
  };

  bool More() const { return params_.limit == 0 || matches_ < params_.limit || awaiting_ > 0; }

  void Hold(const Entry& entry, Stream* stream) {
    HeldEntries& held = stream->held;
    if (held.count() == near_) {
      held.DropOldest(&held_bytes_);
      stream->gap = true;
    }
    if (held.Add(entry, max_bytes_, &held_bytes_)) return;
    // What was held is no neighbour of what comes.
    given_up_ += 1 + held.count();
    while (!held.empty()) held.DropOldest(&held_bytes_);
    stream->gap = true;
  }

  bool GiveHeld(const LabelSet* labels, Stream* stream) {
    for (; !stream->held.empty(); stream->held.DropOldest(&held_bytes_)) {
      const ContextRole role = backward_ ? ContextRole::kAfter : ContextRole::kBefore;
      if (!Give(stream->held.Oldest(labels), role, labels, stream)) return false;
    }
    return true;
  }

  bool Give(const Entry& entry, ContextRole role, const LabelSet* labels, Stream* stream) {
    const bool begins_group = std::exchange(stream->gap, false);
    return sink_({entry, role, labels, begins_group});
  }

  Pipeline& pipeline_;
  const QueryParams& params_;
  const Sink& sink_;
  const bool backward_;
  const uint64_t near_, far_;  // ahead of a match and behind it, in the order of the scan
  const size_t max_bytes_;
  LabelTable changed_;  // streams that the query made
  std::unordered_map<const LabelSet*, Stream> streams_;
  uint64_t matches_ = 0;
  uint64_t awaiting_ = 0;  // streams whose far side is not complete
  size_t held_bytes_ = 0;
  uint64_t given_up_ = 0;
};

Status Scan(EntryCursor* cursor, const QueryParams& params, const Pipeline& pipeline,
            ContextScan* scan) {
  std::vector<Entry> batch;
  for (;;) {
    if (params.cancelled && params.cancelled()) return CancelledError();
    GLP_RETURN_IF_ERROR(cursor->Next(&batch));
    if (batch.empty()) return Status::Ok();
    for (const Entry& entry : batch) {
      if (entry.stream != nullptr && !scan->Take(entry)) return pipeline.status();
    }
    GLP_RETURN_IF_ERROR(pipeline.status());
  }
}

}  // namespace

Status RunContextQuery(const LogExpr& query, EntrySource* source, const QueryParams& params,
                       const ContextParams& context,
                       const std::function<bool(const ContextEntry& entry)>& sink, ScanStats* stats,
                       uint64_t* given_up) {
  GLP_ASSIGN_OR_RETURN(Pipeline pipeline, Pipeline::Make(query));
  ScanRequest request;
  request.matchers = query.matchers;
  request.range = params.range;
  request.direction = params.direction;
  request.cancelled = params.cancelled;
  request.pool = params.pool;
  GLP_ASSIGN_OR_RETURN(const std::unique_ptr<EntryCursor> cursor, source->Scan(std::move(request)));
  ContextScan scan(&pipeline, params, context, sink);
  const Status status = Scan(cursor.get(), params, pipeline, &scan);
  AddStats(cursor->stats(), stats);
  if (given_up != nullptr) *given_up += scan.given_up();
  return status;
}

}  // namespace glp::logql
