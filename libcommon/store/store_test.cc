#include "store/store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <numeric>
#include <random>
#include <thread>

#include "base/thread_pool.h"
#include "io/file.h"
#include "logql/ast.h"
#include "pack/file_writer.h"
#include "store/folder.h"
#include "store/reader.h"
#include "store/report.h"
#include "store/store_fixture.h"

namespace glp::store {
namespace {

namespace fs = std::filesystem;

class StoreTest : public StoreFixture {
 protected:
  NewEntry FromFile(std::string_view line, std::string_view id, uint64_t next,
                    uint64_t whole_from = NewEntry::kNotWhole) {
    NewEntry entry = Entry(static_cast<int64_t>(next), line);
    entry.src_id = id;
    entry.src_next = next;
    entry.src_whole_from = whole_from;
    return entry;
  }
  std::vector<Row> Read(logql::ScanStats* stats = nullptr) {
    auto source = OpenStore(dir_, "fake");
    EXPECT_TRUE(source.ok()) << source.status().message();
    return Rows(source->get(), stats);
  }
  static std::vector<Row> ReadSnapshot(Store* store) {
    return Rows(store->Snapshot("fake")->get());
  }
  std::vector<pack::Position> Positions(uint64_t segment) {
    auto file = pack::PackFile::Open(SegmentPath(dir_ + "/fake", segment));
    EXPECT_TRUE(file.ok());
    return *(*file)->ReadPositions();
  }
  std::string File(const std::string& suffix) {
    for (const auto& file : fs::directory_iterator(dir_ + "/fake")) {
      if (file.path().string().ends_with(suffix)) return file.path();
    }
    return "";
  }
  std::vector<std::string> Damage() {
    auto report = VerifyStore(dir_);
    EXPECT_TRUE(report.ok());
    return report->damage;
  }
};

TEST_F(StoreTest, WhatIsCommittedIsReadByOthers) {
  auto store = Open();
  Append(store.get(), Entry(2, "two"));
  Append(store.get(), Entry(1, "one", R"({"c":"d"})"));
  EXPECT_EQ(Read().size(), 0u);
  EXPECT_EQ(ReadSnapshot(store.get()).size(), 2u);
  ASSERT_TRUE(store->Commit().ok());
  std::vector<Row> expected = {{1, R"({"c":"d"})", "one", ""}, {2, R"({"a":"b"})", "two", ""}};
  EXPECT_EQ(Read(), expected);
  ASSERT_TRUE(store->Close().ok());
  EXPECT_EQ(File(".wal"), "");
  EXPECT_EQ(Read(), expected);
  EXPECT_TRUE(Damage().empty());
}

TEST_F(StoreTest, ACommitWithoutAnythingNewWritesNothing) {
  auto store = Open();
  ASSERT_TRUE(store->Commit().ok());
  ASSERT_TRUE(store->Close().ok());
  EXPECT_FALSE(fs::exists(dir_ + "/fake"));
}

TEST_F(StoreTest, EntriesOfTheSameSourceAreTakenOnce) {
  for (int round = 0; round < 3; ++round) {
    auto store = Open();
    AppendResult result;
    for (uint64_t i = 1; i <= 10; ++i) {
      NewEntry entry = FromFile("x", "8:1:f", i * 10);
      ASSERT_TRUE(store->Append("fake", {&entry, 1}, &result).ok());
    }
    EXPECT_EQ(result.added, round == 0 ? 10u : 0u);
    EXPECT_EQ(result.duplicates, round == 0 ? 0u : 10u);
    if (round == 1) continue;  // without Close
    ASSERT_TRUE(store->Close().ok());
  }
  EXPECT_EQ(Read().size(), 10u);
}

// Takes NEXTs 10, 20 … in the order of `order` in three processes, of which the first two are
// killed, and then all again in another order.
TEST_F(StoreTest, EntriesOfASourceMayComeInAnyOrder) {
  constexpr uint64_t kCount = 3000;
  std::vector<uint64_t> order(kCount);
  std::iota(order.begin(), order.end(), 1);
  for (uint32_t seed = 0; seed < 6; ++seed) {
    fs::remove_all(dir_ + "/fake");
    if (seed == 0) std::reverse(order.begin(), order.end());
    if (seed > 0) std::shuffle(order.begin(), order.end(), std::mt19937(seed));
    Options options;
    if (seed % 2 == 1) options.segment_bytes = 64 << 10;  // cuts on the way
    AppendResult result;
    auto take = [&](Store* store, uint64_t i) {
      NewEntry entry = FromFile("x", "8:1:f", order[i] * 10);
      ASSERT_TRUE(store->Append("fake", {&entry, 1}, &result).ok());
      if (i % 70 == 69) {
        ASSERT_TRUE(store->Commit().ok());
      }
    };
    // One entry alone tells nothing of the order.
    for (uint64_t end : {uint64_t{1}, kCount / 2, kCount}) {
      auto store = Open(options);
      for (uint64_t i = 0; i < end; ++i) take(store.get(), i);
      ASSERT_TRUE(store->Commit().ok());
    }
    EXPECT_EQ(result.added, kCount) << seed;
    EXPECT_EQ(Read().size(), kCount);
    std::shuffle(order.begin(), order.end(), std::mt19937(seed + 100));
    for (int round = 0; round < 2; ++round) {
      result = {};
      auto store = Open(options);
      for (uint64_t i = 0; i < kCount; ++i) take(store.get(), i);
      EXPECT_EQ(result.added, 0u) << seed;
      EXPECT_EQ(result.duplicates, kCount);
      ASSERT_TRUE(store->Close().ok());
    }
    EXPECT_EQ(Read().size(), kCount);
  }
}

TEST_F(StoreTest, ASourceGivenWholeCostsNoPoints) {
  for (bool killed : {false, true}) {
    fs::remove_all(dir_ + "/fake");
    auto store = Open();
    for (uint64_t i = 1; i <= 3000; ++i) {
      Append(store.get(), FromFile("x", "8:1:f", i * 10, 0));
      if (i % 70 == 0) {
        ASSERT_TRUE(store->Commit().ok());
      }
    }
    ASSERT_TRUE((killed ? store->Commit() : store->Close()).ok());
    if (killed) {
      // Each batch of the log adds only what is its own.
      EXPECT_LT(fs::file_size(File(".wal")), 3000u * 8 + 43 * 100);
    }
    store = nullptr;
    store = Open();
    std::vector<pack::Position> positions = Positions(1);
    ASSERT_EQ(positions.size(), 1u);
    EXPECT_EQ(positions[0].kind, pack::Position::Kind::kSettled);
    EXPECT_EQ(positions[0].next, 30000u);
    EXPECT_EQ(positions[0].points, "");
    EXPECT_EQ(Append(store.get(), FromFile("x", "8:1:f", 15)).duplicates, 1u);
  }
}

// What a filter let through is there; the rest of the file comes later.
TEST_F(StoreTest, WhatAFilterHeldBackIsTakenLater) {
  for (bool killed : {false, true}) {
    fs::remove_all(dir_ + "/fake");
    // Two filters, then the whole file from somewhere on, then from its start, twice.
    for (int run = 0; run < 5; ++run) {
      auto store = Open();
      AppendResult result;
      for (uint64_t i = 1; i <= 100; ++i) {
        if ((run == 0 && i % 10 != 0) || (run == 1 && i % 7 != 0) || (run == 2 && i <= 60)) {
          continue;
        }
        uint64_t whole_from = run < 2 ? NewEntry::kNotWhole : run == 2 ? 600 : 0;
        NewEntry entry = FromFile("x", "f", i * 10, whole_from);
        ASSERT_TRUE(store->Append("fake", {&entry, 1}, &result).ok());
      }
      ASSERT_TRUE((killed ? store->Commit() : store->Close()).ok());
      constexpr uint64_t kAdded[] = {10, 13, 31, 46, 0};
      EXPECT_EQ(result.added, kAdded[run]) << run;
      if (killed) continue;
      if (run == 2) {
        std::vector<pack::Position> positions = Positions(3);
        ASSERT_EQ(positions.size(), 1u);
        EXPECT_EQ(positions[0].kind, pack::Position::Kind::kRanges);
        EXPECT_TRUE(pack::ForEachRange(positions[0], [](uint64_t from, uint64_t to) {
          EXPECT_EQ(from, 600u);
          EXPECT_EQ(to, 1000u);
        }));
      }
      if (run == 3) {
        EXPECT_EQ(Positions(4)[0].kind, pack::Position::Kind::kSettled);
        EXPECT_EQ(Positions(4)[0].next, 600u);
      }
    }
    EXPECT_EQ(Read().size(), 100u);
  }
}

// Batches that are sent at the same time arrive in any order; each claims what is in it.
TEST_F(StoreTest, PartsThatArriveInAnyOrderGrowTogether) {
  std::vector<uint64_t> parts(40);
  std::iota(parts.begin(), parts.end(), 0);
  std::shuffle(parts.begin(), parts.end(), std::mt19937(5));
  for (size_t i = 0; i < parts.size(); ++i) {
    auto store = Open();
    for (uint64_t next = parts[i] * 100 + 10; next <= parts[i] * 100 + 100; next += 10) {
      EXPECT_EQ(Append(store.get(), FromFile("x", "f", next, parts[i] * 100)).added, 1u);
      EXPECT_EQ(Append(store.get(), FromFile("x", "f", next, parts[i] * 100)).duplicates, 1u);
    }
    ASSERT_TRUE((i % 3 == 0 ? store->Close() : store->Commit()).ok());
  }
  auto store = Open();
  for (uint64_t next = 10; next <= 4000; next += 10) {
    EXPECT_EQ(Append(store.get(), FromFile("x", "f", next, 0)).duplicates, 1u);
  }
  EXPECT_EQ(Append(store.get(), FromFile("x", "f", 4010, 0)).added, 1u);
  ASSERT_TRUE(store->Close().ok());
  EXPECT_EQ(Read().size(), 401u);
}

// Runs over a growing file: whole or filtered, from anywhere on, in any order where they are not
// whole; each ends in a kill or properly.
TEST_F(StoreTest, EveryLineIsTakenOnceWhateverTheRunsGive) {
  std::mt19937 random(11);
  auto chance = [&](uint32_t percent) { return random() % 100 < percent; };
  for (int round = 0; round < 25; ++round) {
    fs::remove_all(dir_ + "/fake");
    Options options;
    if (round % 2 == 1) options.segment_bytes = 2 << 10;  // cuts on the way
    std::vector<uint64_t> nexts;
    std::map<uint64_t, int> held;
    uint64_t size = 0;
    for (int run = 0; run < 8; ++run) {
      for (uint32_t n = random() % 60; n > 0; --n) nexts.push_back(size += 1 + random() % 300);
      size_t begin = chance(50) || nexts.empty() ? 0 : random() % nexts.size();
      bool whole = chance(60);
      std::vector<NewEntry> entries;
      for (size_t i = begin; i < nexts.size(); ++i) {
        if (!whole && chance(70)) continue;
        entries.push_back(FromFile("x", "f", nexts[i],
                                   !whole       ? NewEntry::kNotWhole
                                   : begin == 0 ? 0
                                                : nexts[begin - 1]));
      }
      // Entries that were held back a while claim nothing, those behind them claim all.
      if (!whole && chance(50)) std::shuffle(entries.begin(), entries.end(), random);
      for (size_t i = 0; whole && i + 1 < entries.size(); ++i) {
        if (!chance(10)) continue;
        std::swap(entries[i], entries[i + 1]);
        entries[i].src_whole_from = NewEntry::kNotWhole;
      }
      auto store = Open(options);
      for (const NewEntry& entry : entries) {
        ASSERT_EQ(Append(store.get(), entry).added, held[entry.src_next]++ == 0 ? 1u : 0u)
            << round << " " << run << " " << entry.src_next;
        if (chance(5)) {
          ASSERT_TRUE((chance(30) ? store->Flush() : store->Commit()).ok());
        }
      }
      ASSERT_TRUE((chance(50) ? store->Commit() : store->Close()).ok());
    }
    EXPECT_EQ(Read().size(), held.size());
    EXPECT_TRUE(Damage().empty());
  }
}

// A segment has said that all is there up to a point when entries of before it come late.
TEST_F(StoreTest, WhatComesLateAfterASegmentWasCutIsTakenOnce) {
  for (bool cut : {true, false}) {
    fs::remove_all(dir_ + "/fake");
    auto store = Open();
    for (uint64_t i = 1; i <= 10; ++i) {
      Append(store.get(), FromFile("x", "f", i * 10, 0));
      if (i == 5) {
        ASSERT_TRUE(store->Flush().ok());
      }
      if (i == 8) {
        ASSERT_TRUE(store->Commit().ok());
      }
    }
    EXPECT_EQ(Append(store.get(), FromFile("late", "f", 25)).added, 1u);
    ASSERT_TRUE((cut ? store->Flush() : store->Commit()).ok());
    store.reset();
    for (int round = 0; round < 2; ++round) {
      store = Open();
      for (uint64_t i = 1; i <= 10; ++i) {
        EXPECT_EQ(Append(store.get(), FromFile("x", "f", i * 10)).duplicates, 1u) << i;
      }
      EXPECT_EQ(Append(store.get(), FromFile("late", "f", 25)).duplicates, 1u);
      EXPECT_EQ(Append(store.get(), FromFile("later", "f", 35)).added, round == 0 ? 1u : 0u);
      EXPECT_EQ(Append(store.get(), FromFile("new", "f", 110)).added, round == 0 ? 1u : 0u);
      ASSERT_TRUE(store->Close().ok());
    }
    EXPECT_EQ(Read().size(), 13u);
  }
}

// What segments of before ranges say, and one of the store's own.
TEST_F(StoreTest, PositionsOfEveryKindBuildOnEachOther) {
  using Kind = pack::Position::Kind;
  Append(Open().get(), Entry(0, "makes the folder"));
  auto points = [](uint64_t from, std::vector<uint64_t> nexts) {
    std::string out;
    for (uint64_t next : nexts) {
      pack::AppendVarint(&out, pack::ZigZag(static_cast<int64_t>(next - from)));
      from = next;
    }
    return out;
  };
  std::vector<std::vector<pack::Position>> segments = {
      {{0, "f", Kind::kSettled, 100, {}}, {0, "g", Kind::kAdded, 7, points(7, {9, 3})}},
      {{0, "f", Kind::kAdded, 0, points(0, {150, 120})}, {0, "g", Kind::kSettled, 5, {}}},
      {{0, "f", Kind::kRestart, 50, points(50, {70, 150})},
       {0, "f", Kind::kRanges, 0, points(0, {200, 300, 400, 500})}},
  };
  for (size_t i = 0; i < segments.size(); ++i) {
    std::string path = SegmentPath(dir_ + "/fake", i + 1);
    auto fd = io::Create(path);
    ASSERT_TRUE(fd.ok());
    pack::FileWriter writer(fd->get(), path, {});
    writer.AddStream(R"({"a":"b"})");
    for (const pack::Position& position : segments[i]) writer.AddPosition(position);
    ASSERT_TRUE(writer.Finish().ok());
    EXPECT_EQ(Positions(i + 1).size(), 2u);
  }
  auto store = Open();
  EXPECT_TRUE(store->warnings().empty());
  auto added = [&](std::string_view id, uint64_t next) {
    return Append(store.get(), FromFile("x", id, next)).added == 1;
  };
  for (uint64_t next : {3, 5, 9}) EXPECT_FALSE(added("g", next)) << next;
  for (uint64_t next : {7, 8, 10}) EXPECT_TRUE(added("g", next)) << next;
  for (uint64_t next : {1, 50, 70, 150, 201, 300, 450}) EXPECT_FALSE(added("f", next)) << next;
  for (uint64_t next : {51, 71, 120, 200, 301, 400, 501}) EXPECT_TRUE(added("f", next)) << next;
}

TEST_F(StoreTest, SourcesAreKnownFromTheLogToo) {
  auto store = Open();
  Append(store.get(), FromFile("x", "f", 10));
  ASSERT_TRUE(store->Commit().ok());
  store.reset();
  store = Open();
  EXPECT_EQ(Append(store.get(), FromFile("x", "f", 10)).duplicates, 1u);
  EXPECT_EQ(Append(store.get(), FromFile("y", "f", 20)).added, 1u);
  EXPECT_EQ(Append(store.get(), FromFile("z", "g", 5)).added, 1u);
}

TEST_F(StoreTest, EqualEntriesAreGivenOnce) {
  auto store = Open();
  for (int i = 0; i < 3; ++i) {
    Append(store.get(), Entry(5, "same"));
    Append(store.get(), Entry(5, "other"));
    Append(store.get(), Entry(5, "same", R"({"c":"d"})"));
    NewEntry with_meta = Entry(5, "same");
    with_meta.meta = R"({"t":"1"})";
    Append(store.get(), with_meta);
    if (i == 0) {
      ASSERT_TRUE(store->Flush().ok());
    }
  }
  EXPECT_EQ(ReadSnapshot(store.get()).size(), 4u);
  auto snapshot = store->Snapshot("fake");
  EXPECT_EQ(Rows(snapshot->get(), nullptr, {.want_lines = false}).size(), 4u);
  logql::ScanStats stats;
  EXPECT_EQ(Rows(snapshot->get(), &stats).size(), 4u);
  EXPECT_EQ(stats.entries, 12u);
  EXPECT_EQ(stats.line_bytes, 3u * (4 + 5 + 4 + 4));
  EXPECT_EQ(stats.meta_bytes, 3u * 9);
  EXPECT_EQ(stats.memory_entries, 8u);
  EXPECT_EQ(stats.memory_line_bytes, 2u * (4 + 5 + 4 + 4));
  EXPECT_EQ(stats.memory_meta_bytes, 2u * 9);
  EXPECT_EQ(stats.duplicates, 8u);
  EXPECT_EQ(stats.blocks_read, 2u);
  EXPECT_EQ(stats.stored_bytes, (*snapshot)->Plan({})->bytes);
  ASSERT_TRUE(store->Close().ok());
  EXPECT_EQ(Read().size(), 4u);
}

// Two lines of a file with the same time and text are two entries; without src they are one, and
// one without src is the same as one that has it.
TEST_F(StoreTest, EqualEntriesWithSrcAreGivenEach) {
  for (int order = 0; order < 4; ++order) {
    fs::remove_all(dir_ + "/fake");
    auto store = Open();
    auto with_src = [&](uint64_t next) {
      NewEntry entry = Entry(5, "same");
      entry.src_id = "f";
      entry.src_next = next;
      EXPECT_EQ(Append(store.get(), entry).added, 1u);
    };
    auto plain = [&] { Append(store.get(), Entry(5, "same")); };
    if (order % 2 == 0) plain();
    with_src(10);
    if (order / 2 == 0) {
      ASSERT_TRUE(store->Flush().ok());
    }
    with_src(20);
    plain();
    plain();
    with_src(30);
    Append(store.get(), Entry(5, "other"));
    ASSERT_TRUE(store->Commit().ok());
    auto count = [](logql::EntrySource* source) {
      size_t lines = 0;
      for (bool want_lines : {true, false}) {
        for (auto direction : {logql::Direction::kForward, logql::Direction::kBackward}) {
          size_t now =
              Rows(source, nullptr, {.direction = direction, .want_lines = want_lines}).size();
          EXPECT_TRUE(lines == 0 || now == lines) << now << " and " << lines;
          lines = now;
        }
      }
      return lines;
    };
    EXPECT_EQ(count(OpenStore(dir_, "fake")->get()), 4u) << order;  // log and segment
    EXPECT_EQ(count(store->Snapshot("fake")->get()), 4u);
    store.reset();
    Open().reset();
    EXPECT_EQ(count(OpenStore(dir_, "fake")->get()), 4u);
    EXPECT_TRUE(Damage().empty());
  }
}

TEST_F(StoreTest, AScanIsTheSameForAnyPool) {
  Options options;
  options.segment_bytes = 4000;
  auto store = Open(options);
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) {
    const std::string line = "line " + std::to_string(random() % 3);
    NewEntry entry =
        random() % 3 == 0 ? FromFile(line, "f", static_cast<uint64_t>(i) + 1) : Entry(0, line);
    entry.ts_ns = static_cast<int64_t>(random() % 500);
    Append(store.get(), entry);
    if (i % 700 == 0) {
      ASSERT_TRUE(store->Commit().ok());
    }
  }
  for (const auto direction : {logql::Direction::kForward, logql::Direction::kBackward}) {
    for (const bool want_lines : {true, false}) {
      logql::ScanStats stats;
      const auto rows = Rows(store->Snapshot("fake")->get(), &stats,
                             {.direction = direction, .want_lines = want_lines});
      EXPECT_GT(stats.blocks_read, 5u);
      for (const unsigned threads : {0U, 1U, 3U}) {
        ThreadPool pool(threads);
        logql::ScanStats pooled;
        EXPECT_EQ(Rows(store->Snapshot("fake")->get(), &pooled,
                       {.direction = direction, .want_lines = want_lines, .pool = &pool}),
                  rows);
        EXPECT_EQ(pooled.entries, stats.entries);
        EXPECT_EQ(pooled.line_bytes, stats.line_bytes);
        EXPECT_EQ(pooled.blocks_read, stats.blocks_read);
        EXPECT_EQ(pooled.blocks_skipped, stats.blocks_skipped);
      }
    }
  }
}

TEST_F(StoreTest, LinesThatCannotPassNeverBecomeEntries) {
  auto store = Open();
  for (int i = 0; i < 200; ++i) {
    Append(store.get(), Entry(i, i % 10 == 3 ? "a needle" : "hay"));
    if (i == 99) {
      ASSERT_TRUE(store->Flush().ok());  // the rest stays in memory
    }
  }
  logql::ScanRequest request;
  request.line_filters.push_back(
      *logql::MakeLineFilter(logql::LineFilter::Op::kContains, {"needle"}));
  auto source = store->Snapshot("fake");
  auto cursor = (*source)->Scan(request);
  ASSERT_TRUE(cursor.ok());
  std::vector<logql::Entry> batch;
  ASSERT_TRUE((*cursor)->Next(&batch).ok());
  EXPECT_EQ(batch.size(), 20u);
  EXPECT_EQ(batch.front().ts_ns, 193);
  EXPECT_EQ((*cursor)->stats().entries, 200u);
  EXPECT_EQ((*cursor)->stats().blocks_read, 1u);
  EXPECT_EQ((*cursor)->stats().line_bytes, 20u * 8 + 180u * 3);
  request.cancelled = [] { return true; };
  cursor = (*source)->Scan(request);
  ASSERT_TRUE(cursor.ok());
  EXPECT_EQ((*cursor)->Next(&batch).code(), Code::kCancelled);
}

TEST_F(StoreTest, APlanTellsWhatIsInBlocksAndWhatInMemory) {
  auto store = Open();
  for (int i = 0; i < 10; ++i) Append(store.get(), Entry(i, "a", R"({"app":"one"})"));
  for (int i = 0; i < 5; ++i) Append(store.get(), Entry(i, "a", R"({"app":"two"})"));
  logql::ScanRequest request;
  request.matchers.push_back(*logql::MakeMatcher("app", logql::Matcher::Op::kEqual, "one"));
  auto plan = store->Snapshot("fake")->get()->Plan(request);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->streams, 1u);
  EXPECT_EQ(plan->streams_total, 2u);
  EXPECT_EQ(plan->blocks, 0u);
  EXPECT_EQ(plan->entries, 10u);
  EXPECT_EQ(plan->memory_entries, 10u);
  ASSERT_TRUE(store->Flush().ok());
  for (int i = 20; i < 23; ++i) Append(store.get(), Entry(i, "a", R"({"app":"one"})"));
  plan = store->Snapshot("fake")->get()->Plan(request);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->streams, 1u);
  EXPECT_EQ(plan->streams_total, 2u);
  EXPECT_EQ(plan->blocks, 1u);
  EXPECT_EQ(plan->blocks_stream, 1u);
  EXPECT_EQ(plan->entries, 13u);
  EXPECT_EQ(plan->memory_entries, 3u);
  EXPECT_GT(plan->bytes, 0u);
  EXPECT_GT(plan->bytes_total, plan->bytes);
  request.range = {100, 200};
  plan = store->Snapshot("fake")->get()->Plan(request);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->blocks, 0u);
  EXPECT_EQ(plan->blocks_time, 2u);  // the whole segment
  EXPECT_EQ(plan->entries, 0u);
}

