#include "tap.h"

#include <algorithm>

#include "base/strings.h"
#include "base/time.h"

namespace glp::parse {
namespace {

using stages::StageEntry;
using stages::Verdict;

constexpr size_t kNameColumn = 16;
constexpr std::string_view kBold = "\x1b[1m", kGreen = "\x1b[32m", kRed = "\x1b[31m";
constexpr std::string_view kDim = "\x1b[2m", kPlain = "\x1b[0m";

std::string Shown(std::string_view text) { return EscapeForTerminal(text); }

std::string Pair(const std::string& name, const std::string& value) {
  return Shown(name) + "=\"" + Shown(value) + "\"";
}

const std::string* Find(const std::vector<std::pair<std::string, std::string>>& names,
                        const std::string& name) {
  for (const auto& [n, value] : names) {
    if (n == name) return &value;
  }
  return nullptr;
}

}  // namespace

Tap::Tap(const stages::Pipeline& pipeline, bool color, std::string* out)
    : pipeline_(pipeline), color_(color), out_(out) {}

Tap::State Tap::Look(StageEntry& entry) const {
  State state;
  state.has_state = true;
  state.ts_ns = entry.ts_ns;
  std::string scratch;
  state.line = entry.line().Decode(&scratch);
  for (const Label& label : entry.labels->labels) {
    state.labels.emplace_back(label.name, label.value);
  }
  for (const stages::Field& field : entry.fields.Sorted()) {
    state.fields.emplace_back(field.name, field.value);
  }
  for (const stages::Field& field : entry.meta.Sorted()) {
    state.meta.emplace_back(field.name, field.value);
  }
  return state;
}

std::string Tap::NameOf(size_t stage) const {
  const stages::Stage& what = *pipeline_.stages()[stage];
  return std::to_string(stage + 1) + " " + what.name();
}

void Tap::Changed(bool changed, std::string_view text) {
  if (!changed) {
    out_->append(text);
    return;
  }
  if (color_) out_->append(kGreen);
  out_->push_back('*');
  out_->append(text);
  if (color_) out_->append(kPlain);
}

void Tap::AppendNames(std::string_view key, const Names& now, const Names* before) {
  out_->append(" ").append(key).append("={");
  bool first = true;
  auto comma = [&] {
    if (!first) out_->append(", ");
    first = false;
  };
  for (const auto& [name, value] : now) {
    comma();
    const std::string* was = before == nullptr ? nullptr : Find(*before, name);
    Changed(before != nullptr && (was == nullptr || *was != value), Pair(name, value));
  }
  if (before != nullptr) {
    for (const auto& [name, value] : *before) {
      if (Find(now, name) != nullptr) continue;
      comma();
      if (color_) out_->append(kRed);
      out_->append("-").append(Shown(name));
      if (color_) out_->append(kPlain);
    }
  }
  out_->push_back('}');
}

void Tap::Title(const StageEntry& entry, const State& state) {
  if (titled_ == &entry) return;
  titled_ = &entry;
  if (color_) out_->append(kBold);
  if (state.number > 0) {
    out_->append("record ").append(std::to_string(state.number));
  } else {
    out_->append("let go");
  }
  if (!entry.src.empty()) out_->append(" (").append(Shown(entry.src)).append(")");
  if (color_) out_->append(kPlain);
  out_->push_back('\n');
}

void Tap::Row(const std::string& name, const State& now, const State* before) {
  out_->append("  ").append(name);
  out_->append(name.size() < kNameColumn ? kNameColumn - name.size() : 1, ' ');
  Changed(before != nullptr && before->ts_ns != now.ts_ns, "ts=" + FormatTimestamp(now.ts_ns));
  AppendNames("labels", now.labels, before == nullptr ? nullptr : &before->labels);
  if (!now.fields.empty() || (before != nullptr && !before->fields.empty())) {
    AppendNames("fields", now.fields, before == nullptr ? nullptr : &before->fields);
  }
  if (!now.meta.empty() || (before != nullptr && !before->meta.empty())) {
    AppendNames("meta", now.meta, before == nullptr ? nullptr : &before->meta);
  }
  out_->push_back(' ');
  Changed(before != nullptr && before->line != now.line, "line=" + Shown(now.line));
  out_->push_back('\n');
}

void Tap::Words(const std::string& name, std::string_view words) {
  out_->append("  ").append(name);
  out_->append(name.size() < kNameColumn ? kNameColumn - name.size() : 1, ' ');
  if (color_) out_->append(kDim);
  out_->append(Shown(words));
  if (color_) out_->append(kPlain);
  out_->push_back('\n');
}

void Tap::OnBegin(StageEntry& entry) {
  titled_ = nullptr;
  State state = Look(entry);
  state.number = ++records_;
  Title(entry, state);
  Row("in", state, nullptr);
  under_way_[&entry] = std::move(state);
}

void Tap::OnStage(size_t stage, StageEntry& entry, Verdict verdict) {
  State& before = under_way_[&entry];
  Title(entry, before);
  before.last_stage = stage;
  if (!before.has_state && verdict != Verdict::kPass) {
    const uint64_t number = before.number;
    before = Look(entry);
    before.number = number;
    before.last_stage = stage;
    Row("in", before, nullptr);
  }
  if (verdict == Verdict::kHeld) {
    Words(NameOf(stage), "held back");
    under_way_.erase(&entry);
    titled_ = nullptr;
    return;
  }
  if (verdict == Verdict::kDrop) return;  // OnDrop knows why
  if (verdict == Verdict::kSkip) {
    const size_t block = pipeline_.stages()[stage]->block();
    std::string words = "does not match";
    if (block > 0)
      words += ", so past " + std::to_string(block) + (block == 1 ? " stage" : " stages");
    Words(NameOf(stage), words);
    return;
  }
  State now = Look(entry);
  now.number = before.number;
  now.last_stage = stage;
  Row(NameOf(stage), now, before.has_state ? &before : nullptr);
  before = std::move(now);
}

void Tap::OnLeave(StageEntry& entry) {
  auto it = under_way_.find(&entry);
  if (it == under_way_.end()) {
    // The last stage let it go: no other has shown it.
    State state = Look(entry);
    titled_ = nullptr;
    Title(entry, state);
    Row("out", state, nullptr);
  } else {
    under_way_.erase(it);
  }
  titled_ = nullptr;
}

void Tap::OnDrop(StageEntry& entry, std::string_view reason) {
  auto it = under_way_.find(&entry);
  if (it == under_way_.end()) return;
  Words(NameOf(it->second.last_stage), "dropped: " + std::string(reason));
  under_way_.erase(it);
  titled_ = nullptr;
}

}  // namespace glp::parse
