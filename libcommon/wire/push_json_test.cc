#include "wire/push_json.h"

#include <gtest/gtest.h>

namespace glp::wire {
namespace {

using namespace std::string_literals;  // NUL bytes in literals

// A request as text: `{labels}` of each stream, then `ts|line|meta|src@next` of each entry.
std::string Show(const PushRequest& request) {
  std::string out;
  for (const PushRequest::Stream& stream : request.streams) {
    out += LabelsToJson(stream.labels) + "\n";
    for (const PushRequest::Entry& entry : stream.entries) {
      out += std::to_string(entry.ts_ns) + "|" + std::string(entry.line) + "|" +
             std::string(entry.meta);
      if (!entry.src_id.empty()) {
        out += "|" + std::string(entry.src_id) + "@" + std::to_string(entry.src_next);
        if (entry.src_whole_from != PushRequest::kNotWhole) {
          out += " from " + std::to_string(entry.src_whole_from);
        }
      }
      out += "\n";
    }
  }
  return out;
}

std::string Decode(std::string_view body) {
  JsonPushDecoder decoder;
  const Result<const PushRequest*> request = decoder.Decode(body);
  return request.ok() ? Show(**request) : "ERROR " + request.status().message();
}

std::string OneStream(std::string_view labels, std::string_view values) {
  return "{\"streams\":[{\"stream\":" + std::string(labels) + ",\"values\":" + std::string(values) +
         "}]}";
}

struct Case {
  std::string body;
  std::string wanted;
};

TEST(PushDecode, TakesWhatLokiTakes) {
  const Case cases[] = {
      {OneStream(R"({"b":"2","a":"1"})", R"([["5","x"],["-6","y"]])"),
       "{\"a\":\"1\",\"b\":\"2\"}\n5|x|\n-6|y|\n"},
      {R"({"streams":[{"values":[["5","x"]],"stream":{"a":"1"}}]})", "{\"a\":\"1\"}\n5|x|\n"},
      {R"({"streams":[]})", ""},
      {R"({"streams":null})", ""},
      {R"({})", ""},
      {R"( {"other":{"streams":[1]},"streams":[]} )", ""},
      {OneStream("{}", R"([["5","x"]])"), "{}\n5|x|\n"},
      {OneStream(R"({"a":"1"})", "[]"), ""},
      {OneStream(R"({"a":"1"})", "null"), ""},
      {OneStream(R"({"a":"1"})", R"([null,["5","x"],null])"), "{\"a\":\"1\"}\n5|x|\n"},
      {OneStream(R"({"a":1,"b":true,"c":null,"d":1.50,"e":""})", R"([["5","x"]])"),
       "{\"a\":\"1\",\"b\":\"true\",\"c\":\"null\",\"d\":\"1.50\"}\n5|x|\n"},
      {OneStream(R"({"a":{"b":[1, 2]},"c":[3] })", R"([["5","x"]])"),
       "{\"a\":\"{\\\"b\\\":[1, 2]}\",\"c\":\"[3]\"}\n5|x|\n"},
      {OneStream(R"({"a":"1","a":"2"})", R"([["5","x"]])"), "{\"a\":\"2\"}\n5|x|\n"},
      {OneStream(R"({"a":"1"})", R"([["5","a\"b\\c\n\u00fc\ud83d\ude00","x"]])"),
       "ERROR malformed push body: stream 0: value 0: structured metadata is no object"},
      {OneStream(R"({"a":"1"})", R"([["5","a\"b\\c\t\u00fc\ud83d\ude00"]])"),
       "{\"a\":\"1\"}\n5|a\"b\\c\tü😀|\n"},
      {OneStream(R"({"a":"1"})", R"([["5","x",{"u":"1","b":"2"}],["6","y",{}]])"),
       "{\"a\":\"1\"}\n5|x|{\"b\":\"2\",\"u\":\"1\"}\n6|y|\n"},
      {OneStream(R"({"a":"1"})", R"([["5","x",{"do.t":"1","9é":"2"}]])"),
       "{\"a\":\"1\"}\n5|x|{\"_9_\":\"2\",\"do_t\":\"1\"}\n"},
      {OneStream(R"({"a":"1"})", R"([["5","x",{},{"later":1}]])"), "{\"a\":\"1\"}\n5|x|\n"},
      {OneStream(R"({"a":"1"})", R"([["5",""]])"), "{\"a\":\"1\"}\n5||\n"},
  };
  for (const Case& c : cases) EXPECT_EQ(Decode(c.body), c.wanted) << c.body;
}

