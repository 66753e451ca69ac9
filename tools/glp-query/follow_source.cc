#include "follow_source.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <unordered_map>
#include <utility>

#include "base/time.h"
#include "io/stop.h"

namespace glp::query {
namespace {

class FdInput : public FollowInput {
 public:
  FdInput(int fd, EntryWants wants, cli::Context* context)
      : reader_(fd, std::move(wants), context) {}
  Result<io::ReadState> Read(int timeout_ms, std::vector<logql::Entry>* batch) override {
    return reader_.Read(timeout_ms, batch);
  }
  const std::optional<EntryReader::Span>& span() const override { return reader_.span(); }
  const std::vector<EntryReader::Edges>& dropped() const override { return reader_.dropped(); }
  const logql::ScanStats& stats() const override { return reader_.stats(); }
  int64_t NowNs() const override {
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  }
  int64_t WallNs() const override { return glp::NowNs(); }

 private:
  EntryReader reader_;
};

// The time to wait as poll takes it, not too early.
int Milliseconds(std::optional<int64_t> wait_ns) {
  constexpr int64_t kMostMs = 60'000;
  if (!wait_ns) return -1;
  return static_cast<int>(std::min(*wait_ns / 1'000'000 + 1, kMostMs));
}

}  // namespace

std::unique_ptr<FollowInput> MakeFollowInput(int fd, EntryWants wants, cli::Context* context) {
  return std::make_unique<FdInput>(fd, std::move(wants), context);
}

class FollowCursor : public logql::EntryCursor {
 public:
  FollowCursor(FollowSource* source, std::vector<logql::Matcher> matchers)
      : source_(source), matchers_(std::move(matchers)), at_(source->first_batch_) {
    source_->cursors_.push_back(&at_);
  }
  ~FollowCursor() override {
    std::erase(source_->cursors_, &at_);
    source_->Trim();
  }

  Status Next(std::vector<logql::Entry>* batch) override {
    batch->clear();
    if (given_) ++at_;
    given_ = false;
    source_->Trim();
    while (batch->empty()) {
      while (at_ == source_->first_batch_ + source_->batches_.size()) {
        if (source_->ended_) return Status::Ok();
        GLP_RETURN_IF_ERROR(source_->Pump());
      }
      const FollowSource::Batch& next = source_->batches_[at_ - source_->first_batch_];
      for (const OrderBuffer::Kept& kept : next.entries) {
        if (Wants(kept.stream)) batch->push_back(kept.entry());
      }
      if (next.time_ns != OrderBuffer::kNever) batch->push_back({next.time_ns, nullptr, {}, {}});
      given_ = !batch->empty();
      if (!given_) ++at_;
    }
    return Status::Ok();
  }
  const logql::ScanStats& stats() const override { return source_->input_->stats(); }

 private:
  bool Wants(const LabelSet* stream) {
    if (stream->id >= wanted_.size()) wanted_.resize(stream->id + 1, -1);
    int8_t& wanted = wanted_[stream->id];
    if (wanted < 0) wanted = logql::MatchesAll(matchers_, *stream) ? 1 : 0;
    return wanted > 0;
  }

  FollowSource* source_;
  const std::vector<logql::Matcher> matchers_;
  uint64_t at_;                 // the number of a batch
  bool given_ = false;          // it is what was given last
  std::vector<int8_t> wanted_;  // by id of a set: -1 not known yet
};

FollowSource::FollowSource(std::unique_ptr<FollowInput> input, Options options)
    : input_(std::move(input)),
      options_(std::move(options)),
      buffer_({.delay_ns = options_.delay_ns, .started_wall_ns = input_->WallNs()}) {}

Result<std::unique_ptr<logql::EntryCursor>> FollowSource::Scan(logql::ScanRequest request) {
  return std::unique_ptr<logql::EntryCursor>(
      std::make_unique<FollowCursor>(this, std::move(request.matchers)));
}

Result<std::optional<int64_t>> FollowSource::First() {
  // Entries that were given up to now are all that can be the first.
  while (!ended_ && !(first_ && buffer_.time_ns() >= *first_)) {
    if (buffer_.time_ns() >= options_.range.end_ns) return std::optional<int64_t>();
    GLP_RETURN_IF_ERROR(Pump());
  }
  return first_;
}

void FollowSource::Note(const std::vector<logql::Entry>& entries) {
  const auto note = [this](int64_t ts_ns) {
    if (!options_.range.Contains(ts_ns)) return;
    if (!first_ || ts_ns < *first_) first_ = ts_ns;
    if (!last_ || ts_ns > *last_) last_ = ts_ns;
  };
  for (const logql::Entry& entry : entries) note(entry.ts_ns);
  for (const EntryReader::Edges& edges : input_->dropped()) {
    if (edges.first) note(edges.first->ts_ns);
    if (edges.last) note(edges.last->ts_ns);
  }
}

bool FollowSource::IsWorthTelling(int64_t time_ns) const {
  if (first_ && told_ns_ < *first_ && time_ns >= *first_) return true;
  const std::optional<int64_t> end_ns = edges_.NextEnd(told_ns_);
  return end_ns && *end_ns < time_ns;
}

Status FollowSource::Pump() {
  for (;;) {
    Batch batch = {{}, OrderBuffer::kNever};
    buffer_.Take(input_->NowNs(), input_->WallNs(), &batch.entries);
    batch.time_ns = buffer_.time_ns();
    if (!batch.entries.empty() || IsWorthTelling(batch.time_ns)) {
      told_ns_ = batch.time_ns;
      batches_.push_back(std::move(batch));
      return Status::Ok();
    }
    if (options_.before_wait) GLP_RETURN_IF_ERROR(options_.before_wait());
    const int timeout_ms = Milliseconds(buffer_.Wait(input_->NowNs(), input_->WallNs()));
    GLP_ASSIGN_OR_RETURN(const io::ReadState state, input_->Read(timeout_ms, &read_));
    if (state == io::ReadState::kStopped) {
      if (!io::StopRequested()) return {Code::kClosed, "the reader of the output is gone"};
      return {Code::kCancelled, "stopped while reading records"};
    }
    if (state == io::ReadState::kEnd) {
      ended_ = true;
      buffer_.TakeAll(&batch.entries);
      batch.time_ns = OrderBuffer::kNever;
      if (!batch.entries.empty()) batches_.push_back(std::move(batch));
      return Status::Ok();
    }
    if (state != io::ReadState::kData || !input_->span()) continue;
    Note(read_);
    buffer_.Add(read_, input_->span()->oldest_ns, input_->span()->newest_ns, input_->NowNs(),
                input_->WallNs(), options_.late);
  }
}

void FollowSource::Trim() {
  if (cursors_.empty()) return;
  uint64_t slowest = std::numeric_limits<uint64_t>::max();
  for (const uint64_t* at : cursors_) slowest = std::min(slowest, *at);
  for (; first_batch_ < slowest; ++first_batch_) {
    buffer_.Release(batches_.front().entries);
    batches_.pop_front();
  }
}

}  // namespace glp::query
