// Text in other encodings than UTF-8, as iconv(3) knows them: where its lines end, and what they
// are in UTF-8. Nothing is ever replaced: what cannot be converted is told.
//
// The byte order of UTF-16 and UTF-32 is that of the name (UTF-16LE), else of the byte order mark
// that an input begins with, else the machine's. Each line is converted by itself from the
// encoding's first state, so a line can be read without those in front of it.
// Lifetime: decoders belong to their Encoding. One Encoding serves all inputs: iconv's state is
//           tens of kilobytes.
// Threads:  one at a time.
// Errors:   Code::kUsage for a name that iconv does not know, for one that asks for replacements
//           (//TRANSLIT, //IGNORE), and where lines do not end with the byte 0A (EBCDIC).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glp::tail {

// An encoding in one byte order.
class Decoder {
 public:
  static constexpr size_t kNoLimit = SIZE_MAX;

  // `newline`: one '\n' in this encoding; its size is that of all its units.
  static Result<std::unique_ptr<Decoder>> Open(const std::string& name, std::string newline);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  size_t unit_bytes() const { return newline_.size(); }
  // Just behind the first or last newline of `bytes`, 0 where there is none. The bytes begin with
  // a unit; what is behind their last whole one is not looked at.
  size_t FirstLineEnd(std::string_view bytes) const;
  size_t LastLineEnd(std::string_view bytes) const;

  enum class Outcome {
    kWhole,  // all was taken
    kFull,   // no more went into the limit
    kCut,    // the bytes end inside of a character, which was not taken
    kBad,    // bytes that this encoding does not have
  };
  struct Taken {
    size_t bytes = 0;
    Outcome outcome = Outcome::kWhole;
  };
  // Converts to `out` (overwritten), whole characters of `max_bytes` UTF-8 bytes at most.
  // `goes_on`: in the state in which the last call ended. `last`: nothing of the line is behind.
  Taken Decode(std::string_view bytes, size_t max_bytes, bool goes_on, bool last,
               std::string* out) const;
  // Another of the same, for a line that is converted in pieces between other lines.
  std::unique_ptr<Decoder> Clone() const;

 private:
  Decoder(std::string name, void* iconv, std::string newline);
  std::string name_;
  void* iconv_;  // iconv_t
  std::string newline_;
};

class Encoding {
 public:
  static Result<std::shared_ptr<const Encoding>> Make(const std::string& name);

  // As the user called it.
  const std::string& name() const { return name_; }
  // So many bytes of the head of an input, or all it has, are needed to choose a decoder.
  size_t head_bytes() const { return head_bytes_; }
  const Decoder& ForHead(std::string_view head) const;

 private:
  Encoding() = default;
  std::string name_;
  size_t head_bytes_ = 0;             // 0: there is only one order
  std::unique_ptr<Decoder> decoder_;  // where no byte order mark says otherwise
  std::unique_ptr<Decoder> swapped_;
  std::string swapped_mark_;
};

}  // namespace glp::tail
