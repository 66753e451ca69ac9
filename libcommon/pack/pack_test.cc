#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <random>

#include "base/thread_pool.h"
#include "pack/merge.h"
#include "pack/reader.h"
#include "pack/writer.h"
#include "record/labels.h"

namespace glp::pack {
namespace {

struct Sample {
  std::string labels;
  int64_t ts_ns;
  std::string line, meta, src, extra;
  bool operator==(const Sample&) const = default;
};

io::Fd MemFile(std::string_view bytes) {
  io::Fd fd(memfd_create("pack", MFD_CLOEXEC));
  EXPECT_TRUE(io::WriteAll(fd.get(), bytes, "memory").ok());
  return fd;
}

std::string Pack(const std::vector<Sample>& samples, Writer::Options options = {}) {
  io::Fd fd = MemFile("");
  LabelTable labels;
  Writer writer(fd.get(), "memory", options);
  for (const Sample& s : samples) {
    const LabelSet* set = *labels.FromJson(s.labels);
    EXPECT_TRUE(writer.Add(set, {s.ts_ns, 0, s.line, s.meta, s.src, s.extra}).ok());
  }
  EXPECT_TRUE(writer.Finish().ok());
  std::string bytes(*io::FileSize(fd.get(), "memory"), '\0');
  EXPECT_TRUE(io::ReadAt(fd.get(), 0, bytes.size(), bytes.data(), "memory").ok());
  EXPECT_EQ(bytes.size(), writer.file_bytes());
  return bytes;
}

struct Unpacked {
  std::vector<Sample> samples;
  std::vector<std::string> damage;
};
Unpacked Unpack(std::string_view bytes) {
  Unpacked out;
  auto file = PackFile::Open(MemFile(bytes), "t.glp");
  if (!file.ok()) {
    out.damage.push_back(file.status().message());
    return out;
  }
  out.damage = (*file)->damage();
  Status status = ReadInArrivalOrder(
      **file,
      [&](uint32_t stream, const PackEntry& e) {
        out.samples.push_back({(*file)->index().streams[stream], e.ts_ns, std::string(e.line),
                               std::string(e.meta), std::string(e.src), std::string(e.extra)});
        return Status::Ok();
      },
      &out.damage);
  EXPECT_TRUE(status.ok()) << status.message();
  return out;
}

std::vector<std::string> Verify(std::string_view bytes) {
  auto file = PackFile::Open(MemFile(bytes), "t.glp");
  if (!file.ok()) return {file.status().message()};
  auto damage = VerifyPack(**file);
  EXPECT_TRUE(damage.ok()) << damage.status().message();
  return *damage;
}

// Entries of several streams, some out of order, with everything that a record may have.
std::vector<Sample> RandomSamples(size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<Sample> samples;
  int64_t ts = 1767571200033598746;
  for (size_t i = 0; i < count; ++i) {
    Sample s;
    s.labels = "{\"app\":\"a" + std::to_string(random() % 5) + "\"}";
    ts += static_cast<int64_t>(random() % 100000) - 20000;
    s.ts_ns = random() % 50 == 0 ? static_cast<int64_t>(random()) : ts;
    size_t size = random() % 7 == 0 ? 0 : random() % 90;
    for (size_t k = 0; k < size; ++k) s.line.push_back(static_cast<char>(random()));
    if (random() % 3 == 0) s.meta = "{\"trace\":\"" + std::to_string(random() % 100) + "\"}";
    if (random() % 2 == 0) {
      s.src = "8:1:f" + std::to_string(random() % 3) + "@" + std::to_string(i * 100);
    } else if (random() % 5 == 0) {
      s.src = std::vector<std::string>{"odd", "x@01", "@7", "y@", "z@99999999999999999999"}[i % 5];
    }
    if (random() % 11 == 0) s.extra = ",\"k\":" + std::to_string(i);
    samples.push_back(s);
  }
  return samples;
}

TEST(PackTest, GivesBackWhatWasPutIn) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    Writer::Options options;
    options.block_bytes = 1 << (8 + seed % 8);
    if (seed % 3 == 0) options.buffer_bytes = 8 << 10;
    std::vector<Sample> samples = RandomSamples(seed * 100, seed);
    std::string bytes = Pack(samples, options);
    EXPECT_EQ(bytes, Pack(samples, options)) << "not deterministic";
    Unpacked out = Unpack(bytes);
    EXPECT_EQ(out.samples, samples);
    EXPECT_TRUE(out.damage.empty()) << out.damage[0];
    EXPECT_TRUE(Verify(bytes).empty());
  }
}

