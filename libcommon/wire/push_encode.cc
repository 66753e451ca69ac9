#include "base/json_text.h"
#include "wire/push_json.h"
#include "wire/utf8.h"

namespace glp::wire {
namespace {

void AppendTime(std::string* out, int64_t ts_ns) {
  if (ts_ns < 0) *out += '-';
  AppendUint64(out, ts_ns < 0 ? -static_cast<uint64_t>(ts_ns) : static_cast<uint64_t>(ts_ns));
}

}  // namespace

PushBatch::PushBatch(const LabelTable* labels, Labels external)
    : table_(labels), external_(std::move(external)) {
  Canonicalize(&external_);
}

PushBatch::Stream& PushBatch::Find(const LabelSet* labels) {
  // The table may have been emptied since the last record: its pointers are then others' now.
  if (generation_ != table_->generation()) {
    by_set_.clear();
    last_set_ = nullptr;
    generation_ = table_->generation();
  }
  if (labels == last_set_) return streams_[last_];
  auto found = by_set_.find(labels);
  if (found == by_set_.end()) {
    std::string json = labels->json;
    if (!external_.empty()) {
      Labels merged = external_;
      merged.insert(merged.end(), labels->labels.begin(), labels->labels.end());
      Canonicalize(&merged);
      json = LabelsToJson(merged);
    }
    auto [place, is_new] = by_labels_.emplace(std::move(json), streams_.size());
    if (is_new) {
      streams_.emplace_back().labels = place->first;
      body_bytes_ += place->first.size() + 64;
    }
    found = by_set_.emplace(labels, place->second).first;
  }
  last_set_ = labels;
  last_ = found->second;
  return streams_[last_];
}

void PushBatch::AppendLine(const Line& line, Stream* stream) {
  std::string& out = stream->values;
  if (line.form == Line::Form::kPlain || line.form == Line::Form::kJson) {
    out += '"';
    out += line.text;
    out += '"';
    size_bytes_ += line.text.size();
    return;
  }
  const std::string_view bytes = line.Decode(&scratch_);
  size_bytes_ += bytes.size();
  if (AppendJsonLossy(&out, bytes)) return;
  std::string& line64 = stream->line64;
  line64 += line64.empty() ? "[" : ",[";
  AppendUint64(&line64, stream->entries);
  line64 += ",\"";
  line64 += Base64Encode(bytes);
  line64 += "\"]";
  ++odd_lines_;
}

void PushBatch::AppendSrc(std::string_view src, Stream* stream) {
  const Source source = ParseSource(src);
  std::string& out = stream->src;
  if (stream->entries > 0 && stream->last_id == source.id) {
    out += ',';
  } else {
    if (stream->entries > 0) out += "]],";
    out += "[\"";
    out += source.id;
    out += "\",[";
    stream->last_id = source.id;
  }
  AppendUint64(&out, source.id.empty() ? 0 : source.next);
  stream->has_src |= !source.id.empty();
}

void PushBatch::Add(const Record& record) {
  Stream& stream = Find(record.labels);
  const size_t before = stream.values.size() + stream.src.size() + stream.line64.size();
  stream.values += stream.values.empty() ? "[\"" : ",[\"";
  AppendTime(&stream.values, record.ts_ns);
  stream.values += "\",";
  AppendLine(record.line, &stream);
  if (!record.meta.empty()) {
    stream.values += ',';
    stream.values += record.meta;
    size_bytes_ += record.meta.size();
  }
  stream.values += ']';
  AppendSrc(record.src, &stream);
  ++stream.entries;
  ++entries_;
  body_bytes_ += stream.values.size() + stream.src.size() + stream.line64.size() - before;
}

void PushBatch::AppendBody(std::string* out, bool to_glp) const {
  out->reserve(out->size() + body_bytes_ + 64);
  *out += "{\"streams\":[";
  for (size_t i = 0; i < streams_.size(); ++i) {
    *out += i == 0 ? "{\"stream\":" : ",{\"stream\":";
    *out += streams_[i].labels;
    *out += ",\"values\":[";
    *out += streams_[i].values;
    *out += "]}";
  }
  *out += ']';
  if (to_glp) {
    *out += ",\"glp\":{\"streams\":[";
    for (size_t i = 0; i < streams_.size(); ++i) {
      const Stream& stream = streams_[i];
      *out += i == 0 ? "{" : ",{";
      if (stream.has_src) {
        *out += "\"src\":[";
        *out += stream.src;
        *out += "]]]";
      }
      if (!stream.line64.empty()) {
        *out += stream.has_src ? ",\"line64\":[" : "\"line64\":[";
        *out += stream.line64;
        *out += ']';
      }
      *out += '}';
    }
    *out += "]}";
  }
  *out += '}';
}

void PushBatch::Clear() {
  streams_.clear();
  by_set_.clear();
  by_labels_.clear();
  last_set_ = nullptr;
  entries_ = size_bytes_ = body_bytes_ = odd_lines_ = 0;
}

}  // namespace glp::wire
