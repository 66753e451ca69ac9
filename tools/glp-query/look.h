// How answers are to look: what the options and the place that they go to say about it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "codec/clock_zone.h"
#include "options.h"
#include "query_range.h"

namespace glp::query {

enum class Chart { kNone, kHist, kPlot };

struct Look {
  std::string format = "default";  // default, raw, jsonl, table, csv, loki
  Chart chart = Chart::kNone;      // stands in place of the format
  bool color = false;
  bool terminal = false;  // somebody looks at it: no control character goes out
  size_t columns = 0;     // of the terminal; 0: there is none, or its width is not known
  bool utf8 = true;       // the locale's characters: blocks and ellipses may be drawn
  QueryTimes times;       // that were asked for; charts of log queries are drawn over them

  // The one form in which people are shown points in time, in the zone of `times`. Records and
  // Loki's bodies have their own.
  void AppendTime(std::string* out, int64_t ts_ns) const;
  std::string Time(int64_t ts_ns) const;
  mutable codec::ZonedTimestamps timestamps;
};

// Errors: Code::kUsage for options that exclude each other.
Result<Look> MakeLook(const Options& options, const QueryTimes& times, int fd);

}  // namespace glp::query
