// What a store holds after every fault: a script of calls runs on a file system in memory
// (io/faulty_files.h) that fails, or loses power, at each of its calls in turn.
#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "io/faulty_files.h"
#include "io/file.h"
#include "logql/ast.h"
#include "store/reader.h"
#include "store/report.h"
#include "store/store.h"

namespace glp::store {
namespace {

using io::FaultyFiles;
using Keep = FaultyFiles::Keep;

constexpr const char* kTenant = "fake";

std::string Dir() { return FaultyFiles::root() + "/logs"; }

// Line `number` of the script: about as long as its number says, and told by it.
std::string Line(uint64_t number) {
  std::string line = std::to_string(number) + " ";
  for (uint64_t i = 0; i < 30 + number % 7 * 40; ++i) {
    line.push_back(static_cast<char>('a' + (number * 7919 + i * i * 31) % 26));
  }
  return line;
}

// The numbers of all lines a source has, in the order of time.
std::vector<uint64_t> Numbers(logql::EntrySource* source, std::vector<std::string>* warnings) {
  logql::ScanRequest request;
  request.direction = logql::Direction::kForward;
  auto cursor = source->Scan(std::move(request));
  EXPECT_TRUE(cursor.ok());
  std::vector<uint64_t> numbers;
  std::vector<logql::Entry> batch;
  for (;;) {
    Status status = (*cursor)->Next(&batch);
    EXPECT_TRUE(status.ok()) << status.message();
    if (!status.ok() || batch.empty()) break;
    for (const logql::Entry& entry : batch) {
      auto number = static_cast<uint64_t>(entry.ts_ns);
      EXPECT_EQ(entry.line, Line(number));
      numbers.push_back(number);
    }
  }
  const auto& said = (*cursor)->stats().warnings;
  warnings->insert(warnings->end(), said.begin(), said.end());
  return numbers;
}

std::vector<uint64_t> UpTo(uint64_t count) {
  std::vector<uint64_t> numbers;
  for (uint64_t i = 1; i <= count; ++i) numbers.push_back(i);
  return numbers;
}

// Lines 1, 2, … go in; what was promised about them is noted.
class Script {
 public:
  // `patient`: a call that failed is tried again once, as users do who have mended the cause.
  explicit Script(bool patient) : patient_(patient) {}

  // False: it went no further.
  bool Run() {
    if (!Open()) return false;
    bool went = Append(3) && Commit() && Append(4) && Commit() && Append(1) && Append(1) &&
                Commit() && Flush() && Append(2) && Commit() && Commit();
    // As a killed process leaves it.
    store_.reset();
    went = went && Open() && Append(3) && Commit() && Append(30) && Commit() && Append(2) &&
           Flush() && Append(1) && Merge() && Append(1) && Commit() && Close();
    went = went && Open() && Append(2) && Commit() && Append(2) && Flush() && Merge() &&
           Append(3) && Commit();
    Stop();
    return went;
  }

  uint64_t appended = 0;      // all that may be there
  uint64_t acknowledged = 0;  // all that must be there
  // How much there can be: calls that make durable do so with all that was appended or nothing.
  std::set<uint64_t> ends = {0};
  uint64_t merges = 0;
  std::string error;  // the last

 private:
  bool Try(const std::function<Status()>& call) {
    for (int left = patient_ ? 2 : 1; left > 0; --left) {
      Status status = call();
      if (status.ok()) return true;
      error = status.message();
      EXPECT_EQ(status.code(), Code::kIo) << error;
    }
    return false;
  }

  bool Open() {
    store_.reset();
    return Try([&] {
      Options options;
      options.segment_bytes = 20 << 10;
      options.background = false;
      auto store = Store::Open(Dir(), options);
      if (!store.ok()) return store.status();
      EXPECT_TRUE((*store)->warnings().empty()) << (*store)->warnings()[0];
      store_ = std::move(*store);
      return Status::Ok();
    });
  }

  bool Append(uint64_t count) {
    bool went = true;
    for (; count > 0 && went; --count) {
      ends.insert(appended);  // a segment may be cut first
      uint64_t number = appended + 1;
      std::string line = Line(number);
      NewEntry entry{labels_.FromJson(number % 3 == 0 ? R"({"a":"c"})" : R"({"a":"b"})").value(),
                     static_cast<int64_t>(number), line};
      if (number % 2 == 1) {
        entry.src_id = "file";
        entry.src_next = number;
      }
      AppendResult result;
      went = Try([&] { return store_->Append(kTenant, {&entry, 1}, &result); });
      if (went) appended = number;
      EXPECT_EQ(result.added, went ? 1u : 0u);
    }
    return went;
  }

