// Runs a follower in a process of its own, which waits in front of one of its calls to the file
// system while the log is rotated on. Whichever call that is, each line has to come once, in order.
#include "follower.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string_view>

#include "io/file.h"
#include "io/file_system.h"

namespace glp::tail {
namespace {

namespace fs = std::filesystem;

constexpr int kLines = 2;  // of each file
constexpr int kPatienceMs = 20'000;

enum class Way { kKubelet, kDocker };

// A log of numbered lines that is rotated step by step, as others see it happen.
class Rotated {
 public:
  Rotated(const std::string& folder, Way way)
      : way_(way),
        steps_(way == Way::kKubelet
                   ? Steps{&Rotated::Compress, &Rotated::PutCopy, &Rotated::RemoveOriginal,
                           &Rotated::RenameLog, &Rotated::MakeLog}
                   : Steps{&Rotated::Shift, &Rotated::RenameLog, &Rotated::MakeLog,
                           &Rotated::Compress, &Rotated::PutCopy, &Rotated::RemoveOriginal}),
        log_(folder + "/0.log") {
    MakeLog();
  }
  const std::string& log() const { return log_; }
  int lines() const { return lines_; }
  int steps() const { return static_cast<int>(steps_.size()); }  // of one rotation
  void Step(int count) {
    for (; count > 0; --count) (this->*steps_[at_++ % steps_.size()])();
  }

 private:
  using Steps = std::vector<void (Rotated::*)()>;

