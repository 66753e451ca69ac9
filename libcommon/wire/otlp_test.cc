#include "wire/otlp.h"

#include <gtest/gtest.h>

#include <bit>

namespace glp::wire {
namespace {

constexpr int64_t kNow = 1767571200000000000;

// Writes protobuf.
class Proto {
 public:
  Proto& Varint(uint32_t field, uint64_t value) { return Raw(field << 3).Raw(value); }
  Proto& Fixed64(uint32_t field, uint64_t value) {
    Raw(field << 3 | 1);
    for (int i = 0; i < 64; i += 8) bytes_ += static_cast<char>(value >> i);
    return *this;
  }
  Proto& Fixed32(uint32_t field, uint32_t value) {
    Raw(field << 3 | 5);
    for (int i = 0; i < 32; i += 8) bytes_ += static_cast<char>(value >> i);
    return *this;
  }
  Proto& Bytes(uint32_t field, const std::string& value) {
    Raw(field << 3 | 2).Raw(value.size());
    bytes_ += value;
    return *this;
  }
  Proto& Bytes(uint32_t field, const Proto& value) { return Bytes(field, value.bytes_); }
  const std::string& bytes() const { return bytes_; }

 private:
  Proto& Raw(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
    return *this;
  }
  std::string bytes_;
};

Proto Text(const std::string& text) { return Proto().Bytes(1, text); }
Proto Pair(const std::string& key, const Proto& value) {
  return Proto().Bytes(1, key).Bytes(2, value);
}
Proto Pair(const std::string& key, const std::string& text) { return Pair(key, Text(text)); }

// A request with one record, whose resource has `resource`.
std::string OneRecord(const Proto& resource, const Proto& scope, const Proto& record) {
  return Proto()
      .Bytes(1, Proto().Bytes(1, resource).Bytes(2, Proto().Bytes(1, scope).Bytes(2, record)))
      .bytes();
}

std::string Show(const PushRequest& request) {
  std::string out;
  for (const PushRequest::Stream& stream : request.streams) {
    out += LabelsToSelector(stream.labels) + "\n";
    for (const PushRequest::Entry& entry : stream.entries) {
      out += std::to_string(entry.ts_ns) + "|" + std::string(entry.line) + "|" +
             std::string(entry.meta) + "\n";
    }
  }
  return out;
}

std::string Decode(const std::string& body, OtlpForm form, const Limits& limits = LokiLimits()) {
  // What stands behind the body is none of it.
  OtlpDecoder decoder;
  const auto request = decoder.Decode(body, form, limits, kNow);
  return request.ok() ? Show(**request) : "ERROR " + request.status().message();
}

std::string Json(const std::string& body, const Limits& limits = LokiLimits()) {
  return Decode(body, OtlpForm::kJson, limits);
}

TEST(Otlp, ProtobufWithEverything) {
  const Proto nested = Proto().Bytes(
      6, Proto().Bytes(1, Pair("b.c", Proto().Varint(3, 7))).Bytes(1, Pair("d", "x")));
  const Proto list =
      Proto().Bytes(5, Proto()
                           .Bytes(1, Text("a\"b"))
                           .Bytes(1, Proto().Varint(2, 1))
                           .Bytes(1, Proto().Fixed64(4, std::bit_cast<uint64_t>(1.5)))
                           .Bytes(1, Proto())
                           .Bytes(1, nested));
  const Proto record = Proto()
                           .Fixed64(1, 5)
                           .Varint(2, 17)
                           .Bytes(3, "ERROR")
                           .Bytes(5, Text("the line"))
                           .Bytes(6, Pair("a", nested))
                           .Bytes(6, Pair("list", list))
                           .Bytes(6, Pair("bytes", Proto().Bytes(7, std::string("\0\xFF", 2))))
                           .Bytes(6, Pair("1st..key", Proto().Varint(2, 0)))
                           .Varint(7, 3)
                           .Fixed32(8, 1)
                           .Bytes(9, std::string(16, '\x1F'))
                           .Bytes(10, std::string(8, '\x02'))
                           .Fixed64(11, 6);
  const Proto resource = Proto()
                             .Bytes(1, Pair("service.name", "shop"))
                             .Bytes(1, Pair("k8s.pod.name", "p-1"))
                             .Bytes(1, Pair("host.name", "h"))
                             .Varint(2, 1);
  const Proto scope = Proto().Bytes(1, "lib").Bytes(2, "1.0").Bytes(3, Pair("s", "t")).Varint(4, 2);
  EXPECT_EQ(Decode(OneRecord(resource, scope, record), OtlpForm::kProtobuf),
            "{k8s_pod_name=\"p-1\", service_name=\"shop\"}\n"
            R"(5|the line|{"a_b_c":"7","a_d":"x","bytes":"AP8=","dropped_attributes_count":"3",)"
            R"("flags":"1","host_name":"h","key_1st_key":"false",)"
            R"("list":"[\"a\\\"b\",true,1.5,null,{\"b.c\":7,\"d\":\"x\"}]",)"
            R"("observed_timestamp":"6","s":"t","scope_dropped_attributes_count":"2",)"
            R"("scope_name":"lib","scope_version":"1.0","severity_number":"17",)"
            R"("severity_text":"ERROR","span_id":"0202020202020202",)"
            R"("trace_id":"1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f"})"
            "\n");
}

TEST(Otlp, JsonWithEverything) {
  EXPECT_EQ(Json(R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{
        "timeUnixNano":"5","observedTimeUnixNano":6,"severityNumber":17,"severityText":"ERROR",
        "body":{"stringValue":"the line"},
        "attributes":[
          {"key":"a","value":{"kvlistValue":{"values":[{"key":"b.c","value":{"intValue":"7"}},
                                                       {"key":"d","value":{"stringValue":"x"}}]}}},
          {"key":"list","value":{"arrayValue":{"values":[{"stringValue":"a\"b"},{"boolValue":true},
                                                         {"doubleValue":1.5},{}]}}},
          {"key":"bytes","value":{"bytesValue":"AP8="}},
          {"key":"none"}],
        "droppedAttributesCount":3,"flags":1,
        "traceId":"1F1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f","spanId":"0202020202020202"}],
        "scope":{"name":"lib","version":"1.0","attributes":[],"droppedAttributesCount":2}}],
        "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}},
                                  {"key":"host.name","value":{"stringValue":"h"}}]},
        "schemaUrl":"x"}]})"),
            "{service_name=\"shop\"}\n"
            R"(5|the line|{"a_b_c":"7","a_d":"x","bytes":"AP8=","dropped_attributes_count":"3",)"
            R"("flags":"1","host_name":"h","list":"[\"a\\\"b\",true,1.5,null]",)"
            R"("observed_timestamp":"6","scope_dropped_attributes_count":"2","scope_name":"lib",)"
            R"("scope_version":"1.0","severity_number":"17","severity_text":"ERROR",)"
            R"("span_id":"0202020202020202","trace_id":"1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f"})"
            "\n");
  // Names as in the proto file; enums by name; null is nothing.
  EXPECT_EQ(Json(R"({"resource_logs":[{"scope_logs":[{"log_records":[
        {"time_unix_nano":7,"severity_number":"SEVERITY_NUMBER_WARN2","body":{"int_value":3}},
        {"timeUnixNano":6,"body":{"arrayValue":{}},"attributes":[{"key":"m","value":{"kvlistValue":{}}}]},
        {"timeUnixNano":8,"severityNumber":"SEVERITY_NUMBER_UNSPECIFIED","body":null,"traceId":"",
         "attributes":null,"spanId":"0000000000000000","flags":0}]}]}]})"),
            "{service_name=\"unknown_service\"}\n7|3|{\"severity_number\":\"14\"}\n6|[]|\n8||\n");
}

