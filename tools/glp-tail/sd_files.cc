#include "sd_files.h"

#include <set>

#include "codec/yaml.h"
#include "io/file.h"
#include "io/glob.h"

namespace glp::tail {
namespace {

Result<std::vector<cli::PromtailStaticConfig>> ReadTargets(const std::string& path) {
  GLP_ASSIGN_OR_RETURN(std::string text, io::ReadFile(path));
  GLP_ASSIGN_OR_RETURN(codec::YamlNode root, codec::ParseYaml(text, path));
  // The list has no key around it: it is given one.
  codec::YamlNode map;
  map.kind = codec::YamlNode::Kind::kMap;
  map.keys.push_back({{1, 1}, "targets"});
  map.items.push_back(std::move(root));
  codec::YamlErrors errors(path);
  std::vector<cli::PromtailStaticConfig> targets;
  codec::YamlMap(map, "", &errors)
      .MapList("targets", [&](codec::YamlMap& group, const codec::YamlNode&) {
        cli::ReadPromtailStaticConfig(group, &targets.emplace_back());
      });
  GLP_RETURN_IF_ERROR(errors.first());
  for (cli::PromtailStaticConfig& target : targets) {
    target.labels.push_back({"__meta_filepath", path});
    Canonicalize(&target.labels);
  }
  return targets;
}

}  // namespace

Result<SdFiles> SdFiles::Make(const std::vector<std::string>& globs) {
  SdFiles files;
  files.globs_ = globs;
  for (const std::string& glob : globs) GLP_RETURN_IF_ERROR(io::Glob::Parse(glob).status());
  return files;
}

bool SdFiles::LookAt(const std::string& path, std::vector<Status>* problems) {
  File& file = files_[path];
  auto state = io::LookAtPath(path);
  if (!state.ok()) return false;  // gone between the walk and now: the next look sees it
  bool same = state->SameFile(file.seen) && state->modified_ns == file.seen.modified_ns &&
              state->size_bytes == file.seen.size_bytes;
  if (same) return false;
  file.seen = *state;
  auto targets = ReadTargets(path);
  if (!targets.ok()) {
    problems->push_back(targets.status());
    return false;
  }
  file.targets = std::move(*targets);
  return true;
}

bool SdFiles::Look(std::vector<Status>* problems) {
  std::set<std::string> found;
  for (const std::string& text : globs_) {
    auto glob = io::Glob::Parse(text);
    io::GlobVisitor visitor;
    visitor.file = [&](const std::string& path) { found.insert(path); };
    if (glob.ok()) glob->Walk(visitor);
  }
  bool changed = false;
  for (const std::string& path : found) changed |= LookAt(path, problems);
  // A file that went away takes its targets with it.
  changed |=
      std::erase_if(files_, [&](const auto& entry) { return !found.contains(entry.first); }) > 0;
  return changed;
}

std::vector<cli::PromtailStaticConfig> SdFiles::Targets() const {
  std::vector<cli::PromtailStaticConfig> all;
  for (const auto& [path, file] : files_) {
    all.insert(all.end(), file.targets.begin(), file.targets.end());
  }
  return all;
}

}  // namespace glp::tail
