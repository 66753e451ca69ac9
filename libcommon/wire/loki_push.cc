// Pushes: decode, judge, store, and answer 204 once it is durable.
#include "wire/loki_push.h"

#include <algorithm>

#include "base/strings.h"
#include "base/time.h"
#include "wire/content_coding.h"
#include "wire/otlp.h"
#include "wire/push_json.h"
#include "wire/push_judge.h"
#include "wire/push_proto.h"
#include "wire/snappy_block.h"

namespace glp::wire {
namespace {

constexpr size_t kMaxPlainBytes = size_t{256} << 20;
// What read a larger push is not kept: its buffers would stay as large.
constexpr size_t kKeepPlainBytes = size_t{32} << 20;

std::string_view EncodingOf(const Request& request) {
  return TrimSpace(request.Header("content-encoding"));
}

std::string Unsupported(std::string_view encoding) {
  return "Content-Encoding \"" + std::string(encoding) + "\" not supported";
}

int StatusOf(const Status& status) {
  switch (status.code()) {
    case Code::kLimit:
      return 413;
    case Code::kIo:
      return 500;
    default:
      return 400;
  }
}

}  // namespace

struct PushApi::Intake {
  JsonPushDecoder json;
  ProtoPushDecoder proto;
  OtlpDecoder otlp;
  SnappyReader snappy;
  ContentCoding coding;
  LabelTable labels;
  std::vector<store::NewEntry> entries;
  std::vector<size_t> duplicates;
  size_t plain_bytes = 0;  // of the body

