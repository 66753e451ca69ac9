#include "record_writer.h"

#include <simdjson.h>

#include <array>
#include <cstring>

#include "base/json_text.h"
#include "base/strings.h"
#include "io/output.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace glp::tail {
namespace {

constexpr std::string_view kHeadStart = "{\"ts\":\"";
constexpr size_t kStep = 16;
constexpr size_t kMaxEscapeBytes = 6;  // \u00XX
constexpr size_t kMaxDigits = 20;
// Of a line too long for the buffer so much is written at a time. A multiple of 3, for base64.
constexpr size_t kPieceBytes = 48 << 10;

struct Escape {
  char text[8];
  uint8_t size;
};

// By byte; only those that need an escape are looked up.
const std::array<Escape, 256> kEscapes = [] {
  std::array<Escape, 256> escapes = {};
  for (size_t c = 0; c < escapes.size(); ++c) {
    char byte = static_cast<char>(c);
    std::string text;
    if (c < 0x80) {
      AppendJsonEscaped(&text, {&byte, 1});
    }
    text.copy(escapes[c].text, sizeof escapes[c].text);
    escapes[c].size = static_cast<uint8_t>(text.size());
  }
  return escapes;
}();

// Copies kStep bytes; bit i of the result: byte i needs an escape.
inline uint32_t CopyStep(char* out, const char* p) {
#if defined(__SSE2__)
  __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
  __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
  return static_cast<uint32_t>(
      _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)));
#else
  uint32_t mask = 0;
  for (size_t i = 0; i < kStep; ++i) {
    uint8_t c = static_cast<uint8_t>(p[i]);
    out[i] = p[i];
    if (c == '"' || c == '\\' || c < 0x20) mask |= 1u << i;
  }
  return mask;
#endif
}

// `text` as the inside of a JSON string. REQUIRES: room for kMaxEscapeBytes a byte and kStep
// more; kStep readable bytes behind `text`.
inline char* PutEscaped(char* out, std::string_view text) {
  const char* p = text.data();
  const char* end = p + text.size();
  for (;;) {
    uint32_t mask = CopyStep(out, p);
    size_t left = static_cast<size_t>(end - p);
    size_t clean = mask == 0 ? kStep : static_cast<size_t>(__builtin_ctz(mask));
    if (clean >= left) return out + left;
    out += clean;
    p += clean;
    if (mask == 0) continue;
    const Escape& escape = kEscapes[static_cast<uint8_t>(*p)];
    std::memcpy(out, escape.text, sizeof escape.text);
    out += escape.size;
    ++p;
  }
}

inline char* PutBytes(char* out, std::string_view bytes) {
  std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

inline char* PutNumber(char* out, uint64_t value) {
  char digits[kMaxDigits];
  char* p = digits + kMaxDigits;
  do {
    *--p = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value > 0);
  return PutBytes(out, {p, static_cast<size_t>(digits + kMaxDigits - p)});
}

}  // namespace

RecordFrame::RecordFrame(std::string_view labels_json) {
  std::string start(kHeadStart);
  start.append(kTimestampSize, '0');
  start += "\",\"labels\":";
  start += labels_json;
  head_ = start + ",\"line\":\"";
}

void RecordFrame::SetId(std::string_view id) {
  id_ = id;
  tail_ = "\",\"src\":\"" + id_ + "@";
}

std::string RecordFrame::Src(uint64_t offset) const { return id_ + "@" + std::to_string(offset); }

RecordWriter::RecordWriter(int fd) : fd_(fd), buffer_(new char[kCapacity]) {
  io::EnlargePipe(fd);
  SetTime(0);
}

void RecordWriter::SetTime(int64_t now_ns) {
  if (now_ns > ts_ns_) ts_ns_ = now_ns;
  FormatTimestamp(ts_ns_, ts_text_);
}

void RecordWriter::CountTimeOn() {
  ++ts_ns_;
  char* first = ts_text_ + kTimestampSize - 10;
  char* p = ts_text_ + kTimestampSize - 2;
  while (p >= first && *p == '9') *p-- = '0';
  if (p >= first) {
    ++*p;
  } else {
    FormatTimestamp(ts_ns_, ts_text_);
  }
}

char* RecordWriter::PutHead(char* out, const std::string& head) const {
  char* end = PutBytes(out, head);
  std::memcpy(out + kHeadStart.size(), ts_text_, kTimestampSize);
  return end;
}

