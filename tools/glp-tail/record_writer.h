// Lines to records on stdout, fast: what is the same for all lines of a file is made once, the time
// is counted on in its text, the line is escaped straight into the output buffer, and whether the
// bytes are UTF-8 is asked once a block.
// Lifetime: frames and lines are used during the call only.
// Threads:  one at a time.
// Errors:   sticky: the first failed write is kept in status(), later calls do nothing.
//           Code::kClosed where the reader of stdout is gone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "record/record.h"

namespace glp::tail {

class ReadMetrics;

// What all records of one file share.
class RecordFrame {
 public:
  // `labels_json`: {"a":"x"}, as records write it. Without an id records have no src.
  explicit RecordFrame(std::string_view labels_json);
  void SetId(std::string_view id);
  const std::string& id() const { return id_; }
  // "ID@offset", for marks. REQUIRES: SetId was called.
  std::string Src(uint64_t offset) const;

 private:
  friend class RecordWriter;
  std::string head_;  // {"ts":"<time to come>","labels":{…},"line":"
  std::string tail_;  // ","src":"ID@
  std::string id_;
};

// What few records carry besides.
struct RecordNotes {
  std::string_view meta;              // raw JSON object, or ""
  uint64_t pos = Record::kPosIsNext;  // Record::pos
  bool binary = false;                // line64, even where the bytes happen to be UTF-8
};

class RecordWriter {
 public:
  // Bytes that must be readable behind every line and block given.
  static constexpr size_t kPadding = 16;

  explicit RecordWriter(int fd);

  // Time of the lines to come; they get it and the nanoseconds behind it, strictly rising.
  void SetTime(int64_t now_ns);
  // `lines`: whole lines, each ended by '\n'. `offset`: where they begin in the file.
  void WriteLines(const RecordFrame& frame, std::string_view lines, uint64_t offset);
  // One line without its end. `next`: the offset just behind it and its end.
  void WriteLine(const RecordFrame& frame, std::string_view line, uint64_t next);
  void WriteLine(const RecordFrame& frame, std::string_view line, uint64_t next,
                 const RecordNotes& notes);
  // A whole mark with its '\n' (record/record.h makes them).
  void WriteMark(std::string_view mark) { WriteText(mark); }

  // For --metrics; null without.
  void SetMetrics(ReadMetrics* metrics) { metrics_ = metrics; }
  ReadMetrics* metrics() const { return metrics_; }

  const Status& Flush();
  const Status& status() const { return status_; }
  bool empty() const { return used_ == 0; }
  uint64_t lines() const { return lines_; }

 private:
  void WriteChecked(const RecordFrame& frame, std::string_view line, uint64_t next, bool utf8);
  // `tail`: all that follows the line.
  void WriteLong(const RecordFrame& frame, std::string_view line, bool utf8, std::string_view tail);
  void WriteText(std::string_view text);
  char* PutHead(char* out, const std::string& head) const;
  char* PutTail(char* out, const RecordFrame& frame, uint64_t next) const;
  void CountTimeOn();
  // Room for `size` bytes, by writing out what is there. REQUIRES: size ≤ kCapacity.
  char* Reserve(size_t size);
  void Advance(const char* end);

  static constexpr size_t kFlushBytes = 256 << 10;
  static constexpr size_t kCapacity = 1 << 20;

  int fd_;
  ReadMetrics* metrics_ = nullptr;
  std::unique_ptr<char[]> buffer_;
  size_t used_ = 0;
  int64_t ts_ns_ = 0;  // of the next line
  char ts_text_[kTimestampSize];
  std::string long_head_;
  uint64_t lines_ = 0;
  Status status_;
};

}  // namespace glp::tail
