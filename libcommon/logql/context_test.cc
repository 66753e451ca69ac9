#include "logql/context.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "base/strings.h"
#include "logql/memory_source.h"
#include "logql/parser.h"

namespace glp::logql {
namespace {

LogExpr Log(const std::string& query) {
  ParseOptions options;
  options.allow_empty_selector = options.allow_no_selector = true;
  Result<LogExpr> log = ParseLogQuery(query, options);
  EXPECT_TRUE(log.ok()) << log.status().message();
  return *std::move(log);
}

struct Answer {
  std::string text;  // "<a" before, "b" the match, ">c" after, each with "|" where a group begins
  uint64_t given_up = 0;
};

Answer Ask(const std::string& query, MemorySource* source, ContextParams context,
           Direction direction = Direction::kForward, uint64_t limit = 0) {
  QueryParams params;
  params.direction = direction;
  params.limit = limit;
  Answer answer;
  const Status status = RunContextQuery(
      Log(query), source, params, context,
      [&](const ContextEntry& given) {
        if (!answer.text.empty()) answer.text += ' ';
        if (given.begins_group) answer.text += '|';
        answer.text += given.role == ContextRole::kBefore  ? "<"
                       : given.role == ContextRole::kAfter ? ">"
                                                           : "";
        answer.text += given.entry.line;
        return true;
      },
      nullptr, &answer.given_up);
  EXPECT_TRUE(status.ok()) << status.message();
  return answer;
}

// Lines of streams by their first letter; a line with x is a match.
void Fill(MemorySource* source, const std::vector<std::string>& lines) {
  int64_t ts_ns = 0;
  for (const std::string& line : lines) source->Add(++ts_ns, {{"s", line.substr(0, 1)}}, line);
}

TEST(RunContextQuery, GivesTheNeighboursOfTheStream) {
  MemorySource source;
  Fill(&source, {"a1", "b1", "a2", "b2", "a3x", "b3", "a4", "a5", "b4x", "a6", "b5", "a7x", "a8"});
  const struct {
    uint64_t before, after;
    std::string forward, backward;
  } kCases[] = {
      {0, 0, "|a3x |b4x |a7x", "|a7x |b4x |a3x"},
      {1, 0, "|<a2 a3x |<b3 b4x |<a6 a7x", "|a7x <a6 |b4x <b3 |a3x <a2"},
      {0, 1, "|a3x >a4 |b4x >b5 |a7x >a8", "|>a8 a7x |>b5 b4x |>a4 a3x"},
      {2, 1, "|<a1 <a2 a3x >a4 |<b2 <b3 b4x >b5 <a5 <a6 a7x >a8",
       "|>a8 a7x <a6 |>b5 b4x <a5 <b3 >a4 a3x <b2 <a2 <a1"},
      {9, 9, "|<a1 <a2 a3x >a4 >a5 |<b1 <b2 <b3 b4x >a6 >b5 a7x >a8",
       "|>a8 a7x <a6 |>b5 b4x <a5 <a4 <b3 a3x <b2 <a2 <b1 <a1"},
  };
  for (const auto& c : kCases) {
    const ContextParams context = {.before = c.before, .after = c.after};
    EXPECT_EQ(Ask("|= `x`", &source, context).text, c.forward) << c.before << c.after;
    EXPECT_EQ(Ask("|= `x`", &source, context, Direction::kBackward).text, c.backward)
        << c.before << c.after;
  }
}

TEST(RunContextQuery, TheLimitCountsMatches) {
  MemorySource source;
  Fill(&source, {"a1", "a2x", "a3x", "a4", "b1x", "a5", "a6"});
  EXPECT_EQ(Ask("|= `x`", &source, {.before = 1, .after = 2}, Direction::kForward, 1).text,
            "|<a1 a2x >a3x >a4");
  EXPECT_EQ(Ask("|= `x`", &source, {.before = 1, .after = 0}, Direction::kForward, 2).text,
            "|<a1 a2x a3x");
}

TEST(RunContextQuery, ContextIsAsItIsStored) {
  MemorySource source;
  Fill(&source, {"a1", "a2x", "a3"});
  EXPECT_EQ(Ask("|= `x` | line_format `<{{.s}}>`", &source, {.before = 1, .after = 1}).text,
            "|<a1 <a> >a3");
}

TEST(RunContextQuery, GivesUpWhatDoesNotFit) {
  MemorySource source;
  Fill(&source, {"a1" + std::string(900, '.'), "a2" + std::string(900, '.'), "a3", "a4x"});
  const Answer answer = Ask("|= `x`", &source, {.before = 3, .after = 0, .max_held_bytes = 1000});
  EXPECT_EQ(answer.text, "|<a3 a4x");
  EXPECT_EQ(answer.given_up, 2);
}

TEST(RunContextQuery, StopsWhereTheSinkSaysSo) {
  MemorySource source;
  Fill(&source, {"a1", "a2x", "a3"});
  int given = 0;
  const Status status = RunContextQuery(
      Log("|= `x`"), &source, {.direction = Direction::kForward}, {.before = 1, .after = 1},
      [&](const ContextEntry&) { return ++given < 1; }, nullptr, nullptr);
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(given, 1);
}

// The obvious way: an entry is context where a match is so near in its stream.
TEST(RunContextQuery, AgreesWithTheSlowWay) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    MemorySource source;
    std::vector<std::string> lines;
    for (size_t i = 0; i < 60; ++i) {
      std::string line(1, static_cast<char>('a' + random() % 3));
      line += std::to_string(i);
      if (random() % 6 == 0) line += 'x';
      lines.push_back(std::move(line));
    }
    Fill(&source, lines);
    const ContextParams context = {.before = random() % 4, .after = random() % 4};
    std::map<char, std::vector<std::string>> streams;
    for (const std::string& line : lines) streams[line[0]].push_back(line);
    std::set<std::string> wanted;
    for (const auto& [name, stream] : streams) {
      for (size_t i = 0; i < stream.size(); ++i) {
        if (!stream[i].ends_with('x')) continue;
        const size_t from = i - std::min<size_t>(i, context.before);
        for (size_t k = from; k < stream.size() && k <= i + context.after; ++k) {
          wanted.insert(stream[k]);
        }
      }
    }
    for (const Direction direction : {Direction::kForward, Direction::kBackward}) {
      std::vector<std::string> given;
      std::map<char, int> last;  // by stream: entries rise, or fall
      const std::string text = Ask("|= `x`", &source, context, direction).text;
      for (std::string_view word : Split(text, ' ')) {
        while (word.starts_with('|') || word.starts_with('<') || word.starts_with('>')) {
          word.remove_prefix(1);
        }
        const int number = std::atoi(std::string(word.substr(1)).c_str());
        const auto [seen, is_first] = last.try_emplace(word[0], number);
        if (!is_first) {
          EXPECT_EQ(seen->second < number, direction == Direction::kForward) << word;
          seen->second = number;
        }
        given.emplace_back(word);
      }
      EXPECT_EQ(given.size(), wanted.size());
      EXPECT_EQ(std::set<std::string>(given.begin(), given.end()), wanted);
    }
  }
}

}  // namespace
}  // namespace glp::logql
