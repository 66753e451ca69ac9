#include "store/tenant.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "store/catalogue_writer.h"
#include "store/folder.h"
#include "store/rewrite.h"

namespace glp::store {
namespace {

// A commit of more than this part of a segment cuts one: writing it once is cheaper than logging
// it and writing it again.
constexpr uint64_t kCutPart = 8;
// What an entry costs in a block besides its text, about.
constexpr uint64_t kEntryBytes = 8;
// Between two looks at whether a wait for another rewrite is still wanted.
constexpr auto kWaitStep = std::chrono::milliseconds(10);
// Points that are kept of sources that are given whole, should some come late all the same.
constexpr size_t kMaxClaimedPoints = 1 << 20;
// So many segments are read by everyone who asks until the catalogue has them.
constexpr int kChangesPerCatalogue = 32;

int64_t SteadyNs() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

std::unique_ptr<Tenant::Table> Tenant::NewTable() {
  uint64_t number = next_number_++;
  return std::make_unique<Table>(number, WalPath(folder_, number));
}

Result<std::unique_ptr<Tenant>> Tenant::Open(std::string folder, const Options& options,
                                             std::atomic<size_t>* all_segments,
                                             std::vector<std::string>* warnings) {
  GLP_RETURN_IF_ERROR(io::MakeFolders(folder));
  std::unique_ptr<Tenant> tenant(new Tenant(std::move(folder), options, all_segments));
  GLP_RETURN_IF_ERROR(tenant->Recover(warnings));
  return tenant;
}

Status Tenant::Recover(std::vector<std::string>* warnings) {
  GLP_ASSIGN_OR_RETURN(FolderFiles files, ListFiles(folder_));
  for (const std::string& name : files.left) {
    GLP_RETURN_IF_ERROR(io::Remove(folder_ + "/" + name));
  }
  // A log that is kept aside keeps its name.
  next_number_ = files.last_damaged + 1;
  for (uint64_t number : files.wals) {
    next_number_ = std::max(next_number_, number + 1);
    if (Covers(files.segments, number)) {
      GLP_RETURN_IF_ERROR(io::Remove(WalPath(folder_, number)));
      continue;
    }
    GLP_RETURN_IF_ERROR(RecoverWal(number, warnings));
  }
  GLP_ASSIGN_OR_RETURN(files, ListFiles(folder_));
  all_segments_ += files.segments.size();
  for (SegmentName name : files.segments) {
    next_number_ = std::max(next_number_, name.last + 1);
    GLP_RETURN_IF_ERROR(AddSegment(name, warnings));
  }
  UpdateCatalogue();
  last_cut_ns_ = SteadyNs();
  active_ = NewTable();
  return Status::Ok();
}

Status Tenant::RecoverWal(uint64_t number, std::vector<std::string>* warnings) {
  std::string path = WalPath(folder_, number);
  GLP_ASSIGN_OR_RETURN(io::Fd fd, io::OpenRead(path));
  MemTable table;
  LabelTable labels;
  GLP_ASSIGN_OR_RETURN(WalReport report, ReadWal(fd.get(), path, &labels, &table));
  if (table.entries() > 0) {
    GLP_RETURN_IF_ERROR(WriteSegment(folder_, number, table, options_.level));
  }
  if (report.damage.empty()) return io::Remove(path);
  warnings->insert(warnings->end(), report.damage.begin(), report.damage.end());
  warnings->push_back(path + ": what is whole was taken over; kept as " + path + ".damaged");
  return io::Rename(path, path + ".damaged");
}

Status Tenant::AddSegment(SegmentName name, std::vector<std::string>* warnings) {
  auto file = OpenSegment(folder_, name, all_segments_);
  if (file.status().code() == Code::kData) {
    warnings->push_back(file.status().message());
    unreadable_.push_back(file.status().message());
    segments_.push_back({name, std::nullopt, /*is_fixed=*/true});
    return Status::Ok();
  }
  if (!file.ok()) return file.status();
  Result<std::vector<pack::Position>> positions = (*file)->ReadPositions();
  if (positions.status().code() == Code::kIo) return positions.status();
  OpenedSegment opened = Resolve(name, std::move(*file));
  const pack::PackStreams& pack = *opened.pack;
  warnings->insert(warnings->end(), pack.warnings.begin(), pack.warnings.end());
  const bool sound = positions.ok();
  if (!sound) {
    warnings->push_back(positions.status().message());
    positions = std::vector<pack::Position>();
  }
  for (const pack::Position& position : *positions) {
    const LabelSet* labels = pack.streams[position.stream];
    if (labels == nullptr) continue;
    HeldPoints& held = FindStream(*labels)->sources[position.id];
    // Reading them has looked at ranges and points.
    (void)pack::ForEachRange(position, [&](uint64_t from, uint64_t to) {
      held.Settle({from, to});
    });
    using Kind = pack::Position::Kind;
    if (position.kind == Kind::kRestart) held.Restart(position.next);
    if (position.kind == Kind::kRestart || position.kind == Kind::kAdded) {
      (void)pack::ForEachPoint(position, [&](uint64_t next) {
        if (!held.Has(next)) held.points().Add(next);
      });
    }
  }
  const bool is_fixed = !pack.warnings.empty() || !sound;
  segments_.push_back({name, std::move(opened), is_fixed});
  return Status::Ok();
}

OpenedSegment Tenant::Resolve(SegmentName name, std::unique_ptr<pack::PackFile> file) {
  return {name,
          std::make_shared<const pack::PackStreams>(
              pack::ResolveStreams(std::move(file), labels_.get())),
          &stream_lists_};
}

Tenant::Stream* Tenant::FindStream(const LabelSet& labels) {
  if (last_ != nullptr && last_->labels->hash == labels.hash &&
      last_->labels->json == labels.json) {
    return last_;
  }
  auto found = by_json_.find(labels.json);
  if (found == by_json_.end()) {
    Stream& stream = streams_.emplace_back();
    stream.labels = labels_->FromLabels(labels.labels);
    found = by_json_.emplace(labels.json, &stream).first;
  }
  return last_ = found->second;
}

bool Tenant::Admit(Stream* stream, const NewEntry& entry) {
  if (stream->source == nullptr || stream->source_id != entry.src_id) {
    stream->source_id = entry.src_id;
    stream->source = &stream->sources[stream->source_id];
    stream->source_active = nullptr;
  }
  HeldPoints& held = *stream->source;
  bool is_new = !held.Has(entry.src_next);
  bool was_true = !is_new || held.Add(entry.src_next);
  std::optional<Range> claim;
  if (entry.src_whole_from < entry.src_next) {
    claim = held.Claim({entry.src_whole_from, entry.src_next});
  }
  if (!is_new && !claim) return false;
  if (stream->source_active == nullptr) {
    stream->source_active = &stream->active[1]->sources[stream->source_id];
  }
  MemSource& active = *stream->source_active;
  if (!was_true) {
    TellAgain(held, &active);
  } else if (!claim) {
    active.AddPoint(entry.src_next);
  }
  if (claim) {
    active.AddRange(*claim);
    if (is_new && ++claimed_points_ > kMaxClaimedPoints) SettleOlder();
  }
  return is_new;
}

void Tenant::TellAgain(HeldPoints& held, MemSource* active) {
  active->Restart();
  for (const Range& range : held.settled().ranges()) active->AddRange(range);
  held.points().ForEach([&](uint64_t next) { active->AddPoint(next); });
}

void Tenant::DropClaims() {
  std::lock_guard lock(mutex_);
  for (Stream& stream : streams_) {
    for (auto& [id, held] : stream.sources) {
      if (!held.DropClaims()) continue;
      MemStream*& active = stream.active[1];
      if (active == nullptr) active = active_->rows->Stream(stream.labels, true);
      TellAgain(held, &active->sources[id]);
    }
  }
}

void Tenant::SettleOlder() {
  claimed_points_ = 0;
  for (Stream& stream : streams_) {
    for (auto& [id, held] : stream.sources) claimed_points_ += held.SettleOlderHalf();
  }
}

void Tenant::Append(std::span<const NewEntry> entries, AppendResult* result) {
  std::lock_guard lock(mutex_);
  MemTable& rows = *active_->rows;
  for (const NewEntry& entry : entries) {
    Stream* stream = FindStream(*entry.stream);
    bool exact = !entry.src_id.empty();
    MemStream*& active = stream->active[exact];
    if (active == nullptr) active = rows.Stream(stream->labels, exact);
    if (exact && !Admit(stream, entry)) {
      ++result->duplicates;
      if (result->duplicate_indexes != nullptr) {
        result->duplicate_indexes->push_back(static_cast<size_t>(&entry - entries.data()));
      }
      continue;
    }
    rows.Add(active, entry.ts_ns, entry.line, entry.meta == "{}" ? "" : entry.meta);
    ++result->added;
  }
  active_->appended = ++appended_;
  CountMemory();
}

void Tenant::CountMemory() {
  memory_bytes_ = active_->rows->bytes() + (frozen_ != nullptr ? frozen_->rows->bytes() : 0);
}

Status Tenant::Commit() {
  uint64_t target;
  {
    std::lock_guard lock(mutex_);
    target = appended_;
  }
  std::lock_guard io_lock(io_mutex_);
  bool much;
  {
    std::lock_guard lock(mutex_);
    if (durable_ >= target) return Status::Ok();
    much = active_->rows->bytes() - logged_bytes_ >= options_.segment_bytes / kCutPart;
  }
  if (much || log_lost_) return CutLocked();
  GLP_RETURN_IF_ERROR(WriteFrozen());
  return LogLocked();
}

Status Tenant::LogLocked() {
  std::vector<WalStream> batch;
  std::vector<std::pair<MemStream*, size_t>> logged;
  std::vector<std::pair<MemSource*, MemSource::Mark>> logged_sources;
  uint64_t bytes;
  uint64_t upto;
  {
    std::lock_guard lock(mutex_);
    for (MemStream& stream : active_->rows->streams()) {
      if (stream.rows() == stream.logged) continue;
      logged.emplace_back(&stream, stream.rows());
      WalStream& part = batch.emplace_back();
      part.rows = stream.View(stream.logged);
      for (auto& [id, source] : stream.sources) {
        size_t before = part.sources.size();
        source.AppendUnlogged(id, &part.sources);
        if (part.sources.size() > before) logged_sources.emplace_back(&source, source.Now());
      }
    }
    bytes = active_->rows->bytes();
    upto = appended_;
  }
  if (!batch.empty()) {
    GLP_RETURN_IF_ERROR(active_->wal.Append(batch, options_.sync == Options::Sync::kAlways));
  }
  std::lock_guard lock(mutex_);
  for (auto& [stream, rows] : logged) stream->logged = rows;
  for (auto& [source, mark] : logged_sources) source->SetLogged(mark);
  logged_bytes_ = bytes;
  durable_ = std::max(durable_, upto);
  return Status::Ok();
}

Status Tenant::Cut() {
  std::lock_guard io_lock(io_mutex_);
  return CutLocked();
}

Status Tenant::CutIfAtLeast(uint64_t bytes) {
  std::lock_guard io_lock(io_mutex_);
  return memory_bytes_ < bytes ? Status::Ok() : CutLocked();
}

Status Tenant::CutIfDue(int64_t now_ns) {
  {
    std::lock_guard lock(mutex_);
    if (active_->rows->entries() == 0) return Status::Ok();
    if (seen_number_ != active_->number) {
      seen_number_ = active_->number;
      oldest_ns_ = now_ns;
    }
    if (seen_appended_ != appended_) {
      seen_appended_ = appended_;
      newest_ns_ = now_ns;
    }
    const auto is_over = [now_ns](int64_t limit_ns, int64_t since_ns) {
      return limit_ns > 0 && now_ns - since_ns >= limit_ns;
    };
    if (!is_over(options_.max_age_ns, oldest_ns_) && !is_over(options_.max_idle_ns, newest_ns_)) {
      return Status::Ok();
    }
  }
  return Cut();
}

Status Tenant::SyncLog() {
  std::lock_guard io_lock(io_mutex_);
  // Only holders of io_mutex_ set active_ and frozen_. The log of a frozen table that could not be
  // written is all that holds it.
  Status status = frozen_ != nullptr ? frozen_->wal.Sync() : Status::Ok();
  if (status.ok()) status = active_->wal.Sync();
  if (status.ok()) return status;
  log_lost_ = true;
  return CutLocked();
}

Status Tenant::CutLocked() {
  GLP_RETURN_IF_ERROR(WriteFrozen());
  {
    std::lock_guard lock(mutex_);
    if (active_->rows->entries() == 0) {
      durable_ = appended_;  // all were duplicates
      return Status::Ok();
    }
    frozen_ = std::move(active_);
    active_ = NewTable();
    log_lost_ = false;  // the frozen table is written before anything else
    logged_bytes_ = 0;
    for (Stream& stream : streams_) {
      stream.active[0] = stream.active[1] = nullptr;
      stream.source_active = nullptr;
    }
  }
  return WriteFrozen();
}

Status Tenant::WriteFrozen() {
  // Only holders of io_mutex_ set frozen_, so it may be read here without mutex_.
  if (frozen_ == nullptr) return Status::Ok();
  GLP_RETURN_IF_ERROR(WriteSegment(folder_, frozen_->number, *frozen_->rows, options_.level));
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<pack::PackFile> file,
                       OpenSegment(folder_, frozen_->number, all_segments_));
  std::string wal;
  {
    std::lock_guard lock(mutex_);
    segments_.push_back({frozen_->number, Resolve(frozen_->number, std::move(file))});
    opened_ = nullptr;
    ++all_segments_;
    last_cut_ns_ = SteadyNs();
    durable_ = std::max(durable_, frozen_->appended);
    if (io::Exists(frozen_->wal.path())) wal = frozen_->wal.path();
    frozen_.reset();
    CountMemory();
  }
  // A log that stays is ignored by readers and removed when the store is opened next.
  if (!wal.empty()) (void)io::Remove(wal);
  RemoveRetired();
  OnChange();
  if (on_cut_) on_cut_();
  return Status::Ok();
}

std::vector<SegmentName> Tenant::PlanMerge(MergeGoal goal) {
  std::lock_guard lock(mutex_);
  std::vector<MergeInput> inputs;
  inputs.reserve(segments_.size());
  for (const Segment& segment : segments_) {
    MergeInput& input = inputs.emplace_back();
    input.is_final = segment.name.is_merged;
    input.is_fixed = segment.is_fixed;
    if (!segment.opened) continue;
    const pack::Index& index = segment.opened->pack->file->index();
    input.bytes = index.line_bytes + kEntryBytes * index.entries;
  }
  const std::optional<MergePlan> plan = NextMerge(inputs, goal);
  std::vector<SegmentName> names;
  for (size_t i = 0; plan && i < plan->count; ++i) {
    names.push_back(segments_[plan->first + i].name);
  }
  return names;
}

// Not a timed mutex: ThreadSanitizer does not see one being taken.
Result<std::unique_lock<std::mutex>> Tenant::LockRewrites(const std::function<bool()>& cancelled) {
  for (;;) {
    std::unique_lock lock(rewrite_mutex_, std::try_to_lock);
    if (lock.owns_lock()) return lock;
    if (cancelled && cancelled()) return Status(Code::kCancelled, "stopped before a rewrite");
    std::this_thread::sleep_for(kWaitStep);
  }
}

Result<bool> Tenant::MergeNext(MergeGoal goal, const std::function<bool()>& cancelled,
                               MergeReport* report) {
  GLP_ASSIGN_OR_RETURN(const auto rewrite_lock, LockRewrites(cancelled));
  RemoveRetired();
  RewriteRequest request;
  request.folder = folder_;
  request.segments = PlanMerge(goal);
  request.level = options_.level;
  request.cancelled = cancelled;
  if (request.segments.empty()) return false;
  GLP_ASSIGN_OR_RETURN(RewriteResult result, Rewrite(request));
  if (!result.written) {
    // Not tried again: what is damaged stays so, and is not mixed with what is sound.
    report->damage.insert(report->damage.end(), result.damage.begin(), result.damage.end());
    std::lock_guard lock(mutex_);
    for (Segment& segment : segments_) {
      segment.is_fixed |= std::find(result.damaged.begin(), result.damaged.end(), segment.name) !=
                          result.damaged.end();
    }
    return true;
  }
  GLP_RETURN_IF_ERROR(Replace(request.segments, result.name));
  ++report->merges;
  report->entries += result.entries;
  report->repeats += result.repeats;
  report->bytes_read += result.bytes_before;
  report->bytes_written += result.bytes_after;
  return true;
}

Status Tenant::Replace(const std::vector<SegmentName>& old, SegmentName with) {
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<pack::PackFile> file,
                       OpenSegment(folder_, with, all_segments_));
  {
    std::lock_guard lock(mutex_);
    auto begin = std::find_if(segments_.begin(), segments_.end(),
                              [&](const Segment& segment) { return segment.name == old.front(); });
    const auto end = begin + static_cast<ptrdiff_t>(old.size());
    for (auto segment = begin; segment != end; ++segment) {
      if (segment->name == with) continue;  // its file is the new one by now
      retired_.push_back({SegmentPath(folder_, segment->name), std::move(segment->opened->pack)});
    }
    *begin = {with, Resolve(with, std::move(file))};
    segments_.erase(begin + 1, end);
    opened_ = nullptr;
    stream_lists_.Prune();
    all_segments_ -= old.size() - 1;
  }
  RemoveRetired();
  OnChange();
  return Status::Ok();
}

