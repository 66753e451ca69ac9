#include <re2/re2.h>

#include <algorithm>
#include <charconv>

#include "codec/template_functions.h"
#include "codec/template_lexer.h"
#include "codec/template_print.h"
#include "codec/template_tree.h"

namespace glp::codec::tmpl {
namespace {

class Executor {
 public:
  Executor(const Program& program, const TemplateInput& input, std::string* out)
      : program_(program),
        run_(input, program.limits, program.dialect),
        out_(out),
        start_(out->size()) {}

  Status Run() {
    Value data;
    data.kind = Kind::kData;
    Value few[8];
    if (program_.main.slots <= 8) {
      RunTree(program_.main, data, few);
    } else if (Value* vars = run_.NewValues(static_cast<size_t>(program_.main.slots))) {
      RunTree(program_.main, data, vars);
    }
    if (!run_.failed()) return Status::Ok();
    out_->resize(start_);
    Status located = TemplateError(
        program_.text, at_,
        "executing " + QuoteGo(name_) + " at <" + Shortened(source_) + ">: " + run_.error());
    return DataError(located.message());
  }

 private:
  enum class Flow : uint8_t { kOn, kBreak, kContinue, kFailed };

  static std::string Shortened(std::string_view source) {
    if (source.size() <= 80) return std::string(source);
    return std::string(source.substr(0, RunesPrefix(source, 60))) + "...";
  }

  Value Fail(uint32_t at, std::string_view source, std::string message) {
    if (!run_.failed()) At(at, source);
    return run_.Fail(std::move(message));
  }
  void At(uint32_t at, std::string_view source) {
    at_ = at;
    source_ = source;
  }

  Flow RunTree(const Tree& tree, const Value& dot, Value* vars) {
    Value* outer = std::exchange(vars_, vars);
    vars_[0] = dot;
    Flow flow = RunNodes(tree.root, dot);
    vars_ = outer;
    return flow;
  }

  Flow RunNodes(const Nodes& nodes, const Value& dot) {
    for (const Node& node : nodes) {
      if (!run_.Charge(1)) {
        At(node.at, node.source);
        return Flow::kFailed;
      }
      Flow flow = RunNode(node, dot);
      if (flow != Flow::kOn) return flow;
    }
    return Flow::kOn;
  }

  Flow RunNode(const Node& node, const Value& dot) {
    switch (node.kind) {
      case Node::Kind::kText:
        return Write(node.at, node.text);
      case Node::Kind::kAction: {
        const Pipe& pipe = node.branches[0].pipe;
        Value value = Eval(pipe, dot);
        if (run_.failed()) return Flow::kFailed;
        return pipe.names.empty() ? Print(pipe, value) : Flow::kOn;
      }
      case Node::Kind::kBreak:
        return Flow::kBreak;
      case Node::Kind::kContinue:
        return Flow::kContinue;
      default:
        break;
    }
    // Each of these is a level of this program's own stack.
    if (++depth_ > 5 * program_.limits.depth) {
      Fail(node.at, node.source, "nested too deep while running");
      return Flow::kFailed;
    }
    Flow flow = node.kind == Node::Kind::kRange      ? RunRange(node, dot)
                : node.kind == Node::Kind::kTemplate ? RunTemplate(node, dot)
                                                     : RunIf(node, dot);
    --depth_;
    return flow;
  }

  Flow Write(uint32_t at, std::string_view text) {
    if (text.size() > program_.limits.output_bytes - (out_->size() - start_)) {
      Fail(at, "",
           "the limit of " + std::to_string(program_.limits.output_bytes) +
               " bytes of output is reached");
      return Flow::kFailed;
    }
    out_->append(text);
    return Flow::kOn;
  }

  Flow Print(const Pipe& pipe, const Value& value) {
    switch (value.kind) {
      case Kind::kString:
        return Write(pipe.at, value.str());
      case Kind::kInt:
      case Kind::kInt64: {
        char digits[24];
        char* end = std::to_chars(digits, digits + sizeof digits, value.i).ptr;
        return Write(pipe.at, {digits, static_cast<size_t>(end - digits)});
      }
      default:
        break;
    }
    TextBuilder text(&run_);
    PrintValue(value, &text);
    if (run_.failed()) {
      At(pipe.at, pipe.source);
      return Flow::kFailed;
    }
    return Write(pipe.at, text.text());
  }

