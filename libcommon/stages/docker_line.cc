#include "stages/docker_line.h"

#include <cstring>

#include "base/json_text.h"
#include "base/strings.h"
#include "base/time.h"

namespace glp::stages {
namespace {

inline bool Skip(const char** p, const char* end, std::string_view text) {
  if (static_cast<size_t>(end - *p) < text.size() ||
      std::memcmp(*p, text.data(), text.size()) != 0) {
    return false;
  }
  *p += text.size();
  return true;
}

inline const char* Find(const char* p, const char* end, char c) {
  return static_cast<const char*>(std::memchr(p, c, static_cast<size_t>(end - p)));
}

// Whether the inside of a JSON string ends with an escaped '\n'.
bool EndsWithNewline(std::string_view raw) {
  if (raw.size() < 2 || raw.back() != 'n') return false;
  size_t backslashes = 0;
  while (backslashes + 1 < raw.size() && raw[raw.size() - 2 - backslashes] == '\\') ++backslashes;
  return backslashes % 2 == 1;
}

// Behind the '{' of an object of texts without escapes, as Docker writes attrs, to behind its '}'.
// What has another form has to be checked by somebody who knows JSON.
bool SkipTexts(const char** p, const char* end) {
  if (Skip(p, end, "}")) return true;
  for (bool is_key = true;; is_key = !is_key) {
    if (!Skip(p, end, "\"")) return false;
    const JsonStringScan text = ScanJsonString(*p, end);
    if (text.end == nullptr || text.has_escapes) return false;
    *p = text.end + 1;
    if (!is_key && Skip(p, end, "}")) return true;
    if (!Skip(p, end, is_key ? ":" : ",")) return false;
  }
}

}  // namespace

DockerLineReader::DockerLineReader() {
  for (const char* path : {"log", "stream", "time"}) {
    [[maybe_unused]] Status status = extractor_.AddPath(path);
  }
}

std::optional<int64_t> DockerLineReader::ParseTime(std::string_view text) {
  // 2026-01-05T00:00:00.033598746Z, the zeros at the end cut off; most often in the second of the
  // line before, which the parser itself cannot remember: it also reads the records' own times.
  constexpr size_t kSecondSize = 19;
  if (text.size() > kSecondSize + 2 && text.size() <= kTimestampSize && text[kSecondSize] == '.' &&
      text.back() == 'Z') {
    int64_t ns = 0;
    bool digits = true;
    for (size_t i = kSecondSize + 1; i < kTimestampSize - 1; ++i) {
      char c = i + 1 < text.size() ? text[i] : '0';
      digits = digits && c >= '0' && c <= '9';
      ns = ns * 10 + (c - '0');
    }
    if (digits && std::memcmp(text.data(), second_, kSecondSize) == 0) return second_ns_ + ns;
    if (auto ts_ns = ParseRfc3339(text); digits && ts_ns && text[10] == 'T') {
      std::memcpy(second_, text.data(), kSecondSize);
      second_ns_ = *ts_ns - ns;
      return ts_ns;
    }
  }
  if (text.size() > 10 && text[10] != 'T') return std::nullopt;
  return ParseRfc3339(text);
}

// The inside of the JSON string that a record's line is, so every quote of Docker's is \" and its
// \n is \\n. Only for a log without any other escape: then it is the line as it stands.
bool DockerLineReader::ReadEscaped(std::string_view json, DockerLine* out) {
  const char* p = json.data();
  const char* end = p + json.size();
  if (!Skip(&p, end, R"({\"log\":\")")) return false;
  const char* log = p;
  p = Find(p, end, '\\');
  if (p == nullptr) return false;
  const char* log_end = p;
  bool ends_line = Skip(&p, end, R"(\\n)");
  if (!Skip(&p, end, R"(\",\"stream\":\")")) return false;
  const char* stream = p;
  p = Find(p, end, '\\');
  if (p == nullptr) return false;
  const char* stream_end = p;
  if (!Skip(&p, end, R"(\",\"time\":\")")) return false;
  const char* time = p;
  p = Find(p, end, '\\');
  if (p == nullptr) return false;
  const char* time_end = p;
  if (!Skip(&p, end, R"(\"})") || p != end) return false;
  out->has_log = out->has_stream = out->has_time = true;
  out->log = {{log, static_cast<size_t>(log_end - log)}, Line::Form::kPlain};
  out->ends_line = ends_line;
  out->stream = {stream, static_cast<size_t>(stream_end - stream)};
  out->time = {time, static_cast<size_t>(time_end - time)};
  out->ts_ns = ParseTime(out->time);
  return true;
}

// REQUIRES: valid UTF-8, 16 readable bytes behind.
bool DockerLineReader::ReadPlain(std::string_view bytes, DockerLine* out) {
  const char* p = bytes.data();
  const char* end = p + bytes.size();
  if (!Skip(&p, end, R"({"log":")")) return false;
  JsonStringScan log = ScanJsonString(p, end);
  if (log.end == nullptr) return false;
  std::string_view raw(p, static_cast<size_t>(log.end - p));
  p = log.end;
  if (!Skip(&p, end, R"(","stream":")")) return false;
  JsonStringScan stream = ScanJsonString(p, end);
  if (stream.end == nullptr || stream.has_escapes) return false;
  std::string_view stream_text(p, static_cast<size_t>(stream.end - p));
  p = stream.end + 1;
  if (Skip(&p, end, R"(,"attrs":{)") && !SkipTexts(&p, end)) return false;
  if (!Skip(&p, end, R"(,"time":")")) return false;
  JsonStringScan time = ScanJsonString(p, end);
  if (time.end == nullptr || time.has_escapes) return false;
  std::string_view time_text(p, static_cast<size_t>(time.end - p));
  p = time.end + 1;
  if (!Skip(&p, end, "}") || p != end) return false;

  if (log.has_unicode) {
    // The line end itself may be spelt so.
    log_scratch_.clear();
    if (!AppendJsonUnescaped(&log_scratch_, raw)) return false;
    out->ends_line = !log_scratch_.empty() && log_scratch_.back() == '\n';
    if (out->ends_line) log_scratch_.pop_back();
    out->log = Line::Bytes(log_scratch_);
  } else {
    out->ends_line = EndsWithNewline(raw);
    if (out->ends_line) raw.remove_suffix(2);
    bool escapes = raw.find('\\') != std::string_view::npos;
    out->log = {raw, escapes ? Line::Form::kJson : Line::Form::kPlain};
  }
  out->has_log = out->has_stream = out->has_time = true;
  out->stream = stream_text;
  out->time = time_text;
  out->ts_ns = ParseTime(time_text);
  return true;
}

bool DockerLineReader::ReadAny(std::string_view bytes, DockerLine* out) {
  if (!extractor_.Extract(bytes, &values_)) return false;
  out->has_log = values_[0].present;
  out->has_stream = values_[1].present;
  out->has_time = values_[2].present;
  std::string_view log = values_[0].text;
  out->ends_line = !log.empty() && log.back() == '\n';
  if (out->ends_line) log.remove_suffix(1);
  out->log = Line::Bytes(log);
  out->stream = values_[1].text;
  out->time = values_[2].text;
  if (out->has_time) out->ts_ns = ParseTime(out->time);
  return true;
}

bool DockerLineReader::Read(const Line& line, DockerLine* out) {
  *out = {};
  if (line.form == Line::Form::kJson && ReadEscaped(line.text, out)) return true;
  // Room for scans to look behind the end; decoding never makes a text longer.
  scratch_.reserve(line.text.size() + Arena::kPadding);
  std::string_view bytes = line.Decode(&scratch_);
  if (bytes.data() != scratch_.data()) {
    scratch_.assign(bytes);
    bytes = scratch_;
  }
  bool is_utf8 = line.form == Line::Form::kJson || line.form == Line::Form::kPlain;
  if ((is_utf8 || IsValidUtf8(bytes)) && ReadPlain(bytes, out)) return true;
  *out = {};
  return ReadAny(bytes, out);
}

}  // namespace glp::stages
