#include "wire/push_json.h"

#include <simdjson.h>

#include <algorithm>
#include <deque>

#include "base/json_text.h"
#include "base/time.h"
#include "wire/push_meta.h"

namespace glp::wire {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr size_t kKeepBytes = 8 << 20;
constexpr size_t kChunkBytes = 64 << 10;

// What `glp` says of a stream.
struct Extra {
  struct Run {
    std::string_view id;
    std::vector<uint64_t> nexts;
    uint64_t whole_from = PushRequest::kNotWhole;
  };
  struct Exact {
    uint64_t index;
    std::string_view line;
  };
  std::vector<Run> src;
  std::vector<Exact> lines;
};

Status Malformed(std::string what) { return DataError("malformed push body: " + std::move(what)); }

Status Malformed(std::string_view what, simdjson::error_code error) {
  return Malformed(std::string(what) + ": " + simdjson::error_message(error));
}

std::string_view TrimJson(std::string_view raw) {
  while (!raw.empty() && std::string_view(" \t\r\n").find(raw.back()) != raw.npos) {
    raw.remove_suffix(1);
  }
  return raw;
}

}  // namespace

struct JsonPushDecoder::Impl {
  ondemand::parser parser;
  std::string padded;
  PushRequest request;
  MetaWriter meta;
  std::deque<std::string> owned;   // decoded base64
  std::deque<std::string> chunks;  // text that had escapes
  std::vector<Extra> extras;
  bool has_extras = false;
  PushCount count;
  Status full;  // why ReadText had no memory

  Status Decode();
  Status ReadStreams(ondemand::value value);
  Status ReadStream(ondemand::value value, PushRequest::Stream* stream);
  Status ReadLabels(ondemand::value value, Labels* labels);
  Status ReadLabelsText(ondemand::value value, PushRequest::Stream* stream);
  // `old`: as /api/prom/push has them.
  Status ReadEntries(ondemand::value value, bool old, std::vector<PushRequest::Entry>* entries);
  Status ReadOldEntry(ondemand::value value, PushRequest::Entry* entry);
  Status ReadEntry(ondemand::value value, PushRequest::Entry* entry);
  bool ReadText(ondemand::value value, std::string_view* text);
  Status ReadMeta(ondemand::value value, std::string_view* json);
  Status ReadGlp(ondemand::value value);
  Status ReadExtra(ondemand::value value, Extra* extra);
  Status ApplyExtras();
};

JsonPushDecoder::JsonPushDecoder() : impl_(std::make_unique<Impl>()) {}
JsonPushDecoder::~JsonPushDecoder() = default;

Result<const PushRequest*> JsonPushDecoder::Decode(std::string_view body, MemoryClaim* memory) {
  if (impl_->padded.capacity() > kKeepBytes) impl_ = std::make_unique<Impl>();
  Impl& d = *impl_;
  d.request.streams.clear();
  d.meta.Clear();
  d.owned.clear();
  d.chunks.clear();
  d.extras.clear();
  d.has_extras = false;
  d.count = PushCount(memory);
  d.full = Status::Ok();
  d.padded.clear();
  // A copy, and simdjson's list of what stands where.
  GLP_RETURN_IF_ERROR(TakeMemory(memory, (1 + sizeof(uint32_t)) * body.size()));
  d.padded.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  d.padded.assign(body);
  GLP_RETURN_IF_ERROR(d.Decode());
  std::erase_if(d.request.streams, [](const auto& stream) { return stream.entries.empty(); });
  return &d.request;
}

Status JsonPushDecoder::Impl::Decode() {
  ondemand::document document;
  const simdjson::padded_string_view view(padded.data(), padded.size(), padded.capacity());
  if (auto error = parser.iterate(view).get(document)) return Malformed("not JSON", error);
  ondemand::object object;
  if (auto error = document.get_object().get(object)) return Malformed("not an object", error);
  for (auto field : object) {
    std::string_view key;
    if (auto error = field.unescaped_key().get(key)) return Malformed("key", error);
    ondemand::value value;
    if (auto error = field.value().get(value)) return Malformed("value", error);
    if (key == "streams") {
      GLP_RETURN_IF_ERROR(ReadStreams(value));
    } else if (key == "glp") {
      GLP_RETURN_IF_ERROR(ReadGlp(value));
    }
  }
  const char* rest = nullptr;
  if (!document.current_location().get(rest)) return Malformed("more stands behind the object");
  return has_extras ? ApplyExtras() : Status::Ok();
}

