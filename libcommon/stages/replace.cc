#include "stages/replace.h"

#include <functional>
#include <span>
#include <utility>

#include "stages/entry_data.h"
#include "stages/template.h"

namespace glp::stages {

ReplaceStage::ReplaceStage(std::string_view expression, codec::GroupRegex regex,
                           codec::Template replacement, std::string source)
    : regex_(std::move(regex)),
      replacement_(std::move(replacement)),
      source_(std::move(source)),
      no_source_("replace: no field or label '" + source_ + "'") {
  if (auto search = logql::LineSearch::ForRegex(expression); search.ok()) {
    search_ = *std::move(search);
  }
}

Status ReplaceStage::Replace(std::string_view text, StageEntry& entry, StageRun& run,
                             bool* matched) {
  EntryData data(entry, run.arena, false);
  codec::TemplateInput input{data};
  if (replacement_.reads_line()) input.line = entry.LineBytes(run.arena);
  input.ts_ns = entry.ts_ns;
  input.now_ns = run.NowNs();
  out_.clear();
  texts_.clear();
  named_.assign(regex_.group_names().size(), {});
  size_t done = 0;  // of `text`
  Status status;
  auto each = [&](std::span<const std::string_view> groups) {
    for (size_t g = 1; g < groups.size(); ++g) {
      if (groups[g].data() == nullptr) continue;
      const size_t begin = static_cast<size_t>(groups[g].data() - text.data());
      const bool keeps = !*matched && !regex_.group_names()[g - 1].empty();
      if (begin < done && !keeps) continue;  // within what was replaced
      data.set_value(groups[g]);
      const size_t from = texts_.size();
      status = replacement_.Execute(input, &texts_);
      if (!status.ok()) return false;
      if (begin >= done) {
        out_.append(text, done, begin - done).append(texts_, from);
        done = begin + groups[g].size();
      }
      if (keeps) {
        named_[g - 1] = {from, texts_.size(), true};
      } else {
        texts_.resize(from);
      }
      if (out_.size() > kMaxResultBytes) {
        status = Status(Code::kLimit, "the result has more than " +
                                          std::to_string(kMaxResultBytes >> 20) + " MiB");
        return false;
      }
    }
    *matched = true;
    return true;
  };
  regex_.ForEachMatch(text, std::ref(each));
  if (status.ok()) out_.append(text, done);
  return status;
}

bool ReplaceStage::Matches(std::string_view text) const {
  return search_ != nullptr ? search_->Matches(text) : regex_.Matches(text);
}

Verdict ReplaceStage::Process(StageEntry& entry, StageRun& run) {
  constexpr std::string_view kFailed = "replace: the template cannot be executed";
  std::string_view text;
  if (source_.empty()) {
    text = entry.LineBytes(run.arena);
  } else if (auto value = entry.Value(source_)) {
    text = *value;
  } else {
    Fail(entry, no_source_);
    return Verdict::kPass;
  }
  // What stands in front of the newline that docker took off is what `$` is for, but as promtail
  // has it the newline is a part of the line, too.
  if (source_.empty() && entry.newline_taken()) {
    char* with_newline = run.arena.Allocate(text.size() + 1);
    text.copy(with_newline, text.size());
    with_newline[text.size()] = '\n';
    if (Matches({with_newline, text.size() + 1})) text = {with_newline, text.size() + 1};
  }
  if (!Matches(text)) return Verdict::kPass;
  bool matched = false;
  if (Status status = Replace(text, entry, run, &matched); !status.ok()) {
    Fail(entry, kFailed, run.arena.Copy(status.message()));
    return Verdict::kPass;
  }
  if (!matched) return Verdict::kPass;
  if (source_.empty()) {
    const bool has_newline = entry.newline_taken() && out_.ends_with('\n');
    if (has_newline) out_.pop_back();
    if (out_ != entry.LineBytes(run.arena)) entry.SetLine(Line::Bytes(run.arena.Copy(out_)));
    if (has_newline) entry.NoteNewlineTaken();
  } else {
    entry.fields.SetCopy(source_, out_);
  }
  for (size_t g = 0; g < named_.size(); ++g) {
    if (!named_[g].is_there) continue;
    const std::string_view value =
        std::string_view(texts_).substr(named_[g].begin, named_[g].end - named_[g].begin);
    entry.fields.SetCopy(regex_.group_names()[g], value);
  }
  return Verdict::kPass;
}

std::unique_ptr<Stage> ReadReplaceStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<std::string> expression, source, replacement;
  codec::YamlMap map(config, "replace", context.errors);
  map.Text("expression", &expression);
  map.Text("source", &source);
  map.Text("replace", &replacement);
  map.Finish();
  if (expression.value.empty()) map.Error(map.place(), "replace: expected an expression");
  if (source && source.value.empty()) {
    map.Error(source, "replace: source: expected the name of a field or label");
  }
  if (!context.errors->first().ok()) return nullptr;
  auto regex = codec::GroupRegex::Compile(expression.value);
  if (!regex.ok()) map.Error(expression, regex.status().message());
  auto compiled = codec::Template::Compile(replacement.value, codec::TemplateDialect::kPromtail);
  if (!compiled.ok()) map.Error(replacement, TemplateError(compiled.status()));
  if (!context.errors->first().ok()) return nullptr;
  if (regex->group_names().empty()) {
    context.errors->Warn(expression,
                         "replace: the expression has no group, so nothing is replaced; put what "
                         "is to be replaced in ( )");
  }
  return std::make_unique<ReplaceStage>(expression.value, *std::move(regex), *std::move(compiled),
                                        std::move(source.value));
}

}  // namespace glp::stages
