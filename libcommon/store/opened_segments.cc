#include "store/opened_segments.h"

#include <algorithm>
#include <utility>

namespace glp::store {
namespace {

bool ById(const LabelSet* a, const LabelSet* b) { return a->id < b->id; }

}  // namespace

bool StreamLists::Less::operator()(const std::shared_ptr<const StreamList>& a,
                                   const std::shared_ptr<const StreamList>& b) const {
  return std::lexicographical_compare(a->begin(), a->end(), b->begin(), b->end(), ById);
}

std::shared_ptr<const StreamList> StreamLists::Of(const pack::PackStreams& pack) {
  std::vector<bool> has_blocks(pack.streams.size());
  for (const pack::BlockInfo& block : pack.file->index().blocks) has_blocks[block.stream] = true;
  auto list = std::make_shared<StreamList>();
  for (size_t i = 0; i < pack.streams.size(); ++i) {
    if (has_blocks[i] && pack.streams[i] != nullptr) list->push_back(pack.streams[i]);
  }
  std::sort(list->begin(), list->end(), ById);
  list->erase(std::unique(list->begin(), list->end()), list->end());
  list->shrink_to_fit();
  return *lists_.insert(std::move(list)).first;
}

void StreamLists::Prune() {
  std::erase_if(lists_, [](const auto& list) { return list.use_count() == 1; });
}

OpenedSegment::OpenedSegment(SegmentName segment_name,
                             std::shared_ptr<const pack::PackStreams> opened, StreamLists* lists)
    : name(segment_name), pack(std::move(opened)), streams(lists->Of(*pack)) {
  for (const pack::BlockInfo& block : pack->file->index().blocks) {
    min_ts_ns = std::min(min_ts_ns, block.min_ts_ns);
    max_ts_ns = std::max(max_ts_ns, block.max_ts_ns);
    block_bytes += block.size;
  }
}

OpenedSegments::OpenedSegments(std::vector<OpenedSegment> segments)
    : segments_(std::move(segments)), pages_((segments_.size() + kPerPage - 1) / kPerPage) {
  for (size_t i = 0; i < segments_.size(); ++i) {
    const OpenedSegment& segment = segments_[i];
    Page& page = pages_[i / kPerPage];
    page.min_ts_ns = std::min(page.min_ts_ns, segment.min_ts_ns);
    page.max_ts_ns = std::max(page.max_ts_ns, segment.max_ts_ns);
    page.blocks += segment.blocks();
    warnings_.insert(warnings_.end(), segment.pack->warnings.begin(), segment.pack->warnings.end());
  }
}

}  // namespace glp::store
