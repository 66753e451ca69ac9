#include "wire/push_proto.h"

#include <gtest/gtest.h>
#include <snappy.h>

#include <random>

#include "wire/gzip.h"
#include "wire/push_batch.h"
#include "wire/push_body.h"
#include "wire/push_json.h"

namespace glp::wire {
namespace {

using namespace std::string_literals;  // NUL bytes in literals

// A request as text: labels of each stream, then `ts|line|meta|src@next from whole_from`.
std::string Show(const PushRequest& request) {
  std::string out;
  for (const PushRequest::Stream& stream : request.streams) {
    out += (stream.labels_error.empty() ? LabelsToSelector(stream.labels) : stream.labels_error);
    out += "\n";
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

std::string ShowProto(std::string_view bytes) {
  ProtoPushDecoder decoder;
  const auto request = decoder.Decode(bytes);
  return request.ok() ? Show(**request) : "ERROR " + request.status().message();
}

std::string ShowJson(std::string_view body) {
  JsonPushDecoder decoder;
  const auto request = decoder.Decode(body);
  return request.ok() ? Show(**request) : "ERROR " + request.status().message();
}

// The slow oracle: what was added, by streams, without any encoding in between.
class Oracle {
 public:
  void Add(const Labels& labels, const std::string& entry) {
    const std::string key = LabelsToSelector(labels);
    if (!entries_.contains(key)) order_.push_back(key);
    entries_[key] += entry + "\n";
  }
  std::string Take() {
    std::string out;
    for (const std::string& key : order_) out += key + "\n" + entries_[key];
    order_.clear();
    entries_.clear();
    return out;
  }

 private:
  std::vector<std::string> order_;
  std::map<std::string, std::string> entries_;
};

class PushProtoTest : public ::testing::Test {
 protected:
  Record Make(int64_t ts_ns, Labels labels, Line line, std::string_view meta = "",
              std::string_view src = "") {
    Record record;
    record.ts_ns = ts_ns;
    record.labels = table_.FromLabels(std::move(labels));
    record.line = line;
    record.meta = meta;
    record.src = src;
    return record;
  }
  static std::string Body(std::string_view canonical, PushFormat format, PushTarget target) {
    const Result<PushBody> body = MakePushBody({&canonical, 1}, format, false, target);
    return body.ok() ? body->bytes : "ERROR " + body.status().message();
  }
  static constexpr uint64_t kNotWhole = PushRequest::kNotWhole;
  LabelTable table_;
};

TEST_F(PushProtoTest, IsLokisMessageWithAPartBehind) {
  Batch batch(&table_, {});
  batch.Add(Make(1'767'571'200'000'000'001, {{"a", "1"}}, Line::Bytes("x"), R"({"m":"v"})", "i@10"),
            0);
  const uint64_t about = batch.body_bytes();
  const std::string bytes = batch.Take();
  EXPECT_EQ(bytes,
            "\x0A\x20\x0A\x07{a=\"1\"}\x12\x15\x0A\x08\x08\x80\xFE\xEB\xCA\x06\x10\x01\x12\x01x"
            "\x1A\x06\x0A\x01m\x12\x01v"
            "\xC2\xB5\x03\x0C\x0A\x0A\x0A\x08\x0A\x01i\x12\x01\x14\x18\x00"s);
  EXPECT_GE(about, bytes.size());
  std::string plain;
  const std::string body = Body(bytes, PushFormat::kProtobuf, PushTarget::kLoki);
  ASSERT_TRUE(snappy::Uncompress(body.data(), body.size(), &plain));
  EXPECT_EQ(plain, bytes.substr(0, 34));
  EXPECT_EQ(ShowProto(plain), "{a=\"1\"}\n1767571200000000001|x|{\"m\":\"v\"}\n");
}

TEST_F(PushProtoTest, GroupsByStreamAndKeepsTheOrder) {
  Batch batch(&table_, {{"host", "h"}, {"a", "outer"}}, "tenant");
  batch.Add(Make(3, {{"a", "2"}, {"tenant", "t"}}, Line::Bytes("one")), kNotWhole);
  batch.Add(Make(-1, {{"b", "\"q\"\n"}}, {"a\\u0041\\n", Line::Form::kJson}), kNotWhole);
  batch.Add(Make(INT64_MIN, {{"a", "2"}}, {"AP8=", Line::Form::kBase64}, R"({"m":"é\n","n":""})"),
            kNotWhole);
  EXPECT_EQ(batch.entries(), 3u);
  EXPECT_EQ(batch.size_bytes(), 3u + 3u + 2u + 5u);
  const std::string bytes = batch.Take();
  EXPECT_EQ(ShowProto(bytes),
            "{a=\"2\", host=\"h\"}\n3|one|\n"
            "-9223372036854775808|\0\xFF|{\"m\":\"é\\n\",\"n\":\"\"}\n"
            "{a=\"outer\", b=\"\\\"q\\\"\\n\", host=\"h\"}\n-1|aA\n|\n"s);
  EXPECT_EQ(Body(bytes, PushFormat::kJson, PushTarget::kLoki),
            R"({"streams":[{"stream":{"a":"2","host":"h"},"values":[["3","one"],)"
            R"(["-9223372036854775808","\u0000�",{"m":"é\n","n":""}]]},)"
            R"({"stream":{"a":"outer","b":"\"q\"\n","host":"h"},"values":[["-1","aA\n"]]}]})");
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.Take(), "");
}

