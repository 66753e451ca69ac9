// A source without what was asked to be deleted and still stands in files: it is not given from the
// moment on that a request was taken.
// Threads: as the source.
#pragma once

#include <memory>
#include <vector>

#include "logql/source.h"
#include "store/store.h"

namespace glp::store {

using HiddenRequests = std::vector<std::shared_ptr<const DeleteRequest>>;

// Tenants of the requests are not looked at. Line filters must be prepared.
std::shared_ptr<logql::EntrySource> HiddenSource(std::shared_ptr<logql::EntrySource> source,
                                                 std::shared_ptr<const HiddenRequests> hidden);

}  // namespace glp::store
