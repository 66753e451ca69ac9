// What a refused query says: whole messages. Loki's words come first, then the query's line with a
// caret, then what may have been meant.

#include <gtest/gtest.h>

#include <string>

#include "logql/parser.h"

namespace glp::logql {
namespace {

TEST(ParseErrors, PointAtThePlace) {
  const struct {
    const char *query, *message;
  } kCases[] = {
      {"", "parse error : syntax error: unexpected $end"},
      {"   # only this\n",
       "parse error at line 2, col 1: syntax error: unexpected $end\n"
       "\n"
       "^"},
      {"{",
       "parse error at line 1, col 2: syntax error: unexpected $end, expecting IDENTIFIER or }\n"
       "{\n"
       " ^"},
      {"{}",
       "parse error : queries require at least one regexp or equality matcher that does not have "
       "an empty-compatible value. For instance, app=~\".*\" does not meet this requirement, but "
       "app=~\".+\" will"},
      {"{a}",
       "parse error at line 1, col 3: syntax error: unexpected }, expecting = or =~ or !~ or !=\n"
       "{a}\n"
       "  ^"},
      {"{a=}",
       "parse error at line 1, col 4: syntax error: unexpected }, expecting STRING\n"
       "{a=}\n"
       "   ^"},
      {"{a=\"b\"",
       "parse error at line 1, col 7: syntax error: unexpected $end, expecting } or ,\n"
       "{a=\"b\"\n"
       "      ^"},
      {"{a=\"b\",}",
       "parse error at line 1, col 8: syntax error: unexpected }, expecting IDENTIFIER\n"
       "{a=\"b\",}\n"
       "       ^"},
      {"{a=\"b\" c=\"d\"}",
       "parse error at line 1, col 8: syntax error: unexpected IDENTIFIER, expecting } or ,\n"
       "{a=\"b\" c=\"d\"}\n"
       "       ^"},
      {"{a=b}",
       "parse error at line 1, col 4: syntax error: unexpected IDENTIFIER, expecting STRING\n"
       "{a=b}\n"
       "   ^"},
      {"{a='b'}",
       "parse error at line 1, col 4: invalid char literal\n"
       "{a='b'}\n"
       "   ^\n"
       "LogQL's strings stand in \"…\" or in `…`"},
      {"{a=\"b}",
       "parse error at line 1, col 4: literal not terminated\n"
       "{a=\"b}\n"
       "   ^"},
      {"{a=\"\\q\"}",
       "parse error at line 1, col 4: invalid char escape\n"
       "{a=\"\\q\"}\n"
       "   ^"},
      {"{a=~\"(\"}",
       "parse error : error parsing regexp: missing closing ): `(`\n"
       "{a=~\"(\"}\n"
       "    ^"},
      {"{a=~\"x{1001}\"}",
       "parse error : error parsing regexp: invalid repeat count: `{1001}`\n"
       "{a=~\"x{1001}\"}\n"
       "    ^"},
      {"{a=~\"(x{1000}){1000}\"}",
       "parse error : error parsing regexp: invalid repeat count: `{1000}`\n"
       "{a=~\"(x{1000}){1000}\"}\n"
       "    ^"},
      {"{a=\"b\"} |",
       "parse error at line 1, col 10: syntax error: unexpected $end\n"
       "{a=\"b\"} |\n"
       "         ^"},
      {"{a=\"b\"} | |",
       "parse error at line 1, col 11: syntax error: unexpected |\n"
       "{a=\"b\"} | |\n"
       "          ^"},
      {"{a=\"b\"} |= ",
       "parse error at line 1, col 12: syntax error: unexpected $end, expecting STRING or ip\n"
       "{a=\"b\"} |= \n"
       "           ^"},
      {"{a=\"b\"} |= x",
       "parse error at line 1, col 12: syntax error: unexpected IDENTIFIER, expecting STRING or "
       "ip\n"
       "{a=\"b\"} |= x\n"
       "           ^"},
      {"{a=\"b\"} |= \"x\" or",
       "parse error at line 1, col 18: syntax error: unexpected $end, expecting STRING or ip\n"
       "{a=\"b\"} |= \"x\" or\n"
       "                 ^"},
      {"{a=\"b\"} |~ \"[\"",
       "parse error : stage '|~ \"[\"' : error parsing regexp: missing closing ]: `[`\n"
       "{a=\"b\"} |~ \"[\"\n"
       "           ^"},
      {"{a=\"b\"} |~ ip(\"1.2.3.4\")",
       "parse error : stage '|~ ip(\"1.2.3.4\")' : ip: invalid operation\n"
       "{a=\"b\"} |~ ip(\"1.2.3.4\")\n"
       "           ^"},
      {"{a=\"b\"} |= ip(\"x\")",
       "parse error : stage '|= ip(\"x\")' : ip: invalid pattern: \"x\"\n"
       "{a=\"b\"} |= ip(\"x\")\n"
       "           ^"},
      {"{a=\"b\"} |> \"<_><_>\"",
       "parse error : stage '|> \"<_><_>\"' : found consecutive capture '<_><_>': invalid "
       "expression\n"
       "{a=\"b\"} |> \"<_><_>\"\n"
       "           ^"},
      {"{a=\"b\"} |> \"<x>\"",
       "parse error : stage '|> \"<x>\"' : named captures are not allowed: found '<x>'\n"
       "{a=\"b\"} |> \"<x>\"\n"
       "           ^"},
      {"{a=\"b\"} | jsn",
       "parse error at line 1, col 14: syntax error: unexpected $end\n"
       "{a=\"b\"} | jsn\n"
       "             ^\n"
       "unknown stage 'jsn'; did you mean json?"},
      {"{a=\"b\"} | logfmt2 a",
       "parse error at line 1, col 19: syntax error: unexpected IDENTIFIER\n"
       "{a=\"b\"} | logfmt2 a\n"
       "                  ^\n"
       "unknown stage 'logfmt2'; did you mean logfmt?"},
      {"{a=\"b\"} | lineformat \"x\"",
       "parse error at line 1, col 22: syntax error: unexpected STRING\n"
       "{a=\"b\"} | lineformat \"x\"\n"
       "                     ^\n"
       "unknown stage 'lineformat'; did you mean line_format?"},
      {"{a=\"b\"} | whatever",
       "parse error at line 1, col 19: syntax error: unexpected $end\n"
       "{a=\"b\"} | whatever\n"
       "                  ^"},
      {"{a=\"b\"} | json x=",
       "parse error at line 1, col 18: syntax error: unexpected $end, expecting STRING\n"
       "{a=\"b\"} | json x=\n"
       "                 ^"},
      {"{a=\"b\"} | json x=\"a..b\"",
       "parse error : stage '| json x=\"a..b\"' : cannot parse expression [a..b]: syntax error: "
       "unexpected DOT, expecting FIELD\n"
       "{a=\"b\"} | json x=\"a..b\"\n"
       "               ^"},
      {"{a=\"b\"} | logfmt --strct",
       "parse error at line 1, col 20: syntax error: unexpected IDENTIFIER, expecting NUMBER\n"
       "{a=\"b\"} | logfmt --strct\n"
       "                   ^"},
      {"{a=\"b\"} | regexp \"x\"",
       "parse error : invalid regexp parser: at least one named capture must be supplied\n"
       "{a=\"b\"} | regexp \"x\"\n"
       "                 ^"},
      {"{a=\"b\"} | regexp \"(\"",
       "parse error : invalid regexp parser: error parsing regexp: missing closing ): `(`\n"
       "{a=\"b\"} | regexp \"(\"\n"
       "                 ^"},
      {"{a=\"b\"} | pattern \"x\"",
       "parse error : invalid pattern parser: at least one capture is required\n"
       "{a=\"b\"} | pattern \"x\"\n"
       "                  ^"},
      {"{a=\"b\"} | pattern \"<a><b>\"",
       "parse error : invalid pattern parser: found consecutive capture '<a><b>': invalid "
       "expression\n"
       "{a=\"b\"} | pattern \"<a><b>\"\n"
       "                  ^"},
      {"{a=\"b\"} | unpack x",
       "parse error at line 1, col 18: syntax error: unexpected IDENTIFIER\n"
       "{a=\"b\"} | unpack x\n"
       "                 ^"},
      {"{a=\"b\"} | line_format x",
       "parse error at line 1, col 23: syntax error: unexpected IDENTIFIER, expecting STRING\n"
       "{a=\"b\"} | line_format x\n"
       "                      ^"},
      {"{a=\"b\"} | line_format \"{{.x\"",
       "parse error : stage '| line_format \"{{.x\"' : invalid line template: template: line:1: "
       "unclosed action\n"
       "{a=\"b\"} | line_format \"{{.x\"\n"
       "                      ^"},
      {"{a=\"b\"} | label_format a",
       "parse error at line 1, col 25: syntax error: unexpected $end, expecting =\n"
       "{a=\"b\"} | label_format a\n"
       "                        ^"},
      {"{a=\"b\"} | label_format a=\"1\",a=\"2\"",
       "parse error : stage '| label_format a=\"1\",a=\"2\"' : multiple label name 'a' not allowed "
       "in a single format operation\n"
       "{a=\"b\"} | label_format a=\"1\",a=\"2\"\n"
       "                       ^"},
      {"{a=\"b\"} | label_format __error__=\"1\"",
       "parse error : stage '| label_format __error__=\"1\"' : __error__ cannot be formatted\n"
       "{a=\"b\"} | label_format __error__=\"1\"\n"
       "                       ^"},
      {"{a=\"b\"} | drop",
       "parse error at line 1, col 15: syntax error: unexpected $end, expecting IDENTIFIER\n"
       "{a=\"b\"} | drop\n"
       "              ^"},
      {"{a=\"b\"} | keep a,",
       "parse error at line 1, col 18: syntax error: unexpected $end, expecting IDENTIFIER\n"
       "{a=\"b\"} | keep a,\n"
       "                 ^"},
      {"{a=\"b\"} | distinct",
       "parse error at line 1, col 19: syntax error: unexpected $end\n"
       "{a=\"b\"} | distinct\n"
       "                  ^"},
      {"{a=\"b\"} | distinct a,1",
       "parse error at line 1, col 22: syntax error: unexpected NUMBER, expecting IDENTIFIER\n"
       "{a=\"b\"} | distinct a,1\n"
       "                     ^"},
      {"{a=\"b\"} | c > ",
       "parse error at line 1, col 15: syntax error: unexpected $end\n"
       "{a=\"b\"} | c > \n"
       "              ^"},
      {"{a=\"b\"} | c > x",
       "parse error at line 1, col 15: syntax error: unexpected IDENTIFIER\n"
       "{a=\"b\"} | c > x\n"
       "              ^"},
      {"{a=\"b\"} | c > -5m5",
       "parse error at line 1, col 19: syntax error: unexpected $end\n"
       "{a=\"b\"} | c > -5m5\n"
       "                  ^"},
      {"{a=\"b\"} | c == \"x\"",
       "parse error at line 1, col 16: syntax error: unexpected STRING\n"
       "{a=\"b\"} | c == \"x\"\n"
       "               ^"},
      {"{a=\"b\"} | (c=\"x\"",
       "parse error at line 1, col 17: syntax error: unexpected $end\n"
       "{a=\"b\"} | (c=\"x\"\n"
       "                ^"},
      {"{a=\"b\"} | c=\"x\" or",
       "parse error at line 1, col 19: syntax error: unexpected $end, expecting IDENTIFIER or (\n"
       "{a=\"b\"} | c=\"x\" or\n"
       "                  ^"},
      {"{a=\"b\"} | c=\"x\" and and",
       "parse error at line 1, col 21: syntax error: unexpected and, expecting IDENTIFIER or (\n"
       "{a=\"b\"} | c=\"x\" and and\n"
       "                    ^"},
      {"{a=\"b\"} | c=ip(\"300.1.1.1\")",
       "parse error : stage '| c=ip(\"300.1.1.1\")' : ip: invalid pattern: \"300.1.1.1\"\n"
       "{a=\"b\"} | c=ip(\"300.1.1.1\")\n"
       "           ^"},
      {"{a=\"b\"} | unwrap c",
       "parse error at line 1, col 11: syntax error: unexpected unwrap\n"
       "{a=\"b\"} | unwrap c\n"
       "          ^\n"
       "unwrap stands in a range aggregation, sum_over_time({…} | unwrap x [5m])"},
      {"rate({a=\"b\"})",
       "parse error at line 1, col 13: syntax error: unexpected )\n"
       "rate({a=\"b\"})\n"
       "            ^"},
      {"rate({a=\"b\"}[5])",
       "parse error at line 1, col 13: not a valid duration string: \"5\"\n"
       "rate({a=\"b\"}[5])\n"
       "            ^"},
      {"rate({a=\"b\"}[5m)",
       "parse error at line 1, col 13: missing closing ']' in duration\n"
       "rate({a=\"b\"}[5m)\n"
       "            ^"},
      {"rate({a=\"b\"}[0s])",
       "parse error : a range must be longer than zero\n"
       "rate({a=\"b\"}[0s])\n"
       "     ^"},
      {"rate({a=\"b\"}[5m] offset)",
       "parse error at line 1, col 24: syntax error: unexpected ), expecting DURATION\n"
       "rate({a=\"b\"}[5m] offset)\n"
       "                       ^"},
      {"rte({a=\"b\"}[5m])",
       "parse error at line 1, col 1: syntax error: unexpected IDENTIFIER\n"
       "rte({a=\"b\"}[5m])\n"
       "^\n"
       "unknown function 'rte'; did you mean rate?"},
      {"count_over_tim({a=\"b\"}[5m])",
       "parse error at line 1, col 1: syntax error: unexpected IDENTIFIER\n"
       "count_over_tim({a=\"b\"}[5m])\n"
       "^\n"
       "unknown function 'count_over_tim'; did you mean count_over_time?"},
      {"sum by (a (rate({a=\"b\"}[5m]))",
       "parse error at line 1, col 11: syntax error: unexpected (, expecting ) or ,\n"
       "sum by (a (rate({a=\"b\"}[5m]))\n"
       "          ^"},
      {"sumby(rate({a=\"b\"}[5m]))",
       "parse error at line 1, col 1: syntax error: unexpected IDENTIFIER\n"
       "sumby(rate({a=\"b\"}[5m]))\n"
       "^\n"
       "unknown function 'sumby'; did you mean sum?"},
      {"topk(rate({a=\"b\"}[5m]))",
       "parse error : parameter required for operation topk\n"
       "topk(rate({a=\"b\"}[5m]))\n"
       "    ^"},
      {"topk(0, rate({a=\"b\"}[5m]))",
       "parse error : invalid parameter (must be greater than 0) topk(0\n"
       "topk(0, rate({a=\"b\"}[5m]))\n"
       "     ^"},
      {"topk(1.5, rate({a=\"b\"}[5m]))",
       "parse error : invalid parameter topk(1.5,\n"
       "topk(1.5, rate({a=\"b\"}[5m]))\n"
       "     ^"},
      {"sum_over_time({a=\"b\"}[5m])",
       "parse error : invalid aggregation sum_over_time without unwrap\n"
       "sum_over_time({a=\"b\"}[5m])\n"
       "              ^"},
      {"rate({a=\"b\"}[5m]) by (x)",
       "parse error : grouping not allowed for rate aggregation\n"
       "rate({a=\"b\"}[5m]) by (x)\n"
       "                  ^"},
      {"quantile_over_time({a=\"b\"} | unwrap x [5m])",
       "parse error : parameter required for operation quantile_over_time\n"
       "quantile_over_time({a=\"b\"} | unwrap x [5m])\n"
       "                   ^"},
      {"1 +",
       "parse error at line 1, col 4: syntax error: unexpected $end\n"
       "1 +\n"
       "   ^"},
      {"1 and 2",
       "parse error : unexpected literal for left leg of logical/set binary operation (and): "
       "1.000000"},
      {"{a=\"b\"} + 1",
       "parse error : unexpected type for left leg of binary operation (+): *syntax.MatchersExpr"},
      {"rate({a=\"b\"}[5m]) or 1",
       "parse error : unexpected literal for right leg of logical/set binary operation (or): "
       "1.000000"},
      {"label_replace(rate({a=\"b\"}[5m]), \"a\", \"b\", \"c\", \"(\")",
       "parse error : error parsing regexp: missing closing ): `(`\n"
       "label_replace(rate({a=\"b\"}[5m]), \"a\", \"b\", \"c\", \"(\")\n"
       "                                                ^"},
      {"vector(x)",
       "parse error at line 1, col 8: syntax error: unexpected IDENTIFIER, expecting NUMBER\n"
       "vector(x)\n"
       "       ^"},
      {"sum(",
       "parse error at line 1, col 5: syntax error: unexpected $end\n"
       "sum(\n"
       "    ^"},
      {"()",
       "parse error at line 1, col 2: syntax error: unexpected )\n"
       "()\n"
       " ^"},
      {"1 2",
       "parse error at line 1, col 3: syntax error: unexpected NUMBER\n"
       "1 2\n"
       "  ^"},
      {"{a=\"b\"} 5",
       "parse error at line 1, col 9: syntax error: unexpected NUMBER\n"
       "{a=\"b\"} 5\n"
       "        ^"},
      {"{a=\"b\"} @ 5",
       "parse error at line 1, col 9: syntax error: unexpected @\n"
       "{a=\"b\"} @ 5\n"
       "        ^"},
      {"\xEF\xBB\xBF"
       "{a=\"b\"",
       "parse error at line 1, col 8: syntax error: unexpected $end, expecting } or ,\n"
       "\xEF\xBB\xBF"
       "{a=\"b\"\n"
       "       ^"},
      {"{a=\"b\"} \001",
       "parse error at line 1, col 9: syntax error: unexpected \001\n"
       "{a=\"b\"} \001\n"
       "        ^"},
      {"{a=\"b\"} |= \"x\" |= 5 # \"",
       "parse error at line 1, col 19: syntax error: unexpected NUMBER, expecting STRING or ip\n"
       "{a=\"b\"} |= \"x\" |= 5 # \"\n"
       "                  ^"},
      {"{a=\"b\"} | c > 1e999",
       "parse error : unable to parse literal as a float: strconv.ParseFloat: parsing \"1e999\": "
       "value out of range\n"
       "{a=\"b\"} | c > 1e999\n"
       "              ^"},
      {"{a=\"b\"} | c > 9999999999999h",
       "parse error at line 1, col 29: syntax error: unexpected $end\n"
       "{a=\"b\"} | c > 9999999999999h\n"
       "                            ^"},
      {"rate({a=\"b\"}[99999999999w])",
       "parse error at line 1, col 13: duration out of range\n"
       "rate({a=\"b\"}[99999999999w])\n"
       "            ^"},
      {"{a=\"b\"} | c > 0x",
       "parse error at line 1, col 15: hexadecimal literal has no digits\n"
       "{a=\"b\"} | c > 0x\n"
       "              ^"},
      {"vector(1e400)",
       "parse error : unable to parse vectorExpr as a float: strconv.ParseFloat: parsing "
       "\"1e400\": value out of range\n"
       "vector(1e400)\n"
       "       ^"},
      {"{a=\"\\ud800\"}",
       "parse error at line 1, col 4: invalid char escape\n"
       "{a=\"\\ud800\"}\n"
       "   ^"},
      {"{a=\"b\"}\r\n|= \"x\"\r\n| jsn",
       "parse error at line 3, col 6: syntax error: unexpected $end\n"
       "| jsn\n"
       "     ^\n"
       "unknown stage 'jsn'; did you mean json?"},
      {"{a=\"b\"}\n# comment | json\n| c >",
       "parse error at line 3, col 6: syntax error: unexpected $end\n"
       "| c >\n"
       "     ^"},
      {"{a=\"é\"} |= ü",
       "parse error at line 1, col 12: syntax error: unexpected IDENTIFIER, expecting STRING or "
       "ip\n"
       "{a=\"é\"} |= ü\n"
       "           ^"},
      {"variants(rate({a=\"b\"}[5m])) of ({a=\"b\"}[5m])",
       "parse error at line 1, col 1: `variants` is not supported; ask for each of its metrics in "
       "a query of its own\n"
       "variants(rate({a=\"b\"}[5m])) of ({a=\"b\"}[…\n"
       "^"},
  };
  for (const auto& c : kCases) {
    const auto expr = Parse(c.query);
    ASSERT_FALSE(expr.ok()) << c.query;
    EXPECT_EQ(expr.status().code(), Code::kUsage) << c.query;
    EXPECT_EQ(expr.status().message(), c.message);
  }
}

TEST(ParseErrors, TakeWhatEditorsWrite) {
  for (const char* query :
       {"\xEF\xBB\xBF{a=\"b\"} | json", "{a=\"b\"}\r\n# a comment\r\n| json\r\n",
        "# first\n{a=\"b\"} # behind\n | json # at the end", "\t{a=\"b\"}\t|\tjson\t"}) {
    const auto expr = Parse(query);
    ASSERT_TRUE(expr.ok()) << query << expr.status().message();
    EXPECT_EQ(ToString(*expr), "{a=\"b\"} | json");
  }
}

TEST(ParseErrors, ZeroBytesAndBadTextAreRefused) {
  using namespace std::string_view_literals;
  for (const std::string_view query :
       {"{a=\"b\"}\0"sv, "\0"sv, "{a\0=\"b\"}"sv, "{a=\"\xFF\"}"sv, "{a=\"b\"} | \xC3"sv}) {
    EXPECT_FALSE(Parse(query).ok());
  }
  // Inside of a string it is a byte like any other.
  EXPECT_TRUE(Parse("{a=\"b\"} |= \"x\0y\""sv).ok());
}

std::string Repeated(const std::string& front, const std::string& part, int count) {
  std::string out = front;
  for (int i = 0; i < count; ++i) out += part;
  return out;
}

TEST(ParseErrors, LimitStagesAndExpressions) {
  const auto first = [](const std::string& query) {
    const auto expr = Parse(query);
    return expr.ok() ? "" : std::string(FirstLine(expr.status().message()));
  };
  EXPECT_EQ(first(Repeated("{a=\"b\"}", " | json", 1000)), "");
  EXPECT_EQ(first(Repeated("{a=\"b\"}", " | json", 1001)), "parse error : more than 1000 stages");
  EXPECT_EQ(first(Repeated("{a=\"b\"} |~ `x`", " or `x`", 999)), "");
  EXPECT_EQ(first(Repeated("{a=\"b\"} |~ `x`", " or `x`", 1000)),
            "parse error : more than 1000 regular expressions in one filter");
  // Lists of literals are cheap.
  EXPECT_EQ(first(Repeated("{a=\"b\"} |= `x`", " or `x`", 10000)), "");
  EXPECT_EQ(first(Repeated("{a=\"b\"} |= `", "x", 131072)),
            "parse error : input size too long (131084 > 131072)");
}

}  // namespace
}  // namespace glp::logql
