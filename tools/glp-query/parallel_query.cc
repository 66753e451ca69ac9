// --parallel-max-workers and --part-path-prefix: the lines of a long range of a server, read in
// jobs of time by several connections.
// Without part files the pages go through this process in order: workers read ahead, at most
// kMostBytes of pages wait in all, but those of the job in front always may. With part files each
// job is written to one of its own, under another name until it is whole.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "io/file.h"
#include "io/stop.h"
#include "run.h"
#include "time_jobs.h"
#include "wire/loki_pages.h"

namespace glp::query {
namespace {

constexpr size_t kMostBytes = size_t{128} << 20;
constexpr int64_t kHourNs = 3'600'000'000'000;

// What workers share.
struct Plan {
  std::vector<logql::TimeRange> jobs;
  wire::LokiClientOptions server;
  wire::PagesRequest pages;  // but for the range
  std::atomic<size_t> next{0};
  std::atomic<bool> stop{false};
};

// Calls `run(job, transport)` for each job in turn on several threads; transports are one a thread.
template <typename Run>
class Workers {
 public:
  Workers(Plan* plan, uint64_t count, Run run) : plan_(plan), run_(std::move(run)) {
    count = std::min<uint64_t>(count, plan->jobs.size());
    for (uint64_t i = 0; i < count; ++i) threads_.emplace_back([this] { Work(); });
  }
  ~Workers() {
    for (std::thread& thread : threads_) thread.join();
  }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

 private:
  void Work() {
    const wire::LokiClient::Transport transport = wire::LokiClient::OverHttp(plan_->server);
    while (!plan_->stop) {
      const size_t job = plan_->next++;
      if (job >= plan_->jobs.size()) return;
      run_(job, transport);
    }
  }

  Plan* plan_;
  Run run_;
  std::vector<std::thread> threads_;
};

// --- in order, through this process ---

// The pages of all jobs between those who read and the one who prints.
class Pages {
 public:
  struct Page {
    wire::LokiAnswer answer;
    std::shared_ptr<wire::LokiClient> client;  // owns the label sets
  };

  explicit Pages(size_t jobs) : slots_(jobs) {}

  // False where nobody wants it any more.
  bool Put(size_t job, Page page) {
    size_t bytes = 0;
    for (const wire::LokiEntry& entry : page.answer.entries) {
      bytes += 2 * (entry.line.size() + entry.meta.size() + entry.fields.size()) + 128;
    }
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || job == front_ || bytes_ < kMostBytes; });
    if (closed_) return false;
    bytes_ += bytes;
    slots_[job].pages.emplace_back(std::move(page), bytes);
    if (job == front_) filled_.notify_one();
    return true;
  }
  void End(size_t job, Status status) {
    const std::lock_guard lock(mutex_);
    slots_[job].done = true;
    slots_[job].status = std::move(status);
    if (job == front_) filled_.notify_one();
  }
  // The next page of the job in front; nothing at its end, then the next job is in front.
  Result<std::optional<Page>> Take() {
    std::unique_lock lock(mutex_);
    Slot& slot = slots_[front_];
    filled_.wait(lock, [&] { return !slot.pages.empty() || slot.done; });
    if (!slot.pages.empty()) {
      std::optional<Page> page(std::move(slot.pages.front().first));
      bytes_ -= slot.pages.front().second;
      slot.pages.pop_front();
      room_.notify_all();
      return page;
    }
    if (!slot.status.ok()) return slot.status;
    ++front_;
    room_.notify_all();
    return std::optional<Page>();
  }
  // Leaves the rest of the job in front.
  void Skip() {
    const std::lock_guard lock(mutex_);
    ++front_;
    room_.notify_all();
  }
  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    room_.notify_all();
  }

 private:
  struct Slot {
    std::deque<std::pair<Page, size_t>> pages;
    bool done = false;
    Status status;
  };
  std::mutex mutex_;
  std::condition_variable room_, filled_;
  std::vector<Slot> slots_;
  size_t front_ = 0;
  size_t bytes_ = 0;
  bool closed_ = false;
};

// Gives the pages of a job to `take` until that says no.
template <typename Take>
Status ReadJob(Plan* plan, size_t job, const wire::LokiClient::Transport& transport, Take&& take) {
  const auto client = std::make_shared<wire::LokiClient>(plan->server, transport);
  wire::PagesRequest request = plan->pages;
  request.range = plan->jobs[job];
  wire::LokiPages pages(client.get(), std::move(request));
  for (;;) {
    GLP_ASSIGN_OR_RETURN(wire::LokiAnswer answer, pages.Next());
    if (answer.type != wire::LokiAnswer::Type::kStreams) {
      return UsageError("parallel reading is for lines, and this query gives numbers");
    }
    if (answer.entries.empty() && answer.warnings.empty()) return Status::Ok();
    const bool is_last = answer.entries.empty();
    if (!take(Pages::Page{std::move(answer), client}) || is_last) return Status::Ok();
  }
}

