// Captures in lines that were cut are those in the whole lines.
#include "pack/line_cut.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>

namespace glp::pack {
namespace {

using Random = std::mt19937_64;

// `pattern` has a '#' for each hole.
struct Made {
  explicit Made(std::string_view pattern) {
    for (const char c : pattern) {
      if (c == '#') {
        holes.push_back(static_cast<uint32_t>(text.size()));
      } else {
        text.push_back(c);
      }
    }
  }
  std::string text;
  std::vector<uint32_t> holes;
};

std::string PatternOf(const LineCut::Cut& cut) {
  std::string pattern;
  size_t at = 0;
  for (const uint32_t hole : cut.holes) {
    pattern += cut.text.substr(at, hole - at) + "#";
    at = hole;
  }
  return pattern + cut.text.substr(at);
}

std::string LineOf(std::string_view pattern, const std::vector<std::string>& values) {
  std::string line;
  size_t next = 0;
  for (const char c : pattern) {
    if (c == '#') {
      line += values[next++];
    } else {
      line.push_back(c);
    }
  }
  return line;
}

// All captures with names but those of one letter are wanted.
logql::WantedCaptures Wanted(std::string_view pattern) {
  logql::WantedCaptures captures = {*codec::PatternParser::Compile(pattern), {}};
  for (const std::string& name : captures.pattern.names()) {
    captures.wanted.push_back(name.size() > 1);
  }
  return captures;
}

// What the wanted captures find; nothing where one does not.
std::vector<std::optional<std::string>> Captured(const logql::WantedCaptures& captures,
                                                 std::string_view line) {
  std::vector<std::string_view> values;
  const size_t count = captures.pattern.Match(line, &values);
  std::vector<std::optional<std::string>> found;
  for (size_t i = 0; i < captures.wanted.size(); ++i) {
    if (!captures.wanted[i]) continue;
    found.emplace_back();
    if (i < count) found.back() = values[i];
  }
  return found;
}

std::string Word(Random* random, std::string_view alphabet, size_t least, size_t most) {
  std::string out;
  const size_t size = least + (*random)() % (most - least + 1);
  while (out.size() < size) out.push_back(alphabet[(*random)() % alphabet.size()]);
  return out;
}

bool Does(const TemplateMatch::Run& run, std::string_view value) {
  const std::string_view text = run.finder.literal();
  switch (run.must) {
    case TemplateMatch::Must::kBe:
      return value == text;
    case TemplateMatch::Must::kBeginWith:
      return value.starts_with(text);
    case TemplateMatch::Must::kEndWith:
      return value.ends_with(text);
    case TemplateMatch::Must::kHold:
      return value.find(text) != std::string_view::npos;
  }
  return true;
}

TEST(LineCut, WantedCapturesFindWhatTheyFindInWholeLines) {
  Random random(5);
  size_t cut_bytes = 0, bytes = 0, whole = 0, matched = 0, rounds = 200000;
  for (size_t round = 0; round < rounds; ++round) {
    // Words, delimiters (some of which hold others) and holes, holes never beside a word.
    std::string text;
    for (size_t left = random() % 9; left > 0; --left) {
      const std::string_view delimiters[] = {"-", " ", ": ", "--", "\xC3\xA9", "- -"};
      text += random() % 2 == 0 ? "#" : Word(&random, "ab1", 1, 3);
      if (left > 1 || random() % 2 == 0) text += delimiters[random() % 6];
    }
    if (random() % 2 == 0) text = "-" + text;
    const Made made(text);
    std::vector<std::string> values;
    for (size_t i = 0; i < made.holes.size(); ++i) {
      values.push_back(Word(&random, random() % 2 == 0 ? "12" : "ab1", 1, 3));
    }
    const std::string line = LineOf(text, values);

    std::string pattern;
    bool has_names = false;
    for (size_t left = 1 + random() % 4; left > 0; --left) {
      const char* captures[] = {"<_>", "<x>", "<xx>"};
      const size_t capture = random() % 3;
      std::string name = captures[capture];
      if (capture > 0) name.insert(name.size() - 1, std::to_string(left));
      if (capture == 1) name = "<" + std::string(1, static_cast<char>('a' + left)) + ">";
      has_names |= capture > 0;
      const size_t from = line.empty() ? 0 : random() % line.size();
      const std::string literal = random() % 3 == 0 || line.empty()
                                      ? Word(&random, "ab1- :", 1, 4)
                                      : line.substr(from, 1 + random() % 5);
      if (!pattern.empty() || random() % 3 == 0) pattern += literal;
      pattern += name;
    }
    if (random() % 3 == 0) pattern += Word(&random, "ab1- ", 1, 2);
    if (!has_names) continue;
    const logql::WantedCaptures captures = Wanted(pattern);
    const LineCut cut(captures);
    LineCut::Cut left;
    const bool knows_values = random() % 2 == 0;
    const auto may_hold = [&](size_t hole, const TemplateMatch::Run& run) {
      return knows_values ? Does(run, values[hole]) : random() % 8 == 0 || Does(run, values[hole]);
    };
    if (!cut.Find({made.text, made.holes}, may_hold, &left)) {
      ++whole;
      continue;
    }
    ASSERT_EQ(left.holes.size(), left.kept.size());
    std::vector<std::string> kept;
    for (const uint32_t hole : left.kept) kept.push_back(values[hole]);
    const std::string shorter = LineOf(PatternOf(left), kept);
    ASSERT_EQ(Captured(captures, shorter), Captured(captures, line)) << pattern << "\n"
                                                                     << text << "\n"
                                                                     << line << "\n"
                                                                     << shorter;
    bytes += line.size();
    cut_bytes += shorter.size();
    const auto found = Captured(captures, line);
    matched += !found.empty() && found.back() ? 1 : 0;
  }
  // It says something: most are cut, and many match.
  EXPECT_LT(whole, rounds / 3);
  EXPECT_LT(cut_bytes, bytes / 2);
  EXPECT_GT(matched, rounds / 10);
}

TEST(LineCut, LeavesWhatThePatternNeeds) {
  const struct {
    const char* pattern;
    const char* text;
    const char* left;  // "whole": lines stay as they are
  } kCases[] = {
      {"<_> status: <_> len: <_> time: <tt>", "GET /# status: # len: # time: #.#",
       " status:  len:  time: #.#"},
      {"<_> status: <ss> len: <_> time: <_>", "GET /# status: # len: # time: #.#",
       " status: # len: "},
      {"<_> status: <ss> len: <_>", "VM # stopped", ""},
      {"<_> status: <ss> len: <_>", "VM # status: # or so", " status: # or so"},
      {"<aa> <_>", "# is # here", "# "},
      {"<aa>", "# is # here", "# is # here"},
      {"<a>", "# is # here", ""},
      {"<a> <_> <bb>", "# is # here", "  # here"},
      {"time=<tt> ", "time=# len=#", "time=# "},
      {"time=<tt> ", "len=# time=#", ""},
      {"time=<tt> ", "time", ""},
      {"time=<tt> ", "time=", "time="},
      // What the value is decides.
      {"time=<tt> ", "#=# len=#", "whole"},
      {"<_> status: <ss>", "VM #: # status: #", "whole"},
      {"<_>a<ss>", "# a #", "whole"},
      {"<_> x7: <ss>", "at #: # x7: #", "whole"},
      {"<_>: <ss>", "at # b: #: c", ": #: c"},
      // No writer makes these.
      {"<_> status: <ss>", "VM 1# status: #", "whole"},
      {"<_> status: <ss>", "VM ## status: #", "whole"},
  };
  for (const auto& c : kCases) {
    const Made made(c.text);
    LineCut::Cut left;
    const auto may_hold = [](size_t, const TemplateMatch::Run&) { return true; };
    const bool is_cut = LineCut(Wanted(c.pattern)).Find({made.text, made.holes}, may_hold, &left);
    EXPECT_EQ(is_cut ? PatternOf(left) : "whole", c.left) << c.pattern << " of " << c.text;
  }
}

TEST(LineCut, AsksWhatValuesMayHold) {
  const Made made("at #: x status: # code #");
  const LineCut cut(Wanted("<_> status: <ss> code"));
  LineCut::Cut left;
  EXPECT_TRUE(cut.Find(
      {made.text, made.holes},
      [](size_t hole, const TemplateMatch::Run& run) {
        EXPECT_EQ(hole, 0u);
        EXPECT_EQ(run.finder.literal(), "status");
        EXPECT_EQ(run.must, TemplateMatch::Must::kBe);
        return false;
      },
      &left));
  EXPECT_EQ(PatternOf(left), " status: # code");
}

}  // namespace
}  // namespace glp::pack
