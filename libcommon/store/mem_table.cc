#include "store/mem_table.h"

#include <algorithm>
#include <cstring>

#include "logql/cancel_check.h"
#include "logql/step_evaluator.h"

namespace glp::store {
namespace {

constexpr size_t kBlockBytes = 1 << 20;
// Larger lines get room of their own, so that no block is left half empty.
constexpr size_t kLargeBytes = 128 << 10;
constexpr size_t kFirstRows = 16;
constexpr size_t kMaxRows = 4096;

class MemRun : public pack::SortedRun {
 public:
  MemRun(const MemView* view, const logql::BlockSearch* search, uint32_t run_group,
         uint64_t run_order)
      : view_(view), search_(search) {
    stream = view->stream;
    min_ts_ns = view->min_ts_ns;
    max_ts_ns = view->max_ts_ns;
    group = run_group;
    order = run_order;
    exact = view->exact;
  }

  Status Load(const logql::ScanRequest& request, pack::LoadTools*,
              logql::ScanStats* stats) override {
    logql::CancelCheck check(request.cancelled);
    for (const MemRow& row : SortedRows(*view_)) {
      if (!request.range.Contains(row.ts_ns)) continue;
      if (check.Stops(row.line_size + sizeof row)) return logql::CancelledError();
      ++stats->entries;
      ++stats->memory_entries;
      if (request.want_lines || request.exact_filters) {
        stats->line_bytes += row.line_size;
        stats->memory_line_bytes += row.line_size;
        stats->meta_bytes += row.meta_size;
        stats->memory_meta_bytes += row.meta_size;
        if (!search_->empty() && !search_->Passes(row.line())) continue;
      }
      rows_.push_back(row);
      row_times_.push_back(row.ts_ns);
    }
    size_ = rows_.size();
    times_ = row_times_.data();
    return Status::Ok();
  }

  Status LoadText(pack::LoadTools*) override { return Status::Ok(); }

  size_t load_bytes() const override { return view_->rows * (sizeof(MemRow) + sizeof(int64_t)); }

  size_t bytes() const override { return rows_.size() * sizeof(MemRow); }

  void Text(size_t i, logql::Entry* entry) const override {
    entry->line = rows_[i].line();
    entry->meta = rows_[i].meta();
  }

 private:
  const MemView* view_;
  const logql::BlockSearch* search_;
  std::vector<MemRow> rows_;
  std::vector<int64_t> row_times_;
};

}  // namespace

void MemSource::AddRange(Range range) {
  if (!ranges_.empty() && range.from <= ranges_.back().to && range.from >= ranges_.back().from) {
    ranges_.back().to = std::max(ranges_.back().to, range.to);
  } else {
    ranges_.push_back(range);
  }
}

void MemSource::Restart() {
  ++restarts_;
  last_ = 0;
  points_.clear();
  ranges_.clear();
}

// ReadPosition has looked at what is in it.
void MemSource::Take(const pack::Position& position) {
  using Kind = pack::Position::Kind;
  (void)pack::ForEachRange(position, [&](uint64_t from, uint64_t to) { AddRange({from, to}); });
  if (position.kind == Kind::kRestart) {
    Restart();
    if (position.next > 0) AddRange({0, position.next});
  }
  if (position.kind == Kind::kRestart || position.kind == Kind::kAdded) {
    (void)pack::ForEachPoint(position, [&](uint64_t next) { AddPoint(next); });
  }
}

void MemSource::AppendPositions(const std::string& id, std::vector<pack::Position>* out) const {
  AppendFrom({}, id, out);
}

void MemSource::AppendUnlogged(const std::string& id, std::vector<pack::Position>* out) const {
  // After a restart all is to be logged anew.
  AppendFrom(logged_.restarts == restarts_ ? logged_ : Mark(), id, out);
}

void MemSource::AppendFrom(const Mark& mark, const std::string& id,
                           std::vector<pack::Position>* out) const {
  using Kind = pack::Position::Kind;
  RangeSet ranges;
  for (size_t i = mark.ranges > 0 ? mark.ranges - 1 : 0; i < ranges_.size(); ++i) {
    Range range = ranges_[i];
    if (i + 1 == mark.ranges) range.from = mark.last_end;
    if (range.from < range.to) ranges.Add(range);
  }
  MemSource left;  // points outside of the ranges, and then the ends of the ranges
  pack::Position points{0, id, Kind::kAdded, mark.last, points_.substr(mark.points_size)};
  left.last_ = mark.last;
  if (!ranges.ranges().empty()) {
    (void)pack::ForEachPoint(points, [&](uint64_t next) {
      if (!ranges.Has(next)) left.AddPoint(next);
    });
    points.points = std::move(left.points_);
  }
  if (restarts_ != mark.restarts) points.kind = Kind::kRestart;
  if (points.kind == Kind::kRestart || !points.points.empty()) out->push_back(std::move(points));
  if (ranges.ranges().empty()) return;
  const Range& first = ranges.ranges().front();
  if (first.from == 0 && ranges.ranges().size() == 1) {
    out->push_back({0, id, Kind::kSettled, first.to, {}});
    return;
  }
  left = {};
  for (const Range& range : ranges.ranges()) {
    left.AddPoint(range.from);
    left.AddPoint(range.to);
  }
  out->push_back({0, id, Kind::kRanges, 0, std::move(left.points_)});
}

MemSource::Mark MemSource::Now() const {
  return {restarts_, points_.size(), last_, ranges_.size(),
          ranges_.empty() ? 0 : ranges_.back().to};
}

void MemSource::SetLogged(const Mark& mark) {
  if (mark.restarts == restarts_) logged_ = mark;
}

MemView MemStream::View(size_t begin) const {
  MemView view;
  view.stream = labels_;
  view.exact = exact_;
  view.rows = rows_ - begin;
  view.min_ts_ns = min_ts_ns_;
  view.max_ts_ns = max_ts_ns_;
  view.sorted = sorted_;
  for (size_t i = 0; i < parts_.size(); ++i) {
    size_t used = i + 1 == parts_.size() ? last_used_ : parts_[i].second;
    if (begin < used) view.parts.emplace_back(parts_[i].first.get() + begin, used - begin);
    begin -= std::min(begin, used);
  }
  return view;
}

void MemStream::Add(const MemRow& row) {
  if (parts_.empty() || last_used_ == parts_.back().second) {
    size_t room = parts_.empty() ? kFirstRows : std::min(parts_.back().second * 2, kMaxRows);
    parts_.emplace_back(std::make_unique_for_overwrite<MemRow[]>(room), room);
    last_used_ = 0;
  }
  parts_.back().first[last_used_++] = row;
  if (rows_ == 0) {
    min_ts_ns_ = max_ts_ns_ = row.ts_ns;
  } else {
    sorted_ &= row.ts_ns >= last_ts_ns_;
    min_ts_ns_ = std::min(min_ts_ns_, row.ts_ns);
    max_ts_ns_ = std::max(max_ts_ns_, row.ts_ns);
  }
  last_ts_ns_ = row.ts_ns;
  line_bytes_ += row.line_size;
  ++rows_;
}

MemStream* MemTable::Stream(const LabelSet* labels, bool exact) {
  MemStream*& stream = by_labels_[exact][labels];
  if (stream == nullptr) {
    stream = &streams_.emplace_back(labels, exact);
    bytes_ += sizeof(MemStream) + kFirstRows * sizeof(MemRow);
  }
  return stream;
}

char* MemTable::Room(size_t size) {
  if (size > kLargeBytes) {
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(size));
    return blocks_.back().get();
  }
  if (size > room_left_) {
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(kBlockBytes));
    room_ = blocks_.back().get();
    room_left_ = kBlockBytes;
  }
  char* room = room_;
  room_ += size;
  room_left_ -= size;
  return room;
}

