#include "wire/streams_body.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <map>
#include <random>

#include "codec/json_tree.h"

namespace glp::wire {
namespace {

using Shape = StreamsOptions::Shape;

class StreamsBodyTest : public ::testing::Test {
 protected:
  void Add(int64_t ts_ns, Labels labels, std::string_view line, std::string_view meta = "",
           std::string_view fields = "") {
    const Status status =
        body_->Add({ts_ns, table_.FromLabels(std::move(labels)), line, meta, fields});
    ASSERT_TRUE(status.ok()) << status.message();
  }
  void Use(Shape shape) {
    StreamsOptions options;
    options.shape = shape;
    body_ = std::make_unique<StreamsBody>(options);
  }
  // All of the text but `stats`.
  std::string Text() {
    body_->End(stats_, 0.5);
    std::string body, piece;
    while (*body_->Next(&piece)) body += piece;
    EXPECT_NE(codec::JsonTree().Parse(body), nullptr) << body;
    const size_t stats = body.find(",\"stats\":");
    EXPECT_NE(stats, std::string::npos) << body;
    return body.substr(0, stats);
  }

  LabelTable table_;
  std::unique_ptr<StreamsBody> body_ = std::make_unique<StreamsBody>();
  logql::ScanStats stats_;
};

TEST_F(StreamsBodyTest, NothingFound) {
  EXPECT_EQ(Text(), R"({"status":"success","data":{"resultType":"streams","result":[])");
}

TEST_F(StreamsBodyTest, StreamsAreSortedEntriesAreNot) {
  Add(2, {{"app", "b"}}, "two");
  Add(1, {{"app", "a"}}, "one");
  Add(9, {{"app", "b"}}, "a\"\\\n");
  EXPECT_EQ(body_->entries(), 3u);
  EXPECT_EQ(Text(), R"({"status":"success","data":{"resultType":"streams","result":[)"
                    R"({"stream":{"app":"a"},"values":[["1","one"]]},)"
                    R"({"stream":{"app":"b"},"values":[["2","two"],["9","a\"\\\n"]]}])");
}

TEST_F(StreamsBodyTest, MetadataJoinsTheLabels) {
  Add(1, {{"app", "a"}}, "x", R"({"user":"u1"})");
  Add(2, {{"app", "a"}}, "y");
  Add(3, {{"app", "a"}}, "z", R"({"user":"u1"})");
  Add(4, {{"app", "a"}, {"user", "u1"}}, "same labels", "{}");
  Add(5, {{"app", "a"}}, "taken name", R"({"app":"m"})");
  EXPECT_EQ(Text(), R"({"status":"success","data":{"resultType":"streams","result":[)"
                    R"({"stream":{"app":"a","app_extracted":"m"},"values":[["5","taken name"]]},)"
                    R"({"stream":{"app":"a","user":"u1"},"values":)"
                    R"([["1","x"],["3","z"],["4","same labels"]]},)"
                    R"({"stream":{"app":"a"},"values":[["2","y"]]}])");
}

TEST_F(StreamsBodyTest, CategoriesStandBehindTheLines) {
  Use(Shape::kCategorized);
  Add(1, {{"app", "a"}}, "x", R"({"user":"u1","app":"m"})", R"({"z":"1","b":"2"})");
  Add(2, {{"app", "a"}}, "y");
  Add(3, {{"app", "b"}}, "z", "", R"({"__error__":"JSONParserErr"})");
  EXPECT_EQ(Text(), R"({"status":"success","data":{"resultType":"streams",)"
                    R"("encodingFlags":["categorize-labels"],"result":[)"
                    R"({"stream":{"app":"a"},"values":[["1","x",)"
                    R"({"structuredMetadata":{"app_extracted":"m","user":"u1"},)"
                    R"("parsed":{"b":"2","z":"1"}}],["2","y",{}]]},)"
                    R"({"stream":{"app":"b"},"values":[["3","z",)"
                    R"({"parsed":{"__error__":"JSONParserErr"}}]]}])");
}

