#include "wire/loki_context.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/strings.h"
#include "base/time.h"
#include "logql/parser.h"
#include "store/hidden_source.h"
#include "store/kept_source.h"

namespace glp::wire {

const Limits& ApiSettings::LimitsOf(std::string_view tenant) const {
  const auto found = tenant_limits.find(tenant);
  return found == tenant_limits.end() ? limits : found->second;
}

ApiContext::ApiContext(store::Store* store, std::shared_ptr<const ApiSettings> settings,
                       const DeleteRequests* deletes)
    : store_(store),
      deletes_(deletes),
      query_pool_(std::max(std::thread::hardware_concurrency(), 1U) - 1),
      settings_(std::move(settings)),
      log_level_(settings_->log_level) {}

void ApiContext::Add(Router* router, std::string_view methods, std::string_view path, Lane lane,
                     CallHandler handler) {
  AddRoute(router, methods, path, lane, GateOf(Reach::kTenant, std::string(path)),
           [this, handler = std::move(handler)](const Request& request) {
             std::shared_ptr<const ApiSettings> settings = this->settings();
             const Limits& limits = settings->LimitsOf(request.tenant);
             const Call call{request, request.tenant, std::move(settings), limits,
                             Deadline(request, limits.query_timeout_ns)};
             return handler(call);
           });
}

void ApiContext::AddForServer(Router* router, std::string_view methods, std::string_view path,
                              Lane lane, Handler handler) {
  AddRoute(router, methods, path, lane, GateOf(Reach::kServer, std::string(path)),
           std::move(handler));
}

void ApiContext::AddForKnown(Router* router, std::string_view methods, std::string_view path,
                             Lane lane, Handler handler) {
  AddRoute(router, methods, path, lane, GateOf(Reach::kKnown, std::string(path)),
           std::move(handler));
}

void ApiContext::AddOpen(Router* router, std::string_view methods, std::string_view path, Lane lane,
                         Handler handler) {
  AddRoute(router, methods, path, lane, OpenGate(), std::move(handler));
}

Gate ApiContext::GateOf(Reach reach, const std::string& route) {
  Gate gate;
  gate.quick = [this, reach, route](const Request& request) {
    std::optional<Admission> found = settings()->access.JudgeQuickly(reach, request);
    if (found && !found->ok()) CountRequest(route, request, found->refusal.status, 0);
    return found;
  };
  gate.slow = [this, reach, route](const Request& request) {
    const Deadline clock(request, 0);
    Admission found = settings()->access.Judge(reach, request);
    if (!found.ok()) CountRequest(route, request, found.refusal.status, clock.Seconds());
    return found;
  };
  return gate;
}

void ApiContext::AddRoute(Router* router, std::string_view methods, std::string_view path,
                          Lane lane, Gate gate, Handler handler) {
  router->Add(
      methods, settings()->path_prefix + std::string(path), lane, std::move(gate),
      [this, handler = std::move(handler), route = std::string(path)](const Request& request) {
        const Deadline clock(request, 0);
        Response response = handler(request);
        CountRequest(route, request, response.status, clock.Seconds());
        return response;
      });
}

std::shared_ptr<const ApiSettings> ApiContext::settings() const {
  std::lock_guard lock(settings_mutex_);
  return settings_;
}

void ApiContext::Reload(std::shared_ptr<const ApiSettings> settings) {
  std::lock_guard lock(settings_mutex_);
  if (settings->log_level != settings_->log_level) SetLogLevel(settings->log_level);
  settings_ = std::move(settings);
  ++counts_.reloads;
  counts_.last_reload_failed = false;
}

void ApiContext::CountFailedReload() {
  ++counts_.failed_reloads;
  counts_.last_reload_failed = true;
}

Result<std::shared_ptr<logql::EntrySource>> ApiContext::Source(const ApiSettings& settings,
                                                               std::string_view tenant) {
  GLP_ASSIGN_OR_RETURN(auto source, store_->Snapshot(tenant));
  source = store::KeptSource(std::move(source), settings.retention.Of(tenant),
                             settings.LimitsOf(tenant).max_query_lookback_ns, NowNs());
  return store::HiddenSource(std::move(source), Hidden(tenant));
}

Response ApiContext::Error(const Status& status, const Call* call) {
  const std::string message(logql::FirstLine(status.message()));
  switch (status.code()) {
    case Code::kUsage:
    case Code::kData:
    case Code::kLimit:
      return TextResponse(400, message + "\n");
    case Code::kCancelled:
      if (call != nullptr && call->deadline.TimedOut()) {
        return TextResponse(
            504,
            "request timed out, decrease the duration of the request or add more label matchers "
            "(prefer exact match over regex match) to reduce the amount of data processed\n");
      }
      return TextResponse(499, "the request was cancelled by the client\n");
    default:
      return TextResponse(500, message + "\n");
  }
}

void ApiContext::CountScan(const logql::ScanStats& stats) {
  counts_.scanned_entries += stats.entries;
  counts_.scanned_bytes += stats.line_bytes;
}

void ApiContext::CountPush(const std::string& tenant, const PushJudge& judge) {
  counts_.pushed_bytes += judge.taken_bytes();
  if (judge.refused() == 0) return;
  std::lock_guard lock(discarded_mutex_);
  const bool is_one_too_many =
      discarded_.size() >= kMaxDiscardTenants && !discarded_.contains(tenant);
  std::array<Discarded, kDiscards>& sums = discarded_[is_one_too_many ? kOtherTenants : tenant];
  for (size_t i = 0; i < kDiscards; ++i) {
    sums[i].entries += judge.discarded()[i].entries;
    sums[i].bytes += judge.discarded()[i].bytes;
  }
}

std::map<std::string, std::array<Discarded, kDiscards>> ApiContext::discarded() const {
  std::lock_guard lock(discarded_mutex_);
  return discarded_;
}

void ApiContext::CountRequest(const std::string& route, const Request& request, int status,
                              double seconds) {
  {
    std::lock_guard lock(requests_mutex_);
    RequestCount& counted = requests_[{route, status}];
    ++counted.count;
    counted.seconds += seconds;
  }
  if (log_level() != LogLevel::kDebug) return;
  if (const auto settings = this->settings(); settings->log) {
    settings->log(fmt::format("{} {} {} {:.1f} ms", request.method, EscapeForTerminal(request.path),
                              status, seconds * 1000));
  }
}

std::map<std::pair<std::string, int>, ApiContext::RequestCount> ApiContext::requests() const {
  std::lock_guard lock(requests_mutex_);
  return requests_;
}

}  // namespace glp::wire
