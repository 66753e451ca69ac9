#include "sample.h"

#include <cmath>

#include "base/hash.h"
#include "base/strings.h"
#include "logql/format.h"

namespace glp::filter {

Result<Sampler> Sampler::Parse(std::string_view text) {
  std::optional<double> one_in;
  if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
    const auto above = ParseDouble(text.substr(0, slash));
    const auto below = ParseDouble(text.substr(slash + 1));
    if (above && below) one_in = *below / *above;
  } else if (!text.empty() && text.back() == '%') {
    if (const auto percent = ParseDouble(text.substr(0, text.size() - 1))) one_in = 100 / *percent;
  } else if (const auto rate = ParseDouble(text)) {
    one_in = 1 / *rate;
  }
  if (!one_in || !std::isfinite(*one_in) || *one_in < 1 || *one_in > 1e15) {
    return UsageError("'" + std::string(text) +
                      "' is no part of the records; try 0.1, 10% or 1/10, above 0 and up to 1");
  }
  return Sampler(*one_in);
}

bool Sampler::Passes(const Record& record, std::string_view weight) const {
  const uint64_t seed = weight.empty() ? 0 : Hash64(weight);
  uint64_t hash;
  if (!record.src.empty()) {
    hash = Hash64(record.src, seed);
  } else {
    hash =
        Hash64(record.line.text, seed + record.labels->hash + static_cast<uint64_t>(record.ts_ns));
  }
  // 2^64 is exact; of 1 in 1 every hash is below it.
  return static_cast<double>(hash) * one_in_ < 18446744073709551616.0 || one_in_ == 1;
}

std::string Sampler::Weight(std::string_view weight) const {
  const auto before = ParseDouble(weight);
  return logql::FormatSampleValue(one_in_ * (before && *before > 0 ? *before : 1));
}

}  // namespace glp::filter