TEST_F(StoreTest, ASnapshotStaysAsItWas) {
  auto store = Open();
  Append(store.get(), Entry(1, "one"));
  auto snapshot = store->Snapshot("fake");
  Append(store.get(), Entry(2, "two"));
  ASSERT_TRUE(store->Close().ok());
  store.reset();
  EXPECT_EQ(Rows(snapshot->get()).size(), 1u);
}

TEST_F(StoreTest, TenantsAreApart) {
  auto store = Open();
  Append(store.get(), Entry(1, "one"), "other");
  EXPECT_EQ(ReadSnapshot(store.get()).size(), 0u);
  AppendResult result;
  NewEntry entry = Entry(1, "x");
  EXPECT_EQ(store->Append("../up", {&entry, 1}, &result).code(), Code::kUsage);
  ASSERT_TRUE(store->Close().ok());
  EXPECT_EQ(Rows(OpenStore(dir_, "other")->get()).size(), 1u);
}

TEST_F(StoreTest, MakesSoManyTenantsAndNoMore) {
  Options options;
  options.max_tenants = 2;
  auto store = Open(options);
  Append(store.get(), Entry(1, "a"), "one");
  Append(store.get(), Entry(1, "b"), "two");
  AppendResult result;
  NewEntry entry = Entry(1, "x");
  const Status status = store->Append("three", {&entry, 1}, &result);
  EXPECT_EQ(status.code(), Code::kLimit);
  EXPECT_NE(status.message().find("tenant 'three' is new"), std::string::npos);
  EXPECT_FALSE(fs::exists(dir_ + "/three"));
  EXPECT_TRUE(store->Append("one", {&entry, 1}, &result).ok());
  // Those that are there stay, also where they are too many.
  ASSERT_TRUE(store->Close().ok());
  options.max_tenants = 1;
  store = Open(options);
  EXPECT_TRUE(store->Append("two", {&entry, 1}, &result).ok());
  EXPECT_EQ(store->Append("three", {&entry, 1}, &result).code(), Code::kLimit);
}

