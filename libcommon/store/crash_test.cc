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

// Line `number`: of one of two streams, every other one with a src.
NewEntry EntryOf(uint64_t number, std::string_view line, LabelTable* labels) {
  NewEntry entry{labels->FromJson(number % 3 == 0 ? R"({"a":"c"})" : R"({"a":"b"})").value(),
                 static_cast<int64_t>(number), line};
  if (number % 2 == 1) {
    entry.src_id = "file";
    entry.src_next = number;
  }
  return entry;
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
      const NewEntry entry = EntryOf(number, line, &labels_);
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
        const NewEntry entry = EntryOf(number, line, &labels);
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

// What is deleted or beyond its retention goes, for good, wherever the power is lost.
class DropScript {
 public:
  void Run() {
    if (!Open() || !Append(8) || !Flush() || !Append(8) || !Commit()) return;
    if (!Delete(3, 12, {})) return;
    // As a killed process leaves it.
    store_.reset();
    if (!Open() || !Append(6) || !Flush() || !Append(2) || !Commit()) return;
    if (!Retain(15) || !Delete(0, 1000, "19 ") || !Merge() || !Append(4) || !Flush()) return;
    // All of several segments, so that some become empty and join.
    if (!Delete(0, 27, {}) || !Append(2) || !Delete(28, 30, {}) || !Append(1) || !Commit()) return;
    store_.reset();
    went = true;
  }

  uint64_t appended = 0;
  uint64_t acknowledged = 0;
  std::set<uint64_t> asked;  // may be missing
  std::set<uint64_t> gone;   // are missing
  bool went = false;

  static NewEntry Entry(LabelTable* labels, uint64_t number, const std::string& line) {
    NewEntry entry{labels->FromJson(number % 3 == 0 ? R"({"a":"c"})" : R"({"a":"b"})").value(),
                   static_cast<int64_t>(number), line};
    entry.src_id = "file";
    entry.src_next = number;
    return entry;
  }

 private:
  bool Open() {
    Options options;
    options.background = false;
    auto store = Store::Open(Dir(), options);
    if (!store.ok()) return false;
    EXPECT_TRUE((*store)->warnings().empty()) << (*store)->warnings()[0];
    store_ = std::move(*store);
    return true;
  }
  bool Append(uint64_t count) {
    for (; count > 0; --count) {
      const std::string line = Line(appended + 1);
      const NewEntry entry = Entry(&labels_, appended + 1, line);
      AppendResult result;
      if (!store_->Append(kTenant, {&entry, 1}, &result).ok()) return false;
      ++appended;
    }
    return true;
  }
  bool Acknowledge(const Status& status) {
    if (status.ok()) acknowledged = appended;
    return status.ok();
  }
  bool Commit() { return Acknowledge(store_->Commit()); }
  bool Flush() { return Acknowledge(store_->Flush()); }
  bool Merge() {
    MergeRequest request;
    request.goal = MergeGoal::kAll;
    MergeReport report;
    return store_->Merge(request, &report).ok();
  }
  bool Drop(const std::set<uint64_t>& numbers, const std::function<Status()>& call) {
    asked.insert(numbers.begin(), numbers.end());
    if (!call().ok()) return false;
    gone.insert(numbers.begin(), numbers.end());
    return true;
  }
  // Lines from number `from` on up to `to`, or of these those with the text `part`.
  bool Delete(uint64_t from, uint64_t to, const std::string& part) {
    DeleteRequest request;
    request.range = {static_cast<int64_t>(from), static_cast<int64_t>(to)};
    if (!part.empty()) {
      request.filters.push_back(*logql::MakeLineFilter(logql::LineFilter::Op::kContains, {part}));
    }
    std::set<uint64_t> numbers;
    for (uint64_t i = std::max<uint64_t>(from, 1); i < to && i <= appended; ++i) {
      if (part.empty() || Line(i).find(part) != std::string::npos) numbers.insert(i);
    }
    DropReport report;
    // It makes durable what it looks through.
    return Drop(numbers, [&] { return store_->Delete(request, &report); }) &&
           Acknowledge(Status::Ok());
  }
  // What is older than number `from`, of what is in segments: here all of it.
  bool Retain(uint64_t from) {
    RetentionPolicy policy;
    policy.all.period_ns = 1000;
    std::set<uint64_t> numbers;
    for (uint64_t i = 1; i < from; ++i) numbers.insert(i);
    DropReport report;
    return Drop(numbers, [&] {
      return store_->Retain(policy, static_cast<int64_t>(from) + 1000, /*exact=*/true, {}, &report);
    });
  }

  LabelTable labels_;
  std::unique_ptr<Store> store_;
};

// All that was acknowledged and is not asked to go is there once, and nothing that has gone.
void CheckDropped(const DropScript& script, const std::vector<uint64_t>& there) {
  std::set<uint64_t> found;
  for (const uint64_t number : there) {
    EXPECT_TRUE(found.insert(number).second) << number << " is there twice";
    EXPECT_LE(number, script.appended);
    EXPECT_FALSE(script.gone.contains(number)) << number << " has come back";
  }
  for (uint64_t number = 1; number <= script.acknowledged; ++number) {
    if (script.asked.contains(number)) continue;
    EXPECT_TRUE(found.contains(number)) << number << " is missing";
  }
}

// The same of what readers find; then all lines come again, and the store takes those it never had.
void CheckDroppedStaysSo(const DropScript& script) {
  auto source = OpenStore(Dir(), kTenant);
  std::vector<std::string> warnings;
  if (source.ok()) {
    CheckDropped(script, Numbers(source->get(), &warnings));
  } else {
    EXPECT_EQ(script.acknowledged, 0u) << source.status().message();
  }
  auto store = Store::Open(Dir());
  ASSERT_TRUE(store.ok()) << store.status().message();
  warnings.insert(warnings.end(), (*store)->warnings().begin(), (*store)->warnings().end());
  LabelTable labels;
  for (uint64_t number = 1; number <= script.appended; ++number) {
    const std::string line = Line(number);
    const NewEntry entry = DropScript::Entry(&labels, number, line);
    AppendResult result;
    ASSERT_TRUE((*store)->Append(kTenant, {&entry, 1}, &result).ok());
    EXPECT_TRUE(number > script.acknowledged || result.added == 0) << number;
  }
  auto snapshot = (*store)->Snapshot(kTenant);
  ASSERT_TRUE(snapshot.ok());
  CheckDropped(script, Numbers(snapshot->get(), &warnings));
  ASSERT_TRUE((*store)->Close().ok());
  auto report = VerifyStore(Dir());
  ASSERT_TRUE(report.ok()) << report.status().message();
  warnings.insert(warnings.end(), report->damage.begin(), report->damage.end());
  EXPECT_TRUE(warnings.empty()) << warnings[0];
}

TEST_F(CrashTest, PowerIsLostAtEveryCallOfDeleteAndRetention) {
  constexpr unsigned kKinds = FaultyFiles::kChanges | FaultyFiles::kOpen;
  uint64_t calls = 0;
  {
    FaultyFiles files;
    files.Count(kKinds);
    DropScript script;
    script.Run();
    ASSERT_TRUE(script.went);
    EXPECT_GT(script.gone.size(), 20u);
    calls = files.calls();
  }
  for (uint64_t call = 0; call <= calls && !HasFailure(); ++call) {
    for (const auto& crash : {kCrashes[0], kCrashes[1 + call % 5]}) {
      SCOPED_TRACE("call " + std::to_string(call) + ", seed " + std::to_string(crash.seed) +
                   (crash.keep == Keep::kAll ? ", all kept" : ""));
      FaultyFiles files;
      files.Count(kKinds);
      files.CutPowerAt(call, crash.seed);
      DropScript script;
      script.Run();
      files.Crash(crash.keep, crash.seed + static_cast<uint32_t>(call) * 16);
      CheckDroppedStaysSo(script);
    }
  }
}

TEST_F(CrashTest, EveryCallOfDeleteAndRetentionFails) {
  constexpr unsigned kKinds = FaultyFiles::kChanges | FaultyFiles::kOpen;
  uint64_t calls = 0;
  {
    FaultyFiles files;
    files.Count(kKinds);
    DropScript script;
    script.Run();
    calls = files.calls();
  }
  for (uint64_t call = 0; call <= calls && !HasFailure(); ++call) {
    SCOPED_TRACE("call " + std::to_string(call));
    FaultyFiles files;
    files.Count(kKinds);
    files.FailAt(call, call % 2 == 0 ? EIO : ENOSPC);
    DropScript script;
    script.Run();
    files.Crash(call % 3 == 0 ? Keep::kNothing : Keep::kSome, static_cast<uint32_t>(call));
    CheckDroppedStaysSo(script);
  }
}

// Commits that wait for no fsync: what a crash of the machine may take, and what it may not.
class UnsyncedScript {
 public:
  explicit UnsyncedScript(Options::Sync sync) : sync_(sync) {}

  void Run() {
    constexpr int64_t kSecond = 1'000'000'000;
    if (!Open() || !Append(3) || !Append(2) || !Tick(1 * kSecond) || !Append(2) ||
        !Tick(3 * kSecond / 2) || !Append(2) || !Tick(2 * kSecond) || !Append(1) || !Append(3)) {
      return;
    }
    if (!store_->Flush().ok()) return;
    durable = appended;
    if (!Append(2) || !Append(2) || !Tick(4 * kSecond) || !Append(2) || !Append(1)) return;
    store_.reset();
  }
  uint64_t appended = 0;
  uint64_t committed = 0;
  uint64_t durable = 0;

 private:
  bool Open() {
    Options options;
    options.background = false;
    options.sync = sync_;
    auto store = Store::Open(Dir(), options);
    if (store.ok()) store_ = std::move(*store);
    return store_ != nullptr;
  }
  bool Append(uint64_t count) {
    for (; count > 0; --count) {
      const std::string line = Line(appended + 1);
      const NewEntry entry = DropScript::Entry(&labels_, appended + 1, line);
      AppendResult result;
      if (!store_->Append(kTenant, {&entry, 1}, &result).ok()) return false;
      ++appended;
    }
    if (!store_->Commit().ok()) return false;
    committed = appended;
    return true;
  }
  bool Tick(int64_t now_ns) {
    if (!store_->Tick(now_ns).ok()) return false;
    // The clock says 1.5 s: nothing is due.
    if (sync_ == Options::Sync::kInterval && now_ns % 1'000'000'000 == 0) durable = committed;
    return true;
  }
  const Options::Sync sync_;
  LabelTable labels_;
  std::unique_ptr<Store> store_;
};

TEST_F(CrashTest, CommitsThatAreNotSyncedLoseNoMoreThanIsSaid) {
  constexpr unsigned kKinds = FaultyFiles::kChanges | FaultyFiles::kOpen;
  for (const Options::Sync sync : {Options::Sync::kInterval, Options::Sync::kOff}) {
    uint64_t calls = 0;
    {
      FaultyFiles files;
      files.Count(kKinds);
      UnsyncedScript script(sync);
      script.Run();
      ASSERT_EQ(script.appended, 20u);
      EXPECT_EQ(script.durable, sync == Options::Sync::kInterval ? 17u : 13u);
      calls = files.calls();
    }
    bool lost = false;
    for (uint64_t call = 0; call <= calls && !HasFailure(); ++call) {
      for (const auto& crash : kCrashes) {
        SCOPED_TRACE(std::string(sync == Options::Sync::kOff ? "off" : "interval") + ", call " +
                     std::to_string(call) + ", seed " + std::to_string(crash.seed));
        FaultyFiles files;
        files.Count(kKinds);
        files.CutPowerAt(call, crash.seed);
        UnsyncedScript script(sync);
        script.Run();
        files.Crash(crash.keep, crash.seed + static_cast<uint32_t>(call) * 16);
        std::vector<uint64_t> numbers;
        // A process that is killed loses nothing: all that was written is there then.
        const uint64_t sure = crash.keep == Keep::kAll ? script.committed : script.durable;
        std::vector<std::string> warnings;  // of batches with a hole
        auto store = Store::Open(Dir());
        ASSERT_TRUE(store.ok()) << store.status().message();
        auto snapshot = (*store)->Snapshot(kTenant);
        ASSERT_TRUE(snapshot.ok());
        for (const uint64_t number : Numbers(snapshot->get(), &warnings)) {
          EXPECT_TRUE(numbers.empty() || numbers.back() < number) << number << " is there twice";
          EXPECT_LE(number, script.appended);
          numbers.push_back(number);
        }
        EXPECT_GE(numbers.size(), sure);
        for (uint64_t number = 1; number <= sure && number <= numbers.size(); ++number) {
          EXPECT_EQ(numbers[number - 1], number);
        }
        lost |= numbers.size() < script.committed;
        ASSERT_TRUE((*store)->Close().ok());
      }
    }
    EXPECT_TRUE(lost);
  }
}

}  // namespace
}  // namespace glp::store
