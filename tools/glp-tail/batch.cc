#include "batch.h"

#include "io/stop.h"
#include "source_file.h"

namespace glp::tail {
namespace {

// Large enough that a call of the kernel costs nothing, small enough for the second-level cache.
constexpr size_t kBlockBytes = 256 << 10;

// What the file has; its errors are returned, those of stdout stay in the writer.
Status ReadWhole(SourceFile& file, ReadBlock& block, RecordWriter& writer) {
  while (writer.status().ok()) {
    if (io::StopRequested()) {
      // A line that a stop cut in two is not a last line.
      if (file.AtEnd()) file.Finish(writer);
      return Status::Ok();
    }
    auto progress = file.Read(block, writer);
    if (!progress.ok()) {
      file.Finish(writer);
      // A stop in the middle of compressed input looks like its end.
      return io::StopRequested() ? Status::Ok() : progress.status();
    }
    if (*progress != SourceFile::Progress::kMore) {
      file.Finish(writer);
      return Status::Ok();
    }
  }
  return Status::Ok();
}

}  // namespace

bool SayFileError(cli::Context& context, const Status& status) {
  if (status.code() == Code::kData) {
    context.Incomplete("damaged files", status.message());
    return true;
  }
  context.Say(status.message());
  return false;
}

Result<bool> ReadAll(cli::Context& context, const PathSet& paths, RecordWriter& writer) {
  bool all_well = true;
  ReadBlock block(kBlockBytes);
  for (const Found& found : paths.Find()) {
    if (io::StopRequested()) break;
    switch (found.kind) {
      case Found::Kind::kNothing:
        all_well = SayFileError(context, {Code::kIo, found.path + ": no file matches"});
        continue;
      case Found::Kind::kUnreadable:
        all_well = SayFileError(context, IoError(found.path, found.error));
        continue;
      case Found::Kind::kFile:
      case Found::Kind::kStdin:
        break;
    }
    int error = 0;
    auto file =
        found.kind == Found::Kind::kStdin
            ? SourceFile::Stdin(OptionsOf(found.target))
            : SourceFile::Open(found.path, OptionsOf(found.target), false, found.named, &error);
    Status status = file.ok() ? ReadWhole(**file, block, writer) : file.status();
    if (!status.ok() && !SayFileError(context, status)) all_well = false;
    GLP_RETURN_IF_ERROR(writer.status());
  }
  return all_well;
}

}  // namespace glp::tail