TEST_F(StreamsBodyTest, OldClientsGetSelectorsAndTimes) {
  Use(Shape::kOld);
  Add(1'700'000'000'000'000'001, {{"app", "a"}}, "x", R"({"user":"u"})");
  Add(1'700'000'000'000'000'002, {{"app", "a"}}, "y", R"({"user":"u"})");
  EXPECT_EQ(Text(), R"x({"streams":[{"labels":"{app=\"a\", user=\"u\"}","entries":[)x"
                    R"({"ts":"2023-11-14T22:13:20.000000001Z","line":"x"},)"
                    R"({"ts":"2023-11-14T22:13:20.000000002Z","line":"y"}]}])");
}

TEST_F(StreamsBodyTest, SaysWhatItCannotGive) {
  Add(1, {{"app", "a"}}, "a\xFFz");
  Add(2, {{"app", "a"}}, "b", "no object");
  stats_.warnings = {"block 3 is damaged"};
  EXPECT_EQ(Text(),
            R"({"status":"success","warnings":["block 3 is damaged",)"
            R"("1 lines are not UTF-8: bytes that JSON cannot hold were replaced",)"
            R"("structured metadata of some entries is no object of strings: left out"],)"
            R"("data":{"resultType":"streams","result":[{"stream":{"app":"a"},"values":[["1",")"
            "a\xEF\xBF\xBDz\"],[\"2\",\"b\"]]}]");
}

TEST_F(StreamsBodyTest, RefusesWhatIsTooLarge) {
  StreamsOptions options;
  options.max_bytes = 1000;
  StreamsBody body(options);
  const LabelSet* stream = table_.FromLabels({{"app", "a"}});
  Status status;
  for (int i = 0; i < 100 && status.ok(); ++i) status = body.Add({i, stream, "0123456789", ""});
  EXPECT_EQ(status.code(), Code::kLimit);
  EXPECT_EQ(status.message(),
            "the answer is larger than 1000 bytes; ask for a lower limit or a shorter time");
}

// Whatever went to the file, the text is the same as with all in memory.
TEST(StreamsBodySpillTest, TextDoesNotDependOnMemory) {
  const std::string folder = ::testing::TempDir() + "/streams_body_test";
  std::filesystem::create_directories(folder);
  for (const Shape shape : {Shape::kMerged, Shape::kCategorized, Shape::kOld}) {
    for (const size_t memory : {size_t{500}, size_t{3000}, size_t{40'000}, size_t{16} << 20}) {
      std::mt19937 random(7);
      LabelTable table;
      StreamsOptions small, large;
      small.shape = large.shape = shape;
      small.memory_bytes = memory;
      small.folder = folder;
      StreamsBody a(small), b(large);
      for (int i = 0; i < 3000; ++i) {
        const LabelSet* stream = table.FromLabels({{"app", std::to_string(random() % 50)}});
        const std::string line(random() % 100, 'x');
        const std::string meta =
            random() % 3 == 0 ? "{\"m\":\"" + std::to_string(random() % 40) + "\"}" : "";
        const std::string fields =
            random() % 10 == 0 ? "{\"f\":\"" + std::to_string(random()) + "\"}" : "";
        ASSERT_TRUE(a.Add({i, stream, line, meta, fields}).ok());
        ASSERT_TRUE(b.Add({i, stream, line, meta, fields}).ok());
        if (i % 1000 == 999) {
          a.ForgetStreams();
          b.ForgetStreams();
          table.Clear();
        }
      }
      a.End({}, 1);
      b.End({}, 1);
      std::string from_file, from_memory, piece;
      while (*a.Next(&piece)) from_file += piece;
      while (*b.Next(&piece)) from_memory += piece;
      EXPECT_EQ(from_file, from_memory) << memory;
      EXPECT_NE(codec::JsonTree().Parse(from_file), nullptr);
    }
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST(StreamsBodySpillTest, SaysThatItCannotWrite) {
  LabelTable table;
  StreamsOptions options;
  options.memory_bytes = 100;
  options.folder = "/nowhere/at/all";
  StreamsBody body(options);
  Status status;
  for (int i = 0; i < 100 && status.ok(); ++i) {
    status = body.Add({i, table.FromLabels({{"app", "a"}}), "0123456789", ""});
  }
  EXPECT_EQ(status.code(), Code::kIo);
  EXPECT_NE(status.message().find("/nowhere/at/all"), std::string::npos) << status.message();
}

TEST(StreamsBodySpillTest, LongTextsComeInPieces) {
  LabelTable table;
  StreamsBody body;
  const LabelSet* stream = table.FromLabels({{"app", "a"}});
  const std::string line(3 << 20, 'x');
  ASSERT_TRUE(body.Add({1, stream, line, ""}).ok());
  body.End({}, 1);
  size_t all = 0, largest = 0;
  for (std::string piece; *body.Next(&piece);) {
    all += piece.size();
    largest = std::max(largest, piece.size());
  }
  EXPECT_GT(all, line.size());
  EXPECT_LT(largest, 600u << 10);
}

}  // namespace
}  // namespace glp::wire
