#include <re2/re2.h>

#include <algorithm>

#include "codec/go_number.h"
#include "codec/template_functions.h"
#include "codec/template_lexer.h"
#include "codec/template_print.h"
#include "codec/template_regex.h"
#include "codec/template_tree.h"

namespace glp::codec::tmpl {
namespace {

constexpr int kMaxRegexes = 64;

std::string Shown(std::string_view text) { return QuoteGo(text.substr(0, RunesPrefix(text, 40))); }

class Parser {
 public:
  explicit Parser(Program* program) : program_(program), text_(program->text) {}

  Status Run() {
    GLP_ASSIGN_OR_RETURN(tokens_, Tokenize(text_));
    program_->names.emplace();
    tree_ = &program_->main;
    vars_ = {{"$", 0}};
    GLP_RETURN_IF_ERROR(ParseMain());
    if (auto& names = program_->names) {
      std::sort(names->begin(), names->end());
      names->erase(std::unique(names->begin(), names->end()), names->end());
    }
    return Status::Ok();
  }

 private:
  struct Variable {
    std::string_view name;
    int slot;
  };
  enum class Ending { kEnd, kElse, kText };

  const Token& peek() const { return tokens_[at_]; }
  const Token& next() { return tokens_[peek().kind == TokenKind::kEnd ? at_ : at_++]; }
  void SkipSpace() {
    while (peek().kind == TokenKind::kSpace) ++at_;
  }
  const Token& PeekWord() {
    SkipSpace();
    return peek();
  }
  static bool IsWord(const Token& token, std::string_view word) {
    return token.kind == TokenKind::kKeyword && token.text == word;
  }
  Status Error(const Token& token, std::string_view what) const {
    return TemplateError(text_, token.at, what);
  }
  Status Unexpected(const Token& token, std::string_view context) const {
    std::string what = token.kind == TokenKind::kEnd ? "end of text"
                       : token.kind == TokenKind::kKeyword || token.kind == TokenKind::kDot
                           ? "<" + std::string(token.text) + ">"
                           : Shown(token.text);
    return Error(token, "unexpected " + what + " in " + std::string(context));
  }
  Status Expect(TokenKind kind, std::string_view context) {
    if (PeekWord().kind != kind) return Unexpected(peek(), context);
    next();
    return Status::Ok();
  }
  std::string_view Since(size_t begin) const {
    size_t end = at_ == 0 ? begin : tokens_[at_ - 1].at + tokens_[at_ - 1].text.size();
    for (size_t i = at_; i > 0 && tokens_[i - 1].kind == TokenKind::kSpace; --i) {
      end = tokens_[i - 1].at;
    }
    return text_.substr(begin, end < begin ? 0 : end - begin);
  }
  Status Deeper(const Token& token) {
    if (++depth_ <= program_->limits.depth) return Status::Ok();
    return Error(token, "nested deeper than the limit of " +
                            std::to_string(program_->limits.depth) + " levels");
  }

  void WantsAll() { program_->names.reset(); }
  void Wants(std::string_view name) {
    if (program_->names) program_->names->emplace_back(name);
  }

  Status ParseMain() {
    while (peek().kind != TokenKind::kEnd) {
      if (peek().kind == TokenKind::kOpen) {
        size_t open = at_++;
        if (IsWord(PeekWord(), "define")) {
          next();
          GLP_RETURN_IF_ERROR(ParseDefine());
          continue;
        }
        at_ = open;
      }
      Ending ending = Ending::kText;
      const Token& token = peek();
      GLP_RETURN_IF_ERROR(ParseItem(&tree_->root, &ending));
      if (ending == Ending::kEnd) return Error(token, "unexpected {{end}}");
      if (ending == Ending::kElse) return Error(token, "unexpected {{else}}");
    }
    return Status::Ok();
  }

  // Behind {{ define.
  Status ParseDefine() {
    std::string_view name;
    GLP_RETURN_IF_ERROR(ParseName("define clause", &name));
    GLP_RETURN_IF_ERROR(Expect(TokenKind::kClose, "define clause"));
    return ParseTemplateBody(name, "define clause");
  }

