// What is deleted, or goes because of its age or the size of the store.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "io/file.h"
#include "logql/parser.h"
#include "store/kept_source.h"
#include "store/reader.h"
#include "store/report.h"
#include "store/store.h"

namespace glp::store {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kHourNs = int64_t{3600} * 1'000'000'000;
constexpr int64_t kNowNs = int64_t{1'000'000} * kHourNs / 100;

uint64_t BytesOf(const std::string& dir) {
  uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

class DropTest : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = testing::TempDir() + "/glp-drop-XXXXXX";
    ASSERT_NE(mkdtemp(dir_.data()), nullptr);
    Open();
  }
  void TearDown() override {
    store_.reset();
    fs::remove_all(dir_);
  }

  void Open(Options options = {}) {
    store_.reset();
    auto store = Store::Open(dir_, options);
    ASSERT_TRUE(store.ok()) << store.status().message();
    store_ = *std::move(store);
  }

  // Appends; with a src where `next` is not 0. How many were new.
  uint64_t Add(const std::string& labels, int64_t ts_ns, const std::string& line, uint64_t next = 0,
               const std::string& tenant = std::string(kDefaultTenant)) {
    auto set = labels_.FromJson(labels);
    EXPECT_TRUE(set.ok());
    NewEntry entry{*set, ts_ns, line, "", next == 0 ? "" : "file", next};
    AppendResult result;
    EXPECT_TRUE(store_->Append(tenant, {&entry, 1}, &result).ok());
    return result.added;
  }

  DropReport Delete(const std::string& query, logql::TimeRange range = {}) {
    auto parsed = logql::ParseLogQuery(query, logql::kLocalQuery);
    EXPECT_TRUE(parsed.ok()) << parsed.status().message();
    DeleteRequest request;
    request.matchers = parsed->matchers;
    for (const logql::Stage& stage : parsed->stages) {
      request.filters.push_back(std::get<logql::LineFilter>(stage));
    }
    request.range = range;
    DropReport report;
    const Status status = store_->Delete(request, &report);
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_TRUE(report.damage.empty());
    return report;
  }

  DropReport Retain(const RetentionPolicy& policy, bool exact = true) {
    DropReport report;
    const Status status = store_->Retain(policy, kNowNs, exact, nullptr, &report);
    EXPECT_TRUE(status.ok()) << status.message();
    return report;
  }

  static std::vector<std::string> LinesOf(logql::EntrySource* source) {
    logql::ScanRequest request;
    request.direction = logql::Direction::kForward;
    auto cursor = source->Scan(std::move(request));
    EXPECT_TRUE(cursor.ok());
    std::vector<std::string> lines;
    std::vector<logql::Entry> batch;
    for (;;) {
      EXPECT_TRUE((*cursor)->Next(&batch).ok());
      if (batch.empty()) break;
      for (const logql::Entry& entry : batch) lines.emplace_back(entry.line);
    }
    EXPECT_TRUE((*cursor)->stats().warnings.empty());
    return lines;
  }

  // What the writer answers and what another process reads, which are the same.
  std::vector<std::string> Lines(const std::string& tenant = std::string(kDefaultTenant)) {
    EXPECT_TRUE(store_->Flush().ok());
    auto source = store_->Snapshot(tenant);
    EXPECT_TRUE(source.ok());
    std::vector<std::string> lines = LinesOf(source->get());
    auto reader = OpenStore(dir_, tenant);
    EXPECT_TRUE(reader.ok());
    EXPECT_EQ(LinesOf(reader->get()), lines);
    return lines;
  }

  size_t Segments(const std::string& tenant = std::string(kDefaultTenant)) {
    size_t count = 0;
    for (const auto& entry : fs::directory_iterator(dir_ + "/" + tenant)) {
      count += entry.path().extension() == ".glp" ? 1 : 0;
    }
    return count;
  }

  using Texts = std::vector<std::string>;
  std::string dir_;
  LabelTable labels_;
  std::unique_ptr<Store> store_;
};

