// Arithmetic and conversions to numbers.
#include "codec/template_math.h"

#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/strings.h"
#include "codec/go_number.h"
#include "codec/template_functions.h"
#include "codec/template_strings.h"

namespace glp::codec::tmpl {
namespace {

// What is there of a number in front of its decimal point. Promtail's library only cuts zeros.
std::string_view CutDecimals(std::string_view text, TemplateDialect dialect) {
  size_t dot = text.find('.');
  if (dot == std::string_view::npos) return text;
  std::string_view fraction = text.substr(dot + 1);
  std::string_view allowed = dialect == TemplateDialect::kLoki ? "0123456789" : "0";
  if (fraction.find_first_not_of(allowed) != std::string_view::npos) return text;
  if (dialect != TemplateDialect::kLoki && fraction.empty()) return text;
  text = text.substr(0, dot);
  return text.empty() || text == "-" || text == "+" ? "0" : text;
}

int64_t Truncated(double f) {
  if (!(f >= -9223372036854775808.0 && f < 9223372036854775808.0)) {
    return std::numeric_limits<int64_t>::min();
  }
  return static_cast<int64_t>(f);
}

}  // namespace

int64_t ToInt64(const Value& value, TemplateDialect dialect) {
  switch (value.kind) {
    case Kind::kBool:
      return value.b ? 1 : 0;
    case Kind::kFloat:
      return Truncated(value.f);
    case Kind::kString:
      return ParseGoInt(CutDecimals(value.str(), dialect)).value_or(0);
    default:
      return value.IsSigned() || value.IsUnsigned() ? value.i : 0;
  }
}

double ToFloat64(const Value& value) {
  switch (value.kind) {
    case Kind::kBool:
      return value.b ? 1 : 0;
    case Kind::kFloat:
      return value.f;
    case Kind::kString:
      return ParseGoFloat(value.str()).value_or(0);
    default:
      if (value.IsUnsigned()) return static_cast<double>(value.u);
      return value.IsSigned() ? static_cast<double>(value.i) : 0;
  }
}

namespace {

int64_t IntAt(const Call& call, size_t i) { return ToInt64(call[i], call.run->dialect()); }
double FloatAt(const Call& call, size_t i) { return ToFloat64(call[i]); }

// As in Go, integers wrap around.
int64_t Wrapped(uint64_t value) { return static_cast<int64_t>(value); }
uint64_t Bits(int64_t value) { return static_cast<uint64_t>(value); }

Value Add(const Call& call) {
  uint64_t sum = 0;
  for (size_t i = 0; i < call.size(); ++i) sum += Bits(IntAt(call, i));
  return Value::Int64(Wrapped(sum));
}
Value Add1(const Call& call) { return Value::Int64(Wrapped(Bits(IntAt(call, 0)) + 1)); }
Value Sub(const Call& call) {
  return Value::Int64(Wrapped(Bits(IntAt(call, 0)) - Bits(IntAt(call, 1))));
}
Value Mul(const Call& call) {
  uint64_t product = Bits(IntAt(call, 0));
  for (size_t i = 1; i < call.size(); ++i) product *= Bits(IntAt(call, i));
  return Value::Int64(Wrapped(product));
}
Value Div(const Call& call) {
  int64_t a = IntAt(call, 0), b = IntAt(call, 1);
  if (b == 0) return call.Fail("integer divide by zero");
  return Value::Int64(b == -1 ? Wrapped(0 - Bits(a)) : a / b);
}
Value Mod(const Call& call) {
  int64_t a = IntAt(call, 0), b = IntAt(call, 1);
  if (b == 0) return call.Fail("integer divide by zero");
  return Value::Int64(b == -1 ? 0 : a % b);
}

template <typename Pick>
Value PickInt(const Call& call, Pick&& pick) {
  int64_t out = IntAt(call, 0);
  for (size_t i = 1; i < call.size(); ++i) out = pick(out, IntAt(call, i)) ? out : IntAt(call, i);
  return Value::Int64(out);
}
Value Max(const Call& call) {
  return PickInt(call, [](int64_t a, int64_t b) { return a >= b; });
}
Value Min(const Call& call) {
  return PickInt(call, [](int64_t a, int64_t b) { return a <= b; });
}

Value MaxF(const Call& call) {
  double out = FloatAt(call, 0);
  for (size_t i = 1; i < call.size(); ++i) out = std::fmax(out, FloatAt(call, i));
  return Value::Float(out);
}
Value MinF(const Call& call) {
  double out = FloatAt(call, 0);
  for (size_t i = 1; i < call.size(); ++i) out = std::fmin(out, FloatAt(call, i));
  return Value::Float(out);
}

// Sums of decimal fractions are what they are on paper: 0.1 + 0.2 is 0.3. The digits of each number
// are read with more bits than the result keeps.
bool Decimal(const Call& call, size_t i, long double* out) {
  double value = FloatAt(call, i);
  if (!std::isfinite(value)) {
    call.Fail("a decimal cannot be " + FormatGoFloat(value, 'g', -1));
    return false;
  }
  *out = std::strtold(FormatGoFloat(value, 'e', -1).c_str(), nullptr);
  return true;
}

enum class Operation { kAdd, kSub, kMul, kDiv };

Value DecimalOf(const Call& call, long double first, size_t begin, Operation operation) {
  long double out = first, next = 0;
  for (size_t i = begin; i < call.size(); ++i) {
    if (!Decimal(call, i, &next)) return {};
    switch (operation) {
      case Operation::kAdd:
        out += next;
        break;
      case Operation::kSub:
        out -= next;
        break;
      case Operation::kMul:
        out *= next;
        break;
      case Operation::kDiv:
        if (next == 0) return call.Fail("decimal division by 0");
        out /= next;
        // Quotients keep sixteen digits behind the point.
        if (std::fabs(out) < 1000) out = std::round(out * 1e16L) / 1e16L;
        break;
    }
  }
  return Value::Float(static_cast<double>(out));
}
Value AddF(const Call& call) { return DecimalOf(call, 0, 0, Operation::kAdd); }
Value Add1F(const Call& call) { return DecimalOf(call, 1, 0, Operation::kAdd); }
template <Operation kOperation>
Value FromFirst(const Call& call) {
  long double first;
  return Decimal(call, 0, &first) ? DecimalOf(call, first, 1, kOperation) : Value();
}

Value Ceil(const Call& call) { return Value::Float(std::ceil(FloatAt(call, 0))); }
Value Floor(const Call& call) { return Value::Float(std::floor(FloatAt(call, 0))); }

Value Round(const Call& call) {
  double round_on = call.size() > 2 ? call[2].f : 0.5;
  double power = std::pow(10, static_cast<double>(call[1].i)), whole;
  double digits = power * FloatAt(call, 0);
  double fraction = std::modf(digits, &whole);
  return Value::Float((fraction >= round_on ? std::ceil(digits) : std::floor(digits)) / power);
}

Value IntFunction(const Call& call) { return Value::Int(IntAt(call, 0)); }
Value Int64Function(const Call& call) { return Value::Int64(IntAt(call, 0)); }
Value Float64Function(const Call& call) { return Value::Float(FloatAt(call, 0)); }

Value Atoi(const Call& call) {
  std::string_view text = call.str(0);
  if (text.starts_with('+')) text.remove_prefix(text.substr(1, 1) == "-" ? 0 : 1);
  return Value::Int(ParseInt64(text).value_or(0));
}

// A number's digits read as octal ones.
Value ToDecimal(const Call& call) {
  std::string_view text = TextOf(call.run, call[0]);
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.find_first_not_of("01234567") != text.npos) return Value::Int64(0);
  auto value = ParseGoInt("0o" + std::string(text.substr(0, 64)));
  return Value::Int64(negative ? -value.value_or(0) : value.value_or(0));
}

// Calls `add` for the numbers from `begin` on; `end` is not one of them.
template <typename AddOne>
void Steps(const Call& call, int64_t begin, int64_t end, int64_t step, AddOne&& add) {
  bool down = end < begin;
  if (down ? step >= 0 : step <= 0) return;
  for (int64_t i = begin; (down ? i > end : i < end) && !call.run->failed();) {
    add(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
}

Value Until(const Call& call) {
  ListBuilder list(call.run, Elements::kInt);
  Steps(call, 0, call[0].i, call[0].i < 0 ? -1 : 1, [&](int64_t i) { list.Add(Value::Int(i)); });
  return list.Finish();
}
Value UntilStep(const Call& call) {
  ListBuilder list(call.run, Elements::kInt);
  Steps(call, call[0].i, call[1].i, call[2].i, [&](int64_t i) { list.Add(Value::Int(i)); });
  return list.Finish();
}

Value Seq(const Call& call) {
  if (call.size() == 0 || call.size() > 3) return Value::Text("");
  int64_t begin = call.size() == 1 ? 1 : call[0].i, end = call[call.size() - 1].i;
  int64_t direction = end < begin ? -1 : 1, step = call.size() == 3 ? call[1].i : direction;
  if (call.size() == 3 && direction < 0 && step > 0) return Value::Text("");
  int64_t behind;
  if (__builtin_add_overflow(end, direction, &behind)) behind = end;
  TextBuilder out(call.run);
  Steps(call, begin, behind, step, [&](int64_t i) {
    if (!out.text().empty()) out.Append(' ');
    out.AppendInt(i);
    call.run->Charge(1);
  });
  return out.Finish();
}

constexpr Function kFunctions[] = {
    {"add", "a*", Add},
    {"add1", "a", Add1},
    {"add1f", "a", Add1F},
    {"addf", "a*", AddF},
    {"atoi", "s", Atoi},
    {"biggest", "aa*", Max},
    {"ceil", "a", Ceil},
    {"div", "aa", Div},
    {"divf", "aa*", FromFirst<Operation::kDiv>},
    {"float64", "a", Float64Function},
    {"floor", "a", Floor},
    {"int", "a", IntFunction},
    {"int64", "a", Int64Function},
    {"max", "aa*", Max},
    {"maxf", "aa*", MaxF},
    {"min", "aa*", Min},
    {"minf", "aa*", MinF},
    {"mod", "aa", Mod},
    {"mul", "aa*", Mul},
    {"mulf", "aa*", FromFirst<Operation::kMul>},
    {"round", "aif*", Round},
    {"seq", "i*", Seq},
    {"sub", "aa", Sub},
    {"subf", "aa*", FromFirst<Operation::kSub>},
    {"toDecimal", "a", ToDecimal},
    {"until", "i", Until},
    {"untilStep", "iii", UntilStep},
};

}  // namespace

Functions MathFunctions() { return kFunctions; }

}  // namespace glp::codec::tmpl
