#include "wire/loki_json.h"

#include <fmt/format.h>

#include <string_view>

#include "logql/format.h"
#include "wire/utf8.h"

namespace glp::wire {
namespace {

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

struct ChunkFigures {
  uint64_t refs = 0, read = 0;
  uint64_t head_bytes = 0, head_lines = 0, head_meta_bytes = 0;
  uint64_t bytes = 0, lines = 0, meta_bytes = 0;
  uint64_t stored_bytes = 0, duplicates = 0;
};

// Of what a part of Loki reads chunks for.
std::string StoreStats(const ChunkFigures& figures) {
  return fmt::format(
      R"({{"totalChunksRef":{},"totalChunksDownloaded":{},"chunksDownloadTime":0,)"
      R"("queryReferencedStructuredMetadata":false,"chunk":{{"headChunkBytes":{},)"
      R"("headChunkLines":{},"decompressedBytes":{},"decompressedLines":{},"compressedBytes":{},)"
      R"("totalDuplicates":{},"postFilterLines":0,"headChunkStructuredMetadataBytes":{},)"
      R"("decompressedStructuredMetadataBytes":{}}},"chunkRefsFetchTime":0,)"
      R"("congestionControlLatency":0,"pipelineWrapperFilteredLines":0}})",
      figures.refs, figures.read, figures.head_bytes, figures.head_lines, figures.bytes,
      figures.lines, figures.stored_bytes, figures.duplicates, figures.head_meta_bytes,
      figures.meta_bytes);
}

// `result`: the inside of the array.
std::string QueryBody(std::string_view type, std::string_view result,
                      const std::vector<std::string>& warnings, const logql::ScanStats& stats,
                      double seconds, double queued, uint64_t returned) {
  std::string out;
  out.reserve(result.size() + 1024);
  out += R"({"status":"success",)";
  AppendWarnings(&out, warnings);
  out += R"("data":{"resultType":")";
  out += type;
  out += R"(","result":[)";
  out += result;
  out += "],";
  AppendStats(&out, stats, seconds, queued, returned, /*passed=*/0);
  out += "}}";
  return out;
}

}  // namespace

void AppendLabelsJson(std::string* out, const Labels& labels) {
  *out += '{';
  for (size_t i = 0; i < labels.size(); ++i) {
    if (i > 0) *out += ',';
    AppendJsonLossy(out, labels[i].name);
    *out += ':';
    AppendJsonLossy(out, labels[i].value);
  }
  *out += '}';
}

void AppendStrings(std::string* out, const std::vector<std::string>& strings) {
  *out += '[';
  for (size_t i = 0; i < strings.size(); ++i) {
    if (i > 0) *out += ',';
    AppendJsonLossy(out, strings[i]);
  }
  *out += ']';
}

void AppendWarnings(std::string* out, const std::vector<std::string>& warnings) {
  if (warnings.empty()) return;
  *out += R"("warnings":)";
  AppendStrings(out, warnings);
  *out += ',';
}

