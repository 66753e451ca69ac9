#include "explain_time.h"

#include "base/strings.h"
#include "base/time.h"

namespace glp::parse {

using stages::StageEntry;
using stages::Verdict;

TimeExplainer::TimeExplainer(const stages::Pipeline& pipeline, std::string* out)
    : pipeline_(pipeline), out_(out) {
  for (const auto& stage : pipeline.stages()) {
    timestamps_.push_back(dynamic_cast<stages::TimestampStage*>(stage.get()));
    if (timestamps_.back() != nullptr) timestamps_.back()->set_explains(true);
  }
}

void TimeExplainer::Say(Entry* entry, const std::string& what) {
  out_->append(entry->title).append(": ").append(EscapeForTerminal(what)).push_back('\n');
  entry->told = true;
}

void TimeExplainer::OnBegin(StageEntry& entry) {
  Entry& now = under_way_[&entry];
  now = {"record " + std::to_string(++records_), entry.ts_ns};
  if (!entry.src.empty()) now.title += " (" + EscapeForTerminal(entry.src) + ")";
}

void TimeExplainer::OnStage(size_t stage, StageEntry& entry, Verdict verdict) {
  if (verdict == Verdict::kHeld || verdict == Verdict::kDrop) {
    under_way_.erase(&entry);
    return;
  }
  auto [it, is_new] = under_way_.try_emplace(&entry);
  Entry& now = it->second;
  // One that a stage let go; what it was before has been told.
  if (is_new) now = {"let go", entry.ts_ns, true};
  const std::string name = std::to_string(stage + 1) + " " + pipeline_.stages()[stage]->name();
  if (timestamps_[stage] != nullptr && verdict == Verdict::kPass) {
    std::string_view words = timestamps_[stage]->explanation();
    constexpr std::string_view kOwnName = "timestamp: ";
    if (words.starts_with(kOwnName)) words.remove_prefix(kOwnName.size());
    Say(&now, name + ": " + std::string(words));
  } else if (now.ts_ns != entry.ts_ns) {
    Say(&now, name + ": the line says " + FormatTimestamp(entry.ts_ns));
  }
  now.ts_ns = entry.ts_ns;
}

void TimeExplainer::OnLeave(StageEntry& entry) {
  auto it = under_way_.find(&entry);
  if (it == under_way_.end()) return;
  if (!it->second.told) {
    Say(&it->second, FormatTimestamp(entry.ts_ns) + ", as it was read: no stage gave another");
  }
  under_way_.erase(it);
}

}  // namespace glp::parse
