// What the command line names: files, globs, "-", less what is excluded.
// Lifetime: a value. Threads: const from any.
// Errors:   Code::kUsage for a pattern that is not closed. A file that is not there is no error.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/glob.h"

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
};

// One spelling for paths that differ in "." and "//" only: for telling them apart.
std::string PlainPath(const std::string& path);

class PathSet {
 public:
  // A path that exists is taken literally, whatever characters are in it.
  static Result<PathSet> Make(const std::vector<std::string>& arguments,
                              const std::vector<std::string>& excludes);

  // All there is now: arguments in their order, the matches of each sorted, each path once.
  std::vector<Found> Find() const;
  // The same, told as it is met; also the folders in which more may appear. Paths may come twice.
  void Walk(const io::GlobVisitor& visitor) const;
  // Of it what begins with the entry `name` of `folder`.
  void WalkFrom(const std::string& folder, const std::string& name,
                const io::GlobVisitor& visitor) const;
  bool Excluded(const std::string& path) const;
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
  io::GlobVisitor Filtered(const io::GlobVisitor& visitor) const;

  std::vector<Argument> arguments_;
  std::vector<Exclude> excludes_;
  std::string working_folder_;
};

}  // namespace glp::tail
