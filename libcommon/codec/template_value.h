// The values that a template computes with, typed as in Go because its printing, comparing and type
// checks depend on it, and the state of one execution that owns them.
//
// Lifetime: texts, lists and dicts lie in the arena of the RunState that made them, or are views
//           into what outlives it (the template, the input).
// Threads:  one RunState a thread and execution.
// Errors:   the first Fail() stands; builders turn into empty values from then on, so that work
//           inside of a function needs no check of its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/go_time_format.h"
#include "codec/runes.h"
#include "codec/template.h"

namespace glp::codec::tmpl {

enum class Kind : uint8_t {
  kNone,  // nothing at all (Go: the zero reflect.Value); printed as <no value>
  kNil,   // a nil inside of an interface{}
  kBool,
  kInt,
  kInt32,
  kInt64,
  kUint8,
  kUint64,
  kFloat,
  kString,
  kList,
  kDict,
  kData,  // the template's input; becomes a kDict when something is to be done with all of it
  kTime,
  kDuration,
  kMonth,
  kWeekday,
  kVersion,
};

// What the elements of a list or dict are in Go: interface{}, string, int or []interface{}.
enum class Elements : uint8_t { kAny, kString, kInt, kList };

struct List;
struct Dict;
struct Version;

struct Value {
  Kind kind = Kind::kNone;
  union {
    bool b;
    int64_t i;  // all integers, durations in ns, months 1 to 12, weekdays 0 to 6
    uint64_t u;
    double f;
    const char* text;
    const List* list;
    Dict* dict;
    const GoTime* time;
    const Version* version;
  };
  size_t size = 0;  // of the text

  Value() : i(0) {}
  static Value Nil() { return Integer(Kind::kNil, 0); }
  static Value Bool(bool b) {
    Value v;
    v.kind = Kind::kBool;
    v.b = b;
    return v;
  }
  static Value Integer(Kind kind, int64_t i) {
    Value v;
    v.kind = kind;
    v.i = i;
    return v;
  }
  static Value Int(int64_t i) { return Integer(Kind::kInt, i); }
  static Value Int64(int64_t i) { return Integer(Kind::kInt64, i); }
  static Value Float(double f) {
    Value v;
    v.kind = Kind::kFloat;
    v.f = f;
    return v;
  }
  // A view: `s` must outlive the value.
  static Value Text(std::string_view s) {
    Value v;
    v.kind = Kind::kString;
    v.text = s.data();
    v.size = s.size();
    return v;
  }
  static Value Of(const List* list) {
    Value v;
    v.kind = Kind::kList;
    v.list = list;
    return v;
  }
  static Value Of(Dict* dict) {
    Value v;
    v.kind = Kind::kDict;
    v.dict = dict;
    return v;
  }
  static Value Of(const GoTime* time) {
    Value v;
    v.kind = Kind::kTime;
    v.time = time;
    return v;
  }
  static Value Of(const Version* version) {
    Value v;
    v.kind = Kind::kVersion;
    v.version = version;
    return v;
  }

  std::string_view str() const { return {text, size}; }
  bool IsNothing() const { return kind == Kind::kNone || kind == Kind::kNil; }
  bool IsSigned() const {
    return kind == Kind::kInt || kind == Kind::kInt64 || kind == Kind::kInt32 ||
           kind == Kind::kDuration || kind == Kind::kMonth || kind == Kind::kWeekday;
  }
  bool IsUnsigned() const { return kind == Kind::kUint8 || kind == Kind::kUint64; }
};

struct List {
  const Value* items;
  size_t size;
  Elements elements;
};

struct DictEntry {
  std::string_view key;
  Value value;
};

struct Dict {
  DictEntry* entries = nullptr;  // sorted by key
  size_t size = 0;
  size_t capacity = 0;
  Elements elements = Elements::kAny;

  const Value* Find(std::string_view key) const;
};

class RunState {
 public:
  RunState(const TemplateInput& input, const TemplateLimits& limits, TemplateDialect dialect)
      : input_(input), limits_(limits), dialect_(dialect) {}
  RunState(const RunState&) = delete;
  RunState& operator=(const RunState&) = delete;

