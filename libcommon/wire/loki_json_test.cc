#include "wire/loki_json.h"

#include <gtest/gtest.h>

#include "codec/json_tree.h"

namespace glp::wire {
namespace {

// The body without its `stats`.
std::string WithoutStats(const std::string& body) {
  const size_t stats = body.find(",\"stats\":");
  EXPECT_NE(stats, std::string::npos) << body;
  return body.substr(0, stats);
}

TEST(LokiJson, StatsTellWhatWasLookedAt) {
  logql::ScanStats stats;
  stats.entries = 10;
  stats.line_bytes = 200;
  stats.blocks_read = 1;
  stats.blocks_skipped = 2;
  stats.meta_bytes = 50;
  stats.memory_entries = 4;
  stats.memory_line_bytes = 70;
  stats.memory_meta_bytes = 20;
  stats.stored_bytes = 90;
  stats.duplicates = 5;
  std::string body;
  AppendStats(&body, stats, 0.5, 0.25, 1, 3);
  for (const char* part :
       {"\"bytesProcessedPerSecond\":400", "\"linesProcessedPerSecond\":20",
        "\"totalBytesProcessed\":200", "\"totalLinesProcessed\":10", "\"totalEntriesReturned\":1",
        "\"totalPostFilterLines\":3", "\"execTime\":0.5", "\"totalChunksRef\":3",
        "\"totalChunksDownloaded\":1", "\"queueTime\":0.25",
        "\"totalStructuredMetadataBytesProcessed\":50", "\"headChunkBytes\":70",
        "\"headChunkLines\":4", "\"headChunkStructuredMetadataBytes\":20",
        "\"decompressedBytes\":130", "\"decompressedLines\":6", "\"compressedBytes\":90",
        "\"totalDuplicates\":5", "\"decompressedStructuredMetadataBytes\":30"}) {
    EXPECT_NE(body.find(part), std::string::npos) << part << " in " << body;
  }
  // All of it is JSON, whatever the figures.
  codec::JsonTree tree;
  const codec::JsonNode* root = tree.Parse("{" + body + "}");
  ASSERT_NE(root, nullptr) << body;
  const codec::JsonNode* all = root->Find("stats");
  for (const char* part : {"summary", "querier", "ingester", "cache", "index"}) {
    EXPECT_NE(all->Find(part), nullptr) << part;
  }
}

TEST(LokiJson, Metrics) {
  const std::vector<logql::Series> series = {
      {{{"app", "a"}}, {{1'700'000'000'000'000'000, 3}, {1'700'000'000'500'000'000, 0.25}}},
      {{}, {{1'700'000'000'123'456'789, 1}}},
  };
  EXPECT_EQ(WithoutStats(MatrixBody(series, {}, 1)),
            R"({"status":"success","data":{"resultType":"matrix","result":[)"
            R"({"metric":{"app":"a"},"values":[[1700000000,"3"],[1700000000.5,"0.25"]]},)"
            R"({"metric":{},"values":[[1700000000.123,"1"]]}])");
  EXPECT_EQ(WithoutStats(VectorBody(series, {}, 1)),
            R"({"status":"success","data":{"resultType":"vector","result":[)"
            R"({"metric":{"app":"a"},"value":[1700000000,"3"]},)"
            R"({"metric":{},"value":[1700000000.123,"1"]}])");
}

TEST(LokiJson, NumbersAreScalars) {
  const std::vector<logql::Series> series = {{{}, {{1'700'000'000'500'000'000, 7}}}};
  EXPECT_EQ(WithoutStats(InstantBody({logql::Literal{7}}, series, {}, 1)),
            R"({"status":"success","data":{"resultType":"scalar","result":[1700000000.5,"7"])");
  EXPECT_EQ(WithoutStats(InstantBody({logql::VectorLiteral{7}}, series, {}, 1)),
            R"({"status":"success","data":{"resultType":"vector","result":[)"
            R"({"metric":{},"value":[1700000000.5,"7"]}])");
}

TEST(LokiJson, Names) {
  EXPECT_EQ(NamesBody({"app", "j\"b"}), R"({"status":"success","data":["app","j\"b"]})");
  EXPECT_EQ(NamesBody({}), R"({"status":"success"})");
  EXPECT_EQ(OldNamesBody({"app", "job"}), R"({"values":["app","job"]})");
  EXPECT_EQ(OldNamesBody({}), "{}");
}

TEST(LokiJson, Series) {
  LabelTable table;
  EXPECT_EQ(SeriesBody({table.FromLabels({{"b", "1"}, {"a", "2"}}), table.empty()}),
            R"({"status":"success","data":[{"a":"2","b":"1"},{}]})");
  EXPECT_EQ(SeriesBody({}), R"({"status":"success","data":[]})");
}

}  // namespace
}  // namespace glp::wire
