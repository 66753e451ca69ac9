// The loop of every tool that reads records on stdin and writes records on stdout: bad records
// counted and shown, marks passed on in order, positions told for dropped lines, output flushed in
// big blocks but never held back longer than 100 ms, the tool's own end mark, the exit code.
//
//   cli::RecordPipe pipe(context);
//   GLP_RETURN_IF_ERROR(pipe.Run(&my_handler));
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "cli/main.h"
#include "io/output.h"
#include "record/reader.h"

namespace glp::cli {

class RecordPipe;

// What a tool does with each record. Views in `record` are good until the batch ends.
class RecordHandler {
 public:
  virtual ~RecordHandler() = default;
  // Calls pipe.Emit, pipe.Drop, or neither (a record held back: emitted or dropped later).
  virtual Status OnRecord(Record& record, RecordPipe& pipe) = 0;
  // A mark, before it is passed on; a handler that holds records of this file back may want to
  // let them go first.
  virtual Status OnMark(const Mark&, RecordPipe&) { return Status::Ok(); }
  // All records of the batch were seen; views into it are about to go.
  virtual Status OnBatchEnd(RecordPipe&) { return Status::Ok(); }
  // When OnTime is to be called (SteadyNs). Time counts only while there is nothing to read: what
  // waits in the pipe, because this tool was held up, is not late.
  virtual int64_t deadline_ns() const { return INT64_MAX; }
  virtual Status OnTime(RecordPipe&) { return Status::Ok(); }
  // No more input.
  virtual Status OnEnd(RecordPipe&) { return Status::Ok(); }
};

class RecordPipe {
 public:
  struct Options {
    bool line_buffered = false;
    int in_fd = 0;
    int out_fd = 1;
  };
  RecordPipe(Context& context, Options options);
  explicit RecordPipe(Context& context) : RecordPipe(context, Options()) {}
  ~RecordPipe();

  // Reads to the end. Errors: I/O; Code::kClosed where the reader of stdout is gone.
  Status Run(RecordHandler* handler);
  // Ends Run as if the input had ended (glp-filter -m).
  void Stop() { stop_ = true; }

  // Writes the record as its parts say.
  void Emit(const Record& record);
  // Writes the record's bytes as read. REQUIRES: record.raw is set.
  void EmitRaw(const Record& record);
  // The record goes no further. `reason` is counted for the end mark; the position of its file
  // is told by a pos mark before the next flush, the first time before its next record.
  void Drop(const Record& record, std::string_view reason);
  // The record was looked at only and is left as unread: it does not count.
  void LeaveUnread() { --in_; }
  // From OnMark: the mark goes no further (a position that would pass a record held back).
  void WithholdMark() { withhold_mark_ = true; }
  // Writes what there is and returns after `ns`, or as soon as the process is to stop.
  void Wait(int64_t ns);
  // Output that is not records (glp-filter -c); no marks are written when this is on.
  void SetPlainOutput(bool plain) { plain_ = plain; }
  std::string& buffer() { return out_.buffer(); }
  // What this tool's end mark says besides its counts, a key and JSON: ("redacted", {"email":2}).
  void AddToEndMark(std::string_view key, std::string_view json);

  LabelTable& labels() { return labels_; }
  uint64_t in() const { return in_; }
  uint64_t emitted() const { return emitted_; }

 private:
  void Settle(const Record& record, bool dropped);
  void TellPositions();
  Result<io::ReadState> ReadBatch(RecordHandler* handler);
  Status RunBatch(RecordHandler* handler);
  void WriteMark(const Mark& mark);
  void WriteEndMark();

  Context& context_;
  Options options_;
  LabelTable labels_;
  RecordReader reader_;
  io::Output out_;
  bool stop_ = false;
  bool plain_ = false;
  uint64_t in_ = 0, emitted_ = 0;
  std::map<std::string, uint64_t, std::less<>> dropped_;
  bool withhold_mark_ = false;
  std::string end_mark_extra_;
  // A file of which lines were dropped.
  struct Dropped {
    uint64_t next = 0;  // position of the newest that no emitted line covers yet, 0 for none
    bool told = false;  // by a mark, once at least: sinks want to know that lines are missing
  };
  void Tell(const std::string& id, Dropped* file);
  StringMap<Dropped> files_;
  StringMap<Dropped>::iterator last_file_;
  std::vector<StringMap<Dropped>::value_type*> untold_;  // of files_: whose next may not be 0
};

}  // namespace glp::cli
