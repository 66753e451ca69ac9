#include "compact.h"

#include <sys/resource.h>

#include <cstdio>

#include "base/time.h"
#include "base/units.h"
#include "io/stop.h"
#include "store/folder.h"
#include "store/report.h"
#include "store/store.h"

namespace glp {
namespace {

struct Size {
  uint64_t segments = 0;
  uint64_t bytes = 0;
};
Result<Size> SizeOf(const std::string& dir, const std::string& tenant) {
  GLP_ASSIGN_OR_RETURN(std::vector<store::TenantStats> all, store::ReadStats(dir, tenant));
  Size size;
  for (const store::TenantStats& one : all) {
    size.segments += one.segments;
    size.bytes += one.disk_bytes;
  }
  return size;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return double(t.tv_sec) + double(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// To the entry. By age of the tenant alone, by size of the whole store.
Status Retain(store::Store* store, const CompactOptions& options,
              const std::optional<cli::LokiConfig>& config, store::DropReport* report) {
  store::RetentionPolicy policy = RetentionOf(options.retention, config);
  if (policy.empty()) return Status::Ok();
  if (!options.tenant.empty()) {
    if (policy.max_bytes > 0) {
      return UsageError("--max-bytes is of the whole store; leave --tenant out");
    }
    store::Retention one = policy.Of(options.tenant);
    policy = {};
    policy.tenants[options.tenant] = std::move(one);
  }
  return store->Retain(policy, NowNs(), /*exact=*/true, io::StopRequested, report);
}

std::string Segments(uint64_t count) {
  return std::to_string(count) + (count == 1 ? " segment" : " segments");
}

}  // namespace

void DescribeCompact(cli::Command& c, CompactOptions* o) {
  c.Example("glp-store compact --dir logs", "make a store that is not written to any more small");
  c.Value("--dir", "DIR", &o->dir, "the store");
  c.Completes("dir");
  c.Value("--tenant", "ID", &o->tenant, "only this tenant");
  c.DefaultText("all");
  DescribeRetention(c, &o->retention);
  DescribeConfig(c, &o->config);
}

cli::RunResult RunCompact(const CompactOptions& options, cli::Context& context) {
  GLP_ASSIGN_OR_RETURN(const auto config, ReadConfig(options.config, wire::Limits(), context));
  GLP_ASSIGN_OR_RETURN(const std::string dir, ChooseDir(options.dir, "compact", config));
  if (!options.tenant.empty()) GLP_RETURN_IF_ERROR(store::CheckTenant(options.tenant));
  GLP_RETURN_IF_ERROR(store::CheckStore(dir));
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<store::Store> store, store::Store::Open(dir));
  for (const std::string& warning : store->warnings()) {
    context.Incomplete("damaged parts", warning);
  }
  GLP_ASSIGN_OR_RETURN(const Size before, SizeOf(dir, options.tenant));
  store::MergeRequest request;
  request.tenant = options.tenant;
  request.goal = store::MergeGoal::kAll;
  request.cancelled = io::StopRequested;
  store::MergeReport report;
  store::DropReport gone;
  Status status = Retain(store.get(), options, config, &gone);
  if (status.ok()) status = store->Merge(request, &report);
  GLP_RETURN_IF_ERROR(store->Close());
  if (status.code() == Code::kCancelled) {
    context.Incomplete("stops", "stopped before the end; what is merged stays so");
  } else if (!status.ok()) {
    return status;
  }
  report.damage.insert(report.damage.end(), gone.damage.begin(), gone.damage.end());
  for (const std::string& what : report.damage) {
    context.Incomplete("damaged parts", what + "; the segment stays as it is");
  }
  GLP_ASSIGN_OR_RETURN(const Size after, SizeOf(dir, options.tenant));
  char cpu[32];
  std::snprintf(cpu, sizeof cpu, "%.1f", CpuSeconds());
  std::string said = Segments(before.segments) + ", " + FormatSize(before.bytes) + ", became " +
                     Segments(after.segments) + ", " + FormatSize(after.bytes) + ", in " + cpu +
                     " CPU seconds";
  if (report.repeats > 0) said += "; " + std::to_string(report.repeats) + " equal entries went";
  if (gone.entries > 0) {
    said += "; " + std::to_string(gone.entries) + " entries went, beyond the retention";
  }
  context.Say(report.merges == 0 && gone.segments == 0
                  ? "nothing to do: " + Segments(after.segments) + ", " + FormatSize(after.bytes)
                  : said);
  return cli::kExitOk;
}

}  // namespace glp
