#include "wire/delete_requests.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <sys/random.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <set>
#include <utility>
#include <variant>

#include "base/json_text.h"
#include "base/time.h"
#include "io/output.h"
#include "logql/parser.h"

namespace glp::wire {
namespace {

using State = DeleteRequests::Request::State;

constexpr size_t kMaxDone = 1000;
constexpr size_t kMaxWaiting = 10'000;
constexpr uint64_t kMaxFileBytes = 64 << 20;
constexpr int64_t kRetryNs = 10 * kNsPerSecond;
// Damage does not mend itself.
constexpr int64_t kRetryDamagedNs = 600 * kNsPerSecond;
// The file is written anew where it has more lines than twice the requests and these.
constexpr size_t kSpareLines = 1000;
constexpr std::string_view kCancelled = "cancelled";

std::string_view NameOf(State state) {
  return state == State::kProcessed ? "processed" : "received";
}

// Eight characters, as Loki's.
Result<std::string> NewId() {
  uint32_t random = 0;
  if (getrandom(&random, sizeof random, 0) != static_cast<ssize_t>(sizeof random)) {
    return Status(Code::kIo, "the kernel gives no random bytes");
  }
  return fmt::format("{:08x}", random);
}

Status Parse(DeleteRequests::Request* request) {
  GLP_ASSIGN_OR_RETURN(store::DeleteRequest parsed,
                       ParseDelete(request->tenant, request->query, request->range));
  request->parsed = std::make_shared<const store::DeleteRequest>(std::move(parsed));
  return Status::Ok();
}

void AppendLine(std::string* text, const DeleteRequests::Request& request,
                std::string_view status) {
  *text += R"({"request_id":)";
  AppendJsonString(text, request.id);
  *text += R"(,"tenant":)";
  AppendJsonString(text, request.tenant);
  *text += R"(,"query":)";
  AppendJsonString(text, request.query);
  *text += fmt::format(R"(,"start_ns":{},"end_ns":{},"created_ns":{},"status":"{}"}})",
                       request.range.start_ns, request.range.end_ns, request.created_ns, status);
  *text += '\n';
}

// `cancelled`: whether the line takes it away.
Result<DeleteRequests::Request> ReadRequest(simdjson::dom::object object, bool* cancelled) {
  std::string_view id, tenant, query, state;
  DeleteRequests::Request request;
  if (object["request_id"].get(id) || object["tenant"].get(tenant) || object["query"].get(query) ||
      object["start_ns"].get(request.range.start_ns) ||
      object["end_ns"].get(request.range.end_ns) || object["created_ns"].get(request.created_ns) ||
      object["status"].get(state)) {
    return DataError("it is no request to delete");
  }
  request.id = id;
  request.tenant = tenant;
  request.query = query;
  request.state = state == "processed" ? State::kProcessed : State::kReceived;
  *cancelled = state == kCancelled;
  GLP_RETURN_IF_ERROR(Parse(&request));
  return request;
}

}  // namespace

Result<store::DeleteRequest> ParseDelete(std::string_view tenant, std::string_view query,
                                         logql::TimeRange range) {
  GLP_ASSIGN_OR_RETURN(const logql::LogExpr parsed, logql::ParseLogQuery(query));
  store::DeleteRequest request;
  request.tenant = tenant;
  request.matchers = parsed.matchers;
  request.range = range;
  for (const logql::Stage& stage : parsed.stages) {
    const auto* filter = std::get_if<logql::LineFilter>(&stage);
    if (filter == nullptr) {
      return UsageError(
          "a request to delete takes a selector and line filters (|= != |~ !~ |> !>), no other "
          "stages");
    }
    request.filters.push_back(*filter);
  }
  return request;
}

Result<std::unique_ptr<DeleteRequests>> DeleteRequests::Open(store::Store* store, std::string path,
                                                             Terms terms,
                                                             std::function<int64_t()> now_ns) {
  std::unique_ptr<DeleteRequests> requests(
      new DeleteRequests(store, std::move(path), std::move(terms), std::move(now_ns)));
  GLP_RETURN_IF_ERROR(requests->Load());
  requests->thread_ = std::thread([raw = requests.get()] { raw->Run(); });
  return requests;
}

DeleteRequests::~DeleteRequests() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Status DeleteRequests::Load() {
  if (!io::Exists(path_)) return Status::Ok();
  GLP_ASSIGN_OR_RETURN(const std::string text, io::ReadFile(path_, kMaxFileBytes));
  simdjson::dom::parser parser;
  std::map<std::string, size_t, std::less<>> by_id;  // in requests_
  std::vector<bool> gone;
  size_t number = 0, begin = 0;
  for (size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string line = text.substr(begin, end - begin);
    ++number;
    simdjson::dom::object object;
    bool cancelled = false;
    Result<Request> request = parser.parse(line).get(object)
                                  ? Result<Request>(DataError("it is no JSON object"))
                                  : ReadRequest(object, &cancelled);
    if (!request.ok()) {
      return request.status().Annotate(path_ + ":" + std::to_string(number));
    }
    const auto [place, is_new] = by_id.emplace(request->id, requests_.size());
    if (is_new) {
      requests_.push_back(*std::move(request));
      gone.push_back(cancelled);
    } else {
      requests_[place->second] = *std::move(request);
      gone[place->second] = cancelled;
    }
  }
  size_t at = 0;
  std::erase_if(requests_, [&](const Request&) { return gone[at++]; });
  ForgetOldest();
  std::set<std::string> tenants;
  for (const Request& request : requests_) tenants.insert(request.tenant);
  for (const std::string& tenant : tenants) Hide(tenant);
  return Status::Ok();
}

Status DeleteRequests::Save(const Request& request, std::string_view status) {
  if (!file_.valid() || file_lines_ > 2 * requests_.size() + kSpareLines) return SaveAll();
  std::string line;
  AppendLine(&line, request, status);
  if (file_bytes_ + line.size() > kMaxFileBytes) return SaveAll();
  Status written = io::WriteAll(file_.get(), line, path_);
  if (written.ok()) written = io::SyncFile(file_.get(), path_);
  if (!written.ok()) {
    // What the file has now is not known: the next time all of it is written.
    (void)io::Truncate(file_.get(), file_bytes_, path_);
    file_.Reset();
    return written;
  }
  file_bytes_ += line.size();
  ++file_lines_;
  return Status::Ok();
}

Status DeleteRequests::SaveAll() {
  std::string text;
  for (const Request& request : requests_) AppendLine(&text, request, NameOf(request.state));
  if (text.size() > kMaxFileBytes) return UsageError("the requests that wait are too long already");
  file_.Reset();
  GLP_RETURN_IF_ERROR(io::WriteFileAtomically(path_, text, 0600));
  // Where this fails, it is all written again the next time.
  file_ = io::Fd(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  file_bytes_ = text.size();
  file_lines_ = requests_.size();
  return Status::Ok();
}

void DeleteRequests::Hide(const std::string& tenant) {
  auto open = std::make_shared<store::HiddenRequests>();
  for (const Request& request : requests_) {
    if (request.state != State::kProcessed && request.tenant == tenant) {
      open->push_back(request.parsed);
    }
  }
  std::lock_guard lock(hidden_mutex_);
  if (open->empty()) {
    hidden_.erase(tenant);
  } else {
    hidden_[tenant] = std::move(open);
  }
}

void DeleteRequests::Change(Terms terms) {
  {
    std::lock_guard lock(mutex_);
    terms_ = std::move(terms);
  }
  wake_.notify_all();
}

Result<std::string> DeleteRequests::Create(std::string_view tenant, std::string_view query,
                                           logql::TimeRange range) {
  Request request;
  request.tenant = tenant;
  request.query = query;
  request.range = range;
  GLP_RETURN_IF_ERROR(Parse(&request));
  request.created_ns = now_ns_();
  std::lock_guard lock(mutex_);
  const auto is_taken = [&](const Request& one) { return one.id == request.id; };
  do {
    GLP_ASSIGN_OR_RETURN(request.id, NewId());
  } while (std::any_of(requests_.begin(), requests_.end(), is_taken));
  const auto waiting = std::count_if(requests_.begin(), requests_.end(), [](const Request& one) {
    return one.state != State::kProcessed;
  });
  if (static_cast<size_t>(waiting) >= kMaxWaiting) {
    return UsageError(fmt::format("{} requests wait already", kMaxWaiting));
  }
  requests_.push_back(request);
  if (const Status status = Save(request, NameOf(request.state)); !status.ok()) {
    requests_.pop_back();
    return status;
  }
  Hide(request.tenant);
  wake_.notify_all();
  return request.id;
}

std::vector<DeleteRequests::Request> DeleteRequests::List(std::string_view tenant) const {
  std::lock_guard lock(mutex_);
  std::vector<Request> list;
  std::copy_if(requests_.begin(), requests_.end(), std::back_inserter(list),
               [tenant](const Request& one) { return one.tenant == tenant; });
  return list;
}

Result<DeleteRequests::Cancelled> DeleteRequests::Cancel(std::string_view tenant,
                                                         std::string_view id) {
  std::lock_guard lock(mutex_);
  const auto found = std::find_if(requests_.begin(), requests_.end(), [&](const Request& one) {
    return one.tenant == tenant && one.id == id;
  });
  if (found == requests_.end()) return Cancelled::kNotFound;
  if (found->state != State::kReceived) return Cancelled::kTooLate;
  const Request request = *found;
  const auto place = requests_.erase(found);
  if (const Status status = Save(request, kCancelled); !status.ok()) {
    requests_.insert(place, request);
    return status;
  }
  Hide(request.tenant);
  return Cancelled::kDone;
}

std::shared_ptr<const store::HiddenRequests> DeleteRequests::Hidden(std::string_view tenant) const {
  std::lock_guard lock(hidden_mutex_);
  const auto found = hidden_.find(tenant);
  return found == hidden_.end() ? nullptr : found->second;
}

std::string DeleteRequests::last_error() const {
  std::lock_guard lock(mutex_);
  return last_error_;
}

void DeleteRequests::ForgetOldest() {
  const auto is_done = [](const Request& one) { return one.state == State::kProcessed; };
  auto left = std::count_if(requests_.begin(), requests_.end(), is_done);
  std::erase_if(requests_, [&](const Request& one) {
    return is_done(one) && left-- > static_cast<ptrdiff_t>(kMaxDone);
  });
}

DeleteRequests::Request* DeleteRequests::NextDue(int64_t* due_ns) {
  constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  const int64_t period_ns = terms_.cancel_period_ns;
  Request* next = nullptr;
  for (Request& request : requests_) {
    if (request.state != State::kReceived) continue;
    if (terms_.carries_out && !terms_.carries_out(request.tenant)) continue;
    int64_t at_ns = request.retry_ns;
    if (at_ns == 0) {
      const int64_t from_ns = request.created_ns;
      at_ns = from_ns > 0 && period_ns > kNever - from_ns ? kNever : from_ns + period_ns;
    }
    if (next != nullptr && at_ns >= *due_ns) continue;
    next = &request;
    *due_ns = at_ns;
  }
  return next;
}

void DeleteRequests::Run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    int64_t due_ns = 0;
    Request* const due = NextDue(&due_ns);
    if (due == nullptr) {
      wake_.wait(lock);
      continue;
    }
    const int64_t wait_ns = due_ns - now_ns_();
    if (wait_ns > 0) {
      // The clock may be set meanwhile.
      wake_.wait_for(lock, std::min(std::chrono::nanoseconds(wait_ns),
                                    std::chrono::nanoseconds(std::chrono::minutes(1))));
      continue;
    }
    due->state = State::kRunning;
    const std::string id = due->id;
    store::DeleteRequest request = *due->parsed;
    request.cancelled = [this] {
      std::lock_guard inner(mutex_);
      return stop_;
    };
    lock.unlock();
    store::DropReport report;
    const Status status = store_.Delete(request, &report);
    lock.lock();
    Finish(id, status, report);
  }
}

void DeleteRequests::Finish(const std::string& id, const Status& status,
                            const store::DropReport& report) {
  // Not to be cancelled while it ran: it is there.
  const auto found = std::find_if(requests_.begin(), requests_.end(),
                                  [&](const Request& one) { return one.id == id; });
  const auto fail = [&](const std::string& why) {
    if (!stop_) last_error_ = "request " + id + ": " + why;
  };
  if (!status.ok() || !report.damage.empty()) {
    found->state = State::kReceived;
    found->retry_ns = now_ns_() + (status.ok() ? kRetryDamagedNs : kRetryNs);
    return fail(status.ok() ? report.damage.front() + "; the segment stays as it is"
                            : status.message());
  }
  found->state = State::kProcessed;
  const Request request = *found;
  ForgetOldest();
  if (const Status saved = Save(request, NameOf(request.state)); !saved.ok()) fail(saved.message());
  Hide(request.tenant);
}

}  // namespace glp::wire