// As /api/prom/push has it.
TEST(PushDecode, TakesTheOldForm) {
  const auto stream = [](const std::string& labels, const std::string& entries) {
    return R"({"streams":[{"labels":)" + labels + R"(,"entries":)" + entries + "}]}";
  };
  const std::string labels = R"("{b=\"2\", a='1', gone=\"\"}")";
  const Case cases[] = {
      {stream(labels, R"([{"ts":"1970-01-01T00:00:00.000000005Z","line":"x\ty"},)"
                      R"({"line":"y","ts":"1970-01-01T01:00:01+01:00","more":[1]}])"),
       "{\"a\":\"1\",\"b\":\"2\"}\n5|x\ty|\n1000000000|y|\n"},
      {stream(labels, "[]"), ""},
      {stream(labels, "null"), ""},
  };
  for (const Case& c : cases) EXPECT_EQ(Decode(c.body), c.wanted) << c.body;
  const std::string bodies[] = {
      stream("5", R"([{"ts":"1970-01-01T00:00:00Z","line":"x"}])"),
      stream("{}", R"([{"ts":"1970-01-01T00:00:00Z","line":"x"}])"),
      stream(labels, R"([{"ts":"5","line":"x"}])"),
      stream(labels, R"([{"ts":5,"line":"x"}])"),
      stream(labels, R"([{"ts":"1970-01-01T00:00:00Z","line":5}])"),
      stream(labels, R"([{"ts":"1970-01-01T00:00:00Z"}])"),
      stream(labels, R"([{"line":"x"}])"),
      stream(labels, R"([["5","x"]])"),
      stream(labels, R"({})"),
  };
  for (const std::string& body : bodies) {
    EXPECT_EQ(Decode(body).substr(0, 6), "ERROR ") << body;
  }
  JsonPushDecoder decoder;
  const auto bad =
      decoder.Decode(stream(R"("{a=}")", R"([{"ts":"1970-01-01T00:00:00Z","line":"x"}])"));
  ASSERT_TRUE(bad.ok());
  EXPECT_EQ(
      (*bad)->streams.at(0).labels_error,
      "error parsing labels '{a=}' with error: 1:2: parse error: unexpected \"a\", expected a "
      "label name and a string");
}

TEST(PushDecode, RefusesEverythingElse) {
  const std::string bodies[] = {
      "",
      " ",
      "hello",
      "[]",
      "\"streams\"",
      "1",
      "null",
      "{",
      R"({"streams":[}]})",
      R"({"streams":[{"stream":{"app":"n"},"values":[["1","x")",
      R"({"streams":[]}})",
      R"({"streams":[]} {})",
      R"({"streams":[]} x)",
      R"({"streams":{}})",
      R"({"streams":"x"})",
      R"({"streams":[1]})",
      R"({"streams":[null]})",
      R"({"streams":[[]]})",
      R"({"streams":[{"stream":[]}]})",
      R"({"streams":[{"stream":"a"}]})",
      R"({"streams":[{"stream":null}]})",
      R"({streams:[]})",
      R"({"streams":[],})",
      OneStream(R"({"a":"1"})", "{}"),
      OneStream(R"({"a":"1"})", R"(["5","x"])"),
      OneStream(R"({"a":"1"})", R"([[]])"),
      OneStream(R"({"a":"1"})", R"([["5"]])"),
      OneStream(R"({"a":"1"})", R"([[5,"x"]])"),
      OneStream(R"({"a":"1"})", R"([[null,"x"]])"),
      OneStream(R"({"a":"1"})", R"([["abc","x"]])"),
      OneStream(R"({"a":"1"})", R"([["5.5","x"]])"),
      OneStream(R"({"a":"1"})", R"([["","x"]])"),
      OneStream(R"({"a":"1"})", R"([[" 5","x"]])"),
      OneStream(R"({"a":"1"})", R"([["9223372036854775808","x"]])"),
      OneStream(R"({"a":"1"})", R"([["5",5]])"),
      OneStream(R"({"a":"1"})", R"([["5",null]])"),
      OneStream(R"({"a":"1"})", R"([["5",{}]])"),
      OneStream(R"({"a":"1"})", R"([["5","x",{"a":1}]])"),
      OneStream(R"({"a":"1"})", R"([["5","x",null]])"),
      OneStream(R"({"a":"1"})", R"([["5","x",["a"]]])"),
      OneStream(R"({"a":"1"})", R"([["5","\x"]])"),
      OneStream(R"({"a":"1"})", R"([["5","\ud800"]])"),
      OneStream(R"({"a":"1"})", "[[\"5\",\"a\nb\"]]"),
      OneStream(R"({"a":"1"})", "[[\"5\",\"\xFF\"]]"),
      OneStream(R"({"a":"1" "b":"2"})", R"([["5","x"]])"),
      OneStream(R"({"a"})", R"([["5","x"]])"),
  };
  static_assert(std::size(bodies) >= 25);
  for (const std::string& body : bodies) {
    EXPECT_EQ(Decode(body).substr(0, 6), "ERROR ") << body;
  }
}

