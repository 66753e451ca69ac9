// Tokens to a tree, with the scopes of variables and what the template asks of the data.
// template_parser.cc has texts and control structures, template_pipes.cc the pipelines.
// Lifetime: of one Parse of a program, which outlives it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/template_lexer.h"
#include "codec/template_tree.h"

namespace glp::codec::tmpl {

class Parser {
 public:
  explicit Parser(Program* program) : program_(program), text_(program->text) {}

  Status Run();

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
  Status Unexpected(const Token& token, std::string_view context) const;
  Status Expect(TokenKind kind, std::string_view context);
  std::string_view Since(size_t begin) const;
  Status Deeper(const Token& token);

  void WantsAll() { program_->names.reset(); }
  void Wants(std::string_view name) {
    if (program_->names) program_->names->emplace_back(name);
  }

  Status ParseMain();
  // Behind {{ define.
  Status ParseDefine();
  Status ParseTemplateBody(std::string_view name, std::string_view context);
  static bool IsEmpty(const Nodes& nodes);
  Status ParseName(std::string_view context, std::string_view* name);
  Status Unquote(const Token& token, std::string_view* out);
  // Up to and with {{end}} or {{else.
  Status ParseList(Nodes* nodes, Ending* ending);
  Status ParseItem(Nodes* nodes, Ending* ending);
  Status ParseTemplate(const Token& word, Nodes* nodes);
  Status ParseControl(const Token& word, Nodes* nodes);

  Status ParsePipe(std::string_view context, TokenKind close, Pipe* pipe);
  int FindSlot(std::string_view name) const;
  Status ParseDeclarations(std::string_view context, Pipe* pipe);
  Status ParseCommand(std::string_view context, Pipe* pipe);
  // A regular expression that is written out is compiled once; a bad one fails where it is run, as
  // in Go.
  void CompileRegex(Command* command);
  Status ParseOperand(Operand* out, bool* found);
  // What the operand asks of the data.
  void Note(const Operand& operand);
  Status ParseTerm(Operand* out, bool* found);
  bool IsKnown(std::string_view name) const;
  Status ParseNumber(const Token& token, Operand* out);

  Program* program_;
  std::string_view text_;
  std::vector<Token> tokens_;
  size_t at_ = 0;  // the next token
  Tree* tree_ = nullptr;
  std::vector<Variable> vars_;             // in scope
  std::vector<std::string_view> pending_;  // set by pipelines that are being read
  bool dot_is_data_ = true, dollar_is_data_ = true;
  int range_depth_ = 0;
  size_t depth_ = 0;
  int regexes_ = 0;
};

// The start of a text in quotes, for errors.
std::string Shown(std::string_view text);

}  // namespace glp::codec::tmpl
