// Loki's HTTP API over a store: push, queries, labels, series, and what watches a server. Each
// endpoint answers as Loki 3.7 does, errors as text with its status and words. There is one tenant,
// X-Scope-OrgID is not looked at.
// Endpoints: POST /loki/api/v1/push · GET and POST /loki/api/v1/{query_range, query, labels, label,
// label/NAME/values, series} · GET /ready, /metrics, /loki/api/v1/status/buildinfo.
// Lifetime: the store must outlive it, it must outlive the server that has its routes.
// Threads:  handlers run on any number of threads at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "logql/expr.h"
#include "store/retention.h"
#include "store/store.h"
#include "wire/http.h"
#include "wire/limits.h"
#include "wire/loki_params.h"

namespace glp::wire {

struct ApiOptions {
  std::string tenant = std::string(store::kDefaultTenant);
  Limits limits;
  store::Retention retention;  // what is beyond it is not answered
  size_t max_answer_bytes = size_t{256} << 20;
};

class LokiApi {
 public:
  LokiApi(store::Store* store, ApiOptions options);
  ~LokiApi();
  LokiApi(const LokiApi&) = delete;
  LokiApi& operator=(const LokiApi&) = delete;

  void AddRoutes(Router* router);

 private:
  class Deadline;
  struct Intake;  // what one push needs, kept for the next

  void Add(Router* router, std::string_view methods, std::string_view path, Lane lane,
           Response (LokiApi::*handler)(const Request&));

  Response Push(const Request& request);
  Response QueryRange(const Request& request);
  Response Query(const Request& request);
  // The sorted names that `collect` takes from the streams a request asks for.
  Response NamesOf(
      const Request& request,
      const std::function<void(const LabelSet& stream, std::set<std::string>* names)>& collect);
  Response LabelNames(const Request& request);
  Response LabelValues(const Request& request);
  Response Series(const Request& request);
  Response Ready(const Request& request);
  Response BuildInfo(const Request& request);
  Response Metrics(const Request& request);

  Response RangeOfLogs(const logql::LogExpr& query, const RangeParams& params,
                       const Deadline& deadline);
  Response RangeOfMetric(const logql::MetricExpr& query, const RangeParams& params,
                         const Deadline& deadline);
  // Without what is beyond the retention or max_query_lookback.
  Result<std::shared_ptr<logql::EntrySource>> Source();
  // The streams that any of the selectors matches, sorted, each once.
  Result<std::vector<const LabelSet*>> Streams(logql::EntrySource* source,
                                               const std::vector<std::string_view>& selectors,
                                               logql::TimeRange range);
  Response Error(const Status& status, const Deadline* deadline = nullptr);

  std::unique_ptr<Intake> TakeIntake();
  void GiveBack(std::unique_ptr<Intake> intake);

  store::Store* const store_;
  const ApiOptions options_;
  // Of all queries together; the thread that a query came on works, too.
  ThreadPool query_pool_;
  std::mutex intake_mutex_;
  std::vector<std::unique_ptr<Intake>> intakes_;

  std::atomic<uint64_t> pushed_entries_{0};
  std::atomic<uint64_t> pushed_bytes_{0};
  std::atomic<uint64_t> duplicate_entries_{0};
  std::atomic<uint64_t> refused_entries_{0};
  std::atomic<uint64_t> scanned_entries_{0};
  std::atomic<uint64_t> scanned_bytes_{0};
  std::mutex requests_mutex_;
  struct RequestCount {
    uint64_t count = 0;
    double seconds = 0;
  };
  std::map<std::pair<std::string, int>, RequestCount> requests_;  // by route and status
};

}  // namespace glp::wire
