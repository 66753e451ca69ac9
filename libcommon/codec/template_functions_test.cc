// Functions one by one, beyond what the recorded answers of template_test.cc have: what sprig's
// documentation promises, and limits.
#include "codec/template_functions.h"

#include <gtest/gtest.h>

#include "codec/template.h"

namespace glp::codec {
namespace {

class NoData : public TemplateData {
 public:
  std::optional<std::string_view> Get(std::string_view name) const override {
    if (name == "bad") return "a\xFF\xC3z";
    return std::nullopt;
  }
  std::vector<std::pair<std::string_view, std::string_view>> All() const override {
    return {{"bad", "a\xFF\xC3z"}};
  }
};

constexpr int64_t kNowNs = 1'700'000'000'123'456'789;

std::string Made(std::string_view text, TemplateDialect dialect = TemplateDialect::kPromtail,
                 TemplateLimits limits = TemplateLimits()) {
  auto compiled = Template::Compile(text, dialect, limits);
  if (!compiled.ok()) return "compile: " + compiled.status().message();
  std::string out;
  Status status = compiled->Execute(
      {.data = NoData(), .line = "line", .ts_ns = kNowNs, .now_ns = kNowNs}, &out);
  return status.ok() ? out : "run: " + status.message();
}

struct Case {
  std::string_view text, want;
};

void Check(std::initializer_list<Case> cases) {
  for (const Case& c : cases) EXPECT_EQ(Made(c.text), c.want) << c.text;
}

TEST(TemplateFunctions, Texts) {
  Check({
      {"{{ abbrevboth 5 10 `1234 5678 9123` }}", "...5678..."},
      {"{{ abbrev 3 `abcdef` }}", "abcdef"},
      {"{{ initials `First Try` }}", "FT"},
      {"{{ untitle `Hello World` }}", "hello world"},
      {"{{ nospace `hello w o r l d` }}", "helloworld"},
      {"{{ wrapWith 5 `\t` `HelloWorld` }}", "Hello\tWorld"},
      {"{{ wrap 3 `abcdef gh` }}", "abcdef\ngh"},
      {"{{ trimAll `$` `$5.00$` }}", "5.00"},
      {"{{ cat `hello` nil 1 `world` }}", "hello 1 world"},
      {"{{ squote `a` 1 }}", "'a' '1'"},
      {"{{ kebabcase `FirstName` }}", "first-name"},
      {"{{ snakecase `Bld4Floor_3rd` }}", "bld4_floor_3rd"},
      {"{{ snakecase `HTTP2xx` }}", "http_2xx"},
      {"{{ camelcase `GOLANG_IS_GREAT` }}", "GolangIsGreat"},
      {"{{ camelcase `_complex__case_` }}", "_Complex_Case_"},
      {"{{ toString 1.5 }}", "1.5"},
      {"{{ splitList `` `h\xC3\xA9` | len }}", "2"},
      {"{{ join `-` (list `a` nil 1) }}", "a-1"},
      {"{{ join `-` 5 }}", "5"},
      {"{{ sortAlpha (list `b` `a` 3) }}", "[3 a b]"},
      {"{{ upper .bad | printf `%q` }}", "\"A\xEF\xBF\xBD\xEF\xBF\xBDZ\""},
      {"{{ trunc 2 .bad | printf `%q` }}", R"("a\xff")"},
      {"{{ .bad | toJson }}", R"("a\ufffd\ufffdz")"},
      {"{{ hello }}", "Hello!"},
  });
}

TEST(TemplateFunctions, Numbers) {
  Check({
      {"{{ seq 5 }}|{{ seq -3 }}|{{ seq 0 2 10 }}|{{ seq 0 -2 -5 }}|{{ seq }}",
       "1 2 3 4 5|1 0 -1 -2 -3|0 2 4 6 8 10|0 -2 -4|"},
      {"{{ until -3 }} {{ untilStep 3 0 -1 }} {{ untilStep 0 3 0 }}", "[0 -1 -2] [3 2 1] []"},
      {"{{ toDecimal `777` }} {{ toDecimal `9` }}", "511 0"},
      {"{{ round 123.5555 3 }}", "123.556"},
      {"{{ add1f 1.5 }} {{ addf 0.1 0.2 0.3 }} {{ mulf 0.1 3 }}", "2.5 0.6 0.3"},
      {"{{ divf 1 0 }}",
       "run: template: :1:4: executing \"\" at <divf 1 0>: error calling divf: decimal division "
       "by 0"},
      {"{{ div -9223372036854775808 -1 }} {{ mod -9223372036854775808 -1 }}",
       "-9223372036854775808 0"},
      {"{{ add 9223372036854775807 1 }}", "-9223372036854775808"},
      {"{{ int `1e3` }} {{ int `7.0` }} {{ int64 1e300 }} {{ atoi `+7` }} {{ int true }}",
       "0 7 -9223372036854775808 7 1"},
      {"{{ max 1 `7` 3 }} {{ biggest 2 1 }} {{ min 2 1 }}", "7 2 1"},
  });
}

TEST(TemplateFunctions, ListsAndDicts) {
  Check({
      {"{{ compact (list 1 `a` `` nil) }}", "[1 a]"},
      {"{{ has 4 (list 1 4) }} {{ has `4` (list 1 4) }} {{ has 1 nil }}", "true false false"},
      {"{{ last (list 1 2) }} {{ prepend (list 1) 0 }} {{ append (list 1) 2 }} {{ push (list) nil "
       "}}",
       "2 [0 1] [1 2] [<nil>]"},
      {"{{ reverse (list 1 2 3) }} {{ rest (list) }} {{ initial (list) }}", "[3 2 1] [] []"},
      {"{{ first 5 }}",
       "run: template: :1:4: executing \"\" at <first 5>: error calling first: cannot find first "
       "on type int"},
      {"{{ $d := dict `a` 1 }}{{ $_ := set $d `b` 2 }}{{ $_ = unset $d `a` }}{{ $d }}", "map[b:2]"},
      {"{{ pluck `n` (dict `n` 1) (dict) (dict `n` 2) }}", "[1 2]"},
      {"{{ keys (dict `b` 1 `a` 2) }} {{ values (dict `b` 1 `a` 2) }}", "[a b] [2 1]"},
      {"{{ merge (dict `x` (dict `a` 1)) (dict `x` (dict `a` 2 `b` 3)) }}", "map[x:map[a:1 b:3]]"},
      {"{{ $a := dict `x` (list 1) }}{{ $b := deepCopy $a }}{{ $_ := set $a `y` 1 }}{{ $b }}",
       "map[x:[1]]"},
      {"{{ dict `a` }}", "map[a:]"},
      {"{{ $_ := set . `k` `v` }}{{ .k }} {{ hasKey . `k` }}", "v true"},
      {"{{ dig `a` `d` (dict `a` nil) }}", "<no value>"},
      {"{{ range $k, $v := dict `b` 1 `a` 2 }}{{ $k }}{{ $v }};{{ end }}", "a2;b1;"},
      {"{{ $d := dict `a` 1 }}{{ range $k, $v := $d }}{{ $_ := set $d (print $k `x`) 2 }}{{ end "
       "}}{{ $d }}",
       "map[a:1 ax:2]"},
  });
}

TEST(TemplateFunctions, RegexesAndVersions) {
  Check({
      {"{{ regexFind `[a-zA-Z][1-9]` `abcd1234` }}", "d1"},
      {"{{ regexFindAll `[2,4,6,8]` `123456789` -1 }}", "[2 4 6 8]"},
      {"{{ regexSplit `z+` `pizza` -1 }} {{ regexSplit `a` `banana` 2 }} {{ regexSplit `x` `` -1 | "
       "len }}",
       "[pi a] [b nana] 1"},
      {"{{ regexReplaceAll `a(x*)b` `-ab-axxb-` `${1}W` }}", "-W-xxW-"},
      {"{{ regexReplaceAllLiteral `a(x*)b` `-ab-axxb-` `${1}` }}", "-${1}-${1}-"},
      {"{{ regexReplaceAll `(?<y>\\d+)` `a1` `<${y}>` }}", "a<1>"},
      {"{{ regexReplaceAll `b*` `abc` `-` }}", "-a-c-"},
      {"{{ regexMatch `(` `x` }}", "false"},
      {"{{ regexFind .nope `x` }}",
       "run: template: :1:14: executing \"\" at <.nope>: invalid value; expected string"},
      {"{{ regexReplaceAll `[^a]` .bad `_` }}", "a___"},
      {"{{ semverCompare `^1.2.0` `1.9.3` }} {{ semverCompare `^1.2.0` `2.0.0` }}", "true false"},
      {"{{ semverCompare `~1.2` `1.2.9` }} {{ semverCompare `>=1, <2 || 3.x` `3.5.1` }}",
       "true true"},
      {"{{ semverCompare `1.2 - 2.0` `2.0.5` }} {{ semverCompare `>1.0` `2.0.0-rc1` }}",
       "true false"},
      {"{{ (semver `v1.2.3-beta.1+b`).Prerelease }} {{ semver `1.2` }}", "beta.1 1.2.0"},
      {"{{ (semver `1.10.0`).GreaterThan (semver `1.9.9`) }}", "true"},
  });
}

TEST(TemplateFunctions, DatesAndEncodings) {
  Check({
      {"{{ durationRound `2400h10m5s` }} {{ durationRound `x` }}", "3mo 0s"},
      {"{{ duration `95` }}", "1m35s"},
      {"{{ now | date `2006-01-02` }} {{ ago 1699999990 }}", "2023-11-14 10s"},
      {"{{ (now | dateModify `-1.5h`).Format `15:04` }}", "20:43"},
      {"{{ (toDate `2006-01-02 -0700` `2024-02-29 +0200`) }}", "2024-02-29 00:00:00 +0200 +0200"},
      {"{{ toDate `15:04` `10:20` }}", "0000-01-01 10:20:00 +0000 UTC"},
      {"{{ toDate `Unix` `Unix` }} {{ toDate `Unix` `17` }}",
       "0000-01-01 00:00:00 +0000 UTC 0001-01-01 00:00:00 +0000 UTC"},
      {"{{ now.Year }} {{ now.Month }} {{ printf `%d` now.Month }} {{ now.YearDay }}",
       "2023 November 11 318"},
      {"{{ (now.AddDate 0 3 20).Format `2006-01-02` }} {{ now.Sub (now.Add -1500000000) }}",
       "2024-03-05 1.5s"},
      {"{{ (now.Truncate 3600000000000).Format `15:04:05` }}", "22:00:00"},
      {"{{ dateInZone `15:04 MST` 0 `Asia/Kolkata` }} {{ dateInZone `15:04 MST` 0 `No/Zone` }}",
       "05:30 IST 00:00 UTC"},
      {"{{ b32enc `hi` }} {{ b64enc `hi!` }} {{ b64dec `aGk=` }} {{ b64dec `aGkh\n` }}",
       "NBUQ==== aGkh hi hi!"},
      {"{{ b64dec `a` }} {{ b64dec `aGk` }} {{ b64dec `aG=k` }}",
       "illegal base64 data at input byte 0 illegal base64 data at input byte 0 illegal base64 "
       "data at input byte 3"},
      {"{{ sha1sum `` }}", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
      {"{{ Hash `` `` }}", "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"},
      {"{{ Hash `a` `b` }}{{ if eq (Hash `a` `b`) (Hash `` `ab`) }} same{{ end }}",
       "5c828b33397f4762922e39a60c35699d2550466a52dd15ed44da37eb0bdc61e6 same"},
      {"{{ urlJoin (dict `scheme` `http` `host` `h:80` `path` `/p q` `query` `a=1` `fragment` `f`) "
       "}}",
       "http://h:80/p%20q?a=1#f"},
      {"{{ $u := urlParse `HTTPS://u:p@[::1]:8/a%20b?q#f` }}{{ $u.scheme }} {{ $u.hostname }} "
       "{{ $u.path }} {{ $u.userinfo }}",
       "https ::1 /a b u:p"},
      {"{{ urlParse `http://h/%zz` | len }}",
       "run: template: :1:4: executing \"\" at <urlParse `http://h/%zz`>: error calling urlParse: "
       "unable to parse url: invalid URL escape \"%zz\" in 'http://h/%zz'"},
      {"{{ toPrettyJson (list) }} {{ toJson (list nil 1.0 1e21 `<`) }} {{ toRawJson (list `<`) }}",
       R"([] [null,1,1e+21,"\u003c"] ["<"])"},
      {"{{ (fromJson `{\"a\":12345678901234567890}`).a }} {{ mustFromJson `{` }}",
       "run: template: :1:52: executing \"\" at <mustFromJson `{`>: error calling mustFromJson: no "
       "JSON: expected a key in quotes at byte 1"},
      {"{{ dir `/a/b/../c` }} {{ base `a//` }} {{ ext `x/.y` }} {{ isAbs `a` }} {{ clean "
       "`../..//x/.` }}",
       "/a a .y false ../../x"},
      {"{{ typeOf (list) }} {{ kindOf (dict) }} {{ typeOf nil }} {{ kindIs `float64` 1.5 }}",
       "[]interface {} map <nil> true"},
  });
}

TEST(TemplateFunctions, Printf) {
  Check({
      {"{{ printf `%#g|%#g|%#.3g|%#g` 1.0 1e20 0.5 0.0 }}", "1.00000|1.00000e+20|0.500|0.00000"},
      {"{{ printf `%#.0f|%#.0e|%+d|% x|%#x|%#X` 1.0 1.0 5 `ab` `ab` `ab` }}",
       "1.|1.e+00|+5|61 62|0x6162|0X6162"},
      {"{{ printf `%+q|%#q|%q` `\u00e9` `a` 'x' }}", "\"\\u00e9\"|`a`|'x'"},
      {"{{ printf `%08.3f|%+08d|%-8dx|%x` -3.14159 42 42 `\xff` }}",
       "-003.142|+0000042|42      x|ff"},
      {"{{ printf `%[2]*[1]d|%d` 1 4 }}", "   1|4"},
      {"{{ printf `%d %s` 1 }}", "1 %!s(MISSING)"},
      {"{{ printf `%-010d|` 1 }}", "1         |"},
      {"{{ printf `%*d` `x` 1 }}", "%!(BADWIDTH)1"},
      {"{{ printf `%b %o %#o %c` 5 8 8 0x65E5 }}", "101 10 010 \xE6\x97\xA5"},
      {"{{ printf `%v %s` (list 1 `a` nil) (dict `k` `v`) }}", "[1 a <nil>] map[k:v]"},
      {"{{ printf `%s %d %v` now.Month now.Month now.Weekday }}", "November 11 Tuesday"},
      {"{{ printf `%d%%` 5 }}", "5%"},
  });
}

TEST(TemplateFunctions, EachUuidIsAnother) {
  std::string a = Made("{{ uuidv4 }}"), b = Made("{{ uuidv4 }}");
  ASSERT_EQ(a.size(), 36u);
  EXPECT_EQ(a[14], '4');
  EXPECT_NE(a, b);
}

TEST(TemplateFunctions, WhatIsRefusedSaysWhy) {
  Check({
      {"{{ env `HOME` }}",
       "compile: template: :1:4: function \"env\" is refused: it reads the environment, and a log "
       "pipeline gives the same for the same input, offline"},
      {"{{ randAlphaNum 5 }}",
       "compile: template: :1:4: function \"randAlphaNum\" is refused: its result is random, and a "
       "log pipeline gives the same for the same input, offline"},
  });
  EXPECT_EQ(Made("{{ env `HOME` }}", TemplateDialect::kLoki),
            "compile: template: :1:4: function \"env\" not defined; did you mean and?");
  for (std::string_view name : {"genPrivateKey", "genCA", "bcrypt", "htpasswd", "getHostByName",
                                "expandenv", "derivePassword", "shuffle", "encryptAES"}) {
    auto found = tmpl::FindFunction(name, TemplateDialect::kPromtail);
    ASSERT_FALSE(found.ok()) << name;
    EXPECT_NE(found.status().message().find("is refused"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace glp::codec