TEST_F(DropTest, DeletesBySelectorFilterAndTime) {
  for (int i = 0; i < 10; ++i) {
    Add(R"({"app":"a"})", i, "a" + std::to_string(i) + (i % 2 == 0 ? " even" : " odd"));
    Add(R"({"app":"b"})", i, "b" + std::to_string(i));
    if (i == 4) {
      ASSERT_TRUE(store_->Flush().ok());
    }  // half is in a segment, half in memory
  }
  EXPECT_EQ(Delete(R"({app="a"} |= "even" != "a2")", {2, 8}).entries, 2u);  // a4, a6
  Texts expected;
  for (int i = 0; i < 10; ++i) {
    if (i != 4 && i != 6) expected.push_back("a" + std::to_string(i) + (i % 2 ? " odd" : " even"));
    expected.push_back("b" + std::to_string(i));
  }
  EXPECT_EQ(Lines(), expected);
  EXPECT_EQ(Delete(R"({app="none"})").segments, 0u);
  EXPECT_EQ(Delete(R"({app="b"} |~ "b[0-8]$")").entries, 9u);
  EXPECT_EQ(Delete(R"({app=~".+"})").entries, 9u);
  EXPECT_EQ(Lines(), Texts());
  Open();
  EXPECT_EQ(Lines(), Texts());
}

TEST_F(DropTest, WhatWasDeletedDoesNotComeBackFromItsFile) {
  for (uint64_t i = 1; i <= 6; ++i) {
    EXPECT_EQ(Add(R"({"app":"a"})", static_cast<int64_t>(i), "line " + std::to_string(i), i), 1u);
    if (i == 3) {
      ASSERT_TRUE(store_->Flush().ok());
    }
  }
  EXPECT_EQ(Delete(R"({app="a"})", {2, 5}).entries, 3u);
  EXPECT_EQ(Lines(), (Texts{"line 1", "line 5", "line 6"}));
  const auto again = [&] {
    uint64_t added = 0;
    for (uint64_t i = 1; i <= 6; ++i) {
      added += Add(R"({"app":"a"})", static_cast<int64_t>(i), "line " + std::to_string(i), i);
    }
    return added;
  };
  EXPECT_EQ(again(), 0u);
  Open();
  EXPECT_EQ(again(), 0u);
  // Nor where nothing is left, or all was merged.
  EXPECT_EQ(Delete("{}").entries, 3u);
  Open();
  EXPECT_EQ(again(), 0u);
  MergeReport merged;
  ASSERT_TRUE(
      store_->Merge({.tenant = "", .goal = MergeGoal::kAll, .cancelled = {}}, &merged).ok());
  Open();
  EXPECT_EQ(again(), 0u);
  EXPECT_EQ(Lines(), Texts());
  EXPECT_LE(Segments(), 1u);
}

TEST_F(DropTest, DeletesOfOneTenantOnly) {
  Add(R"({"app":"a"})", 1, "mine");
  Add(R"({"app":"a"})", 1, "theirs", 0, "other");
  EXPECT_EQ(Delete("{}").entries, 1u);
  EXPECT_EQ(Lines(), Texts());
  EXPECT_EQ(Lines("other"), Texts{"theirs"});
}

TEST_F(DropTest, DeletesWithinASegmentThatWasMerged) {
  for (int i = 0; i < 100; ++i) Add(R"({"app":"a"})", i, "line " + std::to_string(i));
  ASSERT_TRUE(store_->Flush().ok());
  MergeReport merged;
  ASSERT_TRUE(
      store_->Merge({.tenant = "", .goal = MergeGoal::kAll, .cancelled = {}}, &merged).ok());
  // Who reads meanwhile has what was there when it began.
  auto before = store_->Snapshot(kDefaultTenant);
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(Delete("{}", {10, 100}).entries, 90u);
  EXPECT_EQ(LinesOf(before->get()).size(), 100u);
  EXPECT_EQ(Lines().size(), 10u);
  EXPECT_TRUE(VerifyStore(dir_)->damage.empty());
}

RetentionPolicy Policy(int64_t hours, const std::vector<std::string>& rules = {}) {
  RetentionPolicy policy;
  policy.all.period_ns = hours * kHourNs;
  for (const std::string& rule : rules) policy.all.rules.push_back(*ParseRetentionRule(rule));
  return policy;
}

