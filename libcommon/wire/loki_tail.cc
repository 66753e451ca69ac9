#include "wire/loki_tail.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <span>
#include <unordered_set>
#include <utility>

#include "base/hash.h"
#include "base/json_text.h"
#include "base/time.h"
#include "logql/eval.h"
#include "logql/parser.h"
#include "logql/pipeline.h"
#include "store/drop_rules.h"
#include "wire/loki_params.h"
#include "wire/streams_body.h"

namespace glp::wire {
namespace {

constexpr size_t kFrameEntries = 100;
// What may wait for a client; where there are many, all of them together have a bound.
constexpr size_t kMaxWaitingBytes = 1 << 20, kLeastWaitingBytes = 32 << 10;
constexpr size_t kAllWaitingBytes = 64 << 20;
// A frame tells of so many dropped entries, as Loki's do; the rest comes in the next.
constexpr size_t kMaxDropped = 1000;
constexpr size_t kMaxDroppedBytes = 1 << 20;
constexpr size_t kMaxPendingBytes = 8 << 20;
constexpr size_t kMaxPastBytes = 8 << 20;
constexpr size_t kFrameBytes = 1 << 20;
// A push that the history shows already may still wait for the disk before it comes as a batch.
constexpr int64_t kPastNs = 30 * kNsPerSecond;
constexpr int kServerError = 1011;

uint64_t HashOf(const logql::Entry& entry) {
  uint64_t hash = Hash64(entry.stream->json, static_cast<uint64_t>(entry.ts_ns));
  hash = Hash64(entry.line, hash);
  return Hash64(entry.meta, hash);
}

// Which entries queries show now, and a tail with them: those that are kept still and that nobody
// asked to delete.
// Lifetime: label sets that were asked about must outlive it.
class Shown {
 public:
  Shown(const ApiContext& context, std::string_view tenant)
      : settings_(context.settings()),
        retention_(settings_->retention.Of(tenant)),
        hidden_(context.Hidden(tenant)),
        now_ns_(NowNs()),
        floor_ns_(FromNs(settings_->LimitsOf(tenant).max_query_lookback_ns)),
        sure_ns_(std::max(floor_ns_, FromNs(retention_.period_ns))) {
    for (const store::RetentionRule& rule : retention_.rules) {
      sure_ns_ = std::max(sure_ns_, FromNs(rule.period_ns));
    }
    if (hidden_ != nullptr) rules_.resize(hidden_->size());
  }

  bool Has(const logql::Entry& entry) {
    if (entry.ts_ns < sure_ns_ && entry.ts_ns < FromOf(entry.stream)) return false;
    for (size_t i = 0; i < rules_.size(); ++i) {
      const store::DeleteRequest& one = *(*hidden_)[i];
      if (!one.range.Contains(entry.ts_ns)) continue;
      if (rules_[i] == nullptr) {
        rules_[i] = store::DropMatching(one.matchers, one.filters, one.range)();
      }
      if (rules_[i]->Drops(*entry.stream, entry.ts_ns, entry.line, entry.meta)) return false;
    }
    return true;
  }

 private:
  int64_t FromNs(int64_t period_ns) const {
    return store::KeptFromNs(period_ns, now_ns_).value_or(std::numeric_limits<int64_t>::min());
  }
  int64_t FromOf(const LabelSet* stream) {
    if (stream != last_) {
      last_ = stream;
      last_from_ns_ = std::max(floor_ns_, FromNs(retention_.PeriodNs(*stream)));
    }
    return last_from_ns_;
  }

  const std::shared_ptr<const ApiSettings> settings_;
  const store::Retention& retention_;
  const std::shared_ptr<const store::HiddenRequests> hidden_;
  const int64_t now_ns_;
  const int64_t floor_ns_;  // of all streams
  int64_t sure_ns_;         // from then on no stream's retention has to be looked up
  std::vector<std::unique_ptr<store::DropRules>> rules_;  // of hidden_, those that were needed
  const LabelSet* last_ = nullptr;
  int64_t last_from_ns_ = 0;
};

}  // namespace

// One client. The lane's thread that opens it sends what was there already; the hub's thread sends
// what comes. `mutex_` parts the two: until the first is done, batches wait in pending_. It lives
// as long as the hub has it, which may be longer than the TailApi.
class TailApi::Session : public TailHub::Listener {
 public:
  Session(ApiContext* context, TailHub* hub, std::string tenant, logql::LogExpr query,
          logql::Pipeline pipeline, TailParams params, StreamsOptions::Shape shape,
          int64_t max_duration_ns)
      : Listener(std::move(tenant), query.matchers),
        context_(*context),
        hub_(*hub),
        query_(std::move(query)),
        pipeline_(std::move(pipeline)),
        params_(std::move(params)),
        shape_(shape),
        end_ns_(max_duration_ns > 0 ? SteadyNs() + max_duration_ns : INT64_MAX) {}

