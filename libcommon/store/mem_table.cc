#include "store/mem_table.h"

#include <algorithm>
#include <cstring>

namespace glp::store {
namespace {

constexpr size_t kBlockBytes = 1 << 20;
// Larger lines get room of their own, so that no block is left half empty.
constexpr size_t kLargeBytes = 128 << 10;
constexpr size_t kFirstRows = 16;
constexpr size_t kMaxRows = 4096;

class MemRun : public pack::SortedRun {
 public:
  MemRun(const MemView* view, uint32_t run_group, uint64_t run_order) : view_(view) {
    stream = view->stream;
    min_ts_ns = view->min_ts_ns;
    max_ts_ns = view->max_ts_ns;
    group = run_group;
    order = run_order;
    exact = view->exact;
  }

  Status Load(pack::ScanContext* context) override {
    const logql::TimeRange& range = context->request.range;
    for (const MemRow& row : SortedRows(*view_)) {
      if (!range.Contains(row.ts_ns)) continue;
      rows_.push_back(row);
      row_times_.push_back(row.ts_ns);
      context->stats.line_bytes += context->request.want_lines ? row.line_size : 0;
    }
    size_ = rows_.size();
    times_ = row_times_.data();
    context->stats.entries += size_;
    ++context->stats.blocks_read;
    return Status::Ok();
  }

  Status LoadText(pack::ScanContext*) override { return Status::Ok(); }

  size_t bytes() const override { return rows_.size() * sizeof(MemRow); }

  void Text(size_t i, logql::Entry* entry) const override {
    entry->line = rows_[i].line();
    entry->meta = rows_[i].meta();
  }

 private:
  const MemView* view_;
  std::vector<MemRow> rows_;
  std::vector<int64_t> row_times_;
};

}  // namespace

void MemSource::Restart(uint64_t floor) {
  restarted_ = true;
  floor_ = last_ = floor;
  points_.clear();
}

void MemSource::Take(const pack::Position& position) {
  if (position.kind == pack::Position::Kind::kRestart) Restart(position.next);
  // ReadPosition has looked at them.
  (void)pack::ForEachPoint(position, [&](uint64_t next) { Add(next); });
}

pack::Position MemSource::Position(const std::string& id) const {
  using Kind = pack::Position::Kind;
  if (settled_) return {0, id, Kind::kSettled, *settled_, {}};
  return {0, id, restarted_ ? Kind::kRestart : Kind::kAdded, floor_, points_};
}

pack::Position MemSource::Unlogged(const std::string& id) const {
  if (logged_.restarted != restarted_) return Position(id);
  uint64_t before = logged_.size == 0 ? floor_ : logged_.last;
  return {0, id, pack::Position::Kind::kAdded, before, points_.substr(logged_.size)};
}

void MemSource::SetLogged(const Mark& mark) {
  // After a restart all is to be logged anew.
  if (mark.restarted == restarted_) logged_ = mark;
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

std::unique_ptr<pack::SortedRun> MakeMemRun(const MemView* view, uint32_t group, uint64_t order) {
  return std::make_unique<MemRun>(view, group, order);
}

}  // namespace glp::store
