#include "logql/pipeline.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "base/strings.h"
#include "codec/golden_cases.h"
#include "logql/ip.h"
#include "logql/label_value.h"
#include "logql/parser.h"

namespace glp::logql {
namespace {

using codec::ForEachGoldenCase;
using codec::GoldenCase;
using Strings = std::map<std::string, std::string>;

Strings Read(const GoldenCase& c, std::string_view key) {
  Strings out;
  if (!c.Has(key)) return out;
  for (const auto& [name, value] : simdjson::dom::object(c[key])) {
    out[std::string(name)] = GoldenCase(c[key]).Text(name);
  }
  return out;
}

std::string Json(const Strings& strings) {
  Labels labels;
  for (const auto& [name, value] : strings) labels.push_back({name, value});
  return LabelsToJson(labels);
}

// What a pipeline makes of an entry.
struct Made {
  bool kept = false;
  std::string line;
  Strings labels;  // of __error_details__ only that it is there
};

// One entry, as the recorded answers give it.
class OneEntry {
 public:
  OneEntry(const Strings& stream, const Strings& meta, std::string line, int64_t ts_ns = 0)
      : meta_(meta.empty() ? "" : Json(meta)), line_(std::move(line)), ts_ns_(ts_ns) {
    Labels labels;
    for (const auto& [name, value] : stream) labels.push_back({name, value});
    stream_ = table_.FromLabels(std::move(labels));
  }

  Made Run(Pipeline* pipeline) const {
    Entry entry = {ts_ns_, stream_, line_, meta_};
    Made made;
    made.kept = pipeline->Process(&entry);
    if (!made.kept) return made;
    made.line = entry.line;
    for (const LabelsBuilder::Item& item : pipeline->labels().Sorted()) {
      made.labels[std::string(item.name)] =
          item.name == "__error_details__" ? "…" : std::string(item.value);
    }
    return made;
  }

