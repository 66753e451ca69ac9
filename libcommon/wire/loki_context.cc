#include "wire/loki_context.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

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
      settings_(std::move(settings)) {}

void ApiContext::Add(Router* router, std::string_view methods, std::string_view path, Lane lane,
                     CallHandler handler) {
  AddOpen(router, methods, path, lane,
          [this, handler = std::move(handler)](const Request& request) {
            std::shared_ptr<const ApiSettings> settings = this->settings();
            Access::Verdict verdict = settings->access.Judge(request);
            if (!verdict.ok()) return std::move(verdict.refusal);
            const Limits& limits = settings->LimitsOf(verdict.tenant);
            const Call call{request, std::move(verdict.tenant), std::move(settings), limits,
                            Deadline(request, limits.query_timeout_ns)};
            return handler(call);
          });
}

void ApiContext::AddForServer(Router* router, std::string_view methods, std::string_view path,
                              Lane lane, Handler handler) {
  AddOpen(router, methods, path, lane,
          [this, handler = std::move(handler)](const Request& request) {
            Access::Verdict verdict = settings()->access.JudgeCredentials(request);
            return verdict.ok() ? handler(request) : std::move(verdict.refusal);
          });
}

void ApiContext::AddOpen(Router* router, std::string_view methods, std::string_view path, Lane lane,
                         Handler handler) {
  router->Add(
      methods, path, lane,
      [this, handler = std::move(handler), route = std::string(path)](const Request& request) {
        const Deadline clock(request, 0);
        Response response = handler(request);
        CountRequest(route, response.status, clock.Seconds());
        if (log_level() == LogLevel::kDebug) {
          if (const auto settings = this->settings(); settings->log) {
            settings->log(fmt::format("{} {} {} {:.1f} ms", request.method, request.path,
                                      response.status, clock.Seconds() * 1000));
          }
        }
        return response;
      });
}

std::shared_ptr<const ApiSettings> ApiContext::settings() const {
  std::lock_guard lock(settings_mutex_);
  return settings_;
}

void ApiContext::Reload(std::shared_ptr<const ApiSettings> settings) {
  std::lock_guard lock(settings_mutex_);
  settings_ = std::move(settings);
}

Result<std::shared_ptr<logql::EntrySource>> ApiContext::Source(const ApiSettings& settings,
                                                               std::string_view tenant) {
  GLP_ASSIGN_OR_RETURN(auto source, store_->Snapshot(tenant));
  source = store::KeptSource(std::move(source), settings.retention.Of(tenant),
                             settings.LimitsOf(tenant).max_query_lookback_ns, NowNs());
  return deletes_ == nullptr ? source
                             : store::HiddenSource(std::move(source), deletes_->Hidden(tenant));
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
  std::array<Discarded, kDiscards>& sums = discarded_[tenant];
  for (size_t i = 0; i < kDiscards; ++i) {
    sums[i].entries += judge.discarded()[i].entries;
    sums[i].bytes += judge.discarded()[i].bytes;
  }
}

std::map<std::string, std::array<Discarded, kDiscards>> ApiContext::discarded() const {
  std::lock_guard lock(discarded_mutex_);
  return discarded_;
}

void ApiContext::CountRequest(const std::string& route, int status, double seconds) {
  std::lock_guard lock(requests_mutex_);
  RequestCount& counted = requests_[{route, status}];
  ++counted.count;
  counted.seconds += seconds;
}

std::map<std::pair<std::string, int>, ApiContext::RequestCount> ApiContext::requests() const {
  std::lock_guard lock(requests_mutex_);
  return requests_;
}

}  // namespace glp::wire
