#include "store/segment_files.h"

#include <algorithm>

namespace glp::store {

Result<std::shared_ptr<const pack::PackFile>> SegmentFiles::Open(SegmentName name) {
  {
    std::lock_guard lock(mutex_);
    auto found = std::find_if(kept_.begin(), kept_.end(),
                              [&](const Kept& kept) { return kept.first == name; });
    if (found != kept_.end()) {
      kept_.splice(kept_.begin(), kept_, found);
      return found->second;
    }
  }
  Result<std::unique_ptr<pack::PackFile>> opened = pack::PackFile::Open(SegmentPath(folder_, name));
  if (!opened.ok()) {
    if (opened.status().code() == Code::kIo && IsGone(folder_, name)) {
      return std::shared_ptr<const pack::PackFile>();
    }
    return opened.status();
  }
  std::unique_ptr<pack::PackFile> own = std::move(*opened);
  std::shared_ptr<const pack::PackFile> file;
  if (descriptors_->fetch_add(1) < kMaxDescriptors) {
    file.reset(own.release(), [count = descriptors_](const pack::PackFile* held) {
      delete held;
      count->fetch_sub(1);
    });
  } else {
    descriptors_->fetch_sub(1);
    own->CloseFd();
    file = std::move(own);
  }
  std::lock_guard lock(mutex_);
  kept_.emplace_front(name, file);
  if (kept_.size() > kKept) kept_.pop_back();
  return file;
}

}  // namespace glp::store
