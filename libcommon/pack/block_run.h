// A block of a file as a run of a scan: is left unread where its filter says that no line passes,
// and rebuilds only lines that may.
// Lifetime: file, block and context must outlive it. Threads: as SortedRun; FileSearch: safe from
// any.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "pack/file.h"
#include "pack/merge.h"
#include "pack/sorted_run.h"
#include "pack/text_search.h"

namespace glp::pack {

// What the line filters of a scan find in the templates of a file; looked for when it is first
// asked.
class FileSearch {
 public:
  // Both must outlive it.
  FileSearch(const PackFile* file, const TextSearch* search) : file_(file), search_(search) {}

  // Of all lines of the block. `filter` gets its filter, if it has one that is not damaged.
  TextSearch::Answer Decide(const BlockInfo& block, std::optional<BlockFilter>* filter);
  // What was found; nullptr before the first filter that is not damaged.
  const TextSearch::File* templates() const { return templates_ ? &*templates_ : nullptr; }

 private:
  const PackFile* const file_;
  const TextSearch* const search_;
  std::once_flag once_;
  std::optional<TextSearch::File> templates_;  // none where they cannot be read
};

std::unique_ptr<SortedRun> MakeBlockRun(const PackFile* file, const BlockInfo* block,
                                        const ScanContext* context,
                                        std::shared_ptr<FileSearch> search);

}  // namespace glp::pack
