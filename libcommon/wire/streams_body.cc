#include "wire/streams_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/time.h"
#include "logql/series_labels.h"
#include "wire/loki_json.h"
#include "wire/utf8.h"

namespace glp::wire {
namespace {

constexpr size_t kPieceBytes = 256 << 10;
// What a stream or a place takes beside its texts.
constexpr size_t kOverheadBytes = 192;

void AppendInt(std::string* out, int64_t value) {
  char text[24];
  auto [end, error] = std::to_chars(text, text + sizeof text, value);
  (void)error;
  out->append(text, end);
}

// "name":{…}, where `pairs` has some.
void AppendCategory(std::string_view name, const Labels& pairs, std::string* out) {
  if (pairs.empty()) return;
  if (out->back() != '{') *out += ',';
  *out += '"';
  *out += name;
  *out += "\":";
  AppendLabelsJson(out, pairs);
}

}  // namespace

StreamsBody::StreamsBody(StreamsOptions options)
    : options_(std::move(options)), runs_(options_.folder) {}

size_t StreamsBody::StreamOf(const Labels& labels) {
  std::string selector = LabelsToSelector(labels);
  const auto [found, is_new] = by_selector_.emplace(selector, streams_.size());
  if (!is_new) return found->second;
  KeyedText& stream = streams_.emplace_back();
  if (options_.shape == Shape::kOld) {
    AppendJsonLossy(&stream.head, selector);
  } else {
    AppendLabelsJson(&stream.head, labels);
  }
  memory_ += 2 * selector.size() + stream.head.size() + kOverheadBytes;
  size_bytes_ += stream.head.size() + 32;
  stream.key = std::move(selector);
  return found->second;
}

StreamsBody::Place StreamsBody::MakePlace(const logql::Entry& entry) {
  if (options_.shape != Shape::kCategorized) {
    const Result<Labels> merged = logql::MergeLabels(*entry.stream, entry.meta, entry.fields);
    if (!merged.ok()) ++bad_meta_;
    return {StreamOf(merged.ok() ? *merged : entry.stream->labels), {}};
  }
  Place place{StreamOf(entry.stream->labels), ",{"};
  for (const bool is_meta : {true, false}) {
    const std::string_view json = is_meta ? entry.meta : entry.fields;
    if (json.empty()) continue;
    Result<Labels> pairs = LabelsFromJson(json);
    if (!pairs.ok()) {
      ++bad_meta_;
      continue;
    }
    for (Label& pair : *pairs) {
      if (is_meta && entry.stream->Find(pair.name) != nullptr) pair.name += "_extracted";
    }
    Canonicalize(&*pairs);
    AppendCategory(is_meta ? "structuredMetadata" : "parsed", *pairs, &place.tail);
  }
  place.tail += '}';
  return place;
}

Result<const StreamsBody::Place*> StreamsBody::Find(const logql::Entry& entry) {
  parts_.assign(entry.meta).append("\n").append(entry.fields);
  if (entry.stream == last_set_ && parts_ == last_parts_) return last_;
  if (memory_ + places_bytes_ > options_.memory_bytes) GLP_RETURN_IF_ERROR(MakeRoom());
  StringMap<Place>& places = places_[entry.stream];
  auto found = places.find(parts_);
  if (found == places.end()) {
    found = places.emplace(parts_, MakePlace(entry)).first;
    places_bytes_ += parts_.size() + found->second.tail.size() + kOverheadBytes;
  }
  last_set_ = entry.stream;
  last_parts_ = parts_;
  return last_ = &found->second;
}

Status StreamsBody::MakeRoom() {
  ForgetStreams();
  if (options_.folder.empty() || memory_ < options_.memory_bytes / 2) return Status::Ok();
  GLP_RETURN_IF_ERROR(runs_.Write(Sorted()));
  streams_.clear();
  by_selector_.clear();
  memory_ = 0;
  return Status::Ok();
}

void StreamsBody::ForgetStreams() {
  places_.clear();
  places_bytes_ = 0;
  last_set_ = nullptr;
  last_ = nullptr;
}

Status StreamsBody::Add(const logql::Entry& entry) {
  if (memory_ > options_.memory_bytes) GLP_RETURN_IF_ERROR(MakeRoom());
  GLP_ASSIGN_OR_RETURN(const Place* const place, Find(entry));
  std::string& values = streams_[place->stream].text;
  const size_t before = values.size();
  if (before > 0) values += ',';
  if (options_.shape == Shape::kOld) {
    values += R"({"ts":")";
    values += FormatTimestamp(entry.ts_ns);
    values += R"(","line":)";
  } else {
    values += "[\"";
    AppendInt(&values, entry.ts_ns);
    values += "\",";
  }
  if (!AppendJsonLossy(&values, entry.line)) ++changed_lines_;
  values += place->tail;
  values += options_.shape == Shape::kOld ? '}' : ']';
  ++entries_;
  const size_t more = values.size() - before;
  memory_ += more;
  size_bytes_ += more;
  if (size_bytes_ <= options_.max_bytes) return Status::Ok();
  return {Code::kLimit, fmt::format("the answer is larger than {} bytes; ask for a lower limit or "
                                    "a shorter time",
                                    options_.max_bytes)};
}

