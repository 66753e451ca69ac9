#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "io/file.h"
#include "store/folder.h"
#include "store/reader.h"
#include "store/report.h"
#include "store/rewrite.h"
#include "store/store.h"
#include "store/store_fixture.h"

namespace glp::store {
namespace {

namespace fs = std::filesystem;

// Those of a source without damage, or with it where `warnings` are taken.
std::vector<Row> SoundRows(logql::EntrySource* source,
                           std::vector<std::string>* warnings = nullptr) {
  logql::ScanStats stats;
  std::vector<Row> rows = Rows(source, &stats);
  if (warnings != nullptr) {
    *warnings = std::move(stats.warnings);
  } else {
    EXPECT_EQ(stats.warnings, std::vector<std::string>());
  }
  return rows;
}

std::vector<Row> Sorted(std::vector<Row> rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

class MergeTest : public StoreFixture {
 protected:
  std::string Folder() const { return dir_ + "/fake"; }
  static MergeReport Merge(Store* store, MergeGoal goal = MergeGoal::kAll) {
    MergeRequest request;
    request.goal = goal;
    MergeReport report;
    const Status status = store->Merge(request, &report);
    EXPECT_TRUE(status.ok()) << status.message();
    return report;
  }
  std::vector<Row> Read(std::vector<std::string>* warnings = nullptr) {
    auto source = OpenStore(dir_, "fake");
    EXPECT_TRUE(source.ok()) << source.status().message();
    return SoundRows(source->get(), warnings);
  }
  std::vector<SegmentName> Segments() { return ListFiles(Folder())->segments; }
  // Names of files other than the catalogue's.
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const auto& file : fs::directory_iterator(Folder())) {
      if (file.is_regular_file()) names.push_back(file.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  // Segments of entries of all kinds: times that come late, equal ones, with src and without, two
  // streams, metadata, bytes that are no text. Each is cut by Flush.
  void Fill(Store* store, int segments, uint32_t seed, int entries = 300) {
    std::mt19937 random(seed);
    const char* kStreams[] = {R"({"a":"b"})", R"({"a":"c","x":"y"})", R"({"a":"b","n":"1"})"};
    uint64_t next = seed * 1000000;
    for (int s = 0; s < segments; ++s) {
      for (int i = 0; i < entries; ++i) {
        std::string line =
            "line " + std::to_string(random() % 5) + " of " + std::to_string(random() % 3);
        if (random() % 50 == 0) line = std::string("\0\xff\n", 3);
        if (random() % 50 == 0) line = "";
        NewEntry entry =
            Entry(s * 20 + random() % 40, line, kStreams[random() % std::size(kStreams)]);
        if (random() % 7 == 0) entry.meta = R"({"m":"1"})";
        if (random() % 3 == 0) {
          entry.src_id = "file";
          entry.src_next = next += 10;
        }
        Append(store, entry);
      }
      ASSERT_TRUE(store->Flush().ok());
    }
  }
  void Flip(SegmentName name, uint64_t offset) {
    std::fstream file(SegmentPath(Folder(), name), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const char c = static_cast<char>(file.get() ^ 0x20);
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(c);
  }
};

TEST_F(MergeTest, NothingIsLostAndNothingIsAdded) {
  for (uint32_t seed = 1; seed <= 5; ++seed) {
    fs::remove_all(Folder());
    auto store = Open();
    Fill(store.get(), 6, seed);
    const std::vector<Row> before = Sorted(Read());
    EXPECT_EQ(Segments().size(), 6u);
    const MergeReport report = Merge(store.get());
    EXPECT_EQ(report.merges, 1u);
    EXPECT_EQ(report.entries, before.size()) << "what queries give once is there once";
    EXPECT_GT(report.repeats, 0u);
    EXPECT_EQ(Segments(), std::vector<SegmentName>{SegmentName(1, 6)});
    EXPECT_EQ(Sorted(Read()), before);
    EXPECT_EQ(Sorted(SoundRows(store->Snapshot("fake")->get())), before);
    EXPECT_TRUE(VerifyStore(dir_)->damage.empty());
    // More of the same: merged ones are merged, too.
    Fill(store.get(), 3, seed + 100);
    const std::vector<Row> more = Sorted(Read());
    Merge(store.get());
    EXPECT_EQ(Segments(), std::vector<SegmentName>{SegmentName(1, 9)});
    EXPECT_EQ(Sorted(Read()), more);
    EXPECT_EQ(Merge(store.get()).merges, 0u);
    ASSERT_TRUE(store->Close().ok());
    EXPECT_EQ(Sorted(SoundRows(Open()->Snapshot("fake")->get())), more);
  }
}

TEST_F(MergeTest, OneSegmentBecomesFinalUnderANameOfItsOwn) {
  auto store = Open();
  Fill(store.get(), 1, 1);
  const std::vector<Row> before = Read();
  EXPECT_EQ(Merge(store.get()).merges, 1u);
  EXPECT_EQ(Names(), std::vector<std::string>{"00000001-00000001.glp"});
  EXPECT_EQ(Sorted(Read()), Sorted(before));
  EXPECT_EQ(Merge(store.get()).merges, 0u);
}

TEST_F(MergeTest, TheSameSegmentsGiveTheSameBytes) {
  auto store = Open();
  Fill(store.get(), 4, 7);
  ASSERT_TRUE(store->Close().ok());
  std::string bytes[2];
  for (std::string& content : bytes) {
    RewriteRequest request;
    request.folder = Folder();
    request.segments = {1, 2, 3, 4};
    ASSERT_TRUE(Rewrite(request)->written);
    content = *io::ReadFile(SegmentPath(Folder(), {1, 4}));
    fs::remove(SegmentPath(Folder(), {1, 4}));
  }
  EXPECT_EQ(bytes[0], bytes[1]);
}

// A merged segment says of sources what its inputs said one after the other: runs over a growing
// file, whole or filtered, from anywhere on, with merges between them.
TEST_F(MergeTest, EveryLineIsTakenOnceWhateverIsMerged) {
  std::mt19937 random(3);
  const auto chance = [&](uint32_t percent) { return random() % 100 < percent; };
  for (int round = 0; round < 8; ++round) {
    fs::remove_all(Folder());
    std::vector<uint64_t> nexts;
    std::map<uint64_t, int> held;
    uint64_t size = 0;
    for (int run = 0; run < 8; ++run) {
      for (uint32_t n = random() % 60; n > 0; --n) nexts.push_back(size += 1 + random() % 300);
      const size_t begin = chance(50) || nexts.empty() ? 0 : random() % nexts.size();
      const bool whole = chance(60);
      std::vector<NewEntry> entries;
      for (size_t i = begin; i < nexts.size(); ++i) {
        if (!whole && chance(70)) continue;
        NewEntry entry = Entry(static_cast<int64_t>(nexts[i]), "x");
        entry.src_id = "f";
        entry.src_next = nexts[i];
        if (whole) entry.src_whole_from = begin == 0 ? 0 : nexts[begin - 1];
        entries.push_back(entry);
      }
      if (!whole && chance(50)) std::shuffle(entries.begin(), entries.end(), random);
      for (size_t i = 0; whole && i + 1 < entries.size(); ++i) {
        if (!chance(10)) continue;
        std::swap(entries[i], entries[i + 1]);
        entries[i].src_whole_from = NewEntry::kNotWhole;
      }
      auto store = Open();
      for (const NewEntry& entry : entries) {
        ASSERT_EQ(Append(store.get(), entry).added, held[entry.src_next]++ == 0 ? 1u : 0u)
            << round << " " << run << " " << entry.src_next;
        if (chance(5)) {
          ASSERT_TRUE(store->Flush().ok());
        }
        if (chance(2)) Merge(store.get());
      }
      ASSERT_TRUE((chance(50) ? store->Commit() : store->Close()).ok());
    }
    EXPECT_EQ(Read().size(), held.size());
  }
}

// The folder as it stands when a merge ends after each of its steps.
TEST_F(MergeTest, AMergeMayEndAtAnyStep) {
  auto store = Open();
  Fill(store.get(), 4, 5);
  const std::vector<Row> before = Sorted(Read());
  ASSERT_TRUE(store->Close().ok());
  store = nullptr;
  const std::string saved = dir_ + "/saved";
  fs::copy(Folder(), saved, fs::copy_options::recursive);
  RewriteRequest request;
  request.folder = Folder();
  request.segments = {1, 2, 3, 4};
  ASSERT_TRUE(Rewrite(request)->written);
  const std::string merged = *io::ReadFile(SegmentPath(Folder(), {1, 4}));
  // Steps: nothing written yet, a part, all of it without its name; then its name, and one input
  // after the other gone, in any order.
  for (int step = 0; step < 3 + 16; ++step) {
    SCOPED_TRACE(step);
    fs::remove_all(Folder());
    fs::copy(saved, Folder(), fs::copy_options::recursive);
    const std::string path = SegmentPath(Folder(), {1, 4});
    const size_t size = step == 0 ? 0 : step == 1 ? merged.size() / 2 : merged.size();
    std::ofstream(step < 3 ? path + ".tmp" : path, std::ios::binary)
        << std::string_view(merged).substr(0, size);
    for (uint64_t number = 1; number <= 4; ++number) {
      if (step >= 3 && ((step - 3) >> (number - 1) & 1) != 0) {
        fs::remove(SegmentPath(Folder(), number));
      }
    }
    EXPECT_EQ(Sorted(Read()), before);
    EXPECT_EQ(ReadStats(dir_, "fake")->at(0).entries,
              step < 3 ? ReadStats(dir_, "fake")->at(0).entries : before.size());
    auto again = Open();
    EXPECT_TRUE(again->warnings().empty());
    EXPECT_EQ(Sorted(SoundRows(again->Snapshot("fake")->get())), before);
    NewEntry known = Entry(1, "late");
    known.src_id = "file";
    known.src_next = 5000010;
    known.stream = *labels_.FromJson(before[0].labels);
    uint64_t duplicates = 0;
    for (const char* labels : {R"({"a":"b"})", R"({"a":"c","x":"y"})", R"({"a":"b","n":"1"})"}) {
      known.stream = *labels_.FromJson(labels);
      duplicates += Append(again.get(), known).duplicates;
    }
    EXPECT_EQ(duplicates, 1u) << "it is in one of the streams";
    again = nullptr;
    const std::vector<std::string> names = Names();
    EXPECT_EQ(names.size(), step < 3 ? 4u : 1u) << "what is obsolete is removed";
  }
}

TEST_F(MergeTest, ASnapshotReadsOnWhatIsMerged) {
  auto store = Open();
  Fill(store.get(), 5, 9);
  std::shared_ptr<logql::EntrySource> snapshot = *store->Snapshot("fake");
  const std::vector<Row> before = Sorted(SoundRows(snapshot.get()));
  Merge(store.get());
  EXPECT_EQ(Names().size(), 6u) << "what somebody reads stays";
  EXPECT_EQ(Sorted(SoundRows(snapshot.get())), before);
  EXPECT_EQ(Sorted(Read()), before);
  snapshot = nullptr;
  ASSERT_TRUE(store->Close().ok());
  Merge(store.get());
  EXPECT_EQ(Names().size(), 1u);
}

TEST_F(MergeTest, WhatHasDamageStaysAsItIs) {
  auto store = Open();
  Fill(store.get(), 5, 11);
  ASSERT_TRUE(store->Close().ok());
  store = nullptr;
  Flip(3, 200);  // in its first block
  std::vector<std::string> warnings;
  const std::vector<Row> before = Sorted(Read(&warnings));
  ASSERT_FALSE(warnings.empty());
  store = Open();
  const MergeReport report = Merge(store.get());
  ASSERT_EQ(report.damage.size(), 1u);
  EXPECT_NE(report.damage[0].find("00000003.glp"), std::string::npos) << report.damage[0];
  EXPECT_EQ(Segments(), (std::vector<SegmentName>{{1, 2}, 3, {4, 5}}));
  EXPECT_EQ(Sorted(Read(&warnings)), before);
  EXPECT_FALSE(warnings.empty());
}

TEST_F(MergeTest, NothingIsMergedAcrossASegmentThatCannotBeRead) {
  auto store = Open();
  Fill(store.get(), 5, 12);
  ASSERT_TRUE(store->Close().ok());
  store = nullptr;
  std::ofstream(SegmentPath(Folder(), 2), std::ios::binary | std::ios::trunc) << "not a segment";
  store = Open();
  EXPECT_EQ(store->warnings().size(), 1u);
  Merge(store.get());
  EXPECT_EQ(Segments(), (std::vector<SegmentName>{{1, 1}, 2, {3, 5}}));
  EXPECT_EQ(*io::ReadFile(SegmentPath(Folder(), 2)), "not a segment");
}

TEST_F(MergeTest, ASalvageKeepsWhatCanBeRead) {
  auto store = Open();
  Fill(store.get(), 2, 13);
  ASSERT_TRUE(store->Close().ok());
  Flip(2, 200);
  std::vector<std::string> warnings;
  const std::vector<Row> before = Sorted(Read(&warnings));
  RewriteRequest request;
  request.folder = Folder();
  request.segments = {2};
  EXPECT_FALSE(Rewrite(request)->written);
  request.salvage = true;
  const auto result = Rewrite(request);
  ASSERT_TRUE(result->written);
  EXPECT_EQ(result->damage.size(), 1u);
  EXPECT_EQ(result->damaged, std::vector<SegmentName>{2});
  EXPECT_EQ(Sorted(Read()), before);
}

TEST_F(MergeTest, AMergeThatIsStoppedChangesNothing) {
  auto store = Open();
  Fill(store.get(), 4, 14);
  const std::vector<std::string> names = Names();
  for (int looks : {0, 1, 5, 9}) {
    MergeRequest request;
    request.goal = MergeGoal::kAll;
    std::atomic<int> left = looks;
    request.cancelled = [&left] { return left-- <= 0; };
    MergeReport report;
    EXPECT_EQ(store->Merge(request, &report).code(), Code::kCancelled) << looks;
    EXPECT_EQ(Names(), names);
  }
}

TEST_F(MergeTest, ARewriteLeavesOutWhatIsToGo) {
  auto store = Open();
  Fill(store.get(), 3, 15);
  ASSERT_TRUE(store->Close().ok());
  std::vector<Row> expected = Sorted(Read());
  const size_t count = expected.size();
  std::erase_if(expected, [](const Row& row) {
    return row.labels == R"({"a":"b"})" && (row.line.starts_with("line 1") || row.ts_ns < 20);
  });
  RewriteRequest request;
  request.folder = Folder();
  request.segments = {1, 2, 3};
  request.drops = [](const LabelSet&, int64_t ts_ns, std::string_view line, std::string_view) {
    return line.starts_with("line 1") || ts_ns < 20;
  };
  request.may_drop = [](const LabelSet& stream, int64_t, int64_t) {
    return stream.json == R"({"a":"b"})";
  };
  request.only_if_drops = true;
  const auto result = Rewrite(request);
  ASSERT_TRUE(result->written);
  EXPECT_EQ(result->entries, expected.size());
  EXPECT_GE(result->dropped, count - expected.size());
  EXPECT_EQ(Sorted(Read()), expected);
  // Once more there is nothing to be dropped by whole blocks.
  request.segments = {SegmentName(1, 3)};
  request.drops = nullptr;
  request.may_drop = nullptr;
  request.drops_all = [](const LabelSet&, int64_t min_ts_ns, int64_t) { return min_ts_ns > 1000; };
  EXPECT_FALSE(Rewrite(request)->written);
  request.drops_all = [](const LabelSet& stream, int64_t, int64_t) {
    return stream.json != R"({"a":"b"})";
  };
  ASSERT_TRUE(Rewrite(request)->written);
  std::erase_if(expected, [](const Row& row) { return row.labels != R"({"a":"b"})"; });
  EXPECT_EQ(Sorted(Read()), expected);
}

// As in stores of more segments than descriptors.
TEST_F(MergeTest, AFileThatIsOpenedForEachReadIsNotTakenForItsSuccessor) {
  auto store = Open();
  Fill(store.get(), 2, 17);
  Merge(store.get());
  ASSERT_TRUE(store->Close().ok());
  auto held = *OpenSegment(Folder(), {1, 2}, SIZE_MAX);
  auto lost = *OpenSegment(Folder(), {1, 2}, SIZE_MAX);
  std::string before(held->size_bytes(), '\0');
  ASSERT_TRUE(held->Read(0, before.size(), before.data()).ok());
  ASSERT_TRUE(held->HoldFd().ok());
  RewriteRequest request;
  request.folder = Folder();
  request.segments = {SegmentName(1, 2)};
  request.drops = [](const LabelSet&, int64_t ts_ns, std::string_view, std::string_view) {
    return ts_ns < 10;
  };
  ASSERT_TRUE(Rewrite(request)->written);
  std::string after(before.size(), '\0');
  ASSERT_TRUE(held->Read(0, after.size(), after.data()).ok());
  EXPECT_EQ(after, before);
  EXPECT_EQ(lost->Read(0, 16, after.data()).code(), Code::kIo);
}

TEST_F(MergeTest, ALateEntryMayMakeAClaimVoidInAMergedSegment) {
  auto store = Open();
  const auto take = [&](uint64_t next, uint64_t whole_from) {
    NewEntry entry = Entry(static_cast<int64_t>(next), "x");
    entry.src_id = "f";
    entry.src_next = next;
    entry.src_whole_from = whole_from;
    return Append(store.get(), entry).added;
  };
  EXPECT_EQ(take(100, 0), 1u);
  ASSERT_TRUE(store->Flush().ok());
  EXPECT_EQ(take(50, NewEntry::kNotWhole), 1u) << "a claim was false";
  ASSERT_TRUE(store->Flush().ok());
  Merge(store.get());
  ASSERT_TRUE(store->Close().ok());
  store = nullptr;
  store = Open();
  EXPECT_EQ(take(50, NewEntry::kNotWhole), 0u);
  EXPECT_EQ(take(100, NewEntry::kNotWhole), 0u);
  EXPECT_EQ(take(70, NewEntry::kNotWhole), 1u);
}

TEST_F(MergeTest, WritersReadersAndMergesWorkAtTheSameTime) {
  Options options;
  options.segment_bytes = 16 << 10;
  options.merge = true;
  auto store = Open(options);
  constexpr int kThreads = 2;
  constexpr int kEntries = 600;
  std::atomic<int> committed[kThreads] = {};
  std::atomic<bool> done = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      LabelTable labels;
      const LabelSet* set = *labels.FromJson("{\"t\":\"" + std::to_string(t) + "\"}");
      for (int i = 0; i < kEntries; ++i) {
        const std::string line = "line " + std::to_string(i) + std::string(200, 'x');
        NewEntry entry{set, i, line};
        if (i % 2 == 0) {
          entry.src_id = "f";
          entry.src_next = static_cast<uint64_t>(i) + 1;
        }
        AppendResult result;
        ASSERT_TRUE(store->Append("fake", {&entry, 1}, &result).ok());
        if (i % 20 == 19) {
          ASSERT_TRUE(store->Commit().ok());
          committed[t] = i + 1;
        }
      }
    });
  }
  const auto check = [&](logql::EntrySource* source, const int(&least)[kThreads]) {
    std::map<std::string, int> seen;
    for (const Row& row : SoundRows(source)) EXPECT_EQ(row.ts_ns, seen[row.labels]++);
    for (int t = 0; t < kThreads; ++t) {
      EXPECT_GE(seen["{\"t\":\"" + std::to_string(t) + "\"}"], least[t]);
    }
  };
  threads.emplace_back([&] {
    while (!done) {
      const int least[] = {committed[0], committed[1]};
      auto source = OpenStore(dir_, "fake");
      ASSERT_TRUE(source.ok()) << source.status().message();
      check(source->get(), least);
    }
  });
  threads.emplace_back([&] {
    while (!done) {
      const int least[] = {committed[0], committed[1]};
      check(store->Snapshot("fake")->get(), least);
      Merge(store.get(), committed[0] % 3 == 0 ? MergeGoal::kAll : MergeGoal::kDue);
    }
  });
  for (int t = 0; t < kThreads; ++t) threads[static_cast<size_t>(t)].join();
  done = true;
  for (size_t t = kThreads; t < threads.size(); ++t) threads[t].join();
  ASSERT_TRUE(store->Close().ok());
  EXPECT_EQ(Read().size(), size_t{kThreads} * kEntries);
}

TEST_F(MergeTest, ASnapshotStaysAsItWasWhileSegmentsComeAndGo) {
  auto store = Open();
  constexpr int kSegments = 40;
  std::atomic<bool> done = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      for (int64_t from = 0; !done; from = (from + 3) % kSegments) {
        auto snapshot = store->Snapshot("fake");
        ASSERT_TRUE(snapshot.ok());
        const std::vector<Row> rows = SoundRows(snapshot->get());
        const logql::TimeRange range{from, from + 5};
        std::vector<Row> expected = rows;
        std::erase_if(expected, [&](const Row& row) { return !range.Contains(row.ts_ns); });
        logql::ScanRequest request{.range = range, .direction = logql::Direction::kForward};
        EXPECT_EQ(Rows(snapshot->get(), nullptr, request), expected);
        request.matchers.push_back(*logql::MakeMatcher("t", logql::Matcher::Op::kEqual, "1"));
        std::erase_if(expected, [](const Row& row) { return row.labels != R"({"t":"1"})"; });
        EXPECT_EQ(Rows(snapshot->get(), nullptr, request), expected);
        const auto streams = (*snapshot)->Streams(request.matchers, range);
        ASSERT_TRUE(streams.ok());
        EXPECT_GE(streams->size(), expected.empty() ? 0u : 1u);
        EXPECT_EQ(SoundRows(snapshot->get()), rows);
      }
    });
  }
  threads.emplace_back([&] {
    while (!done) Merge(store.get(), MergeGoal::kDue);
  });
  threads.emplace_back([&] {
    for (int i = 0; !done; i = (i + 1) % kSegments) {
      DeleteRequest request;
      request.matchers.push_back(*logql::MakeMatcher("t", logql::Matcher::Op::kEqual, "0"));
      request.range = {i, i + 1};
      DropReport report;
      ASSERT_TRUE(store->Delete(request, &report).ok());
    }
  });
  for (int i = 0; i < kSegments; ++i) {
    for (const char* labels : {R"({"t":"0"})", R"({"t":"1"})"}) {
      Append(store.get(), Entry(i, "line " + std::to_string(i), labels));
    }
    ASSERT_TRUE(store->Flush().ok());
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(SoundRows(store->Snapshot("fake")->get()).size(), size_t{kSegments});
}

