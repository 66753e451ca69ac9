// The functions of templates: what a function looks like to the executor, and the tables of them.
// A signature names the types of the parameters, a letter each: s string, i int, l int64, f
// float64, b bool, a interface{}, v anything with its type, m map[string]interface{}, t time.Time,
// d time.Duration, V *semver.Version; a * makes the last one repeatable.
// Threads: tables are constant. Errors: a function says RunState::Fail and returns anything.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/template_value.h"

namespace re2 {
class RE2;
}

namespace glp::codec::tmpl {

struct Call {
  RunState* run;
  std::span<const Value> args;
  // The compiled first argument where that is a constant, for functions marked so.
  const re2::RE2* regex = nullptr;

  size_t size() const { return args.size(); }
  const Value& operator[](size_t i) const { return args[i]; }
  std::string_view str(size_t i) const { return args[i].str(); }
  Value Fail(std::string message) const { return run->Fail(std::move(message)); }
};

struct Function {
  std::string_view name;
  std::string_view signature;
  Value (*body)(const Call&);
  enum class Special : uint8_t { kNone, kAnd, kOr, kRegex };
  Special special = Special::kNone;

  size_t fixed() const {
    return signature.ends_with('*') ? signature.size() - 2 : signature.size();
  }
  bool variadic() const { return signature.ends_with('*'); }
};

using Functions = std::span<const Function>;

// Of both dialects; sprig's by kind; each dialect's own.
Functions Builtins();
Functions StringFunctions();
Functions CaseFunctions();
Functions RegexFunctions();
Functions MathFunctions();
Functions ListFunctions();
Functions DictFunctions();
Functions DateFunctions();
Functions CryptoFunctions();
Functions EncodingFunctions();
Functions JsonFunctions();
Functions PathFunctions();
Functions ReflectFunctions();
Functions UrlFunctions();
Functions VersionFunctions();
Functions PromtailFunctions();
Functions LokiFunctions();

// Errors: "function "nosuch" not defined" with the nearest name; why a function is refused.
Result<const Function*> FindFunction(std::string_view name, TemplateDialect dialect);
// A method of a value's type ({{ __timestamp__.UnixNano }}); the value is its first argument.
const Function* FindMethod(const Value& receiver, std::string_view name);
// Go's words for a letter of a signature.
std::string_view ParameterType(char letter);

// Go's printing of arguments: blanks between those that are both no texts.
void Sprint(std::span<const Value> args, TextBuilder* out);

}  // namespace glp::codec::tmpl