void Tenant::OnChange() {
  if (++changes_ >= kChangesPerCatalogue) UpdateCatalogue();
}

void Tenant::UpdateCatalogue() {
  std::lock_guard lock(catalogue_mutex_);
  changes_ = 0;
  (void)store::UpdateCatalogue(folder_);
}

void Tenant::RemoveRetired() {
  std::vector<Retired> unread;
  {
    std::lock_guard lock(mutex_);
    // Snapshots are taken of what is in segments_, so nobody else will come to read it.
    const auto used = std::partition(retired_.begin(), retired_.end(), [](const Retired& retired) {
      return retired.pack.use_count() > 1;
    });
    std::move(used, retired_.end(), std::back_inserter(unread));
    retired_.erase(used, retired_.end());
  }
  // What cannot be removed is obsolete, and removed when the store is opened next.
  for (const Retired& retired : unread) (void)io::Remove(retired.path);
}

bool Tenant::IsIdle(int64_t idle_ns) {
  std::lock_guard lock(mutex_);
  return SteadyNs() - last_cut_ns_ >= idle_ns &&
         std::any_of(segments_.begin(), segments_.end(), [](const Segment& segment) {
           return !segment.name.is_merged && !segment.is_fixed;
         });
}

SourceParts Tenant::Snapshot() {
  std::lock_guard lock(mutex_);
  SourceParts parts;
  parts.owner = labels_;
  parts.warnings = unreadable_;
  if (opened_ == nullptr) {
    std::vector<OpenedSegment> opened;
    opened.reserve(segments_.size());
    for (const Segment& segment : segments_) {
      if (segment.opened) opened.push_back(*segment.opened);
    }
    opened_ = std::make_shared<const OpenedSegments>(std::move(opened));
  }
  parts.opened = opened_;
  for (const auto* table : {frozen_.get(), active_.get()}) {
    if (table != nullptr && table->rows->entries() > 0) {
      parts.memory.push_back(TakeSnapshot(table->rows));
    }
  }
  return parts;
}

}  // namespace glp::store