// A folder of such a name would stand where the store's own files go.
TEST(CheckTenantTest, NamesOfFilesAreRefused) {
  for (const char* name : {"", ".", "..", "a/b", "a|b", "\xc3\xbc", "lock", "deletes.ndjson",
                           "deletes.ndjson.tmp12.0"}) {
    EXPECT_EQ(CheckTenant(name).code(), Code::kUsage) << name;
  }
  EXPECT_EQ(CheckTenant(std::string(151, 'a')).code(), Code::kUsage);
  for (const char* name : {"fake", ".a", "...", "locks", "deletes", "!-_.*'()"}) {
    EXPECT_TRUE(CheckTenant(name).ok()) << name;
  }
  EXPECT_TRUE(CheckTenant(std::string(150, 'a')).ok());
}

TEST_F(StoreTest, ASecondWriterIsToldWhoHoldsTheLock) {
  auto store = Open();
  auto second = Store::Open(dir_);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find("process " + std::to_string(getpid())),
            std::string::npos)
      << second.status().message();
}

TEST_F(StoreTest, OtherFoldersAreNoStores) {
  EXPECT_EQ(OpenStore(dir_, "fake").status().code(), Code::kUsage);
  EXPECT_EQ(OpenStore(dir_ + "/none", "fake").status().code(), Code::kUsage);
}

