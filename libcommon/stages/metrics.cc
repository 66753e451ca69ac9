#include "stages/metrics.h"

#include <cmath>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "base/time.h"
#include "base/units.h"

namespace glp::stages {
namespace {

using Action = MetricsStage::Action;

constexpr std::string_view kDefaultPrefix = "promtail_custom_";
constexpr int64_t kDefaultIdleNs = 300 * kNsPerSecond;

std::optional<double> NumberOf(std::string_view text) {
  if (auto number = ParseDouble(text)) return number;
  auto duration_ns = ParseDurationNs(text);
  if (!duration_ns.ok()) return std::nullopt;
  return static_cast<double>(*duration_ns) / static_cast<double>(kNsPerSecond);
}

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

struct NamedAction {
  std::string_view name;
  Action action;
};
constexpr NamedAction kActions[] = {{"inc", Action::kInc},
                                    {"add", Action::kAdd},
                                    {"set", Action::kSet},
                                    {"dec", Action::kDec},
                                    {"sub", Action::kSub}};

void ReadAction(codec::YamlMap& map, MetricKind kind, Action* out) {
  const bool counter = kind == MetricKind::kCounter;
  const std::string expected = counter ? "inc or add" : "set, inc, dec, add or sub";
  codec::Given<std::string> action;
  map.Text("action", &action);
  if (!action) return map.Error(map.place(), "expected an action: " + expected);
  const std::string name = Lower(action.value);
  for (const NamedAction& known : kActions) {
    if (known.name != name) continue;
    if (counter && known.action != Action::kInc && known.action != Action::kAdd) break;
    *out = known.action;
    return;
  }
  map.Error(action, "action: expected " + expected + ", not '" + action.value + "'");
}

void ReadBuckets(codec::YamlMap& map, std::vector<double>* bounds) {
  codec::Given<std::vector<std::string>> buckets;
  map.Texts("buckets", &buckets);
  for (const std::string& text : buckets.value) {
    const std::optional<double> bound = ParseDouble(text);
    if (!bound || (!bounds->empty() && *bound <= bounds->back())) {
      return map.Error(buckets, "buckets: expected rising numbers, not '" + text + "'");
    }
    bounds->push_back(*bound);
  }
  // The last one is always there.
  if (!bounds->empty() && bounds->back() == HUGE_VAL) bounds->pop_back();
  if (bounds->empty()) *bounds = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
}

// What stands behind `config`.
void ReadConfig(codec::YamlMap& map, bool as_promtail, MetricsStage::Metric* metric,
                MetricSpec* spec) {
  codec::Given<std::string> value;
  map.Text("value", &value);
  if (value) metric->value = value.value;
  if (spec->kind == MetricKind::kHistogram) {
    metric->action = Action::kObserve;
    return ReadBuckets(map, &spec->bounds);
  }
  ReadAction(map, spec->kind, &metric->action);
  if (spec->kind == MetricKind::kGauge) return;
  codec::Given<bool> match_all, count_bytes;
  map.Bool("match_all", &match_all);
  map.Bool("count_entry_bytes", &count_bytes);
  metric->match_all = match_all.value;
  metric->count_bytes = count_bytes.value;
  if (match_all.value && value) {
    map.Error(value, "value: match_all counts all entries; give one of both");
  }
  if (count_bytes.value && (!match_all.value || metric->action != Action::kAdd)) {
    map.Error(count_bytes, "count_entry_bytes: needs match_all: true and action: add");
  }
  if (match_all.value && metric->action == Action::kAdd && !count_bytes.value) {
    metric->never = true;
    if (as_promtail) return;
    map.Error(match_all,
              "match_all: with action: add there must be count_entry_bytes: true, or there is "
              "nothing to add");
  }
}

std::optional<MetricKind> ReadKind(codec::YamlMap& map) {
  codec::Given<std::string> type;
  map.Text("type", &type);
  const std::string name = Lower(type.value);
  for (MetricKind kind : {MetricKind::kCounter, MetricKind::kGauge, MetricKind::kHistogram}) {
    if (name == NameOf(kind)) return kind;
  }
  if (!type) {
    map.Error(map.place(), "expected a type: Counter, Gauge or Histogram");
  } else {
    map.Error(type, "type: expected Counter, Gauge or Histogram, not '" + type.value + "'");
  }
  return std::nullopt;
}

std::optional<MetricsStage::Metric> ReadMetric(const codec::YamlNode::Key& key,
                                               const codec::YamlNode& node, StageMetrics* store,
                                               BuildContext& context) {
  codec::YamlMap map(node, "metrics." + key.text, context.errors);
  codec::Given<std::string> description, source{key.text}, prefix;
  codec::Given<int64_t> max_idle{kDefaultIdleNs};
  map.Text("description", &description);
  map.Text("source", &source);
  map.Text("prefix", &prefix);
  map.DurationNs("max_idle_duration", &max_idle);
  if (max_idle.value < kNsPerSecond) map.Error(max_idle, "max_idle_duration: expected 1s or more");
  const std::optional<MetricKind> kind = ReadKind(map);
  if (!kind) return std::nullopt;
  MetricsStage::Metric metric;
  MetricSpec spec;
  spec.kind = *kind;
  const codec::YamlNode nothing;
  const codec::YamlNode* config = map.Take("config");
  codec::YamlMap config_map(config == nullptr ? nothing : *config,
                            "metrics." + key.text + ".config", context.errors);
  if (config == nullptr && *kind != MetricKind::kHistogram) {
    map.Error(key, "metrics." + key.text + ": expected a config with an action");
  }
  ReadConfig(config_map, context.as_promtail, &metric, &spec);
  config_map.Finish();
  map.Finish();
  if (!context.errors->first().ok()) return std::nullopt;
  spec.name = (prefix.value.empty() ? std::string(kDefaultPrefix) : prefix.value) + key.text;
  spec.help = description.value;
  spec.max_idle_ns = max_idle.value;
  metric.source = source.value;
  metric.no_number = "metrics: '" + metric.source + "' is no number for " + spec.name;
  metric.negative =
      "metrics: '" + metric.source + "' is negative; " + spec.name + " only counts up";
  metric.too_many = "metrics: more than " + std::to_string(MetricFamily::kMaxSeries) +
                    " sets of labels of " + spec.name;
  auto family = store->Family(std::move(spec));
  if (!family.ok()) {
    map.Error(key, "metrics: " + family.status().message());
    return std::nullopt;
  }
  metric.family = *family;
  return metric;
}

}  // namespace

Verdict MetricsStage::Process(StageEntry& entry, StageRun& run) {
  for (const Metric& metric : metrics_) Count(metric, entry, run);
  return Verdict::kPass;
}

void MetricsStage::Count(const Metric& metric, StageEntry& entry, StageRun& run) {
  double number = 1;
  if (metric.never) return;
  if (metric.match_all) {
    if (metric.count_bytes) number = static_cast<double>(entry.LineBytes(run.arena).size());
  } else {
    const auto text = entry.Value(metric.source);
    if (!text || (metric.value && *metric.value != *text)) return;
    if (metric.action != Action::kInc && metric.action != Action::kDec) {
      const std::optional<double> found = NumberOf(*text);
      if (!found) return Fail(entry, metric.no_number, text->substr(0, 200));
      number = *found;
    }
  }
  const LabelSet& labels = *entry.labels;
  const uint64_t generation = run.labels.generation();
  const int64_t now_ns = run.SteadyNs();
  if (metric.action == Action::kDec || metric.action == Action::kSub) number = -number;
  bool counted;
  switch (metric.action) {
    case Action::kSet:
      counted = metric.family->Set(labels, generation, number, now_ns);
      break;
    case Action::kObserve:
      counted = metric.family->Observe(labels, generation, number, now_ns);
      break;
    default:
      if (metric.family->spec().kind == MetricKind::kCounter && number < 0) {
        return Fail(entry, metric.negative);
      }
      counted = metric.family->Add(labels, generation, number, now_ns);
  }
  if (!counted) Fail(entry, metric.too_many);
}

std::unique_ptr<Stage> ReadMetricsStage(const codec::YamlNode& config, BuildContext& context) {
  if (config.kind != codec::YamlNode::Kind::kMap || config.items.empty()) {
    context.errors->Add(config, "metrics: expected metrics, as in `lines: {type: Counter, …}`");
    return nullptr;
  }
  std::unique_ptr<StageMetrics> own;
  if (context.metrics == nullptr) own = std::make_unique<StageMetrics>();
  StageMetrics* store = own != nullptr ? own.get() : context.metrics;
  std::vector<MetricsStage::Metric> metrics;
  for (size_t i = 0; i < config.items.size(); ++i) {
    auto metric = ReadMetric(config.keys[i], config.items[i], store, context);
    if (!metric) return nullptr;
    metrics.push_back(*std::move(metric));
  }
  return std::make_unique<MetricsStage>(std::move(metrics), std::move(own));
}

}  // namespace glp::stages
