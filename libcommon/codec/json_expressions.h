// What JMESPath expressions find in JSON objects, as texts: the work of the stage `json`.
// Plain paths alone are found in one walk (JsonExtractor); with other expressions among them, and
// for what that walk refuses, the text is read into a tree once (JsonTree), which also says what is
// wrong with it. Both ways give the same texts.
//
//   JsonExpressions expressions({});
//   GLP_RETURN_IF_ERROR(expressions.Add("severity || level"));
//   if (expressions.Extract(line, &values) == JsonExpressions::Kind::kMalformed)
//     … expressions.error(), expressions.error_offset()
//
// Lifetime: texts are good until the next Extract. Threads: one at a time.
// Errors:   Add: Code::kUsage with the character. A search that fails leaves its value out
//           (JsonValue::failed, failure).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/jmespath.h"
#include "codec/json.h"
#include "codec/json_tree.h"

namespace glp::codec {

class JsonExpressions {
 public:
  struct Options {
    // As promtail: numbers, arrays and objects in Go's form, a number too large for a double is
    // malformed, only JMESPath's own spelling of keys, functions are looked up when they are
    // called. Else numbers, arrays and objects keep their text, and a key may be written without
    // quotes where that can only mean the key (x-y).
    bool as_promtail = false;
  };
  enum class Kind {
    kObject,
    kNull,       // null, which is taken for an object without keys
    kMalformed,  // no JSON, or another value; there are no values
  };

  explicit JsonExpressions(Options options) : options_(options) {}

  // The value of the n-th expression comes n-th.
  Status Add(std::string_view expression);
  size_t size() const { return paths_.size(); }

  Kind Extract(std::string_view text, std::vector<JsonValue>* values);

  // After kMalformed: why, and the byte, from 0.
  std::string_view error() const { return error_; }
  size_t error_offset() const { return error_offset_; }
  // Which expression failed first in the last text, size() for none, and why.
  size_t failed_expression() const { return failed_; }
  const std::string& failure() const { return failure_; }

 private:
  struct Made {
    size_t value, offset, size;
  };

  bool ExtractPlain(std::string_view text, std::vector<JsonValue>* values);
  void SearchAll(const JsonNode& root, std::vector<JsonValue>* values);
  void Take(size_t i, const JsonNode& found, JsonValue* value);
  void NoteFailure(size_t i, std::string_view why, JsonValue* value);
  void PlaceMade(std::vector<JsonValue>* values);
  JsonForm form() const { return options_.as_promtail ? JsonForm::kGo : JsonForm::kAsWritten; }

  struct Path {
    std::vector<JsonStep> steps;               // of a plain path
    std::unique_ptr<const JmesPath> jmespath;  // of any other
  };

  Options options_;
  std::vector<Path> paths_;
  bool all_plain_ = true;
  JsonExtractor extractor_;
  JsonTree tree_;
  JmesSearch search_;
  std::string text_;  // of the values that had to be written, placed once it no longer moves
  std::vector<Made> made_;
  std::string_view error_;
  size_t error_offset_ = 0;
  size_t failed_ = 0;
  std::string failure_;
};

}  // namespace glp::codec
