// The stages as the command line gives them, in its order.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "stages/stage.h"

namespace glp::parse {

class StageList {
 public:
  // Each is the action of the option of that name. Errors: Code::kUsage.
  Status AddAuto();
  Status AddDocker();
  Status AddCri();
  Status AddJson(std::string_view names);    // 'name=path,path'
  Status AddLogfmt(std::string_view names);  // 'name=key,key'
  Status AddRegex(std::string_view expression);
  Status AddTimestamp(std::string_view format);  // 'FIELD=LAYOUT'
  Status AddOutput(std::string_view field);
  Status SetSource(std::string_view name);  // of the stage added last

  bool empty() const { return specs_.empty(); }
  Result<std::vector<std::unique_ptr<stages::Stage>>> Build() const;

 private:
  enum class Kind { kAuto, kDocker, kCri, kJson, kLogfmt, kRegex, kTimestamp, kOutput };
  struct Pair {
    std::string name, value;
  };
  struct Spec {
    Kind kind;
    std::vector<Pair> pairs = {};  // kJson, kLogfmt; kTimestamp has one
    std::string text = {};         // kRegex: the expression; kOutput: the field
    std::string source = {};       // kJson, kLogfmt, kRegex
  };
  Result<std::unique_ptr<stages::Stage>> BuildOne(const Spec& spec) const;
  Status Add(Spec spec);
  static Result<std::vector<Pair>> ParsePairs(std::string_view option, std::string_view text);

  std::vector<Spec> specs_;
};

}  // namespace glp::parse