Status JsonPushDecoder::Impl::ReadStreams(ondemand::value value) {
  bool is_null = false;
  if (auto error = value.is_null().get(is_null)) return Malformed("streams", error);
  if (is_null) return Status::Ok();
  ondemand::array array;
  if (auto error = value.get_array().get(array)) return Malformed("streams is no array", error);
  for (auto item : array) {
    ondemand::value stream;
    if (auto error = item.get(stream)) return Malformed("streams", error);
    GLP_RETURN_IF_ERROR(count.AddStream());
    const size_t at = request.streams.size();
    Status status = ReadStream(stream, &request.streams.emplace_back());
    if (!status.ok()) {
      return Status(status.code(),
                    "malformed push body: stream " + std::to_string(at) + ": " + status.message());
    }
  }
  return Status::Ok();
}

Status JsonPushDecoder::Impl::ReadStream(ondemand::value value, PushRequest::Stream* stream) {
  ondemand::object object;
  if (value.get_object().get(object)) return DataError("is no object");
  for (auto field : object) {
    std::string_view key;
    if (field.unescaped_key().get(key)) return DataError("bad key");
    ondemand::value part;
    if (field.value().get(part)) return DataError("bad value");
    if (key == "stream") {
      GLP_RETURN_IF_ERROR(ReadLabels(part, &stream->labels));
    } else if (key == "values") {
      GLP_RETURN_IF_ERROR(ReadEntries(part, false, &stream->entries));
    } else if (key == "labels") {
      GLP_RETURN_IF_ERROR(ReadLabelsText(part, stream));
    } else if (key == "entries") {
      GLP_RETURN_IF_ERROR(ReadEntries(part, true, &stream->entries));
    }
  }
  return Status::Ok();
}

Status JsonPushDecoder::Impl::ReadLabels(ondemand::value value, Labels* labels) {
  ondemand::object object;
  if (value.get_object().get(object)) return DataError("labels are no object");
  labels->clear();
  for (auto field : object) {
    std::string_view name;
    if (field.unescaped_key().get(name)) return DataError("bad label name");
    ondemand::value part;
    if (field.value().get(part)) return DataError("bad label value");
    ondemand::json_type type;
    if (part.type().get(type)) return DataError("bad label value");
    std::string_view text;
    bool bad = false;
    if (type == ondemand::json_type::string) {
      bad = part.get_string().get(text) != simdjson::SUCCESS;
    } else if (type == ondemand::json_type::object) {
      ondemand::object nested;
      bad = part.get_object().get(nested) || nested.raw_json().get(text);
    } else if (type == ondemand::json_type::array) {
      ondemand::array nested;
      bad = part.get_array().get(nested) || nested.raw_json().get(text);
    } else {
      text = part.raw_json_token();
    }
    // The raw text of simdjson goes on up to the next token.
    if (type != ondemand::json_type::string) text = TrimJson(text);
    if (bad) return DataError("bad value of label '" + std::string(name) + "'");
    GLP_RETURN_IF_ERROR(count.AddLabels(name.size() + text.size() + 6));
    labels->push_back({std::string(name), std::string(text)});
  }
  Canonicalize(labels);
  std::erase_if(*labels, [](const Label& label) { return label.value.empty(); });
  return Status::Ok();
}

Status JsonPushDecoder::Impl::ReadLabelsText(ondemand::value value, PushRequest::Stream* stream) {
  std::string_view text;
  if (value.get_string().get(text)) return DataError("labels are no text such as {app=\"web\"}");
  GLP_RETURN_IF_ERROR(count.AddLabels(text.size()));
  ReadStreamLabels(text, stream);
  return Status::Ok();
}

Status JsonPushDecoder::Impl::ReadEntries(ondemand::value value, bool old,
                                          std::vector<PushRequest::Entry>* entries) {
  bool is_null = false;
  if (value.is_null().get(is_null)) return DataError("bad values");
  if (is_null) return Status::Ok();
  ondemand::array array;
  if (value.get_array().get(array)) return DataError("values is no array");
  for (auto item : array) {
    ondemand::value part;
    if (item.get(part)) return DataError("bad values");
    if (part.is_null().get(is_null)) return DataError("bad values");
    if (is_null) continue;
    GLP_RETURN_IF_ERROR(count.AddEntry());
    PushRequest::Entry entry;
    Status status = old ? ReadOldEntry(part, &entry) : ReadEntry(part, &entry);
    if (!status.ok()) return status.Annotate("value " + std::to_string(entries->size()));
    entries->push_back(entry);
  }
  return Status::Ok();
}

