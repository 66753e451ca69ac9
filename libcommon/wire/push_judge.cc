#include "wire/push_judge.h"

#include <algorithm>

#include "base/strings.h"
#include "base/time.h"

namespace glp::wire {
namespace {

// Of distinct reasons; of hostile bodies there could be one for each entry. With their counts they
// stay below what FindRefused reads.
constexpr size_t kMaxReasonBytes = 48 << 10;
constexpr size_t kCountBytes = 24;
// Entries out of order that one reason tells.
constexpr size_t kMaxTold = 500;

constexpr std::string_view kServiceName = "service_name";

std::string Quoted(const LabelSet* stream) { return "'" + LabelsToSelector(stream->labels) + "'"; }

// RFC 3339 in whole seconds, as Loki prints the times of refused entries.
std::string Seconds(int64_t ts_ns) { return FormatTimestamp(ts_ns).substr(0, 19) + "Z"; }

// "2026-01-05 00:00:00.5 +0000 UTC", as Go prints a time of its own accord.
std::string GoTime(int64_t ts_ns) {
  std::string text = FormatTimestamp(ts_ns);
  text.pop_back();
  text[10] = ' ';
  text.resize(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + " +0000 UTC";
}

// "3MB", "1234B": the largest unit that leaves no rest.
std::string ExactSize(uint64_t bytes) {
  constexpr std::string_view kUnits[] = {"B", "KB", "MB", "GB", "TB"};
  size_t unit = 0;
  while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < std::size(kUnits)) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes) + std::string(kUnits[unit]);
}

bool HasLabel(const Labels& labels, std::string_view name) {
  return std::any_of(labels.begin(), labels.end(),
                     [&](const Label& label) { return label.name == name; });
}

// Adds service_name, from the first of `sources` that there is.
void AddServiceName(const std::vector<std::string>& sources, Labels* labels) {
  if (sources.empty() || HasLabel(*labels, kServiceName)) return;
  std::string value = "unknown_service";
  for (const std::string& source : sources) {
    const auto found = std::find_if(labels->begin(), labels->end(),
                                    [&](const Label& label) { return label.name == source; });
    if (found == labels->end()) continue;
    value = found->value;
    break;
  }
  const auto place = std::find_if(labels->begin(), labels->end(),
                                  [](const Label& label) { return label.name > kServiceName; });
  labels->insert(place, {std::string(kServiceName), std::move(value)});
}

uint64_t BytesOf(std::string_view line, std::string_view meta) {
  return line.size() + SizeOfMeta(meta).bytes;
}

uint64_t BytesOf(const PushRequest::Stream& stream) {
  uint64_t bytes = 0;
  for (const PushRequest::Entry& entry : stream.entries) bytes += BytesOf(entry.line, entry.meta);
  return bytes;
}

}  // namespace

std::string_view DiscardName(Discard reason) {
  constexpr std::string_view kNames[kDiscards] = {
      "blocked_ingestion",
      "invalid_labels",
      "missing_labels",
      "max_label_names_per_series",
      "label_name_too_long",
      "label_value_too_long",
      "duplicate_label_names",
      "missing_enforced_labels",
      "greater_than_max_sample_age",
      "too_far_in_future",
      "line_too_long",
      "disallowed_structured_metadata",
      "structured_metadata_too_large",
      "structured_metadata_too_many",
      "rate_limited",
      "stream_limit",
      "per_stream_rate_limit",
      "out_of_order",
  };
  return kNames[static_cast<size_t>(reason)];
}

PushJudge::PushJudge(const Limits& limits, std::string_view tenant, PushQuota* quota,
                     int64_t now_ns)
    : limits_(limits),
      tenant_(tenant),
      quota_(quota),
      now_ns_(now_ns),
      oldest_ns_(limits.reject_old_samples_max_age_ns > 0
                     ? now_ns - limits.reject_old_samples_max_age_ns
                     : INT64_MIN),
      newest_ns_(limits.creation_grace_period_ns > 0 ? now_ns + limits.creation_grace_period_ns
                                                     : INT64_MAX) {
  if (limits.discover_log_levels && limits.allow_structured_metadata) {
    levels_.emplace(limits.log_level_fields, limits.log_level_from_json_max_depth);
  }
}

