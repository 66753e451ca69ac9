#include "record/record.h"

#include <simdjson.h>

#include "base/json_text.h"
#include "base/strings.h"
#include "base/time.h"

namespace glp {

std::string_view Line::Decode(std::string* scratch) const {
  switch (form) {
    case Form::kBytes:
    case Form::kPlain:
      return text;
    case Form::kJson:
      scratch->clear();
      AppendJsonUnescaped(scratch, text);
      return *scratch;
    case Form::kBase64:
      Base64Decode(text, scratch);
      return *scratch;
  }
  return text;
}

Source ParseSource(std::string_view src) {
  size_t at = src.rfind('@');
  if (at == std::string_view::npos) return {};
  auto next = ParseUint64(src.substr(at + 1));
  if (!next) return {};
  return {src.substr(0, at), *next};
}

namespace {

void AppendLine(std::string* out, const Line& line) {
  switch (line.form) {
    case Line::Form::kPlain:
    case Line::Form::kJson:
      out->append(",\"line\":\"", 9);
      out->append(line.text);
      break;
    case Line::Form::kBase64:
      out->append(",\"line64\":\"", 11);
      out->append(line.text);
      break;
    case Line::Form::kBytes:
      if (IsValidUtf8(line.text)) {
        out->append(",\"line\":\"", 9);
        AppendJsonEscaped(out, line.text);
      } else {
        out->append(",\"line64\":\"", 11);
        out->append(Base64Encode(line.text));
      }
      break;
  }
  out->push_back('"');
}

bool IsEmptyObject(std::string_view json) { return json.empty() || json == "{}"; }

}  // namespace

void AppendRecord(std::string* out, const Record& record) {
  // One resize for the fixed head instead of three appends.
  constexpr std::string_view kHead = "{\"ts\":\"";
  constexpr std::string_view kLabels = "\",\"labels\":";
  size_t at = out->size();
  out->resize(at + kHead.size() + kTimestampSize + kLabels.size());
  char* p = out->data() + at;
  kHead.copy(p, kHead.size());
  FormatTimestamp(record.ts_ns, p + kHead.size());
  kLabels.copy(p + kHead.size() + kTimestampSize, kLabels.size());
  if (record.labels != nullptr) {
    out->append(record.labels->json);
  } else {
    out->append("{}");
  }
  AppendLine(out, record.line);
  if (!IsEmptyObject(record.meta)) {
    out->append(",\"meta\":");
    out->append(record.meta);
  }
  if (!IsEmptyObject(record.fields)) {
    out->append(",\"fields\":");
    out->append(record.fields);
  }
  if (!record.src.empty()) {
    out->append(",\"src\":\"");
    out->append(record.src);
    out->push_back('"');
    if (record.pos != Record::kPosIsNext) {
      out->append(",\"pos\":");
      AppendUint64(out, record.pos);
    }
  }
  out->append(record.extra);
  out->append("}\n", 2);
}

void AppendFileMark(std::string* out, std::string_view src, std::string_view path, uint64_t start,
                    std::optional<int64_t> modified_ns, std::optional<uint64_t> size) {
  *out += "{\"mark\":\"file\",\"src\":\"";
  *out += src;
  *out += "\",\"path\":";
  // A path is any bytes but NUL; JSON has to be UTF-8.
  AppendJsonString(out, IsValidUtf8(path) ? path : EscapeForTerminal(path));
  if (start > 0) {
    *out += ",\"start\":";
    AppendUint64(out, start);
  }
  if (modified_ns) *out += ",\"modified\":\"" + FormatTimestamp(*modified_ns) + '"';
  if (size) {
    *out += ",\"size\":";
    AppendUint64(out, *size);
  }
  *out += "}\n";
}

void AppendPosMark(std::string* out, std::string_view src) {
  *out += "{\"mark\":\"pos\",\"src\":\"";
  *out += src;
  *out += "\"}\n";
}

void AppendGapMark(std::string* out, std::string_view src, uint64_t bytes, std::string_view why) {
  *out += "{\"mark\":\"gap\",\"src\":\"";
  *out += src;
  *out += "\",\"bytes\":";
  AppendUint64(out, bytes);
  *out += ",\"why\":";
  AppendJsonString(out, why);
  *out += "}\n";
}

void AppendEndMark(std::string* out, std::string_view tool, uint64_t in, uint64_t emitted,
                   const std::map<std::string, uint64_t, std::less<>>& dropped) {
  *out += "{\"mark\":\"end\",\"tool\":";
  AppendJsonString(out, tool);
  *out += ",\"in\":";
  AppendUint64(out, in);
  *out += ",\"out\":";
  AppendUint64(out, emitted);
  *out += ",\"dropped\":{";
  const char* separator = "";
  for (const auto& [reason, count] : dropped) {
    *out += separator;
    AppendJsonString(out, reason);
    *out += ':';
    AppendUint64(out, count);
    separator = ",";
  }
  *out += "}}\n";
}

MarkWords ReadMarkWords(const Mark& mark) {
  MarkWords words;
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(mark.raw.data(), mark.raw.size()).get(document) != simdjson::SUCCESS) {
    return words;
  }
  auto text = [&](const char* key) {
    std::string_view value;
    return document[key].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
  };
  auto number = [&](const char* key) {
    uint64_t value;
    return document[key].get(value) == simdjson::SUCCESS ? value : 0;
  };
  words.path = text("path");
  words.start = number("start");
  words.modified_ns = ParseRfc3339(text("modified"));
  if (uint64_t size; document["size"].get(size) == simdjson::SUCCESS) words.size = size;
  words.bytes = number("bytes");
  words.tool = text("tool");
  words.in = number("in");
  words.out = number("out");
  return words;
}

}  // namespace glp