  Status ParseTemplateBody(std::string_view name, std::string_view context) {
    const Token& begin = peek();
    GLP_RETURN_IF_ERROR(Deeper(begin));
    Tree body;
    std::vector<Variable> vars = {{"$", 0}};
    std::swap(vars, vars_);
    Tree* outer = std::exchange(tree_, &body);
    bool root = std::exchange(dot_is_data_, false), dollar = std::exchange(dollar_is_data_, false);
    int ranges = std::exchange(range_depth_, 0);
    Ending ending;
    GLP_RETURN_IF_ERROR(ParseList(&body.root, &ending));
    if (ending != Ending::kEnd) {
      return Error(tokens_[at_ - 1], "unexpected {{else}} in " + std::string(context));
    }
    std::swap(vars, vars_);
    tree_ = outer;
    dot_is_data_ = root;
    dollar_is_data_ = dollar;
    range_depth_ = ranges;
    --depth_;
    auto at = program_->defined.find(name);
    if (at == program_->defined.end()) {
      program_->defined.emplace(name, std::move(body));
    } else if (IsEmpty(at->second.root)) {
      at->second = std::move(body);
    } else if (!IsEmpty(body.root)) {
      return Error(begin, "multiple definition of template " + Shown(name));
    }
    return Status::Ok();
  }

  static bool IsEmpty(const Nodes& nodes) {
    return std::all_of(nodes.begin(), nodes.end(), [](const Node& node) {
      return node.kind == Node::Kind::kText &&
             node.text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
    });
  }

  Status ParseName(std::string_view context, std::string_view* name) {
    const Token& token = PeekWord();
    if (token.kind != TokenKind::kString && token.kind != TokenKind::kRaw) {
      return Unexpected(token, context);
    }
    next();
    return Unquote(token, name);
  }

  Status Unquote(const Token& token, std::string_view* out) {
    std::string text;
    if (!UnquoteGo(token.text, &text))
      return Error(token, "invalid syntax in " + Shown(token.text));
    program_->strings.push_back(std::move(text));
    *out = program_->strings.back();
    return Status::Ok();
  }

  // Up to and with {{end}} or {{else.
  Status ParseList(Nodes* nodes, Ending* ending) {
    for (;;) {
      if (peek().kind == TokenKind::kEnd)
        return Error(peek(), "unexpected EOF: an {{end}} is missing");
      *ending = Ending::kText;
      GLP_RETURN_IF_ERROR(ParseItem(nodes, ending));
      if (*ending != Ending::kText) return Status::Ok();
    }
  }

  Status ParseItem(Nodes* nodes, Ending* ending) {
    const Token& token = next();
    if (token.kind == TokenKind::kText) {
      Node node{.kind = Node::Kind::kText, .at = token.at, .text = token.text};
      nodes->push_back(std::move(node));
      return Status::Ok();
    }
    const Token& word = PeekWord();
    if (word.kind != TokenKind::kKeyword || word.text == "nil" || word.text == "define") {
      Node node{.kind = Node::Kind::kAction, .at = word.at};
      node.branches.resize(1);
      GLP_RETURN_IF_ERROR(ParsePipe("command", TokenKind::kClose, &node.branches[0].pipe));
      nodes->push_back(std::move(node));
      return Status::Ok();
    }
    next();
    if (word.text == "end") {
      *ending = Ending::kEnd;
      return Expect(TokenKind::kClose, "end");
    }
    if (word.text == "else") {
      *ending = Ending::kElse;
      const Token& then = PeekWord();
      if (IsWord(then, "if") || IsWord(then, "with")) return Status::Ok();
      return Expect(TokenKind::kClose, "else");
    }
    if (word.text == "break" || word.text == "continue") {
      std::string name = "{{" + std::string(word.text) + "}}";
      GLP_RETURN_IF_ERROR(Expect(TokenKind::kClose, name));
      if (range_depth_ == 0) return Error(word, name + " outside {{range}}");
      nodes->push_back({.kind = word.text == "break" ? Node::Kind::kBreak : Node::Kind::kContinue,
                        .at = word.at});
      return Status::Ok();
    }
    if (word.text == "template" || word.text == "block") return ParseTemplate(word, nodes);
    GLP_RETURN_IF_ERROR(Deeper(word));
    size_t vars = vars_.size();
    GLP_RETURN_IF_ERROR(ParseControl(word, nodes));
    vars_.resize(vars);
    --depth_;
    return Status::Ok();
  }

