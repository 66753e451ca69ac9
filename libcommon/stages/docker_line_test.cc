#include "stages/docker_line.h"

#include <gtest/gtest.h>

#include <iterator>
#include <random>
#include <string>

#include "base/json_text.h"
#include "base/strings.h"

namespace glp::stages {
namespace {

std::string Show(const DockerLine& line) {
  std::string scratch;
  std::string out = line.has_log ? "log=" + std::string(line.log.Decode(&scratch)) : "no log";
  out += line.ends_line ? " ended" : " open";
  out += line.has_stream ? " stream=" + std::string(line.stream) : " no stream";
  out += line.ts_ns ? " ts=" + std::to_string(*line.ts_ns) : " no ts";
  return out;
}

// The line as it stands in a record.
std::string Escaped(const std::string& text) {
  std::string out;
  AppendJsonEscaped(&out, text);
  out.reserve(out.size() + 64);
  return out;
}

std::string Read(const std::string& text) {
  DockerLineReader reader;
  DockerLine line;
  std::string escaped = Escaped(text);
  return reader.Read({escaped, Line::Form::kJson}, &line) ? Show(line) : "no object";
}

struct Case {
  const char *text, *want;
};
const Case kCases[] = {
    {R"({"log":"hello world\n","stream":"stderr","time":"2019-04-30T02:12:41.8443515Z"})",
     "log=hello world ended stream=stderr ts=1556590361844351500"},
    {R"({"log":"no newline","stream":"stdout","time":"2019-04-30T02:12:42Z"})",
     "log=no newline open stream=stdout ts=1556590362000000000"},
    {R"({"log":"quote \"x\" \u2603\n","stream":"stdout","time":"2019-04-30T02:12:43.1Z","attrs":{}})",
     "log=quote \"x\" \xE2\x98\x83 ended stream=stdout ts=1556590363100000000"},
    {R"({"log":"a\\n","stream":"stdout","attrs":{"tag":"x y","e":""},"time":"2019-04-30T02:12:43.1Z"})",
     "log=a\\n open stream=stdout ts=1556590363100000000"},
    {R"({"log":"a\\\n","stream":"stdout","time":"2019-04-30T02:12:43.1Z"})",
     "log=a\\ ended stream=stdout ts=1556590363100000000"},
    {R"({"log":"cr\r\n","stream":"stdout","time":"2019-04-30T04:12:43+02:00"})",
     "log=cr\r ended stream=stdout ts=1556590363000000000"},
    {R"({"log":"\u003ctag\u003e \u0026\n","stream":"stdout","time":"2019-04-30T02:12:43Z"})",
     "log=<tag> & ended stream=stdout ts=1556590363000000000"},
    {R"({"log":"x\u000a","stream":"stdout","time":"2019-04-30T02:12:43Z"})",
     "log=x ended stream=stdout ts=1556590363000000000"},
    {R"({"log":"","stream":"stdout","time":"2019-04-30T02:12:43Z"})",
     "log= open stream=stdout ts=1556590363000000000"},
    {R"({"log":"\n","stream":"stdout","time":"hi!"})", "log= ended stream=stdout no ts"},
    {R"({ "time":"2019-04-30T02:12:43Z", "log":"x\n" })",
     "log=x ended no stream ts=1556590363000000000"},
    {R"({"stream":"stdout"})", "no log open stream=stdout no ts"},
    {R"({"log":"x\n","stream":"stdout","time":"2019-04-30T02:12:43Z"} )",
     "log=x ended stream=stdout ts=1556590363000000000"},
    {R"({"log":"x\n","stream":"stdout","time":"2019-04-30T02:12:43Z"}x)", "no object"},
    {R"({"log":"x\q","stream":"stdout","time":"2019-04-30T02:12:43Z"})", "no object"},
    {R"({"log":"x\ud800","stream":"stdout","time":"2019-04-30T02:12:43Z"})", "no object"},
    {"not json", "no object"},
    {"", "no object"},
};

TEST(DockerLine, ReadsWhatDockerWrites) {
  for (const Case& c : kCases) EXPECT_EQ(Read(c.text), c.want) << c.text;
}

TEST(DockerLine, ARawControlCharacterIsNotJson) {
  EXPECT_EQ(Read("{\"log\":\"a\tb\\n\",\"stream\":\"stdout\",\"time\":\"2019-04-30T02:12:43Z\"}"),
            "no object");
}

// The fast ways against simdjson, on lines near to those of Docker.
TEST(DockerLine, AllWaysGiveTheSame) {
  std::mt19937 random(7);
  const char* pieces[] = {"a",   "word ",          "\\n",      "\\\"",    "\\\\",
                          "\\t", "\\u003c",        "\xC3\xA9", "\\/",     "{}",
                          ":",   "\\ud83d\\ude00", "\\u0000",  "\\u000a", "'"};
  const char* streams[] = {"stdout", "stderr", "x", ""};
  const char* times[] = {"2026-01-05T00:00:00.033598746Z",
                         "2026-01-05T00:00:00.03x59874Z",
                         "2026-01-05T00:00:00.0335Z",
                         "2026-01-05T00:00:00Z",
                         "2026-01-05T00:00:00.5+01:00",
                         "never",
                         "2026-01-05 00:00:00Z"};
  const char* attrs[] = {"",
                         "",
                         "",
                         R"("attrs":{"tag":"t"},)",
                         R"("attrs":{},)",
                         R"("attrs":{"a":"b","c":"d"},)",
                         R"("attrs":{"a":"b",},)",
                         R"("attrs":{"a":1},)",
                         R"("attrs":{"a":"b""c":"d"},)",
                         R"("attrs":{"a","b"},)"};
  int fast = 0, plain = 0;
  DockerLineReader reader, oracle;
  for (int i = 0; i < 50'000; ++i) {
    std::string log;
    int n = static_cast<int>(random() % 8);
    for (int k = 0; k < n; ++k)
      log += pieces[random() % (random() % 3 == 0 ? std::size(pieces) : 2)];
    std::string text = "{\"log\":\"" + log + (random() % 4 ? "\\n" : "") + "\",\"stream\":\"" +
                       streams[random() % std::size(streams)] + "\"," +
                       attrs[random() % std::size(attrs)] + "\"time\":\"" +
                       times[random() % std::size(times)] + "\"}";
    if (random() % 10 == 0) text.erase(random() % text.size(), 1);
    if (!IsValidUtf8(text)) continue;  // what the reader gives is UTF-8
    text.reserve(text.size() + 64);
    DockerLine want;
    bool want_ok = oracle.ReadAny(text, &want);
    std::string want_text = want_ok ? Show(want) : "no object";

    std::string escaped = Escaped(text);
    DockerLine got;
    if (reader.ReadEscaped(escaped, &got)) {
      ++fast;
      EXPECT_EQ(Show(got), want_text) << text;
    }
    got = {};
    if (reader.ReadPlain(text, &got)) {
      ++plain;
      EXPECT_EQ(Show(got), want_text) << text;
    }
    bool ok = reader.Read({escaped, Line::Form::kJson}, &got);
    EXPECT_EQ(ok ? Show(got) : "no object", want_text) << text;
  }
  EXPECT_GT(fast, 1000);
  EXPECT_GT(plain, 10'000);
}

}  // namespace
}  // namespace glp::stages
