// Lines taken apart in the plainest way, for logql/slow_pipeline.h: JSON, logfmt, patterns and
// regular expressions to labels, as leniently as Loki reads them.
// Threads: pure functions, but for the entry that they change.
#pragma once

#include <re2/re2.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json_text.h"
#include "base/strings.h"
#include "base/time.h"
#include "codec/decolorize.h"
#include "codec/regex.h"
#include "codec/template.h"
#include "logql/expr.h"
#include "logql/extraction.h"
#include "logql/ip.h"
#include "logql/label_names.h"
#include "logql/label_value.h"
#include "logql/regex.h"
#include "record/labels.h"

namespace glp::logql {

// An entry and its labels, by category. A name is in one of them; only a field that the entry came
// with may stand in front of a label of the stream or the metadata.
struct SlowEntry {
  using Strings = std::map<std::string, std::string>;
  int64_t ts_ns = 0;
  std::string line;
  Strings stream, meta, parsed;
  std::set<std::string> stream_names;  // that it came with
  std::string error, details;
  bool old_details = false;  // the details are those that it came with
  bool had_error = false;    // at any time
  double sample = 0;         // of an unwrap

  SlowEntry(int64_t ts_ns, const Labels& stream_labels, std::string line, const Labels& metadata,
            const Labels& fields)
      : ts_ns(ts_ns), line(std::move(line)) {
    for (const Label& label : stream_labels) {
      stream[label.name] = label.value;
      stream_names.insert(label.name);
    }
    for (const Label& label : metadata) {
      if (!TakeError(label)) {
        meta[label.name + (stream_names.count(label.name) > 0 ? "_extracted" : "")] = label.value;
      }
    }
    for (const Label& label : fields) {
      if (!TakeError(label)) parsed[label.name] = label.value;
    }
    had_error = !error.empty();
  }

  std::optional<std::string> Get(const std::string& name) const {
    for (const Strings* labels : {&parsed, &meta, &stream}) {
      if (const auto found = labels->find(name); found != labels->end()) return found->second;
    }
    return std::nullopt;
  }
  void Delete(const std::string& name) {
    for (Strings* labels : {&parsed, &meta, &stream}) labels->erase(name);
  }
  void Set(Strings* category, const std::string& name, const std::string& value) {
    Delete(name);
    (*category)[name] = value;
  }
  // Where a changed value of a label belongs.
  Strings* CategoryOf(const std::string& name) {
    return meta.count(name) > 0 ? &meta : stream.count(name) > 0 ? &stream : &parsed;
  }
  // The name that a parser gives to what it found.
  std::string Fresh(const std::string& name) const {
    return name + (stream_names.count(name) > 0 || meta.count(name) > 0 ? "_extracted" : "");
  }
  // The first value of a name counts.
  void SetParsed(const std::string& name, const std::string& value) {
    if (parsed.count(Fresh(name)) == 0) Set(&parsed, Fresh(name), value);
  }
  void SetError(std::string_view what, std::string_view why) {
    error = what;
    details = why;
    old_details = false;
    had_error = true;
  }
  // All as they are seen, errors too.
  Strings All() const {
    Strings all = stream;
    for (const auto& [name, value] : meta) all[name] = value;
    for (const auto& [name, value] : parsed) all[name] = value;
    if (!error.empty()) {
      all["__error__"] = error;
      if (!details.empty()) all["__error_details__"] = details;
    }
    return all;
  }

 private:
  bool TakeError(const Label& label) {
    if (label.name == "__error__") {
      error = label.value;
    } else if (label.name == "__error_details__") {
      details = label.value;
      old_details = true;
    } else {
      return false;
    }
    return true;
  }
};

namespace slow {

// Characters, a byte that is of none alone.
inline std::vector<std::string> Characters(const std::string& text) {
  std::vector<std::string> out;
  for (size_t at = 0; at < text.size();) {
    size_t size = 1;
    while (size < 4 && !IsValidUtf8(text.substr(at, size))) ++size;
    if (!IsValidUtf8(text.substr(at, size))) size = 1;
    out.push_back(text.substr(at, size));
    at += out.back().size();
  }
  return out;
}

inline constexpr const char* kReplacement = "\xEF\xBF\xBD";

inline std::string ReplaceInvalid(const std::string& text, const std::string& with) {
  std::string out;
  for (const std::string& c : Characters(text)) out += IsValidUtf8(c) ? c : with;
  return out;
}

// What a label may hold: no bad bytes and nothing that stands for them.
inline std::string Cleaned(const std::string& text) {
  std::string out;
  for (const std::string& c : Characters(text)) {
    out += IsValidUtf8(c) && c != kReplacement ? c : " ";
  }
  return out;
}

inline std::string Sanitized(const std::string& key, bool may_begin_with_digit = false) {
  std::string out;
  for (const std::string& c : Characters(std::string(TrimUnicodeSpace(key)))) {
    const bool is_digit = c[0] >= '0' && c[0] <= '9';
    if (is_digit && out.empty() && !may_begin_with_digit) out += "_";
    const bool is_letter = (c[0] >= 'a' && c[0] <= 'z') || (c[0] >= 'A' && c[0] <= 'Z');
    out += is_digit || is_letter || c[0] == '_' ? c : "_";
  }
  return out;
}

// ---- JSON, as leniently as Loki reads it.

struct JsonFault {
  const char* what;  // a broken line: the rest of it counts for nothing
};

class JsonText {
 public:
  explicit JsonText(const std::string& text) : text_(text) {}

