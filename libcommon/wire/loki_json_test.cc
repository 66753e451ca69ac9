#include "wire/loki_json.h"

#include <gtest/gtest.h>

namespace glp::wire {
namespace {

// The body without its `stats`.
std::string WithoutStats(const std::string& body) {
  const size_t stats = body.find(",\"stats\":");
  EXPECT_NE(stats, std::string::npos) << body;
  return body.substr(0, stats);
}

class StreamsBodyTest : public ::testing::Test {
 protected:
  void Add(int64_t ts_ns, Labels labels, std::string_view line, std::string_view meta = "") {
    body_.Add({ts_ns, table_.FromLabels(std::move(labels)), line, meta});
  }
  LabelTable table_;
  StreamsBody body_;
  logql::ScanStats stats_;
};

TEST_F(StreamsBodyTest, NothingFound) {
  EXPECT_EQ(WithoutStats(body_.Finish(stats_, 0.5)),
            R"({"status":"success","data":{"resultType":"streams","result":[])");
}

TEST_F(StreamsBodyTest, StreamsAreSortedEntriesAreNot) {
  Add(2, {{"app", "b"}}, "two");
  Add(1, {{"app", "a"}}, "one");
  Add(9, {{"app", "b"}}, "a\"\\\n");
  EXPECT_EQ(body_.entries(), 3u);
  EXPECT_EQ(WithoutStats(body_.Finish(stats_, 0.5)),
            R"({"status":"success","data":{"resultType":"streams","result":[)"
            R"({"stream":{"app":"a"},"values":[["1","one"]]},)"
            R"({"stream":{"app":"b"},"values":[["2","two"],["9","a\"\\\n"]]}])");
}

TEST_F(StreamsBodyTest, MetadataJoinsTheLabels) {
  Add(1, {{"app", "a"}}, "x", R"({"user":"u1"})");
  Add(2, {{"app", "a"}}, "y");
  Add(3, {{"app", "a"}}, "z", R"({"user":"u1"})");
  Add(4, {{"app", "a"}, {"user", "u1"}}, "same labels", "{}");
  Add(5, {{"app", "a"}}, "taken name", R"({"app":"m"})");
  EXPECT_EQ(WithoutStats(body_.Finish(stats_, 0.5)),
            R"({"status":"success","data":{"resultType":"streams","result":[)"
            R"({"stream":{"app":"a","app_extracted":"m"},"values":[["5","taken name"]]},)"
            R"({"stream":{"app":"a","user":"u1"},"values":)"
            R"([["1","x"],["3","z"],["4","same labels"]]},)"
            R"({"stream":{"app":"a"},"values":[["2","y"]]}])");
}

TEST_F(StreamsBodyTest, SaysWhatItCannotGive) {
  Add(1, {{"app", "a"}}, "a\xFFz");
  stats_.warnings = {"block 3 is damaged"};
  EXPECT_EQ(WithoutStats(body_.Finish(stats_, 0.5)),
            R"({"status":"success","warnings":["block 3 is damaged",)"
            R"("1 lines are not UTF-8: bytes that JSON cannot hold were replaced"],)"
            R"("data":{"resultType":"streams","result":[{"stream":{"app":"a"},"values":[["1",")"
            "a\xEF\xBF\xBDz\"]]}]");
}

TEST_F(StreamsBodyTest, TellsWhatWasLookedAt) {
  stats_.entries = 10;
  stats_.line_bytes = 200;
  stats_.blocks_read = 1;
  stats_.blocks_skipped = 2;
  Add(1, {{"app", "a"}}, "x");
  const std::string body = body_.Finish(stats_, 0.5);
  for (const char* part :
       {"\"bytesProcessedPerSecond\":400", "\"linesProcessedPerSecond\":20",
        "\"totalBytesProcessed\":200", "\"totalLinesProcessed\":10", "\"totalEntriesReturned\":1",
        "\"execTime\":0.5", "\"totalChunksRef\":3", "\"totalChunksDownloaded\":1"}) {
    EXPECT_NE(body.find(part), std::string::npos) << part << " in " << body;
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
}

TEST(LokiJson, Series) {
  LabelTable table;
  EXPECT_EQ(SeriesBody({table.FromLabels({{"b", "1"}, {"a", "2"}}), table.empty()}),
            R"({"status":"success","data":[{"a":"2","b":"1"},{}]})");
  EXPECT_EQ(SeriesBody({}), R"({"status":"success","data":[]})");
}

}  // namespace
}  // namespace glp::wire
