// Paths with slashes; the os… functions of sprig are the same here as on any Unix.
#include <vector>

#include "codec/template_functions.h"
#include "codec/template_strings.h"

namespace glp::codec::tmpl {
namespace {

std::string_view BaseOf(std::string_view path) {
  if (path.empty()) return ".";
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  if (path == "/") return path;
  return path.substr(path.rfind('/') + 1);
}

// Without double slashes, "." and what ".." takes back.
Value Cleaned(RunState* run, std::string_view path) {
  if (path.empty()) return Value::Text(".");
  bool rooted = path[0] == '/';
  std::vector<std::string_view> parts;
  SplitText(path, "/", -1, [&](std::string_view part) {
    if (part.empty() || part == ".") return;
    if (part == ".." && !parts.empty() && parts.back() != "..") {
      parts.pop_back();
    } else if (part != ".." || !rooted) {
      parts.push_back(part);
    }
  });
  TextBuilder out(run);
  if (rooted) out.Append('/');
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out.Append('/');
    out.Append(parts[i]);
  }
  return out.text().empty() ? Value::Text(".") : out.Finish();
}

Value Base(const Call& call) { return Value::Text(BaseOf(call.str(0))); }
Value Clean(const Call& call) { return Cleaned(call.run, call.str(0)); }
Value Dir(const Call& call) {
  std::string_view path = call.str(0);
  size_t slash = path.rfind('/');
  return Cleaned(call.run, slash == path.npos ? std::string_view() : path.substr(0, slash + 1));
}
Value Ext(const Call& call) {
  std::string_view path = call.str(0);
  std::string_view name = path.substr(path.rfind('/') + 1);
  size_t dot = name.rfind('.');
  return Value::Text(dot == name.npos ? std::string_view() : name.substr(dot));
}
Value IsAbs(const Call& call) { return Value::Bool(call.str(0).starts_with('/')); }

constexpr Function kFunctions[] = {
    {"base", "s", Base},   {"clean", "s", Clean},   {"dir", "s", Dir},       {"ext", "s", Ext},
    {"isAbs", "s", IsAbs}, {"osBase", "s", Base},   {"osClean", "s", Clean}, {"osDir", "s", Dir},
    {"osExt", "s", Ext},   {"osIsAbs", "s", IsAbs},
};

}  // namespace

Functions PathFunctions() { return kFunctions; }

}  // namespace glp::codec::tmpl
