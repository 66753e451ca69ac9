#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "logql/parser.h"

// Label filters and the stages behind a "|".

namespace glp::logql {
namespace {

struct Case {
  std::string_view query, answer;
};

std::string Error(std::string_view query) {
  const auto expr = Parse(query);
  return expr.ok() ? "no error" : expr.status().message();
}

// The label filter of a query of one stage, printed.
std::string Filter(const std::string& filter) {
  const auto log = ParseLogQuery("{a=\"b\"} | " + filter);
  return log.ok() ? ToString(log->stages.at(0)).substr(2)
                  : std::string(FirstLine(log.status().message()));
}

TEST(ParseLabelFilter, AndBindsTighterThanOrAndACommaTakesAllBehindIt) {
  const Case kCases[] = {
      {"a=1 or b=2 and c=3", "( a==1 or ( b==2 , c==3 ) )"},
      {"a=1 and b=2 or c=3", "( ( a==1 , b==2 ) or c==3 )"},
      {"a=1 and b=2 and c=3", "( ( a==1 , b==2 ) , c==3 )"},
      {"a=1 or b=2 or c=3", "( ( a==1 or b==2 ) or c==3 )"},
      {"a=1, b=2, c=3", "( a==1 , ( b==2 , c==3 ) )"},
      {"a=1, b=2 or c=3", "( a==1 , ( b==2 or c==3 ) )"},
      {"a=1 or b=2, c=3", "( a==1 or ( b==2 , c==3 ) )"},
      {"a=1 and b=2, c=3", "( a==1 , ( b==2 , c==3 ) )"},
      {"a=1 b=2 (c=3)", "( a==1 , ( b==2 , c==3 ) )"},
      {"(a=1 or b=2) and (c=3)", "( ( a==1 or b==2 ) , c==3 )"},
      {"((a=1))", "a==1"},
      {"a=1 AND (b=2 Or c=3)", "( a==1 , ( b==2 or c==3 ) )"},
  };
  for (const auto& [filter, answer] : kCases) EXPECT_EQ(Filter(std::string(filter)), answer);
}

TEST(ParseLabelFilter, ReadsNumbersWithTheirUnits) {
  using Kind = LabelFilter::Kind;
  const struct {
    std::string_view filter;
    Kind kind;
    double value;
    std::string_view text;
  } kCases[] = {
      {"a > 5", Kind::kNumber, 5, "5"},
      {"a > -1.5", Kind::kNumber, -1.5, "-1.5"},
      {"a > + 5", Kind::kNumber, 5, "5"},
      {"a > 1_000", Kind::kNumber, 1000, "1000"},
      {"a > 0x1p4", Kind::kNumber, 16, "16"},
      {"a > 010", Kind::kNumber, 10, "10"},
      {"a > 1h30m", Kind::kDuration, 5400e9, "1h30m0s"},
      {"a > -5m", Kind::kDuration, -300e9, "-5m0s"},
      {"a > 1.5s", Kind::kDuration, 1.5e9, "1.5s"},
      {"a > 2d", Kind::kDuration, 172800e9, "48h0m0s"},
      {"a > 1µs", Kind::kDuration, 1000, "1µs"},
      {"a > 5KB", Kind::kBytes, 5000, "5.0kB"},
      {"a > 5KiB", Kind::kBytes, 5120, "5KiB"},
      {"a > 2G", Kind::kBytes, 2e9, "2.0GB"},
      {"a > 1PB", Kind::kBytes, 1e15, "1.0PB"},
      {"a > 0B", Kind::kBytes, 0, "0B"},
      {"a > 1234567B", Kind::kBytes, 1234567, "1234567B"},
  };
  for (const auto& c : kCases) {
    const auto log = ParseLogQuery("{a=\"b\"} | " + std::string(c.filter));
    ASSERT_TRUE(log.ok()) << log.status().message();
    const auto& filter = std::get<LabelFilter>(log->stages.at(0));
    EXPECT_EQ(filter.kind, c.kind) << c.filter;
    EXPECT_EQ(filter.kind == Kind::kDuration ? filter.duration_ns : filter.number, c.value)
        << c.filter;
    EXPECT_EQ(filter.text, c.text) << c.filter;
    EXPECT_EQ(Filter("a>" + std::string(c.text)), "a>" + std::string(c.text));
  }
  for (const char* bad : {"a > 1e", "a > 0x", "a > 0o", "a > 0b2", "a > 0o17", "a > 1e400",
                          "a > -5KB", "a > 99999999EB", "a > 5 6", "a >", "a > --5"}) {
    EXPECT_EQ(Filter(bad).substr(0, 12), "parse error ") << bad;
  }
}

TEST(ParseLabelFilter, IsBounded) {
  const auto chain = [](std::string_view joint, int count) {
    std::string filter = "a=1";
    for (int i = 1; i < count; ++i) filter.append(joint).append("a=1");
    return filter;
  };
  for (const std::string_view joint : {" or ", " and ", ", ", " "}) {
    const std::string printed = Filter(chain(joint, 250));
    EXPECT_EQ(printed[0], '(') << printed;
    EXPECT_EQ(Filter(printed), printed);
    EXPECT_EQ(Filter(chain(joint, 251)), "parse error : more than 250 label filters in one stage");
  }
  EXPECT_EQ(Filter(std::string(60000, '(')), "parse error : the label filter is nested too deeply");
}

TEST(ParseStages, KeepWhatWasTyped) {
  const auto log = ParseLogQuery(
      "{a=\"b\"} | LOGFMT --keep-empty x, y=\"z\" | label_format a=b, c=\"{{.d}}\" | drop e, "
      "f!~\"g\"");
  ASSERT_TRUE(log.ok()) << log.status().message();
  const auto& logfmt = std::get<LogfmtParser>(log->stages[0]);
  EXPECT_TRUE(logfmt.keep_empty);
  EXPECT_FALSE(logfmt.strict);
  EXPECT_EQ(logfmt.extractions[0].expression, "x");
  EXPECT_EQ(logfmt.extractions[1].expression, "z");
  const auto& format = std::get<LabelFormat>(log->stages[1]);
  EXPECT_TRUE(format.items[0].is_rename);
  EXPECT_FALSE(format.items[1].is_rename);
  const auto& drop = std::get<DropLabels>(log->stages[2]);
  EXPECT_FALSE(drop.labels[0].matcher);
  EXPECT_TRUE(drop.labels[1].matcher->Matches("h"));
}

// ip() keeps its meaning in an `or`, where Loki makes it a text.
TEST(ParseStages, AnAddressStaysOneBehindOr) {
  const auto log = ParseLogQuery("{a=\"b\"} |= \"x\" or ip(\"10.0.0.0/8\")");
  ASSERT_TRUE(log.ok()) << log.status().message();
  const auto& filter = std::get<LineFilter>(log->stages[0]);
  EXPECT_FALSE(filter.alternatives[0].is_ip);
  EXPECT_TRUE(filter.alternatives[1].is_ip);
  EXPECT_TRUE(filter.Passes("from 10.1.2.3"));
  EXPECT_FALSE(filter.Passes("from 11.1.2.3"));
}

TEST(ParseStages, RefuseWhatWouldFailLater) {
  const Case kCases[] = {
      {"| regexp \"(.*)\"", "invalid regexp parser: at least one named capture must be supplied"},
      {"| regexp \"(?P<a>\"",
       "invalid regexp parser: error parsing regexp: missing closing ): `(?P<a>`"},
      {"| pattern \"<a><b>\"",
       "invalid pattern parser: found consecutive capture '<a><b>': invalid expression"},
      {"| json a=\"b[\"",
       "stage '| json a=\"b[\"' : cannot parse expression [b[]: syntax error: unexpected $end, "
       "expecting STRING or INDEX"},
      {"| logfmt a=\"b.c\"",
       "stage '| logfmt a=\"b.c\"' : cannot parse expression [b.c]: unexpected char ."},
      {"|> \"<a> x\"", "stage '|> \"<a> x\"' : named captures are not allowed: found '<a>'"},
      {"| label_format a=b,a=c",
       "stage '| label_format a=b,a=c' : multiple label name 'a' not allowed in a single format "
       "operation"},
      {"| label_format __error__=a",
       "stage '| label_format __error__=a' : __error__ cannot be formatted"},
      {"| x=1 or y=ip(\"z\")", "stage '| ( x==1 or y=ip(\"z\") )' : ip: invalid pattern: \"z\""},
      {"| line_format \"{{ .a | nosuch }}\"",
       "stage '| line_format \"{{ .a | nosuch }}\"' : invalid line template: template: line:1: "
       "function \"nosuch\" not "
       "defined"},
      {"| drop a=~\"(\"", "error parsing regexp: missing closing ): `(`"},
      {"| x=~\"(\"", "error parsing regexp: missing closing ): `(`"},
  };
  for (const auto& [stage, why] : kCases) {
    const std::string error = Error("{a=\"b\"} " + std::string(stage));
    EXPECT_EQ(FirstLine(error), "parse error : " + std::string(why));
    EXPECT_EQ(error.back(), '^') << error;
  }
  EXPECT_EQ(Error("{a=\"b\"} | regexp \"(?<n>.)\""), "no error");
  EXPECT_EQ(Error("{a=\"b\"}\n | json\n | pattern \"x\""),
            "parse error : invalid pattern parser: at least one capture is required\n"
            " | pattern \"x\"\n           ^");
}

}  // namespace
}  // namespace glp::logql
