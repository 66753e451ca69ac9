#include "store/catalogue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "logql/ast.h"
#include "store/catalogue_writer.h"
#include "store/reader.h"
#include "store/store.h"

namespace glp::store {
namespace {

namespace fs = std::filesystem;

struct Row {
  int64_t ts_ns;
  std::string labels, line;
  bool operator==(const Row&) const = default;
};

class CatalogueTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/glp-catalogue-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
    folder_ = dir_ + "/fake";
    std::ofstream(dir_ + "/lock").put('\n');
    fs::create_directory(folder_);
  }
  void TearDown() override { fs::remove_all(dir_); }

  // A segment with a line for each time, as the label set says.
  void Write(SegmentName name, const std::vector<Row>& rows) {
    MemTable table;
    for (const Row& row : rows) {
      table.Add(table.Stream(*labels_.FromJson(row.labels), true), row.ts_ns, row.line, "");
      rows_[name.first].push_back(row);
    }
    ASSERT_TRUE(WriteSegment(folder_, name.first, table, 1).ok());
    if (name.is_merged) {
      fs::rename(SegmentPath(folder_, name.first), SegmentPath(folder_, name));
    }
  }
  void Update() {
    Status status = UpdateCatalogue(folder_);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  std::shared_ptr<const Catalogue> Open() {
    auto catalogue = Catalogue::Open(CataloguePath(folder_));
    EXPECT_TRUE(catalogue.ok()) << catalogue.status().message();
    return catalogue.ok() ? *catalogue : nullptr;
  }
  std::unique_ptr<logql::EntrySource> Source() {
    auto source = OpenStore(dir_, "fake");
    EXPECT_TRUE(source.ok()) << source.status().message();
    return std::move(*source);
  }
  static std::vector<Row> Scan(logql::EntrySource* source, logql::ScanRequest request,
                               logql::ScanStats* stats = nullptr) {
    std::vector<Row> rows;
    auto cursor = source->Scan(std::move(request));
    std::vector<logql::Entry> batch;
    for (;;) {
      const Status status = (*cursor)->Next(&batch);
      EXPECT_TRUE(status.ok()) << status.message();
      if (batch.empty()) break;
      for (const logql::Entry& entry : batch) {
        rows.push_back({entry.ts_ns, entry.stream->json, std::string(entry.line)});
      }
    }
    if (stats != nullptr) *stats = (*cursor)->stats();
    return rows;
  }
  // What a scan must give.
  std::vector<Row> Expected(const logql::ScanRequest& request) {
    std::vector<Row> rows;
    for (const auto& [number, segment] : rows_) {
      for (const Row& row : segment) {
        if (request.range.Contains(row.ts_ns) &&
            logql::MatchesAll(request.matchers, **labels_.FromJson(row.labels))) {
          rows.push_back(row);
        }
      }
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row& a, const Row& b) { return a.ts_ns < b.ts_ns; });
    if (request.direction == logql::Direction::kBackward) std::reverse(rows.begin(), rows.end());
    return rows;
  }
  std::vector<std::string> ExpectedStreams(const logql::ScanRequest& request) {
    std::vector<std::string> streams;
    for (const Row& row : Expected(request)) streams.push_back(row.labels);
    std::sort(streams.begin(), streams.end());
    streams.erase(std::unique(streams.begin(), streams.end()), streams.end());
    return streams;
  }
  static std::vector<std::string> Streams(logql::EntrySource* source,
                                          const logql::ScanRequest& request) {
    auto sets = source->Streams(request.matchers, request.range);
    EXPECT_TRUE(sets.ok());
    std::vector<std::string> streams;
    for (const LabelSet* set : *sets) streams.push_back(set->json);
    std::sort(streams.begin(), streams.end());
    return streams;
  }
  static logql::ScanRequest Request(std::vector<logql::Matcher> matchers, int64_t start_ns,
                                    int64_t end_ns, bool backward) {
    logql::ScanRequest request;
    request.matchers = std::move(matchers);
    request.range = {start_ns, end_ns};
    request.direction = backward ? logql::Direction::kBackward : logql::Direction::kForward;
    return request;
  }
  static logql::Matcher Match(std::string name, logql::Matcher::Op op, std::string value) {
    return *logql::MakeMatcher(std::move(name), op, std::move(value));
  }

