#include "logql/expr.h"

#include "base/strings.h"
#include "logql/format.h"

namespace glp::logql {
namespace {

std::string_view Spelling(Matcher::Op op) {
  static constexpr std::string_view kSpellings[] = {"=", "!=", "=~", "!~"};
  return kSpellings[static_cast<int>(op)];
}

std::string_view Spelling(LineFilter::Op op) {
  static constexpr std::string_view kSpellings[] = {"|=", "!=", "|~", "!~", "|>", "!>"};
  return kSpellings[static_cast<int>(op)];
}

std::string ToString(const std::vector<Extraction>& extractions) {
  std::string out;
  for (const Extraction& extraction : extractions) {
    out.append(out.empty() ? " " : ",").append(extraction.name);
    out.append("=").append(Quote(extraction.expression));
  }
  return out;
}

std::string_view Spelling(LabelFilter::Compare compare) {
  static constexpr std::string_view kSpellings[] = {"==", "!=", ">", ">=", "<", "<="};
  return kSpellings[static_cast<int>(compare)];
}

std::string Operands(const LabelFilter& filter) {
  using Kind = LabelFilter::Kind;
  switch (filter.kind) {
    case Kind::kMatcher:
      return filter.matcher.name + std::string(Spelling(filter.matcher.op)) +
             Quote(filter.matcher.value);
    case Kind::kIp:
      return filter.name + (filter.compare == LabelFilter::Compare::kEqual ? "=" : "!=") + "ip(" +
             Quote(filter.text) + ")";
    case Kind::kAnd:
    case Kind::kOr:
      return "( " + Operands(filter.operands[0]) + (filter.kind == Kind::kAnd ? " , " : " or ") +
             Operands(filter.operands[1]) + " )";
    case Kind::kNumber:
    case Kind::kDuration:
    case Kind::kBytes:
      break;
  }
  return filter.name + std::string(Spelling(filter.compare)) + filter.text;
}

std::string Names(std::string_view word, const std::vector<NameOrMatcher>& labels) {
  std::string out = "| " + std::string(word);
  for (size_t i = 0; i < labels.size(); ++i) {
    out.append(i > 0 ? "," : " ");
    const auto& matcher = labels[i].matcher;
    out.append(labels[i].name);
    if (matcher) out.append(Spelling(matcher->op)).append(Quote(matcher->value));
  }
  return out;
}

std::string ToString(const JsonParser& json) { return "| json" + ToString(json.extractions); }
std::string ToString(const LogfmtParser& logfmt) {
  return std::string("| logfmt") + (logfmt.strict ? " --strict" : "") +
         (logfmt.keep_empty ? " --keep-empty" : "") + ToString(logfmt.extractions);
}
std::string ToString(const RegexpParser& regexp) { return "| regexp " + Quote(regexp.expression); }
std::string ToString(const PatternStage& pattern) { return "| pattern " + Quote(pattern.pattern); }
std::string ToString(const UnpackParser&) { return "| unpack"; }
std::string ToString(const LabelFilter& filter) { return "| " + Operands(filter); }
std::string ToString(const LineFormat& format) { return "| line_format " + Quote(format.text); }
std::string ToString(const LabelFormat& format) {
  std::string out = "| label_format";
  for (size_t i = 0; i < format.items.size(); ++i) {
    const LabelFormat::Item& item = format.items[i];
    out.append(i > 0 ? "," : " ").append(item.name).append("=");
    out.append(item.is_rename ? item.value : Quote(item.value));
  }
  return out;
}
std::string ToString(const Decolorize&) { return "| decolorize"; }
std::string ToString(const DropLabels& drop) { return Names("drop", drop.labels); }
std::string ToString(const KeepLabels& keep) { return Names("keep", keep.labels); }
std::string ToString(const DistinctLabels& distinct) {
  return "| distinct " + Join(distinct.names, ",");
}

std::string ToString(const Unwrap& unwrap) {
  static constexpr std::string_view kConversions[] = {"", "bytes", "duration", "duration_seconds"};
  std::string out = "| unwrap ";
  if (unwrap.conversion == Unwrap::Conversion::kNone) return out + unwrap.label;
  out.append(kConversions[static_cast<int>(unwrap.conversion)]);
  return out.append("(").append(unwrap.label).append(")");
}

// Lines behind it are not those that are stored, or not all of them get there.
bool EndsLeadingLineFilters(const Stage& stage) {
  return std::holds_alternative<LineFormat>(stage) || std::holds_alternative<Decolorize>(stage) ||
         std::holds_alternative<UnpackParser>(stage) ||
         std::holds_alternative<DistinctLabels>(stage);
}

}  // namespace

std::vector<LineFilter> LogExpr::LeadingLineFilters() const {
  std::vector<LineFilter> filters;
  for (const Stage& stage : stages) {
    if (const auto* filter = std::get_if<LineFilter>(&stage)) filters.push_back(*filter);
    if (EndsLeadingLineFilters(stage)) break;
  }
  return filters;
}

LogExpr LogExpr::WithoutLeadingLineFilters() const {
  LogExpr rest;
  rest.matchers = matchers;
  bool leads = true;
  for (const Stage& stage : stages) {
    if (!leads || !std::holds_alternative<LineFilter>(stage)) rest.stages.push_back(stage);
    leads = leads && !EndsLeadingLineFilters(stage);
  }
  return rest;
}

const Unwrap* LogExpr::FindUnwrap() const {
  for (const Stage& stage : stages) {
    if (const auto* unwrap = std::get_if<Unwrap>(&stage)) return unwrap;
  }
  return nullptr;
}

std::string ToString(const Expr& expr) {
  return std::visit([](const auto& e) { return ToString(e); }, expr);
}

std::string ToString(const LogExpr& log) {
  std::string out = ToString(log.matchers);
  for (const Stage& stage : log.stages) {
    out.append(" ").append(ToString(stage));
  }
  return out;
}

std::string ToString(const Stage& stage) {
  return std::visit([](const auto& s) { return ToString(s); }, stage);
}

// `by ()` is what there is without a grouping.
std::string ToString(const Grouping& grouping, std::string_view separator) {
  if (!grouping.without && grouping.names.empty()) return "";
  return (grouping.without ? " without (" : " by (") + Join(grouping.names, separator) + ")";
}

std::string ToString(const std::vector<Matcher>& matchers) {
  std::string out = "{";
  for (const Matcher& matcher : matchers) {
    if (out.size() > 1) out.append(", ");
    out.append(matcher.name).append(Spelling(matcher.op)).append(Quote(matcher.value));
  }
  return out + "}";
}

std::string ToString(const LineFilter& filter) {
  const bool negated = filter.op == LineFilter::Op::kNotContains ||
                       filter.op == LineFilter::Op::kNotMatch ||
                       filter.op == LineFilter::Op::kNotPattern;
  std::string out;
  for (const LineFilter::Alternative& alternative : filter.alternatives) {
    if (out.empty()) {
      out.append(Spelling(filter.op));
    } else if (negated) {
      // Loki writes the alternatives of a negated filter as filters of their own.
      out.append(" ").append(Spelling(filter.op));
    } else {
      out.append(" or");
    }
    const std::string text = Quote(alternative.text);
    out.append(" ").append(alternative.is_ip ? "ip(" + text + ")" : text);
  }
  return out;
}

}  // namespace glp::logql
