// The write-ahead log of what is acknowledged and in no segment yet: batches, each written as a
// whole, and fsynced before it is acknowledged or later (Options::sync).
// Format: frames as in pack/FORMAT.md with the marker GLPW and no tail; the head of each is
//     varint streams, × (varint size, label set as JSON
//                        varint flags: bit 0: each entry came with a src
//                        varint sources, × (position of the entries: pack/FORMAT.md, from the
//                                           source ID on; only what the batch adds)
//                        varint rows, × (zigzag ts - ts before, varint line bytes,
//                                        varint meta bytes, line, meta))
// A batch stands for itself, so that one that is damaged costs no other. Where the file ends inside
// a batch, or the last batch has a sector of zeros, a crash cut the write off (what lost its power
// may have given a file its size and not its bytes): it was not acknowledged. Everything else is
// damage.
// Threads: one at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "store/mem_table.h"

namespace glp::store {

// What is to be logged of a stream.
struct WalStream {
  MemView rows;
  std::vector<pack::Position> sources;
};

class WalWriter {
 public:
  // Makes the file (and makes its name durable) at the first batch.
  explicit WalWriter(std::string path) : path_(std::move(path)) {}
  // When OK, the batch is the system's, and with `sync` durable. After an error the file is as it
  // was before.
  Status Append(const std::vector<WalStream>& batch, bool sync);
  // When OK, all batches are durable. After an error nobody knows which are.
  Status Sync();
  const std::string& path() const { return path_; }
  uint64_t size_bytes() const { return size_; }  // safe from any thread

 private:
  std::string path_;
  io::Fd fd_;
  std::atomic<uint64_t> size_{0};
  bool suspect_ = false;  // bytes behind size_ may be there
  bool synced_ = true;    // all of it is durable
};

struct WalReport {
  // What was written whole and is not right any more.
  std::vector<std::string> damage;
  // Bytes at the end that a crash cut off: less than a frame, a sound frame and not all of the
  // batch that it tells, or a batch with a hole.
  uint64_t torn_bytes = 0;
};

// Adds the batches of a log to `table`, its label sets to `labels`. Errors: I/O.
Result<WalReport> ReadWal(int fd, const std::string& name, LabelTable* labels, MemTable* table);

}  // namespace glp::store
