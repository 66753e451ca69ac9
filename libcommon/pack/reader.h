// Queries over .glp files, and their entries in the order in which they came.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "logql/source.h"
#include "pack/file.h"
#include "pack/merge.h"
#include "record/labels.h"

namespace glp::pack {

// The entries of the file at `path`, read block by block as a query needs them. A file that was
// cut off gives what is whole of it and says so in ScanStats::warnings.
// Errors: Code::kIo; Code::kData where it is no .glp file.
Result<std::unique_ptr<logql::EntrySource>> OpenPack(const std::string& path);
// The same for a descriptor of a file (pread must work). `name` stands in messages.
Result<std::unique_ptr<logql::EntrySource>> OpenPack(io::Fd fd, const std::string& name);

// A file with its label sets interned, as part of a source.
struct PackStreams {
  std::shared_ptr<const PackFile> file;
  std::vector<const LabelSet*> streams;  // by number; nullptr where the JSON is none
  std::vector<std::string> warnings;     // of the file and its label sets
};
PackStreams ResolveStreams(std::shared_ptr<const PackFile> file, LabelTable* labels);

// Appends a run for each block that may have what the context's request wants; what is left out is
// counted in the stats, warnings of the file are added there. `group` orders files by arrival.
void AddRuns(const PackStreams& pack, uint32_t group, ScanContext* context,
             std::vector<std::unique_ptr<SortedRun>>* runs);
// Adds what AddRuns would make of the request to a plan. `streams` gathers those of all files, so
// that each counts once.
struct PlannedStreams {
  std::unordered_set<const LabelSet*> matching, all;
};
void AddPlan(const PackStreams& pack, const logql::ScanRequest& request, logql::ScanPlan* plan,
             PlannedStreams* streams);
// Appends the streams that match and have a block that overlaps the range.
void AddStreams(const PackStreams& pack, const std::vector<logql::Matcher>& matchers,
                logql::TimeRange range, std::vector<const LabelSet*>* streams);
// Appends the blocks of streams that match and overlap the range.
void AddParts(const PackStreams& pack, const std::vector<logql::Matcher>& matchers,
              logql::TimeRange range, std::vector<logql::StreamPart>* parts);

// Gives every entry to `sink` in the order of arrival; in the order of time where the file has no
// arrival numbers. `stream` is a number of the index. Views are good until `sink` returns; its
// error ends the reading. Blocks that are damaged are passed over and said in `damage`.
// Memory: the blocks that the writer held open at the same time.
Status ReadInArrivalOrder(
    const PackFile& file,
    const std::function<Status(uint32_t stream, const PackEntry& entry)>& sink,
    std::vector<std::string>* damage);

}  // namespace glp::pack
