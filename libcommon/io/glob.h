// File name patterns: `*` `?` `[a-z]` `[!a]` `[^a]` within a name, `**` as a whole path component
// (any number of folders, none included), `{a,b}` anywhere (also nested, also with slashes), `\`
// takes the next character as it is. Names with a leading dot match like any other.
// Lifetime: values. Threads: const from any.
// Errors:   Code::kUsage for a pattern that is not closed. A folder that cannot be listed is told
//           to the visitor and does not end a walk; one that is not there is no error.
// Source:   the rules of doublestar v4, which promtail's __path__ follows.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace glp::io {

// What a walk meets. Functions that are not set are not called.
struct GlobVisitor {
  // A regular file, or a link to one, that matches. A file may be told more than once.
  std::function<void(const std::string& path)> file;
  // A folder in which a name that comes or goes may change what matches: one to watch. Told before
  // it is looked into. "" is the working folder.
  std::function<void(const std::string& folder)> folder;
  std::function<void(const std::string& folder, int error)> unreadable;
};

class Glob {
 public:
  static Result<Glob> Parse(std::string_view pattern);
  // The one path `path`, whatever characters are in it.
  static Glob Literal(std::string_view path);

  bool Matches(std::string_view path) const;
  // All that matches now. Links to folders are followed, but `**` never goes round a loop.
  void Walk(const GlobVisitor& visitor) const;
  // Of a walk the part that begins with the entry `name` of `folder`, a folder as a walk told it.
  // Cost: that of what is below the entry, so an event of a watched folder costs no whole walk.
  void WalkFrom(const std::string& folder, const std::string& name,
                const GlobVisitor& visitor) const;

 private:
  struct Component {
    enum class Kind { kLiteral, kWild, kAnyDepth };
    Kind kind;
    std::string text;  // unescaped if kLiteral
  };
  // A pattern without braces.
  struct Chain {
    bool absolute = false;
    std::vector<Component> components;
  };
  struct Walker;
  static Status AddChain(std::string_view pattern, std::vector<Chain>* chains);

  std::vector<Chain> chains_;
};

// Whether `text` has a character that Glob::Parse reads specially.
bool HasGlobCharacters(std::string_view text);
// `name` within `folder` as walks spell it: "" + "a" is "a", "/" + "a" is "/a".
std::string JoinPath(std::string_view folder, std::string_view name);

}  // namespace glp::io
