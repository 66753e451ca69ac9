#include "io/watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

namespace glp::io {
namespace {

class WatchTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/watch_test.XXXXXX";
    root_ = mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  struct Seen {
    WatchEvent::Kind kind;
    int watch;
    std::string name;
    bool operator==(const Seen&) const = default;
  };
  std::vector<Seen> Events() {
    std::vector<Seen> seen;
    Status status = watcher_.Read([&](const WatchEvent& event) {
      Seen one{event.kind, event.watch, std::string(event.name)};
      if (seen.empty() || !(seen.back() == one)) seen.push_back(one);
    });
    EXPECT_TRUE(status.ok()) << status.message();
    return seen;
  }
  Fd Make(const std::string& name) {
    return Fd(open((root_ + "/" + name).c_str(), O_CREAT | O_RDWR, 0600));
  }

  std::string root_;
  Watcher watcher_;
};

using Kind = WatchEvent::Kind;

TEST_F(WatchTest, TellsOfWritesToAFileUnderAnyName) {
  Fd fd = Make("a");
  auto watch = watcher_.WatchFile(fd.get(), "a");
  ASSERT_TRUE(watch.ok()) << watch.status().message();
  ASSERT_EQ(write(fd.get(), "x", 1), 1);
  EXPECT_EQ(Events(), (std::vector<Seen>{{Kind::kWritten, *watch, ""}}));
  rename((root_ + "/a").c_str(), (root_ + "/b").c_str());
  EXPECT_EQ(Events(), (std::vector<Seen>{{Kind::kChanged, *watch, ""}}));
  ASSERT_EQ(write(fd.get(), "x", 1), 1);
  EXPECT_EQ(Events(), (std::vector<Seen>{{Kind::kWritten, *watch, ""}}));
}

TEST_F(WatchTest, TellsOfNamesInAFolder) {
  auto watch = watcher_.WatchFolder(root_);
  ASSERT_TRUE(watch.ok());
  Make("a");
  rename((root_ + "/a").c_str(), (root_ + "/b").c_str());
  unlink((root_ + "/b").c_str());
  EXPECT_EQ(Events(), (std::vector<Seen>{{Kind::kName, *watch, "a"}, {Kind::kName, *watch, "b"}}));
}

TEST_F(WatchTest, TellsWhenAFolderIsGoneOrElsewhere) {
  std::string folder = root_ + "/d";
  mkdir(folder.c_str(), 0700);
  auto first = watcher_.WatchFolder(folder);
  ASSERT_TRUE(first.ok());
  rename(folder.c_str(), (root_ + "/e").c_str());
  EXPECT_EQ(Events(), (std::vector<Seen>{{Kind::kGone, *first, ""}}));
  auto second = watcher_.WatchFolder(root_ + "/e");
  ASSERT_TRUE(second.ok());
  rmdir((root_ + "/e").c_str());
  EXPECT_EQ(Events(), (std::vector<Seen>{{Kind::kGone, *second, ""}}));
}

TEST_F(WatchTest, LastsAsLongAsTheLastOfItsUsers) {
  Fd fd = Make("a");
  auto first = watcher_.WatchFile(fd.get(), "a");
  auto second = watcher_.WatchFile(fd.get(), "a");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(*first, *second);
  watcher_.Remove(*first);
  ASSERT_EQ(write(fd.get(), "x", 1), 1);
  EXPECT_EQ(Events().size(), 1u);
  watcher_.Remove(*second);
  ASSERT_EQ(write(fd.get(), "x", 1), 1);
  EXPECT_TRUE(Events().empty());
}

TEST_F(WatchTest, AFolderThatIsNotThereIsAnError) {
  EXPECT_FALSE(watcher_.WatchFolder(root_ + "/nothing").ok());
}

}  // namespace
}  // namespace glp::io
