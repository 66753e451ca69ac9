#include "io/glob.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace glp::io {
namespace {

namespace fs = std::filesystem;

bool Match(std::string_view pattern, std::string_view path) {
  auto glob = Glob::Parse(pattern);
  EXPECT_TRUE(glob.ok()) << pattern << ": " << glob.status().message();
  return glob.ok() && glob->Matches(path);
}

TEST(GlobTest, MatchesAsDoublestarDoes) {
  struct {
    const char* pattern;
    const char* path;
    bool matches;
  } const kCases[] = {
      {"a.log", "a.log", true},
      {"a.log", "b.log", false},
      {"*.log", "a.log", true},
      {"*.log", ".log", true},
      {"*.log", "d/a.log", false},
      {"*", ".hidden", true},
      {"a*b*c", "aXbYbZc", true},
      {"a*b*c", "aXbYbZ", false},
      {"**", "a", true},
      {"**", "a/b/c", true},
      {"**/c", "c", true},
      {"**/c", "a/b/c", true},
      {"a/**", "a", true},
      {"a/**", "a/b/c", true},
      {"a/**/c", "a/c", true},
      {"a/**/c", "a/b/b/c", true},
      {"a/**/c", "b/a/c", false},
      {"a/**/**/c", "a/c", true},
      {"**/x/**/y", "x/x/y/y", true},
      {"a**b", "a12b", true},
      {"a**b", "a1/2b", false},
      {"?", "a", true},
      {"?", "\xC3\xA4", true},
      {"?", "ab", false},
      {"?", "", false},
      {"a?c", "a/c", false},
      {"[a-c]x", "bx", true},
      {"[a-c]x", "dx", false},
      {"[!a-c]x", "dx", true},
      {"[^a-c]x", "bx", false},
      {"[]a]x", "]x", true},
      {"[a\\]]x", "]x", true},
      {"[a-]", "-", true},
      {"[\xC3\xA0-\xC3\xBF]", "\xC3\xA4", true},
      {"\\*", "*", true},
      {"\\*", "a", false},
      {"a\\[b", "a[b", true},
      {"{a,b}.log", "b.log", true},
      {"{a,b}.log", "c.log", false},
      {"x{,.1}", "x", true},
      {"x{,.1}", "x.1", true},
      {"{a/b,c}/d", "a/b/d", true},
      {"{a,{b,c}d}e", "cde", true},
      {"{a,b}{1,2}", "b2", true},
      {"\\{a,b\\}", "{a,b}", true},
      {"[{]a", "{a", true},
      {"/a/*", "/a/b", true},
      {"/a/*", "a/b", false},
      {"a//b", "a/b", true},
      {"*****************b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Match(c.pattern, c.path), c.matches) << c.pattern << " on " << c.path;
  }
}

TEST(GlobTest, RefusesWhatIsNotClosed) {
  for (const char* pattern : {"[a", "a{b", "a\\", "[]", "{a,{b}", "x/[!]"}) {
    EXPECT_FALSE(Glob::Parse(pattern).ok()) << pattern;
  }
}

class GlobWalkTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/glob_test.XXXXXX";
    root_ = mkdtemp(name);
  }
  void TearDown() override { fs::remove_all(root_); }

  void Write(const std::string& path) {
    fs::create_directories(fs::path(root_ + "/" + path).parent_path());
    std::ofstream(root_ + "/" + path) << "x\n";
  }
  GlobVisitor Visitor() {
    GlobVisitor visitor;
    visitor.file = [this](const std::string& path) { files_.insert(path.substr(root_.size())); };
    visitor.folder = [this](const std::string& path) {
      if (path.size() >= root_.size()) folders_.insert(path.substr(root_.size()));
    };
    return visitor;
  }
  std::set<std::string> Files(const std::string& pattern) {
    files_.clear();
    folders_.clear();
    Glob::Parse(root_ + pattern)->Walk(Visitor());
    return files_;
  }

  std::string root_;
  std::set<std::string> files_, folders_;
};

using Set = std::set<std::string>;

TEST_F(GlobWalkTest, FindsFilesAndTellsTheFoldersToWatch) {
  Write("a/1.log");
  Write("a/b/2.log");
  Write("c/3.log");
  Write("c/3.txt");
  fs::create_directories(root_ + "/a/dir.log");
  EXPECT_EQ(Files("/*/*.log"), (Set{"/a/1.log", "/c/3.log"}));
  EXPECT_EQ(folders_, (Set{"", "/a", "/c"}));
  EXPECT_EQ(Files("/**/*.log"), (Set{"/a/1.log", "/a/b/2.log", "/c/3.log"}));
  EXPECT_EQ(folders_, (Set{"", "/a", "/a/b", "/a/dir.log", "/c"}));
  EXPECT_EQ(Files("/a/**"), (Set{"/a/1.log", "/a/b/2.log"}));
  EXPECT_EQ(Files("/{a,c}/[12].log"), (Set{"/a/1.log"}));
}

TEST_F(GlobWalkTest, ForWhatIsNotThereTellsTheNearestFolder) {
  EXPECT_EQ(Files("/not/here/*.log"), Set{});
  EXPECT_EQ(folders_, (Set{""}));
}

TEST_F(GlobWalkTest, FollowsLinksButNoLoop) {
  Write("real/1.log");
  fs::create_directories(root_ + "/via");
  fs::create_directory_symlink(root_ + "/real", root_ + "/via/folder");
  fs::create_symlink(root_ + "/real/1.log", root_ + "/via/link.log");
  fs::create_symlink(root_ + "/nothing", root_ + "/via/broken.log");
  fs::create_directory_symlink("..", root_ + "/via/up");
  EXPECT_EQ(Files("/via/*.log"), (Set{"/via/link.log"}));
  EXPECT_EQ(Files("/via/**/*.log"), (Set{"/via/folder/1.log", "/via/link.log"}));
}

TEST_F(GlobWalkTest, WalkFromAnEntryFindsWhatIsBelowItOnly) {
  Write("pods/a/c/0.log");
  Write("pods/b/c/0.log");
  auto from = [&](const std::string& pattern, const std::string& folder, const std::string& name) {
    files_.clear();
    Glob::Parse(root_ + pattern)->WalkFrom(root_ + folder, name, Visitor());
    return files_;
  };
  EXPECT_EQ(from("/pods/*/*/*.log", "/pods", "a"), (Set{"/pods/a/c/0.log"}));
  EXPECT_EQ(from("/pods/*/*/*.log", "/pods/b/c", "0.log"), (Set{"/pods/b/c/0.log"}));
  EXPECT_EQ(from("/pods/**/*.log", "/pods/b", "c"), (Set{"/pods/b/c/0.log"}));
  EXPECT_EQ(from("/pods/**", "/pods/b/c", "0.log"), (Set{"/pods/b/c/0.log"}));
  EXPECT_EQ(from("/pods/*/*/*.log", "", "pods"), (Set{"/pods/a/c/0.log", "/pods/b/c/0.log"}));
  EXPECT_EQ(from("/pods/*/x/*.log", "/pods/b", "c"), Set{});
  EXPECT_EQ(from("/pods/*/*/*.log", "/pods/b/c", "not.log"), Set{});
}

TEST_F(GlobWalkTest, LiteralTakesEveryCharacterAsItIs) {
  Write("a[1].log");
  Glob::Literal(root_ + "/a[1].log").Walk(Visitor());
  EXPECT_EQ(files_, (Set{"/a[1].log"}));
}

}  // namespace
}  // namespace glp::io
