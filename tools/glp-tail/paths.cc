#include "paths.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <set>

#include "io/file_identity.h"

namespace glp::tail {
namespace {

bool Exists(const std::string& path) {
  int error = 0;
  return io::LookAtPath(path, &error).ok() || (error != ENOENT && error != ENOTDIR);
}

}  // namespace

std::string PlainPath(const std::string& path) {
  std::string out;
  size_t at = 0;
  while (at < path.size()) {
    size_t slash = path.find('/', at);
    size_t end = slash == std::string::npos ? path.size() : slash;
    std::string_view part(path.data() + at, end - at);
    if (part.empty() ? out.empty() : part != ".") {
      out += part;
      if (slash != std::string::npos) out += '/';
    }
    at = end + 1;
  }
  return out;
}

Result<PathSet> PathSet::Make(const std::vector<std::string>& arguments,
                              const std::vector<std::string>& excludes) {
  PathSet set;
  for (const std::string& text : arguments) {
    Argument argument;
    argument.text = text;
    if (text.empty()) return UsageError("an empty path names no file");
    if (text == "-") {
      argument.is_stdin = true;
    } else if (!io::HasGlobCharacters(text) || Exists(text)) {
      argument.literal = true;
      argument.glob = io::Glob::Literal(text);
    } else {
      GLP_ASSIGN_OR_RETURN(argument.glob, io::Glob::Parse(text));
    }
    set.arguments_.push_back(std::move(argument));
  }
  for (const std::string& text : excludes) {
    Exclude exclude;
    std::string plain = PlainPath(text);
    GLP_ASSIGN_OR_RETURN(exclude.glob, io::Glob::Parse(plain));
    exclude.name_only = text.find('/') == std::string::npos;
    exclude.absolute = !text.empty() && text[0] == '/';
    set.excludes_.push_back(std::move(exclude));
  }
  char folder[PATH_MAX];
  if (getcwd(folder, sizeof folder) != nullptr) set.working_folder_ = folder;
  return set;
}

bool PathSet::Excluded(const std::string& path) const {
  if (excludes_.empty()) return false;
  std::string plain = PlainPath(path);
  std::string name = plain.substr(plain.rfind('/') + 1);
  for (const Exclude& exclude : excludes_) {
    bool relative = plain.empty() || plain[0] != '/';
    if (exclude.glob.Matches(exclude.name_only              ? name
                             : exclude.absolute && relative ? working_folder_ + "/" + plain
                                                            : plain)) {
      return true;
    }
  }
  return false;
}

bool PathSet::HasGlobs() const {
  return std::any_of(arguments_.begin(), arguments_.end(), [](const Argument& argument) {
    return !argument.is_stdin && !argument.literal;
  });
}

bool PathSet::HasStdin() const {
  return std::any_of(arguments_.begin(), arguments_.end(),
                     [](const Argument& argument) { return argument.is_stdin; });
}

std::vector<Found> PathSet::Find() const {
  std::vector<Found> all;
  std::set<std::string> seen;
  for (const Argument& argument : arguments_) {
    if (argument.is_stdin) {
      if (seen.insert("").second) all.push_back({Found::Kind::kStdin, "-", true});
      continue;
    }
    if (argument.literal) {
      if (!Excluded(argument.text) && seen.insert(PlainPath(argument.text)).second) {
        all.push_back({Found::Kind::kFile, argument.text, true});
      }
      continue;
    }
    std::set<std::string> matches;
    io::GlobVisitor visitor;
    visitor.file = [&](const std::string& path) { matches.insert(path); };
    visitor.unreadable = [&](const std::string& folder, int error) {
      all.push_back({Found::Kind::kUnreadable, folder.empty() ? "." : folder, false, error});
    };
    argument.glob.Walk(visitor);
    if (matches.empty()) all.push_back({Found::Kind::kNothing, argument.text});
    for (const std::string& path : matches) {
      if (!Excluded(path) && seen.insert(PlainPath(path)).second) {
        all.push_back({Found::Kind::kFile, path});
      }
    }
  }
  return all;
}

io::GlobVisitor PathSet::Filtered(const io::GlobVisitor& visitor) const {
  io::GlobVisitor filtered = visitor;
  filtered.file = [this, &visitor](const std::string& path) {
    if (visitor.file && !Excluded(path)) visitor.file(path);
  };
  return filtered;
}

void PathSet::Walk(const io::GlobVisitor& visitor) const {
  io::GlobVisitor filtered = Filtered(visitor);
  for (const Argument& argument : arguments_) argument.glob.Walk(filtered);
}

void PathSet::WalkFrom(const std::string& folder, const std::string& name,
                       const io::GlobVisitor& visitor) const {
  io::GlobVisitor filtered = Filtered(visitor);
  for (const Argument& argument : arguments_) argument.glob.WalkFrom(folder, name, filtered);
}

}  // namespace glp::tail
