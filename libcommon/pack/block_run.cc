#include "pack/block_run.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace glp::pack {
namespace {

using Answer = TextSearch::Answer;

class BlockRun : public SortedRun {
 public:
  BlockRun(const PackFile* file, const BlockInfo* info, const ScanContext* context,
           std::shared_ptr<FileSearch> search)
      : file_(file), info_(info), context_(context), search_(std::move(search)) {}

  Status Load(const logql::ScanRequest& request, LoadTools* tools,
              logql::ScanStats* stats) override {
    bool filters = !context_->search.empty() && (request.want_lines || request.exact_filters);
    std::optional<BlockFilter> filter;
    if (filters) {
      const Answer answer = search_->Decide(*info_, &filter);
      filters = answer != Answer::kAlways;
      if (answer == Answer::kNever) {
        ++stats->blocks_skipped;
        return Status::Ok();
      }
    }
    const bool text = request.want_lines || filters;
    block_ = tools->spare ? std::move(tools->spare) : std::make_unique<Block>();
    // Times of lines that do not pass are not needed, unless they tell which lines to look at.
    const bool is_whole =
        request.range.start_ns <= info_->min_ts_ns && info_->max_ts_ns < request.range.end_ns;
    const Want want = filters && is_whole ? Want::kTextAlone : text ? Want::kText : Want::kTimes;
    GLP_RETURN_IF_ERROR(tools->loader.Load(*file_, *info_, want, block_.get()));
    ++stats->blocks_read;
    stats->stored_bytes += text ? info_->size : info_->front_size;
    if (want == Want::kTextAlone && block_->text() != nullptr) {
      size_ = info_->entries;
      stats->entries += size_;
      stats->line_bytes += info_->line_bytes;
      stats->meta_bytes += block_->meta_bytes(0, size_);
      const Status status =
          TakeText(request, filters, filter ? &*filter : nullptr, /*has_times=*/false, tools);
      if (!status.ok()) size_ = 0;
      return status;
    }
    if (want == Want::kTextAlone) {
      GLP_RETURN_IF_ERROR(tools->loader.LoadTimes(*file_, *info_, block_.get()));
    }
    const std::vector<int64_t>& times = block_->times();
    const auto place = [&](int64_t ts_ns) {
      return static_cast<size_t>(std::lower_bound(times.begin(), times.end(), ts_ns) -
                                 times.begin());
    };
    begin_ = place(request.range.start_ns);
    size_ = place(request.range.end_ns) - begin_;
    times_ = times.data() + begin_;
    seqs_ = block_->seqs().empty() ? nullptr : block_->seqs().data() + begin_;
    stats->entries += size_;
    if (!text || size_ == 0) return Status::Ok();
    stats->meta_bytes += block_->meta_bytes(begin_, begin_ + size_);
    if (block_->text() != nullptr) {
      // Lines of other times have the same share of the bytes; how long each is nobody knows yet.
      stats->line_bytes += static_cast<uint64_t>(static_cast<__uint128_t>(info_->line_bytes) *
                                                 size_ / info_->entries);
      return TakeText(request, filters, filter ? &*filter : nullptr, /*has_times=*/true, tools);
    }
    const std::vector<uint32_t>& starts = block_->line_starts();
    stats->line_bytes += starts[begin_ + size_] - starts[begin_];
    if (filters) TakeLines(tools);
    return Status::Ok();
  }

  Status LoadText(LoadTools* tools) override {
    if (block_ != nullptr) return tools->loader.LoadLines(*file_, *info_, block_.get());
    if (rows_.empty()) return Status::Ok();
    // Their times were enough so far.
    auto block = tools->spare ? std::move(tools->spare) : std::make_unique<Block>();
    GLP_RETURN_IF_ERROR(tools->loader.Load(*file_, *info_, Want::kText, block.get()));
    const std::vector<uint32_t> rows = std::exchange(rows_, {});
    GLP_RETURN_IF_ERROR(block->text()->Rebuild(rows, &tools->text, &tools->starts));
    Keep(rows, {}, block.get(), tools);
    tools->spare = std::move(block);
    return Status::Ok();
  }

  void Text(size_t i, logql::Entry* entry) const override {
    if (block_ == nullptr) {
      const Kept& kept = kept_[i];
      entry->line = {kept.line, kept.line_size};
      entry->meta = std::string_view(kept_text_).substr(kept.meta, kept.meta_size);
      return;
    }
    const size_t at = begin_ + (passing_.empty() ? i : passing_[i]);
    entry->line = block_->line(at);
    entry->meta = block_->meta(at);
  }

  size_t load_bytes() const override { return info_->line_bytes + info_->entries * 24; }

  size_t bytes() const override {
    return kept_text_.size() + rebuilt_.size() + size_ * 24 +
           (block_ != nullptr && block_->has_lines() ? block_->lines().size() : 0);
  }

