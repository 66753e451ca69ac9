// The stages that take structured lines apart: json, logfmt, regex. The answers to promtail's cases
// are what promtail recorded.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "stages/pipeline_fixture.h"

namespace glp::stages {
namespace {

constexpr bool kAsPromtail = true;

std::vector<TestLine> Lines(const std::vector<std::string>& lines) {
  std::vector<TestLine> out;
  for (const std::string& line : lines) out.push_back({line});
  return out;
}

struct PromtailCase {
  const char* yaml;
  std::vector<std::string> lines;
  Texts labels;
};

TEST(JsonStage, AnswersAsPromtail) {
  const PromtailCase cases[] = {
      {R"(
- json: {expressions: {level: level, user: extra.user, arr: 'list[1]', obj: sub, missing: nope}}
- labels: {level: , user: , arr: , obj: , missing: }
)",
       {R"({"level":"info","extra":{"user":"alice"},"sub":{"only":1},"list":["a","b"]})",
        R"({"level":3,"extra":{"user":true},"list":[1.5,2]})", R"({"level":null})", "broken {"},
       {R"({"arr":"b","job":"golden","level":"info","obj":"{\"only\":1}","user":"alice"})",
        R"({"arr":"2","job":"golden","level":"3","user":"true"})", R"({"job":"golden"})",
        R"({"job":"golden"})"}},
      {R"(
- json: {expressions: {inner: }}
- json: {source: inner, expressions: {a: , b: c}}
- labels: {a: , b: }
)",
       {R"({"inner":"{\"a\":\"1\",\"c\":\"2\"}"})", R"({"inner":5})"},
       {R"({"a":"1","b":"2","job":"golden"})", R"({"job":"golden"})"}},
      {R"(
- json: {expressions: {output: log, stream: '"grpc.stream"', bare: grpc.stream, at: '"@timestamp"'}}
- labels: {stream: , bare: , at: }
)",
       {R"({"log":"log message\n","grpc.stream":"stderr","@timestamp":"now"})",
        R"({"log":"log message\n","grpc":{"stream":"inner"}})"},
       {R"({"at":"now","job":"golden","stream":"stderr"})", R"({"bare":"inner","job":"golden"})"}},
      {R"(
- json: {expressions: {tags: tags, obj: obj, none: none, deep: deep}}
- labels: {tags: , obj: , none: , deep: }
)",
       {"{\"tags\":[\"<b>\",\"a&b\",\"\xC3\xA9\",\"q\\\"q\",1.50,true,null],"
        "\"obj\":{\"k\":{\"v\":[]}},\"none\":[],\"deep\":{\"a\":{\"b\":{\"c\":1}}}}"},
       {"{\"deep\":\"{\\\"a\\\":{\\\"b\\\":{\\\"c\\\":1}}}\",\"job\":\"golden\",\"none\":\"[]\","
        "\"obj\":\"{\\\"k\\\":{\\\"v\\\":[]}}\",\"tags\":\"[\\\"\\\\u003cb\\\\u003e\\\","
        "\\\"a\\\\u0026b\\\",\\\"\xC3\xA9\\\",\\\"q\\\\\\\"q\\\",1.5,true,null]\"}"}},
      {R"(
- json:
    expressions:
      either: severity || level || 'none'
      both: level && msg
      negated: '!severity'
      equal: level == 'warn'
      greater: code > `400`
      literal: '`"fixed"`'
      raw: '''also fixed'''
- labels: {either: , both: , negated: , equal: , greater: , literal: , raw: }
)",
       {R"({"level":"warn","msg":"m","code":404})", R"({"severity":"high","code":200})"},
       {R"({"both":"m","either":"warn","equal":"true","greater":"true","job":"golden",)"
        R"("literal":"fixed","negated":"true","raw":"also fixed"})",
        R"({"either":"high","equal":"false","greater":"false","job":"golden",)"
        R"("literal":"fixed","negated":"false","raw":"also fixed"})"}},
  };
  for (const PromtailCase& c : cases) {
    EXPECT_EQ(LabelsOf(RunStages(c.yaml, Lines(c.lines), kAsPromtail)), c.labels) << c.yaml;
  }
}

