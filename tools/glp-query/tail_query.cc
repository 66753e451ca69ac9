// -f on a server: its lines as they come, through the WebSocket of /tail, or by asking again and
// again where there is none. A connection that is lost is made anew, and what came meanwhile is
// asked for by time; the last seconds before are asked for again, as entries are late now and then,
// and what was printed already is known by SeenEntries.
#include <algorithm>
#include <limits>
#include <utility>

#include "base/time.h"
#include "io/stop.h"
#include "run.h"
#include "seen_entries.h"
#include "wire/loki_pages.h"
#include "wire/retry.h"

namespace glp::query {
namespace {

// How late an entry may be and still be found after a hole.
constexpr int64_t kOverlapNs = 10 * kNsPerSecond;
// Clocks differ, and servers take entries that are up to ten minutes ahead.
constexpr int64_t kAheadNs = 600 * kNsPerSecond;
constexpr int64_t kQuickNs = 250 * kNsPerMs;
constexpr int64_t kFirstWaitNs = kNsPerSecond, kLongestWaitNs = 10 * kNsPerSecond;
constexpr int kPollMs = 1000;
constexpr int kReceiveMs = 3'600'000;

class ServerTail {
 public:
  ServerTail(Job& job, std::string query, std::unique_ptr<wire::LokiClient> client)
      : job_(job),
        query_(std::move(query)),
        client_(std::move(client)),
        printer_(MakeEntryPrinter(job.look, &job.out)),
        delay_ns_(std::max<int64_t>(job.options.delay_for.ns, 0)) {}

  // True where something was printed. Ends with an error, or when it is stopped.
  Result<bool> Run();

 private:
  // What is there already, as far as it was asked for.
  Status PrintHistory();
  // Everything from the last seconds on that was not printed.
  Status CatchUp();
  // Opens the WebSocket; false where the server has none.
  Result<bool> Open(std::unique_ptr<wire::WsClient>* socket);
  // Until the connection is lost.
  Status Listen(wire::WsClient* socket);
  Status Poll();
  // One connection, from its opening on.
  Status Session();
  // Waits before the next try.
  Status Wait(const Status& lost);
  void Back();

  void Print(const wire::LokiEntry& entry);
  Status EndOfBatch();
  void TellDropped(const std::vector<wire::TailMessage::Dropped>& dropped);
  bool MayComeBack(const Status& status) const;
  int64_t CatchUpFrom() const {
    return std::max({from_ns_, last_ns_ - kOverlapNs, seen_.floor_ns()});
  }

