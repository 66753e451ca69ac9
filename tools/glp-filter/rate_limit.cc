#include "rate_limit.h"

#include <algorithm>

#include "base/strings.h"
#include "base/time.h"

namespace glp::filter {
namespace {

bool IsLongBefore(int64_t ts_ns, int64_t than_ns, int64_t by_ns) {
  if (ts_ns >= than_ns) return false;
  // Unsigned: two times may be further apart than int64 holds.
  const uint64_t apart_ns = static_cast<uint64_t>(than_ns) - static_cast<uint64_t>(ts_ns);
  return apart_ns > static_cast<uint64_t>(by_ns);
}

}  // namespace

Result<RateLimit> RateLimit::Parse(std::string_view text, bool by_stream) {
  const size_t slash = std::min(text.find('/'), text.size());
  const std::string_view unit = slash < text.size() ? text.substr(slash + 1) : "s";
  const auto count = ParseUint64(text.substr(0, slash));
  const int64_t seconds = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  if (!count || *count == 0 || *count > 1'000'000'000'000 || seconds == 0) {
    return UsageError("'" + std::string(text) +
                      "' is no rate; try 100/s, 6000/m or 1000/h, or 100 for 100/s");
  }
  return RateLimit(*count, seconds * kNsPerSecond, by_stream);
}

bool RateLimit::Take(Stream* stream, int64_t ts_ns) const {
  // A record that comes late takes its token from what there is. One so late that the bucket would
  // be full again begins anew: one time of the future must not stop all that follows.
  if (!stream->bucket || IsLongBefore(ts_ns, stream->newest_ns, unit_ns_)) {
    const double burst = static_cast<double>(count_);
    const double per_second = burst / (static_cast<double>(unit_ns_) / kNsPerSecond);
    stream->bucket.emplace(per_second, burst, ts_ns);
    stream->newest_ns = ts_ns;
  }
  stream->newest_ns = std::max(stream->newest_ns, ts_ns);
  return stream->bucket->Take(stream->newest_ns);
}

bool RateLimit::Passes(const Record& record, const LabelSet& labels, const LabelTable& table) {
  Stream& stream = streams_.Of(labels, table);
  if (Take(by_stream_ ? &stream : &all_, record.ts_ns)) return true;
  ++stream.held_back;
  ++held_back_;
  return false;
}

std::string RateLimit::Summary() const {
  uint64_t streams = 0, most = 0;
  std::string_view labels;
  for (const auto& [json, stream] : streams_.streams()) {
    if (stream.held_back == 0) continue;
    ++streams;
    if (stream.held_back > most || (stream.held_back == most && json < labels)) {
      most = stream.held_back;
      labels = json;
    }
  }
  std::string text = std::to_string(held_back_) + (held_back_ == 1 ? " record" : " records");
  if (streams > 1) text += " of " + std::to_string(streams) + " streams";
  text += held_back_ == 1 ? " was" : " were";
  text += " held back by --rate-limit";
  if (streams > 1) text += ", most";
  if (auto parsed = LabelsFromJson(labels); streams > 0 && parsed.ok()) {
    text += " of " + LabelsToSelector(*parsed);
    if (streams > 1) text += " (" + std::to_string(most) + ")";
  }
  return text;
}

}  // namespace glp::filter
