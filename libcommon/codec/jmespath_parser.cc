// By binding powers: each word binds its left side as strongly as its number says.
#include <algorithm>

#include "base/strings.h"
#include "codec/jmespath_ast.h"
#include "codec/jmespath_lexer.h"

namespace glp::codec {
namespace {

using Ast = JmesAst;
using Token = JmesToken::Kind;

constexpr size_t kMaxBytes = 64 << 10;
constexpr int kMaxDepth = 200;
constexpr int kMaxHeight = 500;

constexpr int kPipePower = 1, kOrPower = 2, kAndPower = 3, kComparePower = 5, kFlattenPower = 9,
              kStarPower = 20, kFilterPower = 21, kDotPower = 40, kNotPower = 45,
              kBracketPower = 55, kParenPower = 60;
// What is not bound at least as strongly ends a projection.
constexpr int kProjectionStop = 10;

int PowerOf(Token token) {
  switch (token) {
    case Token::kPipe:
      return kPipePower;
    case Token::kOr:
      return kOrPower;
    case Token::kAnd:
      return kAndPower;
    case Token::kEqual:
    case Token::kNotEqual:
    case Token::kLess:
    case Token::kLessEqual:
    case Token::kGreater:
    case Token::kGreaterEqual:
      return kComparePower;
    case Token::kFlatten:
      return kFlattenPower;
    case Token::kStar:
      return kStarPower;
    case Token::kFilter:
      return kFilterPower;
    case Token::kDot:
      return kDotPower;
    case Token::kNot:
      return kNotPower;
    case Token::kOpenBrace:
      return 50;
    case Token::kOpenBracket:
      return kBracketPower;
    case Token::kOpenParen:
      return kParenPower;
    default:
      return 0;
  }
}

Ast Make(Ast::Kind kind, std::vector<Ast> children = {}) {
  Ast ast;
  ast.kind = kind;
  for (const Ast& child : children) ast.height = std::max(ast.height, child.height + 1);
  if (!children.empty()) ast.at = children[0].at;
  ast.children = std::move(children);
  return ast;
}

Ast Make(Ast::Kind kind, Ast left, Ast right) {
  std::vector<Ast> children;
  children.push_back(std::move(left));
  children.push_back(std::move(right));
  return Make(kind, std::move(children));
}

class Parser {
 public:
  Parser(std::string_view expression, std::vector<JmesToken> tokens, JmesPath::Functions functions)
      : expression_(expression), tokens_(std::move(tokens)), functions_(functions) {}

  Result<Ast> Run() {
    GLP_ASSIGN_OR_RETURN(Ast ast, Expression(0));
    if (Is(Token::kEnd)) return ast;
    if (Is(Token::kNumber) && now().number < 0) {
      return Error("expected the end; a key with a '-' in it is quoted: \"a-1\"");
    }
    return Error("expected the end, '.', '[', '|' or a comparison");
  }

 private:
  const JmesToken& now() const { return tokens_[i_]; }
  bool Is(Token kind, size_t ahead = 0) const {
    return tokens_[std::min(i_ + ahead, tokens_.size() - 1)].kind == kind;
  }
  void Advance() {
    if (i_ + 1 < tokens_.size()) ++i_;
  }
  bool Skip(Token kind) {
    if (!Is(kind)) return false;
    Advance();
    return true;
  }
  // At the word at work.
  Status Error(std::string_view why) const {
    std::string text(why);
    text += now().kind == Token::kEnd ? "; here the expression ends"
            : now().text.empty()      ? std::string()
                                      : ", not '" + EscapeForTerminal(now().text) + "'";
    return JmesError(expression_, now().at, text);
  }

  Result<Ast> Expression(int power) {
    if (++depth_ > kMaxDepth) return TooDeep();
    GLP_ASSIGN_OR_RETURN(Ast left, First());
    while (power < PowerOf(now().kind)) {
      GLP_ASSIGN_OR_RETURN(left, Next(std::move(left)));
      if (left.height > kMaxHeight) {
        return JmesError(expression_, now().at, "more than 500 steps one on top of the other");
      }
    }
    --depth_;
    return left;
  }

  Status TooDeep() const { return JmesError(expression_, now().at, "nested more than 200 deep"); }

