// Times read by a Go reference layout ("2006-01-02 15:04:05.000 -0700"), by one of Go's named
// formats (ANSIC … RFC3339Nano) or as a count since 1970 (Unix, UnixMs, UnixUs, UnixNs): what
// promtail's timestamp stage takes.
// Format:  Go's package time, Parse and ParseInLocation; recorded answers are in the test.
// Different on purpose: a layout without a year reads its zone's name in the year that is meant,
//          not in the year 0; "-1.5" as Unix is one and a half seconds before 1970; a sign inside
//          of a fraction is refused; digits of a fraction behind the ninth are cut.
// Threads: const from any. Range: what int64 nanoseconds hold; outside of it is "no time".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace glp::codec {

class TimeZone;

class TimeLayout {
 public:
  // `location` (IANA name, "Local", "" for UTC) holds where the text names no zone; for the named
  // formats it is without effect, as in promtail. Errors: Code::kUsage for an unknown location.
  static Result<TimeLayout> Compile(std::string_view format, std::string_view location = {});
  TimeLayout(TimeLayout&&) noexcept;
  TimeLayout& operator=(TimeLayout&&) noexcept;
  ~TimeLayout();

  // Nothing where the text does not fit. `now_ns` gives the year where the layout has none: its
  // own year, but December read in January is of the year before and January read in December of
  // the year to come.
  std::optional<int64_t> Parse(std::string_view text, int64_t now_ns) const;

  // False for a layout that names no part of a time ("YYYY-MM-DD"): it can only ever fail.
  bool has_parts() const { return kind_ != Kind::kLayout || has_parts_; }

 private:
  enum class Kind : uint8_t { kLayout, kRfc3339, kUnix, kUnixMs, kUnixUs, kUnixNs };
  enum class Part : uint8_t;
  struct Chunk {
    std::string literal;  // in front of the part
    Part part;
    int digits;  // of a fraction
  };
  struct Fields;
  static size_t NextPart(std::string_view layout, size_t* size, Part* part, int* digits);
  bool ParseChunk(const Chunk& chunk, size_t at, std::string_view* text, Fields* fields) const;
  std::optional<int64_t> ParseLayout(std::string_view text, int64_t now_ns) const;
  std::optional<int64_t> ToNs(const Fields& fields) const;

  TimeLayout();
  Kind kind_ = Kind::kLayout;
  bool has_parts_ = false;
  bool needs_year_ = false;
  std::vector<Chunk> chunks_;
  std::unique_ptr<const TimeZone> zone_;  // none: UTC
};

}  // namespace glp::codec
