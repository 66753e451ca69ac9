// JSON as a tree that remembers how each value was written, for what has to look at values in more
// ways than a path (codec/jmespath.h), for Go's spelling of them, and to say what is wrong with a
// text that is no JSON, and where.
// Read as promtail reads it: bytes that are not UTF-8 stay what they are, half a surrogate pair is
// U+FFFD, of equal keys the last counts.
//
// Lifetime: nodes and texts are good until the next Parse of the tree; those made with an arena
//           until its Reset. Threads: one at a time; nodes const from any.
// Errors:   what is wrong and the byte, from 0.
// Limits:   1000 levels, two million values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

namespace glp::codec {

struct JsonMember;

struct JsonNode {
  enum class Kind : uint8_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

  Kind kind = Kind::kNull;
  uint32_t count = 0;    // of an array or object
  std::string_view raw;  // as it is written; "" for a value that was made
  union {
    std::string_view text = {};  // of a string, decoded
    double number;
    const JsonMember* members;
  };

  static JsonNode Bool(bool value) {
    JsonNode node;
    node.kind = value ? Kind::kTrue : Kind::kFalse;
    return node;
  }
  static JsonNode Number(double value) {
    JsonNode node;
    node.kind = Kind::kNumber;
    node.number = value;
    return node;
  }
  static JsonNode Text(std::string_view text) {
    JsonNode node;
    node.kind = Kind::kString;
    node.text = text;
    return node;
  }
  static JsonNode Container(Kind kind, const JsonMember* members, size_t count) {
    JsonNode node;
    node.kind = kind;
    node.count = static_cast<uint32_t>(count);
    node.members = members;
    return node;
  }

  bool is(Kind k) const { return kind == k; }
  const JsonMember* begin() const { return members; }
  inline const JsonMember* end() const;
  // Of an object; nullptr where it has no such key.
  inline const JsonNode* Find(std::string_view key) const;
};

struct JsonMember {
  std::string_view key;  // "" in an array
  JsonNode value;
};

inline const JsonMember* JsonNode::end() const { return members + count; }
inline const JsonNode* JsonNode::Find(std::string_view key) const {
  for (const JsonMember& member : *this) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

// Whether they are equal as values: 1 and 1.0, objects whatever the order of their keys. A NaN
// equals nothing.
bool JsonEqual(const JsonNode& a, const JsonNode& b);

// Keeps the last of equal keys; returns how many members are left.
size_t DropEarlierKeys(JsonMember* members, size_t count);

// Where nodes and texts of one document live. Memory of a large one is given back by Reset.
class JsonArena {
 public:
  JsonArena() : first_(std::make_unique<char[]>(kFirstBytes)) {}
  void Reset() { memory_.release(); }
  char* Bytes(size_t size) { return static_cast<char*>(memory_.allocate(size + 1, 1)); }
  std::string_view Copy(std::string_view text);
  const JsonMember* Copy(const JsonMember* members, size_t count);

 private:
  static constexpr size_t kFirstBytes = 32 << 10;
  std::unique_ptr<char[]> first_;
  std::pmr::monotonic_buffer_resource memory_{first_.get(), kFirstBytes};
};

// How a value is written.
enum class JsonForm {
  kAsWritten,  // numbers and strings as they stand in the text, without blanks in between
  kGo,         // as Go's encoding/json: numbers as doubles, < > & as \u003c, of equal keys the last
  kGoSorted,   // and objects by their keys
};

// As JSON. False (and undefined text) where a number has no form in JSON, or where the text would
// be longer than kMaxJsonBytes.
bool AppendJson(const JsonNode& node, JsonForm form, std::string* out);
inline constexpr size_t kMaxJsonBytes = size_t{128} << 20;

class JsonTree {
 public:
  static constexpr int kMaxDepth = 1000;
  static constexpr size_t kMaxValues = 2'000'000;

  // nullptr where the text is no JSON value, or more than one.
  const JsonNode* Parse(std::string_view text);
  // A number was too large for a double, which Go refuses.
  bool has_overflow() const { return has_overflow_; }
  size_t values() const { return values_; }
  // After nullptr (or, as to the offset, has_overflow).
  std::string_view error() const { return error_; }
  size_t error_offset() const { return error_offset_; }

  JsonArena& arena() { return arena_; }

 private:
  bool Value(int depth, JsonNode* out);
  bool Container(int depth, JsonNode* out);
  bool String(std::string_view* text);
  bool Number(JsonNode* out);
  bool Word(std::string_view word, JsonNode::Kind kind, JsonNode* out);
  void SkipBlanks();
  bool Fail(const char* at, std::string_view what);

  JsonArena arena_;
  std::vector<char> buffer_;
  std::vector<JsonMember> open_;  // members of the containers that are not complete
  const char* begin_ = nullptr;
  const char* p_ = nullptr;
  const char* end_ = nullptr;
  JsonNode root_;
  size_t values_ = 0;
  bool has_overflow_ = false;
  std::string_view error_;
  size_t error_offset_ = 0;
};

}  // namespace glp::codec
