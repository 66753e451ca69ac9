#include "missed.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

#include "io/file.h"

namespace glp::tail {
namespace {

namespace fs = std::filesystem;

// A log in a folder of its own, what an earlier run knew of it, and a run that begins now, step by
// step, so that the log can be rotated between any two of them.
class StartTest : public testing::Test {
 protected:
  StartTest() {
    std::string folder = testing::TempDir() + "missed-XXXXXX";
    folder_ = mkdtemp(folder.data());
    log_ = folder_ + "/app.log";
    target_.paths = {log_};
    target_.options.filename_label = false;
    target_.options.follow = true;
    target_.options.settle_ns = 0;
    paths_ = *PathSet::Make({target_});
    options_ = std::make_shared<const SourceOptions>(target_.options);
  }
  ~StartTest() override {
    fs::remove_all(folder_);
    close(fd_);
  }

  static void Write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::app) << text;
  }
  // As Docker rotates: renamed, compressed, and the other goes.
  void Rename() { fs::rename(log_, log_ + ".1"); }
  void Compress() {
    std::ifstream in(log_ + ".1");
    std::string text((std::istreambuf_iterator<char>(in)), {});
    gzFile out = gzopen((log_ + ".1.gz").c_str(), "wb");
    gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
    gzclose(out);
  }
  void Rotate(const std::string& next_text) {
    Rename();
    Write(log_, next_text);
    Compress();
    fs::remove(log_ + ".1");
  }

  // The ID of the file that is at `path` now and begins with this line.
  static std::string IdOf(const std::string& path, std::string_view first_line) {
    io::FileIdentity id = io::LookAtPath(path)->identity;
    id.head = io::HeadFingerprint(first_line);
    return id.ToString();
  }
  // An earlier run delivered as much of the log.
  void Deliver(const std::string& id, uint64_t next, const std::string& path = {}) {
    cli::Positions positions;
    positions.files[id] = {next, path.empty() ? log_ : path, NowNs()};
    known_.Load(positions);
  }

