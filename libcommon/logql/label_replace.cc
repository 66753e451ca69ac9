// label_replace: a label made of another's value, once for each label set.

#include <re2/re2.h>

#include "logql/cancel_check.h"
#include "logql/step_evaluator.h"

namespace glp::logql {
namespace {

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The name of the group at the front of `text`, behind its "$": "1", "{name}"; what it took is
// removed. Nothing, and nothing removed, where there is none.
std::string_view TakeName(std::string_view* text) {
  const bool braced = text->substr(0, 1) == "{";
  size_t end = braced ? 1 : 0;
  while (end < text->size() && IsNameByte((*text)[end])) ++end;
  const std::string_view name = text->substr(braced, end - braced);
  if (name.empty() || (braced && text->substr(end, 1) != "}")) return {};
  text->remove_prefix(end + braced);
  return name;
}

class LabelReplaceEvaluator : public StepEvaluator {
 public:
  LabelReplaceEvaluator(const LabelReplace& replace, std::unique_ptr<StepEvaluator> inner,
                        const EvalContext& context)
      : replace_(replace),
        inner_(std::move(inner)),
        context_(context),
        check_(context.params->cancelled) {}

  Result<bool> Next(uint64_t* step, std::vector<Point>* points) override {
    GLP_ASSIGN_OR_RETURN(const bool has_step, inner_->Next(step, points));
    if (!has_step) return false;
    for (Point& point : *points) {
      if (check_.Stops(kPointWork)) return CancelledError();
      const uint32_t id = point.labels->id;
      if (replaced_.size() <= id) replaced_.resize(id + 1, nullptr);
      if (replaced_[id] == nullptr) replaced_[id] = Replace(point.labels);
      point.labels = replaced_[id];
    }
    return true;
  }

 private:
  const LabelSet* Replace(const LabelSet* labels) const {
    const std::string_view from = labels->Get(replace_.from);
    std::vector<re2::StringPiece> groups(
        static_cast<size_t>(replace_.regex->NumberOfCapturingGroups()) + 1);
    if (!replace_.regex->Match({from.data(), from.size()}, 0, from.size(), re2::RE2::ANCHOR_BOTH,
                               groups.data(), static_cast<int>(groups.size()))) {
      return labels;
    }
    Labels changed;
    for (const Label& label : labels->labels) {
      if (label.name != replace_.to) changed.push_back(label);
    }
    std::string value = Expand(groups);
    if (!value.empty()) changed.push_back({replace_.to, std::move(value)});
    Canonicalize(&changed);
    return context_.labels->FromLabels(std::move(changed));
  }

  // The replacement as Go's Regexp.Expand has it: $1, $name, ${name}, $$; what is no group is "".
  std::string Expand(const std::vector<re2::StringPiece>& groups) const {
    std::string out;
    std::string_view text = replace_.replacement;
    for (;;) {
      const size_t dollar = std::min(text.find('$'), text.size());
      out.append(text.substr(0, dollar));
      text.remove_prefix(dollar);
      if (text.empty()) return out;
      text.remove_prefix(1);
      if (text.substr(0, 1) == "$") {
        out.push_back('$');
        text.remove_prefix(1);
        continue;
      }
      const std::string_view name = TakeName(&text);
      if (name.empty()) {
        out.push_back('$');
        continue;
      }
      const size_t group = GroupOf(name);
      if (group < groups.size()) out.append(groups[group].data(), groups[group].size());
    }
  }

  // SIZE_MAX where there is none.
  size_t GroupOf(std::string_view name) const {
    if (name.find_first_not_of("0123456789") == std::string_view::npos) {
      return name.size() > 6 ? SIZE_MAX : std::stoul(std::string(name));
    }
    const auto& names = replace_.regex->NamedCapturingGroups();
    const auto found = names.find(std::string(name));
    return found == names.end() ? SIZE_MAX : static_cast<size_t>(found->second);
  }

  const LabelReplace& replace_;
  std::unique_ptr<StepEvaluator> inner_;
  const EvalContext& context_;
  CancelCheck check_;
  std::vector<const LabelSet*> replaced_;  // by LabelSet::id
};

}  // namespace

Result<std::unique_ptr<StepEvaluator>> MakeLabelReplaceEvaluator(const LabelReplace& replace,
                                                                 const EvalContext& context) {
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<StepEvaluator> inner,
                       MakeEvaluator(*replace.inner, context));
  return std::unique_ptr<StepEvaluator>(
      std::make_unique<LabelReplaceEvaluator>(replace, std::move(inner), context));
}

}  // namespace glp::logql
