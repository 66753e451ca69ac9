// A source without what is beyond its retention: what a rule lets go is not answered any more from
// the moment on that it is due, whenever its files go.
// Threads: as the source.
#pragma once

#include <cstdint>
#include <memory>

#include "logql/source.h"
#include "store/retention.h"

namespace glp::store {

// `max_lookback_ns`: of no stream anything older is given; 0 is no limit.
std::shared_ptr<logql::EntrySource> KeptSource(std::shared_ptr<logql::EntrySource> source,
                                               Retention retention, int64_t max_lookback_ns,
                                               int64_t now_ns);

}  // namespace glp::store