 private:
  LabelTable table_;
  const LabelSet* stream_;
  std::string meta_, line_;
  int64_t ts_ns_;
};

OneEntry EntryOf(const GoldenCase& c) {
  return {Read(c, "labels_before"), Read(c, "metadata_before"), c.Text("line")};
}

LogExpr Query(Stage stage) {
  LogExpr log;
  log.stages.push_back(std::move(stage));
  return log;
}

// One stage over one line: the labels, or that it is refused.
void Check(const GoldenCase& c, const Stage& stage) {
  auto pipeline = Pipeline::Make(Query(stage));
  if (c.Has("error")) {
    EXPECT_FALSE(pipeline.ok()) << c.json();
    return;
  }
  ASSERT_TRUE(pipeline.ok()) << c.json() << pipeline.status().message();
  const OneEntry entry = EntryOf(c);
  // The second time it knows the keys.
  for (int i = 0; i < 2; ++i) {
    const Made made = entry.Run(&*pipeline);
    EXPECT_TRUE(made.kept) << c.json();
    EXPECT_EQ(made.labels, Read(c, "labels")) << c.json();
    EXPECT_EQ(made.line, c.Has("output") ? c.Text("output") : c.Text("line")) << c.json();
  }
}

std::vector<Extraction> Extractions(const GoldenCase& c) {
  std::vector<Extraction> out;
  if (c.IsNull("expressions")) return out;
  for (const auto& [name, expression] : Read(c, "expressions")) out.push_back({name, expression});
  return out;
}

TEST(Pipeline, JsonAsRecorded) {
  ForEachGoldenCase("json", [](const GoldenCase& c) { Check(c, JsonParser{Extractions(c)}); });
}

TEST(Pipeline, LogfmtAsRecorded) {
  ForEachGoldenCase("logfmt", [](const GoldenCase& c) {
    Check(c, LogfmtParser{c.IsTrue("strict"), c.IsTrue("keep_empty"), Extractions(c)});
  });
}

TEST(Pipeline, RegexpAsRecorded) {
  ForEachGoldenCase("regexp", [](const GoldenCase& c) { Check(c, RegexpParser{c.Text("regex")}); });
}

TEST(Pipeline, PatternAsRecorded) {
  ForEachGoldenCase("pattern",
                    [](const GoldenCase& c) { Check(c, PatternStage{c.Text("pattern")}); });
}

TEST(Pipeline, UnpackAsRecorded) {
  ForEachGoldenCase("unpack", [](const GoldenCase& c) { Check(c, UnpackParser{}); });
}

TEST(Pipeline, PatternFiltersAsRecorded) {
  ForEachGoldenCase("patternfilter", [](const GoldenCase& c) {
    const auto op = c.Text("op") == "|>" ? LineFilter::Op::kPattern : LineFilter::Op::kNotPattern;
    const auto filter = MakeLineFilter(op, {c.Text("pattern")});
    ASSERT_EQ(filter.ok(), !c.Has("error")) << c.json();
    if (!filter.ok()) return;
    EXPECT_EQ(filter->Passes(c.Text("line")), c.IsTrue("match")) << c.json();
  });
}

TEST(Pipeline, AddressesAsRecorded) {
  ForEachGoldenCase("ip", [](const GoldenCase& c) {
    const bool is_negated = c.Text("op") == "!=";
    LogExpr log;
    if (c.Text("kind") == "line") {
      LineFilter filter;
      filter.op = is_negated ? LineFilter::Op::kNotContains : LineFilter::Op::kContains;
      filter.alternatives.emplace_back().text = c.Text("pattern");
      filter.alternatives.back().is_ip = true;
      log = Query(filter);
    } else {
      LabelFilter filter;
      filter.kind = LabelFilter::Kind::kIp;
      filter.name = "a";
      filter.compare = is_negated ? LabelFilter::Compare::kNotEqual : LabelFilter::Compare::kEqual;
      filter.text = c.Text("pattern");
      log = Query(filter);
    }
    auto pipeline = Pipeline::Make(log);
    ASSERT_EQ(pipeline.ok(), !c.Has("error")) << c.json();
    if (!pipeline.ok()) return;
    Strings stream;
    if (!c.Text("text").empty()) stream["a"] = c.Text("text");
    EXPECT_EQ(OneEntry(stream, {}, c.Text("text")).Run(&*pipeline).kept, c.IsTrue("match"))
        << c.json();
  });
}

// A whole pipeline as text.
Result<Pipeline> Parse(const std::string& stages, const Wants& wants = Wants()) {
  GLP_ASSIGN_OR_RETURN(const LogExpr log, ParseLogQuery("{x=\"y\"} | " + stages));
  return Pipeline::Make(log, wants);
}

TEST(Pipeline, LabelFiltersAsRecorded) {
  // Decided otherwise: regular expressions of label filters are anchored at both ends, as those of
  // selectors and as Loki's own documentation has it; Loki forgets it where it can do without one.
  const std::set<std::string> anchored = {R"(s =~ "a.*")", R"(s =~ "")"};
  int otherwise = 0;
  ForEachGoldenCase("labelfilter", [&](const GoldenCase& c) {
    auto pipeline = Parse(c.Text("filter"));
    if (c.Has("error")) {
      EXPECT_FALSE(pipeline.ok()) << c.json();
      return;
    }
    ASSERT_TRUE(pipeline.ok()) << c.json() << pipeline.status().message();
    const Made made = OneEntry(Read(c, "labels"), {}, c.Text("line")).Run(&*pipeline);
    if (anchored.count(c.Text("filter")) > 0 && made.kept != c.IsTrue("keep")) {
      ++otherwise;
      return;
    }
    EXPECT_EQ(made.kept, c.IsTrue("keep")) << c.json();
    EXPECT_EQ(made.labels, Read(c, "labels_after")) << c.json();
    // Who only asks whether it passes gets the same answer.
    auto bare = Parse(c.Text("filter"), {.all_labels = false});
    ASSERT_TRUE(bare.ok());
    EXPECT_EQ(OneEntry(Read(c, "labels"), {}, c.Text("line")).Run(&*bare).kept, made.kept)
        << c.json();
  });
  EXPECT_EQ(otherwise, 2);
}

TEST(Pipeline, LabelChangesAsRecorded) {
  ForEachGoldenCase("labelfmt", [](const GoldenCase& c) {
    auto pipeline = Parse(c.Text("stage"));
    if (c.Has("error")) {
      EXPECT_FALSE(pipeline.ok()) << c.json();
      return;
    }
    ASSERT_TRUE(pipeline.ok()) << c.json() << pipeline.status().message();
    const OneEntry entry(Read(c, "labels"), Read(c, "metadata"), c.Text("line"),
                         *ParseInt64(c.Text("ts")));
    const Made made = entry.Run(&*pipeline);
    EXPECT_TRUE(made.kept) << c.json();
    EXPECT_EQ(made.labels, Read(c, "labels_after")) << c.json();
    EXPECT_EQ(made.line, c.Text("output")) << c.json();
  });
}

TEST(LabelValue, SizesAsRecorded) {
  ForEachGoldenCase("bytes", [](const GoldenCase& c) {
    if (c.Text("kind") != "humanize") return;
    const auto bytes = ParseBytesValue(c.Text("text"));
    ASSERT_EQ(bytes.has_value(), !c.Has("error")) << c.json();
    if (!bytes) return;
    EXPECT_EQ(std::to_string(*bytes), c.Text("bytes")) << c.json();
  });
}

TEST(LabelValue, DurationsAsRecorded) {
  ForEachGoldenCase("duration", [](const GoldenCase& c) {
    if (c.Text("kind") != "go") return;
    const auto ns = ParseDurationValue(c.Text("text"));
    ASSERT_EQ(ns.has_value(), !c.Has("error")) << c.json();
    if (!ns) return;
    EXPECT_EQ(std::to_string(*ns), c.Text("ns")) << c.json();
  });
}

TEST(LabelValue, Floats) {
  const std::pair<const char*, double> good[] = {
      {"1", 1},      {"-1.5e3", -1500}, {"+5", 5},           {".5", 0.5},
      {"5.", 5},     {"1_000", 1000},   {"0x1p-2", 0.25},    {"0x_1p2", 4},
      {"1e-400", 0}, {"0x1P+3", 8},     {"-inf", -INFINITY}, {"Infinity", INFINITY}};
  for (const auto& [text, value] : good) {
    const auto number = ParseFloatValue(text);
    ASSERT_TRUE(number) << text;
    EXPECT_EQ(*number, value) << text;
  }
  EXPECT_TRUE(std::isnan(*ParseFloatValue("NaN")));
  for (const char* text :
       {"",    "+",  "-",   ".",      "x",       "1x",   "1e400", "-1e400", "_1", "1_", "1__0",
        "--1", "0x", "0x1", "0x-1p1", "0xinfp1", "-nan", "1 ",    " 1",     "1e", "1,5"}) {
    EXPECT_FALSE(ParseFloatValue(text)) << text;
  }
}

std::string LabelsOf(Pipeline* pipeline, const std::string& line, const Strings& stream = {},
                     const Strings& meta = {}) {
  const Made made = OneEntry(stream, meta, line).Run(pipeline);
  return made.kept ? Json(made.labels) : "dropped";
}

TEST(Pipeline, AnAlternativeMayBeAnAddress) {
  LineFilter filter;
  filter.alternatives.emplace_back().text = "refused";
  filter.alternatives.emplace_back().text = "10.0.0.0/8";
  filter.alternatives.back().is_ip = true;
  ASSERT_TRUE(PrepareLineFilter(&filter).ok());
  EXPECT_TRUE(filter.Passes("connection refused"));
  EXPECT_TRUE(filter.Passes("from 10.1.2.3:80"));
  EXPECT_FALSE(filter.Passes("from 11.1.2.3:80, 10.0.0"));
  filter.op = LineFilter::Op::kNotContains;
  EXPECT_FALSE(filter.Passes("from 10.1.2.3:80"));
  filter.op = LineFilter::Op::kMatch;
  EXPECT_EQ(PrepareLineFilter(&filter).message(), "ip: invalid operation");
}

TEST(Pipeline, RefusesInLokisWords) {
  // Where the parser does not.
  LogExpr log = Query(LineFormat{"{{.x"});
  EXPECT_EQ(
      std::string(Pipeline::Make(log).status().message())
          .rfind("parse error : stage '| line_format \"{{.x\"' : invalid line template: template: "
                 "line:1:",
                 0),
      0u)
      << Pipeline::Make(log).status().message();
  log = Query(RegexpParser{"(x)"});
  EXPECT_EQ(Pipeline::Make(log).status().message(),
            "parse error : invalid regexp parser: at least one named capture must be supplied");
  log = Query(RegexpParser{"(?P<a>x)|(?P<a>y)"});
  EXPECT_EQ(Pipeline::Make(log).status().message(),
            "parse error : invalid regexp parser: duplicate extracted label name 'a'");
  log = Query(PatternStage{"x"});
  EXPECT_EQ(Pipeline::Make(log).status().message(),
            "parse error : invalid pattern parser: at least one capture is required");
}

TEST(Pipeline, ParsersOverrideNothingThatIsParsed) {
  auto pipeline = Parse("json | logfmt | label_format c=`{{.a}}`, d=b");
  ASSERT_TRUE(pipeline.ok());
  EXPECT_EQ(LabelsOf(&*pipeline, R"({"a":"1","b":"x c=2"} a=3 d=4)"),
            R"({"a":"1","c":"1","d":"x c=2"})");
}

TEST(Pipeline, FiltersSeeWhatAParserReadBeforeTheLineBroke) {
  auto pipeline = Parse("json | status >= 500");
  ASSERT_TRUE(pipeline.ok());
  EXPECT_EQ(LabelsOf(&*pipeline, R"({"status":404,"x":)"), "dropped");
  EXPECT_EQ(LabelsOf(&*pipeline, R"({"status":503,"x":)"),
            R"({"__error__":"JSONParserErr","__error_details__":"…","status":"503"})");
}

TEST(Pipeline, WhatIsNotWantedIsNotExtracted) {
  const auto log = ParseLogQuery(R"({x="y"} | json | n > 1)", {});
  ASSERT_TRUE(log.ok());
  const std::string line = R"({"a":"1","n":2,"deep":{"n":3,"b":"4"},"c":oops})";
  auto some = Pipeline::Make(*log, {.all_labels = false, .labels = {"deep_b"}});
  auto stopping =
      Pipeline::Make(*log, {.all_labels = false, .labels = {"deep_b"}, .may_stop = true});
  ASSERT_TRUE(some.ok() && stopping.ok());
  // The rest of the line is read all the same, unless the parser may stop.
  EXPECT_EQ(LabelsOf(&*some, line),
            R"({"__error__":"JSONParserErr","__error_details__":"…","deep_b":"4","n":"2"})");
  EXPECT_EQ(LabelsOf(&*stopping, line), R"({"deep_b":"4","n":"2"})");
  // A label that the stream has is not one to look for.
  EXPECT_EQ(LabelsOf(&*stopping, R"({"deep":{"b":1},"x":oops})", {{"n", "7"}}),
            R"({"deep_b":"1","n":"7"})");
  EXPECT_EQ(LabelsOf(&*stopping, R"({"n":0})", {{"n", "7"}}), R"({"n":"7"})");
}

// The parts of an entry behind a pipeline, a line each.
std::string Parts(const std::string& stages, const std::string& stream, const std::string& meta,
                  const std::string& fields, const std::string& line = "{\"f\":\"1\"}") {
  auto pipeline = Parse(stages);
  EXPECT_TRUE(pipeline.ok()) << pipeline.status().message();
  LabelTable table, changed;
  Entry entry = {0, *table.FromJson(stream), line, meta, fields};
  if (!pipeline->Process(&entry)) return "dropped";
  pipeline->TakeLabels(&entry, &changed);
  return entry.stream->json + " " + std::string(entry.meta) + " " + std::string(entry.fields);
}

TEST(Pipeline, LabelsStayWhatTheyAre) {
  const std::string s = R"({"app":"x","env":"p"})", m = R"({"trace":"7"})", f = R"({"old":"9"})";
  EXPECT_EQ(Parts("json", s, m, ""), s + " " + m + R"( {"f":"1"})");
  EXPECT_EQ(Parts("json", s, m, f), s + " " + m + R"( {"f":"1","old":"9"})");
  EXPECT_EQ(Parts("old=\"9\"", s, m, f), s + " " + m + " " + f);
  EXPECT_EQ(Parts("old=\"8\"", s, m, f), "dropped");
  EXPECT_EQ(Parts("drop app, trace, old", s, m, f), R"({"env":"p"}  )");
  EXPECT_EQ(Parts("keep app", s, m, f), R"({"app":"x"}  )");
  EXPECT_EQ(Parts("label_format service=app", s, m, ""), R"({"env":"p","service":"x"} )" + m + " ");
  EXPECT_EQ(Parts("label_format app=`{{.app}}-{{.env}}`", s, m, ""),
            R"({"app":"x-p","env":"p"} )" + m + " ");
  EXPECT_EQ(Parts("label_format trace=`t{{.trace}}`,new=`n`", s, m, ""),
            s + R"( {"trace":"t7"} {"new":"n"})");
  EXPECT_EQ(Parts("json", s, R"({"app":"meta", "e":"a\nb"})", ""),
            s + R"( {"app":"meta", "e":"a\nb"} {"f":"1"})");
  EXPECT_EQ(Parts("app_extracted=\"meta\" | e=\"a\\nb\"", s, R"({"app":"meta", "e":"a\nb"})", ""),
            s + R"( {"app":"meta", "e":"a\nb"} )");
  EXPECT_EQ(Parts("json", s, "not JSON", "[1]", "{}"), s + " not JSON [1]");
  EXPECT_EQ(Parts("pattern `<a>`", s, "", "", "\xFFz"), s + "  {\"a\":\"\xEF\xBF\xBDz\"}");
}

TEST(Pipeline, DetailsThatAnEntryCameWithCanBeAskedFor) {
  const std::string f = R"({"__error__":"e","__error_details__":"at 7"})";
  EXPECT_EQ(Parts("__error_details__=~`at .*`", "{}", "", f), "{}  " + f);
  EXPECT_EQ(Parts("__error_details__=`x`", "{}", "", f), "dropped");
  EXPECT_EQ(Parts("drop __error__ | __error_details__=~`at .*`", "{}", "", f), "dropped");
  EXPECT_EQ(Parts("json | __error_details__=~`at .*`", "{}", "", f, "x"), "dropped");
}

// As where a label or metadatum was made of a field.
TEST(Pipeline, WhatAFieldOfTheSameNameHidesStaysWhereItIs) {
  const std::string s = R"({"app":"x","level":"info"})", m = R"({"trace":"7","zone":"b"})";
  const std::string f = R"({"level":"warn","trace":"9"})";
  EXPECT_EQ(Parts("level=\"warn\" | trace=\"9\"", s, m, f), s + " " + m + " " + f);
  EXPECT_EQ(Parts("drop app", s, m, f), R"({"level":"info"} )" + m + " " + f);
  EXPECT_EQ(Parts("drop zone", s, m, f), s + R"( {"trace":"7"} )" + f);
  EXPECT_EQ(Parts("drop level, trace", s, m, f), R"({"app":"x"} {"zone":"b"} )");
  EXPECT_EQ(Parts("keep level", s, m, f), R"({"level":"info"}  {"level":"warn"})");
  EXPECT_EQ(Parts("keep trace", s, m, f), R"({} {"trace":"7"} {"trace":"9"})");
  EXPECT_EQ(Parts("label_format level=`{{.level | ToUpper}}`", s, m, f),
            R"({"app":"x","level":"WARN"} )" + m + R"( {"trace":"9"})");
  EXPECT_EQ(Parts("label_format severity=level, id=trace", s, m, f),
            R"({"app":"x","severity":"warn"} {"id":"9","zone":"b"} )");
  EXPECT_EQ(
      Parts("json", s, m, f, R"({"trace":"j","level":"j"})"),
      s + " " + m + R"( {"level":"warn","level_extracted":"j","trace":"9","trace_extracted":"j"})");
  // Read a second time, for its escapes.
  EXPECT_EQ(Parts("drop app", s, m, R"({"trace":"9","e":"\n"})"),
            R"({"level":"info"} )" + m + R"( {"trace":"9","e":"\n"})");
}

// What `| json` is to give for a valid object, the slow way.
void Flatten(simdjson::dom::object object, const std::string& prefix, bool is_top, Strings* out) {
  for (auto [key, value] : object) {
    std::string name = prefix;
    if (!TrimUnicodeSpace(key).empty()) {
      if (!name.empty()) name += '_';
      AppendSanitized(&name, key);
    }
    if (value.is_object()) {
      Flatten(value, name, false, out);
    } else if (!value.is_null() && !value.is_array() && !(is_top && name.empty())) {
      const std::string text = value.is_string() ? std::string(std::string_view(value))
                                                 : std::string(simdjson::minify(value));
      out->emplace(name, text);
    }
  }
}

class Random {
 public:
  uint32_t operator()(uint32_t below) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state_ >> 33) % below;
  }

