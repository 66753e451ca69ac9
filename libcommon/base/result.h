// Status and Result<T>: how every layer says that something did not work.
// The lowest layer says what and where, each layer up adds a phrase with Annotate, only `cli`
// prints. Threads: values, no shared state.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace glp {

enum class Code {
  kOk,
  kUsage,      // the caller's words are wrong: options, a query, a configuration
  kIo,         // the operating system said no
  kData,       // bytes are not what they should be: a bad record, a damaged block
  kClosed,     // the reader of our output went away; a quiet end, not an error
  kGaveUp,     // a server did not take it in all the tries allowed
  kRefused,    // a server refused for good
  kLimit,      // a limit was exceeded
  kCancelled,  // stopped on request
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  static Status Ok() { return {}; }
  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same status with `phrase: ` in front of its message; an OK status stays as it is.
  Status Annotate(std::string_view phrase) const& {
    return ok() ? *this : Status(code_, std::string(phrase) + ": " + message_);
  }

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

inline Status UsageError(std::string message) { return {Code::kUsage, std::move(message)}; }
inline Status DataError(std::string message) { return {Code::kData, std::move(message)}; }
// `what`, then the text of errno value `err`.
Status IoError(std::string_view what, int err);

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}                                  // NOLINT
  Result(Status status) : status_(std::move(status)) { assert(!status_.ok()); }  // NOLINT

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  // REQUIRES: ok()
  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T&& value() && { return std::move(*value_); }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return std::move(*value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

// Leaves the function with the status of `expr` unless it is OK.
#define GLP_RETURN_IF_ERROR(expr)                                      \
  do {                                                                 \
    if (auto glp_status = (expr); !glp_status.ok()) return glp_status; \
  } while (0)

#define GLP_CONCAT_(a, b) a##b
#define GLP_CONCAT(a, b) GLP_CONCAT_(a, b)
#define GLP_ASSIGN_(tmp, lhs, expr)   \
  auto tmp = (expr);                  \
  if (!tmp.ok()) return tmp.status(); \
  lhs = std::move(tmp).value()
// `lhs = value of expr`, or leaves the function with its status.
#define GLP_ASSIGN_OR_RETURN(lhs, expr) GLP_ASSIGN_(GLP_CONCAT(glp_result_, __LINE__), lhs, expr)

}  // namespace glp
