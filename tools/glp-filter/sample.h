// --sample: a part of the records, each saying in its metadata for how many it stands
// (sample_weight). Which ones is decided by a hash of where the record is from, so that a record
// that is read again is decided alike; a second sampling decides independently of the first, and
// weights multiply.
// Threads: const from any.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "record/record.h"

namespace glp::filter {

inline constexpr std::string_view kWeightName = "sample_weight";

class Sampler {
 public:
  // 0.1, 10% or 1/10. Errors: Code::kUsage.
  static Result<Sampler> Parse(std::string_view text);

  // `weight`: the one that the record has already, "" for none.
  bool Passes(const Record& record, std::string_view weight) const;
  // The weight of a record that passes.
  std::string Weight(std::string_view weight) const;

 private:
  explicit Sampler(double one_in) : one_in_(one_in) {}
  double one_in_;  // >= 1: how many records one stands for
};

}  // namespace glp::filter