  std::unique_ptr<SourceFile> OpenLog() {
    int error = 0;
    auto file = SourceFile::Open({log_, {}, options_}, known_, &error);
    EXPECT_TRUE(file.ok());
    return std::move(*file);
  }
  std::vector<std::unique_ptr<SourceFile>> Search(
      const SourceFile* current, const std::function<void(const io::FileState&)>& on_look = {}) {
    MissedSearch search(known_, [=](const io::FileState& state) {
      if (on_look) on_look(state);
      return current != nullptr && current->state().SameFile(state);
    });
    return SearchOn(search, nullptr);
  }
  std::vector<std::unique_ptr<SourceFile>> SearchOn(MissedSearch& search,
                                                    const io::FileState* current) {
    Since since{known_.LatestBirthNs(LogKey(log_), NowNs()), 0};
    return search.Open(log_, options_, since, current, &writer_);
  }
  static bool IsNone(const io::FileState&) { return false; }
  // Reads the files to their ends: their lines as "LINE ID@NEXT", those of marks as "file ID@0".
  std::vector<std::string> Read(const std::vector<std::unique_ptr<SourceFile>>& files) {
    for (const auto& file : files) {
      for (bool more = true; more;) {
        auto progress = file->Read(block_, writer_);
        EXPECT_TRUE(progress.ok());
        more = progress.ok() && *progress == SourceFile::Progress::kMore;
      }
      file->Finish(writer_);
    }
    EXPECT_TRUE(writer_.Flush().ok());
    std::string text(static_cast<size_t>(lseek(fd_, 0, SEEK_END)), '\0');
    EXPECT_EQ(pread(fd_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    std::vector<std::string> said;
    std::istringstream lines(text);
    for (std::string json; std::getline(lines, json);) {
      auto after = [&](const std::string& key) {
        const size_t at = json.find(key);
        if (at == std::string::npos) return std::string();
        return json.substr(at + key.size(), json.find('"', at + key.size()) - at - key.size());
      };
      said.push_back(after("\"mark\":\"") + after("\"line\":\"") + " " + after("\"src\":\""));
    }
    return said;
  }
  static std::vector<std::unique_ptr<SourceFile>> One(std::unique_ptr<SourceFile> file) {
    std::vector<std::unique_ptr<SourceFile>> files;
    files.push_back(std::move(file));
    return files;
  }

  int fd_ = memfd_create("records", MFD_CLOEXEC);
  std::string folder_, log_;
  Target target_;
  PathSet paths_;
  SourceFile::Options options_;
  KnownFiles known_;
  ReadBlock block_{4096};
  RecordWriter writer_{fd_};
};

using Said = std::vector<std::string>;

Said LinesOf(Said said) {
  std::erase_if(said, [](const std::string& one) {
    return one.compare(0, 5, "file ") == 0 || one.compare(0, 4, "pos ") == 0;
  });
  return said;
}

TEST_F(StartTest, ACopyOfAnOpenFileThatIsNotReadYetIsNotReadForIt) {
  Write(log_, "a1\na2\n");
  const std::string id = IdOf(log_, "a1");
  Deliver(id, 3);
  auto file = OpenLog();
  Rotate("b1\n");
  EXPECT_TRUE(Search(file.get()).empty());
  EXPECT_EQ(Read(One(std::move(file))),
            (Said{"file " + id + "@0", "pos " + id + "@3", "a2 " + id + "@6"}));
}

TEST_F(StartTest, ACopyOfAnOpenFileThatNobodyKnewIsNotReadForIt) {
  Write(log_, "older\n");
  Deliver(IdOf(log_, "older"), 6);
  Rotate("a1\na2\n");
  const std::string id = IdOf(log_, "a1");
  auto file = OpenLog();
  fs::rename(log_ + ".1.gz", log_ + ".2.gz");
  const std::string older = IdOf(log_ + ".2.gz", "older");
  Rotate("b1\n");
  EXPECT_TRUE(Search(file.get()).empty());
  EXPECT_EQ(Read(One(std::move(file))),
            (Said{"file " + older + "@0", "pos " + older + "@6", "file " + id + "@0",
                  "a1 " + id + "@3", "a2 " + id + "@6"}));
}

TEST_F(StartTest, OfAFileThatWasClosedUnreadTheCopyIsReadOn) {
  Write(log_, "a1\na2\n");
  const std::string id = IdOf(log_, "a1");
  Deliver(id, 3);
  OpenLog().reset();
  Rotate("b1\n");
  EXPECT_EQ(LinesOf(Read(Search(nullptr))), Said{"a2 " + id + "@6"});
}

TEST_F(StartTest, WhatWasRotatedBetweenTheSurveyAndTheOpeningIsSearched) {
  Write(log_, "a1\na2\n");
  const std::string id = IdOf(log_, "a1");
  Deliver(id, 3);
  const std::vector<Found> found = paths_.Find();
  std::vector<ToSearch> to_search = SurveyStart(known_, found);
  Rotate("b1\n");
  auto file = OpenLog();
  AddNotFound(known_, paths_, found, &to_search);
  ASSERT_EQ(to_search.size(), 1u);
  EXPECT_EQ(to_search[0].path, log_);
  EXPECT_EQ(LinesOf(Read(Search(file.get()))), Said{"a2 " + id + "@6"});
}

TEST_F(StartTest, NothingIsSearchedForWhereAllStandsWhereItStood) {
  Write(log_, "a1\na2\n");
  Deliver(IdOf(log_, "a1"), 3);
  const std::vector<Found> found = paths_.Find();
  std::vector<ToSearch> to_search = SurveyStart(known_, found);
  auto file = OpenLog();
  AddNotFound(known_, paths_, found, &to_search);
  EXPECT_TRUE(to_search.empty());
}

// The search lists the folder while the original and its copy are there. When it comes to the copy
// it has looked at the original, which then goes before it is opened.
TEST_F(StartTest, AnOriginalThatGoesDuringTheSearchIsReadOnInItsCopy) {
  Write(log_, "a1\na2\n");
  const std::string id = IdOf(log_, "a1");
  Deliver(id, 3);
  Rename();
  Write(log_, "b1\n");
  Compress();
  const io::FileState copy = *io::LookAtPath(log_ + ".1.gz");
  auto file = OpenLog();
  auto files = Search(file.get(), [&](const io::FileState& state) {
    if (state.SameFile(copy)) fs::remove(log_ + ".1");
  });
  const std::string own = IdOf(log_ + ".1.gz", "a1");
  EXPECT_EQ(Read(files), (Said{"file " + id + "@0", "pos " + id + "@3", "a2 " + id + "@6",
                               "file " + own + "@0", "pos " + own + "@6"}));
}

// What a search knows of a folder from one log may be no longer so when it comes to the next.
class ListedFolderTest : public StartTest, public testing::WithParamInterface<bool> {
 protected:
  // Lists the folder, in which names changed a moment ago or long ago.
  void ListFolder(MissedSearch& search) {
    if (GetParam()) {
      ASSERT_TRUE(io::SetModified(folder_, NowNs() - 1000 * kNsPerSecond).ok());
    }
    EXPECT_TRUE(search.Open(folder_ + "/other.log", options_, {}, nullptr, &writer_).empty());
  }
};
INSTANTIATE_TEST_SUITE_P(OfLongAgo, ListedFolderTest, testing::Bool());

TEST_P(ListedFolderTest, AFileThatWasCompressedSinceIsFound) {
  Write(log_, "a1\n");
  Deliver(IdOf(log_, "a1"), 3);
  Rotate("b1\n");
  fs::remove(log_ + ".1.gz");
  Rename();
  Write(log_, "c1\n");
  MissedSearch search(known_, IsNone);
  ListFolder(search);
  Compress();
  fs::remove(log_ + ".1");
  EXPECT_EQ(LinesOf(Read(SearchOn(search, nullptr))),
            Said{"b1 " + IdOf(log_ + ".1.gz", "b1") + "@3"});
}

TEST_P(ListedFolderTest, AFileThatWasRenamedSinceIsFound) {
  Write(log_, "a1\n");
  const std::string id = IdOf(log_, "a1");
  Deliver(id, 3);
  Rename();
  Write(log_, "b1\n");
  auto current = OpenLog();
  MissedSearch search(known_, IsNone);
  ListFolder(search);
  Write(log_ + ".1", "a2\n");
  fs::rename(log_ + ".1", log_ + ".2");
  Rename();
  Write(log_, "c1\n");
  EXPECT_EQ(LinesOf(Read(SearchOn(search, &current->state()))), Said{"a2 " + id + "@6"});
}

TEST_F(StartTest, WhatCameAfterTheOpenFileIsNotReadBeforeIt) {
  Write(log_, "a1\n");
  Deliver(IdOf(log_, "a1"), 3);
  Rotate("b1\n");
  auto current = OpenLog();
  fs::rename(log_ + ".1.gz", log_ + ".3.gz");
  Rotate("c1\n");
  fs::rename(log_ + ".1.gz", log_ + ".2.gz");
  Rotate("d1\n");
  MissedSearch search(known_, IsNone);
  EXPECT_TRUE(SearchOn(search, &current->state()).empty());
}

// Of a log that nobody knew and that did not come since the last run, nothing was missed before.
TEST_F(StartTest, AnUnknownLogIsSearchedWhereItWasRotatedBeforeItWasOpened) {
  Write(log_, "a1\n");
  cli::Positions positions;
  const std::string other = folder_ + "/other.log";
  Write(other, "x\n");
  positions.files[IdOf(other, "x")] = {2, other, NowNs() + kNsPerSecond};
  known_.Load(positions);
  const std::vector<Found> found = paths_.Find();
  std::vector<ToSearch> to_search = SurveyStart(known_, found);
  ASSERT_EQ(to_search.size(), 1u);
  ASSERT_TRUE(to_search[0].unless);
  EXPECT_TRUE(to_search[0].unless->SameFile(*io::LookAtPath(log_)));
  Rotate("b1\n");
  auto current = OpenLog();
  MissedSearch search(known_, IsNone);
  auto files = search.Open(log_, options_, to_search[0].since, &current->state(), &writer_);
  EXPECT_EQ(LinesOf(Read(files)), Said{"a1 " + IdOf(log_ + ".1.gz", "a1") + "@3"});
}

// A run that read a file to its end called the copy dealt with, and died before its sink had all.
TEST_F(StartTest, ACopyThatWasCalledDealtWithTooSoonIsReadOn) {
  Write(log_, "banner\na1\n");
  Deliver(IdOf(log_, "banner"), 10);
  Rotate("banner\nb1\nb2\n");
  const std::string id = IdOf(log_, "banner");
  Deliver(id, 10);
  fs::remove(log_ + ".1.gz");
  Rotate("c1\n");
  Deliver(IdOf(log_ + ".1.gz", "banner"), 13, log_ + ".1.gz");
  EXPECT_EQ(LinesOf(Read(Search(nullptr))), Said{"b2 " + id + "@13"});
}

}  // namespace
}  // namespace glp::tail