  Flow RunIf(const Node& node, const Value& dot) {
    for (const Branch& branch : node.branches) {
      if (!run_.Charge(1)) return Flow::kFailed;
      Value value = Eval(branch.pipe, dot);
      if (run_.failed()) return Flow::kFailed;
      if (!IsTrue(value, &run_)) continue;
      return RunNodes(branch.body, node.kind == Node::Kind::kWith ? value : dot);
    }
    return RunNodes(node.otherwise, dot);
  }

  Flow RunRange(const Node& node, const Value& dot) {
    const Branch& branch = node.branches[0];
    Value over = Eval(branch.pipe, dot);
    if (run_.failed()) return Flow::kFailed;
    int64_t count = 0;
    const Dict* dict = nullptr;
    if (over.kind == Kind::kList) {
      count = static_cast<int64_t>(over.list->size);
    } else if ((dict = run_.AsDict(over)) != nullptr) {
      // What the body sets in the dict is not seen by this loop.
      Dict* copy = run_.NewDict(dict->elements);
      *copy = *dict;
      if (dict->size > 0) {
        auto* entries = static_cast<DictEntry*>(run_.Allocate(dict->size * sizeof(DictEntry)));
        if (entries == nullptr) return FailedAt(branch.pipe);
        std::uninitialized_copy_n(dict->entries, dict->size, entries);
        copy->entries = entries;
      }
      dict = copy;
      count = static_cast<int64_t>(dict->size);
    } else if (over.IsSigned() || over.IsUnsigned()) {
      if (branch.pipe.names.size() > 1) {
        Fail(branch.pipe.at, branch.pipe.source,
             "can't use a number to iterate over more than one variable");
        return Flow::kFailed;
      }
      count = over.i;
    } else if (!over.IsNothing()) {
      TextBuilder text(&run_);
      PrintV(over, &text);
      Fail(branch.pipe.at, branch.pipe.source,
           "range can't iterate over " + std::string(text.text().substr(0, 100)));
      return Flow::kFailed;
    }
    if (count <= 0) return RunNodes(node.otherwise, dot);
    for (int64_t i = 0; i < count; ++i) {
      if (!run_.Charge(1)) return FailedAt(branch.pipe);
      Value key = Value::Int(i), item = key;
      if (dict != nullptr) {
        key = Value::Text(dict->entries[i].key);
        item = dict->entries[i].value;
      } else if (over.kind == Kind::kList) {
        item = over.list->items[i];
      } else {
        item.kind = over.kind;
      }
      const Pipe& pipe = branch.pipe;
      if (pipe.names.size() == 1) SetVariable(pipe, 0, item);
      if (pipe.names.size() == 2) {
        SetVariable(pipe, 0, key);
        SetVariable(pipe, 1, item);
      }
      if (run_.failed()) return Flow::kFailed;
      Flow flow = RunNodes(branch.body, item);
      if (flow == Flow::kBreak) break;
      if (flow == Flow::kFailed) return flow;
    }
    return Flow::kOn;
  }

  Flow FailedAt(const Pipe& pipe) {
    At(pipe.at, pipe.source);
    return Flow::kFailed;
  }

  Flow RunTemplate(const Node& node, const Value& dot) {
    auto at = program_.defined.find(node.text);
    if (at == program_.defined.end()) {
      Fail(node.at, node.source, "template " + QuoteGo(node.text) + " not defined");
      return Flow::kFailed;
    }
    Value argument;
    if (!node.branches.empty()) argument = Eval(node.branches[0].pipe, dot);
    if (run_.failed()) return Flow::kFailed;
    if (++calls_ > program_.limits.depth) {
      Fail(node.at, node.source,
           "exceeded maximum template depth (" + std::to_string(program_.limits.depth) + ")");
      return Flow::kFailed;
    }
    Value* vars = run_.NewValues(static_cast<size_t>(at->second.slots));
    if (vars == nullptr) {
      At(node.at, node.source);
      return Flow::kFailed;
    }
    std::string_view outer = std::exchange(name_, node.text);
    Flow flow = RunTree(at->second, argument, vars);
    if (flow == Flow::kFailed) return flow;
    name_ = outer;
    --calls_;
    return Flow::kOn;
  }

