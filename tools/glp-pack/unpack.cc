#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/strings.h"
#include "base/time.h"
#include "base/units.h"
#include "io/output.h"
#include "io/stop.h"
#include "options.h"
#include "pack/reader.h"
#include "record/record.h"

namespace glp::packtool {
namespace {

Status Stopped() { return Status(Code::kCancelled, "stopped before the end"); }

// Packs are read from their end: what comes through a pipe is put into an unnamed file first.
Result<io::Fd> SeekableStdin() {
  struct stat st;
  if (fstat(0, &st) != 0) return IoError("standard input", errno);
  if (S_ISREG(st.st_mode)) return io::Fd(dup(0));
  const char* folder = getenv("TMPDIR");
  std::string path = std::string(folder != nullptr ? folder : "/tmp") + "/glp-pack-XXXXXX";
  io::Fd fd(mkstemp(path.data()));
  if (!fd.valid()) return IoError("create " + path, errno);
  unlink(path.c_str());
  std::string buffer(1 << 20, '\0');
  for (;;) {
    if (io::WaitReadable(0, -1) == io::WaitState::kStopped) {
      return Stopped();
    }
    ssize_t n = read(0, buffer.data(), buffer.size());
    if (n == 0) return fd;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return IoError("read standard input", errno);
    GLP_RETURN_IF_ERROR(
        io::WriteAll(fd.get(), std::string_view(buffer).substr(0, static_cast<size_t>(n)), path));
  }
}

Result<std::unique_ptr<pack::PackFile>> OpenFile(const std::string& path, cli::Context& context) {
  if (path != "-") return pack::PackFile::Open(path);
  GLP_RETURN_IF_ERROR(cli::RefuseTerminal(context, 0));
  GLP_ASSIGN_OR_RETURN(io::Fd fd, SeekableStdin());
  return pack::PackFile::Open(std::move(fd), "standard input");
}

Status ForEachFile(const Options& options, cli::Context& context,
                   const std::function<Status(const pack::PackFile&)>& work) {
  std::vector<std::string> paths = options.files;
  if (paths.empty()) paths.push_back("-");
  for (const std::string& path : paths) {
    Result<std::unique_ptr<pack::PackFile>> file = OpenFile(path, context);
    Status status = file.ok() ? work(**file) : file.status();
    if (status.code() == Code::kCancelled) {
      context.Incomplete("files not read to their end", path + ": " + status.message());
      return Status::Ok();
    }
    GLP_RETURN_IF_ERROR(status);
  }
  return Status::Ok();
}

void SayDamage(const std::vector<std::string>& damage, cli::Context& context) {
  for (const std::string& what : damage) context.Incomplete("damaged parts", what);
}

struct StreamLine {
  uint64_t entries = 0;
  uint64_t line_bytes = 0;
  uint64_t stored_bytes = 0;
  int64_t first_ts_ns = 0;
  int64_t last_ts_ns = 0;
};

std::string Padded(const std::string& text, size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

void ListFile(const pack::PackFile& file, std::string* out) {
  const pack::Index& index = file.index();
  std::vector<StreamLine> streams(index.streams.size());
  for (const pack::BlockInfo& block : index.blocks) {
    StreamLine& s = streams[block.stream];
    s.first_ts_ns = s.entries == 0 ? block.min_ts_ns : std::min(s.first_ts_ns, block.min_ts_ns);
    s.last_ts_ns = s.entries == 0 ? block.max_ts_ns : std::max(s.last_ts_ns, block.max_ts_ns);
    s.entries += block.entries;
    s.line_bytes += block.line_bytes;
    s.stored_bytes += block.size;
  }
  out->append("   ENTRIES        TEXT      PACKED  FIRST                           LAST" +
              std::string(28, ' ') + "STREAM\n");
  for (size_t i = 0; i < streams.size(); ++i) {
    const StreamLine& s = streams[i];
    if (s.entries == 0) continue;
    Result<Labels> labels = LabelsFromJson(index.streams[i]);
    out->append(
        Padded(std::to_string(s.entries), 10) + "  " + Padded(FormatSize(s.line_bytes), 10) + "  " +
        Padded(FormatSize(s.stored_bytes), 10) + "  " + FormatTimestamp(s.first_ts_ns) + "  " +
        FormatTimestamp(s.last_ts_ns) + "  " +
        EscapeForTerminal(labels.ok() ? LabelsToSelector(*labels) : index.streams[i]) + "\n");
  }
  out->append(EscapeForTerminal(file.name()) + ": " + std::to_string(index.streams.size()) +
              " streams, " + std::to_string(index.entries) + " entries, " +
              FormatSize(index.line_bytes) + " of text in " + FormatSize(file.size_bytes()) + ", " +
              std::to_string(index.blocks.size()) + " blocks\n");
}

}  // namespace

Status Unpack(const Options& options, cli::Context& context) {
  io::Output out(1, "standard output");
  return ForEachFile(options, context, [&](const pack::PackFile& file) {
    LabelTable labels;
    std::vector<const LabelSet*> streams;
    for (const std::string& json : file.index().streams) {
      Result<const LabelSet*> set = labels.FromJson(json);
      streams.push_back(set.ok() ? *set : labels.empty());
    }
    std::vector<std::string> damage = file.damage();
    Status status = pack::ReadInArrivalOrder(
        file,
        [&](uint32_t stream, const pack::PackEntry& entry) {
          Record record;
          record.ts_ns = entry.ts_ns;
          record.labels = streams[stream];
          record.line = Line::Bytes(entry.line);
          record.meta = entry.meta;
          record.src = entry.src;
          record.extra = entry.extra;
          AppendRecord(&out.buffer(), record);
          if (io::StopRequested()) return Stopped();
          return out.Commit();
        },
        &damage);
    if (status.ok() || status.code() == Code::kCancelled) GLP_RETURN_IF_ERROR(out.Flush());
    SayDamage(damage, context);
    return status;
  });
}

Status Test(const Options& options, cli::Context& context) {
  return ForEachFile(options, context, [&](const pack::PackFile& file) {
    GLP_ASSIGN_OR_RETURN(std::vector<std::string> damage, pack::VerifyPack(file));
    SayDamage(damage, context);
    return Status::Ok();
  });
}

Status List(const Options& options, cli::Context& context) {
  io::Output out(1, "standard output");
  return ForEachFile(options, context, [&](const pack::PackFile& file) {
    ListFile(file, &out.buffer());
    SayDamage(file.damage(), context);
    return out.Flush();
  });
}

}  // namespace glp::packtool
