// A template as a tree: what the parser makes and the executor walks.
// Lifetime: views point into the template's own text or its strings.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/template.h"
#include "codec/template_value.h"

namespace re2 {
class RE2;
}

namespace glp::codec::tmpl {

struct Function;
struct Pipe;

struct Operand {
  enum class Kind : uint8_t {
    kDot,
    kNil,
    kConstant,  // bool, text
    kNumber,
    kField,     // .a.b of the dot
    kVariable,  // $x.a.b
    kFunction,
    kPipe,  // ( … ), with or without fields behind
  };
  Kind kind;
  // A number that is an integer in Go's eyes, also 1e3; one that can be taken as a float.
  bool is_int = false, is_float = false, overflows = false;
  uint32_t at = 0;
  std::string_view source;  // for what an error says
  Value constant;           // also a number's value where any type will do
  int64_t int_value = 0;
  double float_value = 0;
  int slot = 0;  // of a variable; -1: not set in time
  const Function* function = nullptr;
  // What a function made of a constant argument, a regular expression.
  std::shared_ptr<const re2::RE2> regex;
  std::vector<std::string_view> fields;
  std::unique_ptr<Pipe> pipe;
};

struct Command {
  std::vector<Operand> args;  // never empty
  std::string_view source;
};

struct Pipe {
  std::vector<int> slots;  // of the variables it sets; -1: never declared
  std::vector<std::string_view> names;
  bool assigns = false;
  std::vector<Command> commands;
  uint32_t at = 0;
  std::string_view source;
};

struct Node;
using Nodes = std::vector<Node>;

struct Branch {
  Pipe pipe;
  Nodes body;
};

struct Node {
  enum class Kind : uint8_t {
    kText,
    kAction,
    kIf,
    kWith,
    kRange,
    kTemplate,
    kBreak,
    kContinue,
  };
  Kind kind;
  uint32_t at = 0;
  std::string_view text = {};         // of kText; the name of kTemplate
  std::string_view source = {};       // of kTemplate
  std::vector<Branch> branches = {};  // one for kAction, kRange, kTemplate; one more an else-if
  Nodes otherwise = {};
};

struct Tree {
  Nodes root;
  int slots = 1;  // variables; slot 0 is $
};

struct Program {
  TemplateLimits limits;
  TemplateDialect dialect;
  std::string text;
  std::deque<std::string> strings;  // quoted texts, unquoted
  Tree main;
  std::map<std::string, Tree, std::less<>> defined;
  std::optional<std::vector<std::string>> names;
  bool reads_line = false;
};

// Errors: Code::kUsage, "template: :1:5: …".
Status Parse(Program* program);

// Code::kData, "template: :1:5: executing "" at <…>: …".
Status Execute(const Program& program, const TemplateInput& input, std::string* out);

}  // namespace glp::codec::tmpl
