#include "wire/loki_client.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include "base/json_text.h"
#include "base/strings.h"
#include "base/time.h"
#include "wire/loki_pages.h"

namespace glp::wire {
namespace {

LokiClientOptions Options() {
  LokiClientOptions options;
  options.url = "http://loki:3100";
  options.first_wait_ms = 0;
  return options;
}

// A server in memory: answers /query_range out of its entries, as Loki pages them.
class FakeLoki {
 public:
  struct Stored {
    int64_t ts_ns;
    std::string app, line;
    bool operator==(const Stored&) const = default;
  };
  std::vector<Stored> entries;  // in the order of time
  uint64_t max_entries = 5000;
  int requests = 0;

  Result<ClientResponse> Answer(const ClientRequest& request) {
    ++requests;
    std::map<std::string, std::string> params;
    const std::string_view url = request.url;
    for (std::string_view pair : Split(url.substr(url.find('?') + 1), '&')) {
      const size_t equals = pair.find('=');
      params[std::string(pair.substr(0, equals))] = pair.substr(equals + 1);
    }
    const uint64_t limit = *ParseUint64(params["limit"]);
    ClientResponse response;
    if (limit > max_entries) {
      response.status = 400;
      response.body =
          "max entries limit per query exceeded, limit > max_entries_limit_per_query (" +
          std::to_string(limit) + " > " + std::to_string(max_entries) + ")\n";
      return response;
    }
    const int64_t start_ns = *ParseInt64(params["start"]), end_ns = *ParseInt64(params["end"]);
    std::vector<Stored> chosen;
    for (const Stored& entry : entries) {
      if (entry.ts_ns >= start_ns && entry.ts_ns < end_ns) chosen.push_back(entry);
    }
    if (params["direction"] == "backward") std::reverse(chosen.begin(), chosen.end());
    if (chosen.size() > limit) chosen.resize(limit);
    std::map<std::string, std::string> streams;
    for (const Stored& entry : chosen) {
      std::string& values = streams[entry.app];
      values += (values.empty() ? "[\"" : ",[\"") + std::to_string(entry.ts_ns) + "\",";
      AppendJsonString(&values, entry.line);
      values += "]";
    }
    std::string result;
    for (const auto& [app, values] : streams) {
      result += (result.empty() ? "" : ",") + std::string(R"({"stream":{"app":")") + app +
                R"("},"values":[)" + values + "]}";
    }
    response.status = 200;
    response.body =
        R"({"status":"success","data":{"resultType":"streams","result":[)" + result + "]}}";
    return response;
  }
};

struct Paged {
  std::vector<FakeLoki::Stored> entries;
  bool cut = false;
  Status status;
};

Paged FetchAll(FakeLoki* loki, logql::Direction direction, uint64_t limit, uint64_t page_entries) {
  LokiClient client(Options(),
                    [loki](const ClientRequest& request) { return loki->Answer(request); });
  PagesRequest request;
  request.query = "{}";
  request.range = {10'000'000'000, 20'000'000'000};
  request.direction = direction;
  request.limit = limit;
  request.page_entries = page_entries;
  LokiPages pages(&client, request);
  Paged all;
  for (;;) {
    const Result<LokiAnswer> page = pages.Next();
    if (!page.ok()) {
      all.status = page.status();
      break;
    }
    if (page->entries.empty()) break;
    for (const LokiEntry& entry : page->entries) {
      all.entries.push_back(
          {entry.ts_ns, std::string(entry.stream->Get("app")), std::string(entry.line)});
    }
  }
  all.cut = pages.cut();
  return all;
}

auto Key(const FakeLoki::Stored& entry) { return std::tie(entry.ts_ns, entry.app, entry.line); }

// Equal but for the order of entries of one time.
void ExpectSame(std::vector<FakeLoki::Stored> got, std::vector<FakeLoki::Stored> wanted,
                logql::Direction direction) {
  EXPECT_TRUE(std::is_sorted(got.begin(), got.end(), [direction](const auto& a, const auto& b) {
    return direction == logql::Direction::kForward ? a.ts_ns < b.ts_ns : a.ts_ns > b.ts_ns;
  }));
  const auto less = [](const auto& a, const auto& b) { return Key(a) < Key(b); };
  std::sort(got.begin(), got.end(), less);
  std::sort(wanted.begin(), wanted.end(), less);
  EXPECT_EQ(got.size(), wanted.size());
  EXPECT_TRUE(got == wanted);
}