TEST(JsonStage, DropsWhatIsMalformedWhereAsked) {
  TestPipeline pipeline("- json: {expressions: {page: page}, drop_malformed: true}");
  for (const char* line :
       {R"({"page": 1, "fruits": ["apple", "peach"]})", R"({"page": 1, fruits": ["apple"]})",
        "[1,2]", "\"text\"", "null", R"({"page":"1"} trailing)", "{}"}) {
    pipeline.Feed({line});
  }
  EXPECT_EQ(LinesOf(pipeline.out()),
            (Texts{R"({"page": 1, "fruits": ["apple", "peach"]})", "null", "{}"}));
  ASSERT_EQ(pipeline.drops().size(), 4u);
  EXPECT_EQ(pipeline.drops()[0],
            (TestDrop{R"({"page": 1, fruits": ["apple"]})", "malformed_json"}));
}

TEST(JsonStage, MarksWhatItCouldNotUse) {
  TestPipeline pipeline("- json: {expressions: {a: , n: 'sum(list)'}}");
  for (const char* line : {"nope", R"({"a":1 "b":2})", "null", R"({"a":1,"list":[1,"x"]})"}) {
    pipeline.Feed({line});
  }
  const std::string no_object = R"({"__error__":"json: not a JSON object","__error_details__":)";
  EXPECT_EQ(
      FieldsOf(pipeline.out()),
      (Texts{no_object + R"("byte 0: expected a value"})",
             no_object + R"("byte 7: expected ',' or '}'"})",
             R"({"__error__":"json: not a JSON object","__error_details__":"null"})",
             R"({"__error__":"json: an expression failed","__error_details__":)"
             R"("n: sum: argument 1: expected an array of numbers, not an array","a":"1"})"}));
  EXPECT_EQ(pipeline.Failures()["json: not a JSON object"], 3u);
  EXPECT_EQ(FieldsOf(RunStages("- json: {source: x, expressions: {a: }}", {{"{}"}})),
            Texts{R"({"__error__":"json: no field or label 'x'"})"});
}

TEST(JsonStage, NumbersKeepTheirTextUnlessPromtailIsFollowed) {
  constexpr char kYaml[] = "- json: {expressions: {n: , big: , o: }}";
  const std::vector<TestLine> line = {
      {R"({"n":1.25e3,"big":12345678901234567890,"o":{"x":"<b>","y":[ 1.50 ]}})"}};
  EXPECT_EQ(FieldsOf(RunStages(kYaml, line)), Texts{R"({"big":"12345678901234567890","n":"1.25e3",)"
                                                    R"("o":"{\"x\":\"<b>\",\"y\":[1.50]}"})"});
  EXPECT_EQ(FieldsOf(RunStages(kYaml, line, kAsPromtail)),
            Texts{R"({"big":"12345678901234567000","n":"1250",)"
                  R"("o":"{\"x\":\"\\u003cb\\u003e\",\"y\":[1.5]}"})"});
}

TEST(JsonStage, NothingFoundIsNullWherePromtailIsFollowed) {
  constexpr char kYaml[] = "- json: {expressions: {job: , a: }}\n- labels: {was: job, a: }";
  TestLine line = {R"({"job":null})"};
  line.fields = R"({"a":"before"})";
  EXPECT_EQ(LabelsOf(RunStages(kYaml, {line})),
            Texts{R"({"a":"before","job":"golden","was":"golden"})"});
  EXPECT_EQ(LabelsOf(RunStages(kYaml, {line}, kAsPromtail)), Texts{R"({"job":"golden"})"});
}

TEST(JsonStage, ErrorsSayWhereAndWhat) {
  EXPECT_EQ(BuildError("- json: {expressions: {a: '3##@$#33'}}"),
            "t.yml:1:27: expressions: a: JMESPath '3##@$#33': character 2: '#' has no meaning "
            "here; a key that has it is quoted: \"a key\"");
  EXPECT_EQ(BuildError("- json: {expressions: {a: 'lenght(b)'}}"),
            "t.yml:1:27: expressions: a: JMESPath 'lenght(b)': character 1: there is no function "
            "'lenght'; did you mean 'length'?");
  EXPECT_EQ(BuildError("- json: {expressions: {a: 'lenght(b)', x-y: '\"x-y\"'}}", kAsPromtail), "");
  EXPECT_EQ(BuildError("- json: {expressions: {x-y: }}"), "");
  EXPECT_NE(BuildError("- json: {expressions: {x-y: }}", kAsPromtail), "");
  EXPECT_EQ(BuildError("- json: {expressions: {a: }, source: ''}"),
            "t.yml:1:38: json: source: expected a name; without a source it is the line");
  EXPECT_NE(BuildError("- json: {}"), "");
  EXPECT_NE(BuildError("- json: {expressions: {}}"), "");
}

TEST(LogfmtStage, AnswersAsPromtail) {
  const PromtailCase cases[] = {
      {"- logfmt: {mapping: {lvl: level, msg: , dur: duration}}\n- labels: {lvl: , dur: }",
       {R"(level=info msg="hello there" duration=125ms x)", R"(level="war\"n" msg=plain)",
        R"(garbage " unbalanced)"},
       {R"({"dur":"125ms","job":"golden","lvl":"info"})", R"({"job":"golden","lvl":"war\"n"})",
        R"({"job":"golden"})"}},
      {"- logfmt: {mapping: {app: , duration: , extra: , late: }}\n"
       "- labels: {app: , duration: , extra: , late: }",
       {R"(app=loki duration=125 message="this is a log line" extra="user=foo"" late=1)"},
       {R"({"app":"loki","duration":"125","extra":"user=foo","job":"golden"})"}},
  };
  for (const PromtailCase& c : cases) {
    EXPECT_EQ(LabelsOf(RunStages(c.yaml, Lines(c.lines), kAsPromtail)), c.labels) << c.yaml;
  }
}

