#include "batch.h"

#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "io/stop.h"
#include "missed.h"
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

Result<bool> ReadAll(cli::Context& context, const PathSet& paths, KnownFiles& known,
                     RecordWriter& writer) {
  bool all_well = true;
  ReadBlock block(kBlockBytes);
  auto read = [&](Result<std::unique_ptr<SourceFile>> file) {
    Status status = file.ok() ? ReadWhole(**file, block, writer) : file.status();
    if (!status.ok() && !SayFileError(context, status)) all_well = false;
    return writer.status();
  };
  int error = 0;
  std::vector<Found> all = paths.Find();
  std::set<std::pair<uint64_t, uint64_t>> found_inodes;
  std::vector<ToSearch> to_search = SurveyStart(known, all);
  AddNotFound(known, paths, all, &to_search);
  if (!to_search.empty()) {
    for (const Found& found : all) {
      auto state = io::LookAtPath(found.path);
      if (state.ok()) found_inodes.emplace(state->identity.device, state->identity.inode);
    }
  }
  MissedSearch search(known, [&](const io::FileState& state) {
    return found_inodes.count({state.identity.device, state.identity.inode}) > 0;
  });
  for (const ToSearch& one : to_search) {
    for (auto& file : search.Open(one.path, OptionsOf(one.target), one.since, nullptr, &writer)) {
      if (io::StopRequested()) break;
      GLP_RETURN_IF_ERROR(read(std::move(file)));
    }
  }
  for (const Found& found : all) {
    if (io::StopRequested()) break;
    switch (found.kind) {
      case Found::Kind::kNothing:
        all_well = SayFileError(context, {Code::kIo, found.path + ": no file matches"});
        break;
      case Found::Kind::kUnreadable:
        all_well = SayFileError(context, IoError(found.path, found.error));
        break;
      case Found::Kind::kFile:
        GLP_RETURN_IF_ERROR(read(SourceFile::Open(
            {found.path, {}, OptionsOf(found.target), false, found.named}, known, &error)));
        break;
      case Found::Kind::kStdin:
        GLP_RETURN_IF_ERROR(read(SourceFile::Stdin(OptionsOf(found.target), known)));
    }
  }
  return all_well;
}

}  // namespace glp::tail
