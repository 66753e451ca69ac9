#include "wire/loki_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "logql/format.h"
#include "logql/series_labels.h"
#include "wire/utf8.h"

namespace glp::wire {
namespace {

void AppendLabels(std::string* out, const Labels& labels) {
  *out += '{';
  for (size_t i = 0; i < labels.size(); ++i) {
    if (i > 0) *out += ',';
    AppendJsonLossy(out, labels[i].name);
    *out += ':';
    AppendJsonLossy(out, labels[i].value);
  }
  *out += '}';
}

void AppendInt(std::string* out, int64_t value) {
  char text[24];
  auto [end, error] = std::to_chars(text, text + sizeof text, value);
  (void)error;
  out->append(text, end);
}

// Seconds with as many of three digits as there are: 1700000000, 1700000000.5
void AppendSampleTime(std::string* out, int64_t ts_ns) {
  const int64_t ms = ts_ns / 1'000'000;
  if (ms < 0) *out += '-';
  const uint64_t positive = ms < 0 ? -static_cast<uint64_t>(ms) : static_cast<uint64_t>(ms);
  AppendUint64(out, positive / 1000);
  if (positive % 1000 == 0) return;
  *out += fmt::format(".{:03}", positive % 1000);
  while (out->back() == '0') out->pop_back();
}

void AppendSample(std::string* out, const logql::Sample& sample) {
  *out += '[';
  AppendSampleTime(out, sample.ts_ns);
  *out += ",\"";
  *out += logql::FormatSampleValue(sample.value);
  *out += "\"]";
}

void AppendStats(std::string* out, const logql::ScanStats& stats, double seconds,
                 uint64_t returned) {
  const double rate = seconds > 0 ? 1 / seconds : 0;
  *out += fmt::format(
      R"("stats":{{"summary":{{"bytesProcessedPerSecond":{:.0f},"linesProcessedPerSecond":{:.0f},)"
      R"("totalBytesProcessed":{},"totalLinesProcessed":{},"execTime":{:.9f},)"
      R"("totalEntriesReturned":{}}},)"
      R"("querier":{{"store":{{"totalChunksRef":{},"totalChunksDownloaded":{},)"
      R"("chunk":{{"decompressedBytes":{},"decompressedLines":{}}}}}}}}})",
      static_cast<double>(stats.line_bytes) * rate, static_cast<double>(stats.entries) * rate,
      stats.line_bytes, stats.entries, seconds, returned, stats.blocks_read + stats.blocks_skipped,
      stats.blocks_read, stats.line_bytes, stats.entries);
}

// `result`: the inside of the array.
std::string QueryBody(std::string_view type, std::string_view result,
                      const std::vector<std::string>& warnings, const logql::ScanStats& stats,
                      double seconds, uint64_t returned) {
  std::string out;
  out.reserve(result.size() + 1024);
  out += R"({"status":"success",)";
  if (!warnings.empty()) {
    out += R"("warnings":[)";
    for (size_t i = 0; i < warnings.size(); ++i) {
      if (i > 0) out += ',';
      AppendJsonLossy(&out, warnings[i]);
    }
    out += "],";
  }
  out += R"("data":{"resultType":")";
  out += type;
  out += R"(","result":[)";
  out += result;
  out += "],";
  AppendStats(&out, stats, seconds, returned);
  out += "}}";
  return out;
}

}  // namespace

size_t StreamsBody::Intern(const Labels& labels) {
  std::string selector = LabelsToSelector(labels);
  auto [place, is_new] = by_selector_.emplace(selector, streams_.size());
  if (is_new) {
    Stream& stream = streams_.emplace_back();
    stream.selector = std::move(selector);
    AppendLabels(&stream.labels, labels);
    size_bytes_ += stream.labels.size() + 32;
  }
  return place->second;
}

size_t StreamsBody::Find(const logql::Entry& entry) {
  parts_.assign(entry.meta).append("\n").append(entry.fields);
  if (entry.stream == last_set_ && parts_ == last_parts_) return last_;
  StringMap<size_t>& by_parts = by_parts_[entry.stream];
  auto found = by_parts.find(parts_);
  if (found == by_parts.end()) {
    Result<Labels> merged = logql::MergeLabels(*entry.stream, entry.meta, entry.fields);
    if (!merged.ok()) ++bad_meta_;
    const size_t at = Intern(merged.ok() ? *merged : entry.stream->labels);
    found = by_parts.emplace(parts_, at).first;
  }
  last_set_ = entry.stream;
  last_parts_ = parts_;
  return last_ = found->second;
}

