#include "stages/metric_families.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "base/strings.h"

namespace glp::stages {
namespace {

bool IsNameCharacter(char c, bool first) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return letter || (!first && c >= '0' && c <= '9');
}

bool IsMetricName(std::string_view name) {
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] != ':' && !IsNameCharacter(name[i], i == 0)) return false;
  }
  return !name.empty();
}

std::string Escaped(std::string_view text, bool quotes) {
  // Of a text that is not UTF-8 Prometheus would take nothing at all.
  const std::string valid = IsValidUtf8(text) ? std::string(text) : EscapeForTerminal(text);
  std::string out;
  for (char c : valid) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\\' || (c == '"' && quotes)) {
      out += {'\\', c};
    } else {
      out += c;
    }
  }
  return out;
}

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Inf" : "+Inf";
  return fmt::format("{}", value);
}

std::string Braced(const std::string& labels) { return labels.empty() ? "" : "{" + labels + "}"; }

}  // namespace

std::string_view NameOf(MetricKind kind) {
  constexpr std::string_view kNames[] = {"counter", "gauge", "histogram"};
  return kNames[static_cast<size_t>(kind)];
}

bool MetricFamily::Add(const LabelSet& labels, uint64_t generation, double value,
                       int64_t steady_ns) {
  std::lock_guard lock(mutex_);
  Series* series = Find(labels, generation, steady_ns);
  if (series != nullptr) series->value += value;
  return series != nullptr;
}

bool MetricFamily::Set(const LabelSet& labels, uint64_t generation, double value,
                       int64_t steady_ns) {
  std::lock_guard lock(mutex_);
  Series* series = Find(labels, generation, steady_ns);
  if (series != nullptr) series->value = value;
  return series != nullptr;
}

bool MetricFamily::Observe(const LabelSet& labels, uint64_t generation, double value,
                           int64_t steady_ns) {
  std::lock_guard lock(mutex_);
  Series* series = Find(labels, generation, steady_ns);
  if (series == nullptr) return false;
  series->counts.resize(spec_.bounds.size() + 1);
  const auto bucket = std::lower_bound(spec_.bounds.begin(), spec_.bounds.end(), value);
  // What is no number is in no bucket but the last.
  const auto index = std::isnan(value) ? spec_.bounds.end() : bucket;
  ++series->counts[static_cast<size_t>(index - spec_.bounds.begin())];
  series->value += value;
  return true;
}

MetricFamily::Series* MetricFamily::Find(const LabelSet& labels, uint64_t generation,
                                         int64_t steady_ns) {
  if (generation_ != generation) {
    generation_ = generation;
    slots_.fill({});
  }
  Slot& slot = slots_[labels.id % slots_.size()];
  if (slot.labels != &labels) {
    std::string text = LabelText(labels);
    auto it = series_.find(text);
    if (it == series_.end()) {
      if (series_.size() >= kMaxSeries) return nullptr;
      it = series_.emplace(std::move(text), Series()).first;
    }
    slot = {&labels, &it->second};
  }
  slot.series->touched_ns = steady_ns;
  return slot.series;
}

// a="b",c="d"
std::string MetricFamily::LabelText(const LabelSet& labels) const {
  std::string text;
  std::vector<std::string> names;
  for (const Label& label : labels.labels) {
    if (label.name.starts_with("__")) continue;
    std::string name = label.name;
    for (size_t i = 0; i < name.size(); ++i) {
      if (!IsNameCharacter(name[i], i == 0)) name[i] = '_';
    }
    if (name == "le" && spec_.kind == MetricKind::kHistogram) name = "exported_le";
    if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) continue;
    if (!text.empty()) text += ',';
    text += name + "=\"" + Escaped(label.value, true) + "\"";
    names.push_back(std::move(name));
  }
  return text;
}

void MetricFamily::AppendText(std::string* out, int64_t steady_ns) {
  std::lock_guard lock(mutex_);
  const size_t erased = std::erase_if(series_, [&](const auto& series) {
    return steady_ns - series.second.touched_ns > spec_.max_idle_ns;
  });
  if (erased > 0) slots_.fill({});
  if (series_.empty()) return;
  fmt::format_to(std::back_inserter(*out), "# HELP {0} {1}\n# TYPE {0} {2}\n", spec_.name,
                 Escaped(spec_.help, false), NameOf(spec_.kind));
  for (const auto& [labels, series] : series_) {
    if (spec_.kind == MetricKind::kHistogram) {
      AppendHistogram(out, labels, series);
    } else {
      *out += spec_.name + Braced(labels) + " " + Number(series.value) + "\n";
    }
  }
}

void MetricFamily::AppendHistogram(std::string* out, const std::string& labels,
                                   const Series& series) const {
  const std::string front = labels.empty() ? "" : labels + ",";
  uint64_t count = 0;
  for (size_t i = 0; i <= spec_.bounds.size(); ++i) {
    count += series.counts[i];
    const std::string le = i == spec_.bounds.size() ? "+Inf" : Number(spec_.bounds[i]);
    fmt::format_to(std::back_inserter(*out), "{}_bucket{{{}le=\"{}\"}} {}\n", spec_.name, front, le,
                   count);
  }
  fmt::format_to(std::back_inserter(*out), "{0}_sum{1} {2}\n{0}_count{1} {3}\n", spec_.name,
                 Braced(labels), Number(series.value), count);
}

Result<MetricFamily*> StageMetrics::Family(MetricSpec spec) {
  if (!IsMetricName(spec.name)) {
    return UsageError("'" + spec.name +
                      "' is no name for a metric: letters, digits, '_' and ':', no digit in front");
  }
  for (std::string_view own : {"glp_", "process_"}) {
    if (!spec.name.starts_with(own)) continue;
    return UsageError("'" + spec.name + "': names that begin with " + std::string(own) +
                      " are those of the tool itself");
  }
  std::lock_guard lock(mutex_);
  auto it = families_.find(spec.name);
  if (it == families_.end()) {
    std::string name = spec.name;
    it = families_.emplace(std::move(name), std::make_unique<MetricFamily>(std::move(spec))).first;
    return it->second.get();
  }
  MetricFamily& family = *it->second;
  std::lock_guard family_lock(family.mutex_);
  if (family.spec_.kind != spec.kind || family.spec_.bounds != spec.bounds) {
    return UsageError("'" + spec.name + "' is a " + std::string(NameOf(family.spec_.kind)) +
                      " of another stage already" +
                      (family.spec_.kind == spec.kind ? ", with other buckets" : ""));
  }
  family.spec_.max_idle_ns = std::max(family.spec_.max_idle_ns, spec.max_idle_ns);
  return &family;
}

void StageMetrics::AppendText(std::string* out, int64_t steady_ns) {
  std::lock_guard lock(mutex_);
  for (const auto& [name, family] : families_) family->AppendText(out, steady_ns);
}

}  // namespace glp::stages
