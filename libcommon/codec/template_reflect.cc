// What type a value has, whether it is empty, and choosing by that.
#include "codec/template_functions.h"

namespace glp::codec::tmpl {
namespace {

std::string_view TypeOfValue(const Call& call, const Value& value) {
  return value.IsNothing() ? "<nil>" : TypeName(value, call.run->dialect());
}

Value TypeOf(const Call& call) { return Value::Text(TypeOfValue(call, call[0])); }
Value TypeIs(const Call& call) { return Value::Bool(call.str(0) == TypeOfValue(call, call[1])); }
Value TypeIsLike(const Call& call) {
  std::string_view type = TypeOfValue(call, call[1]), wanted = call.str(0);
  return Value::Bool(wanted == type || (type.starts_with('*') && type.substr(1) == wanted));
}
Value KindOfValue(const Call& call) { return Value::Text(KindName(call[0])); }
Value KindIs(const Call& call) { return Value::Bool(call.str(0) == KindName(call[1])); }
Value DeepEqualFunction(const Call& call) {
  return Value::Bool(DeepEqual(call[0], call[1], call.run));
}

// sprig's idea of empty differs from Go's truth in nothing but times, which are never empty.
bool IsEmpty(const Call& call, const Value& value) {
  return value.kind != Kind::kTime && !IsTrue(value, call.run);
}

Value Empty(const Call& call) { return Value::Bool(IsEmpty(call, call[0])); }
Value Default(const Call& call) {
  if (call.size() < 2 || IsEmpty(call, call[1])) return call[0];
  return call[1];
}
Value Coalesce(const Call& call) {
  for (const Value& value : call.args) {
    if (!IsEmpty(call, value)) return value;
  }
  return Value::Nil();
}
Value All(const Call& call) {
  for (const Value& value : call.args) {
    if (IsEmpty(call, value)) return Value::Bool(false);
  }
  return Value::Bool(true);
}
Value Any(const Call& call) {
  for (const Value& value : call.args) {
    if (!IsEmpty(call, value)) return Value::Bool(true);
  }
  return Value::Bool(false);
}
Value Ternary(const Call& call) { return call[2].b ? call[0] : call[1]; }

constexpr Function kFunctions[] = {
    {"all", "a*", All},
    {"any", "a*", Any},
    {"coalesce", "a*", Coalesce},
    {"deepEqual", "aa", DeepEqualFunction},
    {"default", "aa*", Default},
    {"empty", "a", Empty},
    {"kindIs", "sa", KindIs},
    {"kindOf", "a", KindOfValue},
    {"ternary", "aab", Ternary},
    {"typeIs", "sa", TypeIs},
    {"typeIsLike", "sa", TypeIsLike},
    {"typeOf", "a", TypeOf},
};

}  // namespace

Functions ReflectFunctions() { return kFunctions; }

}  // namespace glp::codec::tmpl
