#include "store/rewrite.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "logql/cancel_check.h"
#include "pack/block_reader.h"
#include "pack/reader.h"
#include "store/mem_table.h"
#include "store/repeats.h"

namespace glp::store {
namespace {

// Of the text of a block, and of all that it holds in memory: lines may be empty.
constexpr uint64_t kBlockBytes = 1 << 20;
constexpr uint64_t kBlockMemory = 4 * kBlockBytes;

Status Stopped() { return {Code::kCancelled, "the merge of segments was stopped"}; }

// A block on its way through the merge.
struct Run {
  SegmentName segment;
  const pack::PackFile* file;
  const pack::BlockInfo* info;
  uint32_t order;  // of arrival
  bool may_drop;   // some entry may go
  std::unique_ptr<pack::Block> block;
  size_t at = 0;
  int64_t ts_ns() const { return block->times()[at]; }
};

// What is written next: the earlier time, of equal ones those that came with a src, then in the
// order of arrival.
bool Before(const Run& a, const Run& b) {
  if (a.ts_ns() != b.ts_ns()) return a.ts_ns() < b.ts_ns();
  if (a.info->exact != b.info->exact) return a.info->exact;
  return a.order < b.order;
}

struct Stream {
  const LabelSet* labels = nullptr;
  std::vector<Run> runs;  // in the order of arrival
  std::map<std::string, MemSource> sources;
};

class Rewriter {
 public:
  Rewriter(const RewriteRequest& request, RewriteResult* result)
      : request_(request), result_(*result) {}

  // False: nothing is to be written.
  Result<bool> OpenInputs();
  Status Write(int fd, const std::string& name);

 private:
  void AddInput(SegmentName name, const pack::PackStreams& pack,
                const std::vector<pack::Position>& positions);
  void AddDamage(SegmentName segment, std::string what);
  bool IsCancelled() const { return request_.cancelled && request_.cancelled(); }
  Status WriteStream(Stream* stream);
  // Reads the run's block; without one where it is damaged and to be left out.
  Status Load(Run* run);
  Status WriteEntry(const Stream& stream, const Run& run);
  Status Cut(bool exact);

  const RewriteRequest& request_;
  RewriteResult& result_;
  LabelTable labels_;
  std::vector<pack::PackStreams> inputs_;
  std::map<std::string_view, Stream> streams_;  // by label set: similar ones lie side by side
  uint32_t next_order_ = 0;
  bool drops_any_ = false;

