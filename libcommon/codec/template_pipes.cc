#include <re2/re2.h>

#include "codec/go_number.h"
#include "codec/template_functions.h"
#include "codec/template_parser.h"
#include "codec/template_print.h"
#include "codec/template_regex.h"

namespace glp::codec::tmpl {
namespace {

// What is compiled holds memory; more than these are compiled where they are run.
constexpr int kMaxRegexes = 64;

}  // namespace

Status Parser::ParsePipe(std::string_view context, TokenKind close, Pipe* pipe) {
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

int Parser::FindSlot(std::string_view name) const {
  for (size_t i = vars_.size(); i-- > 0;) {
    if (vars_[i].name == name) return vars_[i].slot;
  }
  return -1;
}

Status Parser::ParseDeclarations(std::string_view context, Pipe* pipe) {
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

Status Parser::ParseCommand(std::string_view context, Pipe* pipe) {
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

void Parser::CompileRegex(Command* command) {
  Operand& first = command->args[0];
  if (first.kind != Operand::Kind::kFunction || command->args.size() < 2 ||
      first.function->special != Function::Special::kRegex ||
      command->args[1].kind != Operand::Kind::kConstant ||
      command->args[1].constant.kind != Kind::kString) {
    return;
  }
  if (++regexes_ > kMaxRegexes) return;
  auto regex = CompileGoRegex(command->args[1].constant.str());
  if (regex->ok()) first.regex = std::move(regex);
}

Status Parser::ParseOperand(Operand* out, bool* found) {
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

void Parser::Note(const Operand& operand) {
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

Status Parser::ParseTerm(Operand* out, bool* found) {
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

bool Parser::IsKnown(std::string_view name) const {
  return std::find(pending_.begin(), pending_.end(), name) != pending_.end() ||
         std::any_of(vars_.begin(), vars_.end(), [&](const Variable& v) { return v.name == name; });
}

Status Parser::ParseNumber(const Token& token, Operand* out) {
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

}  // namespace glp::codec::tmpl