  bool AtEnd() const { return at_ >= text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[at_]; }
  size_t at() const { return at_; }
  void MoveTo(size_t at) { at_ = at; }
  void Skip() { ++at_; }
  void SkipBlanks() {
    while (!AtEnd() && std::string(" \n\r\t").find(text_[at_]) != std::string::npos) ++at_;
  }
  // The inside of the string that begins here.
  std::string String(const char* fault) {
    const size_t start = ++at_;
    for (; !AtEnd(); ++at_) {
      if (text_[at_] == '"') return text_.substr(start, at_++ - start);
      if (text_[at_] == '\\') ++at_;
    }
    throw JsonFault{fault};
  }
  // All of the object or array that begins here; only brackets of its kind count.
  std::string Block(const char* fault) {
    const size_t start = at_;
    const char open = text_[at_], close = open == '{' ? '}' : ']';
    int depth = 0;
    while (!AtEnd()) {
      if (text_[at_] == '"') {
        String(fault);
        continue;
      }
      if (text_[at_] == open) ++depth;
      if (text_[at_] == close) --depth;
      ++at_;
      if (depth == 0) return text_.substr(start, at_ - start);
    }
    throw JsonFault{fault};
  }
  std::string Token() {
    const size_t start = at_;
    while (!AtEnd() && std::string(" \n\r\t,}]").find(text_[at_]) == std::string::npos) ++at_;
    return text_.substr(start, at_ - start);
  }

 private:
  const std::string& text_;
  size_t at_ = 0;
};

struct JsonValue {
  enum Kind { kString, kScalar, kNull, kObject, kArray } kind;
  std::string raw;
};

inline JsonValue ReadValue(JsonText* json) {
  switch (json->Peek()) {
    case '"':
      return {JsonValue::kString, json->String("a string without its end")};
    case '{':
      return {JsonValue::kObject, json->Block("an object without its end")};
    case '[':
      return {JsonValue::kArray, json->Block("an array without its end")};
    default:
      break;
  }
  const char first = json->Peek();
  const std::string token = json->Token();
  const bool is_number = (first >= '0' && first <= '9') || first == '-';
  if (is_number || token == "true" || token == "false") return {JsonValue::kScalar, token};
  if (token != "null") throw JsonFault{"a value of no known type"};
  return {JsonValue::kNull, token};
}

// Escapes decoded, "" where one is bad.
inline std::string Decoded(const std::string& raw) {
  std::string out;
  if (!AppendJsonUnescaped(&out, raw)) return "";
  return out;
}

inline std::string TextOf(const JsonValue& value) {
  return value.kind == JsonValue::kString ? Cleaned(Decoded(value.raw)) : value.raw;
}

inline std::string ReadKey(JsonText* json) {
  if (json->Peek() != '"') throw JsonFault{"a key is missing"};
  std::string raw = json->String("a key without its end");
  std::string decoded;
  if (!AppendJsonUnescaped(&decoded, raw)) throw JsonFault{"a key with a bad escape"};
  json->SkipBlanks();
  if (json->Peek() != ':') throw JsonFault{"':' is missing behind a key"};
  json->Skip();
  json->SkipBlanks();
  if (json->AtEnd()) throw JsonFault{"a value is missing"};
  return raw;
}

// Calls `member` with each raw key, standing at the value; from behind the '{' to behind the '}'.
template <typename Member>
void ReadMembers(JsonText* json, const Member& member) {
  for (;;) {
    json->SkipBlanks();
    if (json->AtEnd()) throw JsonFault{"the object ends too early"};
    if (json->Peek() == '}') return json->Skip();
    member(ReadKey(json));
    json->SkipBlanks();
    if (json->AtEnd()) throw JsonFault{"the object ends too early"};
    if (json->Peek() == '}') return json->Skip();
    if (json->Peek() != ',') throw JsonFault{"',' is missing behind a value"};
    json->Skip();
  }
}

inline std::string Joined(const std::string& parent, const std::string& key) {
  if (parent.empty()) return Sanitized(key);
  const std::string name = Sanitized(key, /*may_begin_with_digit=*/true);
  return name.empty() ? parent : parent + "_" + name;
}

inline void JsonObject(JsonText* json, const std::string& parent, int depth, SlowEntry* entry) {
  ReadMembers(json, [&](const std::string& raw) {
    const std::string name = Joined(parent, Decoded(raw));
    if (json->Peek() != '{') {
      const JsonValue value = ReadValue(json);
      const bool counts = value.kind == JsonValue::kString || value.kind == JsonValue::kScalar;
      if (counts && (depth > 0 || !name.empty())) entry->SetParsed(name, TextOf(value));
      return;
    }
    // Where the outermost object of several has no end, nothing of it counts.
    if (depth > 0) {
      if (depth + 1 >= 4096) throw JsonFault{"objects nested too deep"};
      json->Skip();
      return JsonObject(json, name, depth + 1, entry);
    }
    const std::string object = json->Block("an object without its end");
    JsonText inside(object);
    inside.Skip();
    JsonObject(&inside, name, depth + 1, entry);
  });
}

inline bool OpenObject(JsonText* json) {
  json->SkipBlanks();
  if (json->Peek() != '{') return false;
  json->Skip();
  return true;
}

inline void Json(SlowEntry* entry) {
  const std::string line = entry->line;
  JsonText json(line);
  if (!OpenObject(&json)) return entry->SetError("JSONParserErr", "not a JSON object");
  try {
    JsonObject(&json, "", 0, entry);
  } catch (const JsonFault& fault) {
    entry->SetError("JSONParserErr", fault.what);
  }
}

// | json name="path": quotes, brackets and keys of the paths only.
class JsonPaths {
 public:
  JsonPaths(const std::vector<Extraction>& extractions, SlowEntry* entry)
      : extractions_(extractions), entry_(entry), found_(extractions.size()) {
    for (const Extraction& extraction : extractions) {
      paths_.push_back(*ParseJsonPath(extraction.expression));
    }
  }