TEST_F(DropTest, RetentionByAgeAndByRule) {
  for (int hours : {100, 50, 30, 10, 1}) {
    const std::string text = " " + std::to_string(hours) + " h ago";
    Add(R"({"app":"a"})", kNowNs - hours * kHourNs, "a" + text);
    Add(R"({"app":"b"})", kNowNs - hours * kHourNs, "b" + text);
    if (hours == 30) {
      ASSERT_TRUE(store_->Flush().ok());
    }
  }
  ASSERT_TRUE(store_->Flush().ok());
  EXPECT_EQ(Retain(Policy(0)).entries, 0u);
  EXPECT_EQ(Retain(Policy(40, {R"(5h {app="b"})"})).entries, 2u + 4u);
  EXPECT_EQ(Lines(), (Texts{"a 30 h ago", "a 10 h ago", "a 1 h ago", "b 1 h ago"}));
  // Other tenants have their own.
  Add(R"({"app":"a"})", kNowNs - 100 * kHourNs, "old", 0, "other");
  ASSERT_TRUE(store_->Flush().ok());
  RetentionPolicy policy = Policy(5);
  policy.tenants["other"] = {};
  EXPECT_EQ(Retain(policy).entries, 2u);
  EXPECT_EQ(Lines("other"), Texts{"old"});
}

TEST_F(DropTest, WhatIsDueByALittleWaits) {
  for (int i = 0; i < 100; ++i) {
    Add(R"({"app":"a"})", kNowNs - 100 * kHourNs + i * kHourNs, std::to_string(i));
  }
  ASSERT_TRUE(store_->Flush().ok());
  EXPECT_EQ(Retain(Policy(99), false).segments, 0u);
  EXPECT_EQ(Retain(Policy(90), false).segments, 0u);
  EXPECT_EQ(Retain(Policy(80), false).entries, 20u);
  EXPECT_EQ(Retain(Policy(79), true).entries, 1u);
}

TEST_F(DropTest, ALongRowOfSegmentsThatAreGoneLeavesOne) {
  for (int i = 1; i <= 20; ++i) {
    Add(R"({"app":"a"})", kNowNs - 100 * kHourNs + i, std::to_string(i), static_cast<uint64_t>(i));
    ASSERT_TRUE(store_->Flush().ok());
  }
  EXPECT_EQ(Retain(Policy(50), false).entries, 20u);
  EXPECT_EQ(Segments(), 1u);
  EXPECT_EQ(Lines(), Texts());
  EXPECT_EQ(Add(R"({"app":"a"})", 1, "1", 1), 0u);
}

TEST_F(DropTest, WhatIsLeftOfSegmentsWithoutSourcesIsOne) {
  for (int i = 1; i <= 5; ++i) {
    Add(R"({"app":"a"})", kNowNs - 100 * kHourNs + i, std::to_string(i));
    ASSERT_TRUE(store_->Flush().ok());
  }
  EXPECT_EQ(Retain(Policy(50), false).entries, 5u);
  EXPECT_EQ(Segments(), 1u);
  EXPECT_LT(BytesOf(dir_), 1000u);
  // Numbers go on.
  Add(R"({"app":"a"})", 7, "new");
  EXPECT_EQ(Lines(), Texts{"new"});
  Open();
  EXPECT_EQ(Lines(), Texts{"new"});
}

TEST_F(DropTest, RetentionBySizeTakesTheOldestFirst) {
  // Lines that do not compress, segments in another order than that of time.
  std::vector<std::string> expected;
  uint32_t random = 1;
  for (int part : {3, 0, 2, 1, 4}) {
    for (int i = 0; i < 200; ++i) {
      std::string line = std::to_string(part) + " ";
      for (int k = 0; k < 100; ++k)
        line.push_back(static_cast<char>('!' + (random = random * 1664525 + 1013904223) % 90));
      Add(R"({"app":"a"})", kNowNs + part * 1000 + i, line, 0, part == 2 ? "other" : "fake");
    }
    ASSERT_TRUE(store_->Flush().ok());
  }
  const uint64_t all = BytesOf(dir_);
  RetentionPolicy policy;
  policy.max_bytes = all + 1000;
  EXPECT_EQ(Retain(policy).segments, 0u);
  policy.max_bytes = all / 2;
  const DropReport report = Retain(policy);
  EXPECT_GE(report.entries, 500u);
  EXPECT_LE(report.entries, 700u);
  EXPECT_LE(BytesOf(dir_), policy.max_bytes);
  Texts left = Lines();
  const Texts others = Lines("other");
  EXPECT_EQ(left.size() + others.size(), 1000 - report.entries);
  EXPECT_EQ(std::count_if(left.begin(), left.end(), [](const auto& l) { return l[0] < '2'; }), 0);
  EXPECT_EQ(std::count_if(left.begin(), left.end(), [](const auto& l) { return l[0] == '4'; }),
            200);
  // Of a segment only the older part, also where streams lie over one another.
  MergeReport merged;
  ASSERT_TRUE(
      store_->Merge({.tenant = "", .goal = MergeGoal::kAll, .cancelled = {}}, &merged).ok());
  const size_t before = left.size();
  policy.max_bytes = BytesOf(dir_) * 8 / 10;
  Retain(policy);
  left = Lines();
  EXPECT_LE(BytesOf(dir_), policy.max_bytes);
  EXPECT_LT(left.size(), before);
  EXPECT_GT(left.size(), before / 2);
  EXPECT_EQ(std::count_if(left.begin(), left.end(), [](const auto& l) { return l[0] == '4'; }),
            200);
  policy.max_bytes = 1;
  Retain(policy);
  EXPECT_EQ(Lines(), Texts());
  EXPECT_EQ(Lines("other"), Texts());
}