TEST(PackTest, TakesHugeEmptyAndBinaryLines) {
  std::string huge(20 << 20, 'x');
  huge[12345] = '\0';
  std::vector<Sample> samples = {{"{}", INT64_MAX, huge, "", "", ""},
                                 {"{}", INT64_MIN, "", "", "", ""},
                                 {"{}", 0, std::string("\0\xff\xfe\n", 4), "", "", ""}};
  std::string bytes = Pack(samples);
  EXPECT_EQ(Unpack(bytes).samples, samples);
  EXPECT_TRUE(Verify(bytes).empty());
}

TEST(PackTest, KeepsTheHighestPositionOfEachSource) {
  std::string bytes = Pack({{"{}", 1, "a", "", "f1@10", ""},
                            {"{}", 2, "b", "", "f2@5", ""},
                            {"{}", 3, "c", "", "f1@30", ""},
                            {"{}", 4, "d", "", "f1@20", ""}});
  auto file = PackFile::Open(MemFile(bytes), "t.glp");
  ASSERT_TRUE(file.ok());
  const std::vector<Position> positions = *(*file)->ReadPositions();
  ASSERT_EQ(positions.size(), 2u);
  EXPECT_EQ(positions[0].id, "f1");
  EXPECT_EQ(positions[0].next, 30u);
  EXPECT_EQ(positions[1].next, 5u);
}

TEST(PackTest, CutAtAnyLengthGivesThePartThatIsWhole) {
  std::vector<Sample> samples = RandomSamples(40, 7);
  Writer::Options options;
  options.block_bytes = 600;
  std::string bytes = Pack(samples, options);
  size_t most = 0;
  for (size_t size = 0; size < bytes.size(); ++size) {
    std::string_view part = std::string_view(bytes).substr(0, size);
    Unpacked out = Unpack(part);
    EXPECT_FALSE(out.damage.empty()) << size;
    EXPECT_FALSE(Verify(part).empty()) << size;
    EXPECT_GE(out.samples.size(), most) << size;
    most = std::max(most, out.samples.size());
    // In the order of arrival, nothing that was not there.
    auto at = samples.begin();
    for (const Sample& s : out.samples) {
      at = std::find(at, samples.end(), s);
      ASSERT_NE(at, samples.end()) << size;
      ++at;
    }
  }
  EXPECT_EQ(most, samples.size());  // only the footer was missing
}

TEST(PackTest, TheSameEntriesGiveTheSameBytes) {
  const std::vector<Sample> samples = RandomSamples(500, 13);
  for (const Form form : {Form::kFast, Form::kSmall}) {
    Writer::Options options;
    options.block_bytes = 4000;
    options.form = form;
    EXPECT_EQ(Pack(samples, options), Pack(samples, options));
  }
}

