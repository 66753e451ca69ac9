// Random queries and the entries to run them over, made so that stages meddle with each other:
// few names, which stand for labels of streams, metadata, keys of lines and targets of stages.
// For tests; the same seed gives the same everywhere. Threads: one at a time.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "record/labels.h"

namespace glp::logql {

class RandomQueries {
 public:
  explicit RandomQueries(uint64_t seed) : random_(seed) {}

  unsigned Number(unsigned below) { return static_cast<unsigned>(random_() % below); }
  bool OneIn(unsigned count) { return Number(count) == 0; }
  std::string Pick(const std::vector<const char*>& choices) {
    return choices[Number(static_cast<unsigned>(choices.size()))];
  }

  std::string Name() {
    return Pick({"a", "a", "b", "b", "c", "level", "msg", "status", "dur", "size", "ip", "a_b",
                 "a_extracted", "b_extracted", "b_c_a"});
  }
  std::string Value() {
    if (OneIn(30)) return std::string("x\0y", 3);
    return Pick({"1",
                 "2",
                 "2.5",
                 "-3",
                 "1e3",
                 "10ms",
                 "1h",
                 "5KB",
                 "1.5MiB",
                 "10.0.0.1",
                 "::1",
                 "192.168.4.7",
                 "x",
                 "y",
                 "error",
                 "ERROR",
                 "info",
                 "",
                 "NaN",
                 "0x10",
                 "\xC3\xBCn\xC3\xAF",
                 "a b",
                 "a=b",
                 "\x1b[31mred\x1b[0m",
                 "/path?q=1",
                 "long value "
                 "with several words",
                 "true",
                 "\xE2\x84\xAAsys",
                 "{\"a\":1}"});
  }

  // ---- Entries.

  Labels Stream() {
    Labels labels;
    for (const char* name : {"a", "app", "level"}) {
      if (OneIn(3)) labels.push_back({name, Pick({"1", "x", "error", "web", "10.0.0.1"})});
    }
    Canonicalize(&labels);
    return labels;
  }
  // Canonical.
  Labels Metadata() {
    Labels labels;
    for (const char* name : {"a", "b", "dur", "a_b"}) {
      if (OneIn(5)) labels.push_back({name, MetadataValue()});
    }
    Canonicalize(&labels);
    return labels;
  }
  // What was parsed before.
  Labels Fields() {
    Labels labels;
    if (!OneIn(4)) return labels;
    for (const char* name : {"a", "b", "c", "status", "app"}) {
      if (OneIn(4)) labels.push_back({name, MetadataValue()});
    }
    if (OneIn(6)) {
      labels.push_back({"__error__", Pick({"JSONParserErr", "LabelFilterErr"})});
      if (OneIn(2)) labels.push_back({"__error_details__", "of before"});
    }
    Canonicalize(&labels);
    return labels;
  }

