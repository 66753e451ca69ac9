// The expressions of templates: pipelines, fields, variables and calls, by Go's rules for types.
// Lifetime: the program and input outlive it. Threads: one at a time.
// Errors:   run().failed(); At and Fail say where it was.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "codec/template_functions.h"
#include "codec/template_tree.h"

namespace glp::codec::tmpl {

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

class Evaluator {
 public:
  Evaluator(const Program& program, const TemplateInput& input)
      : program_(program), run_(input, program.limits, program.dialect) {}

  RunState& run() { return run_; }
  // Slot 0 is $. Returns those in use before.
  Value* UseVariables(Value* vars) { return std::exchange(vars_, vars); }

  // What the pipeline gives; its variables are set.
  Value Eval(const Pipe& pipe, const Value& dot);
  void SetVariable(const Pipe& pipe, size_t i, const Value& value);

  // Levels of this program's own stack. False, and failed, where it is one too many.
  bool Enter(uint32_t at, std::string_view source);
  void Leave() { --depth_; }

  Value Fail(uint32_t at, std::string_view source, std::string message);
  void At(uint32_t at, std::string_view source) {
    at_ = at;
    source_ = source;
  }
  uint32_t error_at() const { return at_; }
  std::string_view error_source() const { return source_; }

 private:
  // `final` is what the stage of the pipeline in front gave, nullptr in the first stage.
  Value EvalCommand(const Command& command, const Value& dot, const Value* final);
  Value EvalOperand(const Operand& operand, const Value& dot);
  // An operand without its fields.
  Value EvalBase(const Operand& operand, const Value& dot);
  Value EvalFields(const Operand& operand, const Value& dot, const Command* command,
                   const Value* final);
  Value Field(const Operand& operand, const Value& receiver, std::string_view name,
              const Value& dot, const Command* command, const Value* final);
  Value CallFunction(const Command& command, const Value& dot, const Value* final);
  bool TakeArguments(const Function& function, const Operand& operand, const Command* command,
                     const Value& dot, const Value* final, size_t have, ArgumentList* args);
  Value Argument(const Operand& operand, char letter, const Value& dot);
  // The value if it may be given to a parameter of this type.
  Value Typed(const Value& value, char letter, uint32_t at, std::string_view source);
  Value AndOr(const Command& command, const Value& dot, const Value* final);
  Value Invoke(const Function& function, const Operand& operand, std::string_view source,
               const ArgumentList* args);

  const Program& program_;
  RunState run_;
  Value* vars_ = nullptr;
  size_t depth_ = 0;
  std::string_view source_;
  uint32_t at_ = 0;
};

}  // namespace glp::codec::tmpl
