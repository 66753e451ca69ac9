#include "wire/query_checks.h"

#include <gtest/gtest.h>

#include "logql/memory_source.h"
#include "logql/parser.h"

namespace glp::wire {
namespace {

Request Ask(std::string query, std::string regexp = "") {
  Request request;
  request.params = {{"query", std::move(query)}};
  if (!regexp.empty()) request.params.emplace_back("regexp", std::move(regexp));
  return request;
}

std::string Refusal(const std::string& query, const Limits& limits) {
  const auto parsed = ParseQueryParam(Ask(query), limits);
  return parsed.ok() ? "" : parsed.status().message();
}

TEST(QueryChecksTest, SelectorsAndRanges) {
  Limits limits;
  limits.max_streams_matchers_per_query = 2;
  EXPECT_EQ(Refusal(R"({a="1",b="2"})", limits), "");
  EXPECT_EQ(Refusal(R"({a="1",b="2",c="3"})", limits),
            "max streams matchers per query exceeded, matchers-count > limit (3 > 2)");
  EXPECT_EQ(Refusal(R"(sum(rate({a="1",b="2",c="3"}[1m])))", limits),
            "max streams matchers per query exceeded, matchers-count > limit (3 > 2)");
  limits = {};
  limits.required_labels = {"app", "env"};
  EXPECT_EQ(Refusal(R"({app="a",env="x"})", limits), "");
  EXPECT_EQ(Refusal(R"({a="1",env="2"})", limits),
            "stream selector is missing required matchers [app], labels present in the query were "
            "[a, env]");
  limits = {};
  limits.minimum_labels_number = 2;
  EXPECT_EQ(Refusal(R"({a="1"})", limits),
            "stream selector has less label matchers than required: (present: [a], "
            "number_present: 1, required_number_label_matchers: 2)");
  limits = {};
  limits.max_query_range_ns = int64_t{3600} * 1'000'000'000;
  EXPECT_EQ(Refusal(R"(rate({a="1"}[1h]))", limits), "");
  EXPECT_EQ(Refusal(R"(1 + rate({a="1"}[2h]))", limits),
            "[interval] value exceeds limit: [2h] > [1h]");
}

TEST(QueryChecksTest, OldClientsGiveAnExpression) {
  const auto parsed = ParseQueryParam(Ask(R"({a="1"} |= "x")", "b.*c"), {});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(logql::ToString(*parsed), R"({a="1"} |= "x" |~ "b.*c")");
  EXPECT_FALSE(ParseQueryParam(Ask(R"({a="1"})", "("), {}).ok());
}

TEST(QueryChecksTest, Length) {
  Limits limits;
  limits.max_query_length_ns = int64_t{3600} * 1'000'000'000;
  EXPECT_TRUE(CheckLength({0, limits.max_query_length_ns}, limits).ok());
  EXPECT_EQ(CheckLength({0, limits.max_query_length_ns + 1'000'000'000}, limits).message(),
            "the query time range exceeds the limit (query length: 1h0m1s, limit: 1h)");
  EXPECT_FALSE(CheckLength({}, limits).ok());
}

TEST(QueryChecksTest, BytesRead) {
  logql::MemorySource source;
  for (int64_t i = 0; i < 10; ++i)
    source.Add(i * 1'000'000'000, {{"a", "1"}}, std::string(200, 'x'));
  Limits limits;
  limits.max_query_bytes_read = 1000;
  const auto check = [&](const std::string& query, int64_t from_s, int64_t to_s) {
    return CheckBytesRead(*logql::Parse(query), {from_s * 1'000'000'000, to_s * 1'000'000'000},
                          &source, limits, nullptr)
        .message();
  };
  EXPECT_EQ(check(R"({a="1"})", 0, 5), "");
  EXPECT_EQ(check(R"({a="1"})", 0, 6),
            "the query would read too many bytes (query: 1.2 kB, limit: 1.0 kB); consider adding "
            "more specific stream selectors or reduce the time range of the query");
  EXPECT_EQ(check(R"({a="2"})", 0, 6), "");
  EXPECT_EQ(check(R"(rate({a="1"}[2s]))", 4, 7), "");
  EXPECT_NE(check(R"(rate({a="1"}[3s]))", 4, 7), "");
  EXPECT_EQ(check("vector(1)", 0, 6), "");
}

}  // namespace
}  // namespace glp::wire
