// What the handlers of Loki's API share: the store, what holds for each tenant at the moment, the
// threads of queries, counts for /metrics, and what each request goes through before its handler:
// who it is, for which tenant, by when it has to end.
//
//   ApiContext api(store, settings);
//   api.Add(router, "GET,POST", "/loki/api/v1/labels", Lane::kQuery,
//           [this](const Call& call) { return LabelNames(call); });
//
// Lifetime: the store must outlive it, it must outlive the server that has its routes.
// Threads:  safe from any; handlers run on any number of threads at a time.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "base/time.h"
#include "logql/source.h"
#include "store/retention.h"
#include "store/store.h"
#include "wire/access.h"
#include "wire/delete_requests.h"
#include "wire/http.h"
#include "wire/limits.h"
#include "wire/push_judge.h"

namespace glp::wire {

// From a level on lines go to ApiSettings::log: kDebug tells of each request.
enum class LogLevel { kDebug, kInfo, kWarn, kError };

// What a reload replaces as a whole; never changed once it is shared.
struct ApiSettings {
  Limits limits;                                             // of tenants without their own
  std::map<std::string, Limits, std::less<>> tenant_limits;  // in place of `limits`
  store::RetentionPolicy retention;                          // what is beyond it is not answered
  Access access;
  int64_t tail_max_duration_ns = 0;  // 0: no end
  int64_t delete_max_interval_ns = int64_t{24} * 3600 * kNsPerSecond;
  int64_t delete_cancel_period_ns = int64_t{24} * 3600 * kNsPerSecond;
  std::function<void(std::string_view line)>
      log;                               // takes what log_level lets through; may be empty
  LogLevel log_level = LogLevel::kInfo;  // until /log_level says otherwise
  std::string path_prefix;  // "" or "/a/b", in front of all paths; only of the first settings
  // What /config tells beside all this: names, "server.http_listen_port", and values as YAML; those
  // of a block one after the other.
  std::vector<std::pair<std::string, std::string>> shown;
  uint64_t max_answer_bytes = uint64_t{4} << 30;
  // Where answers that are more than memory should hold may lie for a moment; "": nowhere.
  std::string temporary_folder;

  const Limits& LimitsOf(std::string_view tenant) const;
};

// When a request has to end, and why it did.
class Deadline {
 public:
  // 0: no time-out. `request` must outlive it.
  Deadline(const Request& request, int64_t timeout_ns)
      : request_(request), start_(Clock::now()), timeout_(timeout_ns) {}

  bool TimedOut() const { return timeout_.count() > 0 && Clock::now() - start_ > timeout_; }
  bool Over() const { return (request_.cancelled && request_.cancelled()) || TimedOut(); }
  double Seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  const Request& request_;
  const Clock::time_point start_;
  const std::chrono::nanoseconds timeout_;
};

// A request on its way through a handler.
struct Call {
  const Request& request;
  std::string tenant;
  std::shared_ptr<const ApiSettings> settings;  // those of its beginning, until its end
  const Limits& limits;                         // of its tenant
  Deadline deadline;                            // its query_timeout

  std::function<bool()> Cancelled() const {
    return [this] { return deadline.Over(); };
  }
};

class ApiContext {
 public:
  using CallHandler = std::function<Response(const Call&)>;

  // `deletes`: what it hides is not given; nullptr for none. It must outlive this.
  ApiContext(store::Store* store, std::shared_ptr<const ApiSettings> settings,
             const DeleteRequests* deletes);
  ApiContext(const ApiContext&) = delete;
  ApiContext& operator=(const ApiContext&) = delete;

  // Handlers of Add are for who is allowed to see a tenant; those of the others are of none: those
  // of AddForServer for who is bound to no tenant, those of AddForKnown for who shows right
  // credentials, those of AddOpen for everybody.
  void Add(Router* router, std::string_view methods, std::string_view path, Lane lane,
           CallHandler handler);
  void AddForServer(Router* router, std::string_view methods, std::string_view path, Lane lane,
                    Handler handler);
  void AddForKnown(Router* router, std::string_view methods, std::string_view path, Lane lane,
                   Handler handler);
  void AddOpen(Router* router, std::string_view methods, std::string_view path, Lane lane,
               Handler handler);

  store::Store* store() const { return store_; }
  std::shared_ptr<const ApiSettings> settings() const;
  void Reload(std::shared_ptr<const ApiSettings> settings);
  void CountFailedReload();
  // Of all queries together; the thread that a query came on works, too.
  ThreadPool& query_pool() { return query_pool_; }

  // What the tenant has, without what is beyond its retention or max_query_lookback or asked to be
  // deleted.
  Result<std::shared_ptr<logql::EntrySource>> Source(const ApiSettings& settings,
                                                     std::string_view tenant);
  Result<std::shared_ptr<logql::EntrySource>> Source(const Call& call) {
    return Source(*call.settings, call.tenant);
  }
  // What was asked to be deleted and may still be there; nullptr for nothing.
  std::shared_ptr<const store::HiddenRequests> Hidden(std::string_view tenant) const {
    return deletes_ == nullptr ? nullptr : deletes_->Hidden(tenant);
  }
  // The status and the words that Loki gives it.
  static Response Error(const Status& status, const Call* call = nullptr);
  // Adds to what /metrics tells of queries.
  void CountScan(const logql::ScanStats& stats);
  // And of pushes.
  void CountPush(const std::string& tenant, const PushJudge& judge);
  // What was refused, by tenant; what is of more than kMaxDiscardTenants together, by the name
  // kOtherTenants, which is none of a tenant.
  static constexpr size_t kMaxDiscardTenants = 1000;
  static constexpr const char* kOtherTenants = "other tenants";
  std::map<std::string, std::array<Discarded, kDiscards>> discarded() const;

  LogLevel log_level() const { return log_level_; }
  void SetLogLevel(LogLevel level) { log_level_ = level; }

  struct Counts {
    std::atomic<uint64_t> pushed_entries{0};
    std::atomic<uint64_t> pushed_bytes{0};
    std::atomic<uint64_t> duplicate_entries{0};
    std::atomic<uint64_t> scanned_entries{0};
    std::atomic<uint64_t> scanned_bytes{0};
    std::atomic<uint64_t> reloads{0};
    std::atomic<uint64_t> failed_reloads{0};
    std::atomic<bool> last_reload_failed{false};
  };
  Counts& counts() { return counts_; }
  struct RequestCount {
    uint64_t count = 0;
    double seconds = 0;
  };
  // By route and status.
  std::map<std::pair<std::string, int>, RequestCount> requests() const;

 private:
  // `route`: of the counts.
  Gate GateOf(Reach reach, const std::string& route);
  void AddRoute(Router* router, std::string_view methods, std::string_view path, Lane lane,
                Gate gate, Handler handler);
  void CountRequest(const std::string& route, const Request& request, int status, double seconds);

  store::Store* const store_;
  const DeleteRequests* const deletes_;
  ThreadPool query_pool_;
  mutable std::mutex settings_mutex_;
  std::shared_ptr<const ApiSettings> settings_;
  std::atomic<LogLevel> log_level_;
  Counts counts_;
  mutable std::mutex discarded_mutex_;
  std::map<std::string, std::array<Discarded, kDiscards>> discarded_;
  mutable std::mutex requests_mutex_;
  std::map<std::pair<std::string, int>, RequestCount> requests_;
};

}  // namespace glp::wire
