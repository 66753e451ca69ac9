// The stages that change labels and metadata: labels, labelallow, labeldrop, static_labels,
// structured_metadata, tenant.
#include <gtest/gtest.h>

#include <string>

#include "stages/pipeline_fixture.h"

namespace glp::stages {
namespace {

constexpr char kRegex[] = R"(- regex: {expression: '(?:k=(?P<k>\S+))? ?(?:v=(?P<v>\S+))?'}
)";

std::string After(std::string_view stage) { return std::string(kRegex) + std::string(stage); }

TEST(LabelsStage, TakesFieldsByTheirOwnOrAnotherName) {
  EXPECT_EQ(
      LabelsOf(RunStages(After("- labels: {k: , other: v}"), {{"k=1 v=2"}, {"k=3"}, {"v=4"}})),
      (Texts{R"({"job":"golden","k":"1","other":"2"})", R"({"job":"golden","k":"3","other":""})",
             R"({"job":"golden","k":"","other":"4"})"}));
}

TEST(LabelsStage, WhatIsNowhereSetsNoLabelAndIsNoError) {
  auto out = RunStages("- labels: {a: nowhere, b: job}", {{"x"}});
  EXPECT_EQ(LabelsOf(out), Texts{R"({"b":"golden","job":"golden"})"});
  EXPECT_EQ(FieldsOf(out), Texts{""});
}

TEST(LabelsStage, ALabelIsSetAgain) {
  EXPECT_EQ(LabelsOf(RunStages(R"(
- static_labels: {level: none}
- regex: {expression: '^(?P<level>[A-Z]+) '}
- labels: {level: }
- regex: {expression: 'override=(?P<level>\w+)'}
- labels: {level: }
)",
                               {{"INFO override=debug"}, {"INFO plain"}, {"plain"}})),
            (Texts{R"({"job":"golden","level":"debug"})", R"({"job":"golden","level":"INFO"})",
                   R"({"job":"golden","level":"none"})"}));
}

// A regex of a label gives fields that are the same for the label set.
TEST(LabelsStage, FieldsOfALabelAreCachedByTheLabelSet) {
  TestPipeline pipeline(R"(
- regex: {expression: '/(?P<app>\w+)\.log', source: filename}
- labels: {app: , also: app, file: filename}
- labeldrop: [filename]
)");
  for (int round = 0; round < 3; ++round) {
    if (round == 2) pipeline.table().Clear();
    pipeline.Feed({"x", R"({"filename":"/web.log"})"});
    pipeline.Feed({"y", R"({"filename":"/db.log"})"});
    pipeline.Feed({"z", R"({"filename":"/none"})"});
  }
  Texts want{R"({"also":"web","app":"web","file":"/web.log"})",
             R"({"also":"db","app":"db","file":"/db.log"})", R"({"file":"/none"})"};
  Texts three = want;
  three.insert(three.end(), want.begin(), want.end());
  three.insert(three.end(), want.begin(), want.end());
  EXPECT_EQ(LabelsOf(pipeline.out()), three);
}

// Values whose bytes together are the same must not be taken for each other.
TEST(LabelsStage, ManyValuesDoNotMix) {
  TestPipeline pipeline(After("- labels: {k: , v: }"));
  std::vector<std::string> want;
  for (int i = 0; i < 10000; ++i) {
    std::string k = std::to_string(i % 117), v = std::to_string(i);
    pipeline.Feed({"k=" + k + " v=" + v});
    want.push_back("{\"job\":\"golden\",\"k\":\"" + k + "\",\"v\":\"" + v + "\"}");
  }
  EXPECT_EQ(LabelsOf(pipeline.out()), want);
}

TEST(LabelsStage, LongValuesAndBytesThatAreNotUtf8) {
  const std::string big(5000, 'x');
  TestPipeline pipeline(After("- labels: {k: , v: }"));
  pipeline.Feed({"k=" + big});
  pipeline.Feed({"k=a\xFF v=2"});
  pipeline.Feed({"k=a\xFF v=2"});
  const std::string bad = R"({"job":"golden","v":"2"})";
  EXPECT_EQ(LabelsOf(pipeline.out()),
            (Texts{R"({"job":"golden","k":")" + big + R"(","v":""})", bad, bad}));
  EXPECT_EQ(pipeline.Failures(),
            (std::map<std::string, uint64_t>{{"labels: a value is not UTF-8", 2}}));
  EXPECT_NE(pipeline.out()[1].fields.find(R"("__error_details__":"k")"), std::string::npos);
}

TEST(LabelsStage, ErrorsNameTheirPlace) {
  EXPECT_EQ(BuildError("- labels:\n    level:\n    1up: x\n"),
            "t.yml:3:5: labels: '1up' is no name of a label ([a-zA-Z_][a-zA-Z0-9_]*)");
  EXPECT_EQ(BuildError("- labels: {level: {source: lvl}}"),
            "t.yml:1:19: labels: level: expected a text or nothing, as in `name: source`");
  EXPECT_EQ(BuildError("- labels:"), "t.yml:1:3: labels: expected names, as in `name: source`");
}

