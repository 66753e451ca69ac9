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
#include "codec/go_time_layout.h"

namespace glp::codec {

class TimeZone;

// What says which year a time is of that has none.
struct YearHint {
  YearHint(int64_t ns) : ns(ns) {}  // NOLINT
  YearHint(int64_t ns, bool is_last) : ns(ns), is_last(is_last) {}
  int64_t ns;
  // False, as promtail: its own year, but December read in January is of the year before and
  // January read in December of the year to come. True: nothing is later than this (but by a day,
  // for clocks and zones that differ); the latest such year.
  bool is_last = false;
};

// How a text was read: what it said and what was assumed.
struct TimeReading {
  enum class Zone : uint8_t {
    kSince1970,            // a count needs none
    kText,                 // the text gives the offset
    kAbbreviation,         // the text names it, and the location knows the name
    kUnknownAbbreviation,  // ... and nobody knows the name: read as UTC
    kLocation,
    kAssumedUtc,  // neither the text nor the configuration says one
  };
  Zone zone = Zone::kSince1970;
  int64_t offset_s = 0;       // east of UTC
  bool year_assumed = false;  // it is of the YearHint
  int64_t year = 0;
  // kLocation: as TimeZone::Reading.
  bool in_gap = false, shown_twice = false;
  int64_t other_offset_s = 0;
};

class TimeLayout {
 public:
  // `location` (IANA name, "Local", "" for UTC) holds where the text names no zone; for the named
  // formats it is without effect, as in promtail. Errors: Code::kUsage for an unknown location.
  static Result<TimeLayout> Compile(std::string_view format, std::string_view location = {});
  TimeLayout(TimeLayout&&) noexcept;
  TimeLayout& operator=(TimeLayout&&) noexcept;
  ~TimeLayout();

  // Nothing where the text does not fit. `reading`, where given, gets how it was read.
  std::optional<int64_t> Parse(std::string_view text, YearHint year,
                               TimeReading* reading = nullptr) const;
  // Whether Parse looks at the hint at all.
  bool needs_year() const { return kind_ == Kind::kLayout && needs_year_; }

  // The named format that `format` may be a misspelling of ("RFC333", "unix_ms"); "" for none.
  static std::string_view NearestName(std::string_view format);

  // False for a layout that names no part of a time ("YYYY-MM-DD"): it can only ever fail.
  bool has_parts() const { return kind_ != Kind::kLayout || has_parts_; }

 private:
  enum class Kind : uint8_t { kLayout, kRfc3339, kUnix, kUnixMs, kUnixUs, kUnixNs };
  struct Chunk {
    std::string literal;  // in front of the part
    TimePart part;
    int digits;  // of a fraction
  };
  struct Fields;
  bool ParseChunk(const Chunk& chunk, size_t at, std::string_view* text, Fields* fields) const;
  std::optional<int64_t> ParseLayout(std::string_view text, const YearHint& year,
                                     TimeReading* reading) const;
  static int64_t LocalSeconds(const Fields& fields);
  std::optional<int64_t> FindYear(const YearHint& year, Fields* fields) const;
  std::optional<int64_t> ToNs(const Fields& fields) const;
  void Explain(const Fields& fields, TimeReading* reading) const;

  TimeLayout();
  Kind kind_ = Kind::kLayout;
  bool has_parts_ = false;
  bool needs_year_ = false;
  std::vector<Chunk> chunks_;
  std::unique_ptr<const TimeZone> zone_;  // none: UTC
};

}  // namespace glp::codec
