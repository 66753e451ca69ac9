#include "pack/reader.h"

#include <string.h>

#include <algorithm>

#include "logql/ast.h"
#include "pack/counting.h"

namespace glp::pack {
namespace {

class BlockRun : public SortedRun {
 public:
  BlockRun(const PackFile* file, const BlockInfo* info, const logql::BlockSearch* search)
      : file_(file), info_(info), search_(search) {}

  Status Load(const logql::ScanRequest& request, LoadTools* tools,
              logql::ScanStats* stats) override {
    bool lines = request.want_lines || (request.exact_filters && !search_->empty());
    block_ = tools->spare ? std::move(tools->spare) : std::make_unique<Block>();
    Status status =
        tools->loader.Load(*file_, *info_, lines ? Want::kLines : Want::kTimes, block_.get());
    if (!status.ok()) return status;
    ++stats->blocks_read;
    const std::vector<int64_t>& times = block_->times();
    size_t begin = static_cast<size_t>(
        std::lower_bound(times.begin(), times.end(), request.range.start_ns) - times.begin());
    size_t end = static_cast<size_t>(
        std::lower_bound(times.begin(), times.end(), request.range.end_ns) - times.begin());
    begin_ = begin;
    size_ = end - begin;
    times_ = times.data() + begin;
    seqs_ = block_->seqs().empty() ? nullptr : block_->seqs().data() + begin;
    stats->entries += size_;
    if (!lines || size_ == 0) return Status::Ok();
    const std::vector<uint32_t>& starts = block_->line_starts();
    stats->line_bytes += starts[end] - starts[begin];
    if (!search_->empty()) Select(tools);
    return Status::Ok();
  }

  Status LoadText(LoadTools* tools) override {
    if (block_ == nullptr || block_->has_lines()) return Status::Ok();
    return tools->loader.LoadLines(*file_, *info_, block_.get());
  }

  void Text(size_t i, logql::Entry* entry) const override {
    if (block_ == nullptr) {
      const Kept& kept = kept_[i];
      entry->line = std::string_view(kept_text_).substr(kept.at, kept.line_size);
      entry->meta = std::string_view(kept_text_).substr(kept.at + kept.line_size, kept.meta_size);
      return;
    }
    const size_t at = begin_ + (passing_.empty() ? i : passing_[i]);
    entry->line = block_->line(at);
    entry->meta = block_->meta(at);
  }

  size_t load_bytes() const override { return info_->line_bytes + info_->entries * 24; }

  size_t bytes() const override {
    return kept_text_.size() + size_ * 24 +
           (block_ != nullptr && block_->has_lines() ? block_->lines().size() : 0);
  }

 private:
  struct Kept {
    size_t at;
    uint32_t line_size;
    uint32_t meta_size;
  };

  // Leaves the entries that pass the line filters. Where they are few, copies of them are kept and
  // the block is given back.
  void Select(LoadTools* tools) {
    std::vector<uint32_t>& passing = tools->passing;
    passing.clear();
    const std::vector<uint32_t>& starts = block_->line_starts();
    search_->Select(block_->lines().data(), starts.data() + begin_, size_, &passing);
    if (passing.size() == size_) return;
    size_t bytes = 0;
    for (const uint32_t i : passing) bytes += block_->line(begin_ + i).size();
    kept_times_.reserve(passing.size());
    for (const uint32_t i : passing) kept_times_.push_back(times_[i]);
    if (seqs_ != nullptr) {
      kept_seqs_.reserve(passing.size());
      for (const uint32_t i : passing) kept_seqs_.push_back(seqs_[i]);
      seqs_ = kept_seqs_.data();
    }
    times_ = kept_times_.data();
    size_ = passing.size();
    constexpr size_t kFew = 4;
    if (bytes > block_->lines().size() / kFew) {
      passing_ = passing;
      return;
    }
    kept_.reserve(size_);
    for (const uint32_t i : passing) Keep(begin_ + i);
    tools->spare = std::move(block_);
  }

  void Keep(size_t at) {
    std::string_view line = block_->line(at);
    std::string_view meta = block_->meta(at);
    kept_.push_back({kept_text_.size(), static_cast<uint32_t>(line.size()),
                     static_cast<uint32_t>(meta.size())});
    kept_text_.append(line).append(meta);
  }

  const PackFile* file_;
  const BlockInfo* info_;
  const logql::BlockSearch* search_;
  std::unique_ptr<Block> block_;   // loaded; nullptr where the entries are in kept_
  size_t begin_ = 0;               // of the range within the block
  std::vector<uint32_t> passing_;  // of the range; empty: all of it
  std::vector<Kept> kept_;
  std::string kept_text_;
  std::vector<int64_t> kept_times_;
  std::vector<uint64_t> kept_seqs_;
};

class PackSource : public logql::EntrySource {
 public:
  explicit PackSource(std::unique_ptr<PackFile> file)
      : pack_(ResolveStreams(std::move(file), &labels_)) {}

  Result<std::unique_ptr<logql::EntryCursor>> Scan(logql::ScanRequest request) override {
    auto context = std::make_unique<ScanContext>(std::move(request));
    std::vector<std::unique_ptr<SortedRun>> runs;
    AddRuns(pack_, 0, context.get(), &runs);
    return std::unique_ptr<logql::EntryCursor>(
        std::make_unique<MergeCursor>(std::move(context), std::move(runs), /*collapse=*/false));
  }

  bool AppliesFilters() const override { return true; }

