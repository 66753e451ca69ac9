// What a stage reads by name and what it does to labels: enough to say which stages may work in
// processes of their own. In one process `source` and the like see the labels that an entry came
// with, whatever became of them since; in the next process they see those that were left.
// Threads: pure functions.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "codec/yaml.h"

namespace glp::parse {

// The name of what docker took off the line.
inline constexpr const char* kNewline = "\n";

struct StageEffects {
  std::string stage;
  std::set<std::string> reads;      // names of fields or labels
  bool reads_any = false;           // any name may be asked for
  std::set<std::string> writes;     // labels that get another value than a field of their name
  bool writes_all_others = false;   // all but `writes` (labelallow)
  std::set<std::string> labels;     // labels made of the field of their own name
  std::set<std::string> extracts;   // fields that may be null or become empty
  std::set<std::string> unwritten;  // fields that no record shows, kNewline among them
  bool asks_presence = false;       // a null is not the same to it as nothing
};

// Of one item of a list of stages; of a block with all that is in it.
StageEffects EffectsOf(const codec::YamlNode& item, bool as_promtail);

// Why the stages i and j of a list must be in one process (i < j), "" where they need not.
// `labels`: names of labels that lines come with, besides filename, job and stream.
std::string WhyTogether(const std::vector<StageEffects>& stages,
                        const std::set<std::string>& labels, size_t i, size_t j);

}  // namespace glp::parse
