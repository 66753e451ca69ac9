#include "pack/reader.h"

#include <string.h>

#include <algorithm>

#include "logql/ast.h"
#include "pack/block_run.h"
#include "pack/counting.h"

namespace glp::pack {
namespace {

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

  Result<std::optional<logql::StreamParts>> Parts(const std::vector<logql::Matcher>& matchers,
                                                  logql::TimeRange range) override {
    logql::StreamParts parts;
    AddParts(pack_, matchers, range, &parts.parts);
    parts.warnings = pack_.warnings;
    return std::optional<logql::StreamParts>(std::move(parts));
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
  const auto search = std::make_shared<FileSearch>(pack.file.get(), &context->text_search);
  uint64_t order = 0;
  for (const BlockInfo& block : pack.file->index().blocks) {
    ++order;
    if (!matching[block.stream] || !Overlaps(block, context->request.range)) {
      ++stats.blocks_skipped;
      continue;
    }
    std::unique_ptr<SortedRun> run = MakeBlockRun(pack.file.get(), &block, context, search);
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
  const ScanContext context(request);
  FileSearch search(pack.file.get(), &context.text_search);
  const bool filters = !context.search.empty() && (request.want_lines || request.exact_filters);
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
      std::optional<BlockFilter> filter;
      const TextSearch::Answer answer =
          filters ? search.Decide(block, &filter) : TextSearch::Answer::kAlways;
      if (answer == TextSearch::Answer::kNever) {
        ++plan->blocks_filter;
        continue;
      }
      const bool text = request.want_lines || answer == TextSearch::Answer::kMaybe;
      ++plan->blocks;
      plan->bytes += text ? block.size : block.front_size;
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

void AddParts(const PackStreams& pack, const std::vector<logql::Matcher>& matchers,
              logql::TimeRange range, std::vector<logql::StreamPart>* parts) {
  const std::vector<bool> wanted = Matching(pack, matchers);
  for (const BlockInfo& block : pack.file->index().blocks) {
    if (!wanted[block.stream] || !Overlaps(block, range)) continue;
    parts->push_back({pack.streams[block.stream], block.min_ts_ns, block.max_ts_ns, block.entries,
                      block.line_bytes});
  }
}

}  // namespace glp::pack