  Status ParseTemplate(const Token& word, Nodes* nodes) {
    Node node{.kind = Node::Kind::kTemplate, .at = word.at};
    std::string_view context = word.text == "block" ? "block clause" : "template clause";
    GLP_RETURN_IF_ERROR(ParseName(context, &node.text));
    node.at = tokens_[at_ - 1].at;
    size_t begin = word.at;
    if (word.text == "template" && PeekWord().kind == TokenKind::kClose) {
      next();
    } else {
      node.branches.resize(1);
      GLP_RETURN_IF_ERROR(ParsePipe(context, TokenKind::kClose, &node.branches[0].pipe));
    }
    --at_;
    node.source = Since(begin);
    ++at_;
    if (word.text == "block") GLP_RETURN_IF_ERROR(ParseTemplateBody(node.text, context));
    nodes->push_back(std::move(node));
    return Status::Ok();
  }

  Status ParseControl(const Token& word, Nodes* nodes) {
    Node node{.kind = word.text == "if"     ? Node::Kind::kIf
                      : word.text == "with" ? Node::Kind::kWith
                                            : Node::Kind::kRange,
              .at = word.at};
    std::string_view context = word.text;
    for (;;) {
      Branch branch;
      GLP_RETURN_IF_ERROR(ParsePipe(context, TokenKind::kClose, &branch.pipe));
      size_t vars = vars_.size();
      bool dot_is_data = dot_is_data_;
      if (node.kind != Node::Kind::kIf) dot_is_data_ = false;
      range_depth_ += node.kind == Node::Kind::kRange;
      Ending ending;
      GLP_RETURN_IF_ERROR(ParseList(&branch.body, &ending));
      range_depth_ -= node.kind == Node::Kind::kRange;
      dot_is_data_ = dot_is_data;
      vars_.resize(vars);
      node.branches.push_back(std::move(branch));
      if (ending == Ending::kEnd) break;
      const Token& token = peek();
      if (node.kind != Node::Kind::kRange && IsWord(token, context)) {
        next();
        continue;
      }
      if (IsWord(token, "if") || IsWord(token, "with")) return Unexpected(token, "else");
      GLP_RETURN_IF_ERROR(ParseList(&node.otherwise, &ending));
      if (ending != Ending::kEnd) return Error(tokens_[at_ - 1], "expected end; found {{else}}");
      break;
    }
    nodes->push_back(std::move(node));
    return Status::Ok();
  }

  Status ParsePipe(std::string_view context, TokenKind close, Pipe* pipe) {
    pipe->at = PeekWord().at;
    size_t begin = at_;
    GLP_RETURN_IF_ERROR(ParseDeclarations(context, pipe));
    // Variables are there for what follows the pipeline, not inside of it.
    pending_.insert(pending_.end(), pipe->names.begin(), pipe->names.end());
    for (;;) {
      const Token& token = PeekWord();
      if (token.kind == close) break;
      GLP_RETURN_IF_ERROR(ParseCommand(context, pipe));
    }
    pipe->source = Since(tokens_[begin].at);
    const Token& end = next();
    pending_.resize(pending_.size() - pipe->names.size());
    if (pipe->commands.empty()) return Error(end, "missing value for " + std::string(context));
    for (size_t i = 1; i < pipe->commands.size(); ++i) {
      const Operand& first = pipe->commands[i].args[0];
      if (first.kind <= Operand::Kind::kNumber) {
        return TemplateError(text_, first.at,
                             "non executable command in pipeline stage " + std::to_string(i + 1));
      }
    }
    for (std::string_view name : pipe->names) {
      if (pipe->assigns) {
        pipe->slots.push_back(FindSlot(name));
        // As in Go the name is known from here on, though running will fail before.
        if (pipe->slots.back() < 0) vars_.push_back({name, -1});
      } else {
        pipe->slots.push_back(tree_->slots++);
        vars_.push_back({name, pipe->slots.back()});
      }
    }
    return Status::Ok();
  }

  int FindSlot(std::string_view name) const {
    for (size_t i = vars_.size(); i-- > 0;) {
      if (vars_[i].name == name) return vars_[i].slot;
    }
    return -1;
  }

