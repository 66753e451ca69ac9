// Makes the catalogue of a tenant's folder. Format: CATALOGUE.md.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/strings.h"
#include "record/labels.h"
#include "store/catalogue.h"

namespace glp::store {

class CatalogueBuilder {
 public:
  // The number of the stream with this label set. Errors: Code::kData where it is none.
  Result<uint32_t> AddStream(std::string_view json);
  // `streams`: those that the segment has blocks of, rising, each once. Offset and size of the
  // record's list are set here. REQUIRES: segments rise
  void AddSegment(SegmentRecord record, const std::vector<uint32_t>& streams);
  // The bytes of the file.
  std::string Finish(int64_t folder_modified_ns);

 private:
  struct Stream {
    std::string json;
    Labels labels;
  };
  std::vector<Stream> streams_;
  StringMap<uint32_t> by_json_;
  std::vector<SegmentRecord> records_;  // list_offset: in lists_
  std::string lists_;
  StringMap<uint64_t> list_offsets_;
};

// Brings the catalogue in line with the folder: reads the footers of segments that it does not know
// and forgets those that are gone. Only the store's writer may call it, whenever it likes to (after
// each segment would be dear where there are many).
// Errors: I/O; the catalogue that was there before stays, and is right as far as it goes.
// Cost:   that of writing the catalogue, a look at each segment and a read for each new one;
// nothing
//         where it is in line already.
Status UpdateCatalogue(const std::string& folder);

}  // namespace glp::store