  Job& job_;
  const std::string query_;
  std::unique_ptr<wire::LokiClient> client_;
  std::unique_ptr<EntryPrinter> printer_;
  const int64_t delay_ns_;
  SeenEntries seen_;
  int64_t from_ns_ = 0;       // nothing older is asked for
  int64_t last_ns_ = 0;       // the newest time that was printed, not ahead of the clock
  int64_t caught_up_ns_ = 0;  // when all was there, by the steady clock
  bool printed_ = false;
  bool was_open_ = false;  // once
  bool polls_ = false;
  int64_t back_ns_ = 0;  // when it was opened, by the steady clock
  int64_t lost_ns_ = 0;  // when, by the same; 0: it is not
  wire::Backoff backoff_{kFirstWaitNs, kLongestWaitNs, static_cast<uint32_t>(SteadyNs())};
};

void ServerTail::Print(const wire::LokiEntry& entry) {
  if (!seen_.Add(entry)) return;
  printer_->Print(entry);
  printed_ = true;
  last_ns_ = std::max(last_ns_, std::min(entry.ts_ns, NowNs()));
  seen_.Forget(last_ns_ - 2 * kOverlapNs);
}

Status ServerTail::EndOfBatch() {
  if (client_->ForgetManyLabels()) printer_->ForgetStreams();
  return job_.out.Flush();
}

Status ServerTail::PrintHistory() {
  const int64_t now_ns = NowNs();
  const Options& options = job_.options;
  const bool has_range = !options.time.since.empty() || !options.time.from.empty();
  from_ns_ = last_ns_ = has_range ? *job_.times.start_ns : now_ns;
  if (options.limit == 0) return Status::Ok();  // CatchUp prints it
  wire::PagesRequest request;
  request.query = query_;
  request.range = {*job_.times.start_ns, now_ns + kAheadNs};
  request.direction = logql::Direction::kBackward;
  request.limit = options.limit;
  if (options.batch > 0) request.page_entries = options.batch;
  wire::LokiPages pages(client_.get(), request);
  std::vector<wire::LokiAnswer> answers;  // the newest first
  for (;;) {
    GLP_ASSIGN_OR_RETURN(wire::LokiAnswer page, pages.Next());
    TellServerWarnings(job_, page.warnings);
    if (page.entries.empty()) break;
    answers.push_back(std::move(page));
  }
  for (auto page = answers.rbegin(); page != answers.rend(); ++page) {
    for (auto entry = page->entries.rbegin(); entry != page->entries.rend(); ++entry) Print(*entry);
  }
  // What the limit left out is not asked for again.
  from_ns_ = answers.empty() ? now_ns : answers.front().entries.front().ts_ns;
  last_ns_ = std::max(last_ns_, std::min(from_ns_, now_ns));
  return EndOfBatch();
}

Status ServerTail::CatchUp() {
  const int64_t began_ns = SteadyNs();
  wire::PagesRequest request;
  request.query = query_;
  request.range = {CatchUpFrom(), NowNs() + kAheadNs};
  request.direction = logql::Direction::kForward;
  if (job_.options.batch > 0) request.page_entries = job_.options.batch;
  // Where lines are only to be seen when they are so old, those that come later come in their turn.
  if (polls_) request.range.end_ns = NowNs() - delay_ns_;
  if (request.range.end_ns <= request.range.start_ns) return Status::Ok();
  wire::LokiPages pages(client_.get(), request);
  for (;;) {
    const Result<wire::LokiAnswer> page = pages.Next();
    if (!page.ok()) {
      if (page.status().code() != Code::kLimit) return page.status();
      job_.context.Incomplete("limits of the server", page.status().message());
      break;
    }
    TellServerWarnings(job_, page->warnings);
    if (page->type != wire::LokiAnswer::Type::kStreams) {
      return UsageError("-f on a server follows lines, and this query gives numbers");
    }
    if (page->entries.empty()) break;
    for (const wire::LokiEntry& entry : page->entries) Print(entry);
    GLP_RETURN_IF_ERROR(EndOfBatch());
  }
  caught_up_ns_ = began_ns;
  return Status::Ok();
}

void ServerTail::TellDropped(const std::vector<wire::TailMessage::Dropped>& dropped) {
  if (dropped.empty()) return;
  int64_t first_ns = dropped.front().ts_ns;
  for (const auto& one : dropped) first_ns = std::min(first_ns, one.ts_ns);
  job_.context.Incomplete("dropped entries", client_->url() + " left out " +
                                                 std::to_string(dropped.size()) + " entries from " +
                                                 job_.look.Time(first_ns) + " on, one of them of " +
                                                 LabelsToSelector(dropped.front().labels) +
                                                 ": they came faster than they were read");
}

Result<bool> ServerTail::Open(std::unique_ptr<wire::WsClient>* socket) {
  wire::ClientResponse refusal;
  auto opened = client_->OpenTail(query_, CatchUpFrom(), delay_ns_, &refusal);
  if (opened.ok()) {
    *socket = *std::move(opened);
    return true;
  }
  if (opened.status().code() != Code::kRefused) return opened.status();
  const int status = refusal.status;
  if (status == 404 || status == 405 || status == 426 || status == 501 || status < 400) {
    return false;
  }
  if (status == 429 || status >= 500) return Status(Code::kIo, opened.status().message());
  return opened.status();
}

Status ServerTail::Listen(wire::WsClient* socket) {
  for (;;) {
    GLP_ASSIGN_OR_RETURN(std::optional<std::string> text, socket->Receive(kReceiveMs));
    if (!text) continue;
    GLP_ASSIGN_OR_RETURN(const wire::TailMessage message, client_->ReadTail(*std::move(text)));
    for (const wire::LokiEntry& entry : message.entries) Print(entry);
    TellDropped(message.dropped);
    GLP_RETURN_IF_ERROR(EndOfBatch());
  }
}

Status ServerTail::Poll() {
  for (;;) {
    if (io::WaitReadable(-1, kPollMs) == io::WaitState::kStopped) {
      return {Code::kCancelled, "stopped"};
    }
    GLP_RETURN_IF_ERROR(CatchUp());
  }
}

Status ServerTail::Session() {
  // First what is far behind, so that the server need not hold much of what is new.
  if (caught_up_ns_ == 0 || SteadyNs() - caught_up_ns_ > kNsPerSecond) {
    GLP_RETURN_IF_ERROR(CatchUp());
  }
  std::unique_ptr<wire::WsClient> socket;
  GLP_ASSIGN_OR_RETURN(const bool has_tail, Open(&socket));
  if (!has_tail && !polls_ && !job_.options.quiet) {
    job_.context.Say(client_->url() + " has no tail; it is asked for new lines every second");
  }
  polls_ = !has_tail;
  // What came between the two.
  GLP_RETURN_IF_ERROR(CatchUp());
  Back();
  return polls_ ? Poll() : Listen(socket.get());
}

void ServerTail::Back() {
  was_open_ = true;
  back_ns_ = SteadyNs();
  if (lost_ns_ == 0) return;
  if (!job_.options.quiet) {
    job_.context.Say(client_->url() + " is back, and nothing is missing");
  }
  lost_ns_ = 0;
}

bool ServerTail::MayComeBack(const Status& status) const {
  return status.code() == Code::kIo || status.code() == Code::kGaveUp;
}

Status ServerTail::Wait(const Status& lost) {
  const bool is_first = lost_ns_ == 0;
  if (is_first) {
    lost_ns_ = SteadyNs();
    if (!job_.options.quiet) job_.context.Say(lost.message() + "; trying again");
  }
  // A server that closes every connection at once is not asked more often than one that is away.
  const bool is_quick = is_first && SteadyNs() - back_ns_ >= kLongestWaitNs;
  if (is_quick) backoff_.Reset();
  const int64_t wait_ns = is_quick ? kQuickNs : backoff_.NextNs();
  if (io::WaitReadable(-1, static_cast<int>(wait_ns / kNsPerMs)) == io::WaitState::kStopped) {
    return {Code::kCancelled, "stopped"};
  }
  return Status::Ok();
}

Result<bool> ServerTail::Run() {
  Status status = PrintHistory();
  while (status.ok()) {
    status = Session();
    // A server that is not there at the start was named wrongly, more often than not.
    if (was_open_ && MayComeBack(status)) status = Wait(status);
  }
  if (status.code() == Code::kIo && !was_open_) return Status(Code::kGaveUp, status.message());
  if (status.code() != Code::kCancelled) return status;
  if (!io::StopRequested()) return Status(Code::kClosed, "the reader of the output is gone");
  if (!was_open_) return status;
  if (lost_ns_ != 0) {
    job_.context.Incomplete("holes", "stopped while " + client_->url() +
                                         " was away: what came after " + job_.look.Time(last_ns_) +
                                         " may be missing");
  }
  return printed_;
}

}  // namespace

Status CheckServerTail(const Job& job) {
  const Options& options = job.options;
  const std::string& format = job.look.format;
  const Result<logql::Expr> expr = logql::Parse(job.options.words.front());
  if (expr.ok() && !std::holds_alternative<logql::LogExpr>(*expr)) {
    return UsageError(
        "-f on a server follows lines, and this query gives numbers; ask again and "
        "again instead: --at now");
  }
  if (job.times.at_ns) return UsageError("--at is one instant; it does not go with -f");
  if (!options.time.to.empty()) return UsageError("--to is an end; -f has none");
  if (!options.time.step.empty()) return UsageError("--step is for numbers; -f follows lines");
  if (options.forward) return UsageError("--forward is what -f does anyway; leave it out");
  if (WantsContext(options)) {
    return UsageError("-A, -B and -C show lines that are there already; they do not go with -f");
  }
  if (options.hist || options.plot) {
    return UsageError("a chart shows all there is; it does not go with -f");
  }
  if (format != "default" && format != "raw" && format != "jsonl") {
    return UsageError("-o " + format +
                      " is printed as a whole, and -f has no end; use -o default, raw or jsonl");
  }
  if (options.delay_for.ns > 5 * kNsPerSecond) {
    return UsageError("--delay-for: a server waits for 5s at most");
  }
  return Status::Ok();
}

Result<bool> FollowServer(Job& job, const std::string& query) {
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<wire::LokiClient> client,
                       OpenServer(job.sources.front().text, job.options));
  io::StopWhenReaderLeaves(STDOUT_FILENO);
  return ServerTail(job, query, std::move(client)).Run();
}

}  // namespace glp::query
