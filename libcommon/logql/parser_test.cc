#include "logql/parser.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

namespace glp::logql {
namespace {

struct Case {
  std::string_view query, answer;
};

// What Loki 3.7.6 prints for these queries.
constexpr Case kGood[] = {
    {R"q({ app = "api" , ns != "x" })q", R"q({app="api", ns!="x"})q"},
    {R"q({app=~"a.*"})q", R"q({app=~"a.*"})q"},
    {R"q({app=~".+"})q", R"q({app=~".+"})q"},
    {R"q({app="api",ns="x",app="y"})q", R"q({app="api", ns="x", app="y"})q"},
    {R"q({app="a\"b"})q", R"q({app="a\"b"})q"},
    {R"q({app=`a"b`})q", R"q({app="a\"b"})q"},
    {R"q({_x="y"})q", R"q({_x="y"})q"},
    {R"q({__name__="y"})q", R"q({__name__="y"})q"},
    {R"q({app="api"} # comment)q", R"q({app="api"})q"},
    {R"q(({app="api"}))q", R"q({app="api"})q"},
    {R"q((({app="api"})))q", R"q({app="api"})q"},
    {R"q({rate="x"})q", R"q({rate="x"})q"},
    {R"q({app=~"(?i)x", b!~"y|z"})q", R"q({app=~"(?i)x", b!~"y|z"})q"},
    {R"q({app="api"} |~ "x.*")q", R"q({app="api"} |~ "x.*")q"},
    {R"q({app="api"} !~ "x")q", R"q({app="api"} !~ "x")q"},
    {R"q({app="api"} |="x"!="y"|~"z")q", R"q({app="api"} |= "x" != "y" |~ "z")q"},
    {R"q({app="api"} |= "a" or "b")q", R"q({app="api"} |= "a" or "b")q"},
    {R"q({app="api"} |= "a" or "b" or "c")q", R"q({app="api"} |= "a" or "b" or "c")q"},
    {R"q({app="api"} != "a" or "b")q", R"q({app="api"} != "a" != "b")q"},
    {R"q({app="api"} |= `a"b`)q", R"q({app="api"} |= "a\"b")q"},
    {R"q({app="api"} |~ `\d+`)q", R"q({app="api"} |~ "\\d+")q"},
    {R"q({app="api"} |= "é日\n")q", R"q({app="api"} |= "é日\n")q"},
    {R"q({app="api"} |~ "a" != "b" |= "c" !~ "d")q",
     R"q({app="api"} |~ "a" != "b" |= "c" !~ "d")q"},
    {R"q({app="api"} |~ "(?i)err")q", R"q({app="api"} |~ "(?i)err")q"},
    {R"q({app="api"} |= "\u0000")q", R"q({app="api"} |= "\x00")q"},
    {R"q(rate( {app="api"} |= "x" [5m] ))q", R"q(rate({app="api"} |= "x"[5m]))q"},
    {R"q(rate(({app="api"} |= "x" [5m])))q", R"q(rate({app="api"} |= "x"[5m]))q"},
    {R"q(rate({app="api"}[1d]))q", R"q(rate({app="api"}[1d]))q"},
    {R"q(rate({app="api"}[7d]))q", R"q(rate({app="api"}[1w]))q"},
    {R"q(rate({app="api"}[500ms]))q", R"q(rate({app="api"}[500ms]))q"},
    {R"q(rate({app="api"}[5m] offset 1h30m))q", R"q(rate({app="api"}[5m] offset 1h30m0s))q"},
    {R"q(rate({app="api"}[5m] offset 1d))q", R"q(rate({app="api"}[5m] offset 24h0m0s))q"},
    {R"q(RATE({app="api"}[5m]))q", R"q(rate({app="api"}[5m]))q"},
    {R"q(count_over_time({app="api"}[5m]))q", R"q(count_over_time({app="api"}[5m]))q"},
    {R"q(sum(rate({app="api"}[5m])))q", R"q(sum(rate({app="api"}[5m])))q"},
    {R"q(sum(rate({app="api"}[5m])) by (a))q", R"q(sum by (a)(rate({app="api"}[5m])))q"},
    {R"q(sum by(a,b)(rate({app="api"}[5m])))q", R"q(sum by (a,b)(rate({app="api"}[5m])))q"},
    {R"q(sum without (a) (rate({app="api"}[5m])))q", R"q(sum without (a)(rate({app="api"}[5m])))q"},
    {R"q(sum without(a)(rate({app="api"}[5m])))q", R"q(sum without (a)(rate({app="api"}[5m])))q"},
    {R"q(sum by () (rate({app="api"}[5m])))q", R"q(sum(rate({app="api"}[5m])))q"},
    {R"q(sum without () (rate({app="api"}[5m])))q", R"q(sum without ()(rate({app="api"}[5m])))q"},
    {R"q(SUM BY (a) (rate({app="api"}[5m])))q", R"q(sum by (a)(rate({app="api"}[5m])))q"},
    {R"q(max(rate({app="api"}[5m])))q", R"q(max(rate({app="api"}[5m])))q"},
    {R"q(min(rate({app="api"}[5m])))q", R"q(min(rate({app="api"}[5m])))q"},
    {R"q((rate({app="api"}[5m])))q", R"q(rate({app="api"}[5m]))q"},
    {R"q((((sum(rate({app="api-gateway", namespace="production", cluster="eu-west-1"}[5m]))))))q",
     R"q(sum(rate({app="api-gateway", namespace="production", cluster="eu-west-1"}[5m])))q"},
    {R"q(bytes_over_time({app="x"} |= "a" or "b" or "c" [1h]))q",
     R"q(bytes_over_time({app="x"} |= "a" or "b" or "c"[1h]))q"},
};

// And the errors it gives.
constexpr Case kBad[] = {
    {R"q({app="api",})q",
     R"q(parse error at line 1, col 12: syntax error: unexpected }, expecting IDENTIFIER)q"},
    {R"q({)q",
     R"q(parse error at line 1, col 2: syntax error: unexpected $end, expecting IDENTIFIER or })q"},
    {R"q(})q", R"q(parse error at line 1, col 1: syntax error: unexpected })q"},
    {R"q()q", R"q(parse error : syntax error: unexpected $end)q"},
    {R"q({app=})q",
     R"q(parse error at line 1, col 6: syntax error: unexpected }, expecting STRING)q"},
    {R"q({app=api})q",
     R"q(parse error at line 1, col 6: syntax error: unexpected IDENTIFIER, expecting STRING)q"},
    {R"q({app="api")q",
     R"q(parse error at line 1, col 11: syntax error: unexpected $end, expecting } or ,)q"},
    {R"q({app="api"}})q", R"q(parse error at line 1, col 12: syntax error: unexpected })q"},
    {R"q({app='api'})q", R"q(parse error at line 1, col 6: invalid char literal)q"},
    {R"q({app='it\'s'})q", R"q(parse error at line 1, col 6: invalid char literal)q"},
    {R"q({app="\q"})q", R"q(parse error at line 1, col 6: invalid char escape)q"},
    {R"q({app="a
b"})q",
     R"q(parse error at line 1, col 6: literal not terminated)q"},
    {R"q({app=~"("})q", R"q(parse error : error parsing regexp: missing closing ): `(`)q"},
    {R"q({app=~"[a-"})q", R"q(parse error : error parsing regexp: missing closing ]: `[a-`)q"},
    {R"q({app=~"a{1001}"})q",
     R"q(parse error : error parsing regexp: invalid repeat count: `{1001}`)q"},
    {R"q({"app"="x"})q",
     R"q(parse error at line 1, col 2: syntax error: unexpected STRING, expecting IDENTIFIER or })q"},
    {R"q({1app="x"})q",
     R"q(parse error at line 1, col 2: syntax error: unexpected NUMBER, expecting IDENTIFIER or })q"},
    {R"q({app.x="y"})q",
     R"q(parse error at line 1, col 5: syntax error: unexpected ., expecting = or =~ or !~ or !=)q"},
    {R"q(# only comment)q", R"q(parse error at line 1, col 15: syntax error: unexpected $end)q"},
    {R"q(({app="api"})q", R"q(parse error at line 1, col 13: syntax error: unexpected $end)q"},
    {R"q({json="x"})q",
     R"q(parse error at line 1, col 2: syntax error: unexpected json, expecting IDENTIFIER or })q"},
    {R"q({on="x"})q",
     R"q(parse error at line 1, col 2: syntax error: unexpected on, expecting IDENTIFIER or })q"},
    {R"q({bool="x"})q",
     R"q(parse error at line 1, col 2: syntax error: unexpected bool, expecting IDENTIFIER or })q"},
    {R"q(foo)q", R"q(parse error at line 1, col 1: syntax error: unexpected IDENTIFIER)q"},
    {R"q(foo{app="x"})q", R"q(parse error at line 1, col 1: syntax error: unexpected IDENTIFIER)q"},
    {R"q({app="x"} extra)q",
     R"q(parse error at line 1, col 11: syntax error: unexpected IDENTIFIER)q"},
    {R"q({app="api"} |~ "\d+")q", R"q(parse error at line 1, col 16: invalid char escape)q"},
    {R"q({app="api"} !~ "[")q",
     R"q(parse error : stage '!~ "["' : error parsing regexp: missing closing ]: `[`)q"},
    {R"q({app="api"} |= x)q",
     R"q(parse error at line 1, col 16: syntax error: unexpected IDENTIFIER, expecting STRING or ip)q"},
    {R"q({app="api"} |= 5)q",
     R"q(parse error at line 1, col 16: syntax error: unexpected NUMBER, expecting STRING or ip)q"},
    {R"q({app="api"} |)q", R"q(parse error at line 1, col 14: syntax error: unexpected $end)q"},
    {R"q({app="api"} | "x")q",
     R"q(parse error at line 1, col 15: syntax error: unexpected STRING)q"},
    {R"q({app="api"} |= "x","y")q",
     R"q(parse error at line 1, col 19: syntax error: unexpected ,)q"},
    {R"q({app="api"} |== "x")q",
     R"q(parse error at line 1, col 15: syntax error: unexpected =, expecting STRING or ip)q"},
    {R"q({app="api"} |= "x" |)q",
     R"q(parse error at line 1, col 21: syntax error: unexpected $end)q"},
    {R"q({app="api"} | a and b)q",
     R"q(parse error at line 1, col 17: syntax error: unexpected and)q"},
    {R"q({app="api"} | a)q", R"q(parse error at line 1, col 16: syntax error: unexpected $end)q"},
    {R"q({app="api"} | not a="b")q",
     R"q(parse error at line 1, col 19: syntax error: unexpected IDENTIFIER)q"},
    {R"q({app="api"} | offset > 5)q",
     R"q(parse error at line 1, col 15: syntax error: unexpected offset)q"},
    {R"q({app="api"} | 5 > a)q",
     R"q(parse error at line 1, col 15: syntax error: unexpected NUMBER)q"},
    {R"q({app="api"} | "a" = "b")q",
     R"q(parse error at line 1, col 15: syntax error: unexpected STRING)q"},
    {R"q({app="api"} | a.b = "c")q",
     R"q(parse error at line 1, col 16: syntax error: unexpected .)q"},
    {R"q(rate({app="api"}))q", R"q(parse error at line 1, col 17: syntax error: unexpected ))q"},
    {R"q(rate({app="api"} offset 1h [5m]))q",
     R"q(parse error at line 1, col 18: syntax error: unexpected offset)q"},
    {R"q(rate({app="api"}[5m]) offset 1h)q",
     R"q(parse error at line 1, col 23: syntax error: unexpected offset)q"},
    {R"q(rate({app="api"}[5m] offset 1))q",
     R"q(parse error at line 1, col 29: syntax error: unexpected NUMBER, expecting DURATION)q"},
    {R"q(rate {app="api"}[5m])q",
     R"q(parse error at line 1, col 1: syntax error: unexpected IDENTIFIER)q"},
    {R"q(rate({app="api"}[5m])q",
     R"q(parse error at line 1, col 21: syntax error: unexpected $end, expecting ))q"},
    {R"q(count_over_time({app="api"}[5m]) by (a))q",
     R"q(parse error : grouping not allowed for count_over_time aggregation)q"},
    {R"q(count_over_time(5, {app="api"}[5m]))q",
     R"q(parse error : parameter 5 not supported for operation count_over_time)q"},
    {R"q(sum by (a,) (rate({app="api"}[5m])))q",
     R"q(parse error at line 1, col 11: syntax error: unexpected ), expecting IDENTIFIER)q"},
    {R"q(sum by a (rate({app="api"}[5m])))q",
     R"q(parse error at line 1, col 1: syntax error: unexpected IDENTIFIER)q"},
    {R"q(sum(5, rate({app="api"}[5m])))q",
     R"q(parse error : unsupported parameter for operation sum(5,)q"},
    {R"q(sum({app="api"}))q", R"q(parse error at line 1, col 16: syntax error: unexpected ))q"},
    {R"q(count_values("x", rate({app="api"}[5m])))q",
     R"q(parse error at line 1, col 1: syntax error: unexpected IDENTIFIER)q"},
    {R"q(group(rate({app="api"}[5m])))q",
     R"q(parse error at line 1, col 1: syntax error: unexpected IDENTIFIER)q"},
    {R"q(quantile(0.9, rate({app="api"}[5m])))q",
     R"q(parse error at line 1, col 1: syntax error: unexpected IDENTIFIER)q"},
    {R"q(label_join(rate({app="api"}[5m]),"a","b","c"))q",
     R"q(parse error at line 1, col 1: syntax error: unexpected IDENTIFIER)q"},
    {R"q(histogram_quantile(0.9,rate({app="api"}[5m])))q",
     R"q(parse error at line 1, col 1: syntax error: unexpected IDENTIFIER)q"},
    {R"q(* 1)q", R"q(parse error at line 1, col 1: syntax error: unexpected *)q"},
    {R"q(NaN)q", R"q(parse error at line 1, col 1: syntax error: unexpected IDENTIFIER)q"},
    {R"q(Inf)q", R"q(parse error at line 1, col 1: syntax error: unexpected IDENTIFIER)q"},
    {R"q("x")q", R"q(parse error at line 1, col 1: syntax error: unexpected STRING)q"},
    {R"q(rate({app="api"}[5m]) on(a) / rate({app="api"}[5m]))q",
     R"q(parse error at line 1, col 23: syntax error: unexpected on)q"},
    {R"q({app="a"} |= "x" != y)q",
     R"q(parse error at line 1, col 21: syntax error: unexpected IDENTIFIER, expecting STRING or ip)q"},
    {R"q(	{app="a"} x)q",
     R"q(parse error at line 1, col 12: syntax error: unexpected IDENTIFIER)q"},
    {R"q({a="b",c})q",
     R"q(parse error at line 1, col 9: syntax error: unexpected }, expecting = or =~ or !~ or !=)q"},
    {R"q({a="b",="c"})q",
     R"q(parse error at line 1, col 8: syntax error: unexpected =, expecting IDENTIFIER)q"},
    {R"q({a="b" or c="d"})q",
     R"q(parse error at line 1, col 8: syntax error: unexpected or, expecting } or ,)q"},
    {R"q({a=~"x" and b="y"})q",
     R"q(parse error at line 1, col 9: syntax error: unexpected and, expecting } or ,)q"},
};

std::string Error(std::string_view query, ParseOptions options = {}) {
  const auto expr = Parse(query, options);
  return expr.ok() ? "no error" : expr.status().message();
}

TEST(Parse, PrintsAsLokiDoes) {
  for (const auto& [query, answer] : kGood) {
    const auto expr = Parse(query);
    ASSERT_TRUE(expr.ok()) << query << "\n" << expr.status().message();
    EXPECT_EQ(ToString(*expr), answer);
    const auto again = Parse(ToString(*expr));
    ASSERT_TRUE(again.ok()) << ToString(*expr);
    EXPECT_EQ(ToString(*again), answer);
  }
}

TEST(Parse, RefusesInLokisWords) {
  for (const auto& [query, answer] : kBad) {
    const std::string error = Error(query);
    EXPECT_EQ(FirstLine(error), answer) << query;
    EXPECT_EQ(Parse(query).status().code(), Code::kUsage);
  }
}

TEST(Parse, ShowsTheLineOfTheQueryAndACaret) {
  EXPECT_EQ(
      Error("{app=\"x\"}\n\t|= é"),
      "parse error at line 2, col 5: syntax error: unexpected IDENTIFIER, expecting STRING or "
      "ip\n\t|= é\n\t   ^");
  EXPECT_EQ(Error("{é=\"ü\", b}"),
            "parse error at line 1, col 10: syntax error: unexpected }, expecting = or =~ or !~ or "
            "!=\n{é=\"ü\", b}\n         ^");
  EXPECT_EQ(Error("{a=~\"[\"}"),
            "parse error : error parsing regexp: missing closing ]: `[`\n{a=~\"[\"}\n    ^");
  EXPECT_EQ(Error("{a='x'}"),
            "parse error at line 1, col 4: invalid char literal\n{a='x'}\n   ^\n"
            "LogQL's strings stand in \"…\" or in `…`");
}

TEST(Parse, ShowsAPartOfALongLine) {
  const std::string query = "{a=\"" + std::string(500, 'x') + "\"} y";
  EXPECT_EQ(Error(query), "parse error at line 1, col 508: syntax error: unexpected IDENTIFIER\n…" +
                              std::string(77, 'x') + "\"} y\n" + std::string(81, ' ') + "^");
}

TEST(Parse, NamesWhatGlpHasNot) {
  EXPECT_NE(Error(R"(variants(rate({a="b"}[1m])) of ({a="b"}[1m]))")
                .find("col 1: `variants` is not supported; ask for each of its metrics"),
            std::string::npos);
}

TEST(Parse, SaysWhereAnUnwrapBelongs) {
  const std::string error = Error(R"({a="b"} | json | unwrap x)");
  EXPECT_EQ(FirstLine(error), "parse error at line 1, col 18: syntax error: unexpected unwrap");
  EXPECT_NE(error.find("\nunwrap stands in a range aggregation"), std::string::npos);
}

// Loki prints group_left without its parentheses, and then takes those of the operand for them.
TEST(Parse, PrintsManyToOneSoThatItReadsBack) {
  const std::string query = R"((rate({a="b"}[1m]) / on (a) group_left () (rate({a="b"}[1m]) + 1)))";
  const auto expr = Parse(query);
  ASSERT_TRUE(expr.ok()) << expr.status().message();
  EXPECT_EQ(ToString(*expr), query);
}

TEST(Parse, RefusesWhatAnAggregationDoesNotTake) {
  const Case kCases[] = {
      {R"(sort(rate({a="b"}[1m])) by (c))", "sort and sort_desc doesn't allow grouping by "},
      {R"(approx_topk by (c) (2, rate({a="b"}[1m])))",
       "grouping not allowed for approx_topk aggregation"},
      {R"(rate_counter({a="b"}[1m]))", "invalid aggregation rate_counter without unwrap"},
      {R"(bytes_rate({a="b"} | unwrap c [1m]))", "invalid aggregation bytes_rate with unwrap"},
      {R"(sum_over_time({a="b"} | unwrap c [1m]) by (d))",
       "grouping not allowed for sum_over_time aggregation"},
      {R"(bottomk(rate({a="b"}[1m])))", "parameter required for operation bottomk"},
      {R"(vector(1) or 2)",
       "unexpected literal for right leg of logical/set binary operation (or): 2.000000"},
      {R"(1 + {a="b"})",
       "unexpected type for right leg of binary operation (+): "
       "*syntax.MatchersExpr"},
      {R"(label_replace(vector(1), "a", "b", "c", "("))",
       "error parsing regexp: missing closing ): `(`"},
  };
  for (const auto& [query, answer] : kCases) {
    EXPECT_EQ(FirstLine(Error(query)), "parse error : " + std::string(answer)) << query;
  }
  EXPECT_EQ(Error(R"(sort by () (rate({a="b"}[1m])))"), "no error");
}

TEST(Parse, LimitsOperators) {
  std::string sum = "rate({a=\"b\"}[1m])", numbers = "1";
  for (int i = 0; i < 1000; ++i) sum += "+rate({a=\"b\"}[1m])";
  EXPECT_EQ(Error(sum), "no error");
  EXPECT_EQ(FirstLine(Error(sum + "+1")), "parse error : more than 1000 operators");
  EXPECT_EQ(Error(numbers + "^2^2^2"), "no error");
  for (int i = 0; i < 900; ++i) numbers += "^1";
  EXPECT_EQ(FirstLine(Error(numbers)), "parse error : the query is nested too deeply");
}

TEST(Parse, ReadsGosEscapes) {
  const auto log = ParseLogQuery(R"({a="\x41\102\u00e9\U0001F600\a\n\"\\"} |= `a\n"b`)");
  ASSERT_TRUE(log.ok()) << log.status().message();
  EXPECT_EQ(log->matchers[0].value, "ABé😀\a\n\"\\");
  EXPECT_EQ(std::get<LineFilter>(log->stages[0]).alternatives[0].text, "a\\n\"b");
  const auto bytes = ParseLogQuery(R"({a="b"} |= "\xff\x00")");
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(std::get<LineFilter>(bytes->stages[0]).alternatives[0].text,
            std::string_view("\xff\0", 2));
  for (const char* bad : {R"({a="\x4"})", R"({a="\400"})", R"({a="\ud800"})", R"({a="\'"})",
                          R"({a="\U00110000"})", R"({a="\")"}) {
    EXPECT_NE(Error(bad), "no error") << bad;
  }
}

TEST(Parse, ReadsRangesOffsetsAndGroupings) {
  const auto expr = Parse(
      "sum without (a, b) (max by (c) (bytes_rate(({x=\"y\"} [1h30m] offset -2m |= \"z\"))))");
  ASSERT_TRUE(expr.ok()) << expr.status().message();
  const auto& sum = std::get<VectorAggregation>(std::get<MetricExpr>(*expr).node);
  EXPECT_EQ(sum.op, VectorAggregation::Op::kSum);
  EXPECT_TRUE(sum.grouping->without);
  EXPECT_EQ(sum.grouping->names, (std::vector<std::string>{"a", "b"}));
  const auto& max = std::get<VectorAggregation>(sum.inner->node);
  EXPECT_FALSE(max.grouping->without);
  const auto& range = std::get<RangeAggregation>(max.inner->node);
  EXPECT_EQ(range.op, RangeAggregation::Op::kBytesRate);
  EXPECT_EQ(range.range_ns, int64_t{5400} * 1'000'000'000);
  EXPECT_EQ(range.offset_ns, int64_t{-120} * 1'000'000'000);
  EXPECT_EQ(range.log.stages.size(), 1u);
  EXPECT_TRUE(Parse("rate(({x=\"y\"} |= \"z\")[5m])").ok());
  for (const char* bad : {"rate({x=\"y\"}[0s])", "rate({x=\"y\"}[5m1h])", "rate({x=\"y\"}[1.5h])",
                          "rate({x=\"y\"}[99999999999y])",
                          "sum by (a) (rate({x=\"y\"}[1m])) by (b)", "rate({x=\"y\"}[5m][5m])"}) {
    EXPECT_NE(Error(bad), "no error") << bad;
  }
}

TEST(Parse, EmptySelectorsAreTheCallersChoice) {
  const ParseOptions local = {.allow_empty_selector = true};
  for (const char* query : {"{}", "{a=~\".*\"}", "{a=\"\"}", "{a!=\"x\"}", "rate({}[5m])",
                            "sum(rate({a!~\"x\"} |= \"y\" [5m]))"}) {
    EXPECT_EQ(Error(query),
              "parse error : queries require at least one regexp or equality matcher that does not "
              "have an empty-compatible value. For instance, app=~\".*\" does not meet this "
              "requirement, but app=~\".+\" will");
    EXPECT_EQ(Error(query, local), "no error");
  }
  EXPECT_EQ(Error("{a=~\".+\", b!=\"c\"}"), "no error");
}

TEST(Parse, APipelineAloneIsTheCallersChoice) {
  const ParseOptions options = {.allow_empty_selector = true, .allow_no_selector = true};
  for (const char* query : {"|= \"x\"", "!= \"x\" |~ \"y\"", "# c\n|= `x`"}) {
    EXPECT_NE(Error(query), "no error");
    EXPECT_EQ(Error(query, options), "no error");
  }
  EXPECT_EQ(Error("| json | status >= 500", options), "no error");
  EXPECT_NE(Error("(|= \"x\")", options), "no error");
}

TEST(Parse, ALogQueryIsNoOperand) {
  EXPECT_EQ(FirstLine(Error("{a=\"b\"} > 5")),
            "parse error : unexpected type for left leg of binary operation (>): "
            "*syntax.MatchersExpr");
  EXPECT_EQ(FirstLine(Error("({a=\"b\"} | json) / {a=\"b\"}")),
            "parse error : unexpected type for left leg of binary operation (/): "
            "*syntax.PipelineExpr");
  EXPECT_EQ(FirstLine(Error("{a=\"b\"} >")),
            "parse error at line 1, col 10: syntax error: unexpected $end");
}

TEST(Parse, ALogQueryIsNoMetric) {
  EXPECT_FALSE(ParseLogQuery("rate({a=\"b\"}[5m])").ok());
  EXPECT_TRUE(ParseLogQuery("({a=\"b\"} |= \"x\")").ok());
}

TEST(ParseSelector, TakesSelectorsOnly) {
  const auto matchers = ParseSelector("{ a=\"b\", c !~ \"d\" } # x");
  ASSERT_TRUE(matchers.ok());
  EXPECT_EQ(ToString(*matchers), "{a=\"b\", c!~\"d\"}");
  EXPECT_TRUE(ParseSelector("{}").ok());
  EXPECT_FALSE(ParseSelector("").ok());
  EXPECT_FALSE(ParseSelector("{a=\"b\"} |= \"x\"").ok());
  EXPECT_FALSE(ParseSelector("rate({a=\"b\"}[1m])").ok());
}

TEST(Parse, LimitsSizeAndDepth) {
  EXPECT_EQ(Error(std::string(kMaxQueryBytes + 1, ' ')),
            "parse error : input size too long (131073 > 131072)");
  const auto nested = [](size_t depth) {
    return std::string(depth, '(') + "{a=\"b\"}" + std::string(depth, ')');
  };
  EXPECT_EQ(Error(nested(200)), "no error");
  EXPECT_EQ(FirstLine(Error(nested(60000))), "parse error : the query is nested too deeply");
  EXPECT_EQ(FirstLine(Error("rate(" + std::string(60000, '('))),
            "parse error : the query is nested too deeply");
  std::string sums;
  for (int i = 0; i < 20000; ++i) sums += "sum(";
  EXPECT_EQ(FirstLine(Error(sums)), "parse error : the query is nested too deeply");
  EXPECT_EQ(Error("{a=\"\xff\"}"), "parse error : invalid UTF-8 encoding");
}

// Any text gives a tree that reads back as itself, or an error with its place.
TEST(Parse, SurvivesDamagedQueries) {
  std::mt19937 random(7);
  const std::string_view kPieces = "{}()[]|=!~\"`'\\,#\n 5mabyor.+-\xc3\xa9";
  constexpr std::string_view kStages[] = {
      R"q({a="b"} | json x="y[0].z", w | status >= 500 or size > 2.5MB, took != -1h30m)q",
      R"q({a="b"} |= ip("10.0.0.0/8") or "x" | logfmt --strict --keep-empty | addr!=ip("::1"))q",
      R"q({a="b"} |> "<_> x" | pattern "<a> <_>" | regexp "(?P<x>.)" | unpack | decolorize)q",
      R"q({a="b"} | label_format x=y, z="w" | drop a, b=~"c" | keep d | line_format "e")q",
      R"q(quantile_over_time(0.5, {a="b"} | unwrap bytes(c) | d>2 [5m] offset 1h) by (e))q",
      R"q(topk(3, rate({a="b"}[1m]) + 2 ^ -1) > bool on (a) group_left (b) vector(1.5))q",
      R"q(label_replace(absent_over_time(({a="b"} | unwrap x)[1m]), "a", "$1", "b", ".*") or vector(1))q"};
  for (int i = 0; i < 30000; ++i) {
    std::string query(i % 2 == 0 ? kGood[random() % std::size(kGood)].query
                                 : kStages[random() % std::size(kStages)]);
    for (int edits = 1 + random() % 3; edits > 0; --edits) {
      const size_t at = random() % query.size();
      switch (random() % 3) {
        case 0:
          query[at] = kPieces[random() % kPieces.size()];
          break;
        case 1:
          query.insert(at, 1, kPieces[random() % kPieces.size()]);
          break;
        default:
          query.erase(at, 1 + random() % 4);
      }
      if (query.empty()) query = "x";
    }
    const auto expr = Parse(query);
    if (!expr.ok()) {
      EXPECT_EQ(expr.status().message().substr(0, 12), "parse error ") << query;
      continue;
    }
    const std::string text = ToString(*expr);
    const auto again = Parse(text);
    ASSERT_TRUE(again.ok()) << query << "\n" << text << "\n" << again.status().message();
    EXPECT_EQ(ToString(*again), text);
  }
}

}  // namespace
}  // namespace glp::logql
