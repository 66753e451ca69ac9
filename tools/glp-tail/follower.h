// Reading on and on: all files of a set of paths in turns, a block each, so that a flood in one
// holds up no other. The kernel tells of files that grow and of names that come and go; where it
// cannot, everything is looked at four times a second. Every ten seconds all is looked at anyway,
// for what no event tells (a link on the way to a folder was turned elsewhere).
// Lifetime: what the constructor takes must outlive it. Threads: one at a time.
// Errors:   of stdout only (Code::kClosed where its reader is gone); those of files are said.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cli/main.h"
#include "followed_path.h"
#include "io/watch.h"
#include "known_files.h"
#include "missed.h"
#include "paths.h"
#include "record_writer.h"
#include "source_file.h"
#include "target.h"

namespace glp::tail {

class Follower {
 public:
  // `poll`: never ask the kernel.
  // `provider` may be empty.
  Follower(cli::Context& context, PathSet paths, TargetProvider provider, KnownFiles& known,
           RecordWriter& writer, bool poll);

  // Until a stop is asked for, or all there is are pipes that ended. Whether no file was given up.
  Result<bool> Run();

 private:
  // The start and what was missed (follower_start.cc).
  void Start();
  void ReadInOrder(const std::vector<Found>& found);
  void SearchAtStart(const std::vector<ToSearch>& to_search);
  void SearchMissed();
  bool WasRotatedOnce(const FollowedPath& followed) const;
  bool IsRead(const io::FileState& state) const;
  void AddMissed(FollowedPath& followed, std::vector<std::unique_ptr<SourceFile>> files);
  // The set of paths.
  void LookAtAll();
  FollowedPath& Add(const std::string& path, bool named,
                    const std::shared_ptr<const Target>& target);
  void TakeNewTargets();
  void DropEmpty();
  // Compares what the path names with what is open, and opens what is new.
  void Look(FollowedPath& followed);
  void Retire(FollowedPath& followed);
  void Open(FollowedPath& followed);
  void AddStdin(const std::shared_ptr<const Target>& target);
  bool TakeFromOther(FollowedPath& followed, OpenFile* open);
  bool ParkIdle();
  void Cannot(FollowedPath& followed, const Status& status, int error);
  // Watching (follower_watch.cc).
  void WatchFolder(const std::string& folder);
  void WatchFile(OpenFile& open);
  void FallBack(const Status& why);
  void FollowLinks(FollowedPath& followed);
  void OnEvent(const io::WatchEvent& event);
  void OnName(const std::string& folder, const std::string& name);
  void LookSoon();
  PathVisitor Visitor();
  // Index of the open files.
  void Know(FollowedPath& followed, const OpenFile& open);
  void Forget(FollowedPath& followed, const OpenFile& open);
  // The loop.
  void Queue(FollowedPath& followed);
  void ReadRound();
  void ReadOne(FollowedPath& followed);
  bool Step(FollowedPath& followed);
  void ReadPipe(FollowedPath& followed);
  Status Wait();
  int WaitMs() const;
  void OnTimers();
  bool IsOver() const;

  cli::Context& context_;
  PathSet paths_;
  TargetProvider provider_;
  KnownFiles& known_;
  RecordWriter& writer_;
  ReadBlock block_;
  io::Watcher watcher_;
  bool polling_;
  bool starting_ = true;
  bool over_ = false;
  bool all_well_ = true;

  std::unordered_map<std::string, std::unique_ptr<FollowedPath>> followed_;  // by PlainPath
  std::deque<FollowedPath*> ready_;
  std::set<FollowedPath*> timed_;  // those with a deadline
  std::vector<FollowedPath*> pipes_;
  std::vector<FollowedPath*> to_search_;         // their files may have missed predecessors
  std::unordered_set<FollowedPath*> held_back_;  // wait for a file that must be read before
  std::unordered_set<std::string> maybe_empty_;  // to be dropped when nothing is open any more
  std::unordered_multimap<int, FollowedPath*> by_watch_;
  std::unordered_multimap<uint64_t, FollowedPath*> by_inode_;
  std::unordered_multimap<std::string, FollowedPath*> by_name_;
  std::unordered_map<std::string, int> folders_;
  std::unordered_multimap<int, std::string> folder_names_;
  std::unordered_set<std::string> said_folders_;
  bool said_too_many_ = false;

  int64_t next_look_ns_ = 0;
  int64_t look_cost_ns_ = 0;
  int64_t next_held_back_ns_ = 0;
  int64_t started_ns_ = 0;  // of the clock on the wall
  int64_t last_flush_ns_ = 0;
  int64_t last_round_ns_ = 0;
};

}  // namespace glp::tail
