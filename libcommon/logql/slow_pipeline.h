// A log query's stages run over an entry in the plainest way: maps, copies, recursion, one look at
// a thing after the other. What logql/pipeline.h does fast is compared with it by tests and
// fuzzers; nothing else uses it. It shares with the fast one only what is tested on its own: the
// expressions' small languages, numbers of labels, addresses, templates, regular expressions.
// Threads: one at a time. Errors: as Pipeline::Make.
#pragma once

#include <re2/re2.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/strings.h"
#include "base/time.h"
#include "codec/decolorize.h"
#include "codec/template.h"
#include "logql/expr.h"
#include "logql/ip.h"
#include "logql/label_value.h"
#include "logql/slow_parsers.h"

namespace glp::logql {

namespace slow {

// ---- Filters.

inline bool LineHas(LineFilter::Op op, const LineFilter::Alternative& alternative,
                    const std::string& line) {
  using Op = LineFilter::Op;
  if (alternative.is_ip) return IpMatcher::Compile(alternative.text)->IsIn(line);
  if (op == Op::kContains || op == Op::kNotContains) {
    return line.find(alternative.text) != std::string::npos;
  }
  if (op == Op::kPattern || op == Op::kNotPattern) return PatternMatches(alternative.text, line);
  const auto regex = CompileRegex(alternative.text, /*dot_matches_newline=*/false);
  return re2::RE2::PartialMatch(ReplaceInvalid(line, kReplacement), **regex);
}

inline bool Passes(const LineFilter& filter, const std::string& line) {
  using Op = LineFilter::Op;
  bool found = false;
  for (const auto& alternative : filter.alternatives) {
    found = found || LineHas(filter.op, alternative, line);
  }
  const bool is_negated =
      filter.op == Op::kNotContains || filter.op == Op::kNotMatch || filter.op == Op::kNotPattern;
  return found != is_negated;
}

inline bool Matches(const Matcher& matcher, const std::string& value) {
  using Op = Matcher::Op;
  if (matcher.op == Op::kEqual) return value == matcher.value;
  if (matcher.op == Op::kNotEqual) return value != matcher.value;
  const auto regex = CompileRegex(matcher.value, /*dot_matches_newline=*/true);
  return re2::RE2::FullMatch(value, **regex) == (matcher.op == Op::kMatch);
}

template <typename T>
bool Compares(LabelFilter::Compare compare, T value, T than) {
  using Compare = LabelFilter::Compare;
  return (compare == Compare::kEqual && value == than) ||
         (compare == Compare::kNotEqual && value != than) ||
         (compare == Compare::kGreater && value > than) ||
         (compare == Compare::kGreaterOrEqual && value >= than) ||
         (compare == Compare::kLess && value < than) ||
         (compare == Compare::kLessOrEqual && value <= than);
}

inline bool Passes(const LabelFilter& filter, SlowEntry* entry) {
  using Kind = LabelFilter::Kind;
  if (filter.kind == Kind::kAnd || filter.kind == Kind::kOr) {
    const bool left = Passes(filter.operands[0], entry);
    if (filter.kind == Kind::kOr) return left || Passes(filter.operands[1], entry);
    // Both are looked at: each may set its error.
    return Passes(filter.operands[1], entry) && left;
  }
  if (filter.kind == Kind::kMatcher) {
    const std::string& name = filter.matcher.name;
    if (name == "__error__") return Matches(filter.matcher, entry->error);
    if (name == "__error_details__") {
      return Matches(filter.matcher, entry->old_details ? entry->details : "");
    }
    return Matches(filter.matcher, entry->Get(name).value_or(""));
  }
  const std::optional<std::string> value = entry->Get(filter.name);
  if (!value) return filter.kind == Kind::kIp && !entry->error.empty();
  // In a line of which a parser could read a part, what it read counts.
  if (!entry->error.empty() && entry->error != "JSONParserErr" &&
      entry->error != "LogfmtParserErr") {
    return true;
  }
  if (filter.kind == Kind::kIp) {
    return IpMatcher::Compile(filter.text)->IsIn(*value) ==
           (filter.compare == LabelFilter::Compare::kEqual);
  }
  if (filter.kind == Kind::kNumber) {
    if (const auto number = ParseFloatValue(*value)) {
      return Compares(filter.compare, *number, filter.number);
    }
  } else if (filter.kind == Kind::kDuration) {
    if (const auto duration_ns = ParseDurationValue(*value)) {
      return Compares(filter.compare, *duration_ns, filter.duration_ns);
    }
  } else if (const auto bytes = ParseBytesValue(*value)) {
    return Compares(filter.compare, static_cast<double>(*bytes), filter.number);
  }
  entry->SetError("LabelFilterErr", "no number");
  return true;
}

// ---- Formats.

class Data : public codec::TemplateData {
 public:
  explicit Data(const SlowEntry& entry) : labels_(entry.All()) {}
  std::optional<std::string_view> Get(std::string_view name) const override {
    const auto found = labels_.find(std::string(name));
    if (found == labels_.end()) return std::nullopt;
    return found->second;
  }
  std::vector<std::pair<std::string_view, std::string_view>> All() const override {
    return {labels_.begin(), labels_.end()};
  }

