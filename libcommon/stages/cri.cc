#include "stages/cri.h"

#include "base/time.h"

namespace glp::stages {

// ^(?s)(?P<time>\S+?) (?P<stream>stdout|stderr) (?P<flags>\S+?) (?P<content>.*)$
std::optional<CriLine> ParseCriLine(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\f\r";
  CriLine line;
  size_t at = text.substr(0, 64).find_first_of(kSpace);
  if (at == std::string_view::npos) at = text.find_first_of(kSpace);
  if (at == std::string_view::npos || at == 0 || text[at] != ' ') return std::nullopt;
  line.time = text.substr(0, at);
  text.remove_prefix(at + 1);
  line.stream = text.substr(0, 6);
  if ((line.stream != "stdout" && line.stream != "stderr") || text.substr(6, 1) != " ") {
    return std::nullopt;
  }
  text.remove_prefix(7);
  at = text.find_first_of(kSpace);
  if (at == std::string_view::npos || at == 0 || text[at] != ' ') return std::nullopt;
  line.tags = text.substr(0, at);
  // More tags may follow behind colons.
  line.is_partial = line.tags == "P" || line.tags.substr(0, 2) == "P:";
  line.content = text.substr(at + 1);
  return line;
}

namespace {

bool HeadHasEscape(std::string_view text, const CriLine& cri) {
  return text.substr(0, text.size() - cri.content.size()).find('\\') != std::string_view::npos;
}

}  // namespace

Verdict CriStage::Process(StageEntry& entry, StageRun& run) {
  // Nothing of the head needs an escape, so that most often the rest need not be decoded.
  Line line = entry.line();
  std::optional<CriLine> cri;
  if (line.form != Line::Form::kBase64) cri = ParseCriLine(line.text);
  if (!cri || (line.form == Line::Form::kJson && HeadHasEscape(line.text, *cri))) {
    line = Line::Bytes(entry.LineBytes(run.arena));
    cri = ParseCriLine(line.text);
  }
  if (!cri) {
    if (promtails_time_) promtails_time_->Miss(&entry);
    Fail(entry, "cri: not a line of the form TIME stdout|stderr F|P TEXT");
    return Verdict::kPass;
  }
  add_stream_.ApplyAndExtract(&entry, cri->stream, run.labels);
  std::optional<int64_t> ts_ns = ParseTimestampExact(cri->time);
  if (!ts_ns && cri->time.size() > 10 && cri->time[10] == 'T') ts_ns = ParseRfc3339(cri->time);
  bool has_ts = ts_ns.has_value();
  if (promtails_time_) {
    has_ts = promtails_time_->Apply(&entry, cri->time, ts_ns);
  } else if (has_ts) {
    entry.ts_ns = *ts_ns;
  }
  if (!has_ts) {
    Fail(entry, "cri: no time that can be read", cri->time.substr(0, 200));
  }
  entry.SetLine({cri->content, line.form});
  if (promtails_time_) {
    entry.fields.SetUnwritten("time", cri->time);
    entry.fields.SetUnwritten("flags", cri->tags);
    entry.fields.SetUnwritten("content", entry.LineBytes(run.arena));
    if (cri->tags != "P") cri->is_partial = false;
  }
  if (cri->is_partial) return partial_lines_.Hold(entry, run);
  if (!partial_lines_.empty()) partial_lines_.Complete(entry, run);
  return Verdict::kPass;
}

std::unique_ptr<Stage> ReadCriStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<int64_t> max_partial_lines{100}, max_partial_line_size;
  codec::Given<bool> truncate;
  codec::YamlMap map(config, "cri", context.errors);
  map.Int("max_partial_lines", &max_partial_lines);
  map.Bytes("max_partial_line_size", &max_partial_line_size);
  map.Bool("max_partial_line_size_truncate", &truncate);
  map.Finish();
  if (max_partial_lines.value < 1) {
    map.Error(max_partial_lines, "max_partial_lines: expected 1 or more");
  }
  if (truncate.value && max_partial_line_size.value < 1) {
    map.Error(truncate,
              "max_partial_line_size_truncate: needs max_partial_line_size, the bytes to cut to");
  }
  PartialLines::Options options;
  options.as_promtail = context.as_promtail;
  options.max_streams = static_cast<size_t>(max_partial_lines.value);
  if (truncate.value) options.truncate_bytes = static_cast<size_t>(max_partial_line_size.value);
  return std::make_unique<CriStage>(options);
}

}  // namespace glp::stages