TEST(LogfmtStage, AKeyFeedsAllItsFieldsUnlessPromtailIsFollowed) {
  constexpr char kYaml[] = "- logfmt: {mapping: {a: k, b: k, c: other}}";
  EXPECT_EQ(FieldsOf(RunStages(kYaml, {{"k=1 other=2 k=3"}})),
            Texts{R"({"a":"3","b":"3","c":"2"})"});
  EXPECT_EQ(FieldsOf(RunStages(kYaml, {{"k=1 other=2 k=3"}}, kAsPromtail)),
            Texts{R"({"b":"3","c":"2"})"});
}

TEST(LogfmtStage, MarksWhereTheLineStopsBeingLogfmt) {
  TestPipeline pipeline("- logfmt: {mapping: {a: , late: }}");
  pipeline.Feed({R"(a=1 b="x" y" late=2)"});
  EXPECT_EQ(FieldsOf(pipeline.out()),
            Texts{R"({"__error__":"logfmt: not key=value words throughout",)"
                  R"("__error_details__":"byte 11: a quote inside of a key","a":"1"})"});
  EXPECT_EQ(BuildError("- logfmt: {mapping: {a: }, source: ''}"),
            "t.yml:1:36: logfmt: source: expected a name; without a source it is the line");
  EXPECT_NE(BuildError("- logfmt: {}"), "");
}

TEST(RegexStage, AnswersAsPromtail) {
  const PromtailCase cases[] = {
      {R"Y(
- regex: {expression: '(?P<path>/var/log/pods/\S+)'}
- regex: {source: path, expression: '(?:pods)/(?P<namespace>\S+?)_(?P<pod>\S+)-\S+?-\S+?_\S+?/(?P<container>\S+?)/'}
- labels: {namespace: , pod: , container: }
)Y",
       {"/var/log/pods/kube-system_kube-flannel-ds-amd64-9x66j_28e71490-d614-4cd8-9ea7-"
        "af23cc7b9bff/kube-flannel/3.log",
        "/var/log/pods/default_web-5c6f-abcde_28e71490-d614-4cd8-9ea7-af23cc7b9bff/app/0.log",
        "none here"},
       {R"({"container":"kube-flannel","job":"golden","namespace":"kube-system",)"
        R"("pod":"kube-flannel-ds"})",
        R"({"container":"app","job":"golden","namespace":"default","pod":"web"})",
        R"({"job":"golden"})"}},
      {"- regex: {expression: '^(?P<a>\\d+)$'}\n- labels: {a: }",
       {"abc", "123"},
       {R"({"job":"golden"})", R"({"a":"123","job":"golden"})"}},
      {R"Y(
- json: {expressions: {time: }}
- regex: {expression: '^(?P<year>\d+)', source: time}
- regex: {expression: '^(?s)(?P<time>\S+?) (?P<stream>stdout|stderr) (?P<flags>\S+?) (?P<content>.*)$'}
- labels: {year: , stream: , flags: , content: }
)Y",
       {R"({"time":"2019-01-01T01:00:00.000000001Z"})", R"({"app":"loki","level":"WARN"})",
        "2019-01-01T01:00:00.000000001Z stderr P i'm a log message!", "blahblahblah"},
       {R"({"job":"golden","year":"2019"})", R"({"job":"golden"})",
        R"({"content":"i'm a log message!","flags":"P","job":"golden","stream":"stderr"})",
        R"({"job":"golden"})"}},
      {R"Y(
- regex: {expression: '(?P<alt>a|ab)(?P<rest>.*)'}
- regex: {expression: '<(?P<lazy>.+?)>'}
- regex: {expression: '<(?P<greedy>.+)>'}
- regex: {expression: '(?U)<(?P<ungreedy>.+)>'}
- labels: {alt: , rest: , lazy: , greedy: , ungreedy: }
)Y",
       {"abc <b>x</b>"},
       {R"({"alt":"a","greedy":"b>x</b","job":"golden","lazy":"b","rest":"bc <b>x</b>",)"
        R"("ungreedy":"b"})"}},
      {"- regex: {expression: '(?P<a>x+)|(?P<a>z+)'}\n- labels: {a: }",
       {"xx", "zz"},
       {R"({"a":"","job":"golden"})", R"({"a":"zz","job":"golden"})"}},
  };
  for (const PromtailCase& c : cases) {
    EXPECT_EQ(LabelsOf(RunStages(c.yaml, Lines(c.lines), kAsPromtail)), c.labels) << c.yaml;
  }
}

