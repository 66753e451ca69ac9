#include "wire/loki_answer.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace glp::wire {
namespace {

TEST(TailMessage, GivesEntriesInTheOrderOfTimeAndWhatWasDropped) {
  LabelTable labels;
  const auto message = ParseTailMessage(
      R"({"streams":[{"stream":{"app":"b"},"values":[["20","two"],["40","four"]]},)"
      R"({"stream":{"app":"a"},"values":[["30","three",{"structuredMetadata":{"m":"1"}}]]}],)"
      R"("dropped_entries":[{"timestamp":"15","labels":{"app":"c"}},)"
      R"({"timestamp":"1970-01-01T00:00:00.000000016Z","labels":{}}]})",
      &labels);
  ASSERT_TRUE(message.ok()) << message.status().message();
  std::string text;
  for (const LokiEntry& entry : message->entries) {
    text += std::to_string(entry.ts_ns) + std::string(entry.line) + entry.stream->json +
            std::string(entry.meta) + ";";
  }
  EXPECT_EQ(text, R"(20two{"app":"b"};30three{"app":"a"}{"m":"1"};40four{"app":"b"};)");
  ASSERT_EQ(message->dropped.size(), 2U);
  EXPECT_EQ(message->dropped[0].ts_ns, 15);
  EXPECT_EQ(message->dropped[0].labels, (Labels{{"app", "c"}}));
  EXPECT_EQ(message->dropped[1].ts_ns, 16);
}

TEST(TailMessage, NothingIsAMessageAndOtherThingsAreErrors) {
  LabelTable labels;
  for (const char* body : {"{}", R"({"streams":null,"dropped_entries":null})"}) {
    const auto message = ParseTailMessage(body, &labels);
    ASSERT_TRUE(message.ok());
    EXPECT_TRUE(message->entries.empty() && message->dropped.empty());
  }
  for (const char* body :
       {"", "x", "[]", "3", R"({"streams":[3]})", R"({"streams":[{"stream":{},"values":[[]]}]})",
        R"({"streams":[{"stream":{},"values":[["x","line"]]}]})",
        R"({"dropped_entries":[{"timestamp":"soon","labels":{}}]})",
        R"({"dropped_entries":[{"timestamp":"1"}]})"}) {
    EXPECT_EQ(ParseTailMessage(body, &labels).status().code(), Code::kData) << body;
  }
}

TEST(Lists, AreReadAndNothingIsAnEmptyOne) {
  LabelTable labels;
  EXPECT_EQ(*ParseNames(R"({"status":"success","data":["a","b"]})"),
            (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(*ParseNames(R"({"values":["x"],"limit":1000})"), (std::vector<std::string>{"x"}));
  EXPECT_TRUE(ParseNames(R"({"status":"success"})")->empty());
  EXPECT_EQ(ParseSeries(R"({"data":[{"a":"1"}]})", &labels)->front()->json, R"({"a":"1"})");
  EXPECT_TRUE(ParseDetectedFields(R"({"limit":1000})")->empty());
  EXPECT_TRUE(ParseDetectedFields(R"({"fields":null})")->empty());
  EXPECT_TRUE(ParsePatterns(R"({"status":"success"})")->empty());
  EXPECT_TRUE(ParseDeletes("null")->empty());
  EXPECT_TRUE(ParseDeletes("[]")->empty());

  const auto fields = ParseDetectedFields(
      R"({"fields":[{"label":"s","type":"int","cardinality":4,"parsers":["json"],)"
      R"("jsonPath":["a","s"]},{"label":"l","type":"odd","cardinality":1,"parsers":null}]})");
  ASSERT_TRUE(fields.ok());
  EXPECT_EQ((*fields)[0].type, logql::FieldType::kInt);
  EXPECT_EQ((*fields)[0].json_path, (std::vector<std::string>{"a", "s"}));
  EXPECT_EQ((*fields)[1].type, logql::FieldType::kString);
  EXPECT_TRUE((*fields)[1].parsers.empty());

  const auto patterns =
      ParsePatterns(R"({"data":[{"pattern":"a <_>","level":"info","samples":[[60,2]]}]})");
  ASSERT_TRUE(patterns.ok());
  EXPECT_EQ(patterns->front().samples.front(), (std::pair<int64_t, uint64_t>{60'000'000'000, 2}));

  const auto deletes = ParseDeletes(
      R"([{"request_id":"i","start_time":1.5,"end_time":"1970-01-01T00:00:02Z","query":"{}",)"
      R"("status":"received","created_at":3}])");
  ASSERT_TRUE(deletes.ok()) << deletes.status().message();
  EXPECT_EQ(deletes->front().start_ns, 1'500'000'000);
  EXPECT_EQ(deletes->front().end_ns, 2'000'000'000);
}

TEST(Lists, OfOtherShapesAreErrors) {
  LabelTable labels;
  for (const char* body : {"", "x", R"({"data":[3]})"}) {
    EXPECT_EQ(ParseNames(body).status().code(), Code::kData) << body;
  }
  EXPECT_EQ(ParseSeries(R"({"data":[{"a":1}]})", &labels).status().code(), Code::kData);
  for (const char* body : {"{}", R"({"streams":1,"chunks":2,"bytes":-3,"entries":4})"}) {
    EXPECT_EQ(ParseIndexStats(body).status().code(), Code::kData) << body;
  }
  for (const char* body : {R"({"fields":[{"label":"a"}]})",
                           R"({"fields":[{"label":"a","type":"int","cardinality":"many"}]})"}) {
    EXPECT_EQ(ParseDetectedFields(body).status().code(), Code::kData) << body;
  }
  for (const char* body :
       {R"({"data":[{"pattern":"a"}]})", R"({"data":[{"pattern":"a","samples":[["x",1]]}]})",
        R"({"data":[{"pattern":"a","samples":[[99999999999999,1]]}]})",
        R"({"data":[{"pattern":"a","samples":[[1,-1]]}]})"}) {
    EXPECT_EQ(ParsePatterns(body).status().code(), Code::kData) << body;
  }
  for (const char* body : {"{}", "[3]", R"([{"request_id":"i"}])",
                           R"([{"request_id":"i","start_time":"soon","end_time":1,"query":"{}",)"
                           R"("status":"x","created_at":1}])"}) {
    EXPECT_EQ(ParseDeletes(body).status().code(), Code::kData) << body;
  }
}

}  // namespace
}  // namespace glp::wire
