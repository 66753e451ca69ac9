#include "wire/push_batch.h"

#include <algorithm>
#include <protozero/varint.hpp>

#include "base/json_text.h"
#include "wire/push_fields.h"

namespace glp::wire {
namespace {

// Beyond these the buffers of streams that are not written any more are given back.
constexpr size_t kMaxStreams = 10'000;
constexpr size_t kMinKeptBytes = 4 << 20;
// Bytes a stream costs beyond its labels and entries: tags, lengths, its Origin.
constexpr uint64_t kStreamOverhead = 24;
constexpr uint64_t kRunOverhead = 24;
constexpr size_t kScanPadding = 16;  // ScanJsonString's

void AppendVarint(std::string* out, uint64_t value) {
  char bytes[protozero::max_varint_length];
  out->append(bytes, protozero::add_varint_to_buffer(bytes, value));
}

void AppendBytes(std::string* out, Tag tag, std::string_view bytes) {
  AppendVarint(out, tag);
  AppendVarint(out, bytes.size());
  out->append(bytes);
}

// One LabelPair as a field of Entry. Returns the bytes of name and value.
uint64_t AppendPair(std::string* out, std::string_view name, std::string_view value) {
  const int name_size = 1 + protozero::length_of_varint(name.size());
  const int value_size = 1 + protozero::length_of_varint(value.size());
  AppendVarint(out, kEntryMeta);
  AppendVarint(out, name_size + name.size() + value_size + value.size());
  AppendBytes(out, kPairName, name);
  AppendBytes(out, kPairValue, value);
  return name.size() + value.size();
}

// The string that begins behind `p`, decoded into `scratch` where it has escapes; false where
// there is none.
bool ReadString(const char** p, const char* limit, std::string* scratch, std::string_view* text) {
  if (*p >= limit || **p != '"') return false;
  const JsonStringScan scan = ScanJsonString(*p + 1, limit);
  if (scan.end == nullptr) return false;
  *text = std::string_view(*p + 1, scan.end - *p - 1);
  *p = scan.end + 1;
  if (!scan.has_escapes) return true;
  scratch->clear();
  if (!AppendJsonUnescaped(scratch, *text)) return false;
  *text = *scratch;
  return true;
}

// Pairs of an object of strings as tools write it, without blanks. False where it is another form.
bool AppendCompactMeta(std::string_view json, std::string* scratch, std::string* out,
                       uint64_t* size_bytes) {
  std::string& padded = *scratch;
  padded.assign(json);
  padded.append(kScanPadding, '\0');
  const char* p = padded.data();
  const char* limit = p + json.size();
  std::string name_text, value_text;
  if (p == limit || *p++ != '{') return false;
  while (true) {
    std::string_view name, value;
    if (!ReadString(&p, limit, &name_text, &name)) return false;
    if (p >= limit || *p++ != ':') return false;
    if (!ReadString(&p, limit, &value_text, &value)) return false;
    *size_bytes += AppendPair(out, name, value);
    if (p >= limit) return false;
    if (*p == '}') return p + 1 == limit;
    if (*p++ != ',') return false;
  }
}

}  // namespace

Batch::Batch(const LabelTable* labels, Labels external, std::string drop_label)
    : table_(labels), external_(std::move(external)), drop_label_(std::move(drop_label)) {
  Canonicalize(&external_);
}

Batch::Stream& Batch::Find(const LabelSet* labels) {
  // The table may have been emptied since the last record: its numbers are then others' now.
  if (generation_ != table_->generation()) {
    by_id_.clear();
    generation_ = table_->generation();
  }
  if (labels->id >= by_id_.size()) by_id_.resize(labels->id + 1, kNoStream);
  uint32_t& at = by_id_[labels->id];
  if (at == kNoStream) at = Enter(labels);
  Stream& stream = streams_[at];
  if (stream.entries.empty()) {
    order_.push_back(at);
    body_bytes_ += stream.labels.size() + kStreamOverhead;
  }
  return stream;
}

uint32_t Batch::Enter(const LabelSet* labels) {
  Labels merged = external_;
  merged.insert(merged.end(), labels->labels.begin(), labels->labels.end());
  Canonicalize(&merged);
  if (!drop_label_.empty()) {
    std::erase_if(merged, [&](const Label& label) { return label.name == drop_label_; });
  }
  std::string text;
  AppendBytes(&text, kStreamLabels, LabelsToSelector(merged));
  auto [place, is_new] = by_labels_.emplace(std::move(text), streams_.size());
  if (is_new) streams_.emplace_back().labels = place->first;
  return place->second;
}

void Batch::EndRun(Stream* stream) {
  if (stream->steps.empty()) return;
  std::string& run = scratch_;
  run.clear();
  if (!stream->id.empty()) AppendBytes(&run, kRunId, stream->id);
  AppendBytes(&run, kRunSteps, stream->steps);
  if (stream->whole_from != PushRequest::kNotWhole) {
    AppendVarint(&run, kRunWholeFrom);
    AppendVarint(&run, stream->whole_from);
  }
  AppendBytes(&stream->runs, kOriginRun, run);
  stream->steps.clear();
  body_bytes_ += kRunOverhead + stream->id.size();
}

void Batch::AddSource(std::string_view src, uint64_t whole_from, Stream* stream) {
  Source source = ParseSource(src);
  if (source.id.empty()) {
    source.next = 0;
    whole_from = PushRequest::kNotWhole;
  } else {
    stream->has_src = true;
  }
  if (stream->steps.empty() || stream->whole_from != whole_from || stream->id != source.id) {
    EndRun(stream);
    stream->id = source.id;
    stream->whole_from = whole_from;
    stream->last_next = 0;
  }
  const auto step = static_cast<int64_t>(source.next - stream->last_next);
  stream->last_next = source.next;
  AppendVarint(&stream->steps, protozero::encode_zigzag64(step));
}

uint64_t Batch::EncodeMeta(std::string_view meta) {
  meta_.clear();
  if (meta.empty() || meta == "{}") return 0;
  uint64_t size_bytes = 0;
  if (AppendCompactMeta(meta, &scratch_, &meta_, &size_bytes)) return size_bytes;
  meta_.clear();
  size_bytes = 0;
  const Result<Labels> labels = LabelsFromJson(meta);
  if (!labels.ok()) return 0;
  for (const Label& label : *labels) size_bytes += AppendPair(&meta_, label.name, label.value);
  return size_bytes;
}

void Batch::Add(const Record& record, uint64_t whole_from) {
  Stream& stream = Find(record.labels);
  const std::string_view line = record.line.Decode(&line_);
  size_bytes_ += line.size() + EncodeMeta(record.meta);

  // An Entry up to the bytes of its line: tags, the time in its own message, lengths.
  const SplitTime time = Split(record.ts_ns);
  const auto seconds = static_cast<uint64_t>(time.seconds);
  const uint64_t time_size =
      2 + protozero::length_of_varint(seconds) + protozero::length_of_varint(time.nanos);
  const uint64_t entry_size =
      2 + time_size + 1 + protozero::length_of_varint(line.size()) + line.size() + meta_.size();
  char head[64];
  char* p = head;
  *p++ = static_cast<char>(kStreamEntry);
  p += protozero::add_varint_to_buffer(p, entry_size);
  *p++ = static_cast<char>(kEntryTime);
  *p++ = static_cast<char>(time_size);
  *p++ = static_cast<char>(kTimeSeconds);
  p += protozero::add_varint_to_buffer(p, seconds);
  *p++ = static_cast<char>(kTimeNanos);
  p += protozero::add_varint_to_buffer(p, time.nanos);
  *p++ = static_cast<char>(kEntryLine);
  p += protozero::add_varint_to_buffer(p, line.size());

  const size_t before = stream.entries.size() + stream.steps.size();
  stream.entries.append(head, p - head);
  stream.entries.append(line);
  if (!meta_.empty()) stream.entries.append(meta_);
  AddSource(record.src, whole_from, &stream);
  body_bytes_ += stream.entries.size() + stream.steps.size() - before;
  ++entries_;
}

std::string Batch::Take() {
  std::string body, origins;
  for (uint32_t at : order_) EndRun(&streams_[at]);
  body.reserve(body_bytes_ + 64);
  for (uint32_t at : order_) {
    const Stream& stream = streams_[at];
    AppendVarint(&body, kRequestStream);
    AppendVarint(&body, stream.labels.size() + stream.entries.size());
    body += stream.labels;
    body += stream.entries;
    AppendBytes(&origins, kGlpStream, stream.has_src ? stream.runs : std::string_view());
  }
  if (!order_.empty()) AppendBytes(&body, kRequestGlp, origins);
  Reset();
  return body;
}

void Batch::Reset() {
  const uint64_t may_keep = std::max<uint64_t>(kMinKeptBytes, 4 * body_bytes_);
  uint64_t kept = 0;
  for (uint32_t at : order_) {
    Stream& stream = streams_[at];
    stream.entries.clear();
    stream.runs.clear();
    stream.steps.clear();
    stream.has_src = false;
  }
  for (const Stream& stream : streams_) {
    kept += stream.entries.capacity() + stream.runs.capacity() + stream.steps.capacity();
  }
  if (kept > may_keep || streams_.size() > kMaxStreams) {
    streams_.clear();
    by_labels_.clear();
    by_id_.clear();
  }
  order_.clear();
  entries_ = size_bytes_ = body_bytes_ = 0;
}

}  // namespace glp::wire