  // What an expression begins with.
  Result<Ast> First() {
    const JmesToken token = now();
    Advance();
    Ast ast = Make(Ast::Kind::kCurrent);
    switch (token.kind) {
      case Token::kName:
        ast = Make(Ast::Kind::kField);
        ast.name = token.text;
        break;
      case Token::kQuotedName:
        ast = Make(Ast::Kind::kField);
        ast.name = token.text;
        if (Is(Token::kOpenParen)) return Error("the name of a function is not quoted");
        break;
      case Token::kRawText: {
        ast = Make(Ast::Kind::kLiteral);
        auto text = std::make_shared<std::string>(token.text);
        ast.literal = JsonNode::Text(*text);
        ast.literal_owner = std::move(text);
        break;
      }
      case Token::kJson: {
        GLP_ASSIGN_OR_RETURN(ast, Literal(token));
        break;
      }
      case Token::kCurrent:
        break;
      case Token::kStar: {
        Ast right = Make(Ast::Kind::kCurrent);
        if (!Is(Token::kCloseBracket)) {
          GLP_ASSIGN_OR_RETURN(right, ProjectionRest(kStarPower));
        }
        ast = Make(Ast::Kind::kValueProjection, std::move(ast), std::move(right));
        break;
      }
      case Token::kFilter:
        return Filter(std::move(ast));
      case Token::kFlatten:
        return FlattenRest(std::move(ast));
      case Token::kOpenBrace:
        return Hash(token.at);
      case Token::kOpenBracket:
        if (Is(Token::kNumber) || Is(Token::kColon)) return Index(std::move(ast));
        if (Is(Token::kStar) && Is(Token::kCloseBracket, 1)) {
          Advance();
          Advance();
          GLP_ASSIGN_OR_RETURN(Ast right, ProjectionRest(kStarPower));
          return Make(Ast::Kind::kProjection, std::move(ast), std::move(right));
        }
        return List(token.at);
      case Token::kNot: {
        GLP_ASSIGN_OR_RETURN(Ast inside, Expression(kNotPower));
        std::vector<Ast> children;
        children.push_back(std::move(inside));
        ast = Make(Ast::Kind::kNot, std::move(children));
        break;
      }
      case Token::kOpenParen: {
        GLP_ASSIGN_OR_RETURN(ast, Expression(0));
        if (!Skip(Token::kCloseParen)) return Error("expected ')'");
        break;
      }
      case Token::kReference:
        return JmesError(expression_, token.at,
                         "'&' stands in front of what a function calls, as in sort_by(list, &key)");
      case Token::kEnd:
        return JmesError(expression_, token.at,
                         "expected a key, '[', '{', '@', a literal or a function; here the "
                         "expression ends");
      default:
        return JmesError(
            expression_, token.at,
            "expected a key, '[', '{', '@', a literal or a function, not '" + token.text + "'");
    }
    ast.at = token.at;
    return ast;
  }

  Result<Ast> Literal(const JmesToken& token) {
    auto tree = std::make_shared<JsonTree>();
    const JsonNode* node = tree->Parse(token.text);
    if (node == nullptr || tree->has_overflow()) {
      return JmesError(expression_, token.at,
                       "between backquotes stands JSON, a text as `\"text\"` or 'text': " +
                           std::string(node == nullptr ? tree->error() : "a number too large"));
    }
    Ast ast = Make(Ast::Kind::kLiteral);
    ast.literal = *node;
    ast.literal_owner = std::move(tree);
    return ast;
  }