TEST(Otlp, TimesAndBodies) {
  struct Case {
    Proto record;
    std::string wanted;
  };
  const Proto map = Proto().Bytes(6, Proto()
                                         .Bytes(1, Pair("z", "<&>"))
                                         .Bytes(1, Pair("a", Proto().Varint(3, 1)))
                                         .Bytes(1, Pair("z", "last")));
  const double infinity = std::numeric_limits<double>::infinity();
  const Case cases[] = {
      {Proto(), "1767571200000000000||"},
      {Proto().Fixed64(11, 9), "9||"},
      {Proto().Fixed64(1, 8), "8||"},
      {Proto().Fixed64(1, 8).Fixed64(11, 9), R"(8||{"observed_timestamp":"9"})"},
      {Proto().Fixed64(1, 1).Bytes(5, Proto().Varint(2, 1)), "1|true|"},
      {Proto().Fixed64(1, 1).Bytes(5, Proto().Varint(3, UINT64_MAX)), "1|-1|"},
      {Proto().Fixed64(1, 1).Bytes(5, Proto().Fixed64(4, std::bit_cast<uint64_t>(1e21))),
       "1|1e+21|"},
      {Proto().Fixed64(1, 1).Bytes(5, Proto().Fixed64(4, std::bit_cast<uint64_t>(infinity))),
       "1|+Inf|"},
      {Proto().Fixed64(1, 1).Bytes(5, Proto().Bytes(7, "abc")), "1|YWJj|"},
      {Proto().Fixed64(1, 1).Bytes(5, map), R"(1|{"a":1,"z":"last"}|)"},
      {Proto().Fixed64(1, 1).Bytes(5, Proto().Bytes(5, Proto().Bytes(1, Text("\xFF")))),
       "1|[\"\xEF\xBF\xBD\"]|"},
      {Proto().Fixed64(1, 1).Bytes(5, Text("\xFF raw")), "1|\xFF raw|"},
      {Proto().Fixed64(1, 1).Bytes(5, Proto()), "1||"},
      {Proto().Fixed64(1, 1).Bytes(5, Text("a").Varint(3, 2)), "1|2|"},
      {Proto().Fixed64(1, 1).Bytes(9, std::string(16, '\0')).Bytes(999, "new field"), "1||"},
      {Proto().Fixed64(1, 1).Bytes(6, Pair("v", "\xFF")), R"(1||{"v":" "})"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Decode(OneRecord(Proto(), Proto(), c.record), OtlpForm::kProtobuf),
              "{service_name=\"unknown_service\"}\n" + c.wanted + "\n");
  }
}

