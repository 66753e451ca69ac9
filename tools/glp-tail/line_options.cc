#include "line_options.h"

#include <map>

#include "io/input.h"
#include "record/record.h"

namespace glp::tail {

void AddLineOptions(cli::Command* command, LineSettings* settings) {
  command->Value("--encoding", "NAME", &settings->encoding,
                 "the encoding of the input, as UTF-16, LATIN1 or SHIFT_JIS (iconv -l lists all)");
  command->DefaultText("UTF-8");
  command->Value("--max-line-size", "SIZE", &settings->max_line_size,
                 "the longest line, in bytes of UTF-8, as 256KiB");
  command->DefaultText("1GiB, an error");
  command->Choice("--max-line-action", {"split", "truncate", "drop"}, &settings->max_line_action,
                  "what is done with a line longer than --max-line-size");
}

Result<LineOptions> MakeLineOptions(const LineSettings& settings, LineReport* report,
                                    cli::Context& context) {
  LineOptions lines;
  lines.report = report;
  report->undecodable = [&context](const std::string& encoding, const std::string& message) {
    context.Incomplete("lines not in " + encoding, message);
  };
  if (!settings.encoding.empty()) {
    GLP_ASSIGN_OR_RETURN(lines.encoding, Encoding::Make(settings.encoding));
  }
  lines.max_bytes = settings.max_line_size.bytes;
  if (lines.max_bytes > io::LineInput::kMaxLineBytes) {
    return UsageError("--max-line-size: 1GiB is the most");
  }
  if (lines.max_bytes > 0 && lines.max_bytes < LineOptions::kLeastMaxBytes) {
    return UsageError("--max-line-size: 16 bytes are the least");
  }
  if (settings.max_line_action == "truncate") lines.long_lines = LongLines::kTruncate;
  if (settings.max_line_action == "drop") lines.long_lines = LongLines::kDrop;
  if (settings.max_line_action != "split" && lines.max_bytes == 0) {
    return UsageError("--max-line-action " + settings.max_line_action +
                      ": say with --max-line-size what is too long");
  }
  return lines;
}

Status WriteEnd(const LineReport& report, cli::Context& context, RecordWriter& writer) {
  auto say = [&](uint64_t count, const std::string& what) {
    if (count == 0) return;
    context.Say("lines longer than the limit that were " + what + ": " + std::to_string(count));
  };
  say(report.split, "split");
  say(report.truncated, "truncated");
  say(report.dropped, "dropped");
  if (report.over_rate > 0) {
    context.Say("lines above readline_rate that were dropped: " + std::to_string(report.over_rate));
  }
  std::map<std::string, uint64_t, std::less<>> dropped;
  if (report.dropped > 0) dropped["line_too_long"] = report.dropped;
  if (report.empty > 0) dropped["empty_line"] = report.empty;
  if (report.over_rate > 0) dropped["global_rate_limiter_drop"] = report.over_rate;
  std::string mark;
  uint64_t in = writer.lines() + report.dropped + report.over_rate + report.empty;
  AppendEndMark(&mark, context.tool(), in, writer.lines(), dropped);
  writer.WriteMark(mark);
  return writer.Flush();
}

}  // namespace glp::tail