  // What stands behind something.
  Result<Ast> Next(Ast left) {
    const JmesToken token = now();
    Advance();
    switch (token.kind) {
      case Token::kDot: {
        if (Skip(Token::kStar)) {
          GLP_ASSIGN_OR_RETURN(Ast right, ProjectionRest(kDotPower));
          return Make(Ast::Kind::kValueProjection, std::move(left), std::move(right));
        }
        GLP_ASSIGN_OR_RETURN(Ast right, BehindDot(kDotPower));
        return Make(Ast::Kind::kChain, std::move(left), std::move(right));
      }
      case Token::kPipe: {
        GLP_ASSIGN_OR_RETURN(Ast right, Expression(kPipePower));
        return Make(Ast::Kind::kChain, std::move(left), std::move(right));
      }
      case Token::kOr: {
        GLP_ASSIGN_OR_RETURN(Ast right, Expression(kOrPower));
        return Make(Ast::Kind::kOr, std::move(left), std::move(right));
      }
      case Token::kAnd: {
        GLP_ASSIGN_OR_RETURN(Ast right, Expression(kAndPower));
        return Make(Ast::Kind::kAnd, std::move(left), std::move(right));
      }
      case Token::kOpenParen:
        return Function(std::move(left), token.at);
      case Token::kFilter:
        return Filter(std::move(left));
      case Token::kFlatten:
        return FlattenRest(std::move(left));
      case Token::kOpenBracket: {
        if (Is(Token::kNumber) || Is(Token::kColon)) return Index(std::move(left));
        if (!Skip(Token::kStar)) return Error("expected '*', a number or a slice behind '['");
        if (!Skip(Token::kCloseBracket)) return Error("expected ']'");
        GLP_ASSIGN_OR_RETURN(Ast right, ProjectionRest(kStarPower));
        return Make(Ast::Kind::kProjection, std::move(left), std::move(right));
      }
      case Token::kEqual:
      case Token::kNotEqual:
      case Token::kLess:
      case Token::kLessEqual:
      case Token::kGreater:
      case Token::kGreaterEqual: {
        GLP_ASSIGN_OR_RETURN(Ast right, Expression(kComparePower));
        Ast ast = Make(Ast::Kind::kCompare, std::move(left), std::move(right));
        ast.compare = static_cast<Ast::Compare>(static_cast<int>(token.kind) -
                                                static_cast<int>(Token::kEqual));
        return ast;
      }
      default:
        return JmesError(
            expression_, token.at,
            "expected the end, '.', '[', '|' or a comparison, not '" + token.text + "'");
    }
  }

  // Behind '[', in front of a number or ':'.
  Result<Ast> Index(Ast left) {
    const size_t at = now().at;
    if (!Is(Token::kColon) && !Is(Token::kColon, 1)) {
      Ast index = Make(Ast::Kind::kIndex);
      index.index = now().number;
      index.at = at;
      Advance();
      if (!Skip(Token::kCloseBracket)) return Error("expected ']'");
      return Make(Ast::Kind::kChain, std::move(left), std::move(index));
    }
    Ast slice = Make(Ast::Kind::kSlice);
    slice.at = at;
    for (int part = 0;;) {
      if (Is(Token::kNumber)) {
        slice.slice[part] = now().number;
        Advance();
      }
      if (Skip(Token::kCloseBracket)) break;
      if (!Is(Token::kColon) || ++part == 3) return Error("expected ']', as in [start:stop:step]");
      Advance();
    }
    Ast chain = Make(Ast::Kind::kChain, std::move(left), std::move(slice));
    GLP_ASSIGN_OR_RETURN(Ast right, ProjectionRest(kStarPower));
    return Make(Ast::Kind::kProjection, std::move(chain), std::move(right));
  }

  Result<Ast> FlattenRest(Ast left) {
    std::vector<Ast> children;
    children.push_back(std::move(left));
    Ast flat = Make(Ast::Kind::kFlatten, std::move(children));
    GLP_ASSIGN_OR_RETURN(Ast right, ProjectionRest(kFlattenPower));
    return Make(Ast::Kind::kProjection, std::move(flat), std::move(right));
  }

  Result<Ast> Filter(Ast left) {
    GLP_ASSIGN_OR_RETURN(Ast condition, Expression(0));
    if (!Skip(Token::kCloseBracket)) return Error("expected ']' behind the condition");
    Ast right = Make(Ast::Kind::kCurrent);
    if (!Is(Token::kFlatten)) {
      GLP_ASSIGN_OR_RETURN(right, ProjectionRest(kFilterPower));
    }
    std::vector<Ast> children;
    children.push_back(std::move(left));
    children.push_back(std::move(right));
    children.push_back(std::move(condition));
    return Make(Ast::Kind::kFilterProjection, std::move(children));
  }

  Result<Ast> ProjectionRest(int power) {
    if (PowerOf(now().kind) < kProjectionStop) return Make(Ast::Kind::kCurrent);
    if (Is(Token::kOpenBracket) || Is(Token::kFilter)) return Expression(power);
    if (Skip(Token::kDot)) return BehindDot(power);
    return Error("expected '.', '[', '|' or the end behind a projection");
  }

  Result<Ast> BehindDot(int power) {
    if (Is(Token::kName) || Is(Token::kQuotedName) || Is(Token::kStar)) return Expression(power);
    const size_t at = now().at;
    if (Skip(Token::kOpenBracket)) return List(at);
    if (Skip(Token::kOpenBrace)) return Hash(at);
    return Error("expected a key, '*', '[' or '{' behind '.'");
  }