  // REQUIRES: it listens already
  void Open(std::shared_ptr<Socket> socket,
            const Result<std::shared_ptr<logql::EntrySource>>& source) {
    socket_ = std::move(socket);
    const Status status = source.ok() ? SendPast(source->get()) : source.status();
    std::lock_guard lock(mutex_);
    if (!status.ok()) return Fail(status.message());
    is_open_ = true;
    for (const auto& batch : std::exchange(pending_, {})) Handle(batch);
    pending_bytes_ = 0;
    forget_past_ns_ = SteadyNs() + kPastNs;
  }

  void Take(const std::shared_ptr<const TailHub::Batch>& batch) override {
    // What is of others is not kept.
    if (batch->lost == 0 && !MatchesOneOf(*batch)) return;
    std::lock_guard lock(mutex_);
    if (failed_) return;
    if (is_open_) return Handle(batch);
    pending_bytes_ += batch->text.size();
    if (pending_bytes_ > kMaxPendingBytes) {
      pending_bytes_ -= batch->text.size();
      for (const Kept& one : Passing({batch})) AddDropped(one.ts_ns, one.stream->json);
      return;
    }
    pending_.push_back(batch);
  }

  void Tick(int64_t now_ns) override {
    std::lock_guard lock(mutex_);
    if (!is_open_ && !failed_) return;
    if (failed_ || socket_->closed()) return hub_.Remove(this);
    if (now_ns > end_ns_) return Fail("reached tail max duration limit");
    if (now_ns > forget_past_ns_ && held_.empty()) std::unordered_set<uint64_t>().swap(past_);
    Release(now_ns);
    while (!dropped_.empty() && socket_->waiting_bytes() <= MostWaiting()) Send({});
  }

 private:
  bool MatchesOneOf(const TailHub::Batch& batch) const {
    const LabelSet* last = nullptr;
    return std::any_of(batch.entries.begin(), batch.entries.end(), [&](const logql::Entry& entry) {
      return entry.stream != std::exchange(last, entry.stream) && Matches(*entry.stream);
    });
  }

  // Of the time before: the last `limit` entries, of kMaxPastBytes at most, the oldest first.
  Status SendPast(logql::EntrySource* source) {
    logql::QueryParams run;
    run.range.start_ns = params_.start_ns;
    run.range.end_ns = std::numeric_limits<int64_t>::max();
    run.direction = logql::Direction::kBackward;
    run.limit = params_.limit;
    run.cancelled = [this] { return socket_->closed(); };
    run.pool = &context_.query_pool();
    logql::ScanStats stats;
    std::vector<Kept> kept;
    LabelTable labels;  // those that the query made go with it
    size_t bytes = 0;
    const Status status = logql::RunLogQuery(
        query_, source, run,
        [&](const logql::Entry& entry) {
          bytes += entry.line.size() + entry.meta.size() + entry.fields.size();
          if (bytes > kMaxPastBytes) return false;
          kept.emplace_back(entry);
          past_.insert(HashOf(entry));
          kept.back().stream = labels.FromLabels(entry.stream->labels);
          return true;
        },
        &stats);
    context_.CountScan(stats);
    GLP_RETURN_IF_ERROR(status);
    if (kept.empty()) return Status::Ok();
    std::vector<logql::Entry> entries;
    for (auto at = kept.rbegin(); at != kept.rend(); ++at) entries.push_back(at->entry());
    std::lock_guard lock(mutex_);
    Send(entries, 2 * kMaxPastBytes);
    return Status::Ok();
  }

  // An entry with its text. Its stream is of a table or of a batch that lives on.
  struct Kept {
    explicit Kept(const logql::Entry& e)
        : ts_ns(e.ts_ns), stream(e.stream), line(e.line), meta(e.meta), fields(e.fields) {}
    logql::Entry entry() const { return {ts_ns, stream, line, meta, fields}; }
    int64_t ts_ns;
    const LabelSet* stream;
    std::string line, meta, fields;
  };