 private:
  struct Kept {
    const char* line;  // in rebuilt_ or kept_text_
    uint32_t line_size;
    uint32_t meta_size;
    size_t meta;  // in kept_text_
  };

  // Of a block with its lines as they are: leaves the entries that pass the line filters. Where
  // they are few, copies of them are kept and the block is given back.
  void TakeLines(LoadTools* tools) {
    std::vector<uint32_t>& passing = tools->passing;
    passing.clear();
    const std::vector<uint32_t>& starts = block_->line_starts();
    context_->search.Select(block_->lines().data(), starts.data() + begin_, size_, &passing);
    if (passing.size() == size_) return;
    size_t bytes = 0;
    for (const uint32_t i : passing) bytes += block_->line(begin_ + i).size();
    constexpr size_t kFew = 4;
    const bool are_few = bytes <= block_->lines().size() / kFew;
    if (!are_few) passing_ = passing;
    for (uint32_t& i : passing) i += static_cast<uint32_t>(begin_);
    KeepTimes(passing);
    if (!are_few) return;
    size_t meta_bytes = 0;
    for (const uint32_t row : passing) meta_bytes += block_->meta(row).size();
    kept_text_.reserve(bytes + meta_bytes);
    for (const uint32_t row : passing) {
      const std::string_view line = block_->line(row);
      kept_.push_back({kept_text_.data() + kept_text_.size(), static_cast<uint32_t>(line.size())});
      kept_text_.append(line);
      KeepMeta(row, *block_);
    }
    tools->spare = std::move(block_);
  }

  // Of a block with text: leaves the entries that pass, rebuilds what is wanted of them, and gives
  // the block back.
  Status TakeText(const logql::ScanRequest& request, bool filters, const BlockFilter* filter,
                  bool has_times, LoadTools* tools) {
    TextSearch::Selection& selection = tools->selection;
    TextColumn* const text = block_->text();
    if (filters) {
      const TextSearch::File* const file = filter != nullptr ? search_->templates() : nullptr;
      GLP_RETURN_IF_ERROR(context_->text_search.Select(text, begin_, begin_ + size_, filter, file,
                                                       request.want_lines, &selection));
    } else {
      selection.open.clear();
      selection.rows.resize(size_);
      std::iota(selection.rows.begin(), selection.rows.end(), static_cast<uint32_t>(begin_));
    }
    std::vector<uint32_t>& rows = selection.rows;
    if (selection.open.empty()) CutToLimit(request, &rows);
    std::vector<uint32_t> passing;  // of those that were rebuilt
    if (!rows.empty() && (request.want_lines || !selection.open.empty())) {
      const std::vector<uint32_t>& rebuilt = request.want_lines ? rows : selection.open;
      if (context_->cut && selection.open.empty() && !compares) text->Shorten(*context_->cut);
      if (rebuilt.size() == info_->entries) {
        GLP_RETURN_IF_ERROR(text->RebuildAll(&tools->text, &tools->starts));
      } else {
        GLP_RETURN_IF_ERROR(text->Rebuild(rebuilt, &tools->text, &tools->starts));
      }
      if (!selection.open.empty()) passing = Check(rebuilt, tools);
    }
    if (!has_times && !rows.empty()) {
      GLP_RETURN_IF_ERROR(tools->loader.LoadTimes(*file_, *info_, block_.get()));
      seqs_ = block_->seqs().empty() ? nullptr : block_->seqs().data();
    }
    KeepTimes(rows);
    if (request.want_lines) {
      Keep(rows, passing, block_.get(), tools);
    } else {
      rows_ = rows;
    }
    tools->spare = std::move(block_);
    return Status::Ok();
  }

  // More will not be given. Only of entries none of which is left out for another of the block.
  void CutToLimit(const logql::ScanRequest& request, std::vector<uint32_t>* rows) const {
    if (request.limit == 0 || rows->size() <= request.limit) return;
    if (!info_->distinct && !info_->exact) return;
    const auto limit = static_cast<std::ptrdiff_t>(request.limit);
    if (request.direction == logql::Direction::kBackward) {
      rows->erase(rows->begin(), rows->end() - limit);
    } else {
      rows->erase(rows->begin() + limit, rows->end());
    }
  }

