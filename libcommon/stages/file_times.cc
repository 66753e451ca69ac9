#include "stages/file_times.h"

#include <string>

namespace glp::stages {
namespace {

constexpr size_t kMaxFiles = 100'000;

}  // namespace

void FileTimes::OnFile(std::string_view id, const MarkWords& words) {
  auto it = files_.find(id);
  if (!words.modified_ns) {
    if (it != files_.end()) files_.erase(it);
    return;
  }
  if (it == files_.end()) {
    if (files_.size() >= kMaxFiles) files_.clear();
    it = files_.emplace(std::string(id), Written()).first;
  }
  it->second = {*words.modified_ns, words.size};
}

FileTimes::Last FileTimes::Of(const StageEntry& entry) const {
  const Source source = ParseSource(entry.src);
  const auto it = source.id.empty() ? files_.end() : files_.find(source.id);
  if (it == files_.end() || (it->second.size && source.next > *it->second.size)) {
    return {entry.ts_ns, false};
  }
  return {it->second.modified_ns, true};
}

}  // namespace glp::stages
