// Reading a store from any process, without its lock, also while a writer works in it.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "logql/source.h"

namespace glp::store {

// What is durable at the time of the call: segments and write-ahead logs. Files stay open, so what
// a writer removes later is still read. Entries of one stream that are equal in time, line and
// metadata are given once, but each of those that came with a src.
// Errors: Code::kIo; Code::kUsage where `dir` is no store. A store without the tenant is empty.
//         Damaged files and blocks are skipped and said in ScanStats::warnings.
Result<std::unique_ptr<logql::EntrySource>> OpenStore(const std::string& dir,
                                                      const std::string& tenant);

}  // namespace glp::store