void PushJudge::Refuse(Discard reason, std::string why, uint64_t entries, uint64_t bytes,
                       int status) {
  Discarded& discarded = discarded_[static_cast<size_t>(reason)];
  discarded.entries += entries;
  discarded.bytes += bytes;
  refused_ += entries;
  // What may be tried again goes before what is lost: who tries again is told the rest then.
  if (status_ != 429) status_ = status;
  auto found = reasons_.find(why);
  if (found != reasons_.end()) {
    ++found->second;
  } else {
    if (!reasons_.empty() && reason_bytes_ + why.size() + kCountBytes > kMaxReasonBytes) {
      why = "other errors";
    }
    reason_bytes_ += why.size() + kCountBytes;
    ++reasons_[std::move(why)];
  }
}

std::string PushJudge::Words() const {
  if (status_ == 204) return {};  // also where it is dropped without a word
  if (reasons_.size() == 1 && reasons_.begin()->second == 1) return reasons_.begin()->first;
  std::string words;
  for (const auto& [why, count] : reasons_) {
    if (!words.empty()) words += "; ";
    words += std::to_string(count) + " errors like: " + why;
  }
  return words;
}

void PushJudge::Judge(const PushRequest& request, LabelTable* labels,
                      std::vector<store::NewEntry>* entries) {
  if (IsBlocked(request)) return;
  const size_t begin = entries->size();
  for (const PushRequest::Stream& stream : request.streams) {
    Labels named = stream.labels;
    if (stream.labels_error.empty()) AddServiceName(limits_.discover_service_name, &named);
    if (TakesLabels(stream, named))
      TakeEntries(stream, labels->FromLabels(std::move(named)), entries);
  }
  size_t end = begin;
  if (TakesRate(entries->size() - begin)) {
    for (const Part& part : parts_) end = TakePart(part, entries, end);
  }
  entries->resize(end);
}

bool PushJudge::IsBlocked(const PushRequest& request) {
  if (limits_.block_ingestion_until_ns <= now_ns_) return false;
  uint64_t entries = 0, bytes = 0;
  for (const PushRequest::Stream& stream : request.streams) {
    entries += stream.entries.size();
    bytes += BytesOf(stream);
  }
  const int status = limits_.block_ingestion_status_code;
  Refuse(Discard::kBlocked,
         "ingestion blocked for user '" + std::string(tenant_) + "' until '" +
             Seconds(limits_.block_ingestion_until_ns) + "' with status code '" +
             std::to_string(status) + "'",
         entries, bytes, status == 200 ? 204 : status);
  return true;
}

