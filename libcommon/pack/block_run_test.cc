// Scans of files whose lines are templates and values give what a look at each line gives.
#include "pack/block_run.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <random>

#include "logql/ast.h"
#include "pack/reader.h"
#include "pack/writer.h"

namespace glp::pack {
namespace {

using logql::LineFilter;
using Op = LineFilter::Op;
using Random = std::mt19937_64;

struct Row {
  int64_t ts_ns;
  std::string line, meta;
  bool operator==(const Row&) const = default;
};

std::vector<Row> MakeRows(Random* random) {
  std::vector<Row> rows;
  for (int64_t i = 0; i < 3000; ++i) {
    const std::string number = std::to_string((*random)() % 100000);
    const std::string hex = "0x" + std::to_string((*random)() % 7) + "fe" + number;
    std::string line;
    switch ((*random)() % 5) {
      case 0:
        line = "GET /item/" + number + " took " + std::to_string(i % 90) + "ms";
        break;
      case 1:
        line = "error: connection refused by 10.0." + std::to_string(i % 250) + ".7 id=" + hex;
        break;
      case 2:
        line = "caf\xC3\xA9 session-" + hex + "-" + number + " opened";
        break;
      case 3:
        line = "all is well";
        break;
      default:
        line = (*random)() % 10 == 0 ? std::string("\0\xff odd ", 7) + number : "status=500";
    }
    rows.push_back(
        {i * 1000, std::move(line), (*random)() % 3 == 0 ? "{\"m\":\"" + number + "\"}" : ""});
  }
  return rows;
}

std::unique_ptr<logql::EntrySource> Open(const std::vector<Row>& rows, Form form,
                                         std::string* path) {
  const int fd = memfd_create("pack", 0);
  LabelTable labels;
  const LabelSet* const set = *labels.FromJson("{\"a\":\"b\"}");
  Writer::Options options;
  options.block_bytes = 40000;
  options.form = form;
  Writer writer(fd, "t.glp", options);
  for (const Row& row : rows) {
    PackEntry entry;
    entry.ts_ns = row.ts_ns;
    entry.line = row.line;
    entry.meta = row.meta;
    EXPECT_TRUE(writer.Add(set, entry).ok());
  }
  EXPECT_TRUE(writer.Finish().ok());
  *path = "/proc/self/fd/" + std::to_string(fd);
  return *OpenPack(*path);
}

LineFilter RandomFilter(Random* random, const std::vector<Row>& rows) {
  const std::string& line = rows[(*random)() % rows.size()].line;
  const std::string literal = line.substr((*random)() % line.size(), 1 + (*random)() % 12);
  switch ((*random)() % 6) {
    case 0:
      return *logql::MakeLineFilter(Op::kNotContains, {literal});
    case 1:
      return *logql::MakeLineFilter(Op::kContains, {literal, "refused"});
    case 2:
      return *logql::MakeLineFilter(Op::kMatch, {"(?i)error.*7[0-9]+"});
    case 3:
      return *logql::MakeLineFilter(Op::kNotMatch, {"s[a-z]+=|item/[0-9]{3}"});
    default:
      return *logql::MakeLineFilter(Op::kContains, {literal});
  }
}

std::vector<Row> Scan(logql::EntrySource* source, const logql::ScanRequest& request,
                      logql::ScanStats* stats) {
  std::unique_ptr<logql::EntryCursor> cursor = *source->Scan(request);
  std::vector<Row> rows;
  std::vector<logql::Entry> batch;
  for (;;) {
    EXPECT_TRUE(cursor->Next(&batch).ok());
    if (batch.empty()) break;
    for (const logql::Entry& entry : batch) {
      rows.push_back({entry.ts_ns, std::string(entry.line), std::string(entry.meta)});
    }
  }
  *stats = cursor->stats();
  EXPECT_TRUE(stats->warnings.empty());
  return rows;
}

TEST(BlockRun, ScansGiveWhatALookAtEachLineGives) {
  Random random(3);
  const std::vector<Row> rows = MakeRows(&random);
  std::string path;
  const auto source = Open(rows, Form::kSmall, &path);
  uint64_t skipped = 0;
  for (size_t round = 0; round < 400; ++round) {
    logql::ScanRequest request;
    for (size_t left = random() % 3; left > 0; --left) {
      request.line_filters.push_back(RandomFilter(&random, rows));
    }
    if (random() % 2 == 0) {
      request.range.start_ns = static_cast<int64_t>(random() % 3000000);
      request.range.end_ns = request.range.start_ns + static_cast<int64_t>(random() % 2000000);
    }
    if (random() % 2 == 0) request.direction = logql::Direction::kForward;
    request.exact_filters = random() % 2 == 0;
    request.want_lines = !request.exact_filters || random() % 2 == 0;
    std::vector<Row> expected;
    for (const Row& row : rows) {
      if (!request.range.Contains(row.ts_ns)) continue;
      if (!std::all_of(request.line_filters.begin(), request.line_filters.end(),
                       [&](const LineFilter& filter) { return filter.Passes(row.line); })) {
        continue;
      }
      expected.push_back(request.want_lines ? row : Row{row.ts_ns, "", ""});
    }
    if (request.direction == logql::Direction::kBackward) {
      std::reverse(expected.begin(), expected.end());
    }
    if (random() % 2 == 0) {
      request.limit = 1 + random() % 40;
      if (expected.size() > request.limit) expected.resize(request.limit);
    }
    logql::ScanStats stats;
    std::vector<Row> found = Scan(source.get(), request, &stats);
    if (request.limit > 0 && found.size() > request.limit) found.resize(request.limit);
    ASSERT_EQ(found, expected) << round;
    skipped += stats.blocks_skipped;
    const logql::ScanPlan plan = *source->Plan(request);
    EXPECT_GE(plan.blocks, stats.blocks_read);
    if (request.limit == 0) {
      EXPECT_EQ(plan.blocks, stats.blocks_read);
      EXPECT_EQ(plan.blocks_time + plan.blocks_filter, stats.blocks_skipped);
    }
  }
  EXPECT_GT(skipped, 400u);
}

TEST(BlockRun, ABlockWhoseFilterIsDamagedIsRead) {
  Random random(3);
  const std::vector<Row> rows = MakeRows(&random);
  std::string path;
  const auto whole = Open(rows, Form::kSmall, &path);
  logql::ScanRequest request;
  request.line_filters.push_back(*logql::MakeLineFilter(Op::kContains, {"nowhere-to-be-found"}));
  logql::ScanStats stats;
  EXPECT_TRUE(Scan(whole.get(), request, &stats).empty());
  EXPECT_EQ(stats.blocks_read, 0u);

  const auto file = PackFile::Open(path);
  ASSERT_TRUE(file.ok());
  const auto sound = VerifyPack(**file);
  ASSERT_TRUE(sound.ok()) << sound.status().message();
  EXPECT_TRUE(sound->empty());
  const BlockInfo& block = (*file)->index().blocks[1];
  ASSERT_GT(block.filter_size, 0u);
  const int fd = open(path.c_str(), O_RDWR);
  ASSERT_EQ(pwrite(fd, "\xff\xff\xff\xff", 4, static_cast<off_t>(block.filter_offset)), 4);
  close(fd);
  EXPECT_TRUE(Scan(whole.get(), request, &stats).empty());
  EXPECT_EQ(stats.blocks_read, 1u);
  const auto damaged = VerifyPack(**file);
  ASSERT_TRUE(damaged.ok()) << damaged.status().message();
  EXPECT_EQ(damaged->size(), 1u);
}

TEST(BlockRun, LinesAsTheyAreAreSearchedToo) {
  Random random(3);
  const std::vector<Row> rows = MakeRows(&random);
  std::string path;
  const auto source = Open(rows, Form::kFast, &path);
  logql::ScanRequest request;
  request.line_filters.push_back(*logql::MakeLineFilter(Op::kContains, {"GET", "odd"}));
  request.exact_filters = true;
  request.want_lines = false;
  logql::ScanStats stats;
  EXPECT_EQ(static_cast<long>(Scan(source.get(), request, &stats).size()),
            std::count_if(rows.begin(), rows.end(), [&](const Row& row) {
              return request.line_filters[0].Passes(row.line);
            }));
}

// What the wanted captures find, each behind a mark where it finds something.
std::string Captured(const logql::WantedCaptures& captures, std::string_view line) {
  std::vector<std::string_view> values;
  captures.pattern.Match(line, &values);
  std::string found;
  for (size_t i = 0; i < values.size(); ++i) {
    if (captures.wanted[i]) found.append("<").append(values[i]).append(">");
  }
  return found;
}

TEST(BlockRun, WantedCapturesFindInGivenLinesWhatTheyFindInThoseThatAreKept) {
  Random random(3);
  const std::vector<Row> rows = MakeRows(&random);
  std::string path;
  const auto source = Open(rows, Form::kSmall, &path);
  size_t found = 0, given_bytes = 0, kept_bytes = 0;
  for (size_t round = 0; round < 400; ++round) {
    const char* const patterns[] = {"<_> took <ms>ms",
                                    "<verb> /item/<item> took <ms>ms",
                                    "<_>: connection <what> by <ip> <_>",
                                    "error: <_> <ip>.",
                                    "GET <rest>",
                                    "<_>id=<id>",
                                    "<_>7<rest>",
                                    "<a>-<b>-<c> opened",
                                    "<_>e<a> <b>",
                                    "status=<code>",
                                    "<all>",
                                    "<_>ref<rest>"};
    auto captures = std::make_shared<logql::WantedCaptures>();
    captures->pattern = *codec::PatternParser::Compile(patterns[random() % std::size(patterns)]);
    for (size_t left = captures->pattern.names().size(); left > 0; --left) {
      captures->wanted.push_back(random() % 2 == 0);
    }
    logql::ScanRequest request;
    request.captures = captures;
    request.exact_filters = true;
    request.direction = logql::Direction::kForward;
    for (size_t left = random() % 3; left > 0; --left) {
      request.line_filters.push_back(RandomFilter(&random, rows));
    }
    if (random() % 2 == 0) {
      request.range.start_ns = static_cast<int64_t>(random() % 3000000);
      request.range.end_ns = request.range.start_ns + static_cast<int64_t>(random() % 2000000);
    }
    std::vector<Row> expected;
    for (const Row& row : rows) {
      if (!request.range.Contains(row.ts_ns)) continue;
      if (!std::all_of(request.line_filters.begin(), request.line_filters.end(),
                       [&](const LineFilter& filter) { return filter.Passes(row.line); })) {
        continue;
      }
      expected.push_back({row.ts_ns, Captured(*captures, row.line), row.meta});
      found += expected.back().line.empty() ? 0 : 1;
      kept_bytes += row.line.size();
    }
    logql::ScanStats stats;
    std::vector<Row> given = Scan(source.get(), request, &stats);
    for (Row& row : given) {
      given_bytes += row.line.size();
      row.line = Captured(*captures, row.line);
    }
    ASSERT_EQ(given, expected) << round;
  }
  EXPECT_GT(found, 10000u);
  EXPECT_LT(given_bytes, kept_bytes / 2);
}

TEST(BlockRun, LinesThatAreComparedStayWhole) {
  // The lines of two files, of the same times, differ in what nobody looks at.
  std::vector<PackStreams> packs;
  LabelTable labels;
  auto captures = std::make_shared<logql::WantedCaptures>();
  captures->pattern = *codec::PatternParser::Compile("<_> took <ms>ms");
  captures->wanted = {true};
  logql::ScanRequest request;
  request.direction = logql::Direction::kForward;
  request.captures = captures;
  auto context = std::make_unique<ScanContext>(request);
  std::vector<std::unique_ptr<SortedRun>> runs;
  for (uint32_t group = 0; group < 2; ++group) {
    std::vector<Row> rows;
    for (int64_t i = 0; i < 1000; ++i) {
      rows.push_back({i, "GET /item/" + std::to_string(i * (group + 1)) + " took 5ms", ""});
    }
    std::string path;
    Open(rows, Form::kSmall, &path);
    auto file = PackFile::Open(path);
    ASSERT_TRUE(file.ok());
    packs.push_back(ResolveStreams(*std::move(file), &labels));
    AddRuns(packs.back(), group, context.get(), &runs);
  }
  MergeCursor cursor(std::move(context), std::move(runs), /*collapse=*/true);
  size_t entries = 0;
  std::vector<logql::Entry> batch;
  do {
    ASSERT_TRUE(cursor.Next(&batch).ok());
    for (const logql::Entry& entry : batch) EXPECT_EQ(Captured(*captures, entry.line), "<5>");
    entries += batch.size();
  } while (!batch.empty());
  EXPECT_EQ(entries, 1999u);  // the first line is the same in both
}

}  // namespace
}  // namespace glp::pack