  void Run() {
    const std::string line = entry_->line;
    if (line.empty()) return;
    if (std::string("{[\"").find(line[0]) == std::string::npos) {
      return entry_->SetError("JSONParserErr", "");
    }
    Active all;
    for (size_t i = 0; i < paths_.size(); ++i) all.push_back(i);
    JsonText json(line);
    try {
      for (json.SkipBlanks(); !json.AtEnd() && !IsDone(); json.SkipBlanks()) {
        if (json.Peek() == '{') {
          json.Skip();
          Object(&json, all, 0);
        } else if (json.Peek() == '[') {
          Array(&json, all, 0);
        } else if (json.Peek() == '"') {
          json.String("");
        } else {
          json.Skip();
        }
      }
    } catch (const JsonFault&) {
    }
    for (const Extraction& extraction : extractions_) {
      if (set_ < paths_.size() && !entry_->Get(extraction.name)) {
        entry_->Set(&entry_->parsed, extraction.name, "");
      }
    }
  }

 private:
  using Active = std::vector<size_t>;  // paths of which all steps so far were taken

  bool IsDone() const { return std::find(found_.begin(), found_.end(), false) == found_.end(); }

  // At a value behind `depth` steps.
  void Visit(JsonText* json, const Active& active, size_t depth) {
    Active ends, keys, elements;
    for (const size_t i : active) {
      if (paths_[i].size() == depth) {
        ends.push_back(i);
      } else {
        (paths_[i][depth].is_index ? elements : keys).push_back(i);
      }
    }
    if (!ends.empty() && !found_[ends[0]]) Take(*json, ends);
    if (IsDone()) throw JsonFault{""};
    if (json->Peek() == '{' && !keys.empty()) {
      json->Skip();
      Object(json, active, depth);
    } else if (json->Peek() == '[' && !elements.empty()) {
      Array(json, active, depth);
    } else if (json->Peek() == '{' || json->Peek() == '[') {
      json->Block("");
    }
  }

  void Take(JsonText json, const Active& ends) {
    for (const size_t i : ends) found_[i] = true;
    try {
      const JsonValue value = ReadValue(&json);
      set_ += ends.size();
      for (const size_t i : ends) {
        // Escapes inside of objects and arrays are decoded as well.
        const std::string text = value.kind == JsonValue::kNull ? "" : Cleaned(Decoded(value.raw));
        entry_->Set(&entry_->parsed, entry_->Fresh(extractions_[i].name), text);
      }
    } catch (const JsonFault& fault) {
      entry_->SetError("JSONParserErr", fault.what);
    }
  }

