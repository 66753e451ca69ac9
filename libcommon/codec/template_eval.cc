#include "codec/template_eval.h"

#include "codec/template_print.h"

namespace glp::codec::tmpl {

Value Evaluator::Fail(uint32_t at, std::string_view source, std::string message) {
  if (!run_.failed()) At(at, source);
  return run_.Fail(std::move(message));
}

bool Evaluator::Enter(uint32_t at, std::string_view source) {
  if (++depth_ <= 5 * program_.limits.depth) return true;
  Fail(at, source, "nested too deep while running");
  return false;
}

void Evaluator::SetVariable(const Pipe& pipe, size_t i, const Value& value) {
  if (pipe.slots[i] < 0) {
    Fail(pipe.at, pipe.source, "undefined variable: " + std::string(pipe.names[i]));
    return;
  }
  vars_[pipe.slots[i]] = value;
}

Value Evaluator::Eval(const Pipe& pipe, const Value& dot) {
  Value value;
  const Value* final = nullptr;
  Value previous;
  for (const Command& command : pipe.commands) {
    value = EvalCommand(command, dot, final);
    if (run_.failed()) return {};
    if (value.kind == Kind::kNil) value = Value();
    previous = value;
    final = &previous;
  }
  for (size_t i = 0; i < pipe.names.size(); ++i) SetVariable(pipe, i, value);
  return value;
}

Value Evaluator::EvalCommand(const Command& command, const Value& dot, const Value* final) {
  const Operand& first = command.args[0];
  bool has_args = command.args.size() > 1 || final != nullptr;
  if (first.kind == Operand::Kind::kFunction && first.fields.empty()) {
    return CallFunction(command, dot, final);
  }
  if (!first.fields.empty() || first.kind == Operand::Kind::kField) {
    return EvalFields(first, dot, &command, final);
  }
  if (has_args) {
    return Fail(first.at, first.source,
                "can't give argument to non-function " + std::string(first.source));
  }
  if (first.kind == Operand::Kind::kNil) return Fail(first.at, "nil", "nil is not a command");
  return EvalOperand(first, dot);
}

Value Evaluator::EvalOperand(const Operand& operand, const Value& dot) {
  if (!operand.fields.empty()) return EvalFields(operand, dot, nullptr, nullptr);
  return EvalBase(operand, dot);
}

Value Evaluator::EvalBase(const Operand& operand, const Value& dot) {
  switch (operand.kind) {
    case Operand::Kind::kDot:
    case Operand::Kind::kField:
      return dot;
    case Operand::Kind::kNil:
      return Value::Nil();
    case Operand::Kind::kConstant:
      return operand.constant;
    case Operand::Kind::kNumber:
      if (operand.overflows) {
        return Fail(operand.at, operand.source, std::string(operand.source) + " overflows int");
      }
      return operand.constant;
    case Operand::Kind::kVariable:
      if (operand.slot < 0) {
        return Fail(operand.at, operand.source,
                    "undefined variable: " + std::string(operand.constant.str()));
      }
      return vars_[operand.slot];
    case Operand::Kind::kPipe:
      if (!Enter(operand.at, operand.source)) {
        return {};
      } else {
        Value value = Eval(*operand.pipe, dot);
        Leave();
        return value;
      }
    case Operand::Kind::kFunction: {
      ArgumentList none(&run_, 1);
      return Invoke(*operand.function, operand, operand.source, &none);
    }
  }
  return {};
}

Value Evaluator::EvalFields(const Operand& operand, const Value& dot, const Command* command,
                            const Value* final) {
  Value value = EvalBase(operand, dot);
  for (size_t i = 0; i < operand.fields.size(); ++i) {
    if (run_.failed()) return {};
    bool last = i + 1 == operand.fields.size();
    value = Field(operand, value, operand.fields[i], dot, last ? command : nullptr,
                  last ? final : nullptr);
  }
  return value;
}

Value Evaluator::Field(const Operand& operand, const Value& receiver, std::string_view name,
                       const Value& dot, const Command* command, const Value* final) {
  bool has_args = (command != nullptr && command->args.size() > 1) || final != nullptr;
  switch (receiver.kind) {
    case Kind::kData:
    case Kind::kDict: {
      if (has_args) {
        return Fail(operand.at, operand.source,
                    std::string(name) + " is not a method but has arguments");
      }
      Value value;
      bool text = receiver.kind == Kind::kData && program_.dialect == TemplateDialect::kLoki;
      if (receiver.kind == Kind::kData) {
        value = run_.DataField(name);
      } else {
        text = receiver.dict->elements == Elements::kString;
        if (const Value* found = receiver.dict->Find(name)) value = *found;
      }
      if (value.kind == Kind::kNone && program_.dialect == TemplateDialect::kLoki) {
        return text ? Value::Text("") : Value::Nil();
      }
      return value;
    }
    case Kind::kNone:
      return {};
    case Kind::kNil:
      return Fail(operand.at, operand.source,
                  "nil pointer evaluating interface {}." + std::string(name));
    default:
      break;
  }
  const Function* method = FindMethod(receiver, name);
  if (method == nullptr) {
    return Fail(operand.at, operand.source,
                "can't evaluate field " + std::string(name) + " in type " +
                    std::string(TypeName(receiver, program_.dialect)));
  }
  size_t count = command == nullptr ? 0 : command->args.size() - 1;
  ArgumentList args(&run_, count + 2);
  args.Add(receiver);
  if (!TakeArguments(*method, operand, command, dot, final, 1, &args)) return {};
  return Invoke(*method, operand, command == nullptr ? operand.source : command->source, &args);
}

Value Evaluator::CallFunction(const Command& command, const Value& dot, const Value* final) {
  const Operand& first = command.args[0];
  const Function& function = *first.function;
  if (function.special == Function::Special::kAnd || function.special == Function::Special::kOr) {
    return AndOr(command, dot, final);
  }
  ArgumentList args(&run_, command.args.size() + 1);
  if (!TakeArguments(function, first, &command, dot, final, 0, &args)) return {};
  return Invoke(function, first, command.source, &args);
}

bool Evaluator::TakeArguments(const Function& function, const Operand& operand,
                              const Command* command, const Value& dot, const Value* final,
                              size_t have, ArgumentList* args) {
  size_t given = command == nullptr ? 0 : command->args.size() - 1;
  size_t count = given + (final != nullptr), fixed = function.fixed() - have;
  if (function.variadic() ? count < fixed : count != fixed) {
    Fail(operand.at, operand.source,
         "wrong number of args for " + std::string(function.name) + ": want " +
             (function.variadic() ? "at least " : "") + std::to_string(fixed) + " got " +
             std::to_string(count));
    return false;
  }
  auto letter = [&](size_t i) {
    i += have;
    if (i < function.fixed()) return function.signature[i];
    return function.signature[function.signature.size() - 2];
  };
  for (size_t i = 0; i < given; ++i) {
    Value value = Argument(command->args[i + 1], letter(i), dot);
    if (run_.failed()) return false;
    args->Add(value);
  }
  if (final != nullptr) {
    Value value = Typed(*final, letter(given), operand.at, operand.source);
    if (run_.failed()) return false;
    args->Add(value);
  }
  return !run_.failed();
}

Value Evaluator::Argument(const Operand& operand, char letter, const Value& dot) {
  bool any = letter == 'a' || letter == 'v';
  auto expected = [&](std::string_view what) {
    return Fail(operand.at, operand.source,
                "expected " + std::string(what) + "; found " + std::string(operand.source));
  };
  if (operand.fields.empty()) {
    switch (operand.kind) {
      case Operand::Kind::kNil:
        if (any || letter == 'm') return Value::Nil();
        return Fail(operand.at, operand.source,
                    "cannot assign nil to " + std::string(ParameterType(letter)));
      case Operand::Kind::kConstant: {
        if (any) return operand.constant;
        bool text = operand.constant.kind == Kind::kString;
        if (letter == (text ? 's' : 'b')) return operand.constant;
        break;
      }
      case Operand::Kind::kNumber:
        if (any) return EvalBase(operand, dot);
        if (letter == 'i' && operand.is_int) return Value::Int(operand.int_value);
        if ((letter == 'l' || letter == 'd') && operand.is_int) {
          return Value::Integer(letter == 'l' ? Kind::kInt64 : Kind::kDuration, operand.int_value);
        }
        if (letter == 'f' && operand.is_float) return Value::Float(operand.float_value);
        break;
      default:
        return Typed(EvalOperand(operand, dot), letter, operand.at, operand.source);
    }
    switch (letter) {
      case 's':
        return expected("string");
      case 'b':
        return expected("bool");
      case 'i':
      case 'l':
      case 'd':
        return expected("integer");
      case 'f':
        return expected("float");
      default:
        return Fail(operand.at, operand.source,
                    "can't handle " + std::string(operand.source) + " for arg of type " +
                        std::string(ParameterType(letter)));
    }
  }
  return Typed(EvalOperand(operand, dot), letter, operand.at, operand.source);
}

Value Evaluator::Typed(const Value& value, char letter, uint32_t at, std::string_view source) {
  if (run_.failed()) return {};
  bool fits = false;
  switch (letter) {
    case 'a':
      return value.kind == Kind::kNone ? Value::Nil() : value;
    case 'v':
      return value;
    case 's':
      fits = value.kind == Kind::kString;
      break;
    case 'i':
      fits = value.kind == Kind::kInt;
      break;
    case 'l':
      fits = value.kind == Kind::kInt64;
      break;
    case 'f':
      fits = value.kind == Kind::kFloat;
      break;
    case 'b':
      fits = value.kind == Kind::kBool;
      break;
    case 'm':
      fits = value.kind == Kind::kDict || value.kind == Kind::kData;
      if (value.kind == Kind::kNone) return Value::Nil();
      break;
    case 't':
      fits = value.kind == Kind::kTime;
      break;
    case 'V':
      fits = value.kind == Kind::kVersion;
      break;
    case 'd':
      fits = value.kind == Kind::kDuration;
      break;
    default:
      break;
  }
  if (fits) return value;
  std::string type(ParameterType(letter));
  if (value.kind == Kind::kNone) return Fail(at, source, "invalid value; expected " + type);
  return Fail(at, source,
              "wrong type for value; expected " + type + "; got " +
                  (value.kind == Kind::kNil ? "interface {}"
                                            : std::string(TypeName(value, program_.dialect))));
}

Value Evaluator::AndOr(const Command& command, const Value& dot, const Value* final) {
  const Operand& first = command.args[0];
  bool is_or = first.function->special == Function::Special::kOr;
  if (command.args.size() == 1 && final == nullptr) {
    return Fail(first.at, first.source,
                "wrong number of args for " + std::string(first.function->name) +
                    ": want at least 1 got 0");
  }
  Value value;
  for (size_t i = 1; i < command.args.size(); ++i) {
    value = Argument(command.args[i], 'v', dot);
    if (run_.failed() || IsTrue(value, &run_) == is_or) return value;
  }
  return final == nullptr ? value : *final;
}

Value Evaluator::Invoke(const Function& function, const Operand& operand, std::string_view source,
                        const ArgumentList* args) {
  std::span<const Value> values = args->span();
  if (values.empty() && function.fixed() > 0) {
    return Fail(operand.at, operand.source,
                "wrong number of args for " + std::string(function.name) + ": want " +
                    (function.variadic() ? "at least " : "") + std::to_string(function.fixed()) +
                    " got 0");
  }
  // A call costs as much as it has to look at.
  uint64_t work = 1;
  for (const Value& value : values) {
    if (value.kind == Kind::kString) work += value.size / 64;
    if (value.kind == Kind::kList) work += value.list->size / 4;
    if (value.kind == Kind::kDict) work += value.dict->size / 4;
  }
  Value value;
  if (run_.Charge(work)) value = function.body({&run_, values, operand.regex.get()});
  if (!run_.failed()) return value;
  At(operand.at, source);
  run_.Annotate("error calling " + std::string(function.name));
  return {};
}

}  // namespace glp::codec::tmpl
