#include "wire/loki_limits.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/time.h"
#include "logql/expr.h"
#include "logql/format.h"
#include "wire/loki_json.h"
#include "wire/utf8.h"

namespace glp::wire {
namespace {

// Names of limits_config with their values as JSON, which is YAML, too.
using Values = std::vector<std::pair<std::string_view, std::string>>;

std::string Bool(bool value) { return value ? "true" : "false"; }
std::string Time(int64_t ns) { return '"' + logql::FormatPrometheusDuration(ns) + '"'; }
std::string Text(std::string_view text) {
  std::string out;
  AppendJsonLossy(&out, text);
  return out;
}
std::string Strings(const std::vector<std::string>& strings) {
  std::string out;
  AppendStrings(&out, strings);
  return out;
}

std::string Rules(const store::Retention& retention) {
  std::string out = "[";
  for (const store::RetentionRule& rule : retention.rules) {
    if (out.size() > 1) out += ", ";
    out += R"({"selector": )";
    AppendJsonLossy(&out, logql::ToString(rule.matchers));
    out += fmt::format(R"(, "priority": {}, "period": {}}})", rule.priority, Time(rule.period_ns));
  }
  return out + ']';
}

// What clients shape their queries by.
Values OfQueries(const Limits& limits, const store::Retention& retention) {
  return {
      {"discover_log_levels", Bool(limits.discover_log_levels)},
      {"discover_service_name", Strings(limits.discover_service_name)},
      {"log_level_fields", Strings(limits.log_level_fields)},
      {"max_entries_limit_per_query", std::to_string(limits.max_entries_limit_per_query)},
      {"max_line_size_truncate", Bool(limits.max_line_size_truncate)},
      {"max_query_bytes_read", std::to_string(limits.max_query_bytes_read)},
      {"max_query_length", Time(limits.max_query_length_ns)},
      {"max_query_lookback", Time(limits.max_query_lookback_ns)},
      {"max_query_range", Time(limits.max_query_range_ns)},
      {"max_query_series", std::to_string(limits.max_query_series)},
      {"metric_aggregation_enabled", "false"},
      {"pattern_persistence_enabled", "false"},
      {"query_timeout", Time(limits.query_timeout_ns)},
      {"retention_period", Time(retention.period_ns)},
      {"volume_enabled", Bool(limits.volume_enabled)},
      {"volume_max_series", std::to_string(limits.volume_max_series)},
  };
}

Values All(const Limits& limits, const store::Retention& retention) {
  constexpr std::string_view kModes[] = {"disabled", "filter-only", "filter-and-delete"};
  Values values = OfQueries(limits, retention);
  const Values others = {
      {"allow_structured_metadata", Bool(limits.allow_structured_metadata)},
      {"block_ingestion_status_code", std::to_string(limits.block_ingestion_status_code)},
      {"block_ingestion_until", '"' +
                                    (limits.block_ingestion_until_ns == 0
                                         ? "0"
                                         : FormatTimestamp(limits.block_ingestion_until_ns)) +
                                    '"'},
      {"creation_grace_period", Time(limits.creation_grace_period_ns)},
      {"deletion_mode", '"' + std::string(kModes[static_cast<size_t>(limits.deletion_mode)]) + '"'},
      {"enforced_labels", Strings(limits.enforced_labels)},
      {"increment_duplicate_timestamp", Bool(limits.increment_duplicate_timestamp)},
      {"ingestion_burst_size_mb", fmt::format("{}", limits.ingestion_burst_size_mb)},
      {"ingestion_rate_mb", fmt::format("{}", limits.ingestion_rate_mb)},
      {"max_concurrent_tail_requests", std::to_string(limits.max_concurrent_tail_requests)},
      {"log_level_from_json_max_depth", std::to_string(limits.log_level_from_json_max_depth)},
      {"max_label_name_length", std::to_string(limits.max_label_name_length)},
      {"max_label_names_per_series", std::to_string(limits.max_label_names_per_series)},
      {"max_label_value_length", std::to_string(limits.max_label_value_length)},
      {"max_line_size", std::to_string(limits.max_line_size)},
      {"max_line_size_truncate_identifier", Text(limits.max_line_size_truncate_identifier)},
      {"max_streams_matchers_per_query", std::to_string(limits.max_streams_matchers_per_query)},
      {"max_streams_per_user", std::to_string(limits.max_streams_per_user)},
      {"max_structured_metadata_entries_count",
       std::to_string(limits.max_structured_metadata_entries_count)},
      {"max_structured_metadata_size", std::to_string(limits.max_structured_metadata_size)},
      {"minimum_labels_number", std::to_string(limits.minimum_labels_number)},
      {"per_stream_rate_limit", std::to_string(limits.per_stream_rate_limit)},
      {"per_stream_rate_limit_burst", std::to_string(limits.per_stream_rate_limit_burst)},
      {"reject_old_samples", Bool(limits.reject_old_samples_max_age_ns > 0)},
      {"reject_old_samples_max_age", Time(limits.reject_old_samples_max_age_ns)},
      {"required_labels", Strings(limits.required_labels)},
      {"retention_stream", Rules(retention)},
      {"unordered_writes", Bool(limits.unordered_writes)},
  };
  values.insert(values.end(), others.begin(), others.end());
  return values;
}

void AppendLimits(const Limits& limits, const store::Retention& retention, std::string_view indent,
                  std::string* text) {
  for (const auto& [name, value] : All(limits, retention)) {
    *text += fmt::format("{}{}: {}\n", indent, name, value);
  }
}

// "a.b" and "a.c" as a mapping of `a`; names of one mapping stand together.
void AppendNested(const std::vector<std::pair<std::string, std::string>>& values,
                  std::string* text) {
  std::vector<std::string_view> open;
  for (const auto& [name, value] : values) {
    const std::vector<std::string_view> parts = Split(name, '.');
    size_t same = 0;
    while (same < open.size() && same + 1 < parts.size() && open[same] == parts[same]) ++same;
    open.resize(same);
    for (; same + 1 < parts.size(); ++same) {
      *text += fmt::format("{:{}}{}:\n", "", same * 2, parts[same]);
      open.push_back(parts[same]);
    }
    *text += fmt::format("{:{}}{}: {}\n", "", same * 2, parts.back(), value);
  }
}

// The tenants that have limits or a retention of their own.
std::string Overrides(const ApiSettings& settings) {
  std::vector<std::string> tenants;
  for (const auto& [tenant, limits] : settings.tenant_limits) tenants.push_back(tenant);
  std::string text = tenants.empty() ? "overrides: {}\n" : "overrides:\n";
  for (const std::string& tenant : tenants) {
    text += "  " + Text(tenant) + ":\n";
    AppendLimits(settings.LimitsOf(tenant), settings.retention.Of(tenant), "    ", &text);
  }
  return text;
}

}  // namespace

void LimitsApi::AddRoutes(Router* router) {
  context_.Add(router, "GET", "/config/tenant/v1/limits", Lane::kControl, [](const Call& call) {
    std::string text;
    AppendLimits(call.limits, call.settings->retention.Of(call.tenant), "", &text);
    return TextResponse(200, std::move(text));
  });
  context_.AddForServer(router, "GET", "/config", Lane::kControl, [this](const Request&) {
    const auto settings = context_.settings();
    std::string text = "target: all\n";
    text += fmt::format("auth_enabled: {}\n", settings->access.tenants);
    AppendNested(settings->shown, &text);
    text += "limits_config:\n";
    AppendLimits(settings->limits, settings->retention.all, "  ", &text);
    return TextResponse(200, std::move(text));
  });
  context_.AddForServer(router, "GET", "/runtime_config", Lane::kControl, [this](const Request&) {
    return TextResponse(200, Overrides(*context_.settings()));
  });
  context_.Add(router, "GET", "/loki/api/v1/drilldown-limits", Lane::kControl,
               [](const Call& call) {
                 std::string body = R"({"limits":{)";
                 for (const auto& [name, value] :
                      OfQueries(call.limits, call.settings->retention.Of(call.tenant))) {
                   if (body.back() != '{') body += ',';
                   body += fmt::format("\"{}\":{}", name, value);
                 }
                 body += R"(},"pattern_ingester_enabled":true,"version":)";
                 AppendJsonLossy(&body, GLP_VERSION);
                 return JsonResponse(body + "}");
               });
}

}  // namespace glp::wire
