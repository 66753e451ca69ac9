#include "cli/record_sink.h"

#include "cli/end_marks.h"
#include "io/output.h"

namespace glp::cli {

void SayBadRecord(Context& context, const RecordReader& reader, const RecordReader::Item& item) {
  constexpr size_t kShown = 60;
  std::string shown(item.raw.substr(0, kShown));
  if (item.raw.size() > kShown) shown += "…";
  context.Incomplete("bad records", "record " + std::to_string(reader.line_number()) +
                                        ": bad record, passed over: " + item.why + ": " + shown);
}

Result<bool> ReadRecords(Context& context, int fd, LabelTable* labels, RecordSink* sink,
                         ReadOptions options) {
  GLP_RETURN_IF_ERROR(RefuseTerminal(context, fd));
  io::EnlargePipe(fd);
  RecordReader reader(io::MakeFdSource(fd, "standard input", false), labels);
  EndMarks end_marks;
  for (;;) {
    GLP_ASSIGN_OR_RETURN(io::ReadState state, reader.ReadBatch(options.idle_ms));
    if (state == io::ReadState::kTimeout) {
      GLP_RETURN_IF_ERROR(sink->OnIdle());
      continue;
    }
    if (state != io::ReadState::kData) {
      const bool end = state == io::ReadState::kEnd;
      if (end && options.require_end) {
        const std::string missing = end_marks.Missing();
        if (!missing.empty())
          context.Incomplete("stages that did not end", "--require-end: " + missing);
      }
      return end;
    }
    while (const RecordReader::Item* item = reader.Next()) {
      switch (item->kind) {
        case RecordReader::Item::Kind::kRecord:
          end_marks.OnRecord();
          GLP_RETURN_IF_ERROR(sink->OnRecord(item->record));
          break;
        case RecordReader::Item::Kind::kMark:
          end_marks.OnMark(item->mark);
          GLP_RETURN_IF_ERROR(sink->OnMark(item->mark));
          break;
        case RecordReader::Item::Kind::kBad:
          end_marks.OnRecord();
          SayBadRecord(context, reader, *item);
          break;
      }
    }
    GLP_RETURN_IF_ERROR(sink->OnBatchEnd());
  }
}

}  // namespace glp::cli
