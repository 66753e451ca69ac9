// Any bytes as OTLP logs, in either form: what is read has texts that can be looked at, metadata
// that is JSON, and is the same when it is read again.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/otlp.h"

namespace {

using glp::wire::OtlpForm;
using glp::wire::PushRequest;

std::string Show(const PushRequest& request) {
  std::string out;
  for (const PushRequest::Stream& stream : request.streams) {
    out += glp::LabelsToSelector(stream.labels) + stream.labels_error + "\n";
    if (stream.entries.empty()) std::abort();
    for (const PushRequest::Entry& entry : stream.entries) {
      out += std::to_string(entry.ts_ns);
      out += entry.line;
      out += entry.meta;
      if (!entry.meta.empty() && !glp::LabelsFromJson(entry.meta).ok()) std::abort();
    }
  }
  return out;
}

}  // namespace

// The first byte says which form.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string body(reinterpret_cast<const char*>(data + 1), size - 1);
  const OtlpForm form = data[0] == 'j' ? OtlpForm::kJson : OtlpForm::kProtobuf;
  static glp::wire::OtlpDecoder decoder;
  const glp::wire::Limits limits = glp::wire::LokiLimits();
  const auto request = decoder.Decode(body, form, limits, 1);
  if (!request.ok()) return 0;
  const std::string once = Show(**request);
  glp::wire::OtlpDecoder fresh;
  const auto again = fresh.Decode(body, form, limits, 1);
  if (!again.ok() || Show(**again) != once) std::abort();
  return 0;
}
