#include "wire/loki_admin.h"

#include <fmt/format.h>

#include "base/json_text.h"
#include "wire/push_body.h"

namespace glp::wire {
namespace {

constexpr std::string_view kLevels[] = {"debug", "info", "warn", "error"};  // LogLevel

}  // namespace

void AdminApi::AddRoutes(Router* router) {
  context_.AddOpen(router, "GET", "/ready", Lane::kControl,
                   [](const Request&) { return TextResponse(200, "ready\n"); });
  context_.AddForServer(router, "GET", "/metrics", Lane::kControl, [this](const Request&) {
    return Response{200, "text/plain; version=0.0.4; charset=utf-8", Metrics(), {}};
  });
  context_.AddForKnown(
      router, "GET", "/loki/api/v1/status/buildinfo", Lane::kControl, [](const Request&) {
        std::string body = R"({"version":)";
        AppendJsonString(&body, GLP_VERSION);
        body += R"(,"revision":"","branch":"","buildUser":"","buildDate":"","goVersion":"",)";
        body += R"("application":"glp","push":)" + std::to_string(kPushVersion) + "}";
        return JsonResponse(std::move(body));
      });
  context_.AddForServer(router, "GET", "/services", Lane::kControl, [](const Request&) {
    return TextResponse(200, "server => Running\nstore => Running\n");
  });
  context_.AddForServer(router, "GET", "/log_level", Lane::kControl,
                        [this](const Request&) { return LogLevel(); });
  context_.AddForServer(router, "POST", "/log_level", Lane::kControl,
                        [this](const Request& request) { return SetLogLevel(request); });
  context_.AddForServer(router, "GET,POST", "/flush", Lane::kIngest, [this](const Request&) {
    const Status status = context_.store()->Flush();
    return status.ok() ? Response{204, "", "", {}} : ApiContext::Error(status);
  });
}

Response AdminApi::LogLevel() const {
  const auto level = static_cast<size_t>(context_.log_level());
  return JsonResponse(fmt::format(R"({{"message":"Current log level is {}"}})", kLevels[level]));
}

Response AdminApi::SetLogLevel(const Request& request) {
  const std::string_view wanted = request.Param("log_level").value_or(std::string_view());
  for (size_t i = 0; i < std::size(kLevels); ++i) {
    if (kLevels[i] != wanted) continue;
    context_.SetLogLevel(static_cast<wire::LogLevel>(i));
    return JsonResponse(
        fmt::format(R"({{"status":"success","message":"Log level set to {}"}})", wanted));
  }
  std::string body = R"({"status":"failed","message":)";
  AppendJsonString(&body, fmt::format("unrecognized log level \"{}\"", wanted));
  Response response = JsonResponse(body + "}");
  response.status = 400;
  return response;
}

std::string AdminApi::Metrics() const {
  const ApiContext::Counts& counts = context_.counts();
  std::string text;
  auto counter = [&text](std::string_view name, std::string_view help, uint64_t value) {
    text += fmt::format("# HELP {0} {1}\n# TYPE {0} counter\n{0} {2}\n", name, help, value);
  };
  counter("glp_store_push_entries_total", "Entries stored by pushes.", counts.pushed_entries);
  counter("glp_store_push_bytes_total", "Bytes of lines and metadata stored by pushes.",
          counts.pushed_bytes);
  counter("glp_store_push_duplicate_entries_total",
          "Entries that were pushed again from the same source and dropped.",
          counts.duplicate_entries);
  text +=
      "# HELP loki_discarded_samples_total Entries refused, by tenant and reason.\n"
      "# TYPE loki_discarded_samples_total counter\n";
  std::string bytes;
  uint64_t refused = 0;
  for (const auto& [tenant, sums] : context_.discarded()) {
    for (size_t i = 0; i < kDiscards; ++i) {
      if (sums[i].entries == 0) continue;
      refused += sums[i].entries;
      const std::string labels = fmt::format("{{reason=\"{}\",tenant=\"{}\"}}",
                                             DiscardName(static_cast<Discard>(i)), tenant);
      text += fmt::format("loki_discarded_samples_total{} {}\n", labels, sums[i].entries);
      bytes += fmt::format("loki_discarded_bytes_total{} {}\n", labels, sums[i].bytes);
    }
  }
  text +=
      "# HELP loki_discarded_bytes_total Bytes of lines and metadata refused.\n"
      "# TYPE loki_discarded_bytes_total counter\n" +
      bytes;
  counter("glp_store_push_refused_entries_total", "Entries refused by a limit or bad labels.",
          refused);
  counter("glp_store_query_entries_total", "Entries that queries looked at.",
          counts.scanned_entries);
  counter("glp_store_query_bytes_total", "Bytes of lines that queries looked at.",
          counts.scanned_bytes);
  const store::Figures figures = context_.store()->figures();
  auto gauge = [&text](std::string_view name, std::string_view help, uint64_t value) {
    text += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n{0} {2}\n", name, help, value);
  };
  gauge("glp_store_tenants", "Tenants that have logs.", figures.tenants);
  gauge("glp_store_segments", "Segment files of all tenants.", figures.segments);
  gauge("glp_store_memory_bytes", "Entries that are in no segment yet.", figures.memory_bytes);
  counter("glp_store_merges_total", "Merges of segments in the background.", figures.merges);
  counter("glp_store_background_errors_total",
          "Merges, cuts and removals that failed and are tried again.", figures.background_errors);
  gauge("glp_store_tails", "Clients that tail.", tails_.listeners());
  counter("glp_store_config_reloads_total", "Times the configuration was read again.",
          counts.reloads);
  counter("glp_store_config_reload_failures_total",
          "Times it was not valid and what was in force stayed.", counts.failed_reloads);
  gauge("glp_store_config_last_reload_successful", "Whether what is in the files is in force.",
        counts.last_reload_failed ? 0 : 1);
  text += "# HELP glp_store_requests_total Requests answered, by route and status.\n";
  text += "# TYPE glp_store_requests_total counter\n";
  std::string seconds;
  for (const auto& [key, counted] : context_.requests()) {
    const std::string labels = fmt::format("{{route=\"{}\",status=\"{}\"}}", key.first, key.second);
    text += fmt::format("glp_store_requests_total{} {}\n", labels, counted.count);
    seconds += fmt::format("glp_store_request_seconds_total{} {:.6f}\n", labels, counted.seconds);
  }
  text += "# HELP glp_store_request_seconds_total Time spent on requests.\n";
  text += "# TYPE glp_store_request_seconds_total counter\n" + seconds;
  return text;
}

}  // namespace glp::wire