TEST_F(PushProtoTest, TellsSourcesToGlpOnly) {
  Batch batch(&table_, {});
  batch.Add(Make(1, {{"a", "1"}}, Line::Bytes("x"), "", "i@20"), 5);
  batch.Add(Make(2, {{"a", "1"}}, Line::Bytes("y\xFF"), "", "i@10"), 5);
  batch.Add(Make(3, {{"a", "1"}}, Line::Bytes("z")), 7);
  batch.Add(Make(4, {{"a", "1"}}, Line::Bytes("w"), "", "i@18446744073709551615"), kNotWhole);
  batch.Add(Make(5, {{"a", "2"}}, Line::Bytes("v")), kNotWhole);
  const std::string bytes = batch.Take();
  const std::string wanted =
      "{a=\"1\"}\n1|x||i@20 from 5\n2|y\xFF||i@10 from 5\n3|z|\n4|w||i@18446744073709551615\n"
      "{a=\"2\"}\n5|v|\n";
  EXPECT_EQ(ShowProto(bytes), wanted);
  const std::string json = Body(bytes, PushFormat::kJson, PushTarget::kGlp);
  EXPECT_NE(json.find(R"("glp":{"streams":[{"src":[["i",[20,10],5],["",[0]],)"
                      R"(["i",[18446744073709551615]]],"line64":[[1,"ef8="]]},{}]})"),
            json.npos)
      << json;
  EXPECT_EQ(ShowJson(json), wanted);
  EXPECT_NE(Body(bytes, PushFormat::kProtobuf, PushTarget::kOldGlp).find(R"(["i",[20,10]],["")"),
            std::string::npos);
  const std::string_view view = bytes;
  EXPECT_EQ(MakePushBody({&view, 1}, PushFormat::kJson, false, PushTarget::kLoki)->changed_lines,
            1u);
  EXPECT_EQ(MakePushBody({&view, 1}, PushFormat::kJson, false, PushTarget::kGlp)->changed_lines,
            0u);
}