  void Handle(const std::shared_ptr<const TailHub::Batch>& batch) {
    if (batch->lost > 0) AddDropped(NowNs(), "{}");  // of streams that nobody knows any more
    if (params_.delay_ns > 0) {
      held_.push_back(batch);
      held_bytes_ += batch->text.size();
      // Better before its time than lost.
      while (held_bytes_ > kMaxPendingBytes) SendOf({TakeHeld()});
      return;
    }
    SendOf({batch});
  }

  std::shared_ptr<const TailHub::Batch> TakeHeld() {
    std::shared_ptr<const TailHub::Batch> batch = std::move(held_.front());
    held_.pop_front();
    held_bytes_ -= batch->text.size();
    return batch;
  }

  // What was held for delay_for.
  void Release(int64_t now_ns) {
    std::vector<std::shared_ptr<const TailHub::Batch>> due;
    while (!held_.empty() && held_.front()->arrived_ns + params_.delay_ns <= now_ns) {
      due.push_back(TakeHeld());
    }
    if (!due.empty()) SendOf(due);
  }

  // Those entries of the batches that pass the query and that queries show, in the order of their
  // times. Their label sets live until the next call.
  std::vector<Kept> Passing(const std::vector<std::shared_ptr<const TailHub::Batch>>& batches) {
    Shown shown(context_, tenant());
    std::vector<const logql::Entry*> chosen;
    for (const auto& batch : batches) {
      const LabelSet* last = nullptr;
      bool matches = false;
      for (const logql::Entry& entry : batch->entries) {
        if (entry.stream != last) {
          last = entry.stream;
          matches = Matches(*last);
        }
        if (matches && shown.Has(entry)) chosen.push_back(&entry);
      }
    }
    std::stable_sort(chosen.begin(), chosen.end(),
                     [](const auto* a, const auto* b) { return a->ts_ns < b->ts_ns; });
    // Label sets of the last batches are gone.
    pipeline_.ForgetStreams();
    made_.Clear();
    std::vector<Kept> passed;
    for (const logql::Entry* entry : chosen) {
      logql::Entry made = *entry;
      if (!pipeline_.Process(&made)) continue;
      pipeline_.TakeLabels(&made, &made_);
      if (is_open_ && !past_.empty() && past_.contains(HashOf(made))) continue;
      passed.emplace_back(made);
    }
    return passed;
  }

  void SendOf(const std::vector<std::shared_ptr<const TailHub::Batch>>& batches) {
    const std::vector<Kept> passed = Passing(batches);
    if (const Status status = pipeline_.status(); !status.ok()) return Fail(status.message());
    if (passed.empty()) return;
    std::vector<logql::Entry> entries;
    for (const Kept& one : passed) entries.push_back(one.entry());
    Send(entries);
  }

  size_t MostWaiting() const {
    return std::clamp(kAllWaitingBytes / std::max<size_t>(hub_.listeners(), 1), kLeastWaitingBytes,
                      kMaxWaitingBytes);
  }

  void Send(const std::vector<logql::Entry>& entries) { Send(entries, MostWaiting()); }
  void Send(const std::vector<logql::Entry>& entries, size_t most_bytes) {
    size_t at = 0;
    do {
      size_t end = at;
      for (size_t bytes = 0;
           end < entries.size() && end < at + kFrameEntries && bytes < kFrameBytes; ++end) {
        bytes += entries[end].line.size();
      }
      if (socket_->waiting_bytes() > most_bytes) {
        for (; at < end; ++at) AddDropped(entries[at].ts_ns, entries[at].stream->json);
        continue;
      }
      std::string frame = R"({"streams":)" + StreamsOf({entries.data() + at, end - at});
      at = end;
      AppendDropped(&frame);
      socket_->Send(std::move(frame += '}'));
    } while (at < entries.size());
  }

  std::string StreamsOf(std::span<const logql::Entry> entries) const {
    StreamsOptions options;
    options.shape = shape_;
    options.only_streams = true;
    StreamsBody body(options);
    for (const logql::Entry& entry : entries) {
      if (!body.Add(entry).ok()) break;  // over its limit: not of a hundred entries
    }
    body.End({}, 0);
    std::string text;
    for (std::string piece;;) {
      const Result<bool> more = body.Next(&piece);
      if (!more.ok() || !*more) return text;
      text += piece;
    }
  }