  Result<std::optional<logql::Counts>> Count(const logql::CountRequest& request) override {
    if (request.no_meta && MayHaveMeta(pack_, request.matchers, *request.no_meta)) {
      return std::optional<logql::Counts>();
    }
    auto context = std::make_unique<ScanContext>(ScanOf(request));
    std::vector<std::unique_ptr<SortedRun>> runs;
    AddRuns(pack_, 0, context.get(), &runs);
    GLP_ASSIGN_OR_RETURN(logql::Counts counts, CountRuns(request, std::move(context),
                                                         std::move(runs), /*collapse=*/false));
    return std::optional<logql::Counts>(std::move(counts));
  }

  Result<std::vector<const LabelSet*>> Streams(const std::vector<logql::Matcher>& matchers,
                                               logql::TimeRange range) override {
    std::vector<const LabelSet*> streams;
    AddStreams(pack_, matchers, range, &streams);
    return streams;
  }

  Result<logql::ScanPlan> Plan(const logql::ScanRequest& request) override {
    logql::ScanPlan plan;
    PlannedStreams streams;
    AddPlan(pack_, request, &plan, &streams);
    plan.streams = streams.matching.size();
    plan.streams_total = streams.all.size();
    return plan;
  }

 private:
  LabelTable labels_;
  PackStreams pack_;
};

bool Overlaps(const BlockInfo& block, logql::TimeRange range) {
  return block.max_ts_ns >= range.start_ns && block.min_ts_ns < range.end_ns;
}

std::vector<bool> Matching(const PackStreams& pack, const std::vector<logql::Matcher>& matchers) {
  std::vector<bool> matching(pack.streams.size());
  for (size_t i = 0; i < matching.size(); ++i) {
    matching[i] = pack.streams[i] != nullptr && logql::MatchesAll(matchers, *pack.streams[i]);
  }
  return matching;
}

}  // namespace

Result<std::unique_ptr<logql::EntrySource>> OpenPack(const std::string& path) {
  GLP_ASSIGN_OR_RETURN(io::Fd fd, io::OpenRead(path));
  return OpenPack(std::move(fd), path);
}

Result<std::unique_ptr<logql::EntrySource>> OpenPack(io::Fd fd, const std::string& name) {
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<PackFile> file, PackFile::Open(std::move(fd), name));
  return std::unique_ptr<logql::EntrySource>(std::make_unique<PackSource>(std::move(file)));
}

PackStreams ResolveStreams(std::shared_ptr<const PackFile> file, LabelTable* labels) {
  PackStreams pack{std::move(file), {}, {}};
  pack.warnings = pack.file->damage();
  for (const std::string& json : pack.file->index().streams) {
    Result<const LabelSet*> set = labels->FromJson(json);
    pack.streams.push_back(set.ok() ? *set : nullptr);
    // A label set that was lost is "": its blocks have been said to be lost already.
    if (!set.ok() && !json.empty()) {
      pack.warnings.push_back(pack.file->name() + ": a label set: " + set.status().message());
    }
  }
  return pack;
}

void AddRuns(const PackStreams& pack, uint32_t group, ScanContext* context,
             std::vector<std::unique_ptr<SortedRun>>* runs) {
  logql::ScanStats& stats = context->stats;
  stats.warnings.insert(stats.warnings.end(), pack.warnings.begin(), pack.warnings.end());
  std::vector<bool> matching = Matching(pack, context->request.matchers);
  uint64_t order = 0;
  for (const BlockInfo& block : pack.file->index().blocks) {
    ++order;
    if (!matching[block.stream] || !Overlaps(block, context->request.range)) {
      ++stats.blocks_skipped;
      continue;
    }
    auto run = std::make_unique<BlockRun>(pack.file.get(), &block, &context->search);
    run->min_ts_ns = block.min_ts_ns;
    run->max_ts_ns = block.max_ts_ns;
    run->stream = pack.streams[block.stream];
    run->group = group;
    run->order = order;
    run->exact = block.exact;
    run->distinct = block.distinct;
    run->per_minute = block.per_minute;
    runs->push_back(std::move(run));
  }
}

void AddPlan(const PackStreams& pack, const logql::ScanRequest& request, logql::ScanPlan* plan,
             PlannedStreams* streams) {
  const std::vector<bool> matching = Matching(pack, request.matchers);
  for (size_t i = 0; i < matching.size(); ++i) {
    if (pack.streams[i] != nullptr) streams->all.insert(pack.streams[i]);
    if (matching[i]) streams->matching.insert(pack.streams[i]);
  }
  for (const BlockInfo& block : pack.file->index().blocks) {
    plan->bytes_total += block.size;
    if (!matching[block.stream]) {
      ++plan->blocks_stream;
    } else if (!Overlaps(block, request.range)) {
      ++plan->blocks_time;
    } else {
      ++plan->blocks;
      plan->bytes += request.want_lines ? block.size : block.front_size;
      plan->entries += block.entries;
    }
  }
}

void AddStreams(const PackStreams& pack, const std::vector<logql::Matcher>& matchers,
                logql::TimeRange range, std::vector<const LabelSet*>* streams) {
  std::vector<bool> wanted = Matching(pack, matchers);
  for (const BlockInfo& block : pack.file->index().blocks) {
    if (!wanted[block.stream] || !Overlaps(block, range)) continue;
    wanted[block.stream] = false;
    streams->push_back(pack.streams[block.stream]);
  }
}

}  // namespace glp::pack