Status JsonPushDecoder::Impl::ReadEntry(ondemand::value value, PushRequest::Entry* entry) {
  ondemand::array array;
  if (value.get_array().get(array)) return DataError("is no array");
  size_t at = 0;
  for (auto item : array) {
    ondemand::value part;
    if (item.get(part)) return DataError("is not JSON");
    if (at == 0) {
      std::string_view text;
      if (part.get_string().get(text)) return DataError("time is no string of nanoseconds");
      const std::optional<int64_t> ts_ns = ParseInt64(text);
      if (!ts_ns) return DataError("time is no number of nanoseconds: '" + std::string(text) + "'");
      entry->ts_ns = *ts_ns;
    } else if (at == 1) {
      if (!ReadText(part, &entry->line)) return full.ok() ? DataError("line is no string") : full;
    } else if (at == 2) {
      GLP_RETURN_IF_ERROR(ReadMeta(part, &entry->meta));
    }
    ++at;
  }
  return at >= 2 ? Status::Ok() : DataError("needs a time and a line");
}

Status JsonPushDecoder::Impl::ReadOldEntry(ondemand::value value, PushRequest::Entry* entry) {
  ondemand::object object;
  if (value.get_object().get(object)) return DataError("is no object");
  bool has_time = false, has_line = false;
  for (auto field : object) {
    std::string_view key, text;
    if (field.unescaped_key().get(key)) return DataError("bad key");
    ondemand::value part;
    if (field.value().get(part)) return DataError("is not JSON");
    if (key == "ts") {
      if (part.get_string().get(text)) return DataError("ts is no string");
      const std::optional<int64_t> ts_ns = ParseRfc3339(text);
      if (!ts_ns) return DataError("ts is no time of RFC 3339: '" + std::string(text) + "'");
      entry->ts_ns = *ts_ns;
      has_time = true;
    } else if (key == "line") {
      if (!ReadText(part, &entry->line)) return full.ok() ? DataError("line is no string") : full;
      has_line = true;
    }
  }
  return has_time && has_line ? Status::Ok() : DataError("needs ts and line");
}

// A string as a view into the body; only text with escapes is copied. False where it is none.
bool JsonPushDecoder::Impl::ReadText(ondemand::value value, std::string_view* text) {
  ondemand::raw_json_string string;
  if (value.get_raw_json_string().get(string)) return false;
  const char* begin = string.raw();
  const JsonStringScan scan = ScanJsonString(begin, padded.data() + padded.size());
  if (scan.end == nullptr) return false;
  const std::string_view raw(begin, scan.end - begin);
  *text = raw;
  if (!scan.has_escapes) return true;
  if (Status status = count.AddBytes(raw.size()); !status.ok()) {
    full = std::move(status);
    return false;
  }
  // A chunk never grows: views into it stay good.
  if (chunks.empty() || chunks.back().capacity() - chunks.back().size() < raw.size()) {
    chunks.emplace_back().reserve(std::max(raw.size(), kChunkBytes));
  }
  std::string& chunk = chunks.back();
  const size_t at = chunk.size();
  if (!AppendJsonUnescaped(&chunk, raw)) return false;
  *text = std::string_view(chunk).substr(at);
  return true;
}

Status JsonPushDecoder::Impl::ReadMeta(ondemand::value value, std::string_view* json) {
  ondemand::object object;
  if (value.get_object().get(object)) return DataError("structured metadata is no object");
  for (auto field : object) {
    std::string_view name, text;
    if (field.unescaped_key().get(name)) return DataError("bad name of structured metadata");
    if (field.value().get_string().get(text)) {
      return DataError("structured metadata '" + std::string(name) + "' is no string");
    }
    meta.Add(name, text);
  }
  *json = meta.Take();
  return count.AddBytes(2 * json->size());
}