 private:
  uint64_t state_ = 42;
};

std::string Blanks(Random* random) {
  static constexpr const char* kBlanks[] = {"", "", "", " ", "\t", "\n "};
  return kBlanks[(*random)(6)];
}

std::string RandomObject(Random* random, int depth);
std::string RandomValue(Random* random, int depth) {
  static constexpr const char* kScalars[] = {"1",
                                             "-2",
                                             "true",
                                             "false",
                                             "null",
                                             R"("")",
                                             R"("x")",
                                             R"("a \"b\" \\")",
                                             R"("\u00e9\n")",
                                             R"("{[")",
                                             "7",
                                             R"("]},:")"};
  if (depth > 3 || (*random)(3) > 0) return kScalars[(*random)(12)];
  if ((*random)(2) == 0) return RandomObject(random, depth + 1);
  return "[" + RandomValue(random, depth + 1) + Blanks(random) + "," +
         RandomValue(random, depth + 1) + "]";
}
std::string RandomObject(Random* random, int depth) {
  static constexpr const char* kKeys[] = {"a", "b", "c.d",    "1x",  "é",
                                          "",  " ", R"(\"q)", "a_b", "z"};
  std::string out = "{";
  for (uint32_t i = (*random)(6); i-- > 0;) {
    out += Blanks(random) + "\"" + kKeys[(*random)(10)] + "\"" + Blanks(random) + ":" +
           Blanks(random) + RandomValue(random, depth) + Blanks(random);
    if (i > 0) out += ",";
  }
  return out + Blanks(random) + "}";
}