TEST_F(PushProtoTest, MergesBatchesByPuttingThemTogether) {
  Batch batch(&table_, {});
  batch.Add(Make(1, {{"a", "1"}}, Line::Bytes("x"), "", "i@1"), 0);
  const std::string first = batch.Take();
  batch.Add(Make(2, {{"a", "2"}}, Line::Bytes("y")), kNotWhole);
  batch.Add(Make(3, {{"a", "1"}}, Line::Bytes("z"), "", "i@2"), 0);
  const std::string second = batch.Take();
  const std::string wanted =
      "{a=\"1\"}\n1|x||i@1 from 0\n{a=\"2\"}\n2|y|\n{a=\"1\"}\n3|z||i@2 from 0\n";
  EXPECT_EQ(ShowProto(first + second), wanted);
  const std::string_view both[] = {first, second};
  EXPECT_EQ(ShowJson(MakePushBody(both, PushFormat::kJson, false, PushTarget::kGlp)->bytes),
            wanted);
  for (const PushTarget target : {PushTarget::kGlp, PushTarget::kLoki}) {
    const Result<PushBody> body = MakePushBody(both, PushFormat::kProtobuf, true, target);
    EXPECT_EQ(body->content_type, "application/x-protobuf");
    EXPECT_EQ(body->content_encoding, "gzip");
    const std::string block = *Inflate(body->bytes, false, 1 << 20);
    std::string plain;
    ASSERT_TRUE(snappy::Uncompress(block.data(), block.size(), &plain));
    EXPECT_EQ(plain == first + second, target == PushTarget::kGlp);
    EXPECT_EQ(ShowProto(plain), target == PushTarget::kGlp
                                    ? wanted
                                    : "{a=\"1\"}\n1|x|\n{a=\"2\"}\n2|y|\n{a=\"1\"}\n3|z|\n");
  }
}

TEST_F(PushProtoTest, KnowsStreamsWhenTheLabelTableWasEmptied) {
  Batch batch(&table_, {});
  batch.Add(Make(1, {{"a", "1"}}, Line::Bytes("x")), kNotWhole);
  table_.Clear();
  batch.Add(Make(2, {{"a", "2"}}, Line::Bytes("y")), kNotWhole);
  table_.Clear();
  batch.Add(Make(3, {{"a", "1"}}, Line::Bytes("z")), kNotWhole);
  EXPECT_EQ(ShowProto(batch.Take()), "{a=\"1\"}\n1|x|\n3|z|\n{a=\"2\"}\n2|y|\n");
}

// Random batches of one Batch: by the canonical bytes, by JSON and by snappy all is as was added.
TEST_F(PushProtoTest, RandomBatchesComeBackAsTheyWere) {
  std::mt19937 random(7);
  const auto below = [&](uint32_t n) {
    return std::uniform_int_distribution<uint32_t>(0, n - 1)(random);
  };
  Batch batch(&table_, {{"host", "h"}});
  ProtoPushDecoder decoder;
  for (int round = 0; round < 300; ++round) {
    Oracle oracle;
    const uint32_t count = below(60);
    for (uint32_t i = 0; i < count; ++i) {
      Labels labels{{"a", std::to_string(below(5))}};
      std::string line(below(4) == 0 ? below(3000) : below(20), '\0');
      for (char& c : line) c = static_cast<char>(below(3) == 0 ? below(256) : 'a' + below(26));
      Labels meta;
      for (uint32_t pairs = below(3) == 0 ? below(4) : 0; pairs > 0; --pairs) {
        meta.push_back({"m" + std::to_string(below(9)), below(2) == 0 ? "\"\\\n" : "v"});
      }
      Canonicalize(&meta);
      const std::string meta_json = meta.empty() ? "" : LabelsToJson(meta);
      const int64_t ts_ns = static_cast<int64_t>(uint64_t{random()} << 32 | random());
      const std::string id = below(4) == 0 ? "" : "f-" + std::to_string(below(3));
      const uint64_t next = below(2) == 0 ? below(5000) : uint64_t{random()} << 32 | random();
      const uint64_t whole = below(3) == 0 ? kNotWhole : below(2);
      const std::string src = id.empty() ? "" : id + "@" + std::to_string(next);
      batch.Add(Make(ts_ns, labels, Line::Bytes(line), meta_json, src), whole);
      labels.push_back({"host", "h"});
      std::string shown = std::to_string(ts_ns) + "|" + line + "|" + meta_json;
      if (!id.empty()) {
        shown += "|" + src + (whole == kNotWhole ? "" : " from " + std::to_string(whole));
      }
      oracle.Add(labels, shown);
    }
    const uint64_t about = batch.body_bytes();
    const std::string bytes = batch.Take();
    const std::string wanted = oracle.Take();
    EXPECT_GE(about + 16, bytes.size());
    const auto request = decoder.Decode(bytes);
    ASSERT_TRUE(request.ok()) << request.status().message();
    ASSERT_EQ(Show(**request), wanted);
    ASSERT_EQ(ShowJson(Body(bytes, PushFormat::kJson, PushTarget::kGlp)), wanted);
    const std::string block = Body(bytes, PushFormat::kProtobuf, PushTarget::kGlp);
    std::string plain;
    ASSERT_TRUE(snappy::Uncompress(block.data(), block.size(), &plain));
    ASSERT_EQ(plain, bytes);
  }
}

