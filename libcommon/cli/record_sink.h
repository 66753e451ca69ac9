// The loop of every tool that reads records and takes them somewhere else than stdout (a store, a
// pack, a server): bad records counted and shown, idle times told.
// Threads: one at a time.
#pragma once

#include "cli/main.h"
#include "record/reader.h"

namespace glp::cli {

class RecordSink {
 public:
  virtual ~RecordSink() = default;
  // Views in `record` are good until OnBatchEnd has returned.
  virtual Status OnRecord(const Record& record) = 0;
  virtual Status OnMark(const Mark&) { return Status::Ok(); }
  // All records read so far were given.
  virtual Status OnBatchEnd() { return Status::Ok(); }
  // Nothing came for `idle_ms`.
  virtual Status OnIdle() { return Status::Ok(); }
};

struct ReadOptions {
  int idle_ms = -1;          // < 0: OnIdle is never called
  bool require_end = false;  // a stage in front that died makes the run incomplete
};

// Reads `fd` to its end (true) or until a stop is asked for (false).
// Errors: I/O and what the sink returns. Bad records make the run incomplete, not an error.
Result<bool> ReadRecords(Context& context, int fd, LabelTable* labels, RecordSink* sink,
                         ReadOptions options);

// One bad record, in the words all tools use.
void SayBadRecord(Context& context, const RecordReader& reader, const RecordReader::Item& item);

}  // namespace glp::cli