  std::string dir_, folder_;
  LabelTable labels_;
  std::map<uint64_t, std::vector<Row>> rows_;  // by first number
};

using Op = logql::Matcher::Op;

std::string Labels(std::mt19937& random) {
  // Names are missing now and then, and some values are "".
  std::string json = "{";
  const char* values[] = {"", "a", "b", "error", "x\\\"y"};
  for (const char* name : {"app", "job", "pod"}) {
    if (random() % 4 == 0) continue;
    json += (json.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":\"" + values[random() % 5] +
            "\"";
  }
  return json + "}";
}

TEST_F(CatalogueTest, SelectorsFindTheStreamsThatMatch) {
  std::mt19937 random(1);
  std::vector<std::string> sets;
  CatalogueBuilder builder;
  for (int i = 0; i < 300; ++i) {
    std::string json = Labels(random);
    if (i > 60)
      json.insert(json.size() - 1,
                  std::string(json.size() > 2 ? "," : "") + "\"z\":\"" + std::to_string(i) + "\"");
    auto number = builder.AddStream(json);
    ASSERT_TRUE(number.ok()) << json;
    if (*number == sets.size()) sets.push_back(json);
  }
  fs::create_directory(folder_ + "/cache");
  std::ofstream(CataloguePath(folder_)) << builder.Finish(5);
  const auto catalogue = Open();
  ASSERT_NE(catalogue, nullptr);
  EXPECT_EQ(catalogue->folder_modified_ns(), 5);
  ASSERT_EQ(catalogue->streams(), sets.size());
  const std::string names[] = {"app", "job", "pod", "z", "missing"};
  const std::string values[] = {"", "a", "error", ".*", ".+", "a|b", "e.*", "1.*", "299"};
  for (int i = 0; i < 500; ++i) {
    std::vector<logql::Matcher> matchers;
    for (unsigned left = random() % 3; left > 0; --left) {
      matchers.push_back(
          Match(names[random() % 5], static_cast<Op>(random() % 4), values[random() % 9]));
    }
    auto found = catalogue->Matching(matchers);
    ASSERT_TRUE(found.ok());
    size_t count = 0;
    for (uint32_t stream = 0; stream < sets.size(); ++stream) {
      const bool matches = logql::MatchesAll(matchers, **labels_.FromJson(sets[stream]));
      EXPECT_EQ(found->Has(stream), matches) << sets[stream];
      count += matches ? 1 : 0;
    }
    EXPECT_EQ(found->Count(), count);
  }
  EXPECT_FALSE(builder.AddStream("no labels").ok());
}

TEST_F(CatalogueTest, ScansGiveWhatTheyGiveWithoutIt) {
  std::mt19937 random(2);
  std::vector<std::string> sets;
  for (int i = 0; i < 12; ++i) sets.push_back(Labels(random));
  int64_t now = 0;
  uint64_t number = 1;
  for (int i = 0; i < 150; ++i) {
    std::vector<Row> rows;
    // Each begins behind the one before, or within it, and has few of the streams.
    now += static_cast<int64_t>(random() % 30);
    for (unsigned left = 1 + random() % 6; left > 0; --left) {
      rows.push_back({now + static_cast<int64_t>(random() % 40), sets[random() % sets.size()],
                      "line " + std::to_string(random())});
    }
    SegmentName name(number);
    if (i % 5 == 0) name = SegmentName(number, number + random() % 3);
    Write(name, rows);
    number = name.last + 1;
    // Some of the segments are younger than the catalogue.
    if (i == 120) Update();
  }
  std::vector<std::shared_ptr<logql::EntrySource>> sources;
  sources.push_back(Source());
  Update();
  EXPECT_NE(Open()->folder_modified_ns(), 0);
  sources.push_back(Source());
  auto store = Store::Open(dir_);
  ASSERT_TRUE(store.ok()) << store.status().message();
  sources.push_back(*(*store)->Snapshot("fake"));
  fs::remove_all(folder_ + "/cache");
  sources.push_back(Source());
  for (int i = 0; i < 300; ++i) {
    std::vector<logql::Matcher> matchers;
    if (random() % 4 != 0) {
      matchers.push_back(Match("app", static_cast<Op>(random() % 4), random() % 2 ? "a" : ""));
    }
    int64_t start = static_cast<int64_t>(random() % 3000) - 100;
    int64_t end = start + static_cast<int64_t>(random() % (i % 2 ? 100 : 3000));
    if (i % 10 == 0) start = std::numeric_limits<int64_t>::min();
    if (i % 10 < 2) end = std::numeric_limits<int64_t>::max();
    const logql::ScanRequest request = Request(matchers, start, end, random() % 2 == 0);
    const auto key = [](const Row& a, const Row& b) {
      return std::tie(a.ts_ns, a.labels, a.line) < std::tie(b.ts_ns, b.labels, b.line);
    };
    std::vector<Row> expected = Expected(request);
    std::vector<int64_t> times;
    for (const Row& row : expected) times.push_back(row.ts_ns);
    std::sort(expected.begin(), expected.end(), key);
    const std::vector<std::string> streams = ExpectedStreams(request);
    std::vector<Row> first;
    for (const auto& source : sources) {
      std::vector<Row> rows = Scan(source.get(), request);
      if (source == sources.front()) first = rows;
      EXPECT_EQ(rows, first);
      ASSERT_EQ(rows.size(), times.size());
      for (size_t k = 0; k < rows.size(); ++k) EXPECT_EQ(rows[k].ts_ns, times[k]);
      std::sort(rows.begin(), rows.end(), key);
      EXPECT_EQ(rows, expected);
      // A block may have entries before and behind the range and none in it.
      const std::vector<std::string> found = Streams(source.get(), request);
      EXPECT_TRUE(std::includes(found.begin(), found.end(), streams.begin(), streams.end()));
      EXPECT_EQ(found, Streams(sources.back().get(), request));
      const auto plan = source->Plan(request);
      ASSERT_TRUE(plan.ok());
      const auto plain = sources.back()->Plan(request);
      EXPECT_EQ(plan->blocks, plain->blocks);
      EXPECT_EQ(plan->blocks_stream + plan->blocks_time, plain->blocks_stream + plain->blocks_time);
      EXPECT_EQ(plan->bytes, plain->bytes);
      EXPECT_EQ(plan->bytes_total, plain->bytes_total);
      EXPECT_EQ(plan->entries, plain->entries);
      EXPECT_EQ(plan->streams, plain->streams);
      EXPECT_EQ(plan->streams_total, plain->streams_total);
    }
  }
}

TEST_F(CatalogueTest, AScanOfFewLinesOpensFewSegments) {
  for (int i = 0; i < 200; ++i) Write(i + 1, {{i * 10, R"({"a":"b"})", "line"}});
  Update();
  // Files that are not needed may as well be rubbish.
  for (int i = 0; i < 190; ++i) fs::resize_file(SegmentPath(folder_, i + 1), 3);
  auto source = Source();
  auto cursor = source->Scan(Request({}, 0, 1'000'000, true));
  std::vector<logql::Entry> batch;
  ASSERT_TRUE((*cursor)->Next(&batch).ok());
  EXPECT_EQ(batch.front().ts_ns, 1990);
  logql::ScanStats stats;
  EXPECT_EQ(Scan(source.get(), Request({}, 1900, 1'000'000, false), &stats).size(), 10u);
  EXPECT_TRUE(stats.warnings.empty());
  EXPECT_EQ(stats.blocks_read, 10u);
  EXPECT_EQ(stats.blocks_skipped, 190u);
  EXPECT_EQ(Scan(source.get(), Request({Match("a", Op::kEqual, "c")}, 0, 1'000'000, false), &stats)
                .size(),
            0u);
  EXPECT_EQ(stats.blocks_skipped, 200u);
  EXPECT_EQ(Scan(source.get(), Request({}, 0, 1'000'000, false), &stats).size(), 10u);
  EXPECT_EQ(stats.warnings.size(), 190u);
}

TEST_F(CatalogueTest, AFlippedByteOrACutChangesNoAnswer) {
  Write(1, {{1, R"({"app":"a","job":"x"})", "one"}, {5, R"({"app":"b"})", "two"}});
  Write(SegmentName(2, 3), {{10, R"({"app":"a","job":"y"})", "three"}});
  Write(4, {{20, R"({"app":"c"})", "four"}});
  Update();
  const std::string path = CataloguePath(folder_);
  std::string content;
  {
    std::ifstream in(path);
    content.assign(std::istreambuf_iterator<char>(in), {});
  }
  const std::vector<logql::ScanRequest> requests = {
      Request({}, 0, 100, false),
      Request({Match("app", Op::kEqual, "a")}, 0, 100, true),
      Request({Match("job", Op::kNotMatch, "x|z")}, 4, 15, false),
      Request({Match("app", Op::kEqual, "c")}, 15, 30, false),
  };
  const auto check = [&](const std::string& bytes, const std::string& what) {
    std::ofstream(path) << bytes;
    auto source = Source();
    for (const logql::ScanRequest& request : requests) {
      logql::ScanStats stats;
      EXPECT_EQ(Scan(source.get(), request, &stats), Expected(request)) << what;
      EXPECT_EQ(Streams(source.get(), request), ExpectedStreams(request)) << what;
      EXPECT_TRUE(stats.warnings.empty()) << what;
    }
  };
  check(content, "whole");
  EXPECT_TRUE(Open()->Check().ok());
  for (size_t i = 0; i < content.size(); ++i) {
    std::string flipped = content;
    flipped[i] = static_cast<char>(flipped[i] ^ (1 << i % 8));
    check(flipped, "flipped " + std::to_string(i));
    const auto catalogue = Catalogue::Open(path);
    EXPECT_FALSE(catalogue.ok() && (*catalogue)->Check().ok()) << i;
    check(content.substr(0, i), "cut at " + std::to_string(i));
  }
  check(content + "x", "longer");
  // The writer makes it anew.
  std::ofstream(path) << content.substr(0, content.size() - 1) << '!';
  fs::last_write_time(folder_, fs::file_time_type::clock::now());
  Update();
  std::ifstream in(path);
  EXPECT_NE(Open(), nullptr);
  EXPECT_TRUE(Open()->Check().ok());
}

TEST_F(CatalogueTest, WhatChangesBehindItsBackIsSeen) {
  const auto all = [&] {
    std::vector<std::string> lines;
    auto source = Source();
    for (const Row& row : Scan(source.get(), Request({}, 0, 1000, false)))
      lines.push_back(row.line);
    return lines;
  };
  using Lines = std::vector<std::string>;
  Write(1, {{10, R"({"a":"b"})", "one"}});
  Write(2, {{20, R"({"a":"b"})", "two"}});
  Update();
  EXPECT_EQ(all(), (Lines{"one", "two"}));
  // A new one, of another time and stream.
  Write(3, {{300, R"({"c":"d"})", "three"}});
  EXPECT_EQ(all(), (Lines{"one", "two", "three"}));
  Update();
  // One that took the place of another, by renaming.
  Write(9, {{999, R"({"x":"y"})", "other"}});
  fs::rename(SegmentPath(folder_, 9), SegmentPath(folder_, 1));
  EXPECT_EQ(all(), (Lines{"two", "three", "other"}));
  Update();
  EXPECT_EQ(all(), (Lines{"two", "three", "other"}));
  // Merged.
  Write(SegmentName(2, 3), {{20, R"({"a":"b"})", "two"}, {300, R"({"c":"d"})", "three"}});
  EXPECT_EQ(all(), (Lines{"two", "three", "other"}));
  fs::remove(SegmentPath(folder_, 2));
  fs::remove(SegmentPath(folder_, 3));
  EXPECT_EQ(all(), (Lines{"two", "three", "other"}));
  Update();
  EXPECT_EQ(Open()->segments(), 2u);
  // Removed.
  fs::remove(SegmentPath(folder_, 1));
  EXPECT_EQ(all(), (Lines{"two", "three"}));
  // Two folders that are one.
  Update();
  const std::string copy = dir_ + "/copy";
  fs::copy(folder_, copy, fs::copy_options::recursive);
  auto source = OpenStore(dir_, "copy");
  EXPECT_EQ(Scan(source->get(), Request({}, 0, 1000, false)).size(), 2u);
}

TEST_F(CatalogueTest, NothingIsMarkedWhereSomethingIsUnknown) {
  Write(1, {{10, R"({"a":"b"})", "one"}});
  Update();
  EXPECT_NE(Open()->folder_modified_ns(), 0);
  std::ofstream(folder_ + "/00000002.wal").put('x');
  Update();
  EXPECT_EQ(Open()->folder_modified_ns(), 0);
  fs::remove(folder_ + "/00000002.wal");
  std::ofstream(SegmentPath(folder_, 2)) << "rubbish";
  std::ofstream(folder_ + "/cache/catalogue.tmp1.1") << "left";
  Update();
  EXPECT_EQ(Open()->folder_modified_ns(), 0);
  EXPECT_EQ(Open()->segments(), 1u);
  EXPECT_FALSE(fs::exists(folder_ + "/cache/catalogue.tmp1.1"));
  logql::ScanStats stats;
  auto source = Source();
  EXPECT_EQ(Scan(source.get(), Request({}, 500, 600, false), &stats).size(), 0u);
  EXPECT_EQ(stats.warnings.size(), 1u);
}

TEST_F(CatalogueTest, ScansGoOnWhileSegmentsAreMerged) {
  constexpr int kSegments = 120;
  for (int i = 0; i < kSegments; ++i) {
    Write(i + 1, {{i * 10, R"({"a":"b"})", std::to_string(i)},
                  {i * 10 + 12, R"({"a":"c"})", std::to_string(i)}});
  }
  Update();
  auto before = Source();
  for (const bool backward : {false, true}) {
    const logql::ScanRequest request = Request({}, 0, 100'000, backward);
    const std::vector<Row> expected = Expected(request);
    auto source = Source();
    auto cursor = source->Scan(request);
    std::vector<logql::Entry> batch;
    std::vector<Row> rows;
    uint64_t at = backward ? 61 : 1;  // which segments are merged, a few after each batch
    for (;;) {
      ASSERT_TRUE((*cursor)->Next(&batch).ok());
      if (batch.empty()) break;
      for (const logql::Entry& entry : batch) {
        rows.push_back({entry.ts_ns, entry.stream->json, std::string(entry.line)});
      }
      if (at > kSegments || (!backward && at > 60)) continue;
      std::vector<Row> merged;
      for (uint64_t i = at; i < at + 10; ++i) {
        merged.insert(merged.end(), rows_[i].begin(), rows_[i].end());
      }
      Write(SegmentName(at, at + 9), merged);
      rows_[at] = merged;
      for (uint64_t i = at; i < at + 10; ++i) {
        if (i > at) rows_.erase(i);
        fs::remove(SegmentPath(folder_, i));
      }
      at += 10;
    }
    EXPECT_EQ(rows.size(), expected.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(rows[i].ts_ns, expected[i].ts_ns);
    }
  }
  // One that was opened long before.
  EXPECT_EQ(Scan(before.get(), Request({}, 0, 100'000, false)).size(), kSegments * 2u);
  EXPECT_EQ(Streams(before.get(), Request({}, 0, 100'000, false)).size(), 2u);
}

TEST_F(CatalogueTest, ReadersAskWhileAWriterMerges) {
  constexpr int kSegments = 64;
  for (int i = 0; i < kSegments; ++i) {
    Write(i + 1, {{i * 10, R"({"a":"b"})", std::to_string(i)}});
  }
  Update();
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    // Always the same entries: halves that are merged and cut anew.
    std::vector<Row> rows;
    for (const auto& [number, segment] : rows_) {
      rows.insert(rows.end(), segment.begin(), segment.end());
    }
    for (uint64_t step = 2; step <= kSegments && !stop; step *= 2) {
      for (uint64_t first = 1; first <= kSegments; first += step) {
        MemTable table;
        LabelTable labels;
        for (uint64_t i = first - 1; i < first - 1 + step; ++i) {
          table.Add(table.Stream(*labels.FromJson(rows[i].labels), true), rows[i].ts_ns,
                    rows[i].line, "");
        }
        const SegmentName name(first, first + step - 1);
        const std::string aside = dir_ + "/aside";
        fs::create_directories(aside);
        ASSERT_TRUE(WriteSegment(aside, first, table, 1).ok());
        fs::rename(SegmentPath(aside, first), SegmentPath(folder_, name));
        const uint64_t half = step / 2;
        for (uint64_t i = first; i < first + step; i += half) {
          fs::remove(
              SegmentPath(folder_, half == 1 ? SegmentName(i) : SegmentName(i, i + half - 1)));
        }
      }
      ASSERT_TRUE(UpdateCatalogue(folder_).ok());
    }
  });
  for (int i = 0; i < 30; ++i) {
    auto source = Source();
    EXPECT_EQ(Scan(source.get(), Request({}, 0, 1000, i % 2 == 0)).size(), kSegments);
    EXPECT_EQ(Scan(source.get(), Request({}, 100, 200, i % 2 == 0)).size(), 10u);
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace glp::store
