// POST /loki/api/v1/push: decode, judge, store, and answer 204 once it is durable.
#include "wire/loki_push.h"

#include "base/strings.h"
#include "base/time.h"
#include "wire/push_check.h"
#include "wire/push_json.h"
#include "wire/push_proto.h"
#include "wire/snappy_block.h"

namespace glp::wire {
namespace {

constexpr size_t kMaxPlainBytes = size_t{512} << 20;

// Nothing where the body is in a form that can be read.
std::optional<Response> RefuseType(const Request& request) {
  if (MediaType(request.Header("content-type")).empty()) {
    return TextResponse(400, "mime: no media type\n");
  }
  const std::string_view encoding = TrimSpace(request.Header("content-encoding"));
  for (const char* known : {"", "gzip", "deflate", "snappy", "identity"}) {
    if (EqualIgnoringCase(encoding, known)) return std::nullopt;
  }
  return TextResponse(400, "Content-Encoding \"" + std::string(encoding) + "\" not supported\n");
}

}  // namespace

struct PushApi::Intake {
  JsonPushDecoder json;
  ProtoPushDecoder proto;
  SnappyReader snappy;
  LabelTable labels;
  std::vector<store::NewEntry> entries;

  // Good until the next Decode and as long as `request`. Errors: as the decoders; Code::kLimit
  // where it is too large.
  Result<const PushRequest*> Decode(const Request& request);
};

PushApi::PushApi(ApiContext* context) : context_(*context) {}
PushApi::~PushApi() = default;

void PushApi::AddRoutes(Router* router) {
  context_.Add(router, "POST", "/loki/api/v1/push", Lane::kIngest,
               [this](const Call& call) { return Push(call); });
}

// As Loki: JSON where the type says so, anything else is a snappy block of protobuf. The server has
// undone gzip and deflate.
Result<const PushRequest*> PushApi::Intake::Decode(const Request& request) {
  std::string_view body = request.body;
  if (MediaType(request.Header("content-type")) == "application/json") {
    // Loki passes such a body on as it came; clients that mean it compress it.
    if (EqualIgnoringCase(TrimSpace(request.Header("content-encoding")), "snappy")) {
      const Result<std::string_view> plain = snappy.Read(body, kMaxPlainBytes);
      if (plain.ok()) {
        body = *plain;
      } else if (plain.status().code() == Code::kLimit) {
        return plain.status();
      }
    }
    return json.Decode(body);
  }
  GLP_ASSIGN_OR_RETURN(body, snappy.Read(body, kMaxPlainBytes));
  return proto.Decode(body);
}

std::unique_ptr<PushApi::Intake> PushApi::TakeIntake() {
  std::lock_guard lock(intake_mutex_);
  if (intakes_.empty()) return std::make_unique<Intake>();
  std::unique_ptr<Intake> intake = std::move(intakes_.back());
  intakes_.pop_back();
  return intake;
}

void PushApi::GiveBack(std::unique_ptr<Intake> intake) {
  if (intake->labels.size() > LabelTable::kMaxSets) intake->labels.Clear();
  std::lock_guard lock(intake_mutex_);
  intakes_.push_back(std::move(intake));
}

Response PushApi::Push(const Call& call) {
  if (auto refusal = RefuseType(call.request)) return *std::move(refusal);
  std::unique_ptr<Intake> intake = TakeIntake();
  const Result<const PushRequest*> decoded = intake->Decode(call.request);
  if (!decoded.ok()) {
    GiveBack(std::move(intake));
    if (decoded.status().code() != Code::kLimit) return ApiContext::Error(decoded.status());
    return TextResponse(413, decoded.status().message() + "\n");
  }
  if ((*decoded)->streams.empty()) {
    GiveBack(std::move(intake));
    return TextResponse(422, "error at least one valid stream is required for ingestion\n");
  }

  PushCheck check(call.limits, NowNs());
  std::vector<store::NewEntry>& entries = intake->entries;
  entries.clear();
  uint64_t bytes = 0;
  for (const PushRequest::Stream& stream : (*decoded)->streams) {
    if (!check.TakesStream(stream)) continue;
    const LabelSet* labels = intake->labels.FromLabels(stream.labels);
    for (const PushRequest::Entry& entry : stream.entries) {
      if (!check.TakesEntry(stream, entry)) continue;
      const std::string_view line = check.Line(entry.line);
      entries.push_back({labels, entry.ts_ns, line, entry.meta, entry.src_id, entry.src_next,
                         entry.src_whole_from});
      bytes += line.size() + entry.meta.size();
    }
  }
  Status status;
  store::AppendResult appended;
  if (!entries.empty()) {
    status = context_.store()->Append(call.tenant, entries, &appended);
    if (status.ok()) status = context_.store()->Commit();
  }
  GiveBack(std::move(intake));
  if (!status.ok()) return ApiContext::Error(status);

  ApiContext::Counts& counts = context_.counts();
  counts.pushed_entries += appended.added;
  counts.pushed_bytes += bytes;
  counts.duplicate_entries += appended.duplicates;
  counts.refused_entries += check.refused();
  if (check.refused() > 0) return TextResponse(400, check.Words() + "\n");
  return {204, "", "", {}};
}

}  // namespace glp::wire