// Hashes fit, and few bytes ask for much memory.
TEST(PackTest, NumbersThatCannotBeCostNoMemory) {
  std::string bytes;
  AppendHeader(&bytes, 0);
  for (uint64_t i = 1; i <= 1000; ++i) {
    std::string head;
    AppendVarint(&head, i * 90000);  // of the first label set
    AppendVarint(&head, 1);
    AppendSized(&head, "{}");
    AppendFrame(&bytes, Marker::kStreams, head, 0);
    bytes += head;
  }
  const auto file = PackFile::Open(MemFile(bytes), "t.glp");
  ASSERT_TRUE(file.ok());
  EXPECT_LT((*file)->index().streams.size(), bytes.size());
  EXPECT_GE((*file)->damage().size(), 1000u);

  const auto head_of = [](uint64_t entries, uint64_t times) {
    std::string head;
    for (const uint64_t number : {uint64_t{0}, entries, uint64_t{0}, uint64_t{0}, uint64_t{0},
                                  uint64_t{0}, uint64_t{0}, uint64_t{1}}) {
      AppendVarint(&head, number);
    }
    head += "\1\2";  // times, coded
    AppendVarint(&head, times);
    AppendVarint(&head, times);
    AppendFixed(&head, uint64_t{0});
    return head;
  };
  EXPECT_TRUE(ParseBlockHead(head_of(1000, 10), 10).ok());
  EXPECT_FALSE(ParseBlockHead(head_of(UINT32_MAX, 10), 10).ok());
}

TEST(PackTest, AnyFlippedByteIsFoundAndCostsAtMostItsBlock) {
  std::vector<Sample> samples = RandomSamples(30, 11);
  Writer::Options options;
  options.block_bytes = 600;
  std::string bytes = Pack(samples, options);
  auto whole = PackFile::Open(MemFile(bytes), "t.glp");
  ASSERT_TRUE(whole.ok());
  size_t largest = 0;
  for (const BlockInfo& b : (*whole)->index().blocks)
    largest = std::max(largest, size_t{b.entries});
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string bad = bytes;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    EXPECT_FALSE(Verify(bad).empty()) << at;
    Unpacked out = Unpack(bad);
    EXPECT_GE(out.samples.size() + largest, samples.size()) << at;
    for (const Sample& s : out.samples) {
      ASSERT_NE(std::find(samples.begin(), samples.end(), s), samples.end()) << at;
    }
  }
}

TEST(PackTest, RandomBytesBehindAHeaderDoNotCrash) {
  std::mt19937_64 random(3);
  std::string bytes = Pack(RandomSamples(200, 5));
  for (int round = 0; round < 300; ++round) {
    std::string bad = bytes;
    size_t from = 16 + random() % (bad.size() - 16);
    size_t size = random() % 200;
    for (size_t i = from; i < std::min(bad.size(), from + size); ++i) {
      bad[i] = static_cast<char>(random());
    }
    Unpack(bad);
    Verify(bad);
  }
}

struct Row {
  int64_t ts_ns;
  std::string labels, line;
  bool operator==(const Row&) const = default;
};
std::vector<Row> Scan(logql::EntrySource* source, logql::ScanRequest request,
                      logql::ScanStats* stats = nullptr) {
  std::vector<Row> rows;
  auto cursor = source->Scan(std::move(request));
  EXPECT_TRUE(cursor.ok());
  std::vector<logql::Entry> batch;
  for (;;) {
    EXPECT_TRUE((*cursor)->Next(&batch).ok());
    if (batch.empty()) break;
    for (const auto& e : batch) rows.push_back({e.ts_ns, e.stream->json, std::string(e.line)});
  }
  if (stats != nullptr) *stats = (*cursor)->stats();
  return rows;
}

TEST(PackTest, ScansInTheOrderOfTimeBothWays) {
  std::vector<Sample> samples = RandomSamples(3000, 17);
  for (size_t i = 0; i < samples.size(); i += 3) samples[i].ts_ns = samples[0].ts_ns;  // many equal
  Writer::Options options;
  options.block_bytes = 4000;
  auto source = OpenPack(MemFile(Pack(samples, options)), "t.glp");
  ASSERT_TRUE(source.ok());
  logql::TimeRange range{samples[5].ts_ns - 10'000'000, samples[5].ts_ns + 10'000'000};
  std::vector<Row> expected;
  for (const Sample& s : samples) {
    if (range.Contains(s.ts_ns)) expected.push_back({s.ts_ns, s.labels, s.line});
  }
  std::stable_sort(expected.begin(), expected.end(),
                   [](const Row& a, const Row& b) { return a.ts_ns < b.ts_ns; });
  logql::ScanRequest request;
  request.range = range;
  request.direction = logql::Direction::kForward;
  EXPECT_EQ(Scan(source->get(), request), expected);
  request.direction = logql::Direction::kBackward;
  std::reverse(expected.begin(), expected.end());
  EXPECT_EQ(Scan(source->get(), request), expected);
}

