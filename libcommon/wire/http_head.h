// The head of an HTTP/1.0 or 1.1 request and the chunks of its body, read strictly: what two
// programs could read in two ways is refused (request smuggling), and what is too long is refused
// before it is all there.
// Lifetime: both take bytes as they come and keep copies.
// Threads:  one at a time.
// Errors:   a HeadRefusal, to be answered before the connection is closed.
// Format:   RFC 9110, RFC 9112; the upgrade RFC 6455, section 4.2.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "wire/http.h"

namespace glp::wire {

struct HeadRefusal {
  int status = 0;     // 400, 413, 414, 417, 431, 501 or 505
  std::string words;  // what is wrong and where
};

enum class ReadState {
  kMore,     // as far as it came it is well
  kWhole,    // all of it came
  kRefused,  // it cannot be answered but with the refusal
};

struct HeadLimits {
  size_t max_target_bytes = 512 << 10;
  size_t max_header_bytes = 64 << 10;  // of all fields
  size_t max_headers = 256;
};

struct RequestHead {
  std::string method;
  // Path and query as sent. Of the absolute form what follows the host; "*" only of OPTIONS.
  std::string target;
  Params headers;
  bool http_1_0 = false;
  bool keep_alive = true;
  bool chunked = false;
  uint64_t content_length = 0;
  bool expects_continue = false;
  bool wants_websocket = false;
};

class HeadReader {
 public:
  explicit HeadReader(HeadLimits limits) : limits_(limits) {}

  // `bytes`: all that came of the request so far; of each only what is new is looked at.
  ReadState Read(std::string_view bytes);
  // Of the bytes, where it is whole; what follows is the body.
  size_t size_bytes() const { return line_begin_; }
  RequestHead& head() { return head_; }
  const HeadRefusal& refusal() const { return refusal_; }

 private:
  bool Refuse(int status, std::string words);
  bool TakeRequestLine(std::string_view line);
  bool TakeTarget(std::string_view target);
  bool TakeField(std::string_view line);
  bool TakeConnectionField(std::string_view name, std::string_view value);
  bool TakeContentLength(std::string_view value);
  bool TakeTransferEncoding(std::string_view value);
  bool TakeHost(std::string_view value);
  bool Finish();

  const HeadLimits limits_;
  RequestHead head_;
  HeadRefusal refusal_;
  size_t at_ = 0;          // all before it was looked at
  size_t line_begin_ = 0;  // of the line that is not whole
  size_t fields_begin_ = 0;
  bool has_request_line_ = false;
  bool has_host_ = false;
  bool has_length_ = false;
  bool says_close_ = false;
  bool says_keep_alive_ = false;
  bool says_upgrade_ = false;
  bool upgrades_to_websocket_ = false;
};

// A body of `Transfer-Encoding: chunked`. Fields behind it are read and passed over.
class ChunkReader {
 public:
  // Takes off the front of `bytes` what belongs to the body and appends its data; more than
  // `max_body_bytes` of data are refused.
  ReadState Read(std::string_view* bytes, size_t max_body_bytes, std::string* body);
  const HeadRefusal& refusal() const { return refusal_; }

 private:
  enum class Part { kSize, kData, kDataEnd, kTrailer };

  ReadState Refuse(int status, std::string words);
  bool TakeSize();

  Part part_ = Part::kSize;
  std::string line_;        // the part of it that came
  uint64_t left_ = 0;       // of the chunk
  size_t extra_bytes_ = 0;  // extensions and trailers
  HeadRefusal refusal_;
};

// Of names of methods and fields and of the parts of media types: RFC 9110, section 5.6.2.
bool IsToken(std::string_view text);

// The first '%' of a path or query that no two hexadecimal digits follow, with what does, as
// "%zz"; "" where there is none.
std::string_view FindBadEscape(std::string_view text);

}  // namespace glp::wire
