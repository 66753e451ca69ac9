// What --metrics tells of the files that are read, by promtail's names.
//
//   ReadMetrics metrics(&registry);
//   ReadMetrics::File file = metrics.Open("/var/log/app.log");     // while it is read
//   file.OnRead(offset, size_bytes, lines);
//
// Lifetime: files must not outlive the ReadMetrics, nor that the registry.
// Threads:  one at a time.
// Cost:     of a path when it is opened; an update is three stores. The first kMaxPaths that are
//           open have series of their own, which go when no file of the path is read any more;
//           the rest share one with the path "".
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "cli/metrics.h"

namespace glp::tail {

class ReadMetrics {
 public:
  static constexpr size_t kMaxPaths = 1000;

  explicit ReadMetrics(cli::Metrics* registry);

  class File {
   public:
    File() = default;  // of nothing; updates have no effect
    bool is_open() const { return series_ != nullptr; }
    File(File&& other) noexcept = default;
    File& operator=(File&& other) noexcept;
    ~File();
    // Up to `offset` of `size_bytes` it is read; `lines` more.
    void OnRead(uint64_t offset, uint64_t size_bytes, uint64_t lines);

   private:
    friend class ReadMetrics;
    struct Series;
    std::shared_ptr<Series> series_;
  };
  File Open(const std::string& path);

  void OnGap(uint64_t bytes) { gap_bytes_.Add(bytes); }
  int64_t active() const { return active_.value(); }

 private:
  cli::Metrics* registry_;
  cli::Gauge& active_;
  cli::Counter& gap_bytes_;
  std::map<std::string, std::weak_ptr<File::Series>> paths_;
};

}  // namespace glp::tail
