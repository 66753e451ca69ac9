#include <algorithm>
#include <charconv>

#include "codec/template_eval.h"
#include "codec/template_lexer.h"
#include "codec/template_print.h"
#include "codec/template_tree.h"

namespace glp::codec::tmpl {
namespace {

class Executor {
 public:
  Executor(const Program& program, const TemplateInput& input, std::string* out)
      : program_(program),
        eval_(program, input),
        run_(eval_.run()),
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
    Status located = TemplateError(program_.text, eval_.error_at(),
                                   "executing " + QuoteGo(name_) + " at <" +
                                       Shortened(eval_.error_source()) + ">: " + run_.error());
    return DataError(located.message());
  }

 private:
  enum class Flow : uint8_t { kOn, kBreak, kContinue, kFailed };

  static std::string Shortened(std::string_view source) {
    if (source.size() <= 80) return std::string(source);
    return std::string(source.substr(0, RunesPrefix(source, 60))) + "...";
  }

  Flow RunTree(const Tree& tree, const Value& dot, Value* vars) {
    Value* outer = eval_.UseVariables(vars);
    vars[0] = dot;
    Flow flow = RunNodes(tree.root, dot);
    eval_.UseVariables(outer);
    return flow;
  }

  Flow RunNodes(const Nodes& nodes, const Value& dot) {
    for (const Node& node : nodes) {
      if (!run_.Charge(1)) {
        eval_.At(node.at, node.source);
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
        Value value = eval_.Eval(pipe, dot);
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
    if (!eval_.Enter(node.at, node.source)) return Flow::kFailed;
    Flow flow = node.kind == Node::Kind::kRange      ? RunRange(node, dot)
                : node.kind == Node::Kind::kTemplate ? RunTemplate(node, dot)
                                                     : RunIf(node, dot);
    eval_.Leave();
    return flow;
  }

  Flow Write(uint32_t at, std::string_view text) {
    if (text.size() > program_.limits.output_bytes - (out_->size() - start_)) {
      eval_.Fail(at, "",
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
      eval_.At(pipe.at, pipe.source);
      return Flow::kFailed;
    }
    return Write(pipe.at, text.text());
  }

  Flow RunIf(const Node& node, const Value& dot) {
    for (const Branch& branch : node.branches) {
      if (!run_.Charge(1)) return Flow::kFailed;
      Value value = eval_.Eval(branch.pipe, dot);
      if (run_.failed()) return Flow::kFailed;
      if (!IsTrue(value, &run_)) continue;
      return RunNodes(branch.body, node.kind == Node::Kind::kWith ? value : dot);
    }
    return RunNodes(node.otherwise, dot);
  }

  Flow RunRange(const Node& node, const Value& dot) {
    const Branch& branch = node.branches[0];
    Value over = eval_.Eval(branch.pipe, dot);
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
        eval_.Fail(branch.pipe.at, branch.pipe.source,
                   "can't use a number to iterate over more than one variable");
        return Flow::kFailed;
      }
      count = over.i;
    } else if (!over.IsNothing()) {
      TextBuilder text(&run_);
      PrintV(over, &text);
      eval_.Fail(branch.pipe.at, branch.pipe.source,
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
      if (pipe.names.size() == 1) eval_.SetVariable(pipe, 0, item);
      if (pipe.names.size() == 2) {
        eval_.SetVariable(pipe, 0, key);
        eval_.SetVariable(pipe, 1, item);
      }
      if (run_.failed()) return Flow::kFailed;
      Flow flow = RunNodes(branch.body, item);
      if (flow == Flow::kBreak) break;
      if (flow == Flow::kFailed) return flow;
    }
    return Flow::kOn;
  }

  Flow FailedAt(const Pipe& pipe) {
    eval_.At(pipe.at, pipe.source);
    return Flow::kFailed;
  }

  Flow RunTemplate(const Node& node, const Value& dot) {
    auto at = program_.defined.find(node.text);
    if (at == program_.defined.end()) {
      eval_.Fail(node.at, node.source, "template " + QuoteGo(node.text) + " not defined");
      return Flow::kFailed;
    }
    Value argument;
    if (!node.branches.empty()) argument = eval_.Eval(node.branches[0].pipe, dot);
    if (run_.failed()) return Flow::kFailed;
    if (++calls_ > program_.limits.depth) {
      eval_.Fail(node.at, node.source,
                 "exceeded maximum template depth (" + std::to_string(program_.limits.depth) + ")");
      return Flow::kFailed;
    }
    Value* vars = run_.NewValues(static_cast<size_t>(at->second.slots));
    if (vars == nullptr) {
      eval_.At(node.at, node.source);
      return Flow::kFailed;
    }
    std::string_view outer = std::exchange(name_, node.text);
    Flow flow = RunTree(at->second, argument, vars);
    if (flow == Flow::kFailed) return flow;
    name_ = outer;
    --calls_;
    return Flow::kOn;
  }

  const Program& program_;
  Evaluator eval_;
  RunState& run_;
  std::string* out_;
  const size_t start_;
  size_t calls_ = 0;
  std::string_view name_;  // of the template that runs
};

}  // namespace

Status Execute(const Program& program, const TemplateInput& input, std::string* out) {
  return Executor(program, input, out).Run();
}

}  // namespace glp::codec::tmpl