TEST_F(PushProtoTest, SurvivesEveryCutAndEveryDamage) {
  Batch batch(&table_, {});
  batch.Add(Make(1, {{"a", "1"}}, Line::Bytes("xyz"), R"({"m":"v"})", "i@20"), 5);
  batch.Add(Make(2, {{"a", "2"}}, Line::Bytes("y"), "", "i@30"), 5);
  const std::string bytes = batch.Take();
  const std::string first = "{a=\"1\"}\n1|xyz|{\"m\":\"v\"}\n";
  const std::string both = first + "{a=\"2\"}\n2|y|\n";
  for (size_t size = 0; size < bytes.size(); ++size) {
    // A message that is cut between its fields is a message.
    const std::string shown = ShowProto(std::string(bytes, 0, size));
    EXPECT_TRUE(shown.starts_with("ERROR ") || shown.empty() || shown == first || shown == both)
        << size << ": " << shown;
    Body(std::string(bytes, 0, size), PushFormat::kProtobuf, PushTarget::kLoki);
  }
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = bytes;
    for (uint32_t i = random() % 3; i < 3; ++i) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    ShowProto(damaged);
    Body(damaged, PushFormat::kProtobuf, PushTarget::kLoki);
    Body(damaged, PushFormat::kJson, PushTarget::kGlp);
  }
}

struct Case {
  std::string bytes;
  std::string wanted;
};

std::string Field(char tag, std::string_view bytes) {
  return std::string(1, tag) + static_cast<char>(bytes.size()) + std::string(bytes);
}
std::string Entry(std::string_view time, std::string_view line) {
  return Field('\x12', Field('\x0A', time) + Field('\x12', line));
}
std::string Stream(std::string_view labels, std::string_view entries) {
  return Field('\x0A', Field('\x0A', labels) + std::string(entries));
}

TEST(PushProto, TakesWhatLokiTakes) {
  const std::string x = Entry("\x08\x01", "x");
  const std::string unknown = "\x18\x05"s;  // field 3, as the hash of a stream
  const Case cases[] = {
      {"", ""},
      {Stream("{a=\"1\"}", ""), ""},
      {Stream("{b='2',a=`1`, }", x), "{a=\"1\", b=\"2\"}\n1000000000|x|\n"},
      {Stream("{}", x), "{}\n1000000000|x|\n"},
      {Stream("{a=\"1\",gone=\"\"}", x + unknown), "{a=\"1\"}\n1000000000|x|\n"},
      {unknown + Stream("{a=\"\\u00fc\\x41\\101\\n\"}", x), "{a=\"üAA\\n\"}\n1000000000|x|\n"},
      {Stream("{a=\"1\"}", Entry("", "")), "{a=\"1\"}\n0||\n"},
      {Stream("{a=\"1\"}", Field('\x12', "")), "{a=\"1\"}\n0||\n"},
      {Stream("{a=\"1\"}",
              Field('\x12', Field('\x0A', "\x10\x05") + Field('\x12', "\xFF") +
                                Field('\x1A', Field('\x0A', "9é.b") + Field('\x12', "v\xFFw")))),
       "{a=\"1\"}\n5|\xFF|{\"_9__b\":\"v w\"}\n"},
      // Labels that are none refuse their stream only.
      {Stream("{a=}", x) + Stream("{b=\"2\"}", x),
       "error parsing labels '{a=}' with error: 1:2: parse error: unexpected \"a\", expected a "
       "label name and a string\n1000000000|x|\n{b=\"2\"}\n1000000000|x|\n"},
      {Stream("", x),
       "error parsing labels '' with error: 1:1: parse error: unexpected end of input, expected "
       "\"{\"\n1000000000|x|\n"},
      {Stream("{a=\"1\"} x", x),
       "error parsing labels '{a=\"1\"} x' with error: 1:8: parse error: more stands behind the "
       "labels\n1000000000|x|\n"},
      {Stream("{a=\"1\",a=\"2\"}", x),
       "stream '{a=\"1\", a=\"2\"}' has duplicate label name: 'a'\n1000000000|x|\n"},
      {Stream("{a=\"1\\q\"}", x),
       "error parsing labels '{a=\"1\\q\"}' with error: 1:8: parse error: unknown escape "
       "sequence\n1000000000|x|\n"},
  };
  for (const Case& c : cases) EXPECT_EQ(ShowProto(c.bytes), c.wanted) << c.wanted;
}

