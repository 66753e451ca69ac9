#include "logql/fields.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "logql/memory_source.h"
#include "logql/parser.h"

namespace glp::logql {
namespace {

TEST(FieldTypeTest, ReadsValuesAsGoDoes) {
  const struct {
    std::string value;
    std::string_view type;
  } cases[] = {{"1", "int"},           {"-12", "int"},
               {"+7", "int"},          {"123456789012345678901234567890", "float"},
               {"1.5", "float"},       {"NaN", "float"},
               {"true", "boolean"},    {"F", "boolean"},
               {"12ms", "duration"},   {"1h2m", "duration"},
               {"10KB", "bytes"},      {"2 MiB", "bytes"},
               {"", "string"},         {"-", "string"},
               {"10 apples", "string"}};
  for (const auto& one : cases) EXPECT_EQ(ToString(TypeOfValue(one.value)), one.type) << one.value;
}

std::string Text(const std::vector<DetectedField>& fields) {
  std::string out;
  for (const DetectedField& field : fields) {
    out += field.label + " " + std::string(ToString(field.type)) + " " +
           std::to_string(field.cardinality);
    for (const std::string& parser : field.parsers) out += " " + parser;
    for (const std::string& key : field.json_path) out += "/" + key;
    out += "\n";
  }
  return out;
}

struct Line {
  std::string line, meta, fields;
};

std::string Detect(const std::vector<Line>& lines, size_t max_fields = 100) {
  LabelTable table;
  const LabelSet* stream = table.FromLabels({{"app", "a"}});
  FieldDetector detector(max_fields);
  for (const Line& line : lines) detector.Add({0, stream, line.line, line.meta, line.fields});
  return Text(detector.Fields());
}

TEST(FieldsTest, OfLines) {
  const struct {
    std::vector<Line> lines;
    std::string want;
  } cases[] = {
      {{{R"({"status":200,"dur":"2s"})", "", ""}, {R"({"status":404,"dur":"2s"})", "", ""}},
       "dur duration 1 json/dur\nstatus int 2 json/status\n"},
      {{{R"({"a":{"b-c":1,"d":{"e":"x"}}})", "", ""}},
       "a_b_c int 1 json/a/b-c\na_d_e string 1 json/a/d/e\n"},
      // A name that the stream has.
      {{{R"({"app":"x"})", "", ""}}, "app_extracted string 1 json/app\n"},
      {{{"level=warn took=3ms plain", "", ""}, {"level=info", "", ""}},
       "level string 2 logfmt\ntook duration 1 logfmt\n"},
      {{{R"({"level":"info"})", "", ""}, {"level=warn", "", ""}},
       "level string 2 json logfmt/level\n"},
      {{{"no fields at all", R"({"trace":"t1"})", ""}}, "trace string 1\n"},
      // What the query parsed; its errors are no fields.
      {{{"x", "", R"({"user":"u","__error__":"JSONParserErr"})"}}, "user string 1\n"},
      // Types that differ.
      {{{"n=1", "", ""}, {"n=1.5", "", ""}}, "n float 2 logfmt\n"},
      {{{"n=1", "", ""}, {"n=x", "", ""}}, "n string 2 logfmt\n"},
      // Broken and hostile ones.
      {{{R"({"a":1,)", "", ""}}, ""},
      {{{std::string(100'000, '['), "", ""}}, ""},
      {{{std::string("\0\xff{", 3), "not json", ""}}, ""},
      {{{"", "", ""}}, ""},
      {{}, ""},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(Detect(one.lines), one.want) << (one.lines.empty() ? "" : one.lines[0].line);
  }
}

TEST(FieldsTest, KeepsTheFirstNamesThatCome) {
  EXPECT_EQ(Detect({{"b=1 a=2", "", ""}, {"c=3 b=2", "", ""}}, 2),
            "a int 1 logfmt\nb int 2 logfmt\n");
}

TEST(FieldsTest, OfAQueryAndTheValuesOfOne) {
  MemorySource source;
  source.Add(1, {{"app", "a"}}, "level=info n=1", R"({"user":"u1"})");
  source.Add(2, {{"app", "a"}}, "level=error n=2");
  source.Add(3, {{"app", "a"}}, "level=info n=3");
  source.Add(4, {{"app", "b"}}, "other=1");
  const LogExpr query = *ParseLogQuery("{app=\"a\"}");
  QueryParams params;
  ScanStats stats;
  const auto fields = DetectFields(query, &source, params, 100, &stats);
  ASSERT_TRUE(fields.ok());
  EXPECT_EQ(Text(*fields), "level string 2 logfmt\nn int 3 logfmt\nuser string 1\n");
  EXPECT_EQ(*DetectFieldValues(query, "level", &source, params, 100, &stats),
            (std::vector<std::string>{"info", "error"}));
  EXPECT_EQ(*DetectFieldValues(query, "n", &source, params, 2, &stats),
            (std::vector<std::string>{"3", "2"}));
  EXPECT_EQ(*DetectFieldValues(query, "user", &source, params, 2, &stats),
            (std::vector<std::string>{"u1"}));
  params.limit = 1;
  EXPECT_EQ(Text(*DetectFields(query, &source, params, 100, &stats)),
            "level string 1 logfmt\nn int 1 logfmt\n");
}

TEST(DetectLabelsTest, LeavesOutIds) {
  LabelTable table;
  std::vector<const LabelSet*> streams;
  for (int i = 0; i < 3; ++i) {
    const std::string n = std::to_string(i);
    streams.push_back(table.FromLabels({{"app", i == 0 ? "a" : "b"},
                                        {"flag", std::to_string(i % 2)},
                                        {"id", n},
                                        {"mixed", i == 0 ? "x" : n},
                                        {"pod", n},
                                        {"uuid", "0123456" + n + "-89ab-cdef-0123-456789ABCDEF"}}));
  }
  std::string out;
  for (const DetectedLabel& label : DetectLabels(streams)) {
    out += label.name + "=" + std::to_string(label.cardinality) + " ";
  }
  EXPECT_EQ(out, "app=2 flag=2 mixed=3 pod=3 ");
  EXPECT_TRUE(DetectLabels({}).empty());
}

}  // namespace
}  // namespace glp::logql