  void Object(JsonText* json, const Active& active, size_t depth) {
    while (!json->AtEnd()) {
      const char c = json->Peek();
      if (c == '}') return json->Skip();
      if (c == '{' || c == '[') {
        json->Block("");
      } else if (c == '"') {
        const std::string raw = json->String("");
        const size_t behind = json->at();
        json->SkipBlanks();
        if (json->AtEnd()) throw JsonFault{""};
        if (json->Peek() != ':') {
          json->MoveTo(behind);
          continue;
        }
        json->Skip();
        json->SkipBlanks();
        if (json->AtEnd()) throw JsonFault{""};
        std::string key;
        Active with;
        if (AppendJsonUnescaped(&key, raw)) {
          for (const size_t i : active) {
            if (paths_[i].size() > depth && !paths_[i][depth].is_index &&
                paths_[i][depth].key == key) {
              with.push_back(i);
            }
          }
        }
        if (!with.empty()) Visit(json, with, depth + 1);
      } else {
        json->Skip();
      }
    }
    throw JsonFault{""};
  }

  void Array(JsonText* json, const Active& active, size_t depth) {
    const std::string array = json->Block("");
    JsonText elements(array);
    elements.Skip();
    elements.SkipBlanks();
    for (size_t index = 0; !elements.AtEnd() && elements.Peek() != ']'; ++index) {
      const size_t start = elements.at();
      try {
        ReadValue(&elements);
      } catch (const JsonFault&) {
        return;
      }
      Active with;
      for (const size_t i : active) {
        if (paths_[i].size() > depth && paths_[i][depth].is_index &&
            paths_[i][depth].index == index) {
          with.push_back(i);
        }
      }
      if (!with.empty()) {
        const std::string value = array.substr(start, elements.at() - start);
        JsonText inside(value);
        try {
          Visit(&inside, with, depth + 1);
        } catch (const JsonFault&) {
        }
        if (IsDone()) throw JsonFault{""};
      }
      elements.SkipBlanks();
      if (elements.Peek() != ',') return;
      elements.Skip();
      elements.SkipBlanks();
    }
  }