TEST(PushProto, RefusesEverythingElse) {
  const std::string x = Entry("\x08\x01", "x");
  const std::string stream = Stream("{a=\"1\"}", x);
  const auto glp = [&](std::string_view origins) {
    return stream + "\xC2\xB5\x03" + static_cast<char>(origins.size()) + std::string(origins);
  };
  const std::string run = Field('\x0A', Field('\x0A', "i") + Field('\x12', "\x02"));
  EXPECT_EQ(ShowProto(glp(Field('\x0A', run))), "{a=\"1\"}\n1000000000|x||i@1\n");
  EXPECT_EQ(ShowProto(glp(Field('\x0A', ""))), "{a=\"1\"}\n1000000000|x|\n");
  const std::string bodies[] = {
      "\x0A",
      "\x0A\x05",
      "\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
      "{\"streams\":[]}",
      Stream("{a=\"1\"}", "\x12\x7F"),
      Stream("{a=\"1\"}", Entry("\x10\x80\x94\xEB\xDC\x03", "a second of nanos")),
      Stream("{a=\"1\"}", Entry("\x08\xFF\xFF\xFF\xFF\xFF\x0F", "the year 36812")),
      Stream("{a=\"1\"}", Entry("\x08", "cut")),
      glp(""),                                                // fewer
      glp(Field('\x0A', "") + Field('\x0A', "")),             // more
      glp(Field('\x0A', run + run)),                          // more offsets than entries
      glp(Field('\x0A', Field('\x0A', Field('\x0A', "i")))),  // no offset
      glp(Field('\x0A', Field('\x0A', Field('\x0A', "\xFF") + Field('\x12', "\x02")))),
      // Fields that are known, of another wire type.
      stream + "\x08\x01",
      Field('\x0A', "\x08\x01"),
      Stream("{a=\"1\"}", x + "\x10\x01"),
      Stream("{a=\"1\"}", Field('\x12', Field('\x0A', "\x08\x01") + "\x10\x01")),
      Stream("{a=\"1\"}", Field('\x12', Field('\x0A', Field('\x0A', "1")))),
      Stream("{a=\"1\"}", Field('\x12', Field('\x1A', "\x08\x01"))),
  };
  for (const std::string& body : bodies) {
    EXPECT_EQ(ShowProto(body).substr(0, 6), "ERROR ") << ShowProto(body);
  }
}

TEST(PushTarget, IsTheWordOfTheServer) {
  EXPECT_EQ(ReadPushTarget(R"({"version":"x","application":"glp","push":2})"), PushTarget::kGlp);
  EXPECT_EQ(ReadPushTarget(R"({"application":"glp","push":3})"), PushTarget::kGlp);
  EXPECT_EQ(ReadPushTarget(R"({"application":"glp"})"), PushTarget::kOldGlp);
  EXPECT_EQ(ReadPushTarget(R"({"version":"3.7.6"})"), PushTarget::kLoki);
  EXPECT_EQ(ReadPushTarget("<html>"), PushTarget::kLoki);
  EXPECT_EQ(ReadPushTarget(""), PushTarget::kLoki);
}

}  // namespace
}  // namespace glp::wire