// In the background segments become few without anybody asking.
TEST_F(MergeTest, SegmentsBecomeFewWhileAStoreGrows) {
  Options options;
  options.merge = true;
  auto store = Open(options);
  for (int i = 0; i < 60; ++i) {
    Append(store.get(), Entry(i, "line " + std::to_string(i)));
    ASSERT_TRUE(store->Flush().ok());
  }
  // What the thread has not come to is done here.
  Merge(store.get(), MergeGoal::kDue);
  EXPECT_LT(Segments().size(), 16u);
  ASSERT_TRUE(store->Close().ok());
  EXPECT_EQ(Read().size(), 60u);
}

TEST_F(MergeTest, AnHourWithoutASegmentLetsAllBecomeFinal) {
  Options options;
  options.merge = true;
  options.merge_idle_ns = 1;
  auto store = Open(options);
  Fill(store.get(), 2, 16);
  const auto is_final = [](SegmentName name) { return name.is_merged; };
  for (bool done = false; !done; std::this_thread::yield()) {
    const std::vector<SegmentName> segments = Segments();
    done = std::all_of(segments.begin(), segments.end(), is_final);
  }
}

TEST(FolderTest, AListingTellsWhatIsObsolete) {
  std::string folder = testing::TempDir() + "/glp-folder-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  for (const char* name :
       {"00000001.glp", "00000002-00000002.glp", "00000002.glp", "00000003.glp",
        "00000003-00000007.glp", "00000004-00000006.glp", "00000005.glp", "00000005.wal",
        "00000007-00000007.glp", "00000008.glp", "00000009.wal", "00000010-00000012.glp.tmp",
        "9.glp", "00000009-00000008.glp", "123456789.glp", "notes.glp", "00000020-.glp"}) {
    std::ofstream(folder + "/" + name) << "x";
  }
  const FolderFiles files = *ListFiles(folder);
  EXPECT_EQ(files.segments, (std::vector<SegmentName>{1, {2, 2}, {3, 7}, 8, 123456789}));
  EXPECT_EQ(files.wals, (std::vector<uint64_t>{5, 9}));
  std::vector<std::string> left = files.left;
  std::sort(left.begin(), left.end());
  EXPECT_EQ(left, (std::vector<std::string>{"00000002.glp", "00000003.glp", "00000004-00000006.glp",
                                            "00000005.glp", "00000007-00000007.glp",
                                            "00000010-00000012.glp.tmp"}));
  EXPECT_TRUE(Covers(files.segments, 5));
  EXPECT_FALSE(Covers(files.segments, 9));
  fs::remove_all(folder);
}

}  // namespace
}  // namespace glp::store