char* RecordWriter::PutTail(char* out, const RecordFrame& frame, uint64_t next) const {
  if (!frame.tail_.empty()) {
    out = PutBytes(out, frame.tail_);
    out = PutNumber(out, next);
  }
  return PutBytes(out, "\"}\n");
}

char* RecordWriter::Reserve(size_t size) {
  if (kCapacity - used_ < size) Flush();
  return buffer_.get() + used_;
}

void RecordWriter::Advance(const char* end) {
  used_ = static_cast<size_t>(end - buffer_.get());
  if (used_ >= kFlushBytes) Flush();
}

const Status& RecordWriter::Flush() {
  if (status_.ok() && used_ > 0) {
    status_ = io::WriteAll(fd_, {buffer_.get(), used_}, "standard output");
  }
  used_ = 0;
  return status_;
}

void RecordWriter::WriteText(std::string_view text) {
  while (!text.empty()) {
    std::string_view piece = text.substr(0, kPieceBytes);
    Advance(PutBytes(Reserve(piece.size()), piece));
    text.remove_prefix(piece.size());
  }
}

void RecordWriter::WriteLines(const RecordFrame& frame, std::string_view lines, uint64_t offset) {
  bool utf8 = simdjson::validate_utf8(lines.data(), lines.size());
  const char* p = lines.data();
  const char* end = p + lines.size();
  while (p < end && status_.ok()) {
    const char* newline =
        static_cast<const char*>(std::memchr(p, '\n', static_cast<size_t>(end - p)));
    std::string_view line(p, static_cast<size_t>(newline - p));
    p = newline + 1;
    WriteChecked(frame, line, offset + static_cast<uint64_t>(p - lines.data()),
                 utf8 || simdjson::validate_utf8(line.data(), line.size()));
  }
}

void RecordWriter::WriteLine(const RecordFrame& frame, std::string_view line, uint64_t next) {
  WriteChecked(frame, line, next, simdjson::validate_utf8(line.data(), line.size()));
}

inline void RecordWriter::WriteChecked(const RecordFrame& frame, std::string_view line,
                                       uint64_t next, bool utf8) {
  size_t most = frame.head_.size() + frame.tail_.size() + kMaxEscapeBytes * line.size() + kStep +
                kMaxDigits + 8;
  if (most > kCapacity || !utf8) {
    std::string tail(frame.tail_.size() + kMaxDigits + 8, '\0');
    tail.resize(static_cast<size_t>(PutTail(tail.data(), frame, next) - tail.data()));
    return WriteLong(frame, line, utf8, tail);
  }
  char* out = PutHead(Reserve(most), frame.head_);
  out = PutEscaped(out, line);
  Advance(PutTail(out, frame, next));
  ++lines_;
  CountTimeOn();
}

void RecordWriter::WriteLine(const RecordFrame& frame, std::string_view line, uint64_t next,
                             const RecordNotes& notes) {
  std::string tail = "\"";
  if (!notes.meta.empty()) (tail += ",\"meta\":") += notes.meta;
  if (!frame.tail_.empty()) {
    tail.append(frame.tail_, 1);
    AppendUint64(&tail, next);
    tail += '"';
    if (notes.pos != Record::kPosIsNext) AppendUint64(&(tail += ",\"pos\":"), notes.pos);
  }
  tail += "}\n";
  bool utf8 = !notes.binary && simdjson::validate_utf8(line.data(), line.size());
  WriteLong(frame, line, utf8, tail);
}

void RecordWriter::WriteLong(const RecordFrame& frame, std::string_view line, bool utf8,
                             std::string_view tail) {
  constexpr std::string_view kQuotes = "\":\"";
  long_head_ = frame.head_;
  if (!utf8) {
    long_head_.resize(long_head_.size() - kQuotes.size());
    (long_head_ += "64") += kQuotes;
  }
  std::memcpy(long_head_.data() + kHeadStart.size(), ts_text_, kTimestampSize);
  WriteText(long_head_);
  while (!line.empty()) {
    std::string_view piece = line.substr(0, kPieceBytes);
    line.remove_prefix(piece.size());
    if (utf8) {
      Advance(PutEscaped(Reserve(kMaxEscapeBytes * piece.size() + kStep), piece));
    } else {
      std::string encoded = Base64Encode(piece);
      Advance(PutBytes(Reserve(encoded.size()), encoded));
    }
  }
  WriteText(tail);
  ++lines_;
  CountTimeOn();
}

}  // namespace glp::tail
