// A record: one log line with its time, stream and what is known about it, as it travels through
// the pipe (DESIGN.md section 2), held as views into the batch it was read from.
// Lifetime: views are good until the reader's next batch, or as long as whoever set them promises.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "record/labels.h"

namespace glp {

// The log line as it stands in memory.
struct Line {
  enum class Form : uint8_t {
    kBytes,   // the bytes of the line themselves, any bytes
    kPlain,   // valid UTF-8 in which JSON escapes nothing: bytes and JSON text alike
    kJson,    // inside of a JSON string with escapes, checked to be valid
    kBase64,  // inside of a `line64`, checked to be valid
  };
  std::string_view text;
  Form form = Form::kBytes;

  static Line Bytes(std::string_view bytes) { return {bytes, Form::kBytes}; }
  // The bytes of the line. `scratch` is overwritten where decoding needs room; the view is then
  // into it, else into `text`.
  std::string_view Decode(std::string* scratch) const;
};

struct Record {
  std::string_view raw;  // the whole JSON line as read, without '\n'; empty for a record made here
  int64_t ts_ns = 0;
  const LabelSet* labels = nullptr;
  Line line;
  std::string_view meta;    // raw JSON object of strings, "" where there is none
  std::string_view fields;  // the same
  std::string_view src;     // raw inside of the JSON string "ID@NEXT", "" where there is none
  // Once this record is delivered, its file is dealt with up to here (bytes). Without a value that
  // is NEXT of src; it is less where lines in front of it are still held back somewhere, and more
  // where lines behind it were delivered before. Key `pos`, a number, written behind `src`.
  static constexpr uint64_t kPosIsNext = UINT64_MAX;
  uint64_t pos = kPosIsNext;
  std::string_view extra;  // unknown keys as `,"k":v,"k2":v2`, passed through
};

// The two parts of a src; id is "" where the text has no '@' with a number behind.
struct Source {
  std::string_view id;
  uint64_t next = 0;  // bytes
};
Source ParseSource(std::string_view src);
// The src with the position in place of NEXT: how far the file is dealt with.
inline Source DealtWith(const Record& record) {
  Source source = ParseSource(record.src);
  if (record.pos != Record::kPosIsNext) source.next = record.pos;
  return source;
}

// A mark: a message of the pipe between the records.
struct Mark {
  enum class Kind : uint8_t { kFile, kPos, kGap, kEnd, kOther };
  Kind kind = Kind::kOther;
  std::string_view raw;  // the whole JSON line without '\n'
  std::string_view src;  // raw, as in Record; "" where it has none
};

// What a mark says beyond its src; "" and 0 where it does not say it.
struct MarkWords {
  std::string path;    // kFile
  uint64_t start = 0;  // kFile: the offset where reading begins
  // kFile: when it was written last, as known when it was opened, and where it was to be followed
  // the bytes that it had then: what is behind them was written later.
  std::optional<int64_t> modified_ns;
  std::optional<uint64_t> size;
  uint64_t bytes = 0;  // kGap
  std::string tool;    // kEnd, with the counts of records
  uint64_t in = 0;
  uint64_t out = 0;
};
MarkWords ReadMarkWords(const Mark& mark);

// Appends a record's JSON and '\n'. Lines that are not UTF-8 become line64; nothing is replaced.
void AppendRecord(std::string* out, const Record& record);
// Marks that tools make. `start`: the offset where reading begins; `modified_ns` and `size` as in
// MarkWords.
void AppendFileMark(std::string* out, std::string_view src, std::string_view path,
                    uint64_t start = 0, std::optional<int64_t> modified_ns = {},
                    std::optional<uint64_t> size = {});
void AppendPosMark(std::string* out, std::string_view src);
void AppendGapMark(std::string* out, std::string_view src, uint64_t bytes, std::string_view why);
// Last words of a tool that read `in` records and wrote `out`; `dropped`: counts by reason. A tool
// may add keys: glp-parse `joined`, records that became a part of others; glp-filter `redacted`,
// counts by kind.
void AppendEndMark(std::string* out, std::string_view tool, uint64_t in, uint64_t emitted,
                   const std::map<std::string, uint64_t, std::less<>>& dropped);

}  // namespace glp