TEST(RegexStage, OfGroupsOfOneNameTheOneThatTookPartUnlessPromtailIsFollowed) {
  EXPECT_EQ(FieldsOf(RunStages("- regex: {expression: '(?P<a>x+)|(?P<a>z+)'}", {{"xx"}, {"zz"}})),
            (Texts{R"({"a":"xx"})", R"({"a":"zz"})"}));
}

// Whatever comes in whatever order, what is kept of a value is what it gives.
TEST(RegexStage, OfAFieldThatRepeatsEachValueGivesItsOwn) {
  TestPipeline pipeline("- regex: {source: p, expression: '^(?P<a>[a-z]+)(?P<b>\\d+)$'}");
  Texts want;
  for (int i = 0; i < 3000; ++i) {
    const int n = i % 7 == 0 ? i : i % 3 * 1000;
    const bool matches = n % 2 == 0;
    const std::string value = matches ? "k" + std::to_string(n) : "K" + std::to_string(n);
    TestLine line = {"x"};
    line.fields = R"({"p":")" + value + R"("})";
    pipeline.Feed(line);
    want.push_back(matches
                       ? R"({"a":"k","b":")" + std::to_string(n) + R"(","p":")" + value + R"("})"
                       : R"({"__error__":"regex: no match","p":")" + value + R"("})");
  }
  EXPECT_EQ(FieldsOf(pipeline.out()), want);
}

TEST(RegexStage, ALabelThatAStageAddedIsNoSource) {
  // As promtail: what was extracted begins with the labels that the line came with.
  auto out = RunStages(
      "- static_labels: {late: abc}\n- regex: {source: late, expression: '(?P<a>b)'}", {{"x"}});
  EXPECT_EQ(FieldsOf(out), Texts{R"({"__error__":"regex: no field or label 'late'"})"});
}

TEST(RegexStage, ErrorsSayWhereAndWhat) {
  EXPECT_EQ(BuildError("- regex: {expression: '(?P<ts[0-9]+).*'}").substr(0, 48),
            "t.yml:1:23: regular expression '(?P<ts[0-9]+).*'");
  EXPECT_EQ(BuildError("- regex: {expression: '((a{1000}){1000})'}"),
            "t.yml:1:23: regular expression '((a{1000}){1000})': invalid repetition size: {1000}");
  EXPECT_EQ(BuildError("- regex: {expression: x, source: ''}"),
            "t.yml:1:34: regex: source: expected a name; without a source it is the line");
  EXPECT_EQ(BuildError("- regex: {source: x}"), "t.yml:1:10: regex: expected an expression");
}

}  // namespace
}  // namespace glp::stages