  bool MakeDurable(const std::function<Status()>& call) {
    ends.insert(appended);
    if (!Try(call)) return false;
    acknowledged = appended;
    return true;
  }
  bool Commit() {
    return MakeDurable([&] { return store_->Commit(); });
  }
  bool Flush() {
    return MakeDurable([&] { return store_->Flush(); });
  }
  bool Close() {
    bool went = MakeDurable([&] { return store_->Close(); });
    store_.reset();
    return went;
  }
  // All segments into one, while somebody reads the old ones.
  bool Merge() {
    auto snapshot = store_->Snapshot(kTenant);
    EXPECT_TRUE(snapshot.ok());
    MergeRequest request;
    request.goal = MergeGoal::kAll;
    MergeReport report;
    bool went = Try([&] { return store_->Merge(request, &report); });
    EXPECT_TRUE(report.damage.empty()) << report.damage[0];
    merges += report.merges;
    return went;
  }
  // Without a word, as a killed process.
  void Stop() { store_.reset(); }

  const bool patient_;
  LabelTable labels_;
  std::unique_ptr<Store> store_;
};

class CrashTest : public testing::Test {
 protected:
  // What others read has all that was acknowledged, once, and no more than was given.
  static uint64_t CheckReaders(const Script& script) {
    std::vector<std::string> warnings;
    auto source = OpenStore(Dir(), kTenant);
    if (!source.ok()) {
      EXPECT_EQ(script.acknowledged, 0u) << source.status().message();
      EXPECT_EQ(source.status().code(), Code::kUsage) << source.status().message();
      return 0;
    }
    std::vector<uint64_t> numbers = Numbers(source->get(), &warnings);
    EXPECT_EQ(numbers, UpTo(numbers.size()));
    EXPECT_GE(numbers.size(), script.acknowledged);
    EXPECT_TRUE(script.ends.contains(numbers.size())) << numbers.size();
    auto report = VerifyStore(Dir());
    EXPECT_TRUE(report.ok()) << report.status().message();
    if (report.ok()) {
      warnings.insert(warnings.end(), report->damage.begin(), report->damage.end());
    }
    EXPECT_TRUE(warnings.empty()) << warnings[0];
    return numbers.size();
  }

  // The store opens, takes all lines again and holds each once.
  static void CheckGoesOn(const Script& script, uint64_t there) {
    constexpr uint64_t kMore = 5;
    std::vector<std::string> warnings;
    LabelTable labels;
    {
      auto store = Store::Open(Dir());
      ASSERT_TRUE(store.ok()) << store.status().message();
      EXPECT_TRUE((*store)->warnings().empty()) << (*store)->warnings()[0];
      auto snapshot = (*store)->Snapshot(kTenant);
      ASSERT_TRUE(snapshot.ok());
      EXPECT_EQ(Numbers(snapshot->get(), &warnings), UpTo(there));
      for (uint64_t number = 1; number <= script.appended + kMore; ++number) {
        std::string line = Line(number);
        NewEntry entry{labels.FromJson(number % 3 == 0 ? R"({"a":"c"})" : R"({"a":"b"})").value(),
                       static_cast<int64_t>(number), line};
        if (number % 2 == 1) {
          entry.src_id = "file";
          entry.src_next = number;
        }
        AppendResult result;
        ASSERT_TRUE((*store)->Append(kTenant, {&entry, 1}, &result).ok());
        if (number % 2 == 1) {
          EXPECT_EQ(result.added, number > there ? 1u : 0u) << number;
        }
      }
      ASSERT_TRUE((*store)->Close().ok());
    }
    Script all(false);
    all.acknowledged = script.appended + kMore;
    all.ends = {all.acknowledged};
    CheckReaders(all);
  }