Result<bool> PrintInOrder(Job& job, Plan* plan, uint64_t workers) {
  const std::unique_ptr<EntryPrinter> printer = MakeEntryPrinter(job.look, &job.out);
  {
    wire::LokiClient client(plan->server);
    GLP_RETURN_IF_ERROR(SetCommonLabels(job, &client, plan->pages.query, printer.get()));
    printer->ForgetStreams();
  }
  // The body of -o loki keeps streams by their sets to the end.
  std::vector<std::shared_ptr<wire::LokiClient>> kept;
  const bool keeps = job.look.format == "loki";
  Pages pages(plan->jobs.size());
  const auto read = [&](size_t number, const wire::LokiClient::Transport& transport) {
    pages.End(number, ReadJob(plan, number, transport, [&](Pages::Page page) {
                return pages.Put(number, std::move(page));
              }));
  };
  const Workers<decltype(read)> threads(plan, workers, read);
  bool found = false;
  const auto print = [&]() -> Status {
    for (size_t number = 0; number < plan->jobs.size(); ++number) {
      std::shared_ptr<wire::LokiClient> client;
      for (;;) {
        Result<std::optional<Pages::Page>> page = pages.Take();
        if (!page.ok()) {
          if (page.status().code() != Code::kLimit) return page.status();
          job.context.Incomplete("limits of the server", page.status().message());
          pages.Skip();
          break;
        }
        if (!*page) break;
        client = (*page)->client;
        TellServerWarnings(job, (*page)->answer.warnings);
        for (const wire::LokiEntry& entry : (*page)->answer.entries) {
          printer->Print(entry);
          GLP_RETURN_IF_ERROR(job.out.Commit());
          found = true;
        }
      }
      if (keeps) {
        kept.push_back(std::move(client));
      } else {
        printer->ForgetStreams();
      }
    }
    return printer->Finish({}, 0);
  };
  const Status status = print();
  plan->stop = true;
  pages.Close();
  GLP_RETURN_IF_ERROR(status);
  return found;
}

// --- part files ---

class Parts {
 public:
  Parts(Job& job, Plan* plan) : job_(job), plan_(plan) {}

  Result<bool> Run(uint64_t workers);

 private:
  std::string PathOf(size_t number) const {
    return PartPath(job_.options.part_path_prefix, plan_->jobs[number]);
  }
  Status WritePart(size_t number, const wire::LokiClient::Transport& transport);
  Status Merge();

  Job& job_;
  Plan* plan_;
  std::atomic<uint64_t> there_{0};
  std::mutex mutex_;
  Status error_;
};

Status Parts::WritePart(size_t number, const wire::LokiClient::Transport& transport) {
  const std::string path = PathOf(number), unfinished = path + ".tmp";
  if (io::Exists(path) && !job_.options.overwrite_completed_parts) {
    ++there_;
    return Status::Ok();
  }
  GLP_ASSIGN_OR_RETURN(const io::Fd file, io::Create(unfinished));
  io::Output out(file.get(), unfinished);
  Look look = job_.look;
  look.terminal = look.color = false;
  look.columns = 0;
  const std::unique_ptr<EntryPrinter> printer = MakeEntryPrinter(look, &out);
  Status written;
  GLP_RETURN_IF_ERROR(ReadJob(plan_, number, transport, [&](const Pages::Page& page) {
    TellServerWarnings(job_, page.answer.warnings);
    for (const wire::LokiEntry& entry : page.answer.entries) {
      printer->Print(entry);
      written = out.Commit();
      if (!written.ok()) return false;
    }
    if (page.client->ForgetManyLabels()) printer->ForgetStreams();
    return !plan_->stop;
  }));
  GLP_RETURN_IF_ERROR(written);
  if (plan_->stop) return {Code::kCancelled, "stopped"};
  GLP_RETURN_IF_ERROR(printer->Finish({}, 0));
  GLP_RETURN_IF_ERROR(out.Flush());
  GLP_RETURN_IF_ERROR(io::SyncFile(file.get(), unfinished));
  return io::Rename(unfinished, path);
}

Status Parts::Merge() {
  constexpr size_t kPieceBytes = 1 << 20;
  std::string piece(kPieceBytes, '\0');
  for (size_t number = 0; number < plan_->jobs.size(); ++number) {
    const std::string path = PathOf(number);
    GLP_ASSIGN_OR_RETURN(const io::Fd file, io::OpenRead(path));
    for (uint64_t at = 0;;) {
      GLP_ASSIGN_OR_RETURN(const size_t got,
                           io::ReadUpTo(file.get(), at, kPieceBytes, piece.data(), path));
      if (got == 0) break;
      GLP_RETURN_IF_ERROR(job_.out.Write(std::string_view(piece).substr(0, got)));
      at += got;
    }
  }
  GLP_RETURN_IF_ERROR(job_.out.Flush());
  if (job_.options.keep_parts) return Status::Ok();
  for (size_t number = 0; number < plan_->jobs.size(); ++number) {
    GLP_RETURN_IF_ERROR(io::Remove(PathOf(number)));
  }
  return Status::Ok();
}

