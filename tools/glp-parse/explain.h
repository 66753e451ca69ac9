// --explain: the shell pipe that does what a list of stages does, one stage a process.
// Threads: pure functions.
#pragma once

#include <set>
#include <string>

#include "codec/yaml.h"

namespace glp::parse {

// A script for sh: the parts of the pipe on lines of their own. A stage is said by options where
// they can say all of it, else by -e. Stages that cannot be parted stay in one process, and a
// comment says why. `list`: stages as promtail's pipeline_stages, in order; none: a process that
// passes all on. `labels`: names of labels that lines come with, besides the usual ones.
std::string ExplainPipe(const codec::YamlNode& list, bool as_promtail,
                        const std::set<std::string>& labels = {});

}  // namespace glp::parse