  static uint64_t CallsOfScript(unsigned kinds) {
    FaultyFiles files;
    files.Count(kinds);
    Script script(false);
    EXPECT_TRUE(script.Run()) << script.error;
    EXPECT_GE(script.merges, 2u);
    return files.calls();
  }
};

constexpr struct {
  Keep keep;
  uint32_t seed;
} kCrashes[] = {{Keep::kNothing, 0}, {Keep::kAll, 0},  {Keep::kSome, 1},
                {Keep::kSome, 2},    {Keep::kSome, 3}, {Keep::kSome, 4}};

TEST_F(CrashTest, PowerIsLostAtEveryCall) {
  uint64_t calls = CallsOfScript(FaultyFiles::kChanges | FaultyFiles::kOpen);
  ASSERT_GT(calls, 50u);
  for (uint64_t call = 0; call <= calls && !HasFailure(); ++call) {
    for (const auto& crash : kCrashes) {
      SCOPED_TRACE("call " + std::to_string(call) + ", seed " + std::to_string(crash.seed) +
                   (crash.keep == Keep::kAll ? ", all kept" : ""));
      FaultyFiles files;
      files.Count(FaultyFiles::kChanges | FaultyFiles::kOpen);
      files.CutPowerAt(call, crash.seed);
      Script script(false);
      EXPECT_EQ(script.Run(), call == calls);
      files.Crash(crash.keep, crash.seed + static_cast<uint32_t>(call) * 16);
      uint64_t there = CheckReaders(script);
      CheckGoesOn(script, there);
    }
  }
}

// One call fails, is tried again, and the store goes on; in the end the power is lost.
TEST_F(CrashTest, EveryCallFailsOnce) {
  constexpr unsigned kKinds = FaultyFiles::kChanges | FaultyFiles::kOpen | FaultyFiles::kList |
                              FaultyFiles::kRead | FaultyFiles::kLook;
  uint64_t calls = CallsOfScript(kKinds);
  for (int error : {EIO, ENOSPC}) {
    for (uint64_t call = 0; call < calls && !HasFailure(); ++call) {
      for (const auto& crash : {kCrashes[0], kCrashes[2]}) {
        if (error == ENOSPC && crash.keep == Keep::kNothing) continue;
        SCOPED_TRACE("call " + std::to_string(call) + ", error " + std::to_string(error) +
                     ", seed " + std::to_string(crash.seed));
        FaultyFiles files;
        files.Count(kKinds);
        files.FailAt(call, error);
        Script script(true);
        EXPECT_TRUE(script.Run()) << script.error;
        files.Crash(crash.keep, crash.seed + static_cast<uint32_t>(call) * 16);
        EXPECT_EQ(script.acknowledged, script.appended);
        uint64_t there = CheckReaders(script);
        CheckGoesOn(script, there);
      }
    }
  }
}

// From a call on none succeeds for so many calls.
TEST_F(CrashTest, SeveralCallsFailInARow) {
  uint64_t calls = CallsOfScript(FaultyFiles::kChanges);
  for (uint64_t count : {2, 3, 7}) {
    for (uint64_t call = 0; call < calls && !HasFailure(); ++call) {
      SCOPED_TRACE("call " + std::to_string(call) + ", " + std::to_string(count) + " of them");
      FaultyFiles files;
      files.Count(FaultyFiles::kChanges);
      files.FailAt(call, EIO, count);
      Script script(true);
      script.Run();
      files.Crash(call % 2 == 0 ? Keep::kSome : Keep::kNothing, static_cast<uint32_t>(call));
      uint64_t there = CheckReaders(script);
      CheckGoesOn(script, there);
    }
  }
}

// Whatever room there is: what fits is acknowledged, all of it is readable meanwhile, the error
// says what is wrong, and the store goes on once there is room.
TEST_F(CrashTest, TheDiskIsFullAtEverySize) {
  uint64_t most = 0;
  {
    FaultyFiles files;
    Script script(false);
    ASSERT_TRUE(script.Run());
    most = files.used_bytes();
  }
  int refused = 0;
  for (uint64_t room = 0; room < 2 * most && !HasFailure(); room += most / 200 + 1) {
    SCOPED_TRACE("room for " + std::to_string(room));
    FaultyFiles files;
    files.SetRoom(room);
    Script script(true);
    if (!script.Run()) {
      ++refused;
      EXPECT_TRUE(script.error.ends_with("No space left on device")) << script.error;
      if (room == 0) continue;
    }
    uint64_t there = CheckReaders(script);
    files.SetRoom(UINT64_MAX);
    CheckGoesOn(script, there);
  }
  EXPECT_GT(refused, 20);
}

}  // namespace
}  // namespace glp::store