bool PushJudge::TakesLabels(const PushRequest::Stream& stream, const Labels& labels) {
  const auto refuse = [&](Discard reason, std::string why) {
    Refuse(reason, std::move(why), stream.entries.size(), BytesOf(stream));
    return false;
  };
  const auto quoted = [&] { return "'" + LabelsToSelector(labels) + "'"; };
  if (!stream.labels_error.empty()) {
    return refuse(stream.labels_error.starts_with("stream ") ? Discard::kDuplicateLabels
                                                             : Discard::kInvalidLabels,
                  stream.labels_error);
  }
  for (const Label& label : stream.labels) {
    if (IsLabelName(label.name)) continue;
    return refuse(Discard::kInvalidLabels, "error parsing labels '" +
                                               LabelsToSelector(stream.labels) + "' with error: '" +
                                               label.name + "' is not a label name");
  }
  if (labels.empty() && limits_.refuse_no_labels) {
    return refuse(Discard::kMissingLabels, "error at least one label pair is required per stream");
  }
  const size_t names = labels.size() - (HasLabel(labels, kServiceName) ? 1 : 0);
  if (limits_.max_label_names_per_series > 0 && names > limits_.max_label_names_per_series) {
    return refuse(Discard::kTooManyLabels, "entry for stream " + quoted() + " has " +
                                               std::to_string(names) + " label names; limit " +
                                               std::to_string(limits_.max_label_names_per_series));
  }
  for (const Label& label : labels) {
    if (limits_.max_label_name_length > 0 && label.name.size() > limits_.max_label_name_length) {
      return refuse(Discard::kLabelNameTooLong,
                    "stream " + quoted() + " has label name too long: '" + label.name + "'");
    }
    if (limits_.max_label_value_length > 0 && label.value.size() > limits_.max_label_value_length) {
      return refuse(Discard::kLabelValueTooLong,
                    "stream " + quoted() + " has label value too long: '" + label.value + "'");
    }
  }
  std::vector<std::string> missing;
  for (const std::string& name : limits_.enforced_labels) {
    if (!HasLabel(labels, name)) missing.push_back(name);
  }
  if (missing.empty()) return true;
  return refuse(Discard::kMissingEnforcedLabels, "missing required labels '" + Join(missing, ",") +
                                                     "' for user '" + std::string(tenant_) +
                                                     "' for stream " + quoted() + " (policy: '')");
}

void PushJudge::TakeEntries(const PushRequest::Stream& stream, const LabelSet* labels,
                            std::vector<store::NewEntry>* entries) {
  Part part{labels, entries->size(), entries->size(), 0};
  int64_t came_ns = 0;  // of the last one that kept its time
  for (const PushRequest::Entry& came : stream.entries) {
    store::NewEntry entry{labels,      came.ts_ns,    Cut(came.line),     came.meta,
                          came.src_id, came.src_next, came.src_whole_from};
    const MetaSize meta = SizeOfMeta(entry.meta);
    const uint64_t bytes = entry.line.size() + meta.bytes;
    if (!TakesEntry(labels, entry, meta, bytes)) continue;
    if (limits_.increment_duplicate_timestamp && entries->size() > part.begin) {
      const store::NewEntry& last = entries->back();
      const bool same = entry.ts_ns == last.ts_ns || entry.ts_ns == came_ns;
      if (same && entry.line != last.line) entry.ts_ns = last.ts_ns + 1;
    }
    if (entry.ts_ns == came.ts_ns) came_ns = came.ts_ns;
    part.bytes += bytes;
    entries->push_back(entry);
  }
  part.end = entries->size();
  if (part.end > part.begin) parts_.push_back(part);
}

std::string_view PushJudge::Cut(std::string_view line) {
  const size_t max = limits_.max_line_size;
  const std::string& mark = limits_.max_line_size_truncate_identifier;
  if (max == 0 || line.size() <= max || !limits_.max_line_size_truncate || mark.size() >= max) {
    return line;
  }
  ++truncated_lines_;
  // Not within a character: no line that was UTF-8 ceases to be.
  const size_t room = max - mark.size();
  size_t size = room;
  for (int back = 0; back < 3 && size > 0 && (line[size] & 0xC0) == 0x80; ++back) --size;
  if ((line[size] & 0xC0) == 0x80) size = room;
  line = line.substr(0, size);
  return mark.empty() ? line : arena_.Copy(std::string(line) + mark);
}

std::string RefusedTime(const Limits& limits, int64_t now_ns, const Labels& stream, int64_t ts_ns) {
  const int64_t max_age_ns = limits.reject_old_samples_max_age_ns;
  if (max_age_ns > 0 && ts_ns < now_ns - max_age_ns) {
    return "entry for stream '" + LabelsToSelector(stream) +
           "' has timestamp too old: " + Seconds(ts_ns) +
           ", oldest acceptable timestamp is: " + Seconds(now_ns - max_age_ns);
  }
  if (limits.creation_grace_period_ns > 0 && ts_ns > now_ns + limits.creation_grace_period_ns) {
    return "entry for stream '" + LabelsToSelector(stream) +
           "' has timestamp too new: " + Seconds(ts_ns);
  }
  return {};
}