  void SetVariable(const Pipe& pipe, size_t i, const Value& value) {
    if (pipe.slots[i] < 0) {
      Fail(pipe.at, pipe.source, "undefined variable: " + std::string(pipe.names[i]));
      return;
    }
    vars_[pipe.slots[i]] = value;
  }

  Value Eval(const Pipe& pipe, const Value& dot) {
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

  // `final` is what the stage of the pipeline in front gave, nullptr in the first stage.
  Value EvalCommand(const Command& command, const Value& dot, const Value* final) {
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

  Value EvalOperand(const Operand& operand, const Value& dot) {
    if (!operand.fields.empty()) return EvalFields(operand, dot, nullptr, nullptr);
    return EvalBase(operand, dot);
  }

  // An operand without its fields.
  Value EvalBase(const Operand& operand, const Value& dot) {
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
        if (++depth_ > 5 * program_.limits.depth) {
          return Fail(operand.at, operand.source, "nested too deep while running");
        } else {
          Value value = Eval(*operand.pipe, dot);
          --depth_;
          return value;
        }
      case Operand::Kind::kFunction: {
        ArgumentList none(&run_, 1);
        return Invoke(*operand.function, operand, operand.source, &none);
      }
    }
    return {};
  }

  Value EvalFields(const Operand& operand, const Value& dot, const Command* command,
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

  Value Field(const Operand& operand, const Value& receiver, std::string_view name,
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

  // Arguments of a call: a few without the arena.
  class ArgumentList {
   public:
    ArgumentList(RunState* run, size_t capacity) {
      if (capacity > kFew) items_ = run->NewValues(capacity);
    }
    ArgumentList(const ArgumentList&) = delete;
    ArgumentList& operator=(const ArgumentList&) = delete;
    void Add(const Value& value) {
      if (items_ != nullptr) items_[size_++] = value;
    }
    std::span<const Value> span() const { return {items_, size_}; }

   private:
    static constexpr size_t kFew = 5;
    Value few_[kFew];
    Value* items_ = few_;
    size_t size_ = 0;
  };

  Value CallFunction(const Command& command, const Value& dot, const Value* final) {
    const Operand& first = command.args[0];
    const Function& function = *first.function;
    if (function.special == Function::Special::kAnd || function.special == Function::Special::kOr) {
      return AndOr(command, dot, final);
    }
    ArgumentList args(&run_, command.args.size() + 1);
    if (!TakeArguments(function, first, &command, dot, final, 0, &args)) return {};
    return Invoke(function, first, command.source, &args);
  }

  bool TakeArguments(const Function& function, const Operand& operand, const Command* command,
                     const Value& dot, const Value* final, size_t have, ArgumentList* args) {
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

  Value Argument(const Operand& operand, char letter, const Value& dot) {
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
            return Value::Integer(letter == 'l' ? Kind::kInt64 : Kind::kDuration,
                                  operand.int_value);
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

  // The value if it may be given to a parameter of this type.
  Value Typed(const Value& value, char letter, uint32_t at, std::string_view source) {
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

  Value AndOr(const Command& command, const Value& dot, const Value* final) {
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

  Value Invoke(const Function& function, const Operand& operand, std::string_view source,
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

  const Program& program_;
  RunState run_;
  std::string* out_;
  const size_t start_;
  Value* vars_ = nullptr;
  size_t depth_ = 0, calls_ = 0;
  // Where an error is.
  std::string_view name_, source_;
  uint32_t at_ = 0;
};

}  // namespace

Status Execute(const Program& program, const TemplateInput& input, std::string* out) {
  return Executor(program, input, out).Run();
}

}  // namespace glp::codec::tmpl
