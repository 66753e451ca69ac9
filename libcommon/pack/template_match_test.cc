#include "pack/template_match.h"

#include <gtest/gtest.h>

#include <random>

namespace glp::pack {
namespace {

using Answer = TemplateMatch::Answer;
using Must = TemplateMatch::Must;

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
  Template get() const { return {text, holes}; }
  std::string text;
  std::vector<uint32_t> holes;
};

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

struct Found {
  Answer answer;
  std::vector<TemplateMatch::Piece> pieces;
  std::vector<uint32_t> ends;
};
Found Find(const TemplateMatch& match, const Template& text) {
  Found found;
  found.answer = match.Find(text, &found.pieces, &found.ends);
  return found;
}

bool Does(const TemplateMatch& match, uint32_t run, std::string value) {
  std::string piece(match.literal().substr(match.runs()[run].begin,
                                           match.runs()[run].end - match.runs()[run].begin));
  if (match.finder().fold_case()) {
    for (char& c : value) c = static_cast<char>(tolower(c));
  }
  switch (match.runs()[run].must) {
    case Must::kBe:
      return value == piece;
    case Must::kBeginWith:
      return value.starts_with(piece);
    case Must::kEndWith:
      return value.ends_with(piece);
    case Must::kHold:
      return value.find(piece) != std::string::npos;
  }
  return false;
}

bool Holds(const TemplateMatch& match, const Found& found, const std::vector<std::string>& values) {
  if (found.answer == Answer::kAlways) return true;
  if (match.is_run()) {
    for (const std::string& value : values) {
      if (Does(match, 0, value)) return true;
    }
  }
  uint32_t piece = 0;
  for (const uint32_t end : found.ends) {
    bool all = true;
    for (; piece < end; ++piece) {
      all &= Does(match, found.pieces[piece].run, values[found.pieces[piece].hole]);
    }
    if (all) return true;
  }
  return false;
}

std::string Random(std::mt19937_64* random, std::string_view alphabet, size_t least, size_t most) {
  std::string out;
  const size_t size = least + (*random)() % (most - least + 1);
  while (out.size() < size) out.push_back(alphabet[(*random)() % alphabet.size()]);
  return out;
}

TEST(TemplateMatch, TellsExactlyWhichLinesHaveALiteral) {
  std::mt19937_64 random(11);
  size_t had = 0;
  for (size_t round = 0; round < 200000; ++round) {
    // Words, delimiters (one of two bytes) and holes, holes never beside a word.
    std::string pattern;
    for (size_t left = random() % 7; left > 0; --left) {
      const std::string_view delimiters[] = {"-", " ", "--", "\xC3\xA9", "- -"};
      pattern += random() % 2 == 0 ? "#" : Random(&random, "aAb", 1, 3);
      if (left > 1 || random() % 2 == 0) pattern += delimiters[random() % 5];
    }
    if (random() % 2 == 0) pattern = "-" + pattern;
    const Made made(pattern);
    std::vector<std::string> values;
    for (size_t i = 0; i < made.holes.size(); ++i) {
      values.push_back(Random(&random, "aB1", 1, 3));
    }
    const std::string line = LineOf(pattern, values);
    const size_t from = random() % (line.size() + 1);
    std::string literal = random() % 3 == 0 ? Random(&random, "a1B- ", 0, 6)
                                            : line.substr(from, random() % (line.size() + 1));
    if (literal.size() > 1 && random() % 4 == 0) literal[random() % literal.size()] = 'a';
    const bool fold = random() % 2 == 0;
    const logql::LiteralFinder finder(literal, fold);
    const TemplateMatch match(finder);
    const Found found = Find(match, made.get());
    ASSERT_NE(found.answer, Answer::kOpen);
    ASSERT_EQ(Holds(match, found, values), finder.IsIn(line))
        << pattern << " | " << line << " | " << literal << " | " << fold;
    had += finder.IsIn(line) ? 1 : 0;
  }
  EXPECT_GT(had, 50000u);
}

TEST(TemplateMatch, SaysWhatValuesMustDo) {
  const Made made("from #.#.#.#:# to host");
  const TemplateMatch match(logql::LiteralFinder("0.10.20", false));
  const Found found = Find(match, made.get());
  EXPECT_EQ(found.answer, Answer::kNever);
  ASSERT_EQ(found.ends, (std::vector<uint32_t>{3, 6}));
  EXPECT_EQ(match.runs()[0].must, Must::kEndWith);
  EXPECT_EQ(match.runs()[1].must, Must::kBe);
  EXPECT_EQ(match.runs()[2].must, Must::kBeginWith);
  for (uint32_t i = 0; i < 6; ++i) {
    EXPECT_EQ(found.pieces[i].run, i % 3);
    EXPECT_EQ(found.pieces[i].hole, i / 3 + i % 3);
  }
}

TEST(TemplateMatch, WhatNoWriterMakesIsOpen) {
  for (const char* pattern : {"##", "a#", "#b", "1# "}) {
    EXPECT_EQ(Find(TemplateMatch(logql::LiteralFinder("x", false)), Made(pattern).get()).answer,
              Answer::kOpen)
        << pattern;
  }
}

TEST(TemplateMatch, MuchThatNearlyFitsIsBounded) {
  std::string pattern, literal;
  for (size_t i = 0; i < 10000; ++i) literal += "a ";
  for (size_t i = 0; i < 20000; ++i) pattern += i % 40 == 39 ? "# " : "a ";
  literal += "b";
  EXPECT_EQ(Find(TemplateMatch(logql::LiteralFinder(literal, true)), Made(pattern).get()).answer,
            Answer::kOpen);
}

}  // namespace
}  // namespace glp::pack