bool PushJudge::TakesEntry(const LabelSet* labels, const store::NewEntry& entry, MetaSize meta,
                           uint64_t bytes) {
  if (entry.ts_ns < oldest_ns_ || entry.ts_ns > newest_ns_) {
    Refuse(entry.ts_ns < oldest_ns_ ? Discard::kTooOld : Discard::kTooNew,
           RefusedTime(limits_, now_ns_, labels->labels, entry.ts_ns), 1, bytes);
    return false;
  }
  if (limits_.max_line_size > 0 && entry.line.size() > limits_.max_line_size) {
    Refuse(Discard::kLineTooLong,
           "max entry size '" + std::to_string(limits_.max_line_size) +
               "' bytes exceeded for stream " + Quoted(labels) +
               " while adding an entry with length '" + std::to_string(entry.line.size()) +
               "' bytes",
           1, bytes);
    return false;
  }
  return entry.meta.empty() || TakesMeta(labels, meta, bytes);
}

bool PushJudge::TakesMeta(const LabelSet* labels, MetaSize size, uint64_t bytes) {
  const auto contact = [](const char* limit, const char* what) {
    return std::string(". Please see `limits_config.") + limit +
           "` or contact your Loki administrator to " + what + " it.";
  };
  if (!limits_.allow_structured_metadata) {
    Refuse(Discard::kMetaDisallowed,
           "stream " + Quoted(labels) +
               " includes structured metadata, but this feature is disallowed" +
               contact("allow_structured_metadata", "enable"),
           1, bytes);
    return false;
  }
  if (limits_.max_structured_metadata_size > 0 &&
      size.bytes > limits_.max_structured_metadata_size) {
    Refuse(Discard::kMetaTooLarge,
           "stream " + Quoted(labels) + " has structured metadata too large: '" +
               std::to_string(size.bytes) + "' bytes, limit: '" +
               std::to_string(limits_.max_structured_metadata_size) + "' bytes" +
               contact("max_structured_metadata_size", "increase"),
           1, bytes);
    return false;
  }
  if (limits_.max_structured_metadata_entries_count > 0 &&
      size.pairs > limits_.max_structured_metadata_entries_count) {
    Refuse(Discard::kMetaTooMany,
           "stream " + Quoted(labels) + " has too many structured metadata labels: '" +
               std::to_string(size.pairs) + "', limit: '" +
               std::to_string(limits_.max_structured_metadata_entries_count) + "'" +
               contact("max_structured_metadata_entries_count", "increase"),
           1, bytes);
    return false;
  }
  return true;
}

bool PushJudge::TakesRate(size_t entries) {
  uint64_t bytes = 0;
  for (const Part& part : parts_) bytes += part.bytes;
  if (quota_ == nullptr || entries == 0 || quota_->TakeBytes(limits_, bytes, now_ns_)) return true;
  // All of it comes again: what else is wrong is told then.
  reasons_.clear();
  reason_bytes_ = 0;
  const auto limit = static_cast<uint64_t>(limits_.ingestion_rate_mb * (1 << 20));
  Refuse(Discard::kRateLimited,
         "ingestion rate limit exceeded for user " + std::string(tenant_) +
             " (limit: " + std::to_string(limit) + " bytes/sec) while attempting to ingest '" +
             std::to_string(entries) + "' lines totaling '" + std::to_string(bytes) +
             "' bytes, reduce log volume or contact your Loki administrator to see if the limit "
             "can be increased",
         entries, bytes, 429);
  return false;
}

