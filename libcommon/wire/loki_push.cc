// POST /loki/api/v1/push: decode, judge, store, and answer 204 once it is durable.
#include "base/strings.h"
#include "base/time.h"
#include "wire/loki_api.h"
#include "wire/loki_intake.h"
#include "wire/push_check.h"

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

// As Loki: JSON where the type says so, anything else is a snappy block of protobuf. The server has
// undone gzip and deflate.
Result<const PushRequest*> LokiApi::Intake::Decode(const Request& request) {
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

std::unique_ptr<LokiApi::Intake> LokiApi::TakeIntake() {
  std::lock_guard lock(intake_mutex_);
  if (intakes_.empty()) return std::make_unique<Intake>();
  std::unique_ptr<Intake> intake = std::move(intakes_.back());
  intakes_.pop_back();
  return intake;
}

void LokiApi::GiveBack(std::unique_ptr<Intake> intake) {
  if (intake->labels.size() > LabelTable::kMaxSets) intake->labels.Clear();
  std::lock_guard lock(intake_mutex_);
  intakes_.push_back(std::move(intake));
}

Response LokiApi::Push(const Request& request) {
  if (auto refusal = RefuseType(request)) return *std::move(refusal);
  std::unique_ptr<Intake> intake = TakeIntake();
  const Result<const PushRequest*> decoded = intake->Decode(request);
  if (!decoded.ok()) {
    GiveBack(std::move(intake));
    if (decoded.status().code() != Code::kLimit) return Error(decoded.status());
    return TextResponse(413, decoded.status().message() + "\n");
  }
  if ((*decoded)->streams.empty()) {
    GiveBack(std::move(intake));
    return TextResponse(422, "error at least one valid stream is required for ingestion\n");
  }

  PushCheck check(options_.limits, NowNs());
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
    status = store_->Append(options_.tenant, entries, &appended);
    if (status.ok()) status = store_->Commit();
  }
  GiveBack(std::move(intake));
  if (!status.ok()) return Error(status);

  pushed_entries_ += appended.added;
  pushed_bytes_ += bytes;
  duplicate_entries_ += appended.duplicates;
  refused_entries_ += check.refused();
  if (check.refused() > 0) return TextResponse(400, check.Words() + "\n");
  return {204, "", "", {}};
}

}  // namespace glp::wire
