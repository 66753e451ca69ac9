// POST /loki/api/v1/push: decode, judge, store, and answer 204 once it is durable.
#include "base/strings.h"
#include "base/time.h"
#include "wire/loki_api.h"
#include "wire/loki_intake.h"
#include "wire/push_check.h"

namespace glp::wire {
namespace {

// Nothing where the body is JSON in a form that can be read.
std::optional<Response> RefuseType(const Request& request) {
  const std::string_view content_type = request.Header("content-type");
  if (TrimSpace(content_type).empty()) return TextResponse(400, "mime: no media type\n");
  const std::string type = MediaType(content_type);
  if (type != "application/json") {
    return TextResponse(400, "Content-Type '" + std::string(content_type) +
                                 "' is not taken: send JSON with Content-Type application/json "
                                 "(protobuf is not supported)\n");
  }
  const std::string_view encoding = TrimSpace(request.Header("content-encoding"));
  if (!encoding.empty() && !EqualIgnoringCase(encoding, "gzip") &&
      !EqualIgnoringCase(encoding, "deflate") && !EqualIgnoringCase(encoding, "identity")) {
    return TextResponse(400, "Content-Encoding \"" + std::string(encoding) + "\" not supported\n");
  }
  return std::nullopt;
}

}  // namespace

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
  const Result<const PushRequest*> decoded = intake->decoder.Decode(request.body);
  if (!decoded.ok()) {
    GiveBack(std::move(intake));
    return Error(decoded.status());
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
      entries.push_back(
          {labels, entry.ts_ns, entry.line, entry.meta, entry.src_id, entry.src_next});
      bytes += entry.line.size() + entry.meta.size();
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
