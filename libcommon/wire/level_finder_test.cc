#include "wire/level_finder.h"

#include <gtest/gtest.h>

namespace glp::wire {
namespace {

struct Case {
  std::string in, wanted;
};

TEST(LevelFinder, LinesAsLokiReadsThem) {
  const LevelFinder finder({}, 2);
  const Case cases[] = {
      // Words: the first one that stands by itself.
      {"", "unknown"},
      {"plain gz", "unknown"},
      {"info", "info"},
      {"a warning about an error", "warn"},
      {"an error, then a warning", "error"},
      {"[WARN] disk", "warn"},
      {"[err] x", "error"},
      {"ERROR: no such file", "error"},
      {"debug: details of an error", "debug"},
      {"Fatal!", "fatal"},
      {"critical", "critical"},
      {"(Trace)", "trace"},
      {"misc:error", "unknown"},
      {"xerror errors terror informational", "unknown"},
      {"information", "unknown"},
      {"errors, error", "error"},
      {"dbg trc inf wrn", "unknown"},
      {"error. end", "unknown"},
      {"in-error", "unknown"},
      {"\x1b[31mERROR\x1b[0m: coloured", "unknown"},
      {"\xC3\xA9"
       "error",
       "unknown"},
      {"error\xC3\xA9 ", "unknown"},
      {std::string(100, 'x') + " error", "error"},
      {std::string(15, 'x') + " error", "error"},
      {std::string(14, 'x') + " info", "info"},
      {"err", "error"},
      {"a err", "error"},
      {"warn", "warn"},
      {"\xFF\x00 warn\x00", "unknown"},
      // logfmt: by the rank of the name, in any case; a value that is no level says nothing.
      {"level=warn msg=\"slow query\" took=120ms", "warn"},
      {"msg=\"an error\" level=info", "info"},
      {"severity=critical level=debug", "debug"},
      {"LeVeL=\"Warning\"", "warn"},
      {"SEVERITY=fatal", "fatal"},
      {"lvl=dbug entering loop", "unknown"},
      {"level=banana an error", "error"},
      {"level=inf", "info"},
      {"level=\"de\\u0062ug\"", "debug"},
      {"log.level=trc", "trace"},
      {"mylevel=error x", "error"},
      {"mylevel=err1 x", "unknown"},
      {"a=b level=", "unknown"},
      {"level info severity=warn", "info"},
      {"=x level=debug", "debug"},
      {"a=\"b level=dbg", "unknown"},
      // JSON: the first one in the order of the line, two deep, as it stands.
      {R"({"level":"info","status":200})", "info"},
      {R"({"severity":"critical","level":"error"})", "critical"},
      {R"({"level":"error","severity":"critical"})", "error"},
      {R"({"lEvEl":"information"})", "unknown"},
      {R"({"log":{"level":"warn"}})", "warn"},
      {R"({"a":{"b":{"level":"information"}}})", "unknown"},
      {R"({"a":{"b":{"level":"information"}},"level":"debug"})", "debug"},
      {R"({"a":[{"level":"fatal"}],"b":{},"lvl":"trc"})", "trace"},
      {R"({"level":5,"Severity":"DBG"})", "debug"},
      {R"({"level":null,"msg":"an error"})", "error"},
      {R"({"level":"banana","msg":"x"})", "unknown"},
      {R"({"msg":"say \"level\":\"info\"","level":"warn"})", "warn"},
      {R"({"msg":"\\","level":"warn"})", "warn"},
      {" \t{\"level\" : \"warn\"} \n", "warn"},
      {R"({"level":"wrn")", "unknown"},
      {R"({"msg":"an error)", "error"},
      {"{}", "unknown"},
      {"{", "unknown"},
      {"}", "unknown"},
      {"{{{{{{}", "unknown"},
      {"{\"a\":[[[[}", "unknown"},
  };
  for (const Case& c : cases) EXPECT_EQ(finder.OfLine(c.in), c.wanted) << c.in;
  const LevelFinder deep({"sev"}, 0);
  EXPECT_EQ(deep.OfLine(R"({"a":{"b":{"c":{"sev":"warn"}}},"level":"info"})"), "warn");
  EXPECT_EQ(deep.OfLine("level=info SEV=err"), "error");
  const LevelFinder flat({}, 1);
  EXPECT_EQ(flat.OfLine(R"({"log":{"level":"wrn"}})"), "unknown");
}

// Every place of a word in lines of every length, against a plain look.
TEST(LevelFinder, WordsAreFoundAtEveryPlace) {
  const LevelFinder finder({}, 2);
  const std::string words[] = {"trace", "DEBUG", "Fatal", "critical", "error",
                               "err",   "warn",  "info",  "warning"};
  for (const std::string& word : words) {
    const std::string_view level = finder.OfLine(word);
    EXPECT_NE(level, "unknown");
    for (size_t before = 0; before < 40; ++before) {
      for (size_t after = 0; after < 40; ++after) {
        const std::string line = std::string(before, '(') + word + std::string(after, ')');
        // One byte behind the view, which nobody may look at.
        const std::string more = line + "x";
        ASSERT_EQ(finder.OfLine(std::string_view(more).substr(0, line.size())), level) << line;
      }
    }
  }
}

TEST(LevelFinder, LabelsAndMetadataGoBefore) {
  const LevelFinder finder({}, 2);
  struct MetaCase {
    std::string meta, stream, line, wanted;
  };
  const MetaCase cases[] = {
      {"", "", "x", R"({"detected_level":"unknown"})"},
      {"{}", "", "an error", R"({"detected_level":"error"})"},
      {"", "debug", "an error", R"({"detected_level":"debug"})"},
      {"", "a\\\"b", "", R"({"detected_level":"a\"b"})"},
      {R"({"a":"1"})", "", "x", R"({"a":"1","detected_level":"unknown"})"},
      {R"({"x":"1"})", "", "x", R"({"detected_level":"unknown","x":"1"})"},
      {R"({"a":"1","x":"2"})", "", "x", R"({"a":"1","detected_level":"unknown","x":"2"})"},
      {R"({"a":"1","level":"WRN"})", "", "info",
       R"({"a":"1","detected_level":"warn","level":"WRN"})"},
      {R"({"a":"1","level":"WRN"})", "fatal", "x",
       R"({"a":"1","detected_level":"fatal","level":"WRN"})"},
      {R"({"level":"x\ny"})", "", "x", R"({"detected_level":"x\ny","level":"x\ny"})"},
      {R"({"lvl":"err","severity":"fatal"})", "", "x",
       R"({"detected_level":"fatal","lvl":"err","severity":"fatal"})"},
      {R"({"level":""})", "", "an error", R"({"detected_level":"error","level":""})"},
      {R"({"LeVeL":"info"})", "", "an error", R"({"LeVeL":"info","detected_level":"error"})"},
      {R"({"log_level":"info"})", "", "x", R"({"detected_level":"unknown","log_level":"info"})"},
      {R"({"severity_number":"17"})", "", "info",
       R"({"detected_level":"error","severity_number":"17"})"},
      {R"({"severity_number":"99"})", "", "info",
       R"({"detected_level":"unknown","severity_number":"99"})"},
      {R"({"severity_number":"x"})", "", "warn",
       R"({"detected_level":"info","severity_number":"x"})"},
      {R"({"severity_number":"17","severity_text":"odd"})", "", "info",
       R"({"detected_level":"odd","severity_number":"17","severity_text":"odd"})"},
      // Kept, in the usual spelling.
      {R"({"detected_level":"WARNING"})", "info", "x", R"({"detected_level":"warn"})"},
      {R"({"detected_level":"odd","z":"1"})", "info", "x", R"({"detected_level":"odd","z":"1"})"},
  };
  for (const MetaCase& c : cases) {
    Arena arena;
    EXPECT_EQ(finder.WithLevel(c.meta, c.stream, c.line, &arena), c.wanted) << c.meta;
  }
  EXPECT_EQ(finder.OfStream({{"app", "a"}, {"lvl", "Warning"}}), "warn");
  EXPECT_EQ(finder.OfStream({{"Level", "ERR"}, {"severity", "info"}}), "error");
  EXPECT_EQ(finder.OfStream({{"level", "a\"b"}}), "a\\\"b");
  EXPECT_EQ(finder.OfStream({{"LeVeL", "warning"}}), "");
  EXPECT_EQ(finder.OfStream({}), "");
}

TEST(LevelFinder, DeepAndLongLinesTakeLinearTime) {
  const LevelFinder finder({}, 0);
  std::string deep;
  for (int i = 0; i < 300'000; ++i) deep += "{\"a\":";
  EXPECT_EQ(finder.OfLine(deep + "}"), "unknown");
  std::string quotes = "{\"a\":\"";
  for (int i = 0; i < 300'000; ++i) quotes += "\\\\\\\"";
  EXPECT_EQ(finder.OfLine(quotes + "}"), "unknown");
  EXPECT_EQ(finder.OfLine(std::string(1 << 20, '=')), "unknown");
  EXPECT_EQ(finder.OfLine(std::string(1 << 20, '[') + "error"), "error");
}

}  // namespace
}  // namespace glp::wire
