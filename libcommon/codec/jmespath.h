// JMESPath, the language of promtail's `json` stage: `level`, `a.b[0]`, `"a key".x`, slices,
// projections, filters `[?status > `400`]`, multiselects, pipes, comparisons, `||`, `&&`, `!`,
// functions and literals.
//
//   GLP_ASSIGN_OR_RETURN(JmesPath path, JmesPath::Compile("severity || level"));
//   JsonTree tree;
//   JmesSearch search;
//   if (const JsonNode* root = tree.Parse(text)) {
//     search.Begin(JsonForm::kGo, tree.values());
//     JsonNode value;
//     if (search.Run(path, *root, &value)) …  // kNull: no value
//   }
//
// Lifetime: values are good as long as the path, the tree's text and until the next Begin.
// Threads:  JmesPath const from any; a JmesSearch one at a time.
// Errors:   Compile: Code::kUsage with the character and what was expected. Run: what a function
//           was given wrongly, a slice of step 0.
// Limits:   expressions of 64 KiB, 200 levels of brackets, 500 steps in a chain; work in proportion
//           to the text.
// Source:   jmespath.org/specification.html, where promtail's go-jmespath 0.4 differs, as that.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/json.h"
#include "codec/json_tree.h"

namespace glp::codec {

struct JmesAst;

class JmesPath {
 public:
  enum class Functions {
    kChecked,    // one that does not exist, or another number of arguments, does not compile
    kAtRunTime,  // as go-jmespath: only a search fails
  };
  static Result<JmesPath> Compile(std::string_view expression,
                                  Functions functions = Functions::kChecked);
  JmesPath(JmesPath&&) noexcept;
  JmesPath& operator=(JmesPath&&) noexcept;
  ~JmesPath();

  // The steps, where it is nothing but keys and indices from the start.
  const std::optional<std::vector<JsonStep>>& plain() const { return plain_; }
  const JmesAst& ast() const { return *ast_; }

 private:
  JmesPath() = default;
  std::unique_ptr<const JmesAst> ast_;
  std::optional<std::vector<JsonStep>> plain_;
};

class JmesSearch {
 public:
  // For a document of so many values. `form` is what to_string writes.
  void Begin(JsonForm form, size_t document_values);
  // False where it failed; error() says why.
  bool Run(const JmesPath& path, const JsonNode& root, JsonNode* out);
  const std::string& error() const { return error_; }

 private:
  friend struct JmesCall;
  bool Eval(const JmesAst& ast, const JsonNode& in, JsonNode* out);
  bool Project(const JmesAst& ast, const JsonNode& left, JsonNode* out);
  bool Flatten(const JsonNode& left, JsonNode* out);
  bool MultiSelect(const JmesAst& ast, const JsonNode& in, JsonNode* out);
  bool Slice(const JmesAst& ast, const JsonNode& in, JsonNode* out);
  bool Compare(const JmesAst& ast, const JsonNode& in, JsonNode* out);
  bool Call(const JmesAst& ast, const JsonNode& in, JsonNode* out);
  bool Push(const JsonNode& value, std::string_view key = {});
  void Collect(size_t first, JsonNode::Kind kind, JsonNode* out);
  bool Spend();
  bool Fail(std::string why);

  JsonForm form_ = JsonForm::kAsWritten;
  JsonArena arena_;
  std::vector<JsonMember> stack_;  // of what is being collected
  size_t budget_ = 0;
  std::string error_;
};

}  // namespace glp::codec
