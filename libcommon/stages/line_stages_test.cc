// The stages that change the line and what is extracted: output, replace, template, pack,
// eventlogmessage.
#include <gtest/gtest.h>

#include <string>

#include "stages/pipeline_fixture.h"

namespace glp::stages {
namespace {

TEST(OutputStage, TakesAFieldOrALabel) {
  EXPECT_EQ(LinesOf(RunStages(R"(
- regex: {expression: 'msg=(?P<msg>\w*)'}
- output: {source: msg}
)",
                              {{"a msg=hello"}, {"none"}, {"msg="}})),
            (Texts{"hello", "none", ""}));
  EXPECT_EQ(LinesOf(RunStages("- output: {source: job}", {{"x"}})), Texts{"golden"});
}

TEST(OutputStage, WithoutTheSourceTheLinePassesWithTheReason) {
  TestPipeline pipeline("- output: {source: msg}");
  pipeline.Feed({"x"});
  ASSERT_EQ(pipeline.out().size(), 1u);
  EXPECT_EQ(pipeline.out()[0].line, "x");
  EXPECT_EQ(pipeline.out()[0].fields, R"({"__error__":"output: no field or label 'msg'"})");
  EXPECT_EQ(pipeline.Failures(),
            (std::map<std::string, uint64_t>{{"output: no field or label 'msg'", 1}}));
  EXPECT_EQ(BuildError("- output: {}"), "t.yml:1:11: output: expected a source");
}

// What becomes of a line.
std::string Replaced(std::string_view options, std::string_view line) {
  return RunStages("- replace: " + std::string(options), {{std::string(line)}})[0].line;
}

TEST(ReplaceStage, ReplacesTheGroupsOfAllMatches) {
  struct Case {
    std::string options, line, out;
  };
  for (const Case& c : std::vector<Case>{
           {"{expression: 'password=(\\S+)', replace: '****'}",
            "user=bob password=secret x=1 password=two",
            "user=bob password=**** x=1 password=****"},
           {"{expression: 'password=(\\S+)', replace: '****'}", "nothing", "nothing"},
           {"{expression: '(\\d+\\.\\d+)\\.\\d+\\.\\d+', replace: '{{ .Value | ToUpper }}.x.x'}",
            "from 10.20.30.40 to 192.168.0.1", "from 10.20.x.x.30.40 to 192.168.x.x.0.1"},
           {"{expression: '(secret)', replace: ''}", "a secret b", "a  b"},
           {"{expression: '(secret)'}", "a secret b", "a  b"},
           {"{expression: '(a|b|c)', replace: ''}", "cab xyz", " xyz"},
           {"{expression: 'password=\\S+', replace: 'x'}", "password=hunter2", "password=hunter2"},
           {"{expression: '(\\S+)\\s?(\\S+)?', replace: '<{{ .Value }}>'}", "a b c", "<a> <b> <c>"},
           // Of groups in groups the outer one.
           {"{expression: '((a)b)(c)', replace: '<{{ .Value }}>'}", "xabcabc", "x<ab><c><ab><c>"},
           {"{expression: '(.*)', replace: '<{{ .Value }}>'}", "ab", "<ab>"},
           {"{expression: '(.*)', replace: '<{{ .Value }}>'}", "", "<>"},
           {"{expression: '(x*)', replace: '-'}", "axb", "-a-b-"},
           {"{expression: '(.)', replace: 'y'}", "a\xFF", "yy"},
           {"{expression: '^(.*)$', replace: '{{ .job }}: {{ .Value }}'}", "x", "golden: x"},
           {"{expression: '(b)', replace: '{{ .Value }}{{ .Value }}'}", "a\"b\"\n", "a\"bb\"\n"},
       }) {
    EXPECT_EQ(Replaced(c.options, c.line), c.out) << c.options;
  }
}

TEST(ReplaceStage, NamedGroupsBecomeFields) {
  auto out = RunStages(R"(
- replace: {expression: 'level=(?P<level>\w+)', replace: '{{ if eq .Value "information" }}info{{ else }}{{ .Value | ToUpper }}{{ end }}'}
)",
                       {{"level=information a level=other"}, {"level=warn b"}, {"none"}});
  EXPECT_EQ(LinesOf(out), (Texts{"level=info a level=OTHER", "level=WARN b", "none"}));
  EXPECT_EQ(FieldsOf(out), (Texts{R"({"level":"info"})", R"({"level":"WARN"})", ""}));
  // Also of a group that is not replaced, for it lies in another one.
  out = RunStages(
      "- replace: {expression: '(?P<all>a(?P<b>b)?(?P<c>c)?)', replace: '<{{ .Value }}>'}",
      {{"ab"}});
  EXPECT_EQ(LinesOf(out), Texts{"<ab>"});
  EXPECT_EQ(FieldsOf(out), Texts{R"({"all":"<ab>","b":"<b>"})"});
}