  const std::vector<Extraction>& extractions_;
  SlowEntry* entry_;
  std::vector<JsonPath> paths_;
  std::vector<bool> found_;
  size_t set_ = 0;
};

inline void Unpack(SlowEntry* entry) {
  const std::string line = entry->line;
  JsonText json(line);
  std::vector<std::pair<std::string, std::string>> found;
  std::optional<std::string> packed;
  try {
    json.SkipBlanks();
    if (json.Peek() != '{') throw JsonFault{"not a JSON object"};
    json.Skip();
    ReadMembers(&json, [&](const std::string& raw) {
      const JsonValue value = ReadValue(&json);
      if (value.kind != JsonValue::kString) return;
      if (raw == "_entry") {
        std::string text;
        if (!AppendJsonUnescaped(&text, value.raw)) throw JsonFault{"an entry with a bad escape"};
        packed = text;
        return;
      }
      const std::string name = Sanitized(Decoded(raw));
      // A name that had to be changed replaces what has it.
      if (!name.empty()) found.emplace_back(name == raw ? entry->Fresh(name) : name, TextOf(value));
    });
  } catch (const JsonFault& fault) {
    return entry->SetError("JSONParserErr", fault.what);
  }
  if (!packed) return;
  for (const auto& [name, value] : found) entry->Set(&entry->parsed, name, value);
  entry->line = *packed;
}

// ---- logfmt.

struct LogfmtPair {
  std::string key, value;
  bool is_bad = false;
};

inline std::vector<LogfmtPair> LogfmtPairs(const std::string& line) {
  std::vector<LogfmtPair> pairs;
  size_t at = 0;
  const auto is_blank = [&] { return static_cast<unsigned char>(line[at]) <= ' '; };
  // Up to a blank, '=' or '"'.
  const auto word = [&] {
    const size_t start = at;
    while (at < line.size() && !is_blank() && line[at] != '=' && line[at] != '"') ++at;
    return line.substr(start, at - start);
  };
  const auto skip_word = [&] {
    while (at < line.size() && !is_blank()) ++at;
  };
  while (at < line.size()) {
    if (is_blank()) {
      ++at;
      continue;
    }
    LogfmtPair& pair = pairs.emplace_back();
    pair.key = word();
    const bool has_equals = at < line.size() && line[at] == '=';
    pair.is_bad = (at < line.size() && line[at] == '"') || (has_equals && pair.key.empty()) ||
                  !IsValidUtf8(pair.key) || pair.key.find(kReplacement) != std::string::npos;
    if (pair.is_bad) {
      skip_word();
      continue;
    }
    if (!has_equals) continue;
    ++at;
    if (at == line.size() || is_blank()) continue;
    if (line[at] != '"') {
      pair.value = word();
      pair.is_bad = at < line.size() && !is_blank();
      if (pair.is_bad) skip_word();
      continue;
    }
    std::string raw;
    for (++at; at < line.size() && line[at] != '"'; ++at) {
      raw += line[at];
      if (line[at] == '\\' && at + 1 < line.size()) raw += line[++at];
    }
    pair.is_bad = at >= line.size() || !AppendJsonUnescaped(&pair.value, raw);
    if (at < line.size()) ++at;
  }
  return pairs;
}

inline void Logfmt(const LogfmtParser& logfmt, SlowEntry* entry) {
  struct Wanted {
    std::string name, key;
  };
  std::vector<Wanted> wanted;
  for (const Extraction& extraction : logfmt.extractions) {
    if (entry->line.empty()) return;
    wanted.push_back({extraction.name, *ParseLogfmtKey(extraction.expression)});
    if (entry->Fresh(extraction.name) == extraction.name) {
      entry->Set(&entry->parsed, extraction.name, "");
    }
  }
  for (const LogfmtPair& pair : LogfmtPairs(entry->line)) {
    if (pair.is_bad) {
      if (!logfmt.strict) continue;
      return entry->SetError("LogfmtParserErr", "a bad word");
    }
    const std::string name = Sanitized(pair.key), value = Cleaned(pair.value);
    if (name.empty()) continue;
    for (const Wanted& one : wanted) {
      if (name != one.key && name != one.name) continue;
      entry->Set(&entry->parsed, entry->Fresh(one.name), value);
    }
    if (wanted.empty() && (logfmt.keep_empty || !pair.value.empty())) entry->SetParsed(name, value);
  }
}

// ---- Patterns.

struct PatternPart {
  bool is_capture;
  std::string text;  // the literal, or the capture's name
};

inline std::vector<PatternPart> SplitPattern(const std::string& pattern) {
  static const re2::RE2 capture("^(?s)(.*?)<([A-Za-z_][A-Za-z0-9_]*)>",
                                re2::RE2::Options(re2::RE2::Latin1));
  std::vector<PatternPart> parts;
  re2::StringPiece rest(pattern);
  std::string literal, name;
  while (re2::RE2::Consume(&rest, capture, &literal, &name)) {
    if (!literal.empty()) parts.push_back({false, literal});
    parts.push_back({true, name});
  }
  if (!rest.empty()) parts.push_back({false, std::string(rest)});
  return parts;
}

inline void Pattern(const std::string& pattern, SlowEntry* entry) {
  std::string rest = entry->line;
  if (rest.empty()) return;
  std::vector<PatternPart> parts = SplitPattern(pattern);
  if (!parts[0].is_capture) {
    if (rest.rfind(parts[0].text, 0) != 0) return;
    rest = rest.substr(parts[0].text.size());
    parts.erase(parts.begin());
  }
  for (size_t i = 0; i < parts.size(); i += 2) {
    const size_t end = i + 1 < parts.size() ? rest.find(parts[i + 1].text) : std::string::npos;
    if (parts[i].text != "_") entry->SetParsed(parts[i].text, rest.substr(0, end));
    if (end == std::string::npos) return;
    rest = rest.substr(end + parts[i + 1].text.size());
  }
}

inline bool PatternMatches(const std::string& pattern, const std::string& line) {
  const std::vector<PatternPart> parts = SplitPattern(pattern);
  if (parts.empty()) return line.empty();
  size_t at = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].is_capture) {
      if (i + 1 == parts.size()) return at < line.size();
      continue;
    }
    const size_t found = line.find(parts[i].text, at);
    // A capture takes a byte at least; in front of the first literal there may be anything.
    if (found == std::string::npos || (i > 0 && found == at)) return false;
    at = found + parts[i].text.size();
  }
  return at == line.size();
}

inline void Regexp(const std::string& expression, SlowEntry* entry) {
  const auto regex = codec::GroupRegex::Compile(expression);
  std::vector<std::string_view> values;
  const std::string line = entry->line;
  if (!regex->Match(line, &values)) return;
  for (size_t i = 0; i < values.size(); ++i) {
    entry->SetParsed(Sanitized(regex->names()[i]), std::string(values[i]));
  }
}

}  // namespace slow
}  // namespace glp::logql
