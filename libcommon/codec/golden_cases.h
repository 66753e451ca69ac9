// For tests: the recorded answers of tests/golden-go (its README has the fields of each file).
#pragma once

#include <gtest/gtest.h>
#include <simdjson.h>

#include <functional>
#include <string>
#include <string_view>

namespace glp::codec {

class GoldenCase {
 public:
  explicit GoldenCase(simdjson::dom::element object) : object_(object) {}
  bool Has(std::string_view key) const { return object_[key].error() == simdjson::SUCCESS; }
  bool IsNull(std::string_view key) const { return !Has(key) || object_[key].is_null(); }
  bool IsTrue(std::string_view key) const { return Has(key) && bool(object_[key]); }
  // A text, also one that is not UTF-8: {"b64": …} or KEY_b64. "" where there is none.
  std::string Text(std::string_view key) const {
    if (Has(std::string(key) + "_b64")) return Unbase64(object_[std::string(key) + "_b64"]);
    if (IsNull(key)) return {};
    simdjson::dom::element value = object_[key];
    if (value.is_object()) return Unbase64(value["b64"]);
    return std::string(std::string_view(value));
  }
  simdjson::dom::element operator[](std::string_view key) const { return object_[key]; }
  // The case as JSON, for what a failed test says.
  std::string json() const { return simdjson::minify(object_); }

 private:
  static std::string Unbase64(std::string_view text) {
    std::string out;
    uint32_t bits = 0;
    int count = 0;
    for (char c : text) {
      constexpr std::string_view kDigits =
          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
      size_t digit = kDigits.find(c);
      if (digit == std::string_view::npos) break;
      bits = bits << 6 | static_cast<uint32_t>(digit);
      if ((count += 6) >= 8) out.push_back(static_cast<char>(bits >> (count -= 8)));
    }
    return out;
  }

  simdjson::dom::element object_;
};

// Calls `check` for each case of a file, "template"; fails where there are none.
inline void ForEachGoldenCase(const std::string& file,
                              const std::function<void(const GoldenCase&)>& check) {
  const std::string path = std::string(GLP_GOLDEN_DIR) + "/" + file + ".ndjson";
  simdjson::padded_string text;
  ASSERT_EQ(simdjson::padded_string::load(path).get(text), simdjson::SUCCESS) << path;
  simdjson::dom::parser parser;
  simdjson::dom::document_stream cases;
  ASSERT_EQ(parser.parse_many(text, 1 << 20).get(cases), simdjson::SUCCESS);
  int count = 0;
  for (auto object : cases) {
    ASSERT_EQ(object.error(), simdjson::SUCCESS) << path << ": case " << count;
    check(GoldenCase(object.value_unsafe()));
    ++count;
  }
  ASSERT_GT(count, 10) << path;
}

}  // namespace glp::codec