TEST(ReplaceStage, OfAField) {
  auto out = RunStages(R"yaml(
- regex: {expression: 'msg="(?P<msg>[^"]*)"'}
- replace: {source: msg, expression: '(\s)', replace: _}
- labels: {msg: }
- replace: {source: job, expression: '(old)', replace: '{{ .msg }}'}
- labels: {job: }
)yaml",
                       {{"msg=\"a b  c\"", R"({"job":"gold old"})"}});
  EXPECT_EQ(LabelsOf(out), Texts{R"({"job":"ga_b__c a_b__c","msg":"a_b__c"})"});
  EXPECT_EQ(LinesOf(out), Texts{"msg=\"a b  c\""});
}

TEST(ReplaceStage, WhatCannotBeReplacedPassesUnchanged) {
  auto out =
      RunStages("- replace: {expression: '(x)', replace: '{{ atoi .Value | fail }}'}", {{"x"}});
  EXPECT_EQ(out[0].line, "x");
  EXPECT_NE(out[0].fields.find(R"("__error__":"replace: the template cannot be executed")"),
            std::string::npos)
      << out[0].fields;
  out = RunStages("- replace: {expression: '(x)', source: nowhere}", {{"x"}});
  EXPECT_EQ(FieldsOf(out), Texts{R"({"__error__":"replace: no field or label 'nowhere'"})"});
}

TEST(ReplaceStage, TheResultIsBounded) {
  TestPipeline pipeline("- replace: {expression: '(.)', replace: '{{ repeat 100000 \"x\" }}'}");
  pipeline.Feed({std::string(3000, 'a')});
  EXPECT_EQ(pipeline.out()[0].line, std::string(3000, 'a'));
  EXPECT_NE(pipeline.out()[0].fields.find("the result has more than 256 MiB"), std::string::npos);
}

TEST(ReplaceStage, ErrorsNameTheirPlace) {
  EXPECT_EQ(BuildError("- replace: {replace: x}"), "t.yml:1:12: replace: expected an expression");
  EXPECT_EQ(BuildError("- replace: {expression: '(', replace: x}"),
            "t.yml:1:25: regular expression '(': missing ): (");
  EXPECT_EQ(BuildError("- replace: {expression: x, source: ''}"),
            "t.yml:1:36: replace: source: expected the name of a field or label");
  EXPECT_EQ(BuildError("- replace: {expression: (x), replace: '{{ nosuch }}'}").substr(0, 12),
            "t.yml:1:39: ");
}

TEST(TemplateStage, SetsAField) {
  auto out = RunStages(R"(
- regex: {expression: '^(?P<a>\S+) (?P<b>.*)$'}
- template: {source: up, template: '{{ ToUpper .a }}-{{ .b }}'}
- template: {source: a, template: '[{{ .Value }}]'}
- template: {source: new, template: '{{ .Value }}|{{ .Entry }}|{{ .job }}|{{ .nosuch }}'}
- output: {source: up}
- template: {source: entry, template: '{{ .Entry }}'}
)",
                       {{"abc \"d\""}});
  EXPECT_EQ(LinesOf(out), Texts{"ABC-\"d\""});
  EXPECT_EQ(FieldsOf(out),
            Texts{R"({"a":"[abc]","b":"\"d\"","entry":"ABC-\"d\"",)"
                  R"("new":"<no value>|abc \"d\"|golden|<no value>","up":"ABC-\"d\""})"});
}

TEST(TemplateStage, WhatIsEmptyTakesTheFieldAndTheLabelBehindItAway) {
  auto out = RunStages(R"(
- regex: {expression: '^(?P<a>\S+)'}
- template: {source: a, template: ''}
- template: {source: job, template: '{{ if eq .Value "golden" }}{{ end }}'}
- template: {source: b, template: '{{ .a }} {{ .job }}'}
- labels: {x: job}
)",
                       {{"abc"}});
  EXPECT_EQ(FieldsOf(out), Texts{R"({"b":"<no value> <no value>"})"});
  EXPECT_EQ(LabelsOf(out), Texts{R"({"job":"golden"})"});
}