struct Scanned {
  std::vector<Row> rows;
  std::string stats;  // as text
  bool operator==(const Scanned&) const = default;
};
std::string ToText(const logql::ScanStats& stats) {
  std::string text = std::to_string(stats.entries) + " entries, " +
                     std::to_string(stats.line_bytes) + " bytes, " +
                     std::to_string(stats.blocks_read) + " blocks, " +
                     std::to_string(stats.blocks_skipped) + " skipped";
  for (const std::string& warning : stats.warnings) text += "\n" + warning;
  return text;
}

// Two copies of a file as one source. Stops after `batches`.
Scanned ScanTwice(const std::string& bytes, const logql::ScanRequest& request, bool collapse,
                  size_t batches) {
  LabelTable labels;
  auto context = std::make_unique<ScanContext>(request);
  std::vector<std::unique_ptr<SortedRun>> runs;
  std::vector<PackStreams> packs;
  for (uint32_t group = 0; group < 2; ++group) {
    auto file = PackFile::Open(MemFile(bytes), "t" + std::to_string(group) + ".glp");
    EXPECT_TRUE(file.ok());
    packs.push_back(ResolveStreams(std::move(*file), &labels));
    AddRuns(packs.back(), group, context.get(), &runs);
  }
  MergeCursor cursor(std::move(context), std::move(runs), collapse);
  Scanned scanned;
  std::vector<logql::Entry> batch;
  for (; batches > 0; --batches) {
    EXPECT_TRUE(cursor.Next(&batch).ok());
    if (batch.empty()) break;
    for (const auto& e : batch) {
      scanned.rows.push_back({e.ts_ns, e.stream->json, std::string(e.line)});
    }
  }
  scanned.stats = ToText(cursor.stats());
  return scanned;
}

TEST(PackTest, WhatAScanGivesAndSaysDoesNotDependOnThePool) {
  std::mt19937 random(31);
  for (unsigned round = 0; round < 24; ++round) {
    Writer::Options options;
    options.block_bytes = 1000 << (round % 3);
    std::vector<Sample> samples = RandomSamples(3000, round);
    for (size_t i = 0; i < samples.size(); i += 2) {
      if (round % 2 == 0) samples[i].src.clear();
      if (i % 4 == 0) samples[i].ts_ns = samples[0].ts_ns;
    }
    std::string bytes = Pack(samples, options);
    for (unsigned damage = round % 4; damage > 0; --damage) bytes[100 + random() % 40000] ^= 1;
    logql::ScanRequest request;
    request.direction = round % 8 < 4 ? logql::Direction::kForward : logql::Direction::kBackward;
    request.want_lines = round % 5 != 0;
    if (round % 3 == 0) request.range = {samples[500].ts_ns, samples[2000].ts_ns};
    if (round % 6 == 1) {
      auto filter = logql::MakeLineFilter(logql::LineFilter::Op::kContains, {"a"});
      ASSERT_TRUE(filter.ok());
      request.line_filters.push_back(*std::move(filter));
    }
    for (const bool collapse : {false, true}) {
      for (const size_t batches : {SIZE_MAX, size_t{1}, size_t{random() % 4}}) {
        const Scanned alone = ScanTwice(bytes, request, collapse, batches);
        for (const unsigned threads : {0U, 1U, 3U}) {
          ThreadPool pool(threads);
          request.pool = &pool;
          const Scanned pooled = ScanTwice(bytes, request, collapse, batches);
          request.pool = nullptr;
          EXPECT_EQ(pooled.stats, alone.stats) << round << " " << threads << " " << batches;
          EXPECT_TRUE(pooled.rows == alone.rows) << round << " " << threads << " " << batches;
        }
      }
    }
  }
}