std::vector<const KeyedText*> StreamsBody::Sorted() const {
  std::vector<const KeyedText*> order;
  order.reserve(streams_.size());
  for (const KeyedText& stream : streams_) order.push_back(&stream);
  std::sort(order.begin(), order.end(),
            [](const KeyedText* a, const KeyedText* b) { return a->key < b->key; });
  return order;
}

void StreamsBody::End(const logql::ScanStats& stats, double seconds, double queued) {
  ForgetStreams();
  std::vector<std::string> warnings = stats.warnings;
  if (changed_lines_ > 0) {
    warnings.push_back(fmt::format(
        "{} lines are not UTF-8: bytes that JSON cannot hold were replaced", changed_lines_));
  }
  if (bad_meta_ > 0) {
    warnings.push_back("structured metadata of some entries is no object of strings: left out");
  }
  AppendWarnings(&warnings_, warnings);
  AppendStats(&stats_, stats, seconds, queued, entries_, entries_);
  order_ = Sorted();
}

void StreamsBody::AppendFront(std::string* piece) const {
  if (options_.only_streams) {
    *piece += '[';
    return;
  }
  if (options_.shape == Shape::kOld) {
    *piece += "{" + warnings_ + R"("streams":[)";
    return;
  }
  *piece += R"({"status":"success",)" + warnings_ + R"("data":{"resultType":"streams",)";
  if (options_.shape == Shape::kCategorized) *piece += R"("encodingFlags":["categorize-labels"],)";
  *piece += R"("result":[)";
}

void StreamsBody::AppendEnd(std::string* piece) const {
  if (options_.only_streams) {
    *piece += ']';
    return;
  }
  *piece += "]," + stats_ + (options_.shape == Shape::kOld ? "}" : "}}");
}

Result<bool> StreamsBody::BeginStream(std::string* piece) {
  std::string_view head;
  if (!runs_.empty()) {
    GLP_ASSIGN_OR_RETURN(const bool has_next, runs_.Next());
    if (!has_next) return false;
    head = runs_.head();
  } else {
    if (at_ == order_.size()) return false;
    head = order_[at_]->head;
  }
  const bool is_old = options_.shape == Shape::kOld;
  if (has_streams_) *piece += ',';
  has_streams_ = true;
  *piece += is_old ? R"({"labels":)" : R"({"stream":)";
  *piece += head;
  *piece += is_old ? R"(,"entries":[)" : R"(,"values":[)";
  return true;
}

Result<bool> StreamsBody::ReadStream(std::string* piece) {
  if (!runs_.empty()) return runs_.Read(",", piece);
  const std::string_view text = std::string_view(order_[at_]->text).substr(used_, kPieceBytes);
  *piece += text;
  used_ += text.size();
  if (used_ < order_[at_]->text.size()) return true;
  used_ = 0;
  ++at_;
  return false;
}

Result<bool> StreamsBody::Next(std::string* piece) {
  piece->clear();
  if (stage_ == Stage::kDone) return false;
  if (stage_ == Stage::kFront) {
    if (!runs_.empty()) {
      GLP_RETURN_IF_ERROR(runs_.Write(order_));
      order_.clear();
      std::vector<KeyedText>().swap(streams_);
      by_selector_.clear();
    }
    AppendFront(piece);
    stage_ = Stage::kStreams;
  }
  while (piece->size() < kPieceBytes) {
    if (stage_ == Stage::kStreams) {
      GLP_ASSIGN_OR_RETURN(const bool begun, BeginStream(piece));
      if (!begun) {
        AppendEnd(piece);
        stage_ = Stage::kDone;
        break;
      }
      stage_ = Stage::kText;
    }
    GLP_ASSIGN_OR_RETURN(const bool more, ReadStream(piece));
    if (!more) {
      *piece += "]}";
      stage_ = Stage::kStreams;
    }
  }
  return true;
}

}  // namespace glp::wire