size_t PushJudge::TakePart(const Part& part, std::vector<store::NewEntry>* entries, size_t to) {
  if (quota_ != nullptr && !TakesStream(part)) return to;
  uint64_t refused_bytes = 0;
  const size_t end = quota_ != nullptr && !limits_.unordered_writes
                         ? TakeOrdered(part, entries, &refused_bytes)
                         : part.end;
  taken_bytes_ += part.bytes - refused_bytes;
  const std::string level = levels_ ? levels_->OfStream(part.stream->labels) : "";
  for (size_t i = part.begin; i < end; ++i, ++to) {
    store::NewEntry& entry = (*entries)[i];
    if (levels_) entry.meta = levels_->WithLevel(entry.meta, level, entry.line, &arena_);
    if (to != i) (*entries)[to] = entry;
  }
  return to;
}

// A stream that was refused once is refused for the rest of the push: were its later entries
// stored, its earlier ones would count as delivered when they are sent again.
bool PushJudge::TakesStream(const Part& part) {
  const uint64_t hash = part.stream->hash;
  const auto refused = refused_streams_.find(hash);
  const PushQuota::Verdict verdict = refused != refused_streams_.end()
                                         ? refused->second
                                         : quota_->TakeStream(limits_, hash, part.bytes, now_ns_);
  if (verdict == PushQuota::Verdict::kTaken) return true;
  refused_streams_.emplace(hash, verdict);
  const std::string contact =
      ", or contact your Loki administrator to see if the limit can be increased";
  const std::string selector = LabelsToSelector(part.stream->labels);
  if (verdict == PushQuota::Verdict::kTooManyStreams) {
    Refuse(Discard::kStreamLimit,
           "maximum active stream limit exceeded when trying to create stream " + selector +
               ", reduce the number of active streams (reduce labels or reduce label values)" +
               contact + ", user: '" + std::string(tenant_) + "'",
           part.end - part.begin, part.bytes, 429);
  } else {
    Refuse(Discard::kStreamRateLimited,
           "Per stream rate limit exceeded (limit: " + ExactSize(limits_.per_stream_rate_limit) +
               "/sec) while attempting to ingest for stream '" + selector + "' totaling " +
               ExactSize(part.bytes) +
               ", consider splitting a stream via additional labels or contact your Loki "
               "administrator to see if the limit can be increased",
           part.end - part.begin, part.bytes, 429);
  }
  return false;
}

// Moves what is taken to the front of the part; where it ends.
size_t PushJudge::TakeOrdered(const Part& part, std::vector<store::NewEntry>* entries,
                              uint64_t* refused_bytes) {
  const uint64_t hash = part.stream->hash;
  int64_t& newest_ns = newest_ns_of_.emplace(hash, quota_->NewestOf(hash)).first->second;
  size_t to = part.begin;
  uint64_t bytes = 0;
  std::string told;
  for (size_t i = part.begin; i < part.end; ++i) {
    const store::NewEntry entry = (*entries)[i];
    if (entry.ts_ns >= newest_ns) {
      newest_ns = entry.ts_ns;
      (*entries)[to++] = entry;
      continue;
    }
    bytes += BytesOf(entry.line, entry.meta);
    if (i - to < kMaxTold) {
      told += "entry with timestamp " + GoTime(entry.ts_ns) +
              " ignored, reason: 'entry out of order',\n";
    }
  }
  *refused_bytes = bytes;
  const size_t ignored = part.end - to;
  if (ignored > 0) {
    Refuse(Discard::kOutOfOrder,
           told + "user '" + std::string(tenant_) + "', total ignored: " + std::to_string(ignored) +
               " out of " + std::to_string(part.end - part.begin) +
               " for stream: " + LabelsToSelector(part.stream->labels),
           ignored, bytes);
  }
  return to;
}

void PushJudge::Stored() {
  for (const auto& [stream, newest_ns] : newest_ns_of_) quota_->SetNewest(stream, newest_ns);
}

}  // namespace glp::wire
