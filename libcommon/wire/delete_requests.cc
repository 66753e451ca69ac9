#include "wire/delete_requests.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <sys/random.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>
#include <variant>

#include "base/json_text.h"
#include "base/time.h"
#include "io/file.h"
#include "logql/parser.h"

namespace glp::wire {
namespace {

using State = DeleteRequests::Request::State;

constexpr size_t kMaxDone = 1000;
constexpr size_t kMaxWaiting = 10'000;
constexpr uint64_t kMaxFileBytes = 64 << 20;
constexpr int64_t kRetryNs = 10 * kNsPerSecond;

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

Result<DeleteRequests::Request> ReadRequest(simdjson::dom::object object) {
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
                                                             int64_t cancel_period_ns,
                                                             std::function<int64_t()> now_ns) {
  std::unique_ptr<DeleteRequests> requests(
      new DeleteRequests(store, std::move(path), cancel_period_ns, std::move(now_ns)));
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
  size_t number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string line(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++number;
    simdjson::dom::object object;
    Result<Request> request = parser.parse(line).get(object)
                                  ? Result<Request>(DataError("it is no JSON object"))
                                  : ReadRequest(object);
    if (!request.ok()) {
      return request.status().Annotate(path_ + ":" + std::to_string(number));
    }
    requests_.push_back(*std::move(request));
  }
  Hide();
  return Status::Ok();
}

Status DeleteRequests::Save() {
  std::string text;
  for (const Request& request : requests_) {
    text += R"({"request_id":)";
    AppendJsonString(&text, request.id);
    text += R"(,"tenant":)";
    AppendJsonString(&text, request.tenant);
    text += R"(,"query":)";
    AppendJsonString(&text, request.query);
    text += fmt::format(R"(,"start_ns":{},"end_ns":{},"created_ns":{},"status":"{}"}})",
                        request.range.start_ns, request.range.end_ns, request.created_ns,
                        NameOf(request.state));
    text += '\n';
  }
  if (text.size() > kMaxFileBytes) return UsageError("the requests that wait are too long already");
  return io::WriteFileAtomically(path_, text, 0600);
}

void DeleteRequests::Hide() {
  std::map<std::string, store::HiddenRequests, std::less<>> open;
  for (const Request& request : requests_) {
    if (request.state != State::kProcessed) open[request.tenant].push_back(request.parsed);
  }
  hidden_.clear();
  for (auto& [tenant, requests] : open) {
    hidden_[tenant] = std::make_shared<const store::HiddenRequests>(std::move(requests));
  }
}

Result<std::string> DeleteRequests::Create(std::string_view tenant, std::string_view query,
                                           logql::TimeRange range) {
  Request request;
  request.tenant = tenant;
  request.query = query;
  request.range = range;
  GLP_RETURN_IF_ERROR(Parse(&request));
  GLP_ASSIGN_OR_RETURN(request.id, NewId());
  request.created_ns = now_ns_();
  std::lock_guard lock(mutex_);
  const auto waiting = std::count_if(requests_.begin(), requests_.end(), [](const Request& one) {
    return one.state != State::kProcessed;
  });
  if (static_cast<size_t>(waiting) >= kMaxWaiting) {
    return UsageError(fmt::format("{} requests wait already", kMaxWaiting));
  }
  requests_.push_back(request);
  if (const Status status = Save(); !status.ok()) {
    requests_.pop_back();
    return status;
  }
  Hide();
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
  if (const Status status = Save(); !status.ok()) {
    requests_.insert(place, request);
    return status;
  }
  Hide();
  return Cancelled::kDone;
}

std::shared_ptr<const store::HiddenRequests> DeleteRequests::Hidden(std::string_view tenant) const {
  std::lock_guard lock(mutex_);
  const auto found = hidden_.find(tenant);
  return found == hidden_.end() ? nullptr : found->second;
}

std::string DeleteRequests::last_error() const {
  std::lock_guard lock(mutex_);
  return last_error_;
}

int64_t DeleteRequests::DueNs(const Request& request) const {
  const bool failed = request.tried_ns > 0;
  const int64_t from_ns = failed ? request.tried_ns : request.created_ns;
  const int64_t period_ns = failed ? kRetryNs : cancel_period_ns_;
  constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  return from_ns > 0 && period_ns > kNever - from_ns ? kNever : from_ns + period_ns;
}

void DeleteRequests::Run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const auto due = std::min_element(
        requests_.begin(), requests_.end(), [this](const Request& a, const Request& b) {
          return std::pair(a.state, DueNs(a)) < std::pair(b.state, DueNs(b));
        });
    if (due == requests_.end() || due->state != State::kReceived) {
      wake_.wait(lock);
      continue;
    }
    const int64_t wait_ns = DueNs(*due) - now_ns_();
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
    Status status = store_.Delete(request, &report);
    lock.lock();
    const auto found = std::find_if(requests_.begin(), requests_.end(),
                                    [&](const Request& one) { return one.id == id; });
    if (status.ok() && !report.damage.empty()) {
      last_error_ = "request " + id + ": " + report.damage.front() + "; the segment stays as it is";
    }
    if (status.ok()) {
      found->state = State::kProcessed;
      const auto done = std::count_if(requests_.begin(), requests_.end(), [](const Request& one) {
        return one.state == State::kProcessed;
      });
      if (static_cast<size_t>(done) > kMaxDone) {
        requests_.erase(std::find_if(requests_.begin(), requests_.end(), [](const Request& one) {
          return one.state == State::kProcessed;
        }));
      }
      status = Save();
      Hide();
    } else {
      found->state = State::kReceived;
      found->tried_ns = now_ns_();
    }
    if (!status.ok() && !stop_) last_error_ = "request " + id + ": " + status.message();
  }
}

}  // namespace glp::wire