  // Good until the next Decode and as long as `request`. Errors: as the decoders; Code::kLimit
  // where it is too large.
  Result<const PushRequest*> Decode(const Request& request);
};

PushApi::PushApi(ApiContext* context, TailHub* tails) : context_(*context), tails_(*tails) {}
PushApi::~PushApi() = default;

void PushApi::AddRoutes(Router* router) {
  for (const char* path : {"/loki/api/v1/push", "/api/prom/push"}) {
    context_.Add(router, "POST", path, Lane::kIngest,
                 [this](const Call& call) { return Push(call); });
  }
  context_.Add(router, "POST", "/otlp/v1/logs", Lane::kIngest,
               [this](const Call& call) { return PushOtlp(call); });
}

// As Loki: JSON where the type says so, anything else is a snappy block of protobuf. The server has
// undone gzip and deflate.
Result<const PushRequest*> PushApi::Intake::Decode(const Request& request) {
  const std::string type = MediaType(request.Header("content-type"));
  if (type.empty()) return UsageError("mime: no media type");
  const std::string_view encoding = EncodingOf(request);
  constexpr std::string_view kEncodings[] = {"", "gzip", "deflate", "snappy", "identity"};
  if (std::none_of(std::begin(kEncodings), std::end(kEncodings),
                   [&](std::string_view known) { return EqualIgnoringCase(encoding, known); })) {
    return UsageError(Unsupported(encoding));
  }
  std::string_view body = request.body;
  if (type == "application/json") {
    // Loki passes such a body on as it came; clients that mean it compress it.
    if (EqualIgnoringCase(encoding, "snappy")) {
      const Result<std::string_view> plain = snappy.Read(body, kMaxPlainBytes, request.memory);
      if (plain.ok()) {
        body = *plain;
      } else if (plain.status().code() == Code::kLimit) {
        return plain.status();
      }
    }
    plain_bytes = body.size();
    return json.Decode(body, request.memory);
  }
  GLP_ASSIGN_OR_RETURN(body, snappy.Read(body, kMaxPlainBytes, request.memory));
  plain_bytes = body.size();
  return proto.Decode(body, request.memory);
}

std::unique_ptr<PushApi::Intake> PushApi::TakeIntake() {
  std::lock_guard lock(intake_mutex_);
  if (intakes_.empty()) return std::make_unique<Intake>();
  std::unique_ptr<Intake> intake = std::move(intakes_.back());
  intakes_.pop_back();
  return intake;
}

void PushApi::GiveBack(std::unique_ptr<Intake> intake) {
  if (intake->plain_bytes > kKeepPlainBytes) return;
  if (intake->labels.size() > LabelTable::kMaxSets) intake->labels.Clear();
  std::lock_guard lock(intake_mutex_);
  intakes_.push_back(std::move(intake));
}

PushApi::Outcome PushApi::Take(const Call& call, const PushRequest& request, Intake* intake) {
  if (request.streams.empty()) {
    return {422, "error at least one valid stream is required for ingestion"};
  }
  const std::shared_ptr<PushQuota> quota = quotas_.Of(call.tenant);
  PushJudge judge(call.limits, call.tenant, quota.get(), NowNs());
  std::vector<store::NewEntry>& entries = intake->entries;
  entries.clear();
  intake->duplicates.clear();
  judge.Judge(request, &intake->labels, &entries);
  if (!entries.empty()) {
    store::AppendResult appended;
    if (tails_.listeners() > 0) appended.duplicate_indexes = &intake->duplicates;
    Status status = context_.store()->Append(call.tenant, entries, &appended);
    if (status.ok()) status = context_.store()->Commit();
    // One tenant too many: there may be room another time, and it is a limit as those of streams.
    if (status.code() == Code::kLimit) return {429, status.message()};
    if (!status.ok()) return {StatusOf(status), status.message()};
    judge.Stored();
    Publish(call, entries, intake->duplicates);
    context_.counts().pushed_entries += appended.added;
    context_.counts().duplicate_entries += appended.duplicates;
  }
  context_.CountPush(call.tenant, judge);
  return {judge.status(), judge.Words()};
}

void PushApi::Publish(const Call& call, std::span<const store::NewEntry> entries,
                      const std::vector<size_t>& duplicates) {
  size_t from = 0;
  for (const size_t index : duplicates) {
    tails_.Publish(call.tenant, entries.subspan(from, index - from));
    from = index + 1;
  }
  tails_.Publish(call.tenant, entries.subspan(from));
}

Response PushApi::Push(const Call& call) {
  std::unique_ptr<Intake> intake = TakeIntake();
  const Result<const PushRequest*> request = intake->Decode(call.request);
  const Outcome outcome = request.ok()
                              ? Take(call, **request, intake.get())
                              : Outcome{StatusOf(request.status()), request.status().message()};
  GiveBack(std::move(intake));
  if (outcome.status == 204 && outcome.words.empty()) return {204, "", "", {}};
  return TextResponse(outcome.status, outcome.words + "\n");
}

Response PushApi::PushOtlp(const Call& call) {
  const Result<OtlpForm> form = OtlpFormOf(call.request);
  if (!form.ok()) return ApiContext::Error(form.status());
  const std::string_view encoding = EncodingOf(call.request);
  if (!ContentCoding::IsKnown(encoding)) return OtlpError(*form, 400, Unsupported(encoding));
  std::unique_ptr<Intake> intake = TakeIntake();
  const Outcome outcome = [&]() -> Outcome {
    const Result<std::string_view> body =
        intake->coding.Read(call.request.body, encoding, kMaxPlainBytes, call.request.memory);
    if (!body.ok()) return {StatusOf(body.status()), body.status().message()};
    intake->plain_bytes = body->size();
    const Result<const PushRequest*> request =
        intake->otlp.Decode(*body, *form, call.limits, NowNs(), call.request.memory);
    if (!request.ok()) return {StatusOf(request.status()), request.status().message()};
    return Take(call, **request, intake.get());
  }();
  GiveBack(std::move(intake));
  if (outcome.status == 204 && outcome.words.empty()) return {204, "", "", {}};
  return OtlpError(*form, outcome.status, outcome.words);
}

}  // namespace glp::wire
