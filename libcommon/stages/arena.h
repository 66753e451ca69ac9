// The memory of an entry's texts, by its name among the stages.
#pragma once

#include "base/arena.h"

namespace glp::stages {

using glp::Arena;

}  // namespace glp::stages