// Times from `first` on, one after the other, without text.
class CountedRun : public SortedRun {
 public:
  CountedRun(int64_t first, std::atomic<int>* loaded) : loaded_(loaded) {
    for (size_t i = 0; i < 1000; ++i) held_.push_back(first + static_cast<int64_t>(i));
    min_ts_ns = first;
    max_ts_ns = held_.back();
  }
  ~CountedRun() override {
    if (size_ > 0) --*loaded_;
  }
  Status Load(const logql::ScanRequest&, LoadTools*, logql::ScanStats*) override {
    ++*loaded_;
    times_ = held_.data();
    size_ = held_.size();
    return Status::Ok();
  }
  Status LoadText(LoadTools*) override { return Status::Ok(); }
  void Text(size_t, logql::Entry* entry) const override { entry->line = "x"; }
  size_t load_bytes() const override { return 1 << 20; }
  size_t bytes() const override { return 1 << 20; }

 private:
  std::vector<int64_t> held_;
  std::atomic<int>* loaded_;
};

TEST(PackTest, AMergeHoldsFewRuns) {
  for (const unsigned threads : {0U, 3U}) {
    for (const auto direction : {logql::Direction::kForward, logql::Direction::kBackward}) {
      for (const bool collapse : {false, true}) {
        ThreadPool pool(threads);
        std::atomic<int> loaded = 0;
        std::vector<std::unique_ptr<SortedRun>> runs;
        for (int64_t i = 0; i < 200; ++i) {
          runs.push_back(std::make_unique<CountedRun>(1 + i * 1000, &loaded));
        }
        logql::ScanRequest request;
        request.direction = direction;
        request.pool = &pool;
        MergeCursor cursor(std::make_unique<ScanContext>(request), std::move(runs), collapse);
        std::vector<logql::Entry> batch;
        size_t entries = 0;
        do {
          ASSERT_TRUE(cursor.Next(&batch).ok());
          entries += batch.size();
          // Those of the batch, the one at hand, and two ahead for each thread.
          ASSERT_LE(loaded, 6 + 2 * 4);
        } while (!batch.empty());
        EXPECT_EQ(entries, 200000u);
      }
    }
  }
}

TEST(PackTest, ACancelledScanEndsThoughNothingPassesItsFilters) {
  Writer::Options options;
  options.block_bytes = 1000;
  std::string bytes = Pack(RandomSamples(3000, 37), options);
  auto source = OpenPack(MemFile(bytes), "t.glp");
  ASSERT_TRUE(source.ok());
  auto filter = logql::MakeLineFilter(logql::LineFilter::Op::kContains, {"not in any line"});
  ASSERT_TRUE(filter.ok());
  for (const unsigned threads : {0U, 2U}) {
    ThreadPool pool(threads);
    std::atomic<int> asked = 0;
    logql::ScanRequest request;
    request.line_filters.push_back(*filter);
    request.cancelled = [&asked] { return ++asked > 20; };
    request.pool = &pool;
    auto cursor = (*source)->Scan(request);
    ASSERT_TRUE(cursor.ok());
    std::vector<logql::Entry> batch;
    EXPECT_EQ((*cursor)->Next(&batch).code(), Code::kCancelled);
    EXPECT_LE((*cursor)->stats().blocks_read, 20u);
  }
}