TEST(TemplateStage, AllThatIsThereIsSorted) {
  auto out = RunStages(R"(
- regex: {expression: '^(?P<z>\S+) (?P<b>\S+)'}
- template: {source: z, template: ''}
- template: {source: all, template: '{{ range $k, $v := . }}{{ $k }}={{ $v }};{{ end }}'}
)",
                       {{"x y"}});
  EXPECT_EQ(FieldsOf(out), Texts{R"({"all":"Entry=x y;b=y;job=golden;","b":"y"})"});
}

TEST(TemplateStage, WhatFailsLeavesTheEntryUnchanged) {
  auto out = RunStages(
      "- template: {source: job, template: 'x{{ fail \"boom\" }}'}\n"
      "- labels: {job: }",
      {{"x"}});
  EXPECT_EQ(LabelsOf(out), Texts{R"({"job":"golden"})"});
  EXPECT_NE(out[0].fields.find("template: it cannot be executed"), std::string::npos);
  EXPECT_NE(out[0].fields.find("boom"), std::string::npos) << out[0].fields;
}

TEST(TemplateStage, ErrorsNameTheirPlace) {
  EXPECT_EQ(BuildError("- template: {template: x}"),
            "t.yml:1:13: template: expected a source, the field to set");
  EXPECT_EQ(BuildError("- template: {source: x}"),
            "t.yml:1:13: template: expected a template, as in `{{ .level | ToUpper }}`");
  const std::string error = BuildError("- template: {source: a, template: '{{ .a | nosuch }}'}");
  EXPECT_EQ(error.substr(0, 12), "t.yml:1:35: ");
  EXPECT_NE(error.find("nosuch"), std::string::npos);
}

TEST(PackStage, PutsLabelsAndFieldsIntoTheLine) {
  auto out = RunStages(R"(
- regex: {expression: 'user=(?P<zuser>\S+)'}
- static_labels: {a: 1}
- pack: {labels: [zuser, stream, job, missing, a, job], ingest_timestamp: false}
)",
                       {{"user=<a&b> said \"hi\" \\ tab\there \xC3\xA9 \xE2\x98\x83\n",
                         R"({"job":"golden","stream":"stdout"})"},
                        {"{\"inner\":\"json\"}", R"({"job":"golden","stream":"stderr"})"}});
  EXPECT_EQ(
      LinesOf(out),
      (Texts{"{\"job\":\"golden\",\"stream\":\"stdout\",\"zuser\":\"\\u003ca\\u0026b\\u003e\","
             "\"_entry\":\"user=\\u003ca\\u0026b\\u003e said \\\"hi\\\" \\\\ tab\\there "
             "\xC3\xA9 \xE2\x98\x83\\n\"}",
             "{\"job\":\"golden\",\"stream\":\"stderr\",\"_entry\":\"{\\\"inner\\\":"
             "\\\"json\\\"}\"}"}));
  // A label that is not extracted is not packed, and stays.
  EXPECT_EQ(LabelsOf(out), (Texts{R"({"a":"1"})", R"({"a":"1"})"}));
  EXPECT_EQ(out[0].ts_ns, 1000);
}

TEST(PackStage, EscapesAsGo) {
  EXPECT_EQ(
      LinesOf(RunStages("- pack: {ingest_timestamp: 'false'}",
                        {{std::string("\0\b\f\r\x1f\x7f", 6) + "\xE2\x80\xA8\xE2\x80\xA9'/"}})),
      Texts{"{\"_entry\":\"\\u0000\\u0008\\u000c\\r\\u001f\x7f\\u2028\\u2029'/\"}"});
}

TEST(PackStage, TheTimeIsThatOfPacking) {
  TestPipeline pipeline("- pack: {labels: [job]}");
  pipeline.Feed({"x"});
  EXPECT_EQ(pipeline.out()[0].ts_ns, pipeline.now_ns);
  EXPECT_EQ(pipeline.out()[0].labels, "{}");
}