  std::string Line() {
    switch (Number(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return JsonObject(0);
      case 4:
      case 5:
      case 6:
        return Logfmt();
      case 7:
        return Pick({"10.0.0.1", "::1", "-", "fe80::1%eth0"}) + " - " + Value() + " [" + Value() +
               "] \"GET " + Pick({"/a", "/b?c=1"}) + "\" " + Pick({"200", "404", "x"}) + " " +
               Value();
      case 8:
        return R"({"_entry":)" + JsonText(OneIn(2) ? JsonObject(1) : Logfmt()) + "," + Members(1) +
               "}";
      case 9:
        return Broken(OneIn(2) ? JsonObject(0) : Logfmt());
      case 10:
        return Words();
      default:
        return Pick({"", " ", "[1,{\"a\":2}]", "\"a\"", "{}", "\xFF\xFE", "a", "null",
                     "\x1b[1mbold\x1b[0m a=1", "{\"a\":", "\n", "{\"a\":1}\n{\"a\":2}"});
    }
  }

  // ---- Queries.

  std::string Query() {
    std::string query = Pick({"{}", "{}", "{}", "{app=\"web\"}"});
    for (unsigned i = 1 + Number(5); i > 0; --i) query += " " + Stage();
    return query;
  }

  std::string Stage() {
    switch (Number(22)) {
      case 0:
      case 1:
        return LineFilter();
      case 2:
      case 3:
        return "| json";
      case 4:
        return "| json " +
               List(3, [this] { return OneIn(4) ? Name() : Name() + "=" + Quoted(JsonPath()); });
      case 5:
      case 6:
        return "| logfmt" + Pick({"", "", " --strict", " --keep-empty", " --strict --keep-empty"});
      case 7:
        return "| logfmt " + Pick({"", "--strict "}) +
               List(3, [this] { return OneIn(3) ? Name() : Name() + "=\"" + Name() + "\""; });
      case 8:
        return "| regexp " +
               Pick({R"x(`(?P<a>\w+)=(?P<b>\S*)`)x", R"x(`^(?P<ip>\S+) - (?P<c>.*)`)x",
                     R"x(`"(?P<b_c_a>[^"]*)"`)x", R"x(`(?P<a>x)|(?P<b>y)`)x",
                     R"x(`(?i)(?P<level>error|info)`)x", R"x(`(?P<msg>.*)`)x"});
      case 9:
        return "| pattern " + Pick({"`<ip> - <a> [<_>] \"<msg>\" <status> <size>`", "`<a>=<b> <_>`",
                                    "`{<a>:<b>}`", "`<_> <c>`", "`a=<b>`", "`<msg>`"});
      case 10:
        return "| unpack";
      case 11:
      case 12:
      case 13:
        return "| " + LabelFilter(2);
      case 14:
      case 15:
        return "| line_format " + Quoted(Template());
      case 16:
      case 17:
        return "| label_format " +
               List(3, [this] { return Name() + "=" + (OneIn(2) ? Name() : Quoted(Template())); });
      case 18:
        return "| decolorize";
      case 19:
        return "| drop " + List(3, [this] { return NameOrMatcher(); });
      case 20:
        return "| distinct " + List(2, [this] {
                 return OneIn(8) ? Pick({"__error__", "nosuch"}) : Name();
               });
      default:
        return "| keep " + List(4, [this] { return NameOrMatcher(); });
    }
  }

  // Of what adds up, of what does not, and of sums and orders above them.
  std::string Metric() {
    std::string query = Pick({"{}", "{}", "{app=\"web\"}", "{level!=\"error\"}"});
    const std::string seconds = "[" + Pick({"1", "2", "5", "7", "60"}) + "s]" +
                                Pick({"", "", "", " offset 3s", " offset -2s", " offset 500ms"});
    for (unsigned i = Number(4); i > 0; --i) {
      // Most that can be counted without entries, some that cannot.
      switch (Number(6)) {
        case 0:
          query += " | " + Matcher();
          break;
        case 1:
          query += " " + Pick({"| drop a", "| keep app, level", "| drop __error__, b"});
          break;
        case 2:
          query += " " + Pick({"| json", "| logfmt", "| line_format `{{.app}} {{__line__}}`"});
          break;
        default:
          query += " " + LineFilter();
      }
    }
    query += OneIn(3) ? " | drop __error__, __error_details__" : "";
    std::string metric;
    if (OneIn(4)) {
      metric = Pick({"min_over_time", "max_over_time", "sum_over_time", "last_over_time",
                     "avg_over_time"}) +
               "(" + query + " | logfmt | unwrap " + Pick({"a", "dur", "status"}) +
               " | __error__=`` " + seconds + ")";
    } else {
      metric = Pick({"count_over_time", "count_over_time", "rate", "bytes_over_time",
                     "absent_over_time", "bytes_rate"}) +
               "(" + query + " " + seconds + ")";
    }
    switch (Number(5)) {
      case 0:
        return metric;
      case 1:
        return Pick({"topk", "bottomk"}) + "(2, " + metric + ")";
      default:
        return Pick({"sum", "sum", "avg", "stddev", "count", "max"}) +
               Pick({"", " by (app)", " by (level)", " by (a, app)", " without (a)"}) + "(" +
               metric + ")";
    }
  }

  std::string LabelFilter(int depth) {
    if (depth > 0 && OneIn(3)) {
      const std::string both =
          LabelFilter(depth - 1) + Pick({" and ", " or ", ", ", " "}) + LabelFilter(depth - 1);
      return OneIn(2) ? "(" + both + ")" : both;
    }
    const std::string compare = Pick({" > ", " >= ", " < ", " <= ", " == ", " != ", " = "});
    switch (Number(6)) {
      case 0:
        return Name() + compare + Pick({"1", "2.5", "-3", "0x10", "1000"});
      case 1:
        return Name() + compare + Pick({"10ms", "1h", "1d"});
      case 2:
        return Name() + compare + Pick({"5KB", "1MiB", "100B"});
      case 3:
        return Name() + Pick({"=", "!="}) + "ip(" +
               Pick({"\"10.0.0.0/8\"", "\"::1\"", "\"192.168.0.0-192.168.9.9\""}) + ")";
      default:
        return Matcher();
    }
  }

 private:
  template <typename Make>
  std::string List(unsigned most, const Make& make) {
    std::string out = make();
    for (unsigned i = Number(most); i > 0; --i) out += ", " + make();
    return out;
  }

  static std::string Quoted(const std::string& text) { return "`" + text + "`"; }

  // Words of metadata are UTF-8.
  std::string MetadataValue() { return Pick({"1", "2", "x", "10ms", "5KB", "", "q\"uo\\te", "é"}); }

  std::string Matcher() {
    const std::string name = OneIn(6) ? Pick({"__error__", "__error_details__"}) : Name();
    if (OneIn(2)) {
      return name + Pick({"=", "!="}) + "\"" +
             Pick({"", "x", "1", "error", "JSONParserErr", "LabelFilterErr", "2"}) + "\"";
    }
    return name + Pick({"=~", "!~"}) + "`" +
           Pick({"", ".*", ".+", "x|y", "(?i)error", "[0-9.]+", ".*Err", "e"}) + "`";
  }

  std::string NameOrMatcher() {
    if (OneIn(8)) return Pick({"__error__", "__error_details__"});
    return OneIn(3) ? Matcher() : Name();
  }

  std::string LineFilter() {
    const std::string op = Pick({"|=", "!=", "|~", "!~", "|>", "!>"});
    const auto text = [&]() -> std::string {
      if (op == "|=" || op == "!=") {
        if (OneIn(5)) return "ip(" + Pick({"`10.0.0.0/8`", "`::1`", "`192.168.0.0/16`"}) + ")";
        return Quoted(Pick({"a", "error", "\":", "=", "", "x", "\xC3\xBC", " - ", "ERR"}));
      }
      if (op == "|~" || op == "!~") {
        return Quoted(Pick({"a.b", "error|info", "(?i)error", "(?i)ksys", "^.a", "\\d+", ".*",
                            "(error|x) ?", "[^a]$", "a.*=.*b", "(?i)RED.*level|status", "\xC3\xBC",
                            "x\\by", "^$", "^[^\\x00-\\x7F]", "level=(error|info).*msg"}));
      }
      return Quoted(
          Pick({"<_>a<_>", "a<_>", "<_>=<_>", "<_>", "", "{<_>}", "<_> - <_>", "<_>error<_>"}));
    };
    std::string out = op + " " + text();
    while (OneIn(3)) out += " or " + text();
    return out;
  }

  std::string JsonPath() {
    return Pick({"a", "b", "a.b", "b.c.a", "[\"a\"]", "a[0]", "a[1].b", "[\"a.b\"]", "b[\"c\"]",
                 "c[0][1]", "b.c", "[0]", "a.a", "[1].a", "status"});
  }

  std::string Template() {
    const std::string name = Name();
    switch (Number(10)) {
      case 0:
        return "{{." + name + "}}";
      case 1:
        return "{{." + name + " | ToUpper}} {{." + Name() + "}}";
      case 2:
        return "{{__line__}}";
      case 3:
        return "{{if eq ." + name + " \"x\"}}yes{{else}}{{." + Name() + "}}{{end}}";
      case 4:
        return "{{." + name + " | int | add 1}}";
      case 5:
        return "{{range $k, $v := .}}{{if ne $k \"__error_details__\"}}{{$k}}={{$v}} "
               "{{end}}{{end}}";
      case 6:
        return "{\"a\":\"{{." + name + "}}\",\"b\":{\"c\":{{." + Name() + "}}}}";
      case 7:
        return "a={{." + name + "}} b={{." + Name() + "}}";
      case 8:
        return "{{ index . 3 }}";  // fails
      default:
        return Pick({"text", "", "{{.__error__}}", "{{fromJson .msg}}", "{{.a | trunc 2}}",
                     "{{__timestamp__ | unixEpoch}}", "{{.b | replace \"x\" \"y\"}}"});
    }
  }

  // ---- Lines.

  std::string Key() {
    if (!OneIn(8)) return Name();
    return Pick({"a.b", "1x", "", " a ", "_entry", "\xC3\xA9", "__error__", "A", "a-b", "\\u0061",
                 "a\\\"b", "\\ud800"});
  }

  static std::string JsonText(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      if (c == '\x1b') {
        out += "\\u001b";
      } else if (c == '\n') {
        out += "\\n";
      } else {
        out += c;
      }
    }
    return out + "\"";
  }

  std::string JsonValue(int depth) {
    switch (Number(depth < 3 ? 10 : 6)) {
      case 0:
      case 1:
      case 2:
        return JsonText(Value());
      case 3:
        return Pick({"1", "-2.5", "1e3", "0", "00", "12345678901234567890", "-"});
      case 4:
        return Pick({"true", "false", "null"});
      case 5:
        return OneIn(8) ? Pick({"nul", "\"\\ud800\"", "\"\\q\"", "\"\xFF\"", "\"\\u00e9\""})
                        : JsonText(Value());
      case 6: {
        std::string out = "[";
        for (unsigned i = Number(4); i > 0; --i) out += JsonValue(depth + 1) + (i > 1 ? "," : "");
        return out + "]";
      }
      default:
        return JsonObject(depth + 1);
    }
  }

  std::string Members(int depth) {
    std::string out;
    for (unsigned i = Number(6); i > 0; --i) {
      out += "\"" + Key() + "\"" + Pick({":", ": ", " :"}) + JsonValue(depth);
      out += i > 1 ? Pick({",", ", "}) : "";
    }
    return out;
  }
  std::string JsonObject(int depth) {
    return Pick({"{", "{", "{ "}) + Members(depth) + Pick({"}", "}", " }"});
  }

  std::string Logfmt() {
    std::string out;
    for (unsigned i = Number(7); i > 0; --i) {
      switch (Number(8)) {
        case 0:
          out += Key();
          break;
        case 1:
          out += Key() + "=";
          break;
        case 2:
          out +=
              Pick({"=x", "a=b=c", "a\"b", "a=\"open", "a=\"\\q\"", "\xFF=1", "a=x\"y", "\"x\""});
          break;
        case 3:
        case 4:
          out += Key() + "=" + JsonText(Value());
          break;
        default:
          out += Key() + "=" + Value();
      }
      out += Pick({" ", " ", "  ", "\t"});
    }
    return out;
  }

  std::string Words() {
    std::string out;
    for (unsigned i = 1 + Number(6); i > 0; --i) out += Value() + " ";
    return out;
  }

  std::string Broken(std::string line) {
    for (unsigned i = 1 + Number(3); i > 0 && !line.empty(); --i) {
      const size_t at = Number(static_cast<unsigned>(line.size()));
      switch (Number(4)) {
        case 0:
          line.erase(at, 1);
          break;
        case 1:
          line.insert(at, Pick({"\"", "{", "}", "\\", ",", ":", "[", "]", "=", " ", "\xFF", "0"}));
          break;
        case 2:
          line[at] = static_cast<char>(Number(256));
          break;
        default:
          line.resize(at);
      }
    }
    return line;
  }

  std::mt19937_64 random_;
};

}  // namespace glp::logql
