// Queries over one .glp file.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "io/file.h"
#include "logql/source.h"

namespace glp::pack {

// The entries of the file at `path`, read block by block as a query needs them. A file that was
// cut off gives what is whole of it and says so in ScanStats::warnings.
// Errors: Code::kIo; Code::kData where it is no .glp file.
Result<std::unique_ptr<logql::EntrySource>> OpenPack(const std::string& path);
// The same for a descriptor of a file (pread must work). `name` stands in messages.
Result<std::unique_ptr<logql::EntrySource>> OpenPack(io::Fd fd, const std::string& name);

}  // namespace glp::pack
