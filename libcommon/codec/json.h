// Values taken out of a JSON object by paths: `key`, `a.b.c`, `list[0]`, `"a key.with dots".x`.
// All paths are found in one walk over the text, by simdjson's On-Demand interface.
// A value's text: strings decoded, numbers as they are written (12345678901234567890 and 1.50 stay
// what they are), true and false, objects and arrays as JSON without blanks; null is no value.
// Of equal keys the last counts. All of the text is checked, also what no path leads to; what the
// wider reading of codec/json_tree.h takes besides (bytes that are not UTF-8) is refused.
//
// Lifetime: texts are good until the next call on the same object.
// Threads:  one at a time. Errors: a text that is not one JSON object (nothing is extracted then).
// Cost:     one copy of the text into a padded buffer that is kept, one walk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace glp::codec {

struct JsonValue {
  enum class Kind : uint8_t { kText, kNumber, kWord, kNested };  // kWord: true, false
  bool present = false;
  bool failed = false;  // an expression that could not be searched for (JsonExpressions)
  Kind kind = Kind::kText;
  std::string_view text;
};

// A step of a path: a key of an object or the number of an element.
struct JsonStep {
  bool is_index = false;
  std::string key;
  size_t index = 0;
};

class JsonExtractor {
 public:
  JsonExtractor();
  ~JsonExtractor();
  JsonExtractor(JsonExtractor&&) noexcept;
  JsonExtractor& operator=(JsonExtractor&&) noexcept;

  // The value of the n-th added path comes n-th. Errors: Code::kUsage with what is understood.
  Status AddPath(std::string_view path);
  void AddSteps(const std::vector<JsonStep>& steps);
  size_t size() const { return paths_; }

  // False where `text` is not one JSON object; `values` is then all absent.
  bool Extract(std::string_view text, std::vector<JsonValue>* values);
  // The last text had a number somewhere that is too large for a double.
  bool has_overflow() const { return has_overflow_; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  size_t paths_ = 0;
  bool has_overflow_ = false;
};

// The steps of a path as AddPath takes it: JMESPath's paths, and keys without quotes that have
// other characters than a JMESPath name (x-y, @timestamp).
// Errors: Code::kUsage with what is understood.
Result<std::vector<JsonStep>> ParseJsonPath(std::string_view path);

// The scalars at the top of a JSON object, in the order of the text; nested values and null are
// left out.
class JsonTopLevel {
 public:
  JsonTopLevel();
  ~JsonTopLevel();
  JsonTopLevel(JsonTopLevel&&) noexcept;
  JsonTopLevel& operator=(JsonTopLevel&&) noexcept;

  using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;
  // False where `text` is not one JSON object; `pairs` is then empty.
  bool Read(std::string_view text, Pairs* pairs);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace glp::codec