TEST(PackTest, AQueryOfFewLinesReadsFewBlocks) {
  std::vector<Sample> samples;
  for (int i = 0; i < 20000; ++i) {
    samples.push_back({"{\"a\":\"b\"}", i, "line " + std::to_string(i), "", "", ""});
  }
  Writer::Options options;
  options.block_bytes = 10000;  // some 290 lines
  auto source = OpenPack(MemFile(Pack(samples, options)), "t.glp");
  ASSERT_TRUE(source.ok());
  ThreadPool pool(3);
  std::atomic<int> asked = 0;
  logql::ScanRequest request;
  request.pool = &pool;
  request.cancelled = [&asked] {
    ++asked;
    return false;
  };
  auto cursor = (*source)->Scan(request);
  ASSERT_TRUE(cursor.ok());
  std::vector<logql::Entry> batch;
  ASSERT_TRUE((*cursor)->Next(&batch).ok());
  EXPECT_EQ(batch.front().ts_ns, 19999);
  const uint64_t blocks = (*cursor)->stats().blocks_read;
  cursor->reset();
  EXPECT_LE(blocks, 2u);
  EXPECT_LE(static_cast<uint64_t>(asked), blocks + 1);  // one ahead when the first has ended
}

TEST(PackTest, SkipsLinesWithoutTheTextThatIsSearched) {
  std::vector<Sample> samples;
  for (int i = 0; i < 1000; ++i) {
    std::string line = i % 100 == 7 ? "a needle here" : "hay" + std::to_string(i);
    if (i == 500) line = "need";  // with the next line's begin it spells the word
    if (i == 501) line = "le";
    samples.push_back({"{\"a\":\"b\"}", i, line, "", "", ""});
  }
  auto source = OpenPack(MemFile(Pack(samples)), "t.glp");
  ASSERT_TRUE(source.ok());
  logql::ScanRequest request;
  logql::LineFilter filter;
  filter.alternatives.push_back({.text = "needle"});
  request.line_filters.push_back(filter);
  std::vector<Row> rows = Scan(source->get(), request);
  ASSERT_EQ(rows.size(), 10u);
  EXPECT_EQ(rows[0].ts_ns, 907);
  EXPECT_EQ(rows[0].line, "a needle here");
}

TEST(PackTest, GivesOnlyLinesThatPassAllFilters) {
  using Op = logql::LineFilter::Op;
  std::vector<Sample> samples;
  for (int i = 0; i < 2000; ++i) {
    const std::string line = (i % 3 == 0 ? "GET" : "Put") + std::string(" /a/") +
                             std::to_string(i) + (i % 50 == 0 ? " from 10.1.2.3" : "");
    samples.push_back({"{\"a\":\"b\"}", i, line, i % 7 == 0 ? "{\"m\":\"1\"}" : "", "", ""});
  }
  Writer::Options options;
  options.block_bytes = 20000;
  auto source = OpenPack(MemFile(Pack(samples, options)), "t.glp");
  ASSERT_TRUE(source.ok());
  const std::vector<std::pair<Op, std::vector<std::string>>> filters[] = {
      {{Op::kContains, {"GET", "from"}}},
      {{Op::kNotContains, {"7"}}},
      {{Op::kMatch, {"(?i)put .*1$"}}, {Op::kNotMatch, {"/1"}}},
      {{Op::kContains, {"/"}}},
      {{Op::kPattern, {"GET <_> from <_>"}}, {Op::kNotContains, {"99"}}},
      {{Op::kContains, {"nowhere"}}},
  };
  for (const auto& chain : filters) {
    logql::ScanRequest request;
    request.range = {100, 1900};
    request.direction = logql::Direction::kForward;
    for (const auto& [op, texts] : chain) {
      request.line_filters.push_back(*logql::MakeLineFilter(op, texts));
    }
    std::vector<Row> expected;
    for (size_t i = 100; i < 1900; ++i) {
      const bool passes =
          std::all_of(request.line_filters.begin(), request.line_filters.end(),
                      [&](const auto& filter) { return filter.Passes(samples[i].line); });
      if (passes) expected.push_back({samples[i].ts_ns, samples[i].labels, samples[i].line});
    }
    logql::ScanStats stats;
    EXPECT_EQ(Scan(source->get(), request, &stats), expected) << chain[0].second[0];
    // Blocks may be left out by their filters.
    EXPECT_GE(stats.entries, expected.size());
    EXPECT_LE(stats.entries, 1800u);
    if (expected.size() > 1000) {
      EXPECT_EQ(stats.entries, 1800u);
    }
  }
}