Status JsonPushDecoder::Impl::ReadGlp(ondemand::value value) {
  ondemand::object object;
  if (value.get_object().get(object)) return Malformed("glp is no object");
  for (auto field : object) {
    std::string_view key;
    if (field.unescaped_key().get(key)) return Malformed("glp: bad key");
    if (key != "streams") continue;
    ondemand::array array;
    if (field.value().get_array().get(array)) return Malformed("glp.streams is no array");
    has_extras = true;
    for (auto item : array) {
      ondemand::value part;
      if (item.get(part)) return Malformed("glp.streams");
      GLP_RETURN_IF_ERROR(count.AddStream());
      Status status = ReadExtra(part, &extras.emplace_back());
      if (status.code() == Code::kLimit || status.code() == Code::kCancelled) return status;
      if (!status.ok()) {
        return Malformed("glp stream " + std::to_string(extras.size() - 1) + ": " +
                         status.message());
      }
    }
  }
  return Status::Ok();
}

Status JsonPushDecoder::Impl::ReadExtra(ondemand::value value, Extra* extra) {
  ondemand::object object;
  if (value.get_object().get(object)) return DataError("is no object");
  for (auto field : object) {
    std::string_view key;
    if (field.unescaped_key().get(key)) return DataError("bad key");
    ondemand::array items;
    if (key == "src") {
      if (field.value().get_array().get(items)) return DataError("src is no array");
      for (auto item : items) {
        ondemand::array pair;
        if (item.get_array().get(pair)) return DataError("src: a run is no array");
        GLP_RETURN_IF_ERROR(count.AddBytes(sizeof(Extra::Run)));
        Extra::Run& run = extra->src.emplace_back();
        size_t at = 0;
        for (auto part : pair) {
          if (at == 0 && part.get_string().get(run.id)) return DataError("src: bad ID");
          if (at == 1) {
            ondemand::array nexts;
            if (part.get_array().get(nexts)) return DataError("src: offsets are no array");
            for (auto number : nexts) {
              uint64_t next = 0;
              if (number.get_uint64().get(next)) return DataError("src: bad offset");
              GLP_RETURN_IF_ERROR(count.AddBytes(2 * sizeof next));
              run.nexts.push_back(next);
            }
          }
          if (at == 2 && part.get_uint64().get(run.whole_from)) {
            return DataError("src: bad offset that all is sent from");
          }
          if (++at > 3) break;
        }
        if (at < 2 || at > 3)
          return DataError("src: a run is an ID, offsets, and where they begin");
      }
    } else if (key == "line64") {
      if (field.value().get_array().get(items)) return DataError("line64 is no array");
      for (auto item : items) {
        ondemand::array pair;
        if (item.get_array().get(pair)) return DataError("line64: an item is no array");
        GLP_RETURN_IF_ERROR(count.AddBytes(2 * sizeof(Extra::Exact)));
        Extra::Exact& exact = extra->lines.emplace_back();
        size_t at = 0;
        for (auto part : pair) {
          std::string_view text;
          if (at == 0 && part.get_uint64().get(exact.index)) return DataError("line64: bad index");
          if (at == 1) {
            if (part.get_string().get(text)) return DataError("line64: no string");
            GLP_RETURN_IF_ERROR(count.AddBytes(sizeof(std::string) + text.size()));
            std::string& bytes = owned.emplace_back();
            if (!Base64Decode(text, &bytes)) return DataError("line64: not base64");
            exact.line = bytes;
          }
          if (++at > 2) break;
        }
        if (at != 2) return DataError("line64: an item is an index and base64");
      }
    }
  }
  return Status::Ok();
}

Status JsonPushDecoder::Impl::ApplyExtras() {
  if (extras.size() != request.streams.size()) {
    return Malformed("glp has " + std::to_string(extras.size()) + " streams, streams has " +
                     std::to_string(request.streams.size()));
  }
  for (size_t i = 0; i < extras.size(); ++i) {
    std::vector<PushRequest::Entry>& entries = request.streams[i].entries;
    const std::string where = "glp stream " + std::to_string(i) + ": ";
    size_t at = 0;
    for (const Extra::Run& run : extras[i].src) {
      if (run.nexts.size() > entries.size() - at)
        return Malformed(where + "more offsets than entries");
      for (uint64_t next : run.nexts) {
        entries[at].src_id = run.id;
        entries[at].src_next = next;
        if (!run.id.empty()) entries[at].src_whole_from = run.whole_from;
        ++at;
      }
    }
    if (!extras[i].src.empty() && at != entries.size()) {
      return Malformed(where + "fewer offsets than entries");
    }
    for (const Extra::Exact& exact : extras[i].lines) {
      if (exact.index >= entries.size()) return Malformed(where + "line64 of no entry");
      entries[exact.index].line = exact.line;
    }
  }
  return Status::Ok();
}

}  // namespace glp::wire
