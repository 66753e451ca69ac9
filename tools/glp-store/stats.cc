#include "stats.h"

#include <algorithm>
#include <cstdio>

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

void AppendParts(std::string* out, const pack::Anatomy& anatomy) {
  out->append(",\"by_column\":{");
  for (size_t i = 0; i < pack::kParts; ++i) {
    const pack::Anatomy::Share& share = anatomy.parts[i];
    if (share.count == 0) continue;
    if (out->back() != '{') out->push_back(',');
    AppendJsonString(out, NameOf(static_cast<pack::Part>(i)));
    out->append(":{\"disk_bytes\":" + std::to_string(share.stored_bytes));
    AppendNumber(out, "count", share.count);
    out->push_back('}');
  }
  out->push_back('}');
}

void AppendSegments(std::string* out, const std::vector<store::SegmentStats>& segments) {
  out->append(",\"by_segment\":[");
  for (const store::SegmentStats& segment : segments) {
    if (out->back() != '[') out->push_back(',');
    out->append("{\"segment\":");
    AppendJsonString(out, segment.name);
    AppendNumber(out, "streams", segment.streams);
    AppendNumber(out, "blocks", segment.blocks);
    AppendCounts(out, segment);
    AppendNumber(out, "disk_bytes", segment.stored_bytes);
    out->push_back('}');
  }
  out->push_back(']');
}

std::string ToJson(const std::vector<store::TenantStats>& all, const std::string& by) {
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
    AppendNumber(&out, "log_bytes", tenant.log_bytes);
    AppendNumber(&out, "catalogue_bytes", tenant.catalogue_bytes);
    if (tenant.anatomy) AppendParts(&out, *tenant.anatomy);
    if (by == "segment") AppendSegments(&out, tenant.by_segment);
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

constexpr std::string_view kCountsHead =
    "   ENTRIES        TEXT     ON DISK  FIRST                           LAST";

template <typename T>
void AppendCountsRow(std::string* out, const T& stats, const std::string& name) {
  out->append(Padded(std::to_string(stats.entries), 10) + "  " +
              Padded(FormatSize(stats.line_bytes), 10) + "  " +
              Padded(FormatSize(stats.stored_bytes), 10) + "  " +
              FormatTimestamp(stats.first_ts_ns) + "  " + FormatTimestamp(stats.last_ts_ns) + "  " +
              name + "\n");
}

void AppendStreamTable(std::string* out, const store::TenantStats& tenant) {
  if (tenant.streams.empty()) return;
  out->append(std::string(kCountsHead) + std::string(28, ' ') + "STREAM\n");
  for (const store::StreamStats& stream : tenant.streams) {
    Result<Labels> labels = LabelsFromJson(stream.labels_json);
    AppendCountsRow(
        out, stream,
        EscapeForTerminal(labels.ok() ? LabelsToSelector(*labels) : stream.labels_json));
  }
}

void AppendSegmentTable(std::string* out, const store::TenantStats& tenant) {
  if (tenant.by_segment.empty()) return;
  out->append("   STREAMS      BLOCKS  " + std::string(kCountsHead) + std::string(28, ' ') +
              "SEGMENT\n");
  for (const store::SegmentStats& segment : tenant.by_segment) {
    out->append(Padded(std::to_string(segment.streams), 10) + "  " +
                Padded(std::to_string(segment.blocks), 10) + "  ");
    AppendCountsRow(out, segment, segment.name);
  }
}

void AppendPartRow(std::string* out, uint64_t bytes, uint64_t total, uint64_t count,
                   std::string_view name) {
  char share[16];
  std::snprintf(
      share, sizeof share, "%5.1f %%",
      100.0 * static_cast<double>(bytes) / static_cast<double>(std::max<uint64_t>(1, total)));
  out->append(Padded(std::to_string(bytes), 14) + "  " + share + "  " +
              Padded(std::to_string(count), 10) + "  " + std::string(name) + "\n");
}

void AppendColumnTable(std::string* out, const store::TenantStats& tenant) {
  if (tenant.disk_bytes == 0) return;
  out->append("         BYTES    SHARE       COUNT  PART\n");
  const auto row = [&](uint64_t bytes, uint64_t count, std::string_view name) {
    if (count > 0) AppendPartRow(out, bytes, tenant.disk_bytes, count, name);
  };
  for (size_t i = 0; i < pack::kParts; ++i) {
    const pack::Anatomy::Share& share = tenant.anatomy->parts[i];
    row(share.stored_bytes, share.count, NameOf(static_cast<pack::Part>(i)));
  }
  row(tenant.log_bytes, tenant.logs, "logs");
  row(tenant.catalogue_bytes, tenant.catalogue_bytes > 0 ? 1 : 0, "catalogue");
}

std::string ToText(const std::vector<store::TenantStats>& all, const std::string& by) {
  std::string out;
  for (const store::TenantStats& tenant : all) {
    if (by == "stream") AppendStreamTable(&out, tenant);
    if (by == "segment") AppendSegmentTable(&out, tenant);
    if (by == "column") AppendColumnTable(&out, tenant);
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
  c.Example("glp-store stats --dir logs --by column", "what the bytes on the disk are for");
  c.Example("glp-store stats --dir logs --json | jq '.tenants[].entries'", "for programs");
  c.Value("--dir", "DIR", &o->dir, "the store");
  c.Completes("dir");
  c.Value("--tenant", "ID", &o->tenant, "only this tenant");
  c.DefaultText("all");
  c.Flag("--json", &o->json, "print one JSON object, streams included");
  c.Choice("--by", {"column", "segment", "stream"}, &o->by,
           "print a line for each: what the format keeps apart, file, or stream");
  c.Flag("-v,--verbose", &o->verbose, "the same as --by stream");
}

cli::RunResult RunStats(const StatsOptions& options, cli::Context& context) {
  if (options.dir.empty()) return UsageError("stats needs --dir DIR");
  if (options.verbose && !options.by.empty() && options.by != "stream") {
    return UsageError("-v is --by stream, and --by " + options.by + " was given, too");
  }
  const std::string by = options.verbose ? "stream" : options.by;
  GLP_ASSIGN_OR_RETURN(std::vector<store::TenantStats> all,
                       store::ReadStats(options.dir, options.tenant, by == "column"));
  GLP_RETURN_IF_ERROR(
      io::WriteAll(1, options.json ? ToJson(all, by) : ToText(all, by), "standard output"));
  for (const store::TenantStats& tenant : all) {
    for (const std::string& what : tenant.damage) context.Incomplete("damaged parts", what);
  }
  return cli::kExitOk;
}

}  // namespace glp
