#include "wire/loki_delete.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>

#include "base/json_text.h"
#include "base/time.h"
#include "base/units.h"
#include "wire/loki_params.h"

namespace glp::wire {
namespace {

constexpr std::string_view kPath = "/loki/api/v1/delete";

// Seconds, with or without a fraction, or RFC 3339.
Result<int64_t> ParseDeleteTime(std::string_view text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size() && std::abs(seconds) < 9e9) {
    return std::llround(seconds * 1000) * (kNsPerSecond / 1000);
  }
  if (const std::optional<int64_t> ns = ParseRfc3339(text)) return *ns;
  return UsageError("cannot parse \"" + std::string(text) + "\" to a valid timestamp");
}

// As Prometheus writes its times: seconds, a fraction only where there is one.
std::string Seconds(int64_t ns) {
  const int64_t ms = ns / (kNsPerSecond / 1000);
  if (ms % 1000 == 0) return std::to_string(ms / 1000);
  std::string text = fmt::format("{:.3f}", static_cast<double>(ms) / 1000);
  while (text.back() == '0') text.pop_back();
  return text;
}

Response Refuse(std::string_view words) { return TextResponse(400, std::string(words) + "\n"); }

std::optional<Response> RefuseMode(const Call& call) {
  if (call.limits.deletion_mode != Limits::DeletionMode::kDisabled) return std::nullopt;
  return TextResponse(403, "deletion is not available for this tenant\n");
}

}  // namespace

void DeleteApi::AddRoutes(Router* router) {
  context_.Add(router, "POST,PUT", kPath, Lane::kQuery,
               [this](const Call& call) { return Create(call); });
  context_.Add(router, "GET", kPath, Lane::kQuery, [this](const Call& call) { return List(call); });
  context_.Add(router, "DELETE", kPath, Lane::kQuery,
               [this](const Call& call) { return Cancel(call); });
}

Response DeleteApi::Create(const Call& call) {
  if (auto refusal = RefuseMode(call)) return *std::move(refusal);
  const auto text = [&call](std::string_view name) {
    return call.request.Param(name).value_or(std::string_view());
  };
  if (text("query").empty()) return Refuse("query not set");
  if (text("start").empty()) return Refuse("start time not set");
  const Result<int64_t> start = ParseDeleteTime(text("start"));
  if (!start.ok()) return Refuse("invalid start time: require unix seconds or RFC3339 format");
  const int64_t now_ns = NowNs();
  int64_t end_ns = now_ns;
  if (!text("end").empty()) {
    const Result<int64_t> end = ParseDeleteTime(text("end"));
    if (!end.ok()) return Refuse("invalid end time: require unix seconds or RFC3339 format");
    end_ns = *end;
  }
  if (end_ns > now_ns) return Refuse("deletes in the future are not allowed");
  if (*start >= end_ns) {
    return Refuse("start time can't be greater than or equal to end time");
  }
  if (!text("max_interval").empty()) {
    const Result<int64_t> interval_ns = ParseDurationNs(text("max_interval"));
    if (!interval_ns.ok() || *interval_ns <= 0) {
      return Refuse("invalid max_interval: valid time units are 's', 'm', 'h'");
    }
    if (const int64_t most_ns = call.settings->delete_max_interval_ns; *interval_ns > most_ns) {
      return Refuse("max_interval can't be greater than " + FormatDuration(most_ns));
    }
  }
  // Its end is included.
  const Result<std::string> id = requests_.Create(call.tenant, text("query"), {*start, end_ns + 1});
  if (!id.ok()) return ApiContext::Error(id.status());
  return {204, "", "", {{"X-Delete-Request-ID", *id}}};
}

Response DeleteApi::List(const Call& call) {
  if (auto refusal = RefuseMode(call)) return *std::move(refusal);
  std::string body = "[";
  for (const DeleteRequests::Request& request : requests_.List(call.tenant)) {
    if (body.size() > 1) body += ',';
    body += R"({"request_id":)";
    AppendJsonString(&body, request.id);
    body += R"(,"start_time":)" + Seconds(request.range.start_ns);
    body += R"(,"end_time":)" + Seconds(request.range.end_ns - 1);
    body += R"(,"query":)";
    AppendJsonString(&body, request.query);
    using State = DeleteRequests::Request::State;
    body += R"(,"status":")";
    body += request.state == State::kProcessed ? "processed"
            : request.state == State::kRunning ? "0% Complete"
                                               : "received";
    body += R"(","created_at":)" + Seconds(request.created_ns) + '}';
  }
  return JsonResponse(body + "]\n");
}

Response DeleteApi::Cancel(const Call& call) {
  if (auto refusal = RefuseMode(call)) return *std::move(refusal);
  const std::string_view id = call.request.Param("request_id").value_or(std::string_view());
  if (id.empty()) return Refuse("request_id is not set");
  const Result<DeleteRequests::Cancelled> cancelled = requests_.Cancel(call.tenant, id);
  if (!cancelled.ok()) return ApiContext::Error(cancelled.status());
  switch (*cancelled) {
    case DeleteRequests::Cancelled::kDone:
      return {204, "", "", {}};
    case DeleteRequests::Cancelled::kNotFound:
      return TextResponse(404, "could not find delete request with given id\n");
    case DeleteRequests::Cancelled::kTooLate:
      break;
  }
  return Refuse("deletion of request which is in process or already processed is not allowed");
}

}  // namespace glp::wire
