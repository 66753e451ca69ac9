// Any bytes as a push, in either form: each entry is stored or refused, what is stored has metadata
// that is JSON, and who sent it learns from the words of the answer which entries were refused.

#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "wire/push_json.h"
#include "wire/push_judge.h"
#include "wire/push_proto.h"
#include "wire/push_refusal.h"

namespace {

using namespace glp::wire;  // NOLINT(google-build-using-namespace)

constexpr int64_t kNow = 1'000'000'000;

void Judge(const PushRequest& request, const Limits& limits) {
  glp::LabelTable labels;
  std::vector<glp::store::NewEntry> entries;
  PushQuota quota;
  PushJudge judge(limits, "fuzz", &quota, kNow);
  judge.Judge(request, &labels, &entries);
  uint64_t all = 0;
  for (const PushRequest::Stream& stream : request.streams) all += stream.entries.size();
  if (all != entries.size() + judge.refused()) std::abort();
  if ((judge.refused() == 0) != (judge.status() == 204)) std::abort();
  for (const glp::store::NewEntry& entry : entries) {
    if (!entry.meta.empty() && !glp::LabelsFromJson(entry.meta).ok()) std::abort();
  }
  if (judge.status() != 400) return;
  const Refusal refusal = FindRefused(request, judge.Words());
  if (refusal.complete && refusal.refused.size() != judge.refused()) std::abort();
}

}  // namespace

// The first byte says which form and which limits.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string body(reinterpret_cast<const char*>(data + 1), size - 1);
  static JsonPushDecoder json;
  static ProtoPushDecoder proto;
  const auto request = (data[0] & 1) != 0 ? json.Decode(body) : proto.Decode(body);
  if (!request.ok()) return 0;
  Limits limits = LokiLimits();
  limits.reject_old_samples_max_age_ns = kNow;
  limits.creation_grace_period_ns = kNow;
  limits.max_line_size = 8;
  limits.max_line_size_truncate = (data[0] & 2) != 0;
  limits.max_label_names_per_series = 2;
  limits.max_label_name_length = limits.max_label_value_length = 16;
  limits.max_structured_metadata_size = 16;
  limits.max_structured_metadata_entries_count = 2;
  limits.increment_duplicate_timestamp = (data[0] & 4) != 0;
  limits.unordered_writes = (data[0] & 8) == 0;
  Judge(**request, limits);
  Judge(**request, Limits());
  return 0;
}