TEST(LokiPages, GivesEachEntryOnceWhateverFallsOnABoundary) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    FakeLoki loki;
    loki.max_entries = 1000;
    // Few times and few lines: many entries are equal in all.
    const int spread = 1 + static_cast<int>(random() % 12);
    for (int i = static_cast<int>(random() % 60); i > 0; --i) {
      loki.entries.push_back({10'000'000'000 + static_cast<int64_t>(random() % spread),
                              random() % 2 ? "a" : "b", random() % 2 ? "x" : "y"});
    }
    std::stable_sort(loki.entries.begin(), loki.entries.end(),
                     [](const auto& a, const auto& b) { return a.ts_ns < b.ts_ns; });
    for (logql::Direction direction : {logql::Direction::kForward, logql::Direction::kBackward}) {
      const Paged whole = FetchAll(&loki, direction, 0, 1000);
      for (uint64_t page_entries : {1, 2, 3, 7, 100}) {
        const Paged all = FetchAll(&loki, direction, 0, page_entries);
        ASSERT_TRUE(all.status.ok()) << all.status.message();
        EXPECT_FALSE(all.cut);
        ExpectSame(all.entries, loki.entries, direction);
        EXPECT_TRUE(all.entries == whole.entries);
        const uint64_t limit = 1 + random() % 20;
        const Paged some = FetchAll(&loki, direction, limit, page_entries);
        ASSERT_TRUE(some.status.ok()) << some.status.message();
        EXPECT_EQ(some.entries.size(), std::min<size_t>(limit, loki.entries.size()));
        EXPECT_EQ(some.cut, loki.entries.size() >= limit);
      }
    }
  }
}

