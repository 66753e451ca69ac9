#include "verify.h"

#include "base/units.h"
#include "io/output.h"
#include "store/report.h"

namespace glp {

void DescribeVerify(cli::Command& c, VerifyOptions* o) {
  c.Example("glp-store verify --dir logs", "check a store, also one that is being written to");
  c.Value("--dir", "DIR", &o->dir, "the store");
  c.Completes("dir");
}

cli::RunResult RunVerify(const VerifyOptions& options, cli::Context& context) {
  if (options.dir.empty()) return UsageError("verify needs --dir DIR");
  GLP_ASSIGN_OR_RETURN(store::VerifyReport report, store::VerifyStore(options.dir));
  for (const std::string& what : report.damage) context.Incomplete("damaged parts", what);
  GLP_RETURN_IF_ERROR(io::WriteAll(
      1,
      std::to_string(report.segments) + " segments, " + std::to_string(report.logs) + " logs, " +
          std::to_string(report.entries) + " entries, " + FormatSize(report.disk_bytes) +
          (report.damage.empty() ? ": sound\n" : ": damaged\n"),
      "standard output"));
  return cli::kExitOk;
}

}  // namespace glp
