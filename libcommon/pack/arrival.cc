#include <algorithm>
#include <numeric>

#include "pack/reader.h"

namespace glp::pack {
namespace {

struct OpenBlock {
  Block block;
  std::vector<uint32_t> order;  // arrival order to position; empty where they are the same
  size_t at = 0;
  size_t position() const { return order.empty() ? at : order[at]; }
};

struct Item {
  uint64_t key;
  const BlockInfo* info;
  std::unique_ptr<OpenBlock> open;  // nullptr until the merge reaches it
};

bool After(const Item& a, const Item& b) {
  if (a.key != b.key) return a.key > b.key;
  return a.info->offset > b.info->offset;
}

// Times as keys that rise as unsigned numbers.
uint64_t TimeKey(int64_t ts_ns) { return static_cast<uint64_t>(ts_ns) ^ (uint64_t{1} << 63); }

uint64_t KeyOf(const OpenBlock& open, bool by_seq) {
  size_t at = open.position();
  return by_seq ? open.block.seqs()[at] : TimeKey(open.block.times()[at]);
}

}  // namespace

Status ReadInArrivalOrder(
    const PackFile& file,
    const std::function<Status(uint32_t stream, const PackEntry& entry)>& sink,
    std::vector<std::string>* damage) {
  BlockLoader loader;
  bool by_seq = file.has_seq();
  std::vector<Item> heap;
  for (const BlockInfo& info : file.index().blocks) {
    heap.push_back({by_seq ? info.first_seq : TimeKey(info.min_ts_ns), &info, nullptr});
  }
  std::make_heap(heap.begin(), heap.end(), After);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), After);
    Item item = std::move(heap.back());
    heap.pop_back();
    if (item.open == nullptr) {
      item.open = std::make_unique<OpenBlock>();
      Block& block = item.open->block;
      Status status = loader.Load(file, *item.info, Want::kAll, &block);
      if (status.ok() && by_seq && block.seqs().empty()) {
        status = DataError(file.name() + ": block at byte " + std::to_string(item.info->offset) +
                           ": has no arrival numbers");
      }
      if (status.code() == Code::kData) {
        damage->push_back(status.message());
        continue;
      }
      GLP_RETURN_IF_ERROR(status);
      const std::vector<uint64_t>& seqs = block.seqs();
      if (by_seq && !std::is_sorted(seqs.begin(), seqs.end())) {
        item.open->order.resize(seqs.size());
        std::iota(item.open->order.begin(), item.open->order.end(), 0);
        std::sort(item.open->order.begin(), item.open->order.end(),
                  [&](uint32_t a, uint32_t b) { return seqs[a] < seqs[b]; });
      }
      item.key = KeyOf(*item.open, by_seq);
    }
    OpenBlock& open = *item.open;
    // Before the next best block nothing else can come: no need to touch the heap.
    while (heap.empty() || !After(item, heap.front())) {
      size_t at = open.position();
      const Block& block = open.block;
      PackEntry entry{block.times()[at], by_seq ? block.seqs()[at] : 0,
                      block.line(at),    block.meta(at),
                      block.src(at),     block.extra(at)};
      GLP_RETURN_IF_ERROR(sink(item.info->stream, entry));
      if (++open.at == block.entries()) break;
      item.key = KeyOf(open, by_seq);
    }
    if (open.at == open.block.entries()) continue;
    heap.push_back(std::move(item));
    std::push_heap(heap.begin(), heap.end(), After);
  }
  return Status::Ok();
}

}  // namespace glp::pack