TEST(LokiPages, TakesTheServersOwnLimit) {
  FakeLoki loki;
  loki.max_entries = 10;
  for (int i = 0; i < 95; ++i) loki.entries.push_back({10'000'000'000 + i / 2, "a", "line"});
  const Paged all = FetchAll(&loki, logql::Direction::kBackward, 0, 5000);
  ASSERT_TRUE(all.status.ok()) << all.status.message();
  EXPECT_EQ(all.entries.size(), 95U);
}

TEST(LokiPages, SaysThatMoreEntriesShareATimeThanTheServerGives) {
  FakeLoki loki;
  loki.max_entries = 10;
  loki.entries.assign(11, {10'000'000'000, "a", "line"});
  const Paged all = FetchAll(&loki, logql::Direction::kBackward, 0, 5000);
  EXPECT_EQ(all.status.code(), Code::kLimit);
  EXPECT_NE(all.status.message().find("10 entries at most"), std::string::npos);
  EXPECT_EQ(all.entries.size(), 10U);
}

TEST(LokiPages, GivesWhatCameBeforeATimeThatIsTooFull) {
  FakeLoki loki;
  loki.max_entries = 10;
  for (int i = 0; i < 25; ++i) loki.entries.push_back({10'000'000'000 + i / 3, "a", "line"});
  loki.entries.insert(loki.entries.end(), 30, {10'000'000'100, "a", "line"});
  for (uint64_t page_entries : {1, 4, 9, 10, 5000}) {
    const Paged all = FetchAll(&loki, logql::Direction::kForward, 0, page_entries);
    EXPECT_EQ(all.status.code(), Code::kLimit);
    EXPECT_NE(all.status.message().find("1970-01-01T00:00:10.000000100Z"), std::string::npos);
    EXPECT_EQ(all.entries.size(), 35U);
    // A limit of the query that is reached before is none of the server.
    const Paged some = FetchAll(&loki, logql::Direction::kForward, 27, page_entries);
    EXPECT_TRUE(some.status.ok()) << some.status.message();
    EXPECT_TRUE(some.cut);
    EXPECT_EQ(some.entries.size(), 27U);
  }
}

TEST(LokiPages, AsksForSmallerPagesWhenAnAnswerIsTooLong) {
  FakeLoki loki;
  for (int i = 0; i < 50; ++i) loki.entries.push_back({10'000'000'000 + i, "a", "line"});
  LokiClient client(Options(), [&loki](const ClientRequest& request) -> Result<ClientResponse> {
    Result<ClientResponse> response = loki.Answer(request);
    if (response->body.size() > 600) return Status(Code::kLimit, "too long");
    return response;
  });
  PagesRequest request;
  request.range = {10'000'000'000, 20'000'000'000};
  LokiPages pages(&client, request);
  size_t entries = 0;
  for (;;) {
    const Result<LokiAnswer> page = pages.Next();
    ASSERT_TRUE(page.ok()) << page.status().message();
    if (page->entries.empty()) break;
    entries += page->entries.size();
  }
  EXPECT_EQ(entries, 50U);
}

TEST(LokiAnswer, CategoriesOfLabelsStayApart) {
  LabelTable labels;
  const Result<LokiAnswer> answer = ParseLokiAnswer(
      R"({"status":"success","warnings":["w"],"data":{"resultType":"streams",)"
      R"("encodingFlags":["categorize-labels"],"result":[{"stream":{"b":"2","a":"1"},)"
      R"("values":[["1700000000000000001","x\n",{"structuredMetadata":{"t":"\"9"},)"
      R"("parsed":{"status":"200"}}],["1700000000000000000","y",{}]]}]}})",
      &labels);
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  ASSERT_EQ(answer->entries.size(), 2U);
  EXPECT_EQ(answer->entries[0].stream->json, R"({"a":"1","b":"2"})");
  EXPECT_EQ(answer->entries[0].line, "x\n");
  EXPECT_EQ(answer->entries[0].meta, R"({"t":"\"9"})");
  EXPECT_EQ(answer->entries[0].fields, R"({"status":"200"})");
  EXPECT_EQ(answer->entries[1].ts_ns, 1'700'000'000'000'000'000);
  EXPECT_EQ(answer->entries[1].meta, "");
  EXPECT_EQ(answer->warnings, std::vector<std::string>{"w"});
}

TEST(LokiAnswer, SamplesOfEveryShape) {
  LabelTable labels;
  const Result<LokiAnswer> matrix =
      ParseLokiAnswer(R"({"data":{"resultType":"matrix","result":[{"metric":{"a":"1"},)"
                      R"("values":[[1700000000,"3"],[1700000000.25,"+Inf"]]}]}})",
                      &labels);
  ASSERT_TRUE(matrix.ok()) << matrix.status().message();
  ASSERT_EQ(matrix->series.size(), 1U);
  EXPECT_EQ(matrix->series[0].samples[1].ts_ns, 1'700'000'000'250 * kNsPerMs);
  EXPECT_GT(matrix->series[0].samples[1].value, 1e300);
  const Result<LokiAnswer> vector = ParseLokiAnswer(
      R"({"data":{"resultType":"vector","result":[{"metric":{},"value":[4,"2"]}]}})", &labels);
  ASSERT_TRUE(vector.ok());
  EXPECT_EQ(vector->series[0].samples[0].value, 2);
  const Result<LokiAnswer> scalar =
      ParseLokiAnswer(R"({"data":{"resultType":"scalar","result":[4,"NaN"]}})", &labels);
  ASSERT_TRUE(scalar.ok());
  EXPECT_NE(scalar->series[0].samples[0].value, scalar->series[0].samples[0].value);
}

TEST(LokiAnswer, WhatIsNoAnswerIsAnError) {
  for (const char* body :
       {"", "x", "[]", "{}", R"({"data":{}})", R"({"data":{"resultType":"streams"}})",
        R"({"data":{"resultType":"streams","result":3}})",
        R"({"data":{"resultType":"odd","result":[]}})",
        R"({"data":{"resultType":"streams","result":[{"stream":{},"values":[[1,"x"]]}]}})",
        R"({"data":{"resultType":"streams","result":[{"stream":{},"values":[["1"]]}]}})",
        R"({"data":{"resultType":"streams","result":[{"stream":{"a":1},"values":[]}]}})",
        R"({"data":{"resultType":"vector","result":[{"metric":{},"value":["x","1"]}]}})",
        R"({"data":{"resultType":"vector","result":[{"metric":{},"value":[1e300,"1"]}]}})"}) {
    LabelTable labels;
    const Result<LokiAnswer> answer = ParseLokiAnswer(body, &labels);
    EXPECT_FALSE(answer.ok()) << body;
    if (!answer.ok()) {
      EXPECT_EQ(answer.status().code(), Code::kData) << body;
    }
  }
}

TEST(LokiClient, ErrorsKeepTheServersWords) {
  const auto client = [](int status, std::string body, int* calls) {
    return LokiClient(Options(), [=](const ClientRequest&) -> Result<ClientResponse> {
      ++*calls;
      ClientResponse response;
      response.status = status;
      response.body = body;
      return response;
    });
  };
  int calls = 0;
  LokiClient refusing = client(400, "parse error : no\n", &calls);
  Result<LokiAnswer> answer = refusing.QueryInstant("{", 0);
  EXPECT_EQ(answer.status().code(), Code::kRefused);
  EXPECT_NE(answer.status().message().find("400: parse error : no"), std::string::npos);
  EXPECT_EQ(calls, 1);
  calls = 0;
  LokiClient busy = client(503, "starting", &calls);
  answer = busy.QueryInstant("{", 0);
  EXPECT_EQ(answer.status().code(), Code::kGaveUp);
  EXPECT_EQ(calls, 3);
}

TEST(LokiClient, AsksAsTheApiWantsIt) {
  std::vector<std::string> urls;
  LokiClientOptions options = Options();
  options.headers = {{"X-Scope-OrgID", "t1"}, {"Authorization", "Bearer secret"}};
  LokiClient client(options, [&urls](const ClientRequest& request) -> Result<ClientResponse> {
    urls.push_back(request.method + " " + request.url + " " + std::string(request.body));
    EXPECT_NE(std::find(request.headers.begin(), request.headers.end(),
                        std::pair<std::string, std::string>("X-Scope-OrgID", "t1")),
              request.headers.end());
    EXPECT_NE(std::find(request.headers.begin(), request.headers.end(),
                        std::pair<std::string, std::string>("Authorization", "Bearer secret")),
              request.headers.end());
    ClientResponse response;
    response.status = 200;
    response.body = R"({"status":"success"})";
    return response;
  });
  const logql::TimeRange range{5, 1'700'000'000'000'000'000};
  ASSERT_TRUE(client.LabelNames(range).ok());
  ASSERT_TRUE(client.LabelValues("a/b", range).ok());
  ASSERT_TRUE(client.Series("{a=\"1\"}", range).ok());
  EXPECT_FALSE(client.QueryRange("q", range, 1'500'000'000, logql::Direction::kForward, 7).ok());
  EXPECT_FALSE(client.QueryInstant(std::string(5000, 'x'), 1).ok());
  EXPECT_EQ(urls[0],
            "GET http://loki:3100/loki/api/v1/labels?start=1970-01-01T00%3A00%3A00.000000005Z&"
            "end=1700000000000000000 ");
  EXPECT_NE(urls[1].find("/label/a%2Fb/values?"), std::string::npos);
  EXPECT_NE(urls[2].find("match%5B%5D=%7Ba%3D%221%22%7D"), std::string::npos);
  EXPECT_NE(urls[3].find("direction=forward&limit=7&step=1.500000000"), std::string::npos);
  EXPECT_NE(urls[4].find("POST http://loki:3100/loki/api/v1/query query=xxx"), std::string::npos);
}

TEST(LokiClient, TheServersLimitIsFoundInItsWords) {
  EXPECT_EQ(EntriesLimitOf("status 400: max entries limit per query exceeded, limit > "
                           "max_entries_limit_per_query (10000 > 5000)"),
            5000U);
  EXPECT_EQ(EntriesLimitOf("max_entries_limit_per_query"), 0U);
  EXPECT_EQ(EntriesLimitOf("something else (3 > 2)"), 0U);
}

}  // namespace
}  // namespace glp::wire
