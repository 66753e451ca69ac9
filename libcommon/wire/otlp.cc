#include "wire/otlp.h"

#include "base/json_text.h"
#include "wire/otlp_json.h"
#include "wire/otlp_proto.h"
#include "wire/utf8.h"

namespace glp::wire {

struct OtlpDecoder::Impl {
  OtlpBuilder builder;
  OtlpJsonReader json;
};

OtlpDecoder::OtlpDecoder() : impl_(std::make_unique<Impl>()) {}
OtlpDecoder::~OtlpDecoder() = default;

Result<const PushRequest*> OtlpDecoder::Decode(std::string_view body, OtlpForm form,
                                               const Limits& limits, int64_t now_ns,
                                               MemoryClaim* memory) {
  OtlpBuilder& builder = impl_->builder;
  builder.Begin(limits, now_ns, memory);
  // A copy, a list of what stands where, and a tree.
  if (form == OtlpForm::kJson) GLP_RETURN_IF_ERROR(TakeMemory(memory, 8 * body.size()));
  const Status status = form == OtlpForm::kProtobuf ? ReadOtlpProto(body, kMaxDepth, &builder)
                                                    : impl_->json.Read(body, kMaxDepth, &builder);
  if (!status.ok()) return Status(status.code(), "malformed OTLP body: " + status.message());
  return &builder.request();
}

Result<OtlpForm> OtlpFormOf(const Request& request) {
  const std::string_view header = request.Header("content-type");
  const std::string type = MediaType(header);
  if (type == "application/x-protobuf" || type == "application/protobuf") {
    return OtlpForm::kProtobuf;
  }
  if (type == "application/json") return OtlpForm::kJson;
  return UsageError("content type: " + std::string(header) + " is not supported");
}

Response OtlpError(OtlpForm form, int status, std::string_view words) {
  Response response;
  response.status = status == 500 ? 503 : status;
  if (form == OtlpForm::kJson) {
    response.content_type = "application/json";
    response.body = "{\"message\":";
    AppendJsonLossy(&response.body, words);
    response.body += '}';
    return response;
  }
  // Field 2 of google.rpc.Status; its code is left out, as by Loki.
  response.content_type = "application/x-protobuf";
  response.body = '\x12';
  size_t size = words.size();
  for (; size >= 0x80; size >>= 7) response.body += static_cast<char>(size | 0x80);
  response.body += static_cast<char>(size);
  response.body += words;
  return response;
}

}  // namespace glp::wire