TEST(Otlp, ServiceNameAndStreams) {
  const auto resource = [](const std::string& attributes, const std::string& line) {
    return R"({"resource":{"attributes":[)" + attributes +
           R"(]},"scopeLogs":[{"logRecords":[{"timeUnixNano":1,"body":{"stringValue":")" + line +
           R"("}}]}]})";
  };
  const auto attribute = [](const std::string& key, const std::string& value) {
    return R"({"key":")" + key + R"(","value":{"stringValue":")" + value + "\"}}";
  };
  const std::string pod =
      attribute("k8s.container.name", "c") + "," + attribute("k8s.job.name", "j");
  const std::string body = R"({"resourceLogs":[)" + resource(pod, "1") + "," + resource("", "2") +
                           "," + resource(pod, "3") + "," +
                           resource(pod + "," + attribute("service.name", "s"), "4") + "," +
                           resource(attribute("service.name", ""), "5") + "]}";
  EXPECT_EQ(Json(body),
            "{k8s_container_name=\"c\", k8s_job_name=\"j\", service_name=\"c\"}\n1|1|\n1|3|\n"
            "{service_name=\"unknown_service\"}\n1|2|\n1|5|\n"
            "{k8s_container_name=\"c\", k8s_job_name=\"j\", service_name=\"s\"}\n1|4|\n");
  EXPECT_EQ(Json(body, Limits()),
            "{k8s_container_name=\"c\", k8s_job_name=\"j\"}\n1|1|\n1|3|\n{}\n1|2|\n1|5|\n"
            "{k8s_container_name=\"c\", k8s_job_name=\"j\", service_name=\"s\"}\n1|4|\n");
}

TEST(Otlp, RulesSayWhatBecomesOfAttributes) {
  auto config = std::make_shared<OtlpConfig>();
  auto any_host = MakeOtlpPattern("host\\..*");
  ASSERT_TRUE(any_host.ok());
  config->resource = {{OtlpAction::kDrop, {"service.name"}, {}},
                      {OtlpAction::kIndexLabel, {}, *any_host}};
  config->scope = {{OtlpAction::kDrop, {"s"}, {}}};
  config->log = {{OtlpAction::kIndexLabel, {"team"}, {}}, {OtlpAction::kDrop, {"secret"}, {}}};
  config->severity_text_as_label = true;
  Limits limits;
  limits.otlp = config;
  const Proto resource = Proto()
                             .Bytes(1, Pair("service.name", "shop"))
                             .Bytes(1, Pair("host.name", "h"))
                             .Bytes(1, Pair("my.host.name", "m"));
  const Proto scope = Proto().Bytes(3, Pair("s", "t")).Bytes(3, Pair("u", "v"));
  const Proto record = Proto()
                           .Fixed64(1, 1)
                           .Bytes(3, "WARN")
                           .Bytes(6, Pair("team", "a"))
                           .Bytes(6, Pair("secret", "x"))
                           .Bytes(6, Pair("free", "f"));
  EXPECT_EQ(Decode(OneRecord(resource, scope, record), OtlpForm::kProtobuf, limits),
            "{host_name=\"h\", severity_text=\"WARN\", team=\"a\"}\n"
            R"(1||{"free":"f","my_host_name":"m","severity_text":"WARN","u":"v"})"
            "\n");
  EXPECT_FALSE(MakeOtlpPattern("(").ok());
}

