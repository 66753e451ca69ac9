#include "logql/block_search.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "logql/ast.h"

namespace glp::logql {
namespace {

using Op = LineFilter::Op;

struct Lines {
  std::vector<char> text;  // exactly as long as it is: sanitizers see what reads behind it
  std::vector<uint32_t> starts = {0};

  void Add(std::string_view line) {
    text.insert(text.end(), line.begin(), line.end());
    starts.push_back(static_cast<uint32_t>(text.size()));
  }
  size_t count() const { return starts.size() - 1; }
  std::string_view line(size_t i) const {
    return std::string_view(text.data(), text.size()).substr(starts[i], starts[i + 1] - starts[i]);
  }
};

LineFilter Make(Op op, const std::vector<std::string>& texts, bool is_ip = false) {
  LineFilter filter;
  filter.op = op;
  for (const std::string& text : texts) {
    filter.alternatives.emplace_back().text = text;
    filter.alternatives.back().is_ip = is_ip;
  }
  const Status status = PrepareLineFilter(&filter);
  EXPECT_TRUE(status.ok()) << status.message();
  return filter;
}

std::vector<uint32_t> Slowly(const std::vector<LineFilter>& filters, const Lines& lines,
                             size_t from, size_t to) {
  std::vector<uint32_t> out;
  for (size_t i = from; i < to; ++i) {
    bool passes = true;
    for (const LineFilter& filter : filters) passes = passes && filter.Passes(lines.line(i));
    if (passes) out.push_back(static_cast<uint32_t>(i - from));
  }
  return out;
}

void ExpectSame(const std::vector<LineFilter>& filters, const Lines& lines, const std::string& what,
                size_t from = 0, size_t to = SIZE_MAX) {
  to = std::min(to, lines.count());
  const BlockSearch search(filters);
  std::vector<uint32_t> out = {7};  // it appends
  search.Select(lines.text.data(), lines.starts.data() + from, to - from, &out);
  out.erase(out.begin());
  EXPECT_EQ(out, Slowly(filters, lines, from, to)) << what;
}

std::string Describe(const std::vector<LineFilter>& filters) {
  std::string out;
  for (const LineFilter& filter : filters) {
    out.append(std::to_string(static_cast<int>(filter.op)));
    for (const auto& alternative : filter.alternatives) out.append(" / ").append(alternative.text);
    out.append("; ");
  }
  return out;
}

TEST(BlockSearch, AgreesWithOneLineAfterTheOther) {
  static const char* const kLiterals[] = {
      "a",   "ab",     "abc",  "error", "",      "\n",
      "bab", "\u212a", "port", "aab",   "x\xff", "connection reset by peer, again"};
  static const char* const kRegexes[] = {"(?i)error",
                                         "(?i)kiosk",
                                         "(?i)(success|risk|ab)",
                                         "^ab",
                                         "ab$",
                                         "^$",
                                         "\\bab\\b",
                                         "(?s)a.b",
                                         "a.b",
                                         "(?m)^b$",
                                         "error|panic|fatal",
                                         "(?i)connection (reset|refused).*port [0-9]+9",
                                         "b\\s*$",
                                         "[^a]b",
                                         "x*",
                                         "(ab|ba)c",
                                         "\u00e9a",
                                         "(?i)\u00c9a",
                                         "k.*s.*k",
                                         "\\x{FFFD}",
                                         "a|b|"};
  static const char* const kPatterns[] = {"<_>ab<_>",           "ab<_>", "<_>ab",
                                          "<_>error<_>port<_>", "a<_>b", "<_>"};
  static const char* const kIps[] = {"10.0.0.0/8", "10.1.2.3",      "10.1.2.0-10.1.3.9",
                                     "0.0.0.0/0",  "2001:db8::/32", "::1"};
  static const std::string kWords[] = {"error",
                                       "ERROR",
                                       "panic",
                                       "Fatal",
                                       "reset",
                                       "a",
                                       "b",
                                       "ab",
                                       "ba",
                                       "c",
                                       "abc",
                                       " ",
                                       "\n",
                                       "x",
                                       "connection ",
                                       " port 119",
                                       "refused",
                                       "success",
                                       "SUCCE\u017f\u017f",
                                       "\u212aiosk",
                                       "kiosk",
                                       "risk",
                                       "\u00e9",
                                       "\u00c9",
                                       "\xff",
                                       "10.1.2.3",
                                       "10.200.0.1 ",
                                       "110.1.2.3",
                                       "2001:db8::7 ",
                                       "::1 x",
                                       std::string(1, '\0'),
                                       "connection reset by peer, again"};
  std::mt19937 random(5);
  const auto pick = [&](const auto& from) -> const auto& {
    return from[random() % std::size(from)];
  };
  for (int round = 0; round < 6000; ++round) {
    Lines lines;
    const size_t count = random() % 5 == 0 ? random() % 400 : random() % 12;
    const size_t most_words = 1 + random() % 14;
    const size_t vocabulary = 1 + random() % std::size(kWords);
    const size_t offset = random() % std::size(kWords);
    for (size_t i = 0; i < count; ++i) {
      std::string line;
      for (size_t words = random() % most_words; words > 0; --words) {
        line += kWords[(offset + random() % vocabulary) % std::size(kWords)];
      }
      lines.Add(line);
    }
    std::vector<LineFilter> filters;
    for (size_t wanted = 1 + random() % 3; wanted > 0; --wanted) {
      std::vector<std::string> texts;
      for (size_t alternatives = 1 + random() % 3; alternatives > 0; --alternatives) {
        texts.emplace_back();
      }
      const size_t kind = random() % 4;
      const bool negated = random() % 3 == 0;
      for (std::string& text : texts) {
        text = kind == 0   ? pick(kLiterals)
               : kind == 1 ? pick(kRegexes)
               : kind == 2 ? pick(kPatterns)
                           : pick(kIps);
      }
      const Op op = kind == 1   ? (negated ? Op::kNotMatch : Op::kMatch)
                    : kind == 2 ? (negated ? Op::kNotPattern : Op::kPattern)
                                : (negated ? Op::kNotContains : Op::kContains);
      filters.push_back(Make(op, texts, kind == 3));
    }
    ExpectSame(filters, lines, Describe(filters));
    if (count > 2) ExpectSame(filters, lines, Describe(filters), 1, count - 1);
  }
}

TEST(BlockSearch, AMatchDoesNotReachIntoTheNextLine) {
  Lines lines;
  for (const char* line : {"a", "b", "ab", "", "xa", "", "b", "aab", "a"}) lines.Add(line);
  ExpectSame({Make(Op::kContains, {"ab"})}, lines, "ab");
  ExpectSame({Make(Op::kContains, {"aba"})}, lines, "aba");
  ExpectSame({Make(Op::kMatch, {"(?s)a.b"})}, lines, "a.b");
  ExpectSame({Make(Op::kMatch, {"b$"})}, lines, "b$");
  ExpectSame({Make(Op::kNotContains, {"ab"})}, lines, "not ab");
}

TEST(BlockSearch, NoFilterLetsAllPassAndNoLineIsNoLine) {
  Lines lines;
  ExpectSame({}, lines, "none");
  ExpectSame({Make(Op::kContains, {"a"})}, lines, "none");
  lines.Add("");
  lines.Add("a");
  ExpectSame({}, lines, "all");
  ExpectSame({Make(Op::kContains, {""})}, lines, "the empty text");
  ExpectSame({Make(Op::kNotContains, {""})}, lines, "not the empty text");
}

TEST(BlockSearch, FindsInPiecesOfALargeBlock) {
  Lines lines;
  std::mt19937 random(6);
  for (int i = 0; i < 3000; ++i) {
    std::string line(random() % 700, 'a');
    if (random() % 50 == 0) line.insert(line.size() / 2, "needle");
    if (random() % 300 == 0) line.append(300000, 'n');
    lines.Add(line);
  }
  for (int i = 0; i < 70000; ++i) lines.Add(i % 1000 == 0 ? "needle" : "");
  ExpectSame({Make(Op::kContains, {"needle"})}, lines, "needle");
  ExpectSame({Make(Op::kMatch, {"(?i)NEEDLE.*n$"})}, lines, "needle n");
  ExpectSame({Make(Op::kNotContains, {"needle"}), Make(Op::kContains, {"nnn"})}, lines, "nnn");
}

// Texts that a search byte by byte would take hours for.
TEST(BlockSearch, IsLinearInHostileTexts) {
  Lines lines;
  for (int i = 0; i < 20; ++i) lines.Add(std::string(500000, 'a'));
  for (int i = 0; i < 1000000; ++i) lines.Add("a");
  const std::string literal = std::string(50000, 'a') + "ba" + std::string(50000, 'a');
  ExpectSame({Make(Op::kContains, {literal})}, lines, "ba");
  const std::string same(100000, 'a');
  ExpectSame({Make(Op::kContains, {same})}, lines, "a");
  ExpectSame({Make(Op::kMatch, {"(?i)" + std::string(900, 'A') + "ba" + std::string(900, 'a')})},
             lines, "fold");
  Lines pairs;
  std::string line;
  for (int i = 0; i < 1000000; ++i) line += i % 700 == 0 ? "b" : "ab";
  pairs.Add(line);
  std::string periodic;
  for (int i = 0; i < 20000; ++i) periodic += "ab";
  ExpectSame({Make(Op::kContains, {periodic + "aab"})}, pairs, "periodic");
}

TEST(BlockSearch, SaysHowItLooksForEachFilter) {
  const struct {
    LineFilter filter;
    std::string how;
  } cases[] = {
      {Make(Op::kContains, {"error"}), "\"error\""},
      {Make(Op::kContains, {"error", "panic"}), "\"error\"; or \"panic\""},
      {Make(Op::kNotContains, {"x\ny"}), "lines without: \"x\\ny\""},
      {Make(Op::kContains, {""}), "in every line"},
      {Make(Op::kMatch, {"error|panic"}), "\"error\" or \"panic\""},
      {Make(Op::kMatch, {"(?i)Timed out"}), "\"timed out\" in any case"},
      {Make(Op::kMatch, {"user=\\d+ failed"}),
       "\" failed\" in any case, then the regular expression in lines that have it"},
      {Make(Op::kNotMatch, {"^\\d+$"}), "lines without: the regular expression in every line"},
      {Make(Op::kContains, {"10.0.0.0/8"}, /*is_ip=*/true),
       "\"10.\", then addresses in lines that have it"},
      {Make(Op::kPattern, {"GET <_> from <_>"}),
       "\" from \", then the pattern in lines that have it"},
  };
  for (const auto& c : cases) {
    const std::vector<BlockSearch::Step> steps = BlockSearch({c.filter}).Describe();
    ASSERT_EQ(steps.size(), 1u);
    EXPECT_EQ(steps[0].how, c.how);
  }
  // The cheap one first, wherever it stands.
  const BlockSearch both({Make(Op::kMatch, {"\\d+"}), Make(Op::kContains, {"error"})});
  EXPECT_EQ(both.Describe()[0].how, "\"error\"");
}

}  // namespace
}  // namespace glp::logql
