#include "stages/sampling.h"

#include <atomic>
#include <utility>

#include "stages/lenient_yaml.h"

namespace glp::stages {

SamplingStage::SamplingStage(double rate, uint64_t number, std::string reason)
    : rate_(rate), reason_(std::move(reason)), state_(number) {}

// SplitMix64 (Steele, Lea, Flood 2014): every seed is a good one.
uint64_t SamplingStage::Next() {
  uint64_t z = state_ += 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

Verdict SamplingStage::Process(StageEntry&, StageRun& run) {
  if (!is_seeded_) {
    state_ = Next() ^ static_cast<uint64_t>(run.NowNs());
    state_ = Next();
    is_seeded_ = true;
  }
  // 53 bits are a double between 0 and 1 without 1: a rate of 1 keeps all, of 0 none.
  const double chance = static_cast<double>(Next() >> 11) * 0x1.0p-53;
  return chance < rate_ ? Verdict::kPass : run.Drop(reason_);
}

std::unique_ptr<Stage> ReadSamplingStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<double> rate;
  codec::Given<std::string> reason;
  const codec::YamlNode lenient = WithoutQuotes(config);
  codec::YamlMap map(lenient, "sampling", context.errors);
  map.Number("rate", &rate);
  map.Text("drop_counter_reason", &reason);
  map.Finish();
  // promtail takes no rate for 0 and drops everything.
  if (!rate) map.Error(map.place(), "sampling: expected a rate, the share of lines that are kept");
  if (!(rate.value >= 0 && rate.value <= 1)) {
    map.Error(rate, "sampling: rate: expected a number from 0 to 1");
  }
  if (!context.errors->first().ok()) return nullptr;
  static std::atomic<uint64_t> count{0};
  return std::make_unique<SamplingStage>(
      rate.value, ++count,
      reason.value.empty() ? std::string(SamplingStage::kReason) : reason.value);
}

}  // namespace glp::stages