 private:
  const SlowEntry::Strings labels_;
};

inline Result<std::string> Formatted(const std::string& text, const SlowEntry& entry,
                                     int64_t now_ns) {
  const auto compiled = codec::Template::Compile(text, codec::TemplateDialect::kLoki);
  const Data data(entry);
  std::string out;
  GLP_RETURN_IF_ERROR(compiled->Execute(
      {.data = data, .line = entry.line, .ts_ns = entry.ts_ns, .now_ns = now_ns}, &out));
  return out;
}

inline void FormatLine(const LineFormat& format, int64_t now_ns, SlowEntry* entry) {
  auto made = Formatted(format.text, *entry, now_ns);
  if (!made.ok()) return entry->SetError("TemplateFormatErr", made.status().message());
  entry->line = *std::move(made);
}

inline void FormatLabels(const LabelFormat& format, int64_t now_ns, SlowEntry* entry) {
  // All templates see the labels as they were in front of the first of them.
  std::map<std::string, Result<std::string>> made;
  for (const LabelFormat::Item& item : format.items) {
    if (item.is_rename) {
      const auto value = entry->Get(item.value);
      if (!value || item.value == item.name) continue;
      entry->Set(entry->CategoryOf(item.value), item.name, *value);
      entry->Delete(item.value);
      continue;
    }
    if (made.empty()) {
      for (const LabelFormat::Item& one : format.items) {
        if (!one.is_rename) made.emplace(one.name, Formatted(one.value, *entry, now_ns));
      }
    }
    const Result<std::string>& text = made.at(item.name);
    if (text.ok()) {
      entry->Set(entry->CategoryOf(item.name), item.name, *text);
    } else {
      entry->SetError("TemplateFormatErr", text.status().message());
    }
  }
}

// ---- Labels out of the way.

inline void Drop(const std::vector<NameOrMatcher>& labels, SlowEntry* entry) {
  for (const NameOrMatcher& label : labels) {
    const auto goes = [&](const std::string& value) {
      return !label.matcher || Matches(*label.matcher, value);
    };
    if (label.name == "__error__" && goes(entry->error)) entry->error = entry->details = "";
    if (label.name == "__error_details__" && goes(entry->details)) entry->details = "";
    const auto value = entry->Get(label.name);
    if (value && goes(*value)) entry->Delete(label.name);
  }
}

inline void Keep(const std::vector<NameOrMatcher>& labels, SlowEntry* entry) {
  for (const auto& [name, value] : entry->All()) {
    if (name == "__error__" || name == "__error_details__" || name == "__preserve_error__")
      continue;
    bool stays = false;
    for (const NameOrMatcher& label : labels) {
      stays |= label.name == name && (!label.matcher || Matches(*label.matcher, value));
    }
    if (!stays) entry->Delete(name);
  }
}

inline bool Unwraps(const Unwrap& unwrap, SlowEntry* entry) {
  const auto text = entry->Get(unwrap.label);
  if (!text || text->empty()) return false;
  std::optional<double> value;
  if (unwrap.conversion == Unwrap::Conversion::kNone) {
    value = ParseFloatValue(*text);
  } else if (unwrap.conversion == Unwrap::Conversion::kBytes) {
    if (const auto bytes = ParseBytesValue(*text)) value = static_cast<double>(*bytes);
  } else if (const auto duration_ns = ParseDurationValue(*text)) {
    value = static_cast<double>(*duration_ns / kNsPerSecond) +
            static_cast<double>(*duration_ns % kNsPerSecond) / 1e9;
  }
  entry->sample = value.value_or(0);
  if (!value) entry->SetError("SampleExtractionErr", "no number");
  return true;
}

}  // namespace slow

class SlowPipeline {
 public:
  // REQUIRES: `log` can be made a Pipeline, and outlives this.
  explicit SlowPipeline(const LogExpr& log, int64_t now_ns = NowNs())
      : log_(log), now_ns_(now_ns) {}