Proto Deep(int depth) {
  Proto value = Text("x");
  for (int i = 0; i < depth; ++i) value = Proto().Bytes(5, Proto().Bytes(1, value));
  return value;
}

TEST(Otlp, RefusesWhatIsMalformed) {
  const std::string good = OneRecord(Proto().Bytes(1, Pair("service.name", "a")), Proto(),
                                     Proto().Fixed64(1, 1).Bytes(5, Text("line")));
  EXPECT_EQ(Decode(good, OtlpForm::kProtobuf), "{service_name=\"a\"}\n1|line|\n");
  // Cut off anywhere but between fields of the request.
  for (size_t size = 1; size < good.size(); ++size) {
    EXPECT_EQ(Decode(good.substr(0, size), OtlpForm::kProtobuf).substr(0, 6), "ERROR ") << size;
  }
  EXPECT_EQ(Decode("", OtlpForm::kProtobuf), "");
  const std::string bodies[] = {
      "\xFF",
      "hello",
      std::string(100, '\xFF'),
      std::string("\x0A\xFF\xFF\xFF\xFF\x0F", 6),
      Proto().Varint(1, 1).bytes(),
      OneRecord(Proto().Varint(1, 1), Proto(), Proto()),
      OneRecord(Proto(), Proto().Varint(1, 1), Proto()),
      OneRecord(Proto(), Proto(), Proto().Varint(1, 5)),
      OneRecord(Proto(), Proto(), Proto().Fixed32(11, 5)),
      OneRecord(Proto(), Proto(), Proto().Varint(5, 5)),
      OneRecord(Proto(), Proto(), Proto().Bytes(5, Proto().Varint(1, 5))),
      OneRecord(Proto(), Proto(), Proto().Bytes(6, Proto().Varint(1, 5))),
      OneRecord(Proto(), Proto(), Proto().Bytes(9, "short")),
      OneRecord(Proto(), Proto(), Proto().Bytes(10, std::string(9, 'x'))),
      OneRecord(Proto(), Proto(), Proto().Fixed64(1, UINT64_MAX)),
      OneRecord(Proto(), Proto(), Proto().Bytes(5, Deep(65))),
      OneRecord(Proto(), Proto(), Proto().Bytes(6, Pair("a", Deep(200)))),
  };
  for (const std::string& body : bodies) {
    EXPECT_EQ(Decode(body, OtlpForm::kProtobuf).substr(0, 6), "ERROR ");
  }
  EXPECT_NE(Decode(OneRecord(Proto(), Proto(), Proto().Bytes(5, Deep(64))), OtlpForm::kProtobuf)
                .substr(0, 6),
            "ERROR ");
}