TEST(PackStage, WhatIsNotUtf8IsNotPackedUnlessAsPromtail) {
  const char kYaml[] = "- pack: {labels: [job], ingest_timestamp: false}";
  const TestLine in{"a\xFF\xC3\xA9\xE2\x82"};
  auto out = RunStages(kYaml, {in});
  EXPECT_EQ(out[0].line, in.line);
  EXPECT_EQ(out[0].labels, in.labels);
  EXPECT_EQ(out[0].fields, R"({"__error__":"pack: bytes that are not UTF-8"})");
  out = RunStages(kYaml, {in}, true);
  EXPECT_EQ(out[0].line, "{\"job\":\"golden\",\"_entry\":\"a\\ufffd\xC3\xA9\\ufffd\\ufffd\"}");
  EXPECT_EQ(out[0].fields, R"({"__error__":"pack: bytes that are not UTF-8"})");
}

TEST(PackStage, ErrorsNameTheirPlace) {
  EXPECT_EQ(BuildError("- pack: {labels: job}"),
            "t.yml:1:18: labels: expected a list of texts, not 'job'");
  EXPECT_EQ(BuildError("- pack: {labels: [_entry]}"),
            "t.yml:1:18: pack: _entry is the name of the line in what is packed");
}

constexpr char kMessage[] = R"(
- regex: {expression: '(?s)m=(?P<message>.*)'}
)";

TEST(EventLogMessageStage, TakesLinesApart) {
  EXPECT_EQ(
      FieldsOf(
          RunStages(std::string(kMessage) + "- eventlogmessage: {}\n- drop: {longer_than: 1KB}",
                    {{"m=Key 1: Value 1\r\n0Key2: Value 2\r\nKey@3:\tValue: 3 \xC2\xA0\r\n"
                      ": Value 4\r\nno_colon\r\nKey\xC3\xA4\xC3\xB6: v\r\njob:x\r\n"}})),
      Texts{R"({"Key_1":"Value 1","Key_3":"Value: 3","Key__":"v","_":"Value 4",)"
            R"("_Key2":"Value 2","job_extracted":"x","message":"Key 1: Value 1\r\n0Key2: Value 2)"
            "\\r\\nKey@3:\\tValue: 3 \xC2\xA0\\r\\n: Value 4\\r\\nno_colon\\r\\nKey\xC3\xA4\xC3\xB6"
            R"(: v\r\njob:x\r\n"})"});
}

TEST(EventLogMessageStage, InvalidNamesMayBeDroppedAndOldValuesOverwritten) {
  auto out = RunStages(R"(
- regex: {expression: '(?s)m=(?P<text>.*)'}
- eventlogmessage: {source: text, drop_invalid_labels: true, overwrite_existing: true}
- labels: {job: , a_b: , ok: }
)",
                       {{"m=a b: 1\r\njob: new\r\nok: yes"}});
  EXPECT_EQ(LabelsOf(out), Texts{R"({"job":"new","ok":"yes"})"});
}

TEST(EventLogMessageStage, WithoutAMessageTheLinePasses) {
  auto out = RunStages("- eventlogmessage: {}", {{"x"}});
  EXPECT_EQ(FieldsOf(out),
            Texts{R"({"__error__":"eventlogmessage: no field or label 'message'"})"});
  EXPECT_EQ(BuildError("- eventlogmessage: {source: the message}"),
            "t.yml:1:29: eventlogmessage: source: 'the message' is no name of a label "
            "([a-zA-Z_][a-zA-Z0-9_]*)");
  EXPECT_EQ(BuildError("- eventlogmessage:"), "");
}

TEST(EventLogMessageStage, ManyNamesAreCutOff) {
  std::string message = "m=";
  for (int i = 0; i < 100'000; ++i) message += "k" + std::to_string(i) + ": v\r\n";
  TestPipeline pipeline(std::string(kMessage) + "- eventlogmessage: {}");
  pipeline.Feed({message});
  EXPECT_EQ(
      pipeline.Failures(),
      (std::map<std::string, uint64_t>{{"eventlogmessage: more than 1000 names in one event", 1}}));
  EXPECT_NE(pipeline.out()[0].fields.find(R"("k999":"v")"), std::string::npos);
  EXPECT_EQ(pipeline.out()[0].fields.find(R"("k1000":"v")"), std::string::npos);
}

}  // namespace
}  // namespace glp::stages