TEST_F(StoreTest, ALogCutAnywhereKeepsItsWholeBatches) {
  auto store = Open();
  std::vector<uint64_t> sizes = {0};
  for (int i = 0; i < 4; ++i) {
    Append(store.get(), Entry(i, "line " + std::to_string(i)));
    ASSERT_TRUE(store->Commit().ok());
    sizes.push_back(fs::file_size(File(".wal")));
  }
  store.reset();
  std::string content = *io::ReadFile(File(".wal"));
  for (size_t size = 0; size <= content.size(); ++size) {
    fs::remove_all(dir_ + "/fake");
    fs::create_directory(dir_ + "/fake");
    ASSERT_TRUE(io::WriteFileAtomically(WalPath(dir_ + "/fake", 1), content.substr(0, size)).ok());
    size_t whole = 0;
    while (whole + 1 < sizes.size() && sizes[whole + 1] <= size) ++whole;
    logql::ScanStats stats;
    EXPECT_EQ(Read(&stats).size(), whole);
    EXPECT_TRUE(stats.warnings.empty());
    store = Open();
    EXPECT_TRUE(store->warnings().empty());
    EXPECT_EQ(ReadSnapshot(store.get()).size(), whole);
    store.reset();
  }
}

TEST_F(StoreTest, AFlippedByteInALogCostsItsBatchAndIsSaid) {
  auto store = Open();
  for (int i = 0; i < 3; ++i) {
    Append(store.get(), Entry(i, "line " + std::to_string(i)));
    ASSERT_TRUE(store->Commit().ok());
  }
  store.reset();
  std::string content = *io::ReadFile(File(".wal"));
  for (size_t at = 0; at < content.size(); ++at) {
    std::string bad = content;
    bad[at] ^= 4;
    ASSERT_TRUE(io::WriteFileAtomically(WalPath(dir_ + "/fake", 1), bad).ok());
    logql::ScanStats stats;
    EXPECT_EQ(Read(&stats).size(), 2u) << at;
    EXPECT_FALSE(stats.warnings.empty()) << at;
    EXPECT_FALSE(Damage().empty()) << at;
  }
  // In the first batch, in the last one, and in the frame of the last one.
  for (size_t at : {size_t{40}, content.size() - 3, content.size() / 3 * 2 + 9}) {
    fs::remove_all(dir_ + "/fake");
    fs::create_directory(dir_ + "/fake");
    std::string bad = content;
    bad[at] ^= 1;
    ASSERT_TRUE(io::WriteFileAtomically(WalPath(dir_ + "/fake", 1), bad).ok());
    store = Open();
    EXPECT_FALSE(store->warnings().empty());
    EXPECT_EQ(*io::ReadFile(WalPath(dir_ + "/fake", 1) + ".damaged"), bad);
    EXPECT_EQ(ReadSnapshot(store.get()).size(), 2u);
    store.reset();
  }
}