void MemTable::Add(MemStream* stream, int64_t ts_ns, std::string_view line, std::string_view meta) {
  char* text = Room(line.size() + meta.size());
  if (!line.empty()) std::memcpy(text, line.data(), line.size());
  if (!meta.empty()) std::memcpy(text + line.size(), meta.data(), meta.size());
  AddAdopted(stream,
             {ts_ns, text, static_cast<uint32_t>(line.size()), static_cast<uint32_t>(meta.size())});
}

std::string_view MemTable::Adopt(std::string text) {
  return adopted_.emplace_back(std::move(text));
}

void MemTable::AddAdopted(MemStream* stream, const MemRow& row) {
  stream->Add(row);
  ++entries_;
  bytes_ += sizeof(MemRow) + row.line_size + row.meta_size;
}

MemSnapshot TakeSnapshot(std::shared_ptr<const MemTable> table) {
  MemSnapshot snapshot;
  for (const MemStream& stream : table->streams()) {
    if (stream.rows() > 0) snapshot.streams.push_back(stream.View());
  }
  snapshot.table = std::move(table);
  return snapshot;
}

std::vector<MemRow> SortedRows(const MemView& view) {
  std::vector<MemRow> rows;
  rows.reserve(view.rows);
  for (const auto& [first, count] : view.parts) rows.insert(rows.end(), first, first + count);
  if (!view.sorted) {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const MemRow& a, const MemRow& b) { return a.ts_ns < b.ts_ns; });
  }
  return rows;
}

bool HasMeta(const MemView& view) {
  return std::any_of(view.parts.begin(), view.parts.end(), [](const auto& part) {
    return std::any_of(part.first, part.first + part.second,
                       [](const MemRow& row) { return row.meta_size > 0; });
  });
}

logql::StreamPart PartOf(const MemView& view) {
  logql::StreamPart part{view.stream, view.min_ts_ns, view.max_ts_ns, view.rows, 0};
  for (const auto& [rows, count] : view.parts) {
    for (size_t i = 0; i < count; ++i) part.line_bytes += rows[i].line_size;
  }
  return part;
}

std::unique_ptr<pack::SortedRun> MakeMemRun(const MemView* view, const logql::BlockSearch* search,
                                            uint32_t group, uint64_t order) {
  return std::make_unique<MemRun>(view, search, group, order);
}

}  // namespace glp::store
