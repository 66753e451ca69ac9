// What a list of targets names: files, globs, "-", less what is excluded.
// Lifetime: a value; the targets live as long as any copy or anybody who holds one of them.
// Threads:  const from any.
// Errors:   Code::kUsage for a pattern that is not closed. A file that is not there is no error.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/glob.h"
#include "target.h"

namespace glp::tail {

struct Found {
  enum class Kind {
    kFile,        // a file to read
    kStdin,       // "-"
    kNothing,     // a glob that matches nothing; `path` is the glob
    kUnreadable,  // a folder that a glob leads into; `error` says why
  };
  Kind kind;
  std::string path;    // as matched
  bool named = false;  // given literally: read whatever it is, and an error if it is not there
  int error = 0;
  std::shared_ptr<const Target> target;  // of kFile and kStdin
};

// What a walk meets: as io::GlobVisitor, but that a file comes with its target.
struct PathVisitor {
  std::function<void(const std::string& path, const std::shared_ptr<const Target>&)> file;
  std::function<void(const std::string& folder)> folder;
  std::function<void(const std::string& folder, int error)> unreadable;
};

// One spelling for paths that differ in "." and "//" only: for telling them apart.
std::string PlainPath(const std::string& path);

class PathSet {
 public:
  // A path that exists is taken literally, whatever characters are in it.
  static Result<PathSet> Make(std::vector<Target> targets);

  // All there is now: the paths of the targets in their order, the matches of each sorted, but the
  // generations of a log from the oldest on, each path once.
  std::vector<Found> Find() const;
  // The same, told as it is met; also the folders in which more may appear. Paths may come twice.
  void Walk(const PathVisitor& visitor) const;
  // Of it what begins with the entry `name` of `folder`.
  void WalkFrom(const std::string& folder, const std::string& name,
                const PathVisitor& visitor) const;
  // The target of a path, if it is one of those meant; nullptr if none is.
  std::shared_ptr<const Target> TargetOf(const std::string& path) const;
  bool HasGlobs() const;
  bool HasStdin() const;

 private:
  struct Argument {
    std::string text;
    bool is_stdin = false;
    bool literal = false;
    io::Glob glob;
  };
  struct Exclude {
    io::Glob glob;
    bool name_only = false;  // without a slash it is about the last component
    bool absolute = false;
  };
  struct Group {
    std::shared_ptr<const Target> target;
    std::vector<Argument> arguments;
    std::vector<Exclude> excludes;
  };
  bool Excluded(const Group& group, const std::string& path) const;
  io::GlobVisitor VisitorOf(const Group& group, const PathVisitor& visitor) const;

  std::vector<Group> groups_;
  std::string working_folder_;
};

}  // namespace glp::tail