  // Those beyond kMaxDroppedBytes are told as one, of no stream.
  void AddDropped(int64_t ts_ns, const std::string& labels) {
    constexpr size_t kNodeBytes = 128;
    if (dropped_bytes_ > kMaxDroppedBytes) {
      if (dropped_more_ns_ == 0) dropped_more_ns_ = ts_ns;
      return;
    }
    const auto [set, is_new] = dropped_labels_.insert(labels);
    dropped_bytes_ += sizeof(Dropped) + (is_new ? labels.size() + kNodeBytes : 0);
    dropped_.push_back({ts_ns, &*set});
  }

  void AppendDropped(std::string* frame) {
    if (dropped_.empty()) return;
    *frame += R"(,"dropped_entries":[)";
    const size_t count = std::min(dropped_.size(), kMaxDropped);
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) *frame += ',';
      *frame += R"({"timestamp":")" + std::to_string(dropped_[i].ts_ns) + R"(","labels":)";
      *frame += *dropped_[i].labels + '}';
    }
    *frame += ']';
    dropped_.erase(dropped_.begin(), dropped_.begin() + static_cast<ptrdiff_t>(count));
    if (!dropped_.empty()) return;
    dropped_labels_.clear();
    dropped_bytes_ = 0;
    if (dropped_more_ns_ != 0) AddDropped(std::exchange(dropped_more_ns_, 0), "{}");
  }

  void Fail(const std::string& why) {
    failed_ = true;
    socket_->Close(kServerError, std::string_view(why).substr(0, 123));
  }

  ApiContext& context_;
  TailHub& hub_;
  const logql::LogExpr query_;
  std::mutex mutex_;
  logql::Pipeline pipeline_;
  LabelTable made_;  // by the pipeline
  const TailParams params_;
  const StreamsOptions::Shape shape_;
  const int64_t end_ns_;
  std::shared_ptr<Socket> socket_;
  bool is_open_ = false, failed_ = false;
  std::deque<std::shared_ptr<const TailHub::Batch>> pending_, held_;
  size_t pending_bytes_ = 0, held_bytes_ = 0;
  std::unordered_set<uint64_t> past_;  // what was sent of the history, until forget_past_ns_
  int64_t forget_past_ns_ = INT64_MAX;
  // Not told yet.
  struct Dropped {
    int64_t ts_ns;
    const std::string* labels;  // in dropped_labels_, as JSON
  };
  std::deque<Dropped> dropped_;
  std::unordered_set<std::string> dropped_labels_;
  size_t dropped_bytes_ = 0;
  int64_t dropped_more_ns_ = 0;
};

void TailApi::AddRoutes(Router* router) {
  context_.Add(router, "GET", "/loki/api/v1/tail", Lane::kQuery,
               [this](const Call& call) { return Tail(call); });
}

Response TailApi::Tail(const Call& call) {
  const Result<TailParams> params = ParseTailParams(call.request, NowNs());
  if (!params.ok()) return ApiContext::Error(params.status());
  Result<logql::LogExpr> query = logql::ParseLogQuery(params->query);
  if (!query.ok()) return ApiContext::Error(query.status());
  Result<logql::Pipeline> pipeline = logql::Pipeline::Make(*query);
  if (!pipeline.ok()) return ApiContext::Error(pipeline.status());
  if (!call.request.wants_websocket) {
    return TextResponse(400, "tail is a WebSocket: the request does not ask for one\n");
  }
  auto session = std::make_shared<Session>(
      &context_, &hub_, call.tenant, *std::move(query), *std::move(pipeline), *params,
      WantsCategories(call.request) ? StreamsOptions::Shape::kCategorized
                                    : StreamsOptions::Shape::kMerged,
      call.settings->tail_max_duration_ns);
  Response response{101};
  response.opened = [&context = context_, &hub = hub_, session, settings = call.settings,
                     most =
                         call.limits.max_concurrent_tail_requests](std::shared_ptr<Socket> socket) {
    // In this order, so that nothing falls in between: what comes twice is found.
    const size_t count = hub.Add(session, most);
    if (most > 0 && count > most) {
      socket->Close(kServerError,
                    fmt::format("max concurrent tail requests limit exceeded, count > "
                                "limit ({} > {})",
                                count, most));
      return;
    }
    Result<std::shared_ptr<logql::EntrySource>> source =
        context.Source(*settings, session->tenant());
    session->Open(std::move(socket), source);
  };
  return response;
}

}  // namespace glp::wire
