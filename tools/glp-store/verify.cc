#include "verify.h"

#include "base/units.h"
#include "io/output.h"
#include "store/repair.h"
#include "store/report.h"

namespace glp {

namespace {

cli::RunResult Repair(const std::string& dir, cli::Context& context) {
  GLP_ASSIGN_OR_RETURN(store::RepairReport report, store::RepairStore(dir));
  for (const std::string& what : report.damage) context.Incomplete("damaged parts", what);
  for (const std::string& what : report.repaired) context.Incomplete("repaired files", what);
  std::string said = std::to_string(report.segments) + " segments";
  said += report.repaired.empty() ? ": sound\n"
                                  : ", " + std::to_string(report.repaired.size()) +
                                        " files repaired, " + std::to_string(report.lost_entries) +
                                        " entries lost of those that are known of: sound now\n";
  GLP_RETURN_IF_ERROR(io::WriteAll(1, said, "standard output"));
  return cli::kExitOk;
}

}  // namespace

void DescribeVerify(cli::Command& c, VerifyOptions* o) {
  c.Example("glp-store verify --dir logs", "check a store, also one that is being written to");
  c.Example("glp-store verify --dir logs --repair",
            "make a damaged store sound; damaged files stay beside what was saved of them");
  c.Value("--dir", "DIR", &o->dir, "the store");
  c.Completes("dir");
  c.Flag("--repair", &o->repair,
         "write files with damage anew, with all that is whole; the damaged ones are kept as "
         "NAME.damaged, which the store ignores");
}

cli::RunResult RunVerify(const VerifyOptions& options, cli::Context& context) {
  if (options.dir.empty()) return UsageError("verify needs --dir DIR");
  if (options.repair) return Repair(options.dir, context);
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