  const TemplateInput& input() const { return input_; }
  const TemplateLimits& limits() const { return limits_; }
  TemplateDialect dialect() const { return dialect_; }

  bool failed() const { return failed_; }
  const std::string& error() const { return error_; }
  Value Fail(std::string message);
  // A phrase in front of the error.
  void Annotate(std::string_view phrase) { error_.insert(0, std::string(phrase) + ": "); }
  // Counts work done against the limit of steps. False where it is used up.
  bool Charge(uint64_t steps) {
    if (steps <= steps_left()) {
      steps_ += steps;
      return true;
    }
    return FailSteps();
  }

  // Eight bytes aligned; nullptr, and failed, where the limit of memory is reached.
  void* Allocate(size_t size_bytes);
  // Makes the last allocation larger in place; false where it is not the last or does not fit.
  bool Extend(void* last, size_t old_bytes, size_t new_bytes);
  Value Copy(std::string_view text);
  // `count` values of kNone; nullptr where the limit of memory is reached.
  Value* NewValues(size_t count);
  Value NewTime(const GoTime& time);
  Dict* NewDict(Elements elements = Elements::kAny);
  // False where the limit of memory is reached. The key is kept as a view.
  bool Set(Dict* dict, std::string_view key, const Value& value);

  // The input as a dict that can be changed; the same one on every call.
  Dict* DataDict();
  // The dict of a kDict or kData, nullptr for another value.
  Dict* AsDict(const Value& value);
  // What the data has under this name; kNone where there is nothing.
  Value DataField(std::string_view name);

 private:
  uint64_t steps_left() const { return limits_.steps - steps_; }
  bool FailSteps();

  const TemplateInput& input_;
  const TemplateLimits& limits_;
  const TemplateDialect dialect_;
  uint64_t steps_ = 0;
  bool failed_ = false;
  std::string error_;
  Dict* data_ = nullptr;
  size_t used_bytes_ = 0;
  char* next_ = first_;
  char* end_ = first_ + sizeof first_;
  std::vector<std::unique_ptr<char[]>> chunks_;
  alignas(8) char first_[1024];
};

// Builds a text in the arena.
class TextBuilder {
 public:
  explicit TextBuilder(RunState* run) : run_(run) {}
  void Append(std::string_view text) {
    if (text.empty() || !Reserve(text.size())) return;
    __builtin_memcpy(data_ + size_, text.data(), text.size());
    size_ += text.size();
  }
  void Append(char c) { Append(std::string_view(&c, 1)); }
  void Fill(size_t count, char c);
  void AppendRune(uint32_t rune);
  void AppendInt(int64_t value);
  // Takes `count` bytes back. REQUIRES: count <= text().size()
  void Drop(size_t count) { size_ -= count; }
  std::string_view text() const { return {data_, size_}; }
  Value Finish() const { return Value::Text(text()); }
  RunState* run() const { return run_; }

 private:
  // False, and nothing is built any more, where the limit of memory is reached.
  bool Reserve(size_t more);

  RunState* run_;
  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

// Builds a list in the arena.
class ListBuilder {
 public:
  ListBuilder(RunState* run, Elements elements) : run_(run), elements_(elements) {}
  void Add(const Value& value);
  size_t size() const { return size_; }
  Value Finish() const;

 private:
  RunState* run_;
  Elements elements_;
  Value* items_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

// Values that hold values are walked to this depth; a dict may hold itself.
inline constexpr int kMaxValueDepth = 200;

// Go's name of its type: "int", "map[string]interface {}"; "nil" and "invalid" for nothing.
std::string_view TypeName(const Value& value, TemplateDialect dialect);
// Go's reflect.Kind: "int", "map", "struct".
std::string_view KindName(const Value& value);
bool IsTrue(const Value& value, RunState* run);
// Elements of a list, dict, data or bytes of a text; -1 for what has no length.
int64_t Length(const Value& value, RunState* run);
// reflect.DeepEqual.
bool DeepEqual(const Value& a, const Value& b, RunState* run, int depth = 0);

}  // namespace glp::codec::tmpl
