#include "stages/kv.h"

#include <gtest/gtest.h>

#include <string>

#include "stages/pipeline_fixture.h"

namespace glp::stages {
namespace {

struct Case {
  const char* config;
  const char* line;
  const char* fields;
};

TEST(Kv, ReadsPairs) {
  const Case cases[] = {
      {"{}", "a=1 b=x=y  c=\"d e\\n\\\"f\" g=", R"({"a":"1","b":"x=y","c":"d e\n\"f","g":""})"},
      {"{}", "", ""},
      {"{}", "  a=1\t b=2\r", R"({"a":"1","b":"2"})"},
      {"{}", "a=1 a=2", R"({"a":"2"})"},
      {"{}", "\"a b\"=1 c=d\"e\"", R"({"a b":"1","c":"d\"e\""})"},
      {"{pair_separator: ', ', key_separator: ': '}", "a: 1, b: 2 3, c: x:y",
       R"({"a":"1","b":"2 3","c":"x:y"})"},
      {"{pair_separator: ',', key_separator: ':'}",
       "a : 1 ,b: \"2, 3\" , ,c:", R"({"a":"1","b":"2, 3","c":""})"},
      {"{pair_separator: '&'}", "a=1&b=2&&c=d%20e&", R"({"a":"1","b":"2","c":"d%20e"})"},
      {"{pair_separator: ';', quote: \"'\"}", "a='x;y';b=\"z\"", R"({"a":"x;y","b":"\"z\""})"},
      {"{pair_separator: ';', quote: ''}", "a=\"x;b=y\"", R"({"a":"\"x","b":"y\""})"},
      {"{pair_separator: '||', key_separator: '=>'}", "a=>1||b=>2|3", R"({"a":"1","b":"2|3"})"},
      {"{bare_words: true}", "GET a=1 \"quoted word\" b=2 done", R"({"a":"1","b":"2"})"},
      {"{keys: [b, c]}", "a=1 b=2 c=3", R"({"b":"2","c":"3"})"},
      {"{source: job, key_separator: old}", "x=1", R"({"g":"en"})"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(RunStages("- kv: " + std::string(c.config), {{c.line}})[0].fields, c.fields)
        << c.config << " " << c.line;
  }
}

TEST(Kv, WhatDoesNotFitIsMarkedOnceAndTheRestStays) {
  const Case cases[] = {
      {"{}", "hello there a=1",
       R"({"__error__":"kv: a word without a value","__error_details__":"hello","a":"1"})"},
      {"{}", "a=1 =2 b=3 =4",
       R"({"__error__":"kv: not pairs of keys and values throughout","a":"1","b":"3"})"},
      {"{}", "a=1 b=\"open",
       R"({"__error__":"kv: not pairs of keys and values throughout","a":"1"})"},
      {"{}", "a=\"x\"y b=2",
       R"({"__error__":"kv: not pairs of keys and values throughout","b":"2"})"},
      {"{}", "\"open", R"({"__error__":"kv: not pairs of keys and values throughout"})"},
      {"{pair_separator: ','}", "\"a\" x, b=1",
       R"({"__error__":"kv: not pairs of keys and values throughout","b":"1"})"},
      {"{source: nope}", "a=1", R"({"__error__":"kv: no field or label 'nope'"})"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(RunStages("- kv: " + std::string(c.config), {{c.line}})[0].fields, c.fields)
        << c.config << " " << c.line;
  }
  TestPipeline pipeline("- kv:");
  pipeline.Feed({"a b c"});
  EXPECT_EQ(pipeline.Failures(),
            (std::map<std::string, uint64_t>{{"kv: a word without a value", 1}}));
}

TEST(Kv, WrongOptionsAreRefused) {
  EXPECT_EQ(BuildError("- kv: {pair_separator: ''}"),
            "t.yml:1:24: pair_separator: expected what stands between pairs, as in ', '");
  EXPECT_EQ(BuildError("- kv: {key_separator: ''}"),
            "t.yml:1:23: key_separator: expected what stands behind a key, as in ':'");
  EXPECT_EQ(BuildError("- kv: {key_separator: ' '}"),
            "t.yml:1:23: key_separator: the same as pair_separator");
  EXPECT_EQ(BuildError("- kv: {quote: '\\'}"),
            "t.yml:1:15: quote: a backslash is what stands in front of a quote that is meant");
}

TEST(Kv, HostileLinesAreBounded) {
  for (const char* config : {"{}", "{pair_separator: ','}", "{pair_separator: ', '}"}) {
    TestPipeline pipeline("- kv: " + std::string(config));
    for (const char* part :
         {"a=1 ", "a=1,", "a ", ",", "\"", "a=\"\" ", "\\", "=", " ", "a=\"\\\""}) {
      std::string line;
      while (line.size() < (1 << 20)) line += part;
      pipeline.Feed({line});
      EXPECT_EQ(pipeline.out().back().line, line);
    }
  }
}

}  // namespace
}  // namespace glp::stages
