#include "stages/timestamp.h"

#include <fmt/format.h>

#include "base/time.h"
#include "codec/zone.h"

namespace glp::stages {
namespace {

constexpr size_t kMaxShownBytes = 200;

// +01:00
std::string OffsetText(int64_t offset_s) {
  const int64_t s = offset_s < 0 ? -offset_s : offset_s;
  std::string text = fmt::format("{}{:02}:{:02}", offset_s < 0 ? '-' : '+', s / 3600, s / 60 % 60);
  if (s % 60 != 0) text += fmt::format(":{:02}", s % 60);
  return text;
}

std::string ZoneText(const codec::TimeReading& reading, const std::string& location) {
  using Zone = codec::TimeReading::Zone;
  const std::string offset = OffsetText(reading.offset_s);
  switch (reading.zone) {
    case Zone::kSince1970:
      return "";
    case Zone::kText:
      return ", zone " + offset + " (of the text)";
    case Zone::kAbbreviation:
      return ", zone " + offset + " (what its name is in " + location + ")";
    case Zone::kUnknownAbbreviation:
      return location.empty() ? ", zone UTC (its name says nothing without a location)"
                              : ", zone UTC (its name is not known in " + location + ")";
    case Zone::kAssumedUtc:
      return ", zone UTC (assumed: neither the text nor a location says one)";
    case Zone::kLocation:
      break;
  }
  std::string text = ", zone " + offset + " (" + location + ")";
  const std::string other = OffsetText(reading.other_offset_s);
  if (reading.in_gap) {
    text += ", which no clock there showed: it was set forward; " + other + " would do, too";
  }
  if (reading.shown_twice) {
    text += ", which the clock there showed twice: it was set back; " + other + " would do, too";
  }
  return text;
}

}  // namespace

Result<std::unique_ptr<TimestampStage>> TimestampStage::Make(Options options) {
  std::unique_ptr<TimestampStage> stage(new TimestampStage(std::move(options)));
  const Options& o = stage->options_;
  auto add = [&](const std::string& format) -> Status {
    GLP_ASSIGN_OR_RETURN(codec::TimeLayout layout, codec::TimeLayout::Compile(format, o.location));
    stage->needs_year_ |= layout.needs_year();
    stage->layouts_.push_back(std::move(layout));
    return Status::Ok();
  };
  GLP_RETURN_IF_ERROR(add(o.format));
  for (const std::string& format : o.fallback_formats) GLP_RETURN_IF_ERROR(add(format));
  stage->no_source_ = "timestamp: no field or label '" + o.source + "'";
  stage->no_time_ = "timestamp: '" + o.source + "' is no time of the form " + o.format;
  if (!o.fallback_formats.empty()) stage->no_time_ += " or a fallback format";
  return stage;
}

codec::YearHint TimestampStage::HintOf(const StageEntry& entry) const {
  if (!needs_year_) return entry.ts_ns;
  const FileTimes::Last last = files_.Of(entry);
  return {last.ns, last.of_file || !options_.as_promtail};
}

Verdict TimestampStage::Process(StageEntry& entry, StageRun&) {
  auto text = entry.Value(options_.source);
  if (text) {
    const codec::YearHint year = HintOf(entry);
    for (size_t i = 0; i < layouts_.size(); ++i) {
      auto ts_ns = layouts_[i].Parse(*text, year);
      if (!ts_ns) continue;
      if (explains_) ExplainRead(entry, *text, i, *ts_ns);
      entry.ts_ns = *ts_ns;
      if (options_.on_failure == OnFailure::kFudge) times_.Set(entry.labels, *ts_ns);
      return Verdict::kPass;
    }
  }
  Fail(entry, text ? no_time_ : no_source_, text ? text->substr(0, kMaxShownBytes) : "");
  std::optional<int64_t> next;
  if (options_.on_failure == OnFailure::kFudge) next = times_.Next(entry.labels);
  if (next) entry.ts_ns = *next;
  if (explains_) ExplainFailed(text ? &*text : nullptr, next.has_value(), entry.ts_ns);
  return Verdict::kPass;
}

void TimestampStage::ExplainRead(const StageEntry& entry, std::string_view text, size_t layout,
                                 int64_t ts_ns) {
  codec::TimeReading reading;
  if (!layouts_[layout].Parse(text, HintOf(entry), &reading)) return;
  const std::string& format = layout == 0 ? options_.format : options_.fallback_formats[layout - 1];
  explanation_ = "'" + std::string(text) + "' of " + options_.source + " read by '" + format + "'";
  if (layout > 0) explanation_ += " (fallback " + std::to_string(layout) + ")";
  if (reading.year_assumed) {
    const FileTimes::Last last = files_.Of(entry);
    explanation_ += ", year " + std::to_string(reading.year) +
                    (last.of_file ? " (assumed: its file was written last "
                                  : " (assumed: the record's time was ") +
                    FormatTimestamp(last.ns) + ")";
  }
  explanation_ += ZoneText(reading, options_.location) + ": " + FormatTimestamp(ts_ns);
}

void TimestampStage::ExplainFailed(const std::string_view* text, bool fudged, int64_t ts_ns) {
  explanation_ = text == nullptr
                     ? no_source_
                     : no_time_ + ": '" + std::string(text->substr(0, kMaxShownBytes)) + "'";
  explanation_ +=
      fudged ? "; one nanosecond behind the stream's last time: " : "; the time it has stays: ";
  explanation_ += FormatTimestamp(ts_ns);
}

namespace {

// What promtail takes for a layout though no text fits it is told there, and else an error.
void CheckFormat(const codec::YamlPlace& place, const std::string& format, BuildContext& context) {
  const auto say = [&](std::string_view why) {
    if (context.as_promtail) {
      context.errors->Warn(place, std::string(why));
    } else {
      context.errors->Add(place, std::string(why));
    }
  };
  const std::string_view nearest = codec::TimeLayout::NearestName(format);
  if (!nearest.empty()) {
    return say("'" + format + "' is no format with a name; did you mean " + std::string(nearest) +
               "?");
  }
  auto layout = codec::TimeLayout::Compile(format);
  if (!layout.ok() || layout->has_parts()) return;
  say("'" + format +
      "' names no part of a time; write the time 'Mon Jan 2 15:04:05 MST 2006' in the form that "
      "the log has, as in '2006-01-02 15:04:05'");
}

}  // namespace

std::unique_ptr<Stage> ReadTimestampStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<std::string> source, format, location, action{"fudge"};
  TimestampStage::Options options;
  codec::YamlMap map(config, "timestamp", context.errors);
  map.Text("source", &source);
  map.Text("format", &format);
  map.List("fallback_formats", [&](const codec::YamlNode& item) {
    if (item.kind != codec::YamlNode::Kind::kScalar) {
      return map.Error(item, "fallback_formats: expected a text as item");
    }
    CheckFormat(item, item.text, context);
    options.fallback_formats.push_back(item.text);
  });
  map.Text("location", &location);
  map.Text("action_on_failure", &action);
  map.Finish();
  if (source.value.empty()) {
    map.Error(source ? source : map.place(), "timestamp: expected a source, the field to read");
  }
  if (format.value.empty()) {
    map.Error(format ? format : map.place(),
              "timestamp: expected a format, as RFC3339 or a Go layout");
  }
  if (action.value != "fudge" && action.value != "skip") {
    map.Error(action, "action_on_failure: expected fudge or skip, not '" + action.value + "'");
  }
  CheckFormat(format, format.value, context);
  // The named formats look at none, but a wrong one is wrong.
  if (!location.value.empty()) {
    auto zone = codec::TimeZone::Find(location.value);
    if (!zone.ok()) map.Error(location, "location: " + zone.status().message());
  }
  if (!context.errors->first().ok()) return nullptr;
  options.source = source.value;
  options.format = format.value;
  options.location = location.value;
  if (action.value == "skip") options.on_failure = TimestampStage::OnFailure::kSkip;
  options.as_promtail = context.as_promtail;
  auto stage = TimestampStage::Make(std::move(options));
  if (stage.ok()) return *std::move(stage);
  map.Error(location ? location : map.place(), stage.status().message());
  return nullptr;
}

}  // namespace glp::stages
