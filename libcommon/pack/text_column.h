// The lines of a block as templates and values, read without rebuilding what nobody asks for.
// Format: FORMAT.md, Text column.
//
//   TextColumn text;
//   GLP_RETURN_IF_ERROR(text.Open(bytes, templates, entries, line_bytes, &tools));
//   for (uint16_t kind : text.kind_of()) …          // what each line looks like
//   GLP_RETURN_IF_ERROR(text.Rebuild(rows, &lines, &starts));
//
// Lifetime: the bytes and the templates must outlive it. Threads: one at a time.
// Errors:   Code::kData for bytes that cannot be.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pack/buffer.h"
#include "pack/templates.h"
#include "pack/value_column.h"

namespace glp::pack {

class TextColumn {
 public:
  // How lines look that have a template and, in each hole, a value of a column in common.
  struct Kind {
    // The line is one value, of any bytes: no template.
    bool whole = false;
    Template text;                      // !whole
    std::span<const uint32_t> columns;  // of each hole; of `whole` lines the one
    uint32_t lines = 0;                 // in the block
  };

  Status Open(std::string_view bytes, const Templates& templates, uint64_t entries,
              uint64_t line_bytes, ValueDecoder* decoder);

  const std::vector<Kind>& kinds() const;
  // The kind of each line.
  const std::vector<uint16_t>& kind_of() const;

  size_t columns() const;
  // In the order of the lines (and of the holes, where a line has several of the column); decoded
  // at the first call, good as long as this.
  Result<const Values*> Column(size_t column);

  // Lines `rows` (numbers, rising) one behind the other; `starts` gets where each begins and the
  // end of the last. `text` may be read 32 bytes beyond its end.
  Status Rebuild(std::span<const uint32_t> rows, Buffer* text, std::vector<uint32_t>* starts);
  Status RebuildAll(Buffer* text, std::vector<uint32_t>* starts);
};

}  // namespace glp::pack