void AppendStats(std::string* out, const logql::ScanStats& stats, double seconds, double queued,
                 uint64_t returned, uint64_t passed) {
  const double rate = seconds > 0 ? 1 / seconds : 0;
  *out += fmt::format(
      R"("stats":{{"summary":{{"bytesProcessedPerSecond":{:.0f},"linesProcessedPerSecond":{:.0f},)"
      R"("totalBytesProcessed":{},"totalLinesProcessed":{},"execTime":{:.9f},"queueTime":{:.9f},)"
      R"("subqueries":0,"totalEntriesReturned":{},"splits":0,"shards":0,)"
      R"("totalPostFilterLines":{},"totalStructuredMetadataBytesProcessed":{}}},"querier":)",
      static_cast<double>(stats.line_bytes) * rate, static_cast<double>(stats.entries) * rate,
      stats.line_bytes, stats.entries, seconds, queued, returned, passed, stats.meta_bytes);
  // As Loki: what is stored is the querier's, what is in memory an ingester's.
  ChunkFigures stored;
  stored.refs = stats.blocks_read + stats.blocks_skipped;
  stored.read = stats.blocks_read;
  stored.bytes = stats.line_bytes - stats.memory_line_bytes;
  stored.lines = stats.entries - stats.memory_entries;
  stored.meta_bytes = stats.meta_bytes - stats.memory_meta_bytes;
  stored.stored_bytes = stats.stored_bytes;
  stored.duplicates = stats.duplicates;
  ChunkFigures memory;
  memory.head_bytes = stats.memory_line_bytes;
  memory.head_lines = stats.memory_entries;
  memory.head_meta_bytes = stats.memory_meta_bytes;
  *out += R"({"store":)" + StoreStats(stored) + "}";
  *out += R"(,"ingester":{"totalReached":0,"totalChunksMatched":0,"totalBatches":0,)"
          R"("totalLinesSent":0,"store":)";
  *out += StoreStats(memory);
  *out += R"(},"cache":{)";
  for (const std::string_view name : {"chunk", "index", "result", "statsResult", "volumeResult",
                                      "seriesResult", "labelResult", "instantMetricResult"}) {
    if (out->back() != '{') *out += ',';
    *out += fmt::format(
        R"("{}":{{"entriesFound":0,"entriesRequested":0,"entriesStored":0,"bytesReceived":0,)"
        R"("bytesSent":0,"requests":0,"downloadTime":0,"queryLengthServed":0}})",
        name);
  }
  *out += fmt::format(R"(}},"index":{{"totalChunks":{},"postFilterChunks":{},"shardsDuration":0,)"
                      R"("usedBloomFilters":false}}}})",
                      stats.blocks_read + stats.blocks_skipped, stats.blocks_read);
}

std::string MatrixBody(const std::vector<logql::Series>& series, const logql::ScanStats& stats,
                       double seconds, double queued) {
  std::string result;
  for (const logql::Series& one : series) {
    if (!result.empty()) result += ',';
    result += R"({"metric":)";
    AppendLabelsJson(&result, one.labels);
    result += R"(,"values":[)";
    for (size_t i = 0; i < one.samples.size(); ++i) {
      if (i > 0) result += ',';
      AppendSample(&result, one.samples[i]);
    }
    result += "]}";
  }
  return QueryBody("matrix", result, stats.warnings, stats, seconds, queued, series.size());
}

std::string VectorBody(const std::vector<logql::Series>& series, const logql::ScanStats& stats,
                       double seconds, double queued) {
  std::string result;
  for (const logql::Series& one : series) {
    if (one.samples.empty()) continue;
    if (!result.empty()) result += ',';
    result += R"({"metric":)";
    AppendLabelsJson(&result, one.labels);
    result += R"(,"value":)";
    AppendSample(&result, one.samples.front());
    result += '}';
  }
  return QueryBody("vector", result, stats.warnings, stats, seconds, queued, series.size());
}

std::string ScalarBody(const std::vector<logql::Series>& series, const logql::ScanStats& stats,
                       double seconds, double queued) {
  std::string result;
  if (!series.empty() && !series.front().samples.empty()) {
    AppendSample(&result, series.front().samples.front());
    result = result.substr(1, result.size() - 2);  // QueryBody has the brackets
  }
  return QueryBody("scalar", result, stats.warnings, stats, seconds, queued, 1);
}

std::string InstantBody(const logql::MetricExpr& query, const std::vector<logql::Series>& series,
                        const logql::ScanStats& stats, double seconds, double queued) {
  const bool is_number = std::holds_alternative<logql::Literal>(query.node);
  return is_number ? ScalarBody(series, stats, seconds, queued)
                   : VectorBody(series, stats, seconds, queued);
}

std::string NamesBody(const std::vector<std::string>& names) {
  std::string out = R"({"status":"success")";
  if (!names.empty()) {
    out += R"(,"data":)";
    AppendStrings(&out, names);
  }
  return out + "}";
}

std::string OldNamesBody(const std::vector<std::string>& names) {
  std::string out = "{";
  if (!names.empty()) {
    out += R"("values":)";
    AppendStrings(&out, names);
  }
  return out + "}";
}

std::string SeriesBody(const std::vector<const LabelSet*>& series) {
  std::string out = R"({"status":"success","data":[)";
  for (size_t i = 0; i < series.size(); ++i) {
    if (i > 0) out += ',';
    AppendLabelsJson(&out, series[i]->labels);
  }
  out += "]}";
  return out;
}

}  // namespace glp::wire
