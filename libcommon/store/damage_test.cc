// A flipped byte anywhere in a store: it is found, costs at most its block or batch, every answer
// that misses data says so, and a repair leaves a sound store with all that was whole.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "io/faulty_files.h"
#include "io/file.h"
#include "logql/ast.h"
#include "store/folder.h"
#include "store/reader.h"
#include "store/repair.h"
#include "store/report.h"
#include "store/store.h"

namespace glp::store {
namespace {

using io::FaultyFiles;
using Keep = FaultyFiles::Keep;

constexpr const char* kTenant = "fake";
constexpr int kLinesOfStream = 4;
constexpr const char* kStreams[] = {R"({"a":"b"})", R"({"a":"c","pod":"x"})", R"({"a":"d"})"};

std::string Line(int64_t ts_ns) {
  return "level=info id=" + std::to_string(ts_ns * 7919) + " took " + std::to_string(ts_ns) +
         "ms at 10.0.0." + std::to_string(ts_ns % 250);
}

struct Answer {
  std::set<int64_t> times;
  size_t count = 0;  // of a scan without text
  std::vector<std::string> warnings;
};

class DamageTest : public testing::Test {
 protected:
  static std::string Dir() { return FaultyFiles::root() + "/logs"; }
  static std::string Folder() { return Dir() + "/" + kTenant; }

  // A merged segment, one as it was cut, the log of a killed process, and a catalogue.
  void SetUp() override {
    int64_t ts_ns = 0;
    for (int round = 0; round < 3; ++round) {
      Options options;
      options.background = false;
      auto store = Store::Open(Dir(), options);
      ASSERT_TRUE(store.ok()) << store.status().message();
      for (int i = 0; i < 3 * kLinesOfStream; ++i) {
        ++ts_ns;
        std::string line = Line(ts_ns);
        NewEntry entry{labels_.FromJson(kStreams[i % 3]).value(), ts_ns, line};
        if (i % 3 == 1) {
          entry.src_id = "file";
          entry.src_next = static_cast<uint64_t>(ts_ns);
        }
        AppendResult result;
        ASSERT_TRUE((*store)->Append(kTenant, {&entry, 1}, &result).ok());
        if (round == 2 && i % 6 == 5) {
          ASSERT_TRUE((*store)->Commit().ok());
        }
      }
      if (round == 2) break;
      ASSERT_TRUE((*store)->Flush().ok());
      if (round == 0) {
        MergeReport report;
        MergeRequest request;
        request.goal = MergeGoal::kAll;
        ASSERT_TRUE((*store)->Merge(request, &report).ok());
        ASSERT_EQ(report.merges, 1u);
      }
      ASSERT_TRUE((*store)->Close().ok());
    }
    Collect(Folder());
    ASSERT_EQ(files_of_store_.size(), 4u);
    all_ = Ask(/*must_say=*/false);
    ASSERT_EQ(all_.times.size(), static_cast<size_t>(ts_ns));
    ASSERT_TRUE(all_.warnings.empty()) << all_.warnings[0];
  }

  void Collect(const std::string& folder) {
    const std::vector<std::string> names = io::ListFolder(folder).value();
    for (const std::string& name : names) {
      std::string path = folder + "/" + name;
      if (io::IsFolder(path)) {
        Collect(path);
      } else {
        files_of_store_[path] = *io::ReadFile(path);
      }
    }
  }

  // As the store was before anything happened.
  void Restore() {
    const std::vector<std::string> names = io::ListFolder(Folder()).value();
    for (const std::string& name : names) {
      if (!io::IsFolder(Folder() + "/" + name)) (void)io::Remove(Folder() + "/" + name);
    }
    for (const auto& [path, bytes] : files_of_store_) {
      ASSERT_TRUE(io::WriteFileAtomically(path, bytes).ok());
    }
  }
  static void Flip(const std::string& path, const std::string& bytes, size_t at) {
    std::string bad = bytes;
    bad[at] = static_cast<char>(bad[at] ^ (1 << at % 8));
    ASSERT_TRUE(io::WriteFileAtomically(path, bad).ok());
  }

