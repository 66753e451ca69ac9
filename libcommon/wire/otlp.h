// Reads OTLP logs (POST /otlp/v1/logs, ExportLogsServiceRequest) as a push, as Loki 3.7 does:
// resource attributes are labels or structured metadata as OtlpConfig says, all other attributes
// and fields structured metadata, the body the line.
//
//   OtlpDecoder decoder;
//   GLP_ASSIGN_OR_RETURN(OtlpForm form, OtlpFormOf(request));           // 415-like: 400
//   GLP_ASSIGN_OR_RETURN(std::string_view body, coding.Read(request));  // content_coding.h
//   GLP_ASSIGN_OR_RETURN(const PushRequest* push,
//                        decoder.Decode(body, form, limits, NowNs()));
//
// Time: time_unix_nano, else observed_time_unix_nano, else now.
// Names: characters but letters and digits are one `_`, `key_` stands in front of a digit; maps
//   give a pair a value, names joined with `_`. Values: lists as JSON, bytes as base64.
// Lifetime: a request is good until the next Decode and as long as `body`.
// Threads:  one at a time.
// Errors:   Code::kData with what is wrong (400), Code::kLimit for too many entries: nothing of it
//           may be stored. Fields that are not known are skipped, in both forms.
// Source:   opentelemetry-proto, logs/v1/logs.proto and its JSON mapping.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/http.h"
#include "wire/limits.h"
#include "wire/push_request.h"

namespace glp::wire {

enum class OtlpForm : uint8_t { kProtobuf, kJson };
// By Content-Type: application/x-protobuf or application/json. Errors: Code::kUsage.
Result<OtlpForm> OtlpFormOf(const Request& request);

class OtlpDecoder {
 public:
  // Lists and maps within each other; more are refused.
  static constexpr int kMaxDepth = 64;

  OtlpDecoder();
  ~OtlpDecoder();
  // Of `limits`: otlp and discover_service_name.
  // `memory` counts what it is read into; errors are its, too.
  Result<const PushRequest*> Decode(std::string_view body, OtlpForm form, const Limits& limits,
                                    int64_t now_ns, MemoryClaim* memory = nullptr);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// An answer that is not 2xx: google.rpc.Status in the form of the request. 500 becomes 503, which
// clients try again.
Response OtlpError(OtlpForm form, int status, std::string_view words);

}  // namespace glp::wire