  // False: the entry goes no further.
  bool Process(SlowEntry* entry) {
    for (const Stage& stage : log_.stages) {
      if (!std::visit([&](const auto& s) { return Run(s, entry); }, stage)) return false;
    }
    return true;
  }

 private:
  bool Run(const DistinctLabels& distinct, SlowEntry* e) {
    std::vector<std::string> values;
    bool has_any = false;
    const SlowEntry::Strings all = e->All();
    for (const std::string& name : distinct.names) {
      const auto found = all.find(name);
      has_any |= found != all.end();
      values.push_back(found == all.end() ? "" : found->second);
    }
    return !has_any || seen_[&distinct].insert(values).second;
  }
  static bool Run(const LineFilter& filter, SlowEntry* e) { return slow::Passes(filter, e->line); }
  static bool Run(const LabelFilter& filter, SlowEntry* e) { return slow::Passes(filter, e); }
  static bool Run(const Unwrap& unwrap, SlowEntry* e) { return slow::Unwraps(unwrap, e); }
  static bool Run(const JsonParser& json, SlowEntry* e) {
    json.extractions.empty() ? slow::Json(e) : slow::JsonPaths(json.extractions, e).Run();
    return true;
  }
  static bool Run(const LogfmtParser& logfmt, SlowEntry* e) {
    slow::Logfmt(logfmt, e);
    return true;
  }
  static bool Run(const RegexpParser& regexp, SlowEntry* e) {
    slow::Regexp(regexp.expression, e);
    return true;
  }
  static bool Run(const PatternStage& pattern, SlowEntry* e) {
    slow::Pattern(pattern.pattern, e);
    return true;
  }
  static bool Run(const UnpackParser&, SlowEntry* e) {
    slow::Unpack(e);
    return true;
  }
  bool Run(const LineFormat& format, SlowEntry* e) {
    slow::FormatLine(format, now_ns_, e);
    return true;
  }
  bool Run(const LabelFormat& format, SlowEntry* e) {
    slow::FormatLabels(format, now_ns_, e);
    return true;
  }
  static bool Run(const Decolorize&, SlowEntry* e) {
    std::string scratch;
    e->line = std::string(codec::Decolorize(e->line, &scratch));
    return true;
  }
  static bool Run(const DropLabels& drop, SlowEntry* e) {
    slow::Drop(drop.labels, e);
    return true;
  }
  static bool Run(const KeepLabels& keep, SlowEntry* e) {
    slow::Keep(keep.labels, e);
    return true;
  }

  const LogExpr& log_;
  const int64_t now_ns_;
  std::map<const DistinctLabels*, std::set<std::vector<std::string>>> seen_;
};

}  // namespace glp::logql
