// What stands beside the file of a path under other names and was not read to its end: generations
// that were rotated away while nobody looked.
// Threads: one at a time. Errors: none; what cannot be looked at is left out.
// Cost:    a folder is listed once in the life of a search, however many paths are asked for, and
//          again when it has changed since: names that come and go while it is read, and files that
//          are renamed before they are looked at, are in no list.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "io/file_identity.h"
#include "io/generation.h"
#include "known_files.h"
#include "paths.h"
#include "record_writer.h"
#include "source_file.h"

namespace glp::tail {

// The kernel's times of files are of its last tick, at most so long ago.
inline constexpr int64_t kTickNs = 20 * kNsPerMs;

// The file from which on all of a log is to be read; younger ones that are not known were missed.
struct Since {
  int64_t birth_ns = 0;     // 0: none was missed, only what is known may have to be read on
  int64_t modified_ns = 0;  // its last change
  bool by_change = false;   // what was changed later is younger, whenever it was made
};

class MissedSearch {
 public:
  // `is_read`: is being read anyway.
  MissedSearch(KnownFiles& known, std::function<bool(const io::FileState&)> is_read)
      : known_(known), is_read_(std::move(is_read)) {}

  // Opens the files to be read before that of `path`, oldest first. `current`: that file as it was
  // opened, which may be elsewhere by now; nullptr where it is not open. What came after it is left
  // to the search that is due when the path is seen to name another file. At the start marks of
  // known ones of which nothing is missing are written to `mention`; later that is nullptr.
  std::vector<std::unique_ptr<SourceFile>> Open(const std::string& path,
                                                const SourceFile::Options& options,
                                                const Since& since, const io::FileState* current,
                                                RecordWriter* mention);

 private:
  // kOpen: read anyway, but that says nothing of those before it. kCurrent: `current_` or its copy.
  enum class Standing { kNew, kLive, kCurrent, kOpen, kRead, kReadOn, kDone, kUnknowable };
  struct Folder {
    std::vector<std::string> names;
    std::optional<io::FileState> state;  // from before it was read
    int64_t listed_ns = 0;
  };
  // What was looked at for one path.
  struct Looked {
    std::string folder;
    std::string log;
    std::vector<io::Generation> all;
  };
  Standing Judge(const io::Generation& one, const std::string& path, RecordWriter* mention);
  std::vector<io::Generation> Find(const std::string& path, const Since& since,
                                   RecordWriter* mention);
  void FindBeside(const std::string& path, const std::string& place, const Since& since,
                  RecordWriter* mention, std::vector<io::Generation>* missed);
  const Folder& List(const std::string& folder);
  bool IsOutdated(const Looked& looked);

  KnownFiles& known_;
  std::function<bool(const io::FileState&)> is_read_;
  std::map<std::string, Folder> folders_;
  std::vector<Looked> looked_;
  const io::FileState* current_ = nullptr;
  bool at_start_ = false;
  bool outdated_ = false;  // a file is no longer where it was listed
};

// The paths to search at the start, each with its target.
struct ToSearch {
  std::string path;
  std::shared_ptr<const Target> target;
  Since since;
  std::optional<io::FileState> unless = {};  // this file is what was then opened there
};
// Looks at `found` for what is known; gives the paths of logs that came after the last run, and of
// others of which nothing is known, should they be rotated before they are open.
std::vector<ToSearch> SurveyStart(KnownFiles& known, const std::vector<Found>& found);
// Adds those of known files that are elsewhere now. To be called when those of `found` that are to
// be open already are: one may have been rotated away between the survey and that.
void AddNotFound(KnownFiles& known, const PathSet& paths, const std::vector<Found>& found,
                 std::vector<ToSearch>* to_search);

}  // namespace glp::tail