  Status ParseDeclarations(std::string_view context, Pipe* pipe) {
    while (PeekWord().kind == TokenKind::kVariable) {
      size_t back = at_;
      const Token& variable = next();
      const Token& token = PeekWord();
      if (token.kind == TokenKind::kAssign || token.kind == TokenKind::kDeclare) {
        pipe->assigns = token.kind == TokenKind::kAssign;
        next();
        pipe->names.push_back(variable.text);
        return Status::Ok();
      }
      if (token.kind != TokenKind::kChar || token.text != ",") {
        at_ = back;
        return Status::Ok();
      }
      next();
      pipe->names.push_back(variable.text);
      if (context != "range" || pipe->names.size() > 1) {
        return Error(token, "too many declarations in " + std::string(context));
      }
      if (PeekWord().kind != TokenKind::kVariable) {
        return Error(peek(), "range can only initialize variables");
      }
    }
    return Status::Ok();
  }

  Status ParseCommand(std::string_view context, Pipe* pipe) {
    Command command;
    const Token& begin = PeekWord();
    for (;;) {
      SkipSpace();
      bool found = false;
      Operand operand;
      GLP_RETURN_IF_ERROR(ParseOperand(&operand, &found));
      if (found) command.args.push_back(std::move(operand));
      const Token& token = peek();
      if (token.kind == TokenKind::kSpace && found) continue;
      command.source = Since(begin.at);
      if (token.kind == TokenKind::kClose || token.kind == TokenKind::kRightParen) break;
      if (token.kind == TokenKind::kPipe && !command.args.empty()) {
        next();
        if (PeekWord().kind == TokenKind::kClose || peek().kind == TokenKind::kRightParen) {
          return Error(peek(), "missing value for command");
        }
        break;
      }
      return Unexpected(token, command.args.empty() ? context : "operand");
    }
    if (command.args.empty()) return Error(begin, "empty command");
    CompileRegex(&command);
    pipe->commands.push_back(std::move(command));
    return Status::Ok();
  }

  // A regular expression that is written out is compiled once; a bad one fails where it is run, as
  // in Go.
  void CompileRegex(Command* command) {
    Operand& first = command->args[0];
    if (first.kind != Operand::Kind::kFunction || command->args.size() < 2 ||
        first.function->special != Function::Special::kRegex ||
        command->args[1].kind != Operand::Kind::kConstant ||
        command->args[1].constant.kind != Value::Text("").kind) {
      return;
    }
    // What is compiled holds memory; more than these are compiled where they are run.
    if (++regexes_ > kMaxRegexes) return;
    auto regex = CompileGoRegex(command->args[1].constant.str());
    if (regex->ok()) first.regex = std::move(regex);
  }

  Status ParseOperand(Operand* out, bool* found) {
    const Token& token = peek();
    GLP_RETURN_IF_ERROR(ParseTerm(out, found));
    if (!*found) return Status::Ok();
    if (peek().kind == TokenKind::kField) {
      if (out->kind <= Operand::Kind::kNumber) {
        return Error(token, "unexpected . after term " + Shown(token.text));
      }
      while (peek().kind == TokenKind::kField) out->fields.push_back(next().text.substr(1));
    }
    out->source = Since(token.at);
    Note(*out);
    return Status::Ok();
  }

  // What the operand asks of the data.
  void Note(const Operand& operand) {
    bool is_data =
        operand.kind == Operand::Kind::kDot || operand.kind == Operand::Kind::kField
            ? dot_is_data_
            : operand.kind == Operand::Kind::kVariable && operand.slot == 0 && dollar_is_data_;
    if (!is_data) return;
    if (operand.fields.empty()) {
      WantsAll();
    } else {
      Wants(operand.fields[0]);
    }
  }

