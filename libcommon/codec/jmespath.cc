#include "codec/jmespath.h"

#include <algorithm>
#include <utility>

#include "codec/jmespath_ast.h"

namespace glp::codec {
namespace {

using Kind = JsonNode::Kind;
using Ast = JmesAst;

// False where the expression is more than keys and indices from the start.
bool AppendSteps(const Ast& ast, std::vector<JsonStep>* steps) {
  switch (ast.kind) {
    case Ast::Kind::kCurrent:
      return true;
    case Ast::Kind::kField:
      steps->push_back({false, ast.name, 0});
      return true;
    case Ast::Kind::kIndex:
      if (ast.index < 0) return false;
      steps->push_back({true, "", static_cast<size_t>(ast.index)});
      return true;
    case Ast::Kind::kChain:
      return AppendSteps(ast.children[0], steps) && AppendSteps(ast.children[1], steps);
    default:
      return false;
  }
}

bool IsFalse(const JsonNode& node) {
  switch (node.kind) {
    case Kind::kNull:
    case Kind::kFalse:
      return true;
    case Kind::kString:
      return node.text.empty();
    case Kind::kArray:
    case Kind::kObject:
      return node.count == 0;
    default:
      return false;
  }
}

JsonNode Element(const JsonNode& in, int64_t index) {
  if (!in.is(Kind::kArray)) return {};
  if (index < 0) index += in.count;
  if (index < 0 || index >= in.count) return {};
  return in.members[index].value;
}

}  // namespace

JmesPath::JmesPath(JmesPath&&) noexcept = default;
JmesPath& JmesPath::operator=(JmesPath&&) noexcept = default;
JmesPath::~JmesPath() = default;

Result<JmesPath> JmesPath::Compile(std::string_view expression, Functions functions) {
  GLP_ASSIGN_OR_RETURN(JmesAst ast, ParseJmesPath(expression, functions));
  JmesPath out;
  std::vector<JsonStep> steps;
  if (AppendSteps(ast, &steps) && !steps.empty()) out.plain_ = std::move(steps);
  out.ast_ = std::make_unique<const JmesAst>(std::move(ast));
  return out;
}

void JmesSearch::Begin(JsonForm form, size_t document_values) {
  // An expression looks at each value some times; only what doubles itself again and again comes
  // anywhere near this.
  constexpr size_t kAnyDocument = 1'000'000, kPerValue = 64;
  form_ = form;
  arena_.Reset();
  budget_ = kAnyDocument + kPerValue * document_values;
}

bool JmesSearch::Run(const JmesPath& path, const JsonNode& root, JsonNode* out) {
  stack_.clear();
  error_.clear();
  return Eval(path.ast(), root, out);
}

bool JmesSearch::Fail(std::string why) {
  error_ = std::move(why);
  return false;
}

bool JmesSearch::Spend() {
  if (budget_ == 0) return Fail("the expression makes too much of this text");
  --budget_;
  return true;
}

bool JmesSearch::Push(const JsonNode& value, std::string_view key) {
  if (!Spend()) return false;
  stack_.push_back({key, value});
  return true;
}

void JmesSearch::Collect(size_t first, Kind kind, JsonNode* out) {
  const size_t count = stack_.size() - first;
  *out = JsonNode::Container(kind, arena_.Copy(stack_.data() + first, count), count);
  stack_.resize(first);
}

bool JmesSearch::Eval(const JmesAst& ast, const JsonNode& in, JsonNode* out) {
  if (!Spend()) return false;
  switch (ast.kind) {
    case Ast::Kind::kCurrent:
      *out = in;
      return true;
    case Ast::Kind::kField: {
      const JsonNode* found = in.is(Kind::kObject) ? in.Find(ast.name) : nullptr;
      *out = found == nullptr ? JsonNode() : *found;
      return true;
    }
    case Ast::Kind::kIndex:
      *out = Element(in, ast.index);
      return true;
    case Ast::Kind::kSlice:
      return Slice(ast, in, out);
    case Ast::Kind::kLiteral:
      *out = ast.literal;
      return true;
    case Ast::Kind::kChain: {
      JsonNode left;
      return Eval(ast.children[0], in, &left) && Eval(ast.children[1], left, out);
    }
    case Ast::Kind::kProjection:
    case Ast::Kind::kValueProjection:
    case Ast::Kind::kFilterProjection: {
      JsonNode left;
      return Eval(ast.children[0], in, &left) && Project(ast, left, out);
    }
    case Ast::Kind::kFlatten: {
      JsonNode left;
      return Eval(ast.children[0], in, &left) && Flatten(left, out);
    }
    case Ast::Kind::kList:
    case Ast::Kind::kHash:
      return MultiSelect(ast, in, out);
    case Ast::Kind::kOr:
      if (!Eval(ast.children[0], in, out)) return false;
      return !IsFalse(*out) || Eval(ast.children[1], in, out);
    case Ast::Kind::kAnd:
      if (!Eval(ast.children[0], in, out)) return false;
      return IsFalse(*out) || Eval(ast.children[1], in, out);
    case Ast::Kind::kNot: {
      JsonNode inside;
      if (!Eval(ast.children[0], in, &inside)) return false;
      *out = JsonNode::Bool(IsFalse(inside));
      return true;
    }
    case Ast::Kind::kCompare:
      return Compare(ast, in, out);
    case Ast::Kind::kFunction:
      return Call(ast, in, out);
    case Ast::Kind::kReference:
      *out = {};  // called, not looked at
      return true;
  }
  return true;
}

bool JmesSearch::Project(const JmesAst& ast, const JsonNode& left, JsonNode* out) {
  const bool of_values = ast.kind == Ast::Kind::kValueProjection;
  *out = {};
  if (!left.is(of_values ? Kind::kObject : Kind::kArray)) return true;
  const size_t first = stack_.size();
  for (const JsonMember& member : left) {
    JsonNode value;
    if (ast.kind == Ast::Kind::kFilterProjection) {
      if (!Eval(ast.children[2], member.value, &value)) return false;
      if (IsFalse(value)) continue;
    }
    if (!Eval(ast.children[1], member.value, &value)) return false;
    if (!value.is(Kind::kNull) && !Push(value)) return false;
  }
  Collect(first, Kind::kArray, out);
  return true;
}

bool JmesSearch::Flatten(const JsonNode& left, JsonNode* out) {
  *out = {};
  if (!left.is(Kind::kArray)) return true;
  const size_t first = stack_.size();
  for (const JsonMember& member : left) {
    if (!member.value.is(Kind::kArray)) {
      if (!Push(member.value)) return false;
      continue;
    }
    for (const JsonMember& inner : member.value) {
      if (!Push(inner.value)) return false;
    }
  }
  Collect(first, Kind::kArray, out);
  return true;
}

bool JmesSearch::MultiSelect(const JmesAst& ast, const JsonNode& in, JsonNode* out) {
  *out = {};
  if (in.is(Kind::kNull)) return true;
  const bool is_hash = ast.kind == Ast::Kind::kHash;
  const size_t first = stack_.size();
  for (size_t i = 0; i < ast.children.size(); ++i) {
    JsonNode value;
    if (!Eval(ast.children[i], in, &value)) return false;
    if (!Push(value, is_hash ? std::string_view(ast.keys[i]) : std::string_view())) return false;
  }
  Collect(first, is_hash ? Kind::kObject : Kind::kArray, out);
  return true;
}

bool JmesSearch::Slice(const JmesAst& ast, const JsonNode& in, JsonNode* out) {
  *out = {};
  if (!in.is(Kind::kArray)) return true;
  const int64_t count = in.count;
  const int64_t step = ast.slice[2].value_or(1);
  if (step == 0) return Fail("a slice of step 0");
  const auto clamp = [&](int64_t at) {
    if (at < 0) at = at < -count ? -1 : at + count;
    return step > 0 ? std::clamp<int64_t>(at, 0, count) : std::clamp<int64_t>(at, -1, count - 1);
  };
  const int64_t start = ast.slice[0] ? clamp(*ast.slice[0]) : step > 0 ? 0 : count - 1;
  const int64_t stop = ast.slice[1] ? clamp(*ast.slice[1]) : step > 0 ? count : -1;
  const size_t first = stack_.size();
  for (int64_t i = start; step > 0 ? i < stop : i > stop;) {
    if (!Push(in.members[i].value)) return false;
    // A step beyond the end must not wrap around.
    if (step > 0 ? step > count : step < -count) break;
    i += step;
  }
  Collect(first, Kind::kArray, out);
  return true;
}

bool JmesSearch::Compare(const JmesAst& ast, const JsonNode& in, JsonNode* out) {
  JsonNode left, right;
  if (!Eval(ast.children[0], in, &left) || !Eval(ast.children[1], in, &right)) return false;
  using Op = JmesAst::Compare;
  if (ast.compare == Op::kEqual || ast.compare == Op::kNotEqual) {
    *out = JsonNode::Bool(JsonEqual(left, right) == (ast.compare == Op::kEqual));
    return true;
  }
  *out = {};
  if (!left.is(Kind::kNumber) || !right.is(Kind::kNumber)) return true;
  const double a = left.number, b = right.number;
  *out = JsonNode::Bool(ast.compare == Op::kLess        ? a < b
                        : ast.compare == Op::kLessEqual ? a <= b
                        : ast.compare == Op::kGreater   ? a > b
                                                        : a >= b);
  return true;
}

bool JmesSearch::Call(const JmesAst& ast, const JsonNode& in, JsonNode* out) {
  if (ast.function == nullptr) return Fail("there is no function '" + ast.name + "'");
  const size_t first = stack_.size();
  for (const JmesAst& child : ast.children) {
    JsonNode value;
    if (!Eval(child, in, &value) || !Push(value)) return false;
  }
  *out = {};
  const JmesCall call{*this, ast, first, out};
  if (!CheckJmesArguments(*ast.function, call) || !ast.function->call(call)) return false;
  stack_.resize(first);
  return true;
}

}  // namespace glp::codec
