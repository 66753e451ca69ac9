#include "paths.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <map>
#include <set>
#include <utility>

#include "io/file_identity.h"
#include "io/generation.h"

namespace glp::tail {
namespace {

bool Exists(const std::string& path) {
  int error = 0;
  return io::LookAtPath(path, &error).ok() || (error != ENOENT && error != ENOTDIR);
}

// In their order, but those of one log together, where the first of them was.
std::vector<std::string> OldestFirst(const std::set<std::string>& paths) {
  std::map<std::string, std::vector<io::Generation>> logs;
  for (const std::string& path : paths) {
    io::Generation one;
    one.path = path;
    one.name = io::ParseGenerationName(path);
    logs[one.name.log].push_back(std::move(one));
  }
  std::vector<std::string> sorted;
  for (const std::string& path : paths) {
    auto log = logs.find(io::ParseGenerationName(path).log);
    if (log == logs.end()) continue;
    std::vector<io::Generation>& all = log->second;
    if (all.size() > 1) {
      for (io::Generation& one : all) {
        if (auto state = io::LookAtPath(one.path); state.ok()) one.state = *state;
      }
      io::SortOldestFirst(&all);
    }
    for (io::Generation& one : all) sorted.push_back(std::move(one.path));
    logs.erase(log);
  }
  return sorted;
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

Result<PathSet> PathSet::Make(std::vector<Target> targets) {
  PathSet set;
  for (Target& target : targets) {
    Group group;
    for (const std::string& text : target.paths) {
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
      group.arguments.push_back(std::move(argument));
    }
    for (const std::string& text : target.excludes) {
      Exclude exclude;
      std::string plain = PlainPath(text);
      GLP_ASSIGN_OR_RETURN(exclude.glob, io::Glob::Parse(plain));
      exclude.name_only = text.find('/') == std::string::npos;
      exclude.absolute = !text.empty() && text[0] == '/';
      group.excludes.push_back(std::move(exclude));
    }
    group.target = std::make_shared<const Target>(std::move(target));
    set.groups_.push_back(std::move(group));
  }
  char folder[PATH_MAX];
  if (getcwd(folder, sizeof folder) != nullptr) set.working_folder_ = folder;
  return set;
}

bool PathSet::Excluded(const Group& group, const std::string& path) const {
  if (group.excludes.empty()) return false;
  std::string plain = PlainPath(path);
  std::string name = plain.substr(plain.rfind('/') + 1);
  for (const Exclude& exclude : group.excludes) {
    bool relative = plain.empty() || plain[0] != '/';
    if (exclude.glob.Matches(exclude.name_only              ? name
                             : exclude.absolute && relative ? working_folder_ + "/" + plain
                                                            : plain)) {
      return true;
    }
  }
  return false;
}

std::shared_ptr<const Target> PathSet::TargetOf(const std::string& path) const {
  std::string plain = PlainPath(path);
  for (const Group& group : groups_) {
    for (const Argument& argument : group.arguments) {
      if (argument.is_stdin) continue;
      bool meant =
          argument.literal ? PlainPath(argument.text) == plain : argument.glob.Matches(plain);
      if (meant && !Excluded(group, path)) return group.target;
    }
  }
  return nullptr;
}

bool PathSet::HasGlobs() const {
  for (const Group& group : groups_) {
    for (const Argument& argument : group.arguments) {
      if (!argument.is_stdin && !argument.literal) return true;
    }
  }
  return false;
}

bool PathSet::HasStdin() const {
  for (const Group& group : groups_) {
    for (const Argument& argument : group.arguments) {
      if (argument.is_stdin) return true;
    }
  }
  return false;
}

std::vector<Found> PathSet::Find() const {
  std::vector<Found> all;
  std::set<std::string> seen;
  for (const Group& group : groups_) {
    for (const Argument& argument : group.arguments) {
      if (argument.is_stdin) {
        if (seen.insert("").second)
          all.push_back({Found::Kind::kStdin, "-", true, 0, group.target});
        continue;
      }
      if (argument.literal) {
        if (!Excluded(group, argument.text) && seen.insert(PlainPath(argument.text)).second) {
          all.push_back({Found::Kind::kFile, argument.text, true, 0, group.target});
        }
        continue;
      }
      std::set<std::string> matches;
      io::GlobVisitor visitor;
      visitor.file = [&](const std::string& path) { matches.insert(path); };
      visitor.unreadable = [&](const std::string& folder, int error) {
        all.push_back({Found::Kind::kUnreadable, folder.empty() ? "." : folder, false, error, {}});
      };
      argument.glob.Walk(visitor);
      if (matches.empty()) {
        all.push_back({Found::Kind::kNothing, argument.text, false, 0, group.target});
      }
      for (const std::string& path : OldestFirst(matches)) {
        if (!Excluded(group, path) && seen.insert(PlainPath(path)).second) {
          all.push_back({Found::Kind::kFile, path, false, 0, group.target});
        }
      }
    }
  }
  return all;
}

io::GlobVisitor PathSet::VisitorOf(const Group& group, const PathVisitor& visitor) const {
  io::GlobVisitor of_group;
  of_group.folder = visitor.folder;
  of_group.unreadable = visitor.unreadable;
  of_group.file = [this, &group, &visitor](const std::string& path) {
    if (visitor.file && !Excluded(group, path)) visitor.file(path, group.target);
  };
  return of_group;
}

void PathSet::Walk(const PathVisitor& visitor) const {
  for (const Group& group : groups_) {
    io::GlobVisitor of_group = VisitorOf(group, visitor);
    for (const Argument& argument : group.arguments) argument.glob.Walk(of_group);
  }
}

void PathSet::WalkFrom(const std::string& folder, const std::string& name,
                       const PathVisitor& visitor) const {
  for (const Group& group : groups_) {
    io::GlobVisitor of_group = VisitorOf(group, visitor);
    for (const Argument& argument : group.arguments) {
      argument.glob.WalkFrom(folder, name, of_group);
    }
  }
}

}  // namespace glp::tail
