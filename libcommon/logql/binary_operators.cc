#include "logql/binary_operators.h"

#include <cmath>
#include <limits>

namespace glp::logql {

double Calculate(BinaryOperation::Op op, double left, double right) {
  using Op = BinaryOperation::Op;
  switch (op) {
    case Op::kEqual:
      return left == right ? 1 : 0;
    case Op::kNotEqual:
      return left != right ? 1 : 0;
    case Op::kGreater:
      return left > right ? 1 : 0;
    case Op::kGreaterOrEqual:
      return left >= right ? 1 : 0;
    case Op::kLess:
      return left < right ? 1 : 0;
    case Op::kLessOrEqual:
      return left <= right ? 1 : 0;
    case Op::kAdd:
      return left + right;
    case Op::kSubtract:
      return left - right;
    case Op::kMultiply:
      return left * right;
    case Op::kDivide:
      return right == 0 ? std::numeric_limits<double>::quiet_NaN() : left / right;
    case Op::kModulo:
      return right == 0 ? std::numeric_limits<double>::quiet_NaN() : std::fmod(left, right);
    case Op::kPower:
      return std::pow(left, right);
    case Op::kOr:
    case Op::kAnd:
    case Op::kUnless:
      break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace glp::logql