TEST(Pipeline, JsonIsWhatTheSlowWayGives) {
  auto pipeline = Parse("json");
  ASSERT_TRUE(pipeline.ok());
  Random random;
  simdjson::dom::parser parser;
  for (int i = 0; i < 3000; ++i) {
    const std::string line = RandomObject(&random, 0);
    simdjson::dom::element object;
    ASSERT_EQ(parser.parse(line).get(object), simdjson::SUCCESS) << line;
    Strings wanted;
    Flatten(object, "", true, &wanted);
    EXPECT_EQ(OneEntry({}, {}, line).Run(&*pipeline).labels, wanted) << line;
  }
}

TEST(Pipeline, WhatPassesDoesNotDependOnWhatIsWanted) {
  Random random;
  for (const char* const stages :
       {"json | a_b = `x` or z != ``", "json | c_d_z > 0", "json | a_extracted = `x`",
        "json | label_format q=a_b | q =~ `.+` | keep q", "json | __error__ = `` | z < 5",
        "json | drop z=`7` | line_format `{{.b}}{{.z}}` |= `x`",
        "json x=`a.b`, y=`z` | x != `` | y = ``"}) {
    auto all = Parse(stages), some = Parse(stages, {.all_labels = false});
    ASSERT_TRUE(all.ok() && some.ok()) << stages;
    int kept = 0;
    for (int i = 0; i < 1000; ++i) {
      std::string line = RandomObject(&random, 0);
      if (random(4) == 0) line.resize(random(static_cast<uint32_t>(line.size())));
      const OneEntry entry({{"a", "s"}}, {}, line);
      const Made made = entry.Run(&*all);
      kept += made.kept;
      EXPECT_EQ(entry.Run(&*some).kept, made.kept) << stages << line;
      EXPECT_EQ(entry.Run(&*some).line, made.line) << stages << line;
    }
    EXPECT_GT(kept, 0) << stages;
  }
}