Result<bool> Parts::Run(uint64_t workers) {
  const auto write = [&](size_t number, const wire::LokiClient::Transport& transport) {
    Status status = WritePart(number, transport);
    if (status.ok()) return;
    const std::lock_guard lock(mutex_);
    if (error_.ok() || error_.code() == Code::kCancelled) error_ = std::move(status);
    plan_->stop = true;
  };
  { const Workers<decltype(write)> threads(plan_, workers, write); }
  GLP_RETURN_IF_ERROR(error_);
  if (!job_.options.quiet) {
    const size_t all = plan_->jobs.size();
    job_.context.Say(std::to_string(all) + (all == 1 ? " part" : " parts") +
                     (there_ > 0 ? ", " + std::to_string(there_) + " of them were there" : ""));
  }
  bool found = false;
  for (size_t number = 0; number < plan_->jobs.size() && !found; ++number) {
    GLP_ASSIGN_OR_RETURN(const io::Fd file, io::OpenRead(PathOf(number)));
    GLP_ASSIGN_OR_RETURN(const uint64_t bytes, io::FileSize(file.get(), PathOf(number)));
    found = bytes > 0;
  }
  if (job_.options.merge_parts) GLP_RETURN_IF_ERROR(Merge());
  return found;
}

}  // namespace

bool IsParallel(const Options& options) {
  return options.parallel_max_workers > 0 || options.parallel_duration.ns >= 0 ||
         !options.part_path_prefix.empty();
}

Status CheckParallel(const Job& job) {
  const Options& options = job.options;
  const bool parts = !options.part_path_prefix.empty();
  if (!parts && (options.overwrite_completed_parts || options.merge_parts || options.keep_parts)) {
    return UsageError(
        "--overwrite-completed-parts, --merge-parts and --keep-parts go with --part-path-prefix");
  }
  if (options.keep_parts && !options.merge_parts) {
    return UsageError("--keep-parts goes with --merge-parts; without it parts are kept anyway");
  }
  if (!IsParallel(options)) return Status::Ok();
  if (!IsOneServer(job.sources)) {
    return UsageError("parallel reading and part files are for the lines of one server");
  }
  const Result<logql::Expr> expr = logql::Parse(options.words.front());
  if ((expr.ok() && !std::holds_alternative<logql::LogExpr>(*expr)) || job.times.at_ns) {
    return UsageError("parallel reading is for lines, and this query gives numbers");
  }
  if (options.follow) return UsageError("-f does not go with parallel reading");
  if (WantsContext(options)) {
    return UsageError("-A, -B and -C do not go with parallel reading");
  }
  if (options.limit > 0) {
    return UsageError("--limit does not go with parallel reading, which reads the whole range");
  }
  if (options.parallel_duration.ns == 0) return UsageError("--parallel-duration must be above 0");
  if (options.parallel_max_workers > 256) {
    return UsageError("--parallel-max-workers: no more than 256 connections");
  }
  const std::string& format = job.look.format;
  const bool is_lines = format == "default" || format == "raw" || format == "jsonl";
  if (parts && (!is_lines || job.look.chart != Chart::kNone)) {
    return UsageError("part files are of lines: -o default, raw or jsonl");
  }
  return Status::Ok();
}

Result<bool> RunParallelQuery(Job& job, const std::string& query) {
  const Options& options = job.options;
  Plan plan;
  plan.pages.query = query;
  plan.pages.direction = options.forward ? logql::Direction::kForward : logql::Direction::kBackward;
  if (options.batch > 0) plan.pages.page_entries = options.batch;
  const int64_t length_ns =
      options.parallel_duration.ns > 0 ? options.parallel_duration.ns : kHourNs;
  GLP_ASSIGN_OR_RETURN(plan.jobs, SplitRange(job.times.Range(), length_ns, plan.pages.direction));
  GLP_ASSIGN_OR_RETURN(plan.server, ServerOptionsOf(job.sources.front().text, options));
  plan.server.cancelled = [&plan] { return io::StopRequested() || plan.stop; };
  const uint64_t workers = std::max<uint64_t>(options.parallel_max_workers, 1);
  if (options.part_path_prefix.empty()) return PrintInOrder(job, &plan, workers);
  return Parts(job, &plan).Run(workers);
}

}  // namespace glp::query
