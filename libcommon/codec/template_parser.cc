#include "codec/template_parser.h"

#include <utility>

#include "codec/template_print.h"

namespace glp::codec::tmpl {

std::string Shown(std::string_view text) { return QuoteGo(text.substr(0, RunesPrefix(text, 40))); }

Status Parser::Run() {
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

Status Parser::Unexpected(const Token& token, std::string_view context) const {
  std::string what = token.kind == TokenKind::kEnd ? "end of text"
                     : token.kind == TokenKind::kKeyword || token.kind == TokenKind::kDot
                         ? "<" + std::string(token.text) + ">"
                         : Shown(token.text);
  return Error(token, "unexpected " + what + " in " + std::string(context));
}

Status Parser::Expect(TokenKind kind, std::string_view context) {
  if (PeekWord().kind != kind) return Unexpected(peek(), context);
  next();
  return Status::Ok();
}

std::string_view Parser::Since(size_t begin) const {
  size_t end = at_ == 0 ? begin : tokens_[at_ - 1].at + tokens_[at_ - 1].text.size();
  for (size_t i = at_; i > 0 && tokens_[i - 1].kind == TokenKind::kSpace; --i) {
    end = tokens_[i - 1].at;
  }
  return text_.substr(begin, end < begin ? 0 : end - begin);
}

Status Parser::Deeper(const Token& token) {
  if (++depth_ <= program_->limits.depth) return Status::Ok();
  return Error(token, "nested deeper than the limit of " + std::to_string(program_->limits.depth) +
                          " levels");
}

Status Parser::ParseMain() {
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

Status Parser::ParseDefine() {
  std::string_view name;
  GLP_RETURN_IF_ERROR(ParseName("define clause", &name));
  GLP_RETURN_IF_ERROR(Expect(TokenKind::kClose, "define clause"));
  return ParseTemplateBody(name, "define clause");
}

Status Parser::ParseTemplateBody(std::string_view name, std::string_view context) {
  const Token& begin = peek();
  GLP_RETURN_IF_ERROR(Deeper(begin));
  Tree body;
  std::vector<Variable> vars = {{"$", 0}};
  std::swap(vars, vars_);
  Tree* outer = std::exchange(tree_, &body);
  bool root = std::exchange(dot_is_data_, false), dollar = std::exchange(dollar_is_data_, false);
  int ranges = std::exchange(range_depth_, 0);
  Ending ending = Ending::kEnd;
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

bool Parser::IsEmpty(const Nodes& nodes) {
  return std::all_of(nodes.begin(), nodes.end(), [](const Node& node) {
    return node.kind == Node::Kind::kText &&
           node.text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
  });
}

Status Parser::ParseName(std::string_view context, std::string_view* name) {
  const Token& token = PeekWord();
  if (token.kind != TokenKind::kString && token.kind != TokenKind::kRaw) {
    return Unexpected(token, context);
  }
  next();
  return Unquote(token, name);
}

Status Parser::Unquote(const Token& token, std::string_view* out) {
  std::string text;
  if (!UnquoteGo(token.text, &text)) return Error(token, "invalid syntax in " + Shown(token.text));
  program_->strings.push_back(std::move(text));
  *out = program_->strings.back();
  return Status::Ok();
}

Status Parser::ParseList(Nodes* nodes, Ending* ending) {
  for (;;) {
    if (peek().kind == TokenKind::kEnd)
      return Error(peek(), "unexpected EOF: an {{end}} is missing");
    *ending = Ending::kText;
    GLP_RETURN_IF_ERROR(ParseItem(nodes, ending));
    if (*ending != Ending::kText) return Status::Ok();
  }
}

Status Parser::ParseItem(Nodes* nodes, Ending* ending) {
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
    nodes->push_back(
        {.kind = word.text == "break" ? Node::Kind::kBreak : Node::Kind::kContinue, .at = word.at});
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

Status Parser::ParseTemplate(const Token& word, Nodes* nodes) {
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

Status Parser::ParseControl(const Token& word, Nodes* nodes) {
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

Status Parse(Program* program) { return Parser(program).Run(); }

}  // namespace glp::codec::tmpl
