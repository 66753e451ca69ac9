#include "stage_list.h"

#include <utility>

#include "base/strings.h"
#include "codec/go_time.h"
#include "stages/auto.h"
#include "stages/cri.h"
#include "stages/docker.h"
#include "stages/json.h"
#include "stages/logfmt.h"
#include "stages/output.h"
#include "stages/regex.h"
#include "stages/timestamp.h"

namespace glp::parse {
namespace {

// Parts between commas that stand outside of quotes: a quoted JSON key may hold one.
std::vector<std::string_view> SplitOutsideQuotes(std::string_view text) {
  std::vector<std::string_view> parts;
  size_t start = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && quoted) {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == ',' && !quoted) {
      parts.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  parts.push_back(text.substr(start));
  return parts;
}

template <typename T>
Result<std::unique_ptr<stages::Stage>> AsStage(Result<std::unique_ptr<T>> made) {
  if (!made.ok()) return made.status();
  return std::unique_ptr<stages::Stage>(std::move(*made));
}

}  // namespace

// Built once here so that a mistake is told with the option that has it.
Status StageList::Add(Spec spec) {
  auto stage = BuildOne(spec);
  if (!stage.ok()) return stage.status();
  specs_.push_back(std::move(spec));
  return Status::Ok();
}

Status StageList::AddAuto() { return Add({Kind::kAuto}); }
Status StageList::AddDocker() { return Add({Kind::kDocker}); }
Status StageList::AddCri() { return Add({Kind::kCri}); }

Result<std::vector<StageList::Pair>> StageList::ParsePairs(std::string_view option,
                                                           std::string_view text) {
  std::vector<Pair> pairs;
  for (std::string_view part : SplitOutsideQuotes(text)) {
    part = TrimSpace(part);
    size_t equals = part.find('=');
    if (part.substr(0, 1) == "\"") equals = std::string_view::npos;
    Pair pair{std::string(part.substr(0, equals)),
              std::string(equals == std::string_view::npos ? part : part.substr(equals + 1))};
    if (pair.name.size() > 1 && pair.name.front() == '"' && pair.name.back() == '"') {
      pair.name = pair.name.substr(1, pair.name.size() - 2);
    }
    if (pair.name.empty() || pair.value.empty()) {
      return UsageError("'" + std::string(text) + "': expected FIELD or FIELD=" +
                        std::string(option) + ", separated by commas");
    }
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

Status StageList::AddJson(std::string_view names) {
  GLP_ASSIGN_OR_RETURN(std::vector<Pair> pairs, ParsePairs("PATH", names));
  return Add({Kind::kJson, std::move(pairs)});
}

Status StageList::AddLogfmt(std::string_view names) {
  GLP_ASSIGN_OR_RETURN(std::vector<Pair> pairs, ParsePairs("KEY", names));
  return Add({Kind::kLogfmt, std::move(pairs)});
}

Status StageList::AddRegex(std::string_view expression) {
  return Add({Kind::kRegex, {}, std::string(expression)});
}

Status StageList::AddTimestamp(std::string_view format) {
  size_t equals = format.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == format.size()) {
    return UsageError("'" + std::string(format) +
                      "': expected FIELD=LAYOUT, as in ts=RFC3339Nano, ts=UnixMs or "
                      "'ts=2006-01-02 15:04:05'");
  }
  Pair pair{std::string(format.substr(0, equals)), std::string(format.substr(equals + 1))};
  GLP_ASSIGN_OR_RETURN(codec::TimeLayout layout, codec::TimeLayout::Compile(pair.value));
  if (!layout.has_parts()) {
    return UsageError("'" + pair.value +
                      "' names no part of a time; write the time 'Mon Jan 2 15:04:05 MST 2006' in "
                      "the form that the log has, as in '2006-01-02 15:04:05'");
  }
  return Add({Kind::kTimestamp, {std::move(pair)}});
}

Status StageList::AddOutput(std::string_view field) {
  if (field.empty()) return UsageError("the name of a field is empty");
  return Add({Kind::kOutput, {}, std::string(field)});
}

Status StageList::SetSource(std::string_view name) {
  if (specs_.empty() || (specs_.back().kind != Kind::kJson && specs_.back().kind != Kind::kLogfmt &&
                         specs_.back().kind != Kind::kRegex)) {
    return UsageError("must stand behind the option it belongs to: --json, --logfmt or --regex");
  }
  if (!specs_.back().source.empty()) return UsageError("was given before for the same stage");
  if (name.empty()) return UsageError("the name of a field or label is empty");
  // "line" is what is read anyway.
  if (name != "line") specs_.back().source = name;
  return Status::Ok();
}

Result<std::unique_ptr<stages::Stage>> StageList::BuildOne(const Spec& spec) const {
  std::unique_ptr<stages::Stage> stage;
  switch (spec.kind) {
    case Kind::kAuto:
      stage = std::make_unique<stages::AutoStage>();
      break;
    case Kind::kDocker:
      stage = std::make_unique<stages::DockerStage>();
      break;
    case Kind::kCri:
      stage = std::make_unique<stages::CriStage>();
      break;
    case Kind::kOutput:
      stage = std::make_unique<stages::OutputStage>(spec.text);
      break;
    case Kind::kRegex:
      return AsStage(stages::RegexStage::Make({spec.text, spec.source}));
    case Kind::kJson: {
      stages::JsonStage::Options options;
      options.source = spec.source;
      for (const Pair& pair : spec.pairs) options.expressions.push_back({pair.name, pair.value});
      return AsStage(stages::JsonStage::Make(std::move(options)));
    }
    case Kind::kLogfmt: {
      stages::LogfmtStage::Options options;
      options.source = spec.source;
      for (const Pair& pair : spec.pairs) options.mapping.push_back({pair.name, pair.value});
      stage = std::make_unique<stages::LogfmtStage>(std::move(options));
      break;
    }
    case Kind::kTimestamp: {
      stages::TimestampStage::Options options;
      options.source = spec.pairs[0].name;
      options.format = spec.pairs[0].value;
      return AsStage(stages::TimestampStage::Make(std::move(options)));
    }
  }
  return stage;
}

Result<std::vector<std::unique_ptr<stages::Stage>>> StageList::Build() const {
  std::vector<std::unique_ptr<stages::Stage>> out;
  for (const Spec& spec : specs_) {
    GLP_ASSIGN_OR_RETURN(std::unique_ptr<stages::Stage> stage, BuildOne(spec));
    out.push_back(std::move(stage));
  }
  return out;
}

}  // namespace glp::parse