  void MakeLog() {
    std::ofstream file(log_);
    for (int i = 0; i < kLines; ++i) file << "n=" << lines_++ << "\n";
    Hold(log_);
  }
  // Files that are made within a tick of the kernel's clock have one birth; so that no two of them
  // have an inode in common too, each stays open.
  void Hold(const std::string& path) { held_.push_back(std::move(*io::OpenRead(path))); }
  void RenameLog() {
    old_.push_back(log_ +
                   (way_ == Way::kDocker ? ".1" : ".20260101-" + std::to_string(100'000 + lines_)));
    fs::rename(log_, old_.back());
  }
  void Shift() {
    for (size_t i = 0; i < old_.size(); ++i) {
      const std::string older = log_ + "." + std::to_string(old_.size() - i + 1) + ".gz";
      fs::rename(old_[i], older);
      old_[i] = older;
    }
  }
  void Compress() {
    if (old_.empty()) return;
    std::ifstream in(old_.back());
    std::string text((std::istreambuf_iterator<char>(in)), {});
    gzFile out = gzopen((old_.back() + ".tmp").c_str(), "wb");
    gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
    gzclose(out);
    Hold(old_.back() + ".tmp");
  }
  void PutCopy() {
    if (!old_.empty()) fs::rename(old_.back() + ".tmp", old_.back() + ".gz");
  }
  void RemoveOriginal() {
    if (old_.empty()) return;
    fs::remove(old_.back());
    old_.back() += ".gz";
  }

  Way way_;
  Steps steps_;
  size_t at_ = 0;
  std::string log_;
  int lines_ = 0;
  std::vector<std::string> old_;  // oldest first
  std::vector<io::Fd> held_;
};

// Asks its parent in front of one call.
class WaitingFiles : public io::FileSystem {
 public:
  WaitingFiles(int call, int ask_fd, int go_fd) : call_(call), ask_fd_(ask_fd), go_fd_(go_fd) {
    io::SetFileSystem(this);
  }
  int Open(const char* path, int flags, unsigned mode) override {
    Count();
    return FileSystem::Open(path, flags, mode);
  }
  int Statx(int fd, const char* path, int flags, unsigned mask, struct statx* out) override {
    Count();
    return FileSystem::Statx(fd, path, flags, mask, out);
  }
  int List(const char* folder, std::vector<std::string>* names) override {
    Count();
    return FileSystem::List(folder, names);
  }

 private:
  void Count() {
    char byte = 0;
    if (calls_++ == call_ && (write(ask_fd_, &byte, 1) != 1 || read(go_fd_, &byte, 1) != 1)) {
      _exit(1);
    }
  }
  int call_, ask_fd_, go_fd_;
  int calls_ = 0;
};

// Of the lines of the log at most this many were delivered by an earlier run, which saw the first
// file only. It is rotated `before` steps before the follower starts, and `during` while that waits
// in front of a call.
struct Case {
  Way way;
  int delivered;
  int before;
  int during;
};

class FollowerTest : public testing::TestWithParam<Case> {
 protected:
  FollowerTest() {
    std::string folder = testing::TempDir() + "follower-XXXXXX";
    folder_ = mkdtemp(folder.data());
  }
  ~FollowerTest() override { fs::remove_all(folder_); }

  cli::Positions Delivered(const Rotated& log) const {
    const auto next = static_cast<uint64_t>(4 * GetParam().delivered);
    io::FileIdentity id = io::LookAtPath(log.log())->identity;
    id.head = io::HeadFingerprint("n=0");
    cli::Positions positions;
    positions.files[id.ToString()] = {next, log.log(), NowNs()};
    return positions;
  }

  // In the child: follows until it is killed.
  [[noreturn]] static void Follow(const std::string& folder, const cli::Positions& positions,
                                  int out) {
    Target target;
    target.paths = {folder + "/*.log"};
    target.options.filename_label = false;
    target.options.follow = true;
    target.options.settle_ns = 0;
    cli::Context context("glp-tail");
    KnownFiles known;
    known.Load(positions);
    known.ExpectPositions();
    RecordWriter writer(out);
    Follower follower(context, *PathSet::Make({target}), {}, known, writer, false);
    (void)follower.Run().ok();
    _exit(1);
  }

  // The numbers of the lines that came; nothing where the follower made no such call before it had
  // sent all.
  std::optional<std::vector<int>> LinesWhereRotatedAt(int call) {
    fs::remove_all(folder_);
    fs::create_directory(folder_);
    Rotated log(folder_, GetParam().way);
    const cli::Positions positions = Delivered(log);
    log.Step(GetParam().before);
    int out[2], ask[2], go[2];
    EXPECT_TRUE(pipe(out) == 0 && pipe(ask) == 0 && pipe(go) == 0);
    const pid_t child = fork();
    if (child == 0) {
      close(out[0]);
      close(ask[0]);
      close(go[1]);
      WaitingFiles files(call, ask[1], go[0]);
      Follow(folder_, positions, out[1]);
    }
    for (int fd : {out[1], ask[1], go[0]}) close(fd);
    std::string text;
    std::vector<int> numbers;
    bool asked = false;
    pollfd fds[] = {{out[0], POLLIN, 0}, {ask[0], POLLIN, 0}};
    while (static_cast<int>(numbers.size()) < log.lines() - GetParam().delivered &&
           poll(fds, 2, kPatienceMs) > 0) {
      char bytes[4096];
      if (fds[1].revents != 0) {
        if (read(ask[0], bytes, 1) != 1) break;
        log.Step(GetParam().during);
        asked = true;
        fds[1].fd = -1;
        EXPECT_EQ(write(go[1], bytes, 1), 1);
      }
      if (fds[0].revents == 0) continue;
      const ssize_t n = read(out[0], bytes, sizeof bytes);
      if (n <= 0) break;
      text.append(bytes, static_cast<size_t>(n));
      numbers = NumbersIn(text);
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    for (int fd : {out[0], ask[0], go[1]}) close(fd);
    expected_.resize(static_cast<size_t>(log.lines() - GetParam().delivered));
    std::iota(expected_.begin(), expected_.end(), GetParam().delivered);
    return asked ? std::optional(numbers) : std::nullopt;
  }

  static std::vector<int> NumbersIn(std::string_view text) {
    constexpr std::string_view kLine = "\"line\":\"n=";
    std::vector<int> numbers;
    for (size_t at = text.find(kLine); at != std::string_view::npos;
         at = text.find(kLine, at + 1)) {
      if (text.find('\n', at) == std::string_view::npos) break;
      numbers.push_back(std::atoi(text.data() + at + kLine.size()));
    }
    return numbers;
  }

  std::string folder_;
  std::vector<int> expected_;
};

TEST_P(FollowerTest, EachLineComesOnceWheneverTheLogIsRotated) {
  int call = 0;
  while (auto numbers = LinesWhereRotatedAt(call)) {
    ASSERT_EQ(*numbers, expected_) << "rotated in front of call " << call;
    ++call;
  }
  EXPECT_GT(call, 10);
}

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (Way way : {Way::kKubelet, Way::kDocker}) {
    const int steps = way == Way::kKubelet ? 5 : 6;
    const int no_log = way == Way::kKubelet ? 4 : 2;  // so many steps of a rotation leave none
    for (int before = 2 * steps; before < 3 * steps; ++before) {
      for (int during : {3, 2 * steps}) {
        if ((before + during) % steps == no_log) continue;  // what it waits for
        cases.push_back({way, before % 2 == 0 ? kLines : 1, before, during});
      }
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Start, FollowerTest, testing::ValuesIn(AllCases()), [](const auto& info) {
  const Case& one = info.param;
  return std::string(one.way == Way::kKubelet ? "Kubelet" : "Docker") + "Delivered" +
         std::to_string(one.delivered) + "Before" + std::to_string(one.before) + "During" +
         std::to_string(one.during);
});

}  // namespace
}  // namespace glp::tail
