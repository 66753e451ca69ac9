// | name op value: strings, numbers, durations, sizes and addresses, with and, or and brackets.
// A label that is not there passes no filter but those of strings, for which it is "". A value that
// is no number passes and gets an __error__; from then on only filters of strings count.

#include "logql/ip.h"
#include "logql/label_value.h"
#include "logql/pipeline_stage.h"

namespace glp::logql {
namespace {

using Kind = LabelFilter::Kind;
using Compare = LabelFilter::Compare;

template <typename T>
bool Holds(Compare compare, T value, T than) {
  switch (compare) {
    case Compare::kEqual:
      return value == than;
    case Compare::kNotEqual:
      return value != than;
    case Compare::kGreater:
      return value > than;
    case Compare::kGreaterOrEqual:
      return value >= than;
    case Compare::kLess:
      return value < than;
    case Compare::kLessOrEqual:
      return value <= than;
  }
  return false;
}

// A filter with what it needs to run.
struct Node {
  Kind kind;
  LabelNames::Id id = LabelNames::kNone;
  Compare compare = Compare::kEqual;
  double number = 0;
  int64_t duration_ns = 0;
  Matcher matcher;
  IpMatcher ip;
  // An operand of `or` may be looked at after others failed: each must set its error then.
  bool stops_early = true;
  std::vector<Node> operands;
};

Result<Node> Compile(const LabelFilter& filter, LabelNames* names, bool stops_early) {
  Node node;
  node.kind = filter.kind;
  node.compare = filter.compare;
  node.number = filter.number;
  node.duration_ns = filter.duration_ns;
  node.stops_early = stops_early;
  switch (filter.kind) {
    case Kind::kMatcher:
      node.matcher = filter.matcher;
      node.id = names->Intern(filter.matcher.name);
      return node;
    case Kind::kIp: {
      GLP_ASSIGN_OR_RETURN(node.ip, IpMatcher::Compile(filter.text));
      break;
    }
    case Kind::kAnd:
    case Kind::kOr:
      for (const LabelFilter& operand : filter.operands) {
        GLP_ASSIGN_OR_RETURN(Node one,
                             Compile(operand, names, stops_early && filter.kind == Kind::kAnd));
        node.operands.push_back(std::move(one));
      }
      return node;
    case Kind::kNumber:
    case Kind::kDuration:
    case Kind::kBytes:
      break;
  }
  node.id = names->Intern(filter.name);
  return node;
}

bool PassesMatcher(const Node& node, LabelsBuilder* labels) {
  if (node.id == LabelNames::kError) return node.matcher.Matches(labels->error());
  if (node.id == LabelNames::kErrorDetails) return node.matcher.Matches(labels->old_details());
  return node.matcher.Matches(labels->Get(node.id).value_or(std::string_view()));
}

bool PassesNumeric(const Node& node, LabelsBuilder* labels) {
  const std::optional<std::string_view> value = labels->Get(node.id);
  if (!value) return node.kind == Kind::kIp && labels->has_error();
  // In a line of which a parser could read a part, what it read counts.
  const bool is_parsers = labels->error() == kJsonError || labels->error() == kLogfmtError;
  if (labels->has_error() && !is_parsers) return true;
  switch (node.kind) {
    case Kind::kNumber:
      if (const auto number = ParseFloatValue(*value)) {
        return Holds(node.compare, *number, node.number);
      }
      labels->SetError(kLabelFilterError, "not a number: ", *value);
      return true;
    case Kind::kDuration:
      if (const auto duration_ns = ParseDurationValue(*value)) {
        return Holds(node.compare, *duration_ns, node.duration_ns);
      }
      labels->SetError(kLabelFilterError, "not a duration: ", *value);
      return true;
    case Kind::kBytes:
      if (const auto bytes = ParseBytesValue(*value)) {
        return Holds(node.compare, static_cast<double>(*bytes), node.number);
      }
      labels->SetError(kLabelFilterError, "not a size in bytes: ", *value);
      return true;
    default:
      return node.ip.IsIn(*value) == (node.compare == Compare::kEqual);
  }
}

bool Passes(const Node& node, LabelsBuilder* labels) {
  switch (node.kind) {
    case Kind::kMatcher:
      return PassesMatcher(node, labels);
    case Kind::kAnd: {
      const bool left = Passes(node.operands[0], labels);
      if (!left && node.stops_early) return false;
      return Passes(node.operands[1], labels) && left;
    }
    case Kind::kOr:
      return Passes(node.operands[0], labels) || Passes(node.operands[1], labels);
    default:
      return PassesNumeric(node, labels);
  }
}

class LabelFilterStage : public PipelineStage {
 public:
  explicit LabelFilterStage(Node node) : node_(std::move(node)) {}
  bool Run(StageLine*, LabelsBuilder* labels) override { return Passes(node_, labels); }

 private:
  const Node node_;
};

}  // namespace

StageResult MakeStage(const LabelFilter& filter, const StageContext& context) {
  GLP_ASSIGN_OR_RETURN(Node node, Compile(filter, &context.labels->names(), /*stops_early=*/true));
  return std::unique_ptr<PipelineStage>(std::make_unique<LabelFilterStage>(std::move(node)));
}

}  // namespace glp::logql
