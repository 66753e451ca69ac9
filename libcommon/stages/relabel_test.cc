#include "stages/relabel.h"

#include <gtest/gtest.h>

#include "stages/md5.h"

namespace glp::stages {
namespace {

std::string Hex(std::string_view text) {
  std::string out;
  for (uint8_t byte : Md5(text)) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

TEST(Md5, GivesTheDigestsOfTheRfc) {
  EXPECT_EQ(Hex(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(Hex("a"), "0cc175b9c0f1b6a831c399e269772661");
  EXPECT_EQ(Hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(Hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(Hex("abcdefghijklmnopqrstuvwxyz"), "c3fcd3d76192e4007dfb496cca67e13b");
  EXPECT_EQ(Hex("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
            "d174ab98d277d9f5a5611c2c9f419d9f");
  EXPECT_EQ(Hex("1234567890123456789012345678901234567890123456789012345678901234567890123456789"
                "0"),
            "57edf4a22be3c955ac49da2e2107b67a");
}

RelabelRule Rule(std::string action, std::vector<std::string> source = {}, std::string target = "",
                 std::string regex = "(.*)", std::string replacement = "$1") {
  RelabelRule rule;
  rule.action = std::move(action);
  rule.source_labels = std::move(source);
  rule.target_label = std::move(target);
  rule.regex = std::move(regex);
  rule.replacement = std::move(replacement);
  return rule;
}

RelabelRule HashMod(std::vector<std::string> source, std::string target, uint64_t modulus) {
  RelabelRule rule = Rule("hashmod", std::move(source), std::move(target));
  rule.modulus = modulus;
  return rule;
}

// The labels of {a="foo", b="bar", c="baz"} behind the rules, "dropped" where they are refused.
std::string Apply(std::vector<RelabelRule> rules,
                  Labels labels = {{"a", "foo"}, {"b", "bar"}, {"c", "baz"}}) {
  Relabeler relabeler;
  for (RelabelRule& rule : rules) {
    Status status = relabeler.Add(std::move(rule));
    if (!status.ok()) return status.message();
  }
  return relabeler.Apply(&labels) ? LabelsToSelector(labels) : "dropped";
}

TEST(Relabel, EachActionDoesAsPrometheusDoes) {
  struct Case {
    RelabelRule rule;
    std::string result;
  };
  const std::string same = R"({a="foo", b="bar", c="baz"})";
  RelabelRule comma = Rule("replace", {"a", "b"}, "d");
  comma.separator = ",";
  for (Case& c : std::vector<Case>{
           {Rule("replace", {"a"}, "d", "f(.*)", "ch${1}-ch${1}"),
            R"({a="foo", b="bar", c="baz", d="choo-choo"})"},
           {Rule("replace", {"a", "b"}, "d"), R"({a="foo", b="bar", c="baz", d="foo;bar"})"},
           {comma, R"({a="foo", b="bar", c="baz", d="foo,bar"})"},
           {Rule("replace", {"a", "nothing"}, "d"), R"({a="foo", b="bar", c="baz", d="foo;"})"},
           {Rule("replace", {}, "d", "(.*)", "x"), R"({a="foo", b="bar", c="baz", d="x"})"},
           {Rule("replace", {"a"}, "d", "o", "x"), same},  // the whole must match
           {Rule("replace", {"a"}, "a", "nope", "x"), same},
           {Rule("replace", {"a"}, "b", "foo", ""), R"({a="foo", c="baz"})"},
           {Rule("replace", {"a"}, "d", "(?P<all>.*)", "${all}!"),
            R"({a="foo", b="bar", c="baz", d="foo!"})"},
           {Rule("replace", {"a"}, "d", "(.*)", "$$1 $1x ${1}x $9 ${"),
            R"({a="foo", b="bar", c="baz", d="$1  foox  ${"})"},
           {Rule("replace", {"a"}, "x_${1}", "(f).*", "y"),
            R"({a="foo", b="bar", c="baz", x_f="y"})"},
           {Rule("replace", {"a"}, "${1}", "(f)(.*)", "$2"),
            R"({a="foo", b="bar", c="baz", f="oo"})"},
           {Rule("replace", {"a"}, "${2}", "(f)(x?).*", "y"), same},  // no name comes of it
           {Rule("Replace", {"a"}, "d"), R"({a="foo", b="bar", c="baz", d="foo"})"},
           {Rule("keep", {"a"}, "", "f.*"), same},
           {Rule("keep", {"a"}, "", "f"), "dropped"},
           {Rule("keep", {"a"}, "", "foo|bar"), same},
           {Rule("drop", {"a"}, "", "f.*"), "dropped"},
           {Rule("drop", {"a"}, "", "f"), same},
           {Rule("drop", {"nothing"}, "", ""), "dropped"},
           {Rule("drop", {"a"}, "", "a.*|b.*|f.*"), "dropped"},
           {Rule("keepequal", {"a"}, "b"), "dropped"},
           {Rule("dropequal", {"a"}, "b"), same},
           {Rule("dropequal", {"nothing"}, "none"), "dropped"},
           {HashMod({"c"}, "d", 1000), R"({a="foo", b="bar", c="baz", d="976"})"},
           {HashMod({"a"}, "d", 1), R"({a="foo", b="bar", c="baz", d="0"})"},
           {Rule("labelmap", {}, "", "(a|b)", "x_${1}"),
            R"({a="foo", b="bar", c="baz", x_a="foo", x_b="bar"})"},
           {Rule("labelmap", {}, "", "a(.*)", "b$1"), R"({a="foo", b="foo", c="baz"})"},
           {Rule("labeldrop", {}, "", "a|c"), R"({b="bar"})"},
           {Rule("labeldrop", {}, "", ".*b.*"), R"({a="foo", c="baz"})"},
           {Rule("labelkeep", {}, "", "a|c"), R"({a="foo", c="baz"})"},
           {Rule("uppercase", {"a", "b"}, "d"), R"({a="foo", b="bar", c="baz", d="FOO;BAR"})"},
           {Rule("lowercase", {"a"}, "a"), same},
       }) {
    std::string name = c.rule.action + " " + c.rule.regex + " " + c.rule.replacement;
    EXPECT_EQ(Apply({c.rule}), c.result) << name;
  }
}

TEST(Relabel, HashModTakesTheLastEightBytesOfMd5) {
  // md5("foo") = acbd18db4cc2f85cedef654fccc4a4d8
  EXPECT_EQ(Apply({HashMod({"a"}, "h", 0xffffffffffffffff)}),
            R"({a="foo", b="bar", c="baz", h="17145033699835028696"})");
}

TEST(Relabel, RulesSeeWhatThoseBeforeThemMade) {
  EXPECT_EQ(Apply({Rule("replace", {"a"}, "__tmp_x", "f(.*)"),
                   Rule("replace", {"__tmp_x"}, "d", "(.*)", "${1}!"),
                   Rule("labeldrop", {}, "", "__tmp_.*")}),
            R"({a="foo", b="bar", c="baz", d="oo!"})");
  EXPECT_EQ(Apply({Rule("drop", {"a"}, "", "nope"), Rule("keep", {"a"}, "", "nope"),
                   Rule("replace", {}, "d", "", "x")}),
            "dropped");
}

TEST(Relabel, EmptyValuesAreNoLabelsAndDotsMatchNewlines) {
  EXPECT_EQ(Apply({Rule("labelmap", {}, "", "(a)", "x_$1")}, {{"a", ""}, {"b", "y"}}),
            R"({b="y"})");
  EXPECT_EQ(Apply({Rule("replace", {"a"}, "b", "(.*)", "yes")}, {{"a", "x\ny"}}),
            R"({a="x\ny", b="yes"})");
}

TEST(Relabel, RefusesRulesThatCannotBeMeant) {
  struct Case {
    RelabelRule rule;
    std::string error;
  };
  RelabelRule modulus = Rule("labeldrop", {}, "", "a");
  modulus.modulus = 3;
  for (Case& c : std::vector<Case>{
           {Rule("replac", {"a"}, "b"), "unknown action 'replac'; did you mean 'replace'?"},
           {Rule("", {"a"}, "b"), "unknown action ''; there are replace, keep"},
           {Rule("replace", {"a"}), "replace needs a target_label"},
           {Rule("lowercase", {"a"}), "lowercase needs a target_label"},
           {Rule("hashmod", {"a"}, "b"), "hashmod needs a modulus above 0"},
           {Rule("replace", {"a"}, "b-c"), "target_label 'b-c' is no name of a label"},
           {Rule("replace", {"a"}, "1b"), "target_label '1b' is no name of a label"},
           {Rule("uppercase", {"a"}, "${1}"), "target_label '${1}' is no name of a label"},
           {Rule("labelmap", {}, "", "a", "b-$1"), "replacement 'b-$1' makes no name of a label"},
           {Rule("labeldrop", {"a"}, "", "a"), "labeldrop does not look at source_labels"},
           {Rule("labelkeep", {}, "b", "a"), "labelkeep does not look at target_label"},
           {Rule("keepequal", {"a"}, "b", "c"), "keepequal does not look at regex"},
           {Rule("dropequal", {"a"}, "b", "(.*)", "c"), "dropequal does not look at replacement"},
           {modulus, "labeldrop does not look at modulus"},
           {Rule("drop", {"a"}, "", "("), "regex '(': missing )"},
       }) {
    EXPECT_EQ(Apply({c.rule}).substr(0, c.error.size()), c.error);
  }
}

TEST(Relabel, InternalLabelsAreRemoved) {
  Labels labels = {{"__path__", "/x"}, {"_a", "y"}, {"job", "z"}};
  RemoveInternalLabels(&labels);
  EXPECT_EQ(LabelsToSelector(labels), R"({_a="y", job="z"})");
}

}  // namespace
}  // namespace glp::stages