TEST(LabelStages, AllowDropAndStatic) {
  EXPECT_EQ(LabelsOf(RunStages(R"(
- static_labels: {a: 1, b: 2, c: "3", empty: , none: ""}
- labeldrop: [b, nowhere]
- labelallow: [a, job]
)",
                               {{"x"}, {"y"}, {"z", R"({"x":"1"})"}})),
            (Texts{R"({"a":"1","job":"golden"})", R"({"a":"1","job":"golden"})", R"({"a":"1"})"}));
}

TEST(LabelStages, LabeldropDoesNotTouchWhatWasExtracted) {
  auto out = RunStages(R"(
- regex: {expression: 'k=(?P<k>\w+)'}
- labels: {k: }
- labeldrop: [k, job]
- labels: {again: k, was: job}
)",
                       {{"k=v"}});
  EXPECT_EQ(LabelsOf(out), Texts{R"({"again":"v","was":"golden"})"});
}

TEST(LabelStages, ListsAndNamesAreChecked) {
  EXPECT_EQ(BuildError("- labeldrop: []"),
            "t.yml:1:14: labeldrop: expected a list of labels, as in `labeldrop: [app]`");
  EXPECT_EQ(BuildError("- labelallow: app"),
            "t.yml:1:15: labelallow: expected a list of labels, as in `labelallow: [app]`");
  EXPECT_EQ(BuildError("- labelallow: [[a]]"),
            "t.yml:1:16: labelallow: expected the name of a label");
  EXPECT_EQ(BuildError("- static_labels:"),
            "t.yml:1:3: static_labels: expected labels, as in `name: value`");
  EXPECT_EQ(BuildError("- static_labels: {a: [b]}"),
            "t.yml:1:22: static_labels: a: expected a text");
  EXPECT_EQ(BuildError("- static_labels: {a.b: c}"),
            "t.yml:1:19: static_labels: 'a.b' is no name of a label ([a-zA-Z_][a-zA-Z0-9_]*)");
  EXPECT_EQ(BuildError("- static_labels: {a.b: c}", true), "");
}

TEST(StructuredMetadataStage, TakesFieldsElseLabelsAndTakesTheLabelsAway) {
  auto out = RunStages(After("- structured_metadata: {k: , from_label: job, nothing: nowhere}\n"),
                       {{"k=1"}, {"k=2", R"({"app":"web"})"}});
  EXPECT_EQ(out[0].meta, R"({"from_label":"golden","k":"1"})");
  EXPECT_EQ(out[0].labels, "{}");
  EXPECT_EQ(out[1].meta, R"({"k":"2"})");
  EXPECT_EQ(out[1].labels, R"({"app":"web"})");
  out = RunStages(R"(
- static_labels: {component: querier, pod: p, uid: u-1}
- non_indexed_labels: {pod: , user_id: uid}
)",
                  {{"x"}, {"y", R"({})", 0, "", R"({"pod":"old","z":"1"})"}});
  EXPECT_EQ(out[0].labels, R"({"component":"querier","job":"golden"})");
  EXPECT_EQ(out[0].meta, R"({"pod":"p","user_id":"u-1"})");
  EXPECT_EQ(out[1].meta, R"({"pod":"p","user_id":"u-1","z":"1"})");
}

TEST(TenantStage, SetsTheLabelOfTheTenant) {
  EXPECT_EQ(LabelsOf(RunStages(After("- tenant: {source: k}"), {{"k=team-a"}, {"x"}})),
            (Texts{R"({"__tenant_id__":"team-a","job":"golden"})", R"({"job":"golden"})"}));
  EXPECT_EQ(LabelsOf(RunStages("- tenant: {value: t}\n- tenant: {label: job}", {{"x"}})),
            Texts{R"({"__tenant_id__":"golden","job":"golden"})"});
  TestPipeline pipeline("- tenant: {value: t}\n- tenant: {label: nowhere}");
  pipeline.Feed({"x"});
  EXPECT_EQ(LabelsOf(pipeline.out()), Texts{R"({"__tenant_id__":"t","job":"golden"})"});
  EXPECT_EQ(pipeline.Failures(),
            (std::map<std::string, uint64_t>{{"tenant: no label 'nowhere'", 1}}));
}

TEST(TenantStage, TakesOneOfThree) {
  EXPECT_EQ(BuildError("- tenant: {source: a, value: b}"),
            "t.yml:1:30: tenant: expected one of source, label and value, not two of them");
  EXPECT_EQ(BuildError("- tenant: {label: ''}"),
            "t.yml:1:11: tenant: expected a source, a label or a value");
  EXPECT_EQ(BuildError("- tenant: {values: b}"),
            "t.yml:1:12: unknown key 'values' in tenant; did you mean 'value'?");
}

}  // namespace
}  // namespace glp::stages
