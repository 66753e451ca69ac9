// The tree of a JMESPath expression, between its parser and its evaluation (codec/jmespath.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/jmespath.h"
#include "codec/json_tree.h"

namespace glp::codec {

struct JmesFunction;

struct JmesAst {
  enum class Kind : uint8_t {
    kCurrent,
    kField,             // name
    kIndex,             // index
    kSlice,             // slice
    kLiteral,           // literal
    kChain,             // the second of what the first gives: a.b, a[0], a | b
    kProjection,        // the second of each element of the first
    kValueProjection,   // the second of each value of the first
    kFilterProjection,  // the second of each element of the first for which the third is true
    kFlatten,
    kList,  // [a, b]
    kHash,  // {key: a}; keys
    kOr,
    kAnd,
    kNot,
    kCompare,    // compare
    kFunction,   // name, function
    kReference,  // &a, only as an argument
  };
  enum class Compare : uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

  Kind kind = Kind::kCurrent;
  Compare compare = Compare::kEqual;
  int height = 1;
  size_t at = 0;  // where it begins in the expression
  std::string name;
  int64_t index = 0;
  std::optional<int64_t> slice[3];
  const JmesFunction* function = nullptr;  // nullptr: there is none of that name
  JsonNode literal;
  std::shared_ptr<const void> literal_owner;
  std::vector<std::string> keys;
  std::vector<JmesAst> children;
};

// Errors: Code::kUsage.
Result<JmesAst> ParseJmesPath(std::string_view expression, JmesPath::Functions functions);

// What a function is given. Arguments are evaluated; a `&reference` is called.
struct JmesCall {
  JmesSearch& search;
  const JmesAst& ast;
  size_t first;  // argument n is stack[first + n]
  JsonNode* out;

  size_t count() const { return ast.children.size(); }
  JsonNode arg(size_t i) const { return search.stack_[first + i].value; }
  bool EvalReference(size_t i, const JsonNode& in, JsonNode* value) const {
    return search.Eval(ast.children[i].children[0], in, value);
  }
  JsonArena& arena() const { return search.arena_; }
  JsonForm form() const { return search.form_; }
  std::vector<JsonMember>& stack() const { return search.stack_; }
  bool Push(const JsonNode& value, std::string_view key = {}) const {
    return search.Push(value, key);
  }
  void Collect(size_t from, JsonNode::Kind kind) const { search.Collect(from, kind, out); }
  bool Fail(std::string_view why) const;
  // Argument i is not what it has to be.
  bool Wrong(size_t i, std::string_view expected) const;
};

struct JmesFunction {
  std::string_view name;
  // Of each argument: a any, s text, n number, l array, o object, N numbers, S texts, & reference;
  // several letters between commas are alternatives: "sl,a".
  std::string_view arguments;
  bool is_variadic;  // the last one may come again
  bool (*call)(const JmesCall& call);

  size_t argument_count() const;
};

const JmesFunction* FindJmesFunction(std::string_view name);
std::vector<std::string> JmesFunctionNames();
// Whether the evaluated arguments are of the kinds that the function takes.
bool CheckJmesArguments(const JmesFunction& function, const JmesCall& call);

}  // namespace glp::codec