  static Answer Ask(logql::EntrySource* source, bool must_say) {
    Answer answer;
    for (bool want_lines : {true, false}) {
      logql::ScanRequest request;
      request.want_lines = want_lines;
      auto cursor = source->Scan(std::move(request));
      EXPECT_TRUE(cursor.ok());
      std::vector<logql::Entry> batch;
      for (;;) {
        Status status = (*cursor)->Next(&batch);
        EXPECT_TRUE(status.ok()) << status.message();
        if (!status.ok() || batch.empty()) break;
        for (const logql::Entry& entry : batch) {
          if (!want_lines) {
            ++answer.count;
            continue;
          }
          EXPECT_EQ(entry.line, Line(entry.ts_ns));
          EXPECT_EQ(entry.stream->json, kStreams[(entry.ts_ns - 1) % 3]);
          EXPECT_TRUE(answer.times.insert(entry.ts_ns).second) << "twice: " << entry.ts_ns;
        }
      }
      const auto& said = (*cursor)->stats().warnings;
      EXPECT_TRUE(!must_say || !want_lines || answer.times.size() == all_.times.size() ||
                  !said.empty())
          << "lines are missing and nobody says so";
      EXPECT_TRUE(!must_say || want_lines || answer.count == all_.times.size() || !said.empty())
          << "counts are short and nobody says so";
      answer.warnings.insert(answer.warnings.end(), said.begin(), said.end());
    }
    return answer;
  }
  // `must_say`: what is missing.
  static Answer Ask(bool must_say = true) {
    auto source = OpenStore(Dir(), kTenant);
    EXPECT_TRUE(source.ok()) << source.status().message();
    return source.ok() ? Ask(source->get(), must_say) : Answer();
  }

  FaultyFiles files_;
  LabelTable labels_;
  std::map<std::string, std::string> files_of_store_;
  static inline Answer all_;
};

TEST_F(DamageTest, AFlippedByteIsFoundAndCostsItsBlock) {
  for (const auto& [path, bytes] : files_of_store_) {
    const bool is_cache = path.find("/cache/") != std::string::npos;
    const bool is_log = path.ends_with(".wal");
    for (size_t at = 0; at < bytes.size() && !HasFailure(); ++at) {
      SCOPED_TRACE(path + ": byte " + std::to_string(at) + " of " + std::to_string(bytes.size()));
      Flip(path, bytes, at);
      const Answer answer = Ask();
      // A block of a stream here, a batch of two of each there.
      EXPECT_GE(answer.times.size() + (is_cache ? 0
                                       : is_log ? 6
                                                : kLinesOfStream),
                all_.times.size());
      auto report = VerifyStore(Dir());
      ASSERT_TRUE(report.ok()) << report.status().message();
      if (!is_cache) {
        ASSERT_FALSE(report->damage.empty());
        EXPECT_NE(report->damage[0].find(path), std::string::npos) << report->damage[0];
      }
      ASSERT_TRUE(io::WriteFileAtomically(path, bytes).ok());
    }
  }
}

// Also what the process that writes answers itself.
TEST_F(DamageTest, TheWriterSaysWhatItCannotRead) {
  for (const auto& [path, bytes] : files_of_store_) {
    if (!path.ends_with(".glp")) continue;
    for (size_t size : {size_t{0}, size_t{5}, size_t{40}, bytes.size() / 2, bytes.size() - 1}) {
      SCOPED_TRACE(path + ": " + std::to_string(size) + " of " + std::to_string(bytes.size()));
      ASSERT_TRUE(io::WriteFileAtomically(path, bytes.substr(0, size)).ok());
      {
        auto store = Store::Open(Dir());
        ASSERT_TRUE(store.ok());
        EXPECT_FALSE((*store)->warnings().empty());
        auto snapshot = (*store)->Snapshot(kTenant);
        ASSERT_TRUE(snapshot.ok());
        EXPECT_LT(Ask(snapshot->get(), /*must_say=*/true).times.size(), all_.times.size() + 1);
      }
      Restore();
    }
  }
}

TEST_F(DamageTest, AFileThatIsCutOffCostsItsEnd) {
  for (const auto& [path, bytes] : files_of_store_) {
    for (size_t size = 0; size < bytes.size() && !HasFailure(); size += 1 + size / 40) {
      SCOPED_TRACE(path + ": " + std::to_string(size) + " of " + std::to_string(bytes.size()));
      ASSERT_TRUE(io::WriteFileAtomically(path, bytes.substr(0, size)).ok());
      if (path.ends_with(".wal")) {
        // The same as a write that a crash cut off; nothing tells that there was more.
        auto source = OpenStore(Dir(), kTenant);
        ASSERT_TRUE(source.ok());
      } else {
        Ask();
        if (path.ends_with(".glp")) {
          EXPECT_FALSE(VerifyStore(Dir())->damage.empty());
        }
      }
      ASSERT_TRUE(io::WriteFileAtomically(path, bytes).ok());
    }
  }
}

TEST_F(DamageTest, ARepairSavesWhatIsWholeAndKeepsTheDamagedFile) {
  for (const auto& [path, bytes] : files_of_store_) {
    if (path.find("/cache/") != std::string::npos) continue;
    for (size_t at = 0; at < bytes.size() && !HasFailure(); at += 5) {
      SCOPED_TRACE(path + ": byte " + std::to_string(at) + " of " + std::to_string(bytes.size()));
      Flip(path, bytes, at);
      const std::string bad = *io::ReadFile(path);
      const Answer before = Ask();
      auto report = RepairStore(Dir());
      ASSERT_TRUE(report.ok()) << report.status().message();
      EXPECT_FALSE(report->repaired.empty());
      const Answer after = Ask(/*must_say=*/false);
      EXPECT_EQ(after.times, before.times);
      EXPECT_EQ(after.count, after.times.size());
      EXPECT_LE(report->lost_entries, all_.times.size() - after.times.size());
      auto verified = VerifyStore(Dir());
      ASSERT_TRUE(verified.ok());
      EXPECT_TRUE(verified->damage.empty()) << verified->damage[0];
      EXPECT_EQ(*io::ReadFile(path + ".damaged"), bad);
      EXPECT_TRUE(RepairStore(Dir())->repaired.empty());
      Restore();
    }
  }
}

TEST_F(DamageTest, ASoundStoreNeedsNoRepair) {
  auto report = RepairStore(Dir());
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->damage.empty());
  EXPECT_TRUE(report->repaired.empty());
  EXPECT_EQ(report->segments, 2u);
  EXPECT_EQ(Ask().times, all_.times);
  auto store = Store::Open(Dir());
  ASSERT_TRUE(store.ok());
  EXPECT_EQ(RepairStore(Dir()).status().code(), Code::kIo);
}

TEST_F(DamageTest, AFileThatIsNoSegmentIsReplacedByAnEmptyOne) {
  const std::string path = SegmentPath(Folder(), 2);
  ASSERT_TRUE(io::WriteFileAtomically(path, "no segment at all").ok());
  const Answer before = Ask();
  auto report = RepairStore(Dir());
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->repaired.size(), 1u);
  EXPECT_EQ(Ask(/*must_say=*/false).times, before.times);
  EXPECT_EQ(*io::ReadFile(path + ".damaged"), "no segment at all");
  EXPECT_TRUE(VerifyStore(Dir())->damage.empty());
}

