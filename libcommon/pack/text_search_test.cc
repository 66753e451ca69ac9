// Whatever the lines and the filters, the lines that pass are those that pass when all are rebuilt.
#include "pack/text_search.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>

#include "base/hash.h"
#include "logql/block_search.h"
#include "logql/parser.h"
#include "pack/frame.h"
#include "pack/line_encoder.h"

namespace glp::pack {
namespace {

using logql::LineFilter;
using Op = LineFilter::Op;
using Answer = TextSearch::Answer;
using Random = std::mt19937_64;

// A block as a file has it.
struct Encoded {
  std::vector<std::string> lines;
  TemplateDictionary dictionary;
  std::string bytes;
  std::optional<BlockFilter> filter;
  ValueDecoder decoder;
  TextColumn text;
  uint64_t line_bytes = 0;
};

// nullptr where the lines have nothing in common.
std::unique_ptr<Encoded> Encode(std::vector<std::string> lines) {
  auto block = std::make_unique<Encoded>();
  block->lines = std::move(lines);
  std::vector<std::string_view> views(block->lines.begin(), block->lines.end());
  for (const std::string& line : block->lines) block->line_bytes += line.size();
  ValueEncoder values(3);
  LineEncoder encoder(&block->dictionary, &values);
  if (!encoder.Encode(views, &block->bytes)) return nullptr;
  BlockFilterBuilder builder;
  for (const ValueList& list : encoder.columns()) builder.Add(list);
  for (const std::string_view value : encoder.constants()) builder.Add(value);
  for (const std::string_view join : encoder.joins()) builder.AddJoin(join);
  // With more or less room.
  const uint64_t block_bytes = block->bytes.size() << block->line_bytes % 8;
  block->filter =
      BlockFilter::Parse(builder.Build(encoder.templates(), encoder.has_whole(), block_bytes));
  const Status status = block->text.Open(block->bytes, block->dictionary.templates(),
                                         block->lines.size(), block->line_bytes, &block->decoder);
  EXPECT_TRUE(status.ok()) << status.message();
  return block;
}

std::string Of(Random* random, std::string_view alphabet, size_t size) {
  std::string out;
  while (out.size() < size) out.push_back(alphabet[(*random)() % alphabet.size()]);
  return out;
}

std::string Value(Random* random) {
  switch ((*random)() % 8) {
    case 0:
      return std::to_string((*random)() % 1000);
    case 1:
      return Of(random, "0123456789abcdef", 4 + (*random)() % 12);
    case 2:
      return "10." + std::to_string((*random)() % 256) + "." + std::to_string((*random)() % 9) +
             ".7:80";
    case 3:
      return std::to_string((*random)() % 3) + "ms";
    case 4:
      return Of(random, "Kk\x53s1", 1 + (*random)() % 3);
    case 5:
      return Of(random, "0123456789", 10);
    case 6:
      return Of(random, "abcdefgh", 6);
    default:
      return std::string(1, "abc123"[(*random)() % 6]);
  }
}

// What the programs of a log say, with a '%' for each value.
std::string Pattern(Random* random) {
  static const std::string kPieces[] = {
      "error",        "Connection", "refused", "id=",   "user ",       "[",      "] ",
      " - ",          "%",          "%-%-%",   "%.%.%", "caf\xC3\xA9", "port %", "took %ms",
      "\xE2\x84\xAA", "\xC5\xBF",   "==",      "\"%\"", "status=500",  ", "};
  std::string out;
  for (size_t left = 1 + (*random)() % 8; left > 0; --left) {
    out += kPieces[(*random)() % std::size(kPieces)];
    if ((*random)() % 2 == 0) out.push_back(' ');
  }
  return out;
}

std::vector<std::string> Lines(Random* random) {
  std::vector<std::string> patterns;
  for (size_t left = 1 + (*random)() % 6; left > 0; --left) patterns.push_back(Pattern(random));
  std::vector<std::string> lines;
  for (size_t left = 1 + (*random)() % 150; left > 0; --left) {
    if ((*random)() % 40 == 0) {
      lines.push_back(Of(random, std::string_view("\0\n\xff\xC5\xBF aZ09", 10), (*random)() % 30));
      continue;
    }
    std::string line;
    for (const char c : patterns[(*random)() % patterns.size()]) {
      if (c == '%') {
        line += Value(random);
      } else {
        line.push_back(c);
      }
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

// Often something of a line.
std::string Literal(Random* random, const std::vector<std::string>& lines) {
  const std::string& line = lines[(*random)() % lines.size()];
  const size_t from = (*random)() % (line.size() + 1);
  std::string out = line.substr(from, 1 + (*random)() % ((*random)() % 4 == 0 ? 40 : 9));
  if ((*random)() % 8 == 0) out = Value(random);
  if (!out.empty() && (*random)() % 8 == 0) out[(*random)() % out.size()] = "a1 -"[(*random)() % 4];
  return out;
}

LineFilter RandomFilter(Random* random, const std::vector<std::string>& lines) {
  const auto quoted = [&] { return RE2::QuoteMeta(Literal(random, lines)); };
  for (;;) {
    LineFilter filter;
    const Op ops[] = {Op::kContains, Op::kNotContains, Op::kMatch, Op::kNotMatch, Op::kPattern};
    filter.op = ops[(*random)() % std::size(ops)];
    for (size_t left = 1 + (*random)() % 4 / 3; left > 0; --left) {
      LineFilter::Alternative& alternative = filter.alternatives.emplace_back();
      if (filter.op == Op::kContains || filter.op == Op::kNotContains) {
        alternative.text = Literal(random, lines);
        if ((*random)() % 12 == 0) {
          alternative.text = (*random)() % 2 == 0 ? "10.0.0.0/8" : "10.17.0.0-10.17.255.255";
          alternative.is_ip = true;
        }
      } else if (filter.op == Op::kPattern) {
        alternative.text = "<_>" + Literal(random, lines) + "<_>";
      } else {
        const std::string regexes[] = {
            quoted(),        "(?i)" + quoted(),          quoted() + ".*" + quoted(), "^" + quoted(),
            quoted() + "$",  "(?i)" + quoted() + "|kS1", quoted() + "[0-9]+",        "[a-f0-9]{9}",
            "(?i)user|port", "error.*[0-9]{3}",          "(?:" + quoted() + ")?"};
        alternative.text = regexes[(*random)() % std::size(regexes)];
      }
    }
    if (logql::PrepareLineFilter(&filter).ok()) return filter;
  }
}

std::string Describe(const std::vector<LineFilter>& filters) {
  std::string out;
  for (const LineFilter& filter : filters) {
    out += " op " + std::to_string(static_cast<int>(filter.op));
    for (const auto& alternative : filter.alternatives) out += " '" + alternative.text + "'";
  }
  return out;
}

TEST(TextSearch, GivesTheLinesThatPassWhenAllAreRebuilt) {
  Random random(5);
  size_t skipped = 0, all = 0, open = 0, selected = 0, blocks = 0;
  for (size_t round = 0; round < 600; ++round) {
    const std::unique_ptr<Encoded> block = Encode(Lines(&random));
    if (block == nullptr) continue;
    ++blocks;
    for (size_t query = 0; query < 40; ++query) {
      std::vector<LineFilter> filters;
      for (size_t left = 1 + random() % 5 / 3; left > 0; --left) {
        filters.push_back(RandomFilter(&random, block->lines));
      }
      const TextSearch search(filters);
      size_t begin = 0, end = block->lines.size();
      if (random() % 4 == 0) begin = random() % end;
      if (random() % 4 == 0) end = begin + random() % (end - begin + 1);
      TextSearch::Selection selection;
      const bool with_filter = random() % 2 == 0;
      const TextSearch::File file(search, block->dictionary.templates());
      // Columns are decoded anew, as they may be at any call.
      TextColumn text;
      ASSERT_TRUE(text.Open(block->bytes, block->dictionary.templates(), block->lines.size(),
                            block->line_bytes, &block->decoder)
                      .ok());
      ASSERT_TRUE(search
                      .Select(&text, begin, end, with_filter ? &*block->filter : nullptr,
                              random() % 2 == 0 ? &file : nullptr, random() % 2 == 0, &selection)
                      .ok());
      std::vector<uint32_t> passing, expected;
      for (const uint32_t row : selection.rows) {
        const auto passes = [&](const LineFilter& filter) {
          return filter.Passes(block->lines[row]);
        };
        const bool is_open = std::binary_search(selection.open.begin(), selection.open.end(), row);
        if (!is_open || std::all_of(filters.begin(), filters.end(), passes)) passing.push_back(row);
      }
      for (size_t row = 0; row < block->lines.size(); ++row) {
        const auto passes = [&](const LineFilter& filter) {
          return filter.Passes(block->lines[row]);
        };
        if (std::all_of(filters.begin(), filters.end(), passes)) {
          expected.push_back(static_cast<uint32_t>(row));
        }
      }
      const Answer answer = file.Decide(*block->filter);
      if (answer == Answer::kNever) {
        ASSERT_TRUE(expected.empty()) << Describe(filters);
      }
      if (answer == Answer::kAlways) {
        ASSERT_EQ(expected.size(), block->lines.size()) << Describe(filters);
      }
      std::erase_if(expected, [&](uint32_t row) { return row < begin || row >= end; });
      ASSERT_EQ(passing, expected) << Describe(filters);
      skipped += answer == Answer::kNever ? 1 : 0;
      all += answer == Answer::kAlways ? 1 : 0;
      open += selection.open.size();
      selected += selection.rows.size();
    }
  }
  // And it is worth it.
  EXPECT_GT(blocks, 300u);
  EXPECT_GT(skipped, blocks);
  EXPECT_GT(all, blocks);
  EXPECT_LT(open, selected);
}

TEST(TextSearch, LostTemplatesMayHaveAnything) {
  TemplateDictionary dictionary;
  for (const std::string_view pattern : {"first 0", "second 0"}) {
    dictionary.Add(pattern, Hash64(pattern));
  }
  std::string record;
  dictionary.AppendRecord(1, 3, &record);
  Templates templates;
  ASSERT_TRUE(templates.AddRecord(std::string_view(record).substr(kFrameSize)).ok());
  const std::vector<logql::LineFilter> filters = {
      *logql::MakeLineFilter(logql::LineFilter::Op::kContains, {"first"})};
  const TextSearch search(filters);
  const TextSearch::File file(search, templates);
  BlockFilterBuilder builder;
  const auto decide = [&](uint32_t number) {
    return file.Decide(*BlockFilter::Parse(builder.Build({&number, 1}, false, 1000)));
  };
  EXPECT_EQ(decide(0), TextSearch::Answer::kMaybe) << "lost";
  EXPECT_EQ(decide(1), TextSearch::Answer::kNever);
  EXPECT_EQ(decide(2), TextSearch::Answer::kMaybe) << "lost with all behind it";
}

}  // namespace
}  // namespace glp::pack