  Status ParseTerm(Operand* out, bool* found) {
    const Token& token = peek();
    out->at = token.at;
    *found = true;
    switch (token.kind) {
      case TokenKind::kDot:
        out->kind = Operand::Kind::kDot;
        break;
      case TokenKind::kField:
        out->kind = Operand::Kind::kField;
        out->fields.push_back(token.text.substr(1));
        break;
      case TokenKind::kVariable:
        out->kind = Operand::Kind::kVariable;
        out->slot = FindSlot(token.text);
        out->constant = Value::Text(token.text);
        if (out->slot < 0 && !IsKnown(token.text)) {
          return Error(token, "undefined variable " + Shown(token.text));
        }
        break;
      case TokenKind::kIdentifier: {
        out->kind = Operand::Kind::kFunction;
        auto function = FindFunction(token.text, program_->dialect);
        if (!function.ok()) return Error(token, function.status().message());
        out->function = *function;
        if (token.text == "__line__") program_->reads_line = true;
        break;
      }
      case TokenKind::kBool:
        out->kind = Operand::Kind::kConstant;
        out->constant = Value::Bool(token.text == "true");
        break;
      case TokenKind::kString:
      case TokenKind::kRaw: {
        std::string_view text;
        GLP_RETURN_IF_ERROR(Unquote(token, &text));
        out->kind = Operand::Kind::kConstant;
        out->constant = Value::Text(text);
        break;
      }
      case TokenKind::kNumber:
      case TokenKind::kRune:
        out->kind = Operand::Kind::kNumber;
        GLP_RETURN_IF_ERROR(ParseNumber(token, out));
        break;
      case TokenKind::kLeftParen:
        out->kind = Operand::Kind::kPipe;
        out->pipe = std::make_unique<Pipe>();
        GLP_RETURN_IF_ERROR(Deeper(token));
        next();
        GLP_RETURN_IF_ERROR(
            ParsePipe("parenthesized pipeline", TokenKind::kRightParen, out->pipe.get()));
        --depth_;
        return Status::Ok();
      default:
        if (IsWord(token, "nil")) {
          out->kind = Operand::Kind::kNil;
          break;
        }
        *found = false;
        return Status::Ok();
    }
    next();
    return Status::Ok();
  }

  bool IsKnown(std::string_view name) const {
    return std::find(pending_.begin(), pending_.end(), name) != pending_.end() ||
           std::any_of(vars_.begin(), vars_.end(),
                       [&](const Variable& v) { return v.name == name; });
  }

  Status ParseNumber(const Token& token, Operand* out) {
    std::string_view text = token.text;
    if (token.kind == TokenKind::kRune) {
      std::string rune;
      if (!UnquoteGo(text, &rune)) {
        return Error(token, "malformed character constant: " + std::string(text.substr(0, 40)));
      }
      out->int_value = DecodeRune(rune).value;
      out->is_int = out->is_float = true;
      out->float_value = static_cast<double>(out->int_value);
      out->constant = Value::Int(out->int_value);
      return Status::Ok();
    }
    if (text.back() == 'i') return Error(token, "complex numbers are not taken: " + Shown(text));
    if (auto i = ParseGoInt(text)) {
      out->is_int = out->is_float = true;
      out->int_value = *i;
      out->float_value = static_cast<double>(*i);
      out->constant = Value::Int(*i);
      return Status::Ok();
    }
    if (auto u = ParseGoUint(text)) {
      out->overflows = out->is_float = true;
      out->float_value = static_cast<double>(*u);
      return Status::Ok();
    }
    auto f = ParseGoFloat(text);
    if (!f) return Error(token, "illegal number syntax: " + Shown(text));
    if (text.find_first_of(".eEpP") == std::string_view::npos) {
      return Error(token, "integer overflow: " + Shown(text));
    }
    out->is_float = true;
    out->float_value = *f;
    out->constant = Value::Float(*f);
    if (*f >= -9.2e18 && *f <= 9.2e18 && *f == static_cast<double>(static_cast<int64_t>(*f))) {
      out->is_int = true;
      out->int_value = static_cast<int64_t>(*f);
    }
    return Status::Ok();
  }

  Program* program_;
  std::string_view text_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  Tree* tree_ = nullptr;
  std::vector<Variable> vars_;
  std::vector<std::string_view> pending_;
  bool dot_is_data_ = true, dollar_is_data_ = true;
  int range_depth_ = 0;
  size_t depth_ = 0;
  int regexes_ = 0;
};

}  // namespace

Status Parse(Program* program) { return Parser(program).Run(); }

}  // namespace glp::codec::tmpl