TEST_F(DamageTest, ARepairThatFailsOrIsCutOffCanBeDoneAgain) {
  for (const auto& [path, bytes] : files_of_store_) {
    if (!path.ends_with(".glp")) continue;
    for (bool power : {false, true}) {
      for (uint64_t call = 0; !HasFailure(); ++call) {
        SCOPED_TRACE(path + ": call " + std::to_string(call) + (power ? ", power" : ""));
        Flip(path, bytes, bytes.size() / 2);
        const Answer before = Ask();
        files_.Count(FaultyFiles::kChanges);
        if (power) {
          files_.CutPowerAt(call, static_cast<uint32_t>(call));
        } else {
          files_.FailAt(call, ENOSPC);
        }
        auto report = RepairStore(Dir());
        const bool all_done = files_.calls() <= call;
        if (power) {
          files_.Crash(call % 3 == 0 ? Keep::kNothing : Keep::kSome, static_cast<uint32_t>(call));
        } else {
          files_.Count(0);
        }
        EXPECT_EQ(Ask(/*must_say=*/false).times, before.times);
        EXPECT_TRUE(RepairStore(Dir()).ok());
        EXPECT_EQ(Ask(/*must_say=*/false).times, before.times);
        auto verified = VerifyStore(Dir());
        ASSERT_TRUE(verified.ok());
        EXPECT_TRUE(verified->damage.empty()) << verified->damage[0];
        Restore();
        if (all_done) break;
      }
    }
  }
}

}  // namespace
}  // namespace glp::store
