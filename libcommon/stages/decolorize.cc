#include "stages/decolorize.h"

#include <utility>

#include "codec/decolorize.h"

namespace glp::stages {
namespace {

// In JSON an ESC is `\u001b` or `\u001B` and the CSI may be `\u009b`: without one of these, and
// without the CSI's two bytes, there is nothing to take out and nothing to decode.
bool MayHaveSequences(const Line& line) {
  constexpr size_t kNone = std::string_view::npos;
  if (line.form == Line::Form::kPlain) return line.text.find('\x9b') != kNone;
  if (line.form != Line::Form::kJson) return true;
  return line.text.find("\\u00") != kNone || line.text.find('\x9b') != kNone;
}

}  // namespace

DecolorizeStage::DecolorizeStage(std::string source)
    : source_(std::move(source)), no_source_("decolorize: no field '" + source_ + "'") {}

Verdict DecolorizeStage::Process(StageEntry& entry, StageRun& run) {
  if (source_.empty()) {
    if (!MayHaveSequences(entry.line())) return Verdict::kPass;
    const std::string_view text = entry.LineBytes(run.arena);
    const std::string_view clean = codec::Decolorize(text, &scratch_);
    if (clean.data() != text.data()) entry.SetLine(Line::Bytes(run.arena.Copy(clean)));
    return Verdict::kPass;
  }
  const auto text = entry.fields.Get(source_);
  if (!text) {
    Fail(entry, no_source_);
    return Verdict::kPass;
  }
  const std::string_view clean = codec::Decolorize(*text, &scratch_);
  if (clean.data() != text->data()) entry.fields.SetCopy(source_, clean);
  return Verdict::kPass;
}

std::unique_ptr<Stage> ReadDecolorizeStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<std::string> source;
  codec::YamlMap map(config, "decolorize", context.errors);
  map.Text("source", &source);
  map.Finish();
  return std::make_unique<DecolorizeStage>(source.value);
}

}  // namespace glp::stages
