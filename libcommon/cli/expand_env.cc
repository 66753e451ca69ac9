#include "cli/expand_env.h"

#include <algorithm>
#include <cstdlib>

#include "codec/yaml.h"

namespace glp::cli {
namespace {

constexpr int kMaxDepth = 20;

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

class Expander {
 public:
  Expander(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  Result<ExpandedText> Run() {
    out_.lines.push_back(1);
    while (at_ < text_.size()) {
      std::string_view next = text_.substr(at_, 2);
      if (next == "${") {
        GLP_ASSIGN_OR_RETURN(std::string value, Variable(0));
        for (char c : value) Put(c);
      } else {
        // `\/` too is an escape of that language.
        if (next == "$$" || next == "\\\\" || next == "\\/") ++at_;
        if (text_[at_] == '\n') ++line_;
        Put(text_[at_++]);
      }
    }
    return std::move(out_);
  }

 private:
  void Put(char c) {
    out_.text += c;
    if (c == '\n') out_.lines.push_back(line_);
  }
  Status Error(std::string_view why) const { return codec::YamlError(file_, {line_, 0}, why); }

  // What stands at "${", behind which it leaves `at_`.
  Result<std::string> Variable(int depth) {
    size_t begin = at_;
    at_ += 2;
    size_t name_begin = at_;
    while (at_ < text_.size() && IsNameCharacter(text_[at_])) ++at_;
    std::string name(text_.substr(name_begin, at_ - name_begin));
    std::string value;
    if (const char* set = std::getenv(name.c_str())) value = set;
    if (!name.empty() && text_.substr(at_, 1) == "}") {
      ++at_;
      return value;
    }
    size_t sign = text_.substr(at_, 1) == "=" ? 1 : 2;
    std::string_view form = text_.substr(at_, sign);
    if (name.empty() || depth > kMaxDepth || (form != ":-" && form != ":=" && form != "=")) {
      return Error("'" + Shown(begin) +
                   "' cannot be expanded; ${NAME} and ${NAME:-default} can, and $${ is a '${' that "
                   "is meant as it is");
    }
    at_ += sign;
    GLP_ASSIGN_OR_RETURN(std::string fallback, Default(begin, depth));
    return value.empty() ? fallback : value;
  }

  Result<std::string> Default(size_t begin, int depth) {
    std::string fallback;
    while (at_ < text_.size() && text_[at_] != '\n') {
      if (text_[at_] == '}') {
        ++at_;
        return fallback;
      }
      if (text_.substr(at_, 2) == "${") {
        GLP_ASSIGN_OR_RETURN(std::string value, Variable(depth + 1));
        fallback += value;
      } else {
        fallback += text_[at_++];
      }
    }
    return Error("'" + Shown(begin) + "': '${' without '}'");
  }

  std::string Shown(size_t begin) const {
    size_t end = std::min(text_.find_first_of("}\n", begin), text_.size());
    if (end < text_.size() && text_[end] == '}') ++end;
    return std::string(text_.substr(begin, std::min<size_t>(end - begin, 60)));
  }

  std::string_view text_;
  const std::string& file_;
  size_t at_ = 0;
  int line_ = 1;
  ExpandedText out_;
};

}  // namespace

Result<ExpandedText> ExpandEnvironment(std::string_view text, const std::string& file) {
  return Expander(text, file).Run();
}

}  // namespace glp::cli