TEST_F(DropTest, WhatIsBeyondIsNotAnsweredBeforeItGoes) {
  for (int hours : {30, 10, 1}) {
    const std::string text = " " + std::to_string(hours) + " h ago";
    Add(R"({"app":"a"})", kNowNs - hours * kHourNs, "a" + text);
    Add(R"({"app":"b"})", kNowNs - hours * kHourNs, "b" + text);
  }
  Add(R"({"app":"gone"})", kNowNs - 30 * kHourNs, "gone");
  const auto kept = [&](const Retention& retention, int64_t lookback_hours) {
    return KeptSource(*store_->Snapshot(kDefaultTenant), retention, lookback_hours * kHourNs,
                      kNowNs);
  };
  const Retention none;
  EXPECT_EQ(LinesOf(kept(none, 0).get()).size(), 7u);
  EXPECT_EQ(LinesOf(kept(none, 5).get()), (Texts{"a 1 h ago", "b 1 h ago"}));
  const Retention rules = Policy(20, {R"(5h {app="b"})", R"(0 {app="a"})"}).all;
  EXPECT_EQ(LinesOf(kept(rules, 0).get()),
            (Texts{"a 30 h ago", "a 10 h ago", "a 1 h ago", "b 1 h ago"}));
  EXPECT_EQ(LinesOf(kept(rules, 15).get()), (Texts{"a 10 h ago", "a 1 h ago", "b 1 h ago"}));
  const auto streams = kept(rules, 0)->Streams({}, {});
  ASSERT_TRUE(streams.ok());
  EXPECT_EQ(streams->size(), 2u);
  // Counts that may go through what is beyond are left to the evaluator.
  logql::CountRequest count;
  count.first_ns = kNowNs - 40 * kHourNs;
  count.width_ns = kHourNs;
  count.buckets = 40;
  const auto counts = kept(rules, 0)->Count(count);
  ASSERT_TRUE(counts.ok());
  EXPECT_FALSE(counts->has_value());
}

TEST_F(DropTest, IntervalSyncCommitsWithoutAnFsyncAndIsReadByOthers) {
  Options options;
  options.background = false;
  options.sync = Options::Sync::kInterval;
  Open(options);
  Add(R"({"app":"a"})", 1, "one");
  ASSERT_TRUE(store_->Commit().ok());
  auto reader = OpenStore(dir_, std::string(kDefaultTenant));
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(LinesOf(reader->get()), Texts{"one"});
  EXPECT_TRUE(store_->Tick(1).ok());
  EXPECT_EQ(Segments(), 0u);
}

TEST_F(DropTest, MemoryIsCutByAgeAndIdleness) {
  Options options;
  options.background = false;
  options.max_age_ns = 100;
  options.max_idle_ns = 30;
  Open(options);
  EXPECT_TRUE(store_->Tick(1000).ok());
  Add(R"({"app":"a"})", 1, "one");
  EXPECT_TRUE(store_->Tick(1010).ok());
  EXPECT_TRUE(store_->Tick(1039).ok());
  EXPECT_EQ(Segments(), 0u);
  EXPECT_TRUE(store_->Tick(1040).ok());
  EXPECT_EQ(Segments(), 1u);
  for (int64_t now = 2000; now < 2100; now += 20) {
    Add(R"({"app":"a"})", now, "more");
    EXPECT_TRUE(store_->Tick(now).ok());
    EXPECT_EQ(Segments(), 1u);
  }
  Add(R"({"app":"a"})", 3000, "last");
  EXPECT_TRUE(store_->Tick(2100).ok());
  EXPECT_EQ(Segments(), 2u);
}

}  // namespace
}  // namespace glp::store
