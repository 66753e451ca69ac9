// A line of Docker's json-file logs: {"log":"…\n","stream":"stdout","attrs":{…},"time":"…"}.
// The form that Docker writes is read by hand, most often without decoding anything; every other
// spelling (blanks, other order, more keys) by simdjson. Both give the same result.
// Lifetime: views into the line or the reader (until its next call).
// Threads:  one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "codec/json.h"
#include "record/record.h"

namespace glp::stages {

struct DockerLine {
  bool has_log = false;
  bool has_stream = false;
  bool has_time = false;
  Line log;                 // without its '\n'
  bool ends_line = false;   // there was a '\n'
  std::string_view stream;  // decoded
  std::string_view time;    // decoded
  std::optional<int64_t> ts_ns;
};

class DockerLineReader {
 public:
  DockerLineReader();

  // False where the line is not a JSON object.
  bool Read(const Line& line, DockerLine* out);

  // The three ways, for tests that compare them; false where the way does not apply.
  bool ReadEscaped(std::string_view json, DockerLine* out);
  bool ReadPlain(std::string_view bytes, DockerLine* out);
  bool ReadAny(std::string_view bytes, DockerLine* out);

 private:
  std::optional<int64_t> ParseTime(std::string_view text);

  char second_[19] = {};  // the last time's text up to its seconds
  int64_t second_ns_ = 0;
  codec::JsonExtractor extractor_;
  std::vector<codec::JsonValue> values_;
  std::string scratch_, log_scratch_;
};

}  // namespace glp::stages
