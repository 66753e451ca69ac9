#include "io/faulty_files.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "io/file.h"
#include "io/lock.h"
#include "io/output.h"

namespace glp::io {
namespace {

using Keep = FaultyFiles::Keep;

class FaultyFilesTest : public testing::Test {
 protected:
  static std::string Path(const std::string& name) { return FaultyFiles::root() + "/" + name; }
  // Without making it durable.
  static void Write(const std::string& name, std::string_view bytes) {
    auto fd = Create(Path(name));
    ASSERT_TRUE(fd.ok());
    ASSERT_TRUE(WriteAll(fd->get(), bytes, name).ok());
  }
  static std::string Read(const std::string& name) {
    auto content = ReadFile(Path(name));
    return content.ok() ? *content : "(" + content.status().message() + ")";
  }
  FaultyFiles files_;
};

TEST_F(FaultyFilesTest, ACrashForgetsWhatIsNotDurable) {
  Write("a", "one");
  EXPECT_EQ(Read("a"), "one");
  ASSERT_TRUE(WriteFileAtomically(Path("b"), "two").ok());
  EXPECT_EQ(*ListFolder(FaultyFiles::root()), (std::vector<std::string>{"a", "b"}));
  files_.Crash(Keep::kNothing);
  // The folder was made durable with b; the bytes of a were not.
  EXPECT_EQ(Read("a"), "");
  EXPECT_EQ(Read("b"), "two");
  Write("b", "three");
  ASSERT_TRUE(Remove(Path("a")).ok());
  EXPECT_FALSE(Exists(Path("a")));
  files_.Crash(Keep::kNothing);
  EXPECT_TRUE(Exists(Path("a")));
  EXPECT_EQ(Read("b"), "two");
  Write("b", "three");
  ASSERT_TRUE(Rename(Path("b"), Path("a")).ok());
  files_.Crash(Keep::kAll);
  EXPECT_EQ(Read("a"), "three");
  EXPECT_FALSE(Exists(Path("b")));
}

TEST_F(FaultyFilesTest, PartsOfAWriteMayBeKept) {
  std::set<std::string> seen;
  for (uint32_t seed = 0; seed < 400; ++seed) {
    ASSERT_TRUE(WriteFileAtomically(Path("a"), "").ok());
    Write("a", "abc");
    files_.Crash(Keep::kSome, seed);
    seen.insert(Read("a"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"", "a", "ab", "abc"}));
}

TEST_F(FaultyFilesTest, AFailedFsyncIsNotMadeGoodByAnother) {
  auto fd = Create(Path("a"));
  ASSERT_TRUE(fd.ok());
  ASSERT_TRUE(SyncFolder(FaultyFiles::root()).ok());
  ASSERT_TRUE(WriteAll(fd->get(), std::string(100, 'x'), "a").ok());
  files_.Count(FaultyFiles::kFsync);
  files_.FailAt(0, EIO);
  EXPECT_EQ(SyncFile(fd->get(), "a").message(), "fsync a: Input/output error");
  ASSERT_TRUE(SyncFile(fd->get(), "a").ok());
  EXPECT_EQ(files_.calls(), 2u);
  EXPECT_EQ(Read("a").size(), 100u);
  files_.Crash(Keep::kNothing);
  EXPECT_TRUE(Read("a").empty() || Read("a") == std::string(100, 'x'));
}

TEST_F(FaultyFilesTest, AFullDiskTakesWhatFits) {
  files_.SetRoom(10);
  auto fd = Create(Path("a"));
  EXPECT_EQ(WriteAll(fd->get(), "0123456789abc", "a").message(),
            "write a: No space left on device");
  EXPECT_EQ(Read("a"), "0123456789");
  EXPECT_EQ(Create(Path("b")).status().message(), "create /faulty/b: No space left on device");
  ASSERT_TRUE(Truncate(fd->get(), 4, "a").ok());
  ASSERT_TRUE(WriteAll(fd->get(), "xyz", "a").ok());
  EXPECT_EQ(Read("a"), "0123xyz");
  EXPECT_EQ(files_.used_bytes(), 7u);
}

TEST_F(FaultyFilesTest, WithoutPowerNothingHappensAnyMore) {
  ASSERT_TRUE(WriteFileAtomically(Path("a"), "one").ok());
  files_.Count(FaultyFiles::kChanges);
  files_.CutPowerAt(1, 7);
  EXPECT_FALSE(WriteFileAtomically(Path("a"), "two").ok());
  EXPECT_FALSE(ReadFile(Path("a")).ok());
  EXPECT_FALSE(Remove(Path("a")).ok());
  files_.Crash(Keep::kAll);
  EXPECT_EQ(Read("a"), "one");
}

TEST_F(FaultyFilesTest, ALockIsHeldByOneAndEndsWithItsDescriptor) {
  auto lock = TakeLock(Path("lock"));
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(TakeLock(Path("lock")).status().code(), Code::kRefused);
  lock->Reset();
  EXPECT_TRUE(TakeLock(Path("lock")).ok());
}

TEST_F(FaultyFilesTest, OtherPathsAreTheKernels) {
  EXPECT_TRUE(IsFolder("/"));
  EXPECT_TRUE(IsFolder(FaultyFiles::root()));
  EXPECT_FALSE(ListFolder("/")->empty());
  EXPECT_TRUE(MakeFolders(Path("x/y")).ok());
  EXPECT_TRUE(IsFolder(Path("x/y")));
}

}  // namespace
}  // namespace glp::io
