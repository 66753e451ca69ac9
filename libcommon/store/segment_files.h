// Segments of a folder, opened when they are needed. The last ones stay open for whoever needs them
// next.
// Threads: safe from any.
// Memory:  footers of kKept segments, and of those that somebody holds.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/result.h"
#include "pack/file.h"
#include "store/folder.h"

namespace glp::store {

class SegmentFiles {
 public:
  explicit SegmentFiles(std::string folder) : folder_(std::move(folder)) {}
  const std::string& folder() const { return folder_; }

  // nullptr where the file is not there any more. A file stays readable as long as somebody holds
  // it, but of those above kMaxDescriptors that are held at the same time each read opens it again.
  // Errors: those of PackFile::Open.
  Result<std::shared_ptr<const pack::PackFile>> Open(SegmentName name);

 private:
  static constexpr size_t kKept = 64;
  static constexpr int kMaxDescriptors = 400;  // 1024 are usual, and sockets need some, too
  using Kept = std::pair<SegmentName, std::shared_ptr<const pack::PackFile>>;

  const std::string folder_;
  const std::shared_ptr<std::atomic<int>> descriptors_ = std::make_shared<std::atomic<int>>(0);
  std::mutex mutex_;
  std::list<Kept> kept_;  // the last used first
};

}  // namespace glp::store
