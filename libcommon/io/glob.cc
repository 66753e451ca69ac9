#include "io/glob.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <set>

namespace glp::io {
namespace {

Status BadPattern(std::string_view pattern, std::string_view why) {
  return UsageError("pattern '" + std::string(pattern) + "': " + std::string(why));
}

// The code point at `at`, which moves behind it; a byte that is no UTF-8 stands for itself.
uint32_t NextRune(std::string_view text, size_t* at) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  uint8_t first = byte((*at)++);
  int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
  if (more == 0 || *at + static_cast<size_t>(more) > text.size()) return first;
  uint32_t rune = first & (0x3Fu >> more);
  for (int i = 0; i < more; ++i) {
    uint8_t next = byte(*at + static_cast<size_t>(i));
    if ((next & 0xC0) != 0x80) return first;
    rune = rune << 6 | (next & 0x3F);
  }
  *at += static_cast<size_t>(more);
  return rune;
}

// Where the class whose '[' is at `at` ends (behind its ']'), npos where it is not closed.
size_t ClassEnd(std::string_view pattern, size_t at) {
  size_t i = at + 1;
  if (i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^')) ++i;
  for (bool first = true; i < pattern.size(); first = false) {
    if (pattern[i] == ']' && !first) return i + 1;
    i += pattern[i] == '\\' ? 2 : 1;
  }
  return std::string_view::npos;
}

// REQUIRES: the class is closed.
bool ClassHas(std::string_view inside, uint32_t rune) {
  bool negated = !inside.empty() && (inside[0] == '!' || inside[0] == '^');
  size_t i = negated ? 1 : 0;
  bool found = false;
  auto next = [&] {
    if (inside[i] == '\\' && i + 1 < inside.size()) ++i;
    return NextRune(inside, &i);
  };
  while (i < inside.size()) {
    uint32_t low = next();
    uint32_t high = low;
    if (i + 1 < inside.size() && inside[i] == '-') {
      ++i;
      high = next();
    }
    if (low <= rune && rune <= high) found = true;
  }
  return found != negated;
}

// One path component. REQUIRES: `pattern` was checked by CheckComponent.
bool MatchName(std::string_view pattern, std::string_view name) {
  constexpr size_t kNone = std::string_view::npos;
  size_t p = 0, n = 0, star_p = kNone, star_n = 0;
  while (n < name.size()) {
    bool ok = false;
    size_t next_n = n;
    if (p < pattern.size()) {
      switch (pattern[p]) {
        case '*':
          star_p = ++p;
          star_n = n;
          continue;
        case '?':
          NextRune(name, &next_n);
          ++p;
          ok = true;
          break;
        case '[': {
          size_t end = ClassEnd(pattern, p);
          ok = ClassHas(pattern.substr(p + 1, end - p - 2), NextRune(name, &next_n));
          p = end;
          break;
        }
        case '\\':
          ++p;
          [[fallthrough]];
        default:
          ok = pattern[p] == name[n];
          ++p;
          ++next_n;
      }
    }
    if (ok) {
      n = next_n;
    } else if (star_p != kNone) {
      // The last star takes one character more; those before it never need to.
      NextRune(name, &star_n);
      p = star_p;
      n = star_n;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Status CheckComponent(std::string_view component, std::string_view pattern) {
  for (size_t i = 0; i < component.size(); ++i) {
    if (component[i] == '\\') {
      if (++i == component.size()) return BadPattern(pattern, "nothing stands behind the last \\");
    } else if (component[i] == '[') {
      size_t end = ClassEnd(component, i);
      if (end == std::string_view::npos) return BadPattern(pattern, "a [ is not closed by ]");
      i = end - 1;
    }
  }
  return Status::Ok();
}

bool IsWild(std::string_view component) {
  for (size_t i = 0; i < component.size(); ++i) {
    if (component[i] == '\\') {
      ++i;
    } else if (component[i] == '*' || component[i] == '?' || component[i] == '[') {
      return true;
    }
  }
  return false;
}

std::string Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

// Appends the patterns that `pattern` means when its braces are written out.
Status ExpandBraces(const std::string& pattern, std::vector<std::string>* out) {
  size_t open = std::string::npos;
  std::vector<size_t> cuts;  // the commas of the first brace, then its end
  int depth = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    if (c == '\\') {
      ++i;
    } else if (c == '[') {
      size_t end = ClassEnd(pattern, i);
      if (end != std::string::npos) i = end - 1;
    } else if (c == '{') {
      if (depth++ == 0) open = i;
    } else if (c == ',' && depth == 1) {
      cuts.push_back(i);
    } else if (c == '}' && depth > 0 && --depth == 0) {
      cuts.push_back(i);
      break;
    }
  }
  if (depth > 0) return BadPattern(pattern, "a { is not closed by }");
  if (open == std::string::npos) {
    out->push_back(pattern);
    return Status::Ok();
  }
  size_t from = open + 1;
  for (size_t cut : cuts) {
    GLP_RETURN_IF_ERROR(ExpandBraces(pattern.substr(0, open) + pattern.substr(from, cut - from) +
                                         pattern.substr(cuts.back() + 1),
                                     out));
    if (out->size() > 10'000) return BadPattern(pattern, "its braces mean over 10,000 patterns");
    from = cut + 1;
  }
  return Status::Ok();
}

std::vector<std::string_view> Components(std::string_view path) {
  std::vector<std::string_view> out;
  while (!path.empty()) {
    size_t slash = path.find('/');
    if (slash != 0) out.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return out;
}

const char* Openable(const std::string& folder) { return folder.empty() ? "." : folder.c_str(); }

enum class EntryKind { kFile, kFolder, kOther };

EntryKind Look(const std::string& path, bool* is_link, unsigned char type) {
  if (type == DT_REG) return EntryKind::kFile;
  if (type == DT_DIR) return EntryKind::kFolder;
  if (type != DT_LNK && type != DT_UNKNOWN) return EntryKind::kOther;
  *is_link = true;
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return EntryKind::kOther;
  return S_ISREG(info.st_mode)   ? EntryKind::kFile
         : S_ISDIR(info.st_mode) ? EntryKind::kFolder
                                 : EntryKind::kOther;
}

// Whether the folder behind the link `path` is one of the folders that lead to it.
bool IsLoop(const std::string& path) {
  struct stat target;
  if (stat(path.c_str(), &target) != 0) return true;
  auto is_target = [&](const std::string& folder) {
    struct stat info;
    return stat(Openable(folder), &info) == 0 && info.st_dev == target.st_dev &&
           info.st_ino == target.st_ino;
  };
  for (size_t slash = path.rfind('/'); slash != std::string::npos && slash > 0;
       slash = path.rfind('/', slash - 1)) {
    if (is_target(path.substr(0, slash))) return true;
  }
  return is_target(path[0] == '/' ? "/" : "");
}

}  // namespace

bool HasGlobCharacters(std::string_view text) {
  return text.find_first_of("*?[{\\") != std::string_view::npos;
}

std::string JoinPath(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (!path.empty() && path.back() != '/') path += '/';
  return path += name;
}

Status Glob::AddChain(std::string_view pattern, std::vector<Chain>* chains) {
  Chain chain;
  chain.absolute = !pattern.empty() && pattern[0] == '/';
  for (std::string_view text : Components(pattern)) {
    GLP_RETURN_IF_ERROR(CheckComponent(text, pattern));
    if (text == "**") {
      // `**/**` means no more than `**`, but would tell each file many times.
      if (chain.components.empty() || chain.components.back().kind != Component::Kind::kAnyDepth) {
        chain.components.push_back({Component::Kind::kAnyDepth, {}});
      }
    } else if (IsWild(text)) {
      chain.components.push_back({Component::Kind::kWild, std::string(text)});
    } else {
      chain.components.push_back({Component::Kind::kLiteral, Unescape(text)});
    }
  }
  if (!chain.components.empty()) chains->push_back(std::move(chain));
  return Status::Ok();
}

Result<Glob> Glob::Parse(std::string_view pattern) {
  std::vector<std::string> plain;
  GLP_RETURN_IF_ERROR(ExpandBraces(std::string(pattern), &plain));
  Glob glob;
  for (const std::string& one : plain) GLP_RETURN_IF_ERROR(AddChain(one, &glob.chains_));
  return glob;
}

Glob Glob::Literal(std::string_view path) {
  Glob glob;
  Chain chain;
  chain.absolute = !path.empty() && path[0] == '/';
  for (std::string_view text : Components(path)) {
    chain.components.push_back({Component::Kind::kLiteral, std::string(text)});
  }
  if (!chain.components.empty()) glob.chains_.push_back(std::move(chain));
  return glob;
}

struct Glob::Walker {
  using Kind = Component::Kind;
  const Chain& chain;
  const GlobVisitor& visitor;

  void TellFolder(const std::string& folder) const {
    if (visitor.folder) visitor.folder(folder);
  }
  void TellFile(const std::string& path) const {
    if (visitor.file) visitor.file(path);
  }

  // Everything below `folder` that components from `i` on match.
  void Folder(const std::string& folder, size_t i) const {
    const Component& component = chain.components[i];
    if (component.kind == Kind::kLiteral) {
      // Also a folder that only leads on: what it leads to may be removed and made anew.
      TellFolder(folder);
      std::string path = JoinPath(folder, component.text);
      bool is_link = false;
      EntryKind kind = Look(path, &is_link, DT_UNKNOWN);
      bool last = i + 1 == chain.components.size();
      if (last && kind == EntryKind::kFile) TellFile(path);
      if (!last && kind == EntryKind::kFolder) Folder(path, i + 1);
      return;
    }
    TellFolder(folder);
    DIR* handle = opendir(Openable(folder));
    if (handle == nullptr) {
      if (errno != ENOENT && errno != ENOTDIR && visitor.unreadable) {
        visitor.unreadable(folder, errno);
      }
      return;
    }
    std::vector<std::pair<std::string, unsigned char>> entries;
    while (const dirent* entry = readdir(handle)) {
      std::string_view name = entry->d_name;
      if (name != "." && name != "..") entries.emplace_back(name, entry->d_type);
    }
    closedir(handle);
    for (const auto& [name, type] : entries) Entry(folder, name, type, i);
  }

  // The entry `name` of `folder`, looked at by components from `i` on.
  void Entry(const std::string& folder, const std::string& name, unsigned char type,
             size_t i) const {
    const Component& component = chain.components[i];
    bool last = i + 1 == chain.components.size();
    switch (component.kind) {
      case Kind::kLiteral:
        if (name != component.text) return;
        break;
      case Kind::kWild:
        if (!MatchName(component.text, name)) return;
        break;
      case Kind::kAnyDepth:
        if (!last) Entry(folder, name, type, i + 1);
        break;
    }
    std::string path = JoinPath(folder, name);
    bool is_link = false;
    EntryKind kind = Look(path, &is_link, type);
    if (kind == EntryKind::kFile && last) TellFile(path);
    if (kind != EntryKind::kFolder) return;
    if (component.kind == Kind::kAnyDepth) {
      if (!is_link || !IsLoop(path)) Folder(path, i);
    } else if (!last) {
      Folder(path, i + 1);
    }
  }

  // Indexes of the components that look at the entries of a folder with these components;
  // components.size() stands for "all of them have matched".
  std::set<size_t> States(const std::vector<std::string_view>& folder) const {
    const auto& components = chain.components;
    std::set<size_t> states;
    auto add = [&](std::set<size_t>* to, size_t i) {
      to->insert(i);
      if (i < components.size() && components[i].kind == Kind::kAnyDepth) to->insert(i + 1);
    };
    add(&states, 0);
    for (std::string_view name : folder) {
      std::set<size_t> next;
      for (size_t i : states) {
        if (i == components.size()) continue;
        switch (components[i].kind) {
          case Kind::kAnyDepth:
            add(&next, i);
            break;
          case Kind::kLiteral:
            if (components[i].text == name) add(&next, i + 1);
            break;
          case Kind::kWild:
            if (MatchName(components[i].text, name)) add(&next, i + 1);
            break;
        }
      }
      states = std::move(next);
    }
    return states;
  }
};

bool Glob::Matches(std::string_view path) const {
  static const GlobVisitor kNobody;
  bool absolute = !path.empty() && path[0] == '/';
  std::vector<std::string_view> components = Components(path);
  return std::any_of(chains_.begin(), chains_.end(), [&](const Chain& chain) {
    if (chain.absolute != absolute) return false;
    return Walker{chain, kNobody}.States(components).count(chain.components.size()) > 0;
  });
}

void Glob::Walk(const GlobVisitor& visitor) const {
  for (const Chain& chain : chains_) {
    Walker{chain, visitor}.Folder(chain.absolute ? "/" : "", 0);
  }
}

void Glob::WalkFrom(const std::string& folder, const std::string& name,
                    const GlobVisitor& visitor) const {
  bool absolute = !folder.empty() && folder[0] == '/';
  std::vector<std::string_view> components = Components(folder);
  for (const Chain& chain : chains_) {
    if (chain.absolute != absolute) continue;
    Walker walker{chain, visitor};
    std::set<size_t> states = walker.States(components);
    for (size_t i : states) {
      // Entry goes from a `**` to the component behind it by itself.
      bool covered = i > 0 && states.count(i - 1) > 0 &&
                     chain.components[i - 1].kind == Component::Kind::kAnyDepth;
      if (i < chain.components.size() && !covered) walker.Entry(folder, name, DT_UNKNOWN, i);
    }
  }
}

}  // namespace glp::io
