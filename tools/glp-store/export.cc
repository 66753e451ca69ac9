#include "export.h"

#include <unistd.h>

#include <functional>

#include "io/output.h"
#include "io/stop.h"
#include "logql/parser.h"
#include "pack/writer.h"
#include "record/record.h"
#include "store/folder.h"
#include "store/reader.h"
#include "time_range.h"

namespace glp {
namespace {

Result<logql::ScanRequest> MakeRequest(const ExportOptions& options) {
  logql::ScanRequest request;
  request.direction = logql::Direction::kForward;
  request.cancelled = io::StopRequested;
  if (!options.selector.empty()) {
    GLP_ASSIGN_OR_RETURN(request.matchers, logql::ParseSelector(options.selector));
  }
  GLP_RETURN_IF_ERROR(ReadTimeRange(options.from, options.to, &request.range));
  return request;
}

// Gives every entry to `sink` and says what is missing. Errors: of the sink; Code::kCancelled.
Status ForEachEntry(const ExportOptions& options, cli::Context& context,
                    const std::function<Status(const logql::Entry& entry)>& sink) {
  GLP_ASSIGN_OR_RETURN(logql::ScanRequest request, MakeRequest(options));
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<logql::EntrySource> source,
                       store::OpenStore(options.dir, options.tenant));
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<logql::EntryCursor> cursor,
                       source->Scan(std::move(request)));
  std::vector<logql::Entry> batch;
  for (;;) {
    GLP_RETURN_IF_ERROR(cursor->Next(&batch));
    if (batch.empty()) break;
    if (io::StopRequested()) return Status(Code::kCancelled, "stopped");
    for (const logql::Entry& entry : batch) GLP_RETURN_IF_ERROR(sink(entry));
  }
  for (const std::string& what : cursor->stats().warnings) {
    context.Incomplete("damaged parts", what);
  }
  return Status::Ok();
}

Status WriteRecords(const ExportOptions& options, cli::Context& context) {
  io::Output out(1, "standard output");
  const Status status = ForEachEntry(options, context, [&out](const logql::Entry& entry) -> Status {
    Record record;
    record.ts_ns = entry.ts_ns;
    record.labels = entry.stream;
    record.line = Line::Bytes(entry.line);
    record.meta = entry.meta;
    AppendRecord(&out.buffer(), record);
    return out.Commit();
  });
  if (!status.ok() && status.code() != Code::kCancelled) return status;
  GLP_RETURN_IF_ERROR(out.Flush());
  return status;
}

Status WritePack(const ExportOptions& options, cli::Context& context, uint64_t* entries) {
  const bool has_folder = options.out.find('/') != std::string::npos;
  const std::string path = has_folder ? options.out : "./" + options.out;
  return store::WriteWhole(path, [&](int fd, const std::string& name) -> Status {
    pack::Writer writer(fd, name, {});
    GLP_RETURN_IF_ERROR(ForEachEntry(options, context, [&writer](const logql::Entry& entry) {
      return writer.Add(entry.stream, {entry.ts_ns, 0, entry.line, entry.meta});
    }));
    GLP_RETURN_IF_ERROR(writer.Finish());
    *entries = writer.index().entries;
    return Status::Ok();
  });
}

}  // namespace

void DescribeExport(cli::Command& c, ExportOptions* o) {
  c.Example("glp-store export --dir logs '{app=\"shop\"}' --from yesterday --to today -o shop.glp",
            "a part of a store as one file that glp-query reads");
  c.Example("glp-store export --dir logs | glp-store append --dir other", "a copy of a store");
  c.Value("--dir", "DIR", &o->dir, "the store");
  c.Completes("dir");
  c.Value("--tenant", "ID", &o->tenant, "whose logs");
  c.Value("--from", "TIME", &o->from, "only entries of this time and later, as glp-query takes it");
  c.Value("--to", "TIME", &o->to, "only entries from before this time");
  c.Value("-o,--output", "FILE", &o->out, "write a .glp file; without it, records as JSON");
  c.Completes("file");
  c.Positional("SELECTOR", &o->selector, "only streams with these labels, as '{app=\"shop\"}'");
}

cli::RunResult RunExport(const ExportOptions& options, cli::Context& context) {
  if (options.dir.empty()) return UsageError("export needs --dir DIR");
  const bool to_pack = !options.out.empty() && options.out != "-";
  uint64_t entries = 0;
  const Status status =
      to_pack ? WritePack(options, context, &entries) : WriteRecords(options, context);
  if (status.code() == Code::kCancelled) {
    context.Incomplete("stops", to_pack
                                    ? "stopped before the end; " + options.out + " was not written"
                                    : "stopped before the end");
    return cli::kExitOk;
  }
  if (!status.ok()) return status;
  if (to_pack) context.Say(std::to_string(entries) + " entries exported");
  return cli::kExitOk;
}

}  // namespace glp
