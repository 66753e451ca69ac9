#include "wire/loki_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/json_text.h"
#include "base/time.h"
#include "logql/parser.h"
#include "store/kept_source.h"
#include "wire/loki_deadline.h"
#include "wire/loki_intake.h"
#include "wire/push_body.h"

namespace glp::wire {

LokiApi::LokiApi(store::Store* store, ApiOptions options)
    : store_(store),
      options_(std::move(options)),
      query_pool_(std::max(std::thread::hardware_concurrency(), 1U) - 1) {}
LokiApi::~LokiApi() = default;

Result<std::shared_ptr<logql::EntrySource>> LokiApi::Source() {
  GLP_ASSIGN_OR_RETURN(auto source, store_->Snapshot(options_.tenant));
  return store::KeptSource(std::move(source), options_.retention,
                           options_.limits.max_query_lookback_ns, NowNs());
}

void LokiApi::AddRoutes(Router* router) {
  const std::string v1 = "/loki/api/v1/";
  Add(router, "POST", v1 + "push", Lane::kIngest, &LokiApi::Push);
  Add(router, "GET,POST", v1 + "query_range", Lane::kQuery, &LokiApi::QueryRange);
  Add(router, "GET,POST", v1 + "query", Lane::kQuery, &LokiApi::Query);
  Add(router, "GET,POST", v1 + "labels", Lane::kQuery, &LokiApi::LabelNames);
  Add(router, "GET,POST", v1 + "label", Lane::kQuery, &LokiApi::LabelNames);
  Add(router, "GET,POST", v1 + "label/{name}/values", Lane::kQuery, &LokiApi::LabelValues);
  Add(router, "GET,POST", v1 + "series", Lane::kQuery, &LokiApi::Series);
  Add(router, "GET", v1 + "status/buildinfo", Lane::kControl, &LokiApi::BuildInfo);
  Add(router, "GET", "/ready", Lane::kControl, &LokiApi::Ready);
  Add(router, "GET", "/metrics", Lane::kControl, &LokiApi::Metrics);
}

void LokiApi::Add(Router* router, std::string_view methods, std::string_view path, Lane lane,
                  Response (LokiApi::*handler)(const Request&)) {
  router->Add(methods, path, lane,
              [this, handler, route = std::string(path)](const Request& request) {
                const Deadline clock(request, 0);
                Response response = (this->*handler)(request);
                std::lock_guard lock(requests_mutex_);
                RequestCount& counted = requests_[{route, response.status}];
                ++counted.count;
                counted.seconds += clock.Seconds();
                return response;
              });
}

Response LokiApi::Error(const Status& status, const Deadline* deadline) {
  const std::string message(logql::FirstLine(status.message()));
  switch (status.code()) {
    case Code::kUsage:
    case Code::kData:
    case Code::kLimit:
      return TextResponse(400, message + "\n");
    case Code::kCancelled:
      if (deadline != nullptr && deadline->TimedOut()) {
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

Response LokiApi::Ready(const Request&) { return TextResponse(200, "ready\n"); }

Response LokiApi::BuildInfo(const Request&) {
  std::string body = R"({"version":)";
  AppendJsonString(&body, GLP_VERSION);
  body += R"(,"revision":"","branch":"","buildUser":"","buildDate":"","goVersion":"",)";
  body += R"("application":"glp","push":)" + std::to_string(kPushVersion) + "}";
  return JsonResponse(std::move(body));
}

Response LokiApi::Metrics(const Request&) {
  std::string text;
  auto counter = [&text](std::string_view name, std::string_view help, uint64_t value) {
    text += fmt::format("# HELP {0} {1}\n# TYPE {0} counter\n{0} {2}\n", name, help, value);
  };
  counter("glp_store_push_entries_total", "Entries stored by pushes.", pushed_entries_);
  counter("glp_store_push_bytes_total", "Bytes of lines and metadata stored by pushes.",
          pushed_bytes_);
  counter("glp_store_push_duplicate_entries_total",
          "Entries that were pushed again from the same source and dropped.", duplicate_entries_);
  counter("glp_store_push_refused_entries_total", "Entries refused by a limit or bad labels.",
          refused_entries_);
  counter("glp_store_query_entries_total", "Entries that queries looked at.", scanned_entries_);
  counter("glp_store_query_bytes_total", "Bytes of lines that queries looked at.", scanned_bytes_);
  text += "# HELP glp_store_requests_total Requests answered, by route and status.\n";
  text += "# TYPE glp_store_requests_total counter\n";
  std::string seconds;
  std::lock_guard lock(requests_mutex_);
  for (const auto& [key, counted] : requests_) {
    const std::string labels = fmt::format("{{route=\"{}\",status=\"{}\"}}", key.first, key.second);
    text += fmt::format("glp_store_requests_total{} {}\n", labels, counted.count);
    seconds += fmt::format("glp_store_request_seconds_total{} {:.6f}\n", labels, counted.seconds);
  }
  text += "# HELP glp_store_request_seconds_total Time spent on requests.\n";
  text += "# TYPE glp_store_request_seconds_total counter\n" + seconds;
  return {200, "text/plain; version=0.0.4; charset=utf-8", std::move(text), {}};
}

}  // namespace glp::wire
