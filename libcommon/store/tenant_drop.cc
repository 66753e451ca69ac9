// What is deleted, or goes because of its age or the size of the store. Part of tenant.h.
#include <algorithm>
#include <optional>
#include <utility>

#include "store/catalogue.h"
#include "store/rewrite.h"
#include "store/tenant.h"

namespace glp::store {
Status Tenant::Drop(const DropMaker& rules, const std::function<bool()>& cancelled,
                    DropReport* report) {
  std::vector<SegmentName> names;
  {
    std::lock_guard lock(mutex_);
    for (const Segment& segment : segments_) names.push_back(segment.name);
  }
  Status first;
  for (SegmentName name : names) {
    Status status = DropFrom(name, rules, cancelled, report);
    if (status.code() == Code::kCancelled) return status;
    if (first.ok()) first = std::move(status);
  }
  return first;
}

Status Tenant::DropFrom(SegmentName name, const DropMaker& make_rules,
                        const std::function<bool()>& cancelled, DropReport* report) {
  GLP_ASSIGN_OR_RETURN(const auto rewrite_lock, LockRewrites(cancelled));
  RemoveRetired();
  std::vector<Segment> found;  // the one that it has become, if it was merged meanwhile
  std::optional<Segment> before;
  {
    std::lock_guard lock(mutex_);
    for (size_t i = 0; i < segments_.size(); ++i) {
      if (segments_[i].name != name && !segments_[i].name.Covers(name)) continue;
      found.push_back(segments_[i]);
      if (i > 0) before = segments_[i - 1];
    }
  }
  if (found.empty() || !found[0].opened) return Status::Ok();
  const std::unique_ptr<DropRules> rules = make_rules();
  const DropRules::Part part = PartOf(*found[0].opened->pack, rules.get());
  if (part == DropRules::Part::kNone || !rules->Pays(*found[0].opened->pack)) return Status::Ok();

  RewriteRequest request;
  request.folder = folder_;
  request.level = options_.level;
  request.cancelled = cancelled;
  request.only_if_drops = true;
  // Of what goes altogether nothing need be readable.
  request.salvage = part == DropRules::Part::kAll;
  // What is left of a segment of which all goes is what it says of sources; a row of such becomes
  // one.
  const bool joins = part == DropRules::Part::kAll && before && before->opened &&
                     !before->is_fixed && before->opened->blocks() == 0;
  if (joins) request.segments.push_back(before->name);
  request.segments.push_back(found[0].name);
  // A merged one gives its name to what is left of it; snapshots read on what it was.
  GLP_RETURN_IF_ERROR(found[0].opened->pack->file->HoldFd());
  before.reset();
  found.clear();
  using Part = DropRules::Part;
  DropRules* const r = rules.get();
  request.drops = [r](const LabelSet& stream, int64_t ts_ns, std::string_view line,
                      std::string_view meta) { return r->Drops(stream, ts_ns, line, meta); };
  request.drops_all = [r](const LabelSet& stream, int64_t min_ts_ns, int64_t max_ts_ns) {
    return r->Of(stream, min_ts_ns, max_ts_ns) == Part::kAll;
  };
  request.may_drop = [r](const LabelSet& stream, int64_t min_ts_ns, int64_t max_ts_ns) {
    return r->Of(stream, min_ts_ns, max_ts_ns) != Part::kNone;
  };
  GLP_ASSIGN_OR_RETURN(const RewriteResult result, Rewrite(request));
  report->damage.insert(report->damage.end(), result.damage.begin(), result.damage.end());
  if (!result.written) return Status::Ok();
  GLP_RETURN_IF_ERROR(Replace(request.segments, result.name));
  ++report->segments;
  report->entries += result.dropped;
  report->bytes_before += result.bytes_before;
  report->bytes_after += result.bytes_after;
  return Status::Ok();
}

std::vector<Tenant::SegmentUse> Tenant::Uses() {
  std::lock_guard lock(mutex_);
  std::vector<SegmentUse> uses;
  for (const Segment& segment : segments_) {
    if (!segment.opened) continue;
    SegmentUse& use = uses.emplace_back();
    use.name = segment.name;
    use.bytes = segment.opened->pack->file->size_bytes();
    use.is_empty = segment.opened->blocks() == 0;
    use.max_ts_ns = segment.opened->max_ts_ns;
  }
  return uses;
}

std::vector<Tenant::SegmentUse::Block> Tenant::BlocksOf(SegmentName name) {
  std::lock_guard lock(mutex_);
  std::vector<SegmentUse::Block> blocks;
  const auto found = std::find_if(segments_.begin(), segments_.end(),
                                  [&](const Segment& segment) { return segment.name == name; });
  if (found == segments_.end() || !found->opened) return blocks;
  for (const pack::BlockInfo& block : found->opened->pack->file->index().blocks) {
    blocks.push_back({block.min_ts_ns, block.max_ts_ns, block.size});
  }
  return blocks;
}

uint64_t Tenant::OtherBytes() {
  const Result<FileStamp> catalogue = StampOf(CataloguePath(folder_));
  const uint64_t catalogue_bytes = catalogue.ok() ? catalogue->size_bytes : 0;
  std::lock_guard lock(mutex_);
  return active_->wal.size_bytes() + (frozen_ == nullptr ? 0 : frozen_->wal.size_bytes()) +
         catalogue_bytes;
}

}  // namespace glp::store
