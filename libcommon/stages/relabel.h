// Prometheus' relabelling: rules, applied in order, that change the labels of a target or a line,
// or refuse it.
//
//   GLP_RETURN_IF_ERROR(relabeler.Add(rule));
//   if (!relabeler.Apply(&labels)) …            // dropped by a rule
//   RemoveInternalLabels(&labels);              // names that begin with "__"
//
// Lifetime: a Relabeler is a value that only moves. Threads: Apply is const from any.
// Errors:   Add: Code::kUsage says what is wrong with the rule.
// Source:   Prometheus' documentation of relabel_config. An empty value is no label.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/labels.h"

namespace re2 {
class RE2;
}

namespace glp::stages {

struct RelabelRule {
  std::vector<std::string> source_labels;  // their values, with separators between, are the source
  std::string separator = ";";
  std::string target_label;
  std::string regex = "(.*)";  // RE2, matches the whole of the source (labelmap…: of a name)
  uint64_t modulus = 0;
  std::string replacement = "$1";  // $1, ${1} and ${name} are groups, $$ a dollar
  std::string action = "replace";
};

class Relabeler {
 public:
  Relabeler();
  Relabeler(Relabeler&&) noexcept;
  Relabeler& operator=(Relabeler&&) noexcept;
  ~Relabeler();

  Status Add(RelabelRule rule);
  // False where a rule dropped the labels. REQUIRES: canonical; they are so afterwards, too.
  bool Apply(Labels* labels) const;
  bool empty() const { return rules_.empty(); }
  // What the rules set, but for what groups of an expression name.
  std::vector<std::string> TargetLabels() const;
  // The known actions, for messages.
  static const std::vector<std::string>& Actions();

 private:
  struct Rule;
  std::vector<Rule> rules_;
};

// All labels whose names begin with "__".
void RemoveInternalLabels(Labels* labels);

}  // namespace glp::stages