TEST_F(StoreTest, ADamagedSegmentIsSaidAndTheRestIsRead) {
  auto store = Open();
  for (int i = 0; i < 2; ++i) {
    Append(store.get(), Entry(i, "line"));
    ASSERT_TRUE(store->Flush().ok());
  }
  store.reset();
  std::string path = SegmentPath(dir_ + "/fake", 1);
  std::string content = *io::ReadFile(path);
  content[content.size() / 3] ^= 1;
  ASSERT_TRUE(io::WriteFileAtomically(path, content).ok());
  EXPECT_FALSE(Damage().empty());
  ASSERT_TRUE(io::WriteFileAtomically(path, "garbage").ok());
  logql::ScanStats stats;
  EXPECT_EQ(Read(&stats).size(), 1u);
  EXPECT_FALSE(stats.warnings.empty());
  EXPECT_EQ(ReadSnapshot(Open().get()).size(), 1u);
}

TEST_F(StoreTest, ADiskThatIsFullLosesNothing) {
  Options options;
  options.segment_bytes = 64 << 10;
  auto store = Open(options);
  Append(store.get(), Entry(1, "kept"));
  ASSERT_TRUE(store->Commit().ok());
  signal(SIGXFSZ, SIG_IGN);
  rlimit old;
  getrlimit(RLIMIT_FSIZE, &old);
  rlimit small{200, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  std::mt19937 random(1);
  std::string line(1000, ' ');
  size_t taken = 1;
  bool refused = false;
  for (int i = 0; i < 300 && !refused; ++i) {
    for (char& c : line) c = static_cast<char>(random());
    AppendResult result;
    NewEntry entry = Entry(10 + i, line);
    refused = !store->Append("fake", {&entry, 1}, &result).ok();
    taken += result.added;
    EXPECT_FALSE(store->Commit().ok());
  }
  EXPECT_TRUE(refused) << "memory grows without end";
  EXPECT_EQ(Read().size(), 1u);
  EXPECT_EQ(ReadSnapshot(store.get()).size(), taken);
  setrlimit(RLIMIT_FSIZE, &old);
  ASSERT_TRUE(store->Commit().ok());
  EXPECT_EQ(Read().size(), taken);
  store.reset();
  EXPECT_EQ(ReadSnapshot(Open().get()).size(), taken);
  EXPECT_TRUE(Damage().empty());
}

TEST_F(StoreTest, ReadersSeeEachEntryOnceWhileAWriterWorks) {
  Options options;
  options.segment_bytes = 16 << 10;
  auto store = Open(options);
  std::atomic<bool> done{false};
  std::atomic<int> committed{0};
  constexpr int kThreads = 3;
  std::vector<std::thread> writers;
  for (int t = 0; t < kThreads; ++t) {
    writers.emplace_back([&, t] {
      LabelTable labels;
      const LabelSet* set = *labels.FromJson("{\"t\":\"" + std::to_string(t) + "\"}");
      for (int i = 0; i < 400; ++i) {
        std::string line = "line " + std::to_string(i) + std::string(200, 'x');
        NewEntry entry{set, i, line};
        AppendResult result;
        ASSERT_TRUE(store->Append("fake", {&entry, 1}, &result).ok());
        if (i % 20 == 19) {
          ASSERT_TRUE(store->Commit().ok());
          committed += 20;
        }
      }
    });
  }
  std::thread reader([&] {
    while (!done) {
      int before = committed;
      EXPECT_GE(Read().size(), static_cast<size_t>(before));
      EXPECT_GE(ReadSnapshot(store.get()).size(), static_cast<size_t>(before));
      std::map<std::string, int64_t> last;
      for (const Row& row : ReadSnapshot(store.get())) {
        auto [at, is_new] = last.try_emplace(row.labels, -1);
        EXPECT_EQ(row.ts_ns, at->second + 1);  // none missing, none twice
        at->second = row.ts_ns;
      }
    }
  });
  for (auto& writer : writers) writer.join();
  done = true;
  reader.join();
  ASSERT_TRUE(store->Close().ok());
  EXPECT_EQ(Read().size(), size_t{kThreads} * 400);
  EXPECT_TRUE(Damage().empty());
}

// A child takes the same file in again and again and tells what was acknowledged; it is killed at
// chance moments.
TEST_F(StoreTest, KilledAtAnyTimeWhatWasAcknowledgedIsThereOnce) {
  constexpr uint64_t kLines = 20000;
  std::mt19937 random(42);
  uint64_t acknowledged = 0;
  for (int round = 0; round < 20; ++round) {
    int pipe_fds[2];
    ASSERT_EQ(pipe(pipe_fds), 0);
    pid_t child = fork();
    if (child == 0) {
      Options options;
      options.segment_bytes = 128 << 10;
      auto store = Store::Open(dir_, options);
      if (!store.ok()) _exit(1);
      AppendResult result;
      for (uint64_t i = 1; i <= kLines; ++i) {
        std::string line = "line " + std::to_string(i);
        NewEntry entry = FromFile(line, "8:1:f", i);
        if (!(*store)->Append("fake", {&entry, 1}, &result).ok()) _exit(1);
        if (i % 100 != 0) continue;
        if (!(*store)->Commit().ok() || write(pipe_fds[1], &i, sizeof i) != sizeof i) _exit(1);
      }
      _exit((*store)->Close().ok() ? 0 : 1);
    }
    close(pipe_fds[1]);
    uint64_t stop_at = acknowledged + random() % 2000;
    uint64_t told = 0;
    bool killed = false;
    while (read(pipe_fds[0], &told, sizeof told) == sizeof told) {
      acknowledged = std::max(acknowledged, told);
      if (!killed && told >= stop_at) {
        usleep(random() % 2000);
        kill(child, SIGKILL);
        killed = true;
      }
    }
    close(pipe_fds[0]);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    std::vector<Row> rows = Read();
    ASSERT_GE(rows.size(), acknowledged);
    for (size_t i = 0; i < rows.size(); ++i) {
      ASSERT_EQ(rows[i].line, "line " + std::to_string(i + 1)) << "round " << round;
    }
    ASSERT_TRUE(Damage().empty());
  }
}

}  // namespace
}  // namespace glp::store