TEST(Pipeline, LogfmtIsWhatWasWritten) {
  auto pipeline = Parse("logfmt --keep-empty");
  ASSERT_TRUE(pipeline.ok());
  Random random;
  static constexpr const char* kValues[] = {"x", "",   "a b",  "\"q\"", "é",
                                            "=", "\\", "1.5s", "a\nb"};
  for (int i = 0; i < 3000; ++i) {
    std::string line;
    Strings wanted;
    for (uint32_t n = random(8); n-- > 0;) {
      const std::string key = "k" + std::to_string(random(5)), value = kValues[random(9)];
      wanted.emplace(key, value);
      std::string quoted;
      for (const char c : value) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c == '\n' ? "\\n" : std::string(1, c);
      }
      line += key + "=\"" + quoted + "\" ";
    }
    EXPECT_EQ(OneEntry({}, {}, line).Run(&*pipeline).labels, wanted) << line;
  }
}

TEST(Pipeline, HostileLinesAreBounded) {
  auto pipeline = Parse("json");
  auto unpack = Parse("unpack");
  auto paths = Parse("json v=\"a.a.a\", w=\"a[0][0]\"");
  auto logfmt = Parse("logfmt");
  ASSERT_TRUE(pipeline.ok() && unpack.ok() && paths.ok() && logfmt.ok());
  std::string deep, arrays = "{\"a\":", keys = "{", pairs;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  for (int i = 0; i < 1'000'000; ++i) arrays += "[";
  for (int i = 0; i < 300'000; ++i) {
    keys += "\"k" + std::to_string(i) + "\":1,";
    pairs += "k" + std::to_string(i) + "=1 ";
  }
  keys += "\"end\":1}";
  const std::string closed = deep + "1" + std::string(100'000, '}');
  const std::string error = R"("__error__":"JSONParserErr","__error_details__":"…")";
  EXPECT_EQ(LabelsOf(&*pipeline, deep), "{" + error + "}");
  EXPECT_EQ(LabelsOf(&*pipeline, closed), "{" + error + "}");
  EXPECT_EQ(LabelsOf(&*pipeline, arrays), "{" + error + "}");
  EXPECT_EQ(LabelsOf(&*unpack, deep), "{" + error + "}");
  EXPECT_EQ(OneEntry({}, {}, keys).Run(&*pipeline).labels.count("__error__"), 1u);
  EXPECT_EQ(OneEntry({}, {}, pairs).Run(&*logfmt).labels.at("__error__"), "LogfmtParserErr");
  auto one_of_many = Parse("logfmt v=\"k299999\"");
  ASSERT_TRUE(one_of_many.ok());
  EXPECT_EQ(LabelsOf(&*one_of_many, pairs), R"({"v":"1"})");
  EXPECT_EQ(LabelsOf(&*paths, closed).rfind(R"({"v":"{\"a\":{)", 0), 0u);
  EXPECT_EQ(LabelsOf(&*paths, arrays), R"({"v":"","w":""})");
  // What they left behind does not matter.
  EXPECT_EQ(LabelsOf(&*pipeline, R"({"k1":"2","z":{"y":"1"}})"), R"({"k1":"2","z_y":"1"})");
  EXPECT_EQ(LabelsOf(&*logfmt, "k1=2 z=1"), R"({"k1":"2","z":"1"})");
}

TEST(Pipeline, ManyNamesAreForgottenAndFoundAgain) {
  auto pipeline = Parse("json | keep k1, k7 | label_format n=`{{.k7}}`");
  ASSERT_TRUE(pipeline.ok());
  for (int i = 0; i < 3000; ++i) {
    std::string line = "{";
    for (int k = 0; k < 50; ++k) line += "\"x" + std::to_string(i * 50 + k) + "\":1,";
    line += "\"k7\":\"" + std::to_string(i) + "\"}";
    const std::string value = std::to_string(i);
    ASSERT_EQ(LabelsOf(&*pipeline, line, {{"k1", "s"}, {"x7", "t"}}),
              R"({"k1":"s","k7":")" + value + R"(","n":")" + value + R"("})");
  }
}

}  // namespace
}  // namespace glp::logql
