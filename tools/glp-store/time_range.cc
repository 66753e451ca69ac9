#include "time_range.h"

#include "base/time.h"
#include "codec/human_time.h"

namespace glp {

Status ReadTimeRange(const std::string& from, const std::string& to, logql::TimeRange* range) {
  const codec::HumanClock clock{NowNs()};
  const auto read = [&clock](const std::string& text, const char* option, int64_t* out) -> Status {
    if (text.empty()) return Status::Ok();
    Result<int64_t> point = codec::ParseHumanTime(text, clock);
    if (!point.ok()) return point.status().Annotate(option);
    *out = *point;
    return Status::Ok();
  };
  GLP_RETURN_IF_ERROR(read(from, "--from", &range->start_ns));
  GLP_RETURN_IF_ERROR(read(to, "--to", &range->end_ns));
  if (range->start_ns < range->end_ns) return Status::Ok();
  return UsageError("--from is not before --to: there is nothing in between");
}

}  // namespace glp