TEST(PackTest, APlanSaysWhatAScanThenReads) {
  std::vector<Sample> samples;
  for (int i = 0; i < 3000; ++i) {
    samples.push_back({"{\"a\":\"" + std::to_string(i % 3) + "\"}", i, "line", "", "", ""});
  }
  Writer::Options options;
  options.block_bytes = 5000;
  const std::string bytes = Pack(samples, options);
  auto source = OpenPack(MemFile(bytes), "t.glp");
  auto file = PackFile::Open(MemFile(bytes), "t.glp");
  ASSERT_TRUE(source.ok() && file.ok());
  for (const bool want_lines : {true, false}) {
    logql::ScanRequest request;
    request.matchers.push_back(*logql::MakeMatcher("a", logql::Matcher::Op::kNotEqual, "1"));
    request.range = {1000, 2000};
    request.want_lines = want_lines;
    auto plan = (*source)->Plan(request);
    ASSERT_TRUE(plan.ok());
    logql::ScanStats stats;
    Scan(source->get(), request, &stats);
    EXPECT_EQ(plan->blocks, stats.blocks_read);
    EXPECT_EQ(plan->blocks_stream + plan->blocks_time, stats.blocks_skipped);
    EXPECT_EQ(plan->streams, 2u);
    EXPECT_EQ(plan->streams_total, 3u);
    EXPECT_EQ(plan->blocks_filter, 0u);
    EXPECT_EQ(plan->memory_entries, 0u);
    uint64_t of_stream = 0, entries = 0, size = 0, all = 0;
    for (const BlockInfo& block : (*file)->index().blocks) {
      all += block.size;
      if (block.stream == 1) {
        ++of_stream;
      } else if (block.max_ts_ns >= 1000 && block.min_ts_ns < 2000) {
        entries += block.entries;
        size += want_lines ? block.size : block.front_size;
      }
    }
    EXPECT_EQ(plan->blocks_stream, of_stream);
    EXPECT_GT(plan->blocks_time, 0u);
    EXPECT_EQ(plan->entries, entries);
    EXPECT_EQ(plan->bytes, size);
    EXPECT_EQ(plan->bytes_total, all);
  }
}

TEST(PackTest, TimesAloneNeedNoLines) {
  std::string bytes = Pack(RandomSamples(500, 23));
  auto source = OpenPack(MemFile(bytes), "t.glp");
  ASSERT_TRUE(source.ok());
  logql::ScanRequest request;
  request.want_lines = false;
  logql::ScanStats stats;
  EXPECT_EQ(Scan(source->get(), request, &stats).size(), 500u);
  EXPECT_EQ(stats.entries, 500u);
  EXPECT_EQ(stats.line_bytes, 0u);
}

TEST(PackTest, DamageIsSaidInTheStatsOfAScan) {
  Writer::Options options;
  options.block_bytes = 2000;
  std::string bytes = Pack(RandomSamples(500, 29), options);
  bytes[bytes.size() / 2] ^= 1;
  auto source = OpenPack(MemFile(bytes), "t.glp");
  ASSERT_TRUE(source.ok());
  logql::ScanStats stats;
  size_t rows = Scan(source->get(), {}, &stats).size();
  EXPECT_LT(rows, 500u);
  EXPECT_GT(rows, 400u);
  EXPECT_EQ(stats.warnings.size(), 1u);
}

TEST(PackTest, OtherFilesAreRefused) {
  auto other = PackFile::Open(MemFile("{\"ts\":\"2026\"}\n"), "x");
  EXPECT_EQ(other.status().code(), Code::kData);
  EXPECT_EQ(PackFile::Open(MemFile(""), "x").status().code(), Code::kData);
}

}  // namespace
}  // namespace glp::pack