  std::unique_ptr<pack::FileWriter> writer_;
  uint32_t number_ = 0;  // of the stream that is written
  pack::BlockLoader loader_;
  pack::BlockBuilder builders_[2];  // [exact]
  Repeats repeats_;
  bool may_repeat_ = false;
  logql::CancelCheck check_{request_.cancelled};
  std::unique_ptr<pack::Block> spare_;
};

Result<bool> Rewriter::OpenInputs() {
  for (SegmentName name : request_.segments) {
    auto file = OpenSegment(request_.folder, name, 0);
    if (file.status().code() == Code::kData) {
      AddDamage(name, file.status().message());
      continue;
    }
    if (!file.ok()) return file.status();
    result_.bytes_before += (*file)->size_bytes();
    Result<std::vector<pack::Position>> positions = (*file)->ReadPositions();
    if (positions.status().code() == Code::kData) {
      AddDamage(name, positions.status().message());
      positions = std::vector<pack::Position>();
    }
    if (!positions.ok()) return positions.status();
    inputs_.push_back(pack::ResolveStreams(std::move(*file), &labels_));
    AddInput(name, inputs_.back(), *positions);
  }
  if (!result_.damage.empty() && !request_.salvage) return false;
  return drops_any_ || !request_.only_if_drops;
}

void Rewriter::AddDamage(SegmentName segment, std::string what) {
  result_.damage.push_back(std::move(what));
  if (result_.damaged.empty() || result_.damaged.back() != segment) {
    result_.damaged.push_back(segment);
  }
}

void Rewriter::AddInput(SegmentName name, const pack::PackStreams& pack,
                        const std::vector<pack::Position>& positions) {
  for (const std::string& what : pack.warnings) AddDamage(name, what);
  const pack::Index& index = pack.file->index();
  for (const pack::BlockInfo& info : index.blocks) {
    const LabelSet* labels = pack.streams[info.stream];
    if (labels == nullptr) continue;  // said in the warnings
    if (request_.drops_all && request_.drops_all(*labels, info.min_ts_ns, info.max_ts_ns)) {
      result_.dropped += info.entries;
      drops_any_ = true;
      continue;
    }
    const bool may_drop =
        request_.drops != nullptr &&
        (!request_.may_drop || request_.may_drop(*labels, info.min_ts_ns, info.max_ts_ns));
    drops_any_ |= may_drop;
    Stream& stream = streams_[labels->json];
    stream.labels = labels;
    stream.runs.push_back({name, pack.file.get(), &info, next_order_++, may_drop, nullptr});
  }
  for (const pack::Position& position : positions) {
    const LabelSet* labels = pack.streams[position.stream];
    if (labels == nullptr) continue;
    Stream& stream = streams_[labels->json];
    stream.labels = labels;
    stream.sources[position.id].Take(position);
  }
}

Status Rewriter::Write(int fd, const std::string& name) {
  pack::FileWriter::Options options;
  options.level = request_.level;
  options.form = request_.form;
  writer_ = std::make_unique<pack::FileWriter>(fd, name, options);
  for (auto& [json, stream] : streams_) GLP_RETURN_IF_ERROR(WriteStream(&stream));
  if (!result_.damage.empty() && !request_.salvage) return DataError(result_.damage[0]);
  GLP_RETURN_IF_ERROR(writer_->Finish());
  result_.entries = writer_->index().entries;
  result_.line_bytes = writer_->index().line_bytes;
  result_.bytes_after = writer_->file_bytes();
  return Status::Ok();
}

Status Rewriter::Load(Run* run) {
  if (IsCancelled()) return Stopped();
  run->block = spare_ != nullptr ? std::move(spare_) : std::make_unique<pack::Block>();
  Status status = loader_.Load(*run->file, *run->info, pack::Want::kLines, run->block.get());
  if (status.code() != Code::kData) return status;
  AddDamage(run->segment, status.message());
  run->block = nullptr;
  return request_.salvage ? Status::Ok() : status;
}

Status Rewriter::WriteStream(Stream* stream) {
  number_ = writer_->AddStream(stream->labels->json);
  std::vector<pack::Position> positions;
  for (const auto& [id, source] : stream->sources) source.AppendPositions(id, &positions);
  for (pack::Position& position : positions) {
    position.stream = number_;
    writer_->AddPosition(std::move(position));
  }
  std::vector<Run>& runs = stream->runs;
  repeats_.Clear();
  // Where all came with a src, equal entries are different ones.
  may_repeat_ =
      std::any_of(runs.begin(), runs.end(), [](const Run& run) { return !run.info->exact; });
  std::stable_sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) {
    return a.info->min_ts_ns < b.info->min_ts_ns;
  });
  // A heap of the loaded runs, the next one on top.
  std::vector<Run> heap;
  const auto after = [](const Run& a, const Run& b) { return Before(b, a); };
  size_t next = 0;  // of runs, not loaded yet
  while (!heap.empty() || next < runs.size()) {
    if (next < runs.size() && (heap.empty() || runs[next].info->min_ts_ns <= heap[0].ts_ns())) {
      GLP_RETURN_IF_ERROR(Load(&runs[next]));
      if (runs[next].block != nullptr) {
        heap.push_back(std::move(runs[next]));
        std::push_heap(heap.begin(), heap.end(), after);
      }
      ++next;
      continue;
    }
    std::pop_heap(heap.begin(), heap.end(), after);
    Run run = std::move(heap.back());
    heap.pop_back();
    // Until another run has an earlier entry the heap need not be touched.
    const size_t size = run.block->entries();
    do {
      GLP_RETURN_IF_ERROR(WriteEntry(*stream, run));
      ++run.at;
    } while (run.at < size && (heap.empty() || Before(run, heap[0])) &&
             (next == runs.size() || run.ts_ns() < runs[next].info->min_ts_ns));
    if (run.at < size) {
      heap.push_back(std::move(run));
      std::push_heap(heap.begin(), heap.end(), after);
    } else {
      repeats_.Keep();
      spare_ = std::move(run.block);
    }
  }
  GLP_RETURN_IF_ERROR(Cut(true));
  return Cut(false);
}

Status Rewriter::WriteEntry(const Stream& stream, const Run& run) {
  const bool exact = run.info->exact;
  const pack::PackEntry entry{run.ts_ns(), 0, run.block->line(run.at), run.block->meta(run.at)};
  if (check_.Stops(sizeof entry + entry.line.size())) return Stopped();
  if (run.may_drop && request_.drops(*stream.labels, entry.ts_ns, entry.line, entry.meta)) {
    ++result_.dropped;
    return Status::Ok();
  }
  if (may_repeat_ && repeats_.Add(entry.ts_ns, entry.line, entry.meta) && !exact) {
    ++result_.repeats;
    return Status::Ok();
  }
  pack::BlockBuilder& builder = builders_[exact];
  builder.Add(entry);
  const bool is_full = builder.line_bytes() >= kBlockBytes || builder.bytes() >= kBlockMemory;
  return is_full ? Cut(exact) : Status::Ok();
}

Status Rewriter::Cut(bool exact) {
  if (IsCancelled()) return Stopped();
  return writer_->AddBlock(&builders_[exact], number_, exact);
}

}  // namespace

Result<RewriteResult> Rewrite(const RewriteRequest& request) {
  RewriteResult result;
  result.name = {request.segments.front().first, request.segments.back().last};
  Rewriter rewriter(request, &result);
  GLP_ASSIGN_OR_RETURN(const bool is_wanted, rewriter.OpenInputs());
  if (!is_wanted) return result;
  const Status status =
      WriteWhole(SegmentPath(request.folder, result.name),
                 [&](int fd, const std::string& name) { return rewriter.Write(fd, name); });
  if (!status.ok() && !(status.code() == Code::kData && !result.damage.empty())) return status;
  result.written = status.ok();
  return result;
}

}  // namespace glp::store