  Result<Ast> List(size_t at) {
    if (++depth_ > kMaxDepth) return TooDeep();
    std::vector<Ast> children;
    for (;;) {
      GLP_ASSIGN_OR_RETURN(Ast child, Expression(0));
      children.push_back(std::move(child));
      if (Skip(Token::kCloseBracket)) break;
      if (!Skip(Token::kComma)) return Error("expected ',' or ']'");
    }
    --depth_;
    Ast ast = Make(Ast::Kind::kList, std::move(children));
    ast.at = at;
    return ast;
  }

  Result<Ast> Hash(size_t at) {
    if (++depth_ > kMaxDepth) return TooDeep();
    std::vector<Ast> children;
    std::vector<std::string> keys;
    do {
      if (!Is(Token::kName) && !Is(Token::kQuotedName)) return Error("expected a key");
      std::string key = now().text;
      Advance();
      if (!Skip(Token::kColon)) return Error("expected ':' behind the key");
      GLP_ASSIGN_OR_RETURN(Ast child, Expression(0));
      // Of equal keys the last counts.
      if (auto same = std::find(keys.begin(), keys.end(), key); same != keys.end()) {
        children[same - keys.begin()] = std::move(child);
      } else {
        keys.push_back(std::move(key));
        children.push_back(std::move(child));
      }
    } while (Skip(Token::kComma));
    if (!Skip(Token::kCloseBrace)) return Error("expected ',' or '}'");
    --depth_;
    Ast ast = Make(Ast::Kind::kHash, std::move(children));
    ast.keys = std::move(keys);
    ast.at = at;
    return ast;
  }

  Result<Ast> Function(Ast name, size_t at) {
    if (name.kind != Ast::Kind::kField) {
      return JmesError(expression_, at, "expected the name of a function in front of '('");
    }
    std::vector<Ast> children;
    while (!Skip(Token::kCloseParen)) {
      if (Is(Token::kReference)) {
        const size_t start = now().at;
        Advance();
        GLP_ASSIGN_OR_RETURN(Ast inside, Expression(0));
        std::vector<Ast> one;
        one.push_back(std::move(inside));
        children.push_back(Make(Ast::Kind::kReference, std::move(one)));
        children.back().at = start;
      } else {
        GLP_ASSIGN_OR_RETURN(Ast child, Expression(0));
        children.push_back(std::move(child));
      }
      // go-jmespath wants no comma between arguments, and takes one behind the last.
      if (!Skip(Token::kComma) && Is(Token::kEnd)) return Error("expected ',' or ')'");
    }
    Ast ast = Make(Ast::Kind::kFunction, std::move(children));
    ast.at = name.at;
    ast.name = std::move(name.name);
    ast.function = FindJmesFunction(ast.name);
    if (functions_ == JmesPath::Functions::kChecked) GLP_RETURN_IF_ERROR(CheckFunction(ast));
    return ast;
  }

  Status CheckFunction(const Ast& ast) const {
    if (ast.function == nullptr) {
      const std::vector<std::string> names = JmesFunctionNames();
      const std::string_view nearest = Nearest(ast.name, names);
      return JmesError(expression_, ast.at,
                       "there is no function '" + ast.name + "'" +
                           (nearest.empty() ? "; known are " + Join(names, ", ")
                                            : "; did you mean '" + std::string(nearest) + "'?"));
    }
    const size_t want = ast.function->argument_count();
    const bool ok =
        ast.function->is_variadic ? ast.children.size() >= want : ast.children.size() == want;
    if (ok) return Status::Ok();
    return JmesError(expression_, ast.at,
                     ast.name + " takes " + (ast.function->is_variadic ? "at least " : "") +
                         std::to_string(want) + (want == 1 ? " argument" : " arguments") +
                         ", not " + std::to_string(ast.children.size()));
  }

  std::string_view expression_;
  std::vector<JmesToken> tokens_;
  JmesPath::Functions functions_;
  size_t i_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<JmesAst> ParseJmesPath(std::string_view expression, JmesPath::Functions functions) {
  if (expression.size() > kMaxBytes) {
    return UsageError("a JMESPath expression of " + std::to_string(expression.size()) +
                      " bytes; at most 65536 are taken");
  }
  GLP_ASSIGN_OR_RETURN(std::vector<JmesToken> tokens, LexJmesPath(expression));
  return Parser(expression, std::move(tokens), functions).Run();
}

}  // namespace glp::codec