void StreamsBody::Add(const logql::Entry& entry) {
  std::string& values = streams_[Find(entry)].values;
  const size_t before = values.size();
  values += values.empty() ? "[\"" : ",[\"";
  AppendInt(&values, entry.ts_ns);
  values += "\",";
  if (!AppendJsonLossy(&values, entry.line)) ++changed_lines_;
  values += ']';
  ++entries_;
  size_bytes_ += values.size() - before;
}

std::string StreamsBody::Finish(const logql::ScanStats& stats, double seconds) {
  std::vector<size_t> order(streams_.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return streams_[a].selector < streams_[b].selector; });
  std::string result;
  result.reserve(size_bytes_);
  for (size_t at : order) {
    if (!result.empty()) result += ',';
    result += R"({"stream":)";
    result += streams_[at].labels;
    result += R"(,"values":[)";
    result += streams_[at].values;
    result += "]}";
    std::string().swap(streams_[at].values);
  }
  std::vector<std::string> warnings = stats.warnings;
  if (changed_lines_ > 0) {
    warnings.push_back(fmt::format(
        "{} lines are not UTF-8: bytes that JSON cannot hold were replaced", changed_lines_));
  }
  if (bad_meta_ > 0) {
    warnings.push_back(
        fmt::format("structured metadata of some entries is no object of strings: left out"));
  }
  return QueryBody("streams", result, warnings, stats, seconds, entries_);
}

std::string MatrixBody(const std::vector<logql::Series>& series, const logql::ScanStats& stats,
                       double seconds) {
  std::string result;
  for (const logql::Series& one : series) {
    if (!result.empty()) result += ',';
    result += R"({"metric":)";
    AppendLabels(&result, one.labels);
    result += R"(,"values":[)";
    for (size_t i = 0; i < one.samples.size(); ++i) {
      if (i > 0) result += ',';
      AppendSample(&result, one.samples[i]);
    }
    result += "]}";
  }
  return QueryBody("matrix", result, stats.warnings, stats, seconds, series.size());
}

std::string VectorBody(const std::vector<logql::Series>& series, const logql::ScanStats& stats,
                       double seconds) {
  std::string result;
  for (const logql::Series& one : series) {
    if (one.samples.empty()) continue;
    if (!result.empty()) result += ',';
    result += R"({"metric":)";
    AppendLabels(&result, one.labels);
    result += R"(,"value":)";
    AppendSample(&result, one.samples.front());
    result += '}';
  }
  return QueryBody("vector", result, stats.warnings, stats, seconds, series.size());
}

std::string ScalarBody(const std::vector<logql::Series>& series, const logql::ScanStats& stats,
                       double seconds) {
  std::string result;
  if (!series.empty() && !series.front().samples.empty()) {
    AppendSample(&result, series.front().samples.front());
    result = result.substr(1, result.size() - 2);  // QueryBody has the brackets
  }
  return QueryBody("scalar", result, stats.warnings, stats, seconds, 1);
}

std::string InstantBody(const logql::MetricExpr& query, const std::vector<logql::Series>& series,
                        const logql::ScanStats& stats, double seconds) {
  const bool is_number = std::holds_alternative<logql::Literal>(query.node);
  return is_number ? ScalarBody(series, stats, seconds) : VectorBody(series, stats, seconds);
}

std::string NamesBody(const std::vector<std::string>& names) {
  std::string out = R"({"status":"success")";
  for (size_t i = 0; i < names.size(); ++i) {
    out += i == 0 ? R"(,"data":[)" : ",";
    AppendJsonLossy(&out, names[i]);
  }
  out += names.empty() ? "}" : "]}";
  return out;
}

std::string SeriesBody(const std::vector<const LabelSet*>& series) {
  std::string out = R"({"status":"success","data":[)";
  for (size_t i = 0; i < series.size(); ++i) {
    if (i > 0) out += ',';
    AppendLabels(&out, series[i]->labels);
  }
  out += "]}";
  return out;
}

}  // namespace glp::wire
