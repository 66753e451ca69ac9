#include "stats.h"

#include <algorithm>

#include "base/json_text.h"
#include "base/strings.h"
#include "base/time.h"
#include "base/units.h"
#include "io/output.h"
#include "record/labels.h"
#include "store/report.h"

namespace glp {
namespace {

void AppendNumber(std::string* out, std::string_view name, uint64_t value) {
  out->append(",\"" + std::string(name) + "\":" + std::to_string(value));
}

template <typename T>
void AppendCounts(std::string* out, const T& stats) {
  AppendNumber(out, "entries", stats.entries);
  AppendNumber(out, "text_bytes", stats.line_bytes);
  if (stats.entries == 0) return;
  out->append(",\"first\":\"" + FormatTimestamp(stats.first_ts_ns) + "\",\"last\":\"" +
              FormatTimestamp(stats.last_ts_ns) + "\"");
}

std::string ToJson(const std::vector<store::TenantStats>& all) {
  std::string out = "{\"tenants\":[";
  for (const store::TenantStats& tenant : all) {
    if (out.back() != '[') out.push_back(',');
    out.append("{\"tenant\":");
    AppendJsonString(&out, tenant.tenant);
    AppendNumber(&out, "streams", tenant.streams.size());
    AppendCounts(&out, tenant);
    AppendNumber(&out, "disk_bytes", tenant.disk_bytes);
    AppendNumber(&out, "segments", tenant.segments);
    AppendNumber(&out, "logs", tenant.logs);
    out.append(",\"by_stream\":[");
    for (const store::StreamStats& stream : tenant.streams) {
      if (out.back() != '[') out.push_back(',');
      out.append("{\"labels\":" + stream.labels_json);
      AppendCounts(&out, stream);
      AppendNumber(&out, "disk_bytes", stream.stored_bytes);
      out.push_back('}');
    }
    out.append("]}");
  }
  return out + "]}\n";
}

std::string Padded(const std::string& text, size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

void AppendTable(std::string* out, const store::TenantStats& tenant) {
  out->append("   ENTRIES        TEXT     ON DISK  FIRST                           LAST" +
              std::string(28, ' ') + "STREAM\n");
  for (const store::StreamStats& stream : tenant.streams) {
    Result<Labels> labels = LabelsFromJson(stream.labels_json);
    out->append(
        Padded(std::to_string(stream.entries), 10) + "  " +
        Padded(FormatSize(stream.line_bytes), 10) + "  " +
        Padded(FormatSize(stream.stored_bytes), 10) + "  " + FormatTimestamp(stream.first_ts_ns) +
        "  " + FormatTimestamp(stream.last_ts_ns) + "  " +
        EscapeForTerminal(labels.ok() ? LabelsToSelector(*labels) : stream.labels_json) + "\n");
  }
}

std::string ToText(const std::vector<store::TenantStats>& all, bool verbose) {
  std::string out;
  for (const store::TenantStats& tenant : all) {
    if (verbose && !tenant.streams.empty()) AppendTable(&out, tenant);
    out.append("tenant " + tenant.tenant + ": " + std::to_string(tenant.streams.size()) +
               " streams, " + std::to_string(tenant.entries) + " entries, " +
               FormatSize(tenant.line_bytes) + " of text in " + FormatSize(tenant.disk_bytes) +
               " on disk (" + std::to_string(tenant.segments) + " segments, " +
               std::to_string(tenant.logs) + " logs)");
    if (tenant.entries > 0) {
      out.append(", " + FormatTimestamp(tenant.first_ts_ns) + " to " +
                 FormatTimestamp(tenant.last_ts_ns));
    }
    out.push_back('\n');
  }
  return out.empty() ? "nothing in it\n" : out;
}

}  // namespace

void DescribeStats(cli::Command& c, StatsOptions* o) {
  c.Example("glp-store stats --dir logs -v", "how much each stream holds");
  c.Example("glp-store stats --dir logs --json | jq '.tenants[].entries'", "for programs");
  c.Value("--dir", "DIR", &o->dir, "the store");
  c.Completes("dir");
  c.Value("--tenant", "ID", &o->tenant, "only this tenant");
  c.DefaultText("all");
  c.Flag("--json", &o->json, "print one JSON object, streams included");
  c.Flag("-v,--verbose", &o->verbose, "print a line for each stream");
}

cli::RunResult RunStats(const StatsOptions& options, cli::Context& context) {
  if (options.dir.empty()) return UsageError("stats needs --dir DIR");
  GLP_ASSIGN_OR_RETURN(std::vector<store::TenantStats> all,
                       store::ReadStats(options.dir, options.tenant));
  GLP_RETURN_IF_ERROR(io::WriteAll(1, options.json ? ToJson(all) : ToText(all, options.verbose),
                                   "standard output"));
  for (const store::TenantStats& tenant : all) {
    for (const std::string& what : tenant.damage) context.Incomplete("damaged parts", what);
  }
  return cli::kExitOk;
}

}  // namespace glp