TEST(PushDecode, RefusesEveryCutOffBody) {
  const std::string body = R"({"streams":[{"stream":{"a":"1"},"values":[["5","x",{"m":"2"}]]}],)"
                           R"("glp":{"streams":[{"src":[["i",[7]]],"line64":[[0,"/w=="]]}]}})";
  EXPECT_EQ(Decode(body), "{\"a\":\"1\"}\n5|\xFF|{\"m\":\"2\"}|i@7\n");
  for (size_t size = 0; size < body.size(); ++size) {
    EXPECT_EQ(Decode(body.substr(0, size)).substr(0, 6), "ERROR ") << size;
  }
}

TEST(PushDecode, TakesSourcesAndExactLines) {
  const std::string streams =
      R"("streams":[{"stream":{"a":"1"},"values":[["1","x"],["2","y"],["3","z"]]}])";
  EXPECT_EQ(Decode("{" + streams +
                   R"(,"glp":{"streams":[{"src":[["i",[7,8]],["",[0]]],"line64":[[1,"AP8="]]}]}})"),
            "{\"a\":\"1\"}\n1|x||i@7\n2|\0\xFF||i@8\n3|z|\n"s);
  EXPECT_EQ(Decode(R"({"glp":{"streams":[{"src":[["i",[7,8,9]]]}]},)" + streams + "}"),
            "{\"a\":\"1\"}\n1|x||i@7\n2|y||i@8\n3|z||i@9\n");
  EXPECT_EQ(Decode("{" + streams + R"(,"glp":{"streams":[{"src":[["i",[7,8],5],["j",[9],0]]}]}})"),
            "{\"a\":\"1\"}\n1|x||i@7 from 5\n2|y||i@8 from 5\n3|z||j@9 from 0\n");
  EXPECT_EQ(Decode("{" + streams + R"(,"glp":{"streams":[{}]}})"),
            "{\"a\":\"1\"}\n1|x|\n2|y|\n3|z|\n");
  for (const char* glp : {
           R"([])",
           R"({"streams":[]})",
           R"({"streams":[{},{}]})",
           R"({"streams":[1]})",
           R"({"streams":{}})",
           R"({"streams":[{"src":[["i",[7,8]]]}]})",
           R"({"streams":[{"src":[["i",[7,8,9,10]]]}]})",
           R"({"streams":[{"src":[["i",[7,8,-9]]]}]})",
           R"({"streams":[{"src":[["i",["7",8,9]]]}]})",
           R"({"streams":[{"src":[[1,[7,8,9]]]}]})",
           R"({"streams":[{"src":[["i"]]}]})",
           R"({"streams":[{"src":[["i",[7,8,9],"5"]]}]})",
           R"({"streams":[{"src":[["i",[7,8,9],5,6]]}]})",
           R"({"streams":[{"src":["i",[7,8,9]]}]})",
           R"({"streams":[{"line64":[[3,"AP8="]]}]})",
           R"({"streams":[{"line64":[[0,"AP8"]]}]})",
           R"({"streams":[{"line64":[["0","AP8="]]}]})",
           R"({"streams":[{"line64":[[0]]}]})",
       }) {
    const std::string body = "{" + streams + ",\"glp\":" + glp + "}";
    EXPECT_EQ(Decode(body).substr(0, 6), "ERROR ") << body;
  }
}

TEST(PushDecode, IsReusable) {
  JsonPushDecoder decoder;
  const std::string large(20 << 20, 'x');
  for (const std::string& line : {std::string("a"), large, std::string("b")}) {
    const auto request = decoder.Decode(OneStream(R"({"a":"1"})", "[[\"5\",\"" + line + "\"]]"));
    ASSERT_TRUE(request.ok());
    EXPECT_EQ((*request)->streams.at(0).entries.at(0).line, line);
    EXPECT_FALSE(decoder.Decode("{").ok());
  }
}

}  // namespace
}  // namespace glp::wire