  // Looks at the open lines of those that were rebuilt; takes what does not pass from the rows.
  // Returns which of the rebuilt lines the rows are then, where these are all rows.
  std::vector<uint32_t> Check(const std::vector<uint32_t>& rebuilt, LoadTools* tools) const {
    const std::vector<uint32_t>& open = tools->selection.open;
    std::vector<uint32_t>& rows = tools->selection.rows;
    std::vector<uint32_t> passing;
    if (rebuilt.size() == open.size()) {
      context_->search.Select(tools->text.data(), tools->starts.data(), rebuilt.size(), &passing);
    } else {
      size_t next = 0;
      for (uint32_t i = 0; i < rebuilt.size(); ++i) {
        const bool is_open = next < open.size() && open[next] == rebuilt[i];
        next += is_open ? 1 : 0;
        if (!is_open || context_->search.Passes(Line(*tools, i))) passing.push_back(i);
      }
    }
    // Both rise: rows that are not open stay, and those that pass.
    size_t kept = 0, at = 0, next = 0;
    for (const uint32_t row : rows) {
      if (at == rebuilt.size() || rebuilt[at] != row) {
        rows[kept++] = row;
        continue;
      }
      if (next < passing.size() && passing[next] == at) {
        rows[kept++] = row;
        ++next;
      }
      ++at;
    }
    rows.resize(kept);
    return passing;
  }

  static std::string_view Line(const LoadTools& tools, size_t i) {
    return tools.text.view().substr(tools.starts[i], tools.starts[i + 1] - tools.starts[i]);
  }

  void KeepTimes(const std::vector<uint32_t>& rows) {
    kept_times_.reserve(rows.size());
    for (const uint32_t row : rows) kept_times_.push_back(block_->times()[row]);
    times_ = kept_times_.data();
    size_ = rows.size();
    if (seqs_ == nullptr) return;
    kept_seqs_.reserve(rows.size());
    for (const uint32_t row : rows) kept_seqs_.push_back(block_->seqs()[row]);
    seqs_ = kept_seqs_.data();
  }

  void KeepMeta(uint32_t row, const Block& block) {
    const std::string_view meta = block.meta(row);
    kept_.back().meta = kept_text_.size();
    kept_.back().meta_size = static_cast<uint32_t>(meta.size());
    kept_text_.append(meta);
  }

  // Lines that were rebuilt: `rows`, which are those of numbers `numbers`, or (empty) all. Where
  // they are few, copies.
  void Keep(const std::vector<uint32_t>& rows, const std::vector<uint32_t>& numbers, Block* block,
            LoadTools* tools) {
    if (rows.empty()) return;
    const auto number = [&](size_t i) { return numbers.empty() ? i : numbers[i]; };
    size_t bytes = 0, meta_bytes = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      bytes += Line(*tools, number(i)).size();
      meta_bytes += block->meta(rows[i]).size();
    }
    constexpr size_t kFew = 4;
    const bool are_few = bytes < tools->text.capacity() / kFew;
    if (!are_few) std::swap(rebuilt_, tools->text);
    const char* const from = are_few ? tools->text.data() : rebuilt_.data();
    kept_text_.reserve((are_few ? bytes : 0) + meta_bytes);
    kept_.reserve(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      const uint32_t at = tools->starts[number(i)];
      const uint32_t size = tools->starts[number(i) + 1] - at;
      kept_.push_back({from + at, size});
      if (are_few) {
        kept_.back().line = kept_text_.data() + kept_text_.size();
        kept_text_.append(from + at, size);
      }
      KeepMeta(rows[i], *block);
    }
  }

  const PackFile* const file_;
  const BlockInfo* const info_;
  const ScanContext* const context_;
  const std::shared_ptr<FileSearch> search_;
  std::unique_ptr<Block> block_;   // loaded; nullptr where the entries are in kept_
  size_t begin_ = 0;               // of the range within the block
  std::vector<uint32_t> passing_;  // of the range; empty: all of it
  std::vector<uint32_t> rows_;     // of the block, where only times were kept
  std::vector<Kept> kept_;
  Buffer rebuilt_;
  std::string kept_text_;
  std::vector<int64_t> kept_times_;
  std::vector<uint64_t> kept_seqs_;
};

}  // namespace

Answer FileSearch::Decide(const BlockInfo& block, std::optional<BlockFilter>* filter) {
  if (block.filter_size == 0 || block.filter_size > kMaxFilterBytes) return Answer::kMaybe;
  std::string bytes(block.filter_size, '\0');
  if (!file_->Read(block.filter_offset, bytes.size(), bytes.data()).ok()) return Answer::kMaybe;
  *filter = BlockFilter::Parse(bytes);
  if (!*filter) return Answer::kMaybe;
  std::call_once(once_, [this] {
    const Result<const Templates*> templates = file_->templates();
    if (templates.ok()) templates_.emplace(*search_, **templates);
  });
  return templates_ ? templates_->Decide(**filter) : Answer::kMaybe;
}

std::unique_ptr<SortedRun> MakeBlockRun(const PackFile* file, const BlockInfo* block,
                                        const ScanContext* context,
                                        std::shared_ptr<FileSearch> search) {
  return std::make_unique<BlockRun>(file, block, context, std::move(search));
}

}  // namespace glp::pack