TEST(Otlp, RefusesJsonThatIsNoOtlp) {
  const auto record = [](const std::string& fields) {
    return R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[)" + fields + "]}]}]}";
  };
  EXPECT_EQ(Json("{}"), "");
  EXPECT_EQ(Json(R"({"resourceLogs":null,"new":[1]})"), "");
  EXPECT_EQ(Json(record("")), "");
  std::string deep = R"({"stringValue":"x"})";
  for (int i = 0; i < 70; ++i) deep = R"({"arrayValue":{"values":[)" + deep + "]}}";
  const std::string bodies[] = {
      "",
      "x",
      "[]",
      "null",
      "{",
      R"({"resourceLogs":{}})",
      R"({"resourceLogs":[1]})",
      R"({"resourceLogs":[{"resource":1}]})",
      R"({"resourceLogs":[{"resource":{"attributes":{}}}]})",
      R"({"resourceLogs":[{"scopeLogs":"x"}]})",
      R"({"resourceLogs":[{"scopeLogs":[{"scope":[]}]}]})",
      R"({"resourceLogs":[{"scopeLogs":[{"scope":{"name":1}}]}]})",
      record("1"),
      record(R"({"timeUnixNano":"x"})"),
      record(R"({"timeUnixNano":-1})"),
      record(R"({"timeUnixNano":1.5})"),
      record(R"({"timeUnixNano":"99999999999999999999"})"),
      record(R"({"timeUnixNano":18446744073709551615})"),
      record(R"({"severityNumber":"LOUD"})"),
      record(R"({"severityNumber":"SEVERITY_NUMBER_UNSPECIFIED2"})"),
      record(R"({"severityText":5})"),
      record(R"({"body":"plain"})"),
      record(R"({"body":{"stringValue":5}})"),
      record(R"({"body":{"boolValue":"true"}})"),
      record(R"({"body":{"intValue":"1.5"}})"),
      record(R"({"body":{"doubleValue":"x"}})"),
      record(R"({"body":{"bytesValue":"?"}})"),
      record(R"({"body":{"arrayValue":[]}})"),
      record(R"({"body":{"arrayValue":{"values":{}}}})"),
      record(R"({"body":{"kvlistValue":{"values":[1]}}})"),
      record(R"({"body":)" + deep + "}"),
      record(R"({"attributes":[{"key":5}]})"),
      record(R"({"traceId":"xyz"})"),
      record(R"({"traceId":"0g0000000000000000000000000000000"})"),
      record(R"({"spanId":"00"})"),
      record("{}") + "x",
      std::string(100'000, '['),
  };
  for (const std::string& body : bodies) EXPECT_EQ(Json(body).substr(0, 6), "ERROR ") << body;
}

// What little bytes ask for much memory.
TEST(Otlp, IsBounded) {
  OtlpDecoder decoder;
  const auto code = [&](const std::string& body) {
    const auto request = decoder.Decode(body, OtlpForm::kProtobuf, LokiLimits(), kNow);
    return request.ok() ? Code::kOk : request.status().code();
  };
  // Values of two bytes each.
  Proto values;
  for (int i = 0; i < 300'000; ++i) values.Bytes(1, Proto());
  EXPECT_EQ(code(OneRecord(Proto(), Proto(), Proto().Bytes(5, Proto().Bytes(5, values)))),
            Code::kLimit);
  // A long resource and many records.
  std::string records;
  for (int i = 0; i < 2000; ++i) records += Proto().Bytes(2, Proto()).bytes();
  const std::string resource = Proto().Bytes(1, Pair("a", std::string(200'000, 'x'))).bytes();
  EXPECT_EQ(code(Proto().Bytes(1, Proto().Bytes(1, resource).Bytes(2, records)).bytes()),
            Code::kLimit);
  // A long name in front of many values.
  Proto map;
  for (int i = 0; i < 3000; ++i) map.Bytes(1, Pair("k", ""));
  EXPECT_EQ(
      code(OneRecord(Proto(), Proto(),
                     Proto().Bytes(6, Pair(std::string(200'000, 'x'), Proto().Bytes(6, map))))),
      Code::kLimit);
  EXPECT_EQ(code(OneRecord(Proto(), Proto(), Proto())), Code::kOk);
}

TEST(Otlp, FormsAndErrors) {
  const auto form = [](const std::string& type) {
    Request request;
    request.headers.emplace_back("Content-Type", type);
    return OtlpFormOf(request);
  };
  EXPECT_EQ(*form("application/x-protobuf"), OtlpForm::kProtobuf);
  EXPECT_EQ(*form("application/json; charset=utf-8"), OtlpForm::kJson);
  EXPECT_EQ(form("text/plain").status().message(), "content type: text/plain is not supported");
  EXPECT_FALSE(form("").ok());
  const Response json = OtlpError(OtlpForm::kJson, 400, "bad \"x\"");
  EXPECT_EQ(json.status, 400);
  EXPECT_EQ(json.content_type, "application/json");
  EXPECT_EQ(json.body, R"({"message":"bad \"x\""})");
  const std::string words(200, 'x');
  const Response proto = OtlpError(OtlpForm::kProtobuf, 500, words);
  EXPECT_EQ(proto.status, 503);
  EXPECT_EQ(proto.content_type, "application/x-protobuf");
  EXPECT_EQ(proto.body, Proto().Bytes(2, words).bytes());
}

}  // namespace
}  // namespace glp::wire
