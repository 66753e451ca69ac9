// Lines of one event put together: a block begins with a line that `firstline` matches, and what
// follows in the same stream is joined to it with newlines. The block has the time, labels, fields
// and metadata of its first line and the `src` of its last one. It leaves when the next first line
// comes, when it has max_lines lines, when nothing was added to it for max_wait (counted only while
// there is nothing to read), and at the end.
//
// As promtail: lines of a stream in front of its first `firstline` pass as they are; what follows
// behind a block that left for its size or age is a block of its own with the time and labels of
// that one. Different on purpose: metadata is kept; lines of two files do not mix where their `src`
// tells them apart, also where the labels are the same; an empty line at the start of a block is a
// line (as promtail does not send it, as_promtail drops it and says so).
//
// Bounded:  beyond max_bytes held the oldest block leaves as it is; beyond max_streams the stream
//           that was silent for longest is forgotten, as if no first line had been seen.
// Threads:  one at a time.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "base/time.h"
#include "codec/regex.h"
#include "stages/build.h"
#include "stages/held_entry.h"
#include "stages/stage.h"

namespace glp::stages {

class MultilineStage : public Stage {
 public:
  struct Options {
    std::string firstline;  // RE2, not anchored
    int64_t max_wait_ns = 3 * kNsPerSecond;
    uint64_t max_lines = 128;  // 0: any number
    size_t max_bytes = size_t{256} << 20;
    size_t max_streams = 10'000;
    bool as_promtail = false;
  };
  // So many other lines may pass a block that is older than max_wait before it leaves, where there
  // is always something to read.
  static constexpr uint64_t kMaxPassing = 10'000;

  // Errors: Code::kUsage for an expression that is none.
  static Result<std::unique_ptr<MultilineStage>> Make(Options options);
  Verdict Process(StageEntry& entry, StageRun& run) override;
  bool holds() const override { return true; }
  void ReleaseFile(std::string_view id, StageRun& run) override;
  void ReleaseAll(StageRun& run) override;
  int64_t deadline_ns() const override;
  void OnTime(StageRun& run) override;

 private:
  // A stream whose first line was seen.
  struct Stream {
    uint64_t key;
    std::string id;      // of its file
    HeldEntry start;     // the first line, without its text
    uint64_t lines = 0;  // of the block; 0: it has left
    std::string text;
    std::string src;      // of the last line
    uint64_t number = 0;  // of the first line of the block
    int64_t touched_ns = 0;
    uint64_t touched = 0;  // as in clock_
  };
  using Iterator = std::list<Stream>::iterator;

  MultilineStage(Options options, codec::GroupRegex firstline)
      : options_(std::move(options)), firstline_(std::move(firstline)) {}
  static uint64_t KeyOf(const StageEntry& entry, std::string_view id);
  // silent_.end() where there is none.
  Iterator Find(const StageEntry& entry, uint64_t key, std::string_view id);
  Iterator Open(uint64_t key, std::string_view id, StageRun& run);
  void MakeRoom(Iterator stream, size_t bytes, StageRun& run);
  void Release(Iterator stream, StageRun& run);
  void Complete(Iterator stream, StageEntry* entry, StageRun& run);
  void Close(Iterator stream);
  static void Clear(std::string* text);
  void Forget(Iterator stream);
  void ReleaseLate(StageRun& run);

  Options options_;
  codec::GroupRegex firstline_;
  // Those with a block, and those without; in each the one touched longest ago first.
  std::list<Stream> open_, silent_;
  std::unordered_map<uint64_t, Iterator> streams_;
  size_t bytes_ = 0;
  uint64_t clock_ = 0;
  StageEntry entry_;
  std::string leaving_;  // the text of the block that the entry at work became
};

std::unique_ptr<Stage> ReadMultilineStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
