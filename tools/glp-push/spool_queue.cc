#include "spool_queue.h"

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "base/hash.h"
#include "base/strings.h"
#include "io/output.h"
#include "pack/frame.h"
#include "pack/varint.h"

namespace glp::push {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kPayloadVersion = 1;
constexpr int kZstdLevel = 1;
constexpr uint64_t kMinSegmentBytes = 64 << 10;
constexpr uint64_t kMaxSegmentBytes = 16 << 20;
constexpr uint64_t kSegmentsInSpool = 16;
constexpr uint64_t kMaxBodyBytes = uint64_t{4} << 30;
constexpr std::chrono::milliseconds kCursorPause{250};

// Frame and payload of a batch.
Status Encode(const Batch& batch, std::string* out) {
  std::string payload;
  pack::AppendVarint(&payload, kPayloadVersion);
  pack::AppendVarint(&payload, batch.entries);
  pack::AppendVarint(&payload, batch.size_bytes);
  pack::AppendVarint(&payload, batch.lanes);
  pack::AppendSized(&payload, batch.tenant);
  pack::AppendVarint(&payload, batch.body.size());
  const size_t head = payload.size();
  payload.resize(head + ZSTD_compressBound(batch.body.size()));
  const size_t size = ZSTD_compress(payload.data() + head, payload.size() - head, batch.body.data(),
                                    batch.body.size(), kZstdLevel);
  if (ZSTD_isError(size) != 0) return DataError(ZSTD_getErrorName(size));
  payload.resize(head + size);
  out->clear();
  pack::AppendFrame(out, pack::Marker::kLog, payload, 0);
  *out += payload;
  return Status::Ok();
}

// Nothing where the payload cannot be.
std::optional<BatchPtr> Decode(std::string_view payload) {
  pack::Decoder in(payload);
  auto batch = std::make_shared<Batch>();
  if (in.Varint() != kPayloadVersion) return std::nullopt;
  batch->entries = in.Varint();
  batch->size_bytes = in.Varint();
  batch->lanes = static_cast<uint32_t>(in.Varint());
  batch->tenant = in.Sized();
  const uint64_t raw_size = in.Varint();
  const std::string_view body = in.Bytes(in.left());
  if (!in.ok() || raw_size > kMaxBodyBytes ||
      ZSTD_getFrameContentSize(body.data(), body.size()) != raw_size) {
    return std::nullopt;
  }
  batch->body.resize(raw_size);
  const size_t size = ZSTD_decompress(batch->body.data(), raw_size, body.data(), body.size());
  if (ZSTD_isError(size) != 0 || size != raw_size) return std::nullopt;
  return batch;
}

}  // namespace

SpoolQueue::SpoolQueue(std::string dir, SpoolBudget* budget)
    : dir_(std::move(dir)),
      budget_(budget),
      segment_bytes_(
          std::clamp(budget->max_bytes / kSegmentsInSpool, kMinSegmentBytes, kMaxSegmentBytes)) {}

SpoolQueue::~SpoolQueue() = default;

Result<std::unique_ptr<SpoolQueue>> SpoolQueue::Open(std::string dir, SpoolBudget* budget,
                                                     std::vector<std::string>* warnings) {
  std::unique_ptr<SpoolQueue> queue(new SpoolQueue(std::move(dir), budget));
  GLP_RETURN_IF_ERROR(queue->ReadCursor(warnings));
  GLP_RETURN_IF_ERROR(queue->Scan());
  return queue;
}

std::string SpoolQueue::PathOf(uint64_t segment) const {
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), "/%020llu.seg", static_cast<unsigned long long>(segment));
  return dir_ + name.data();
}

uint64_t SpoolQueue::size_bytes() const {
  uint64_t sum = 0;
  for (const auto& [number, size] : segments_) sum += size;
  return sum;
}

// --- what another process left ---

Status SpoolQueue::ReadCursor(std::vector<std::string>* warnings) {
  const std::string path = dir_ + "/cursor";
  if (!io::Exists(path)) return Status::Ok();
  GLP_ASSIGN_OR_RETURN(const std::string text, io::ReadFile(path));
  const std::vector<std::string_view> parts = Split(TrimSpace(text), ' ');
  const auto segment = ParseUint64(parts[0]);
  const auto offset = parts.size() == 2 ? ParseUint64(parts[1]) : std::nullopt;
  if (!segment || !offset) {
    warnings->push_back(path + ": damaged; what is in the spool is sent from its start");
    return Status::Ok();
  }
  cursor_ = saved_ = read_ = {*segment, *offset};
  return Status::Ok();
}

Status SpoolQueue::Scan() {
  GLP_ASSIGN_OR_RETURN(std::vector<std::string> names, io::ListFolder(dir_));
  for (const std::string& name : names) {
    if (!name.ends_with(".seg")) continue;
    const auto number = ParseUint64(std::string_view(name).substr(0, name.size() - 4));
    if (!number) continue;
    GLP_ASSIGN_OR_RETURN(const io::Fd fd, io::OpenRead(PathOf(*number)));
    GLP_ASSIGN_OR_RETURN(segments_[*number], io::FileSize(fd.get(), PathOf(*number)));
    GLP_RETURN_IF_ERROR(ScanSegment(fd.get(), *number));
  }
  next_segment_ = cursor_.segment + 1;
  if (!segments_.empty()) next_segment_ = std::max(next_segment_, segments_.rbegin()->first + 1);
  RemoveDone();
  return Status::Ok();
}

// Counts frames, and takes off what a crash cut off at the end.
Status SpoolQueue::ScanSegment(int fd, uint64_t number) {
  if (number < cursor_.segment) return Status::Ok();
  uint64_t& size = segments_[number];
  uint64_t at = number == cursor_.segment ? std::min(cursor_.offset, size) : 0;
  std::array<char, pack::kFrameSize> head{};
  while (at < size) {
    const uint64_t left = size - at;
    std::optional<pack::Frame> frame;
    if (left >= head.size()) {
      GLP_RETURN_IF_ERROR(io::ReadAt(fd, at, head.size(), head.data(), PathOf(number)));
      frame = pack::ParseFrame({head.data(), head.size()});
    }
    if (left < head.size() || (frame && frame->record_size() > left)) {
      if (truncate(PathOf(number).c_str(), static_cast<off_t>(at)) != 0) {
        return IoError("truncate " + PathOf(number), errno);
      }
      budget_->used_bytes -= left;
      size = at;
      break;
    }
    if (frame) {
      at += frame->record_size();
      ++unread_;
      continue;
    }
    GLP_ASSIGN_OR_RETURN(at, NextFrame(fd, number, at));
  }
  return Status::Ok();
}

// Where behind the damage at `at` the next frame is; the size of the segment where there is none.
Result<uint64_t> SpoolQueue::NextFrame(int fd, uint64_t number, uint64_t at) {
  std::string rest(segments_[number] - at, '\0');
  GLP_RETURN_IF_ERROR(io::ReadAt(fd, at, rest.size(), rest.data(), PathOf(number)));
  return at + std::min(pack::FindFrame(rest, 1), rest.size());
}

// --- writing ---

Status SpoolQueue::OpenSegment() {
  if (out_.valid() && segments_.rbegin()->second < segment_bytes_) return Status::Ok();
  if (unsynced_) GLP_RETURN_IF_ERROR(Sync());
  out_.Reset();
  GLP_ASSIGN_OR_RETURN(io::Fd fd, io::Create(PathOf(next_segment_)));
  GLP_RETURN_IF_ERROR(io::SyncFolder(dir_));
  out_ = std::move(fd);
  segments_[next_segment_++] = 0;
  return Status::Ok();
}

Status SpoolQueue::Write(const Batch& batch) {
  GLP_RETURN_IF_ERROR(Encode(batch, &frame_));
  if (budget_->used_bytes + frame_.size() > budget_->max_bytes) {
    return Status(Code::kLimit, "the spool is full (--spool-max " +
                                    std::to_string(budget_->max_bytes) + " bytes)");
  }
  GLP_RETURN_IF_ERROR(OpenSegment());
  const uint64_t number = segments_.rbegin()->first;
  uint64_t& size = segments_.rbegin()->second;
  if (Status status = io::WriteAll(out_.get(), frame_, PathOf(number)); !status.ok()) {
    // Half a frame may be there. Where it cannot be taken back, a new segment is begun: at the end
    // of this one it counts as cut off.
    if (ftruncate(out_.get(), static_cast<off_t>(size)) != 0 ||
        lseek(out_.get(), static_cast<off_t>(size), SEEK_SET) < 0) {
      out_.Reset();
    }
    return status;
  }
  size += frame_.size();
  budget_->used_bytes += frame_.size();
  unsynced_ = true;
  return Status::Ok();
}

Status SpoolQueue::Append(const Batch& batch) {
  GLP_RETURN_IF_ERROR(Write(batch));
  ++unread_;
  return Status::Ok();
}

Result<SpoolQueue::Ref> SpoolQueue::AppendHeld(const Batch& batch) {
  GLP_RETURN_IF_ERROR(Write(batch));
  read_ = {segments_.rbegin()->first, segments_.rbegin()->second};
  pending_.push_back({read_});
  return first_pending_ + pending_.size() - 1;
}

Status SpoolQueue::Sync() {
  if (!unsynced_) return Status::Ok();
  // After a failure the system may have thrown away what was to be written, and a second try would
  // find nothing left to do. The server alone can take it off our hands then.
  if (sync_failed_.ok()) {
    sync_failed_ = io::SyncFile(out_.get(), PathOf(segments_.rbegin()->first));
  }
  unsynced_ = !sync_failed_.ok();
  return sync_failed_;
}

// --- reading ---

bool SpoolQueue::has_more() const {
  if (segments_.empty()) return false;
  const auto& [number, size] = *segments_.rbegin();
  return read_.segment < number || (read_.segment == number && read_.offset < size);
}

// False at the end of the queue.
Result<bool> SpoolQueue::OpenForRead() {
  auto segment = segments_.lower_bound(read_.segment);
  const auto begin = [&] { return segment->first == read_.segment ? read_.offset : 0; };
  while (segment != segments_.end() && begin() >= segment->second) ++segment;
  if (segment == segments_.end()) {
    if (!segments_.empty()) read_ = {segments_.rbegin()->first, segments_.rbegin()->second};
    return false;
  }
  if (segment->first != read_.segment) read_ = {segment->first, 0};
  if (!in_.valid() || in_segment_ != read_.segment) {
    GLP_ASSIGN_OR_RETURN(in_, io::OpenRead(PathOf(read_.segment)));
    in_segment_ = read_.segment;
  }
  return true;
}

Result<std::optional<BatchPtr>> SpoolQueue::ReadFrame(std::vector<std::string>* warnings) {
  const std::string path = PathOf(read_.segment);
  const uint64_t left = segments_[read_.segment] - read_.offset;
  std::array<char, pack::kFrameSize> head{};
  std::optional<pack::Frame> frame;
  if (left >= head.size()) {
    GLP_RETURN_IF_ERROR(io::ReadAt(in_.get(), read_.offset, head.size(), head.data(), path));
    frame = pack::ParseFrame({head.data(), head.size()});
  }
  if (frame && frame->record_size() <= left) {
    std::string payload(frame->head_size, '\0');
    GLP_RETURN_IF_ERROR(
        io::ReadAt(in_.get(), read_.offset + head.size(), payload.size(), payload.data(), path));
    std::optional<BatchPtr> batch;
    if (Hash64(payload) == frame->head_hash) batch = Decode(payload);
    if (unread_ > 0) --unread_;
    if (!batch) {
      warnings->push_back(path + ": byte " + std::to_string(read_.offset) +
                          ": a batch is damaged and lost");
    }
    read_.offset += frame->record_size();
    return batch;
  }
  GLP_ASSIGN_OR_RETURN(const uint64_t next, NextFrame(in_.get(), read_.segment, read_.offset));
  warnings->push_back(path + ": byte " + std::to_string(read_.offset) + ": " +
                      std::to_string(next - read_.offset) +
                      " bytes are damaged, the batches in them are lost");
  read_.offset = next;
  return std::optional<BatchPtr>();
}

Result<std::optional<SpoolQueue::Loaded>> SpoolQueue::Next(std::vector<std::string>* warnings) {
  for (;;) {
    GLP_ASSIGN_OR_RETURN(const bool more, OpenForRead());
    if (!more) {
      unread_ = 0;
      in_.Reset();
      Advance();
      return std::optional<Loaded>();
    }
    GLP_ASSIGN_OR_RETURN(std::optional<BatchPtr> batch, ReadFrame(warnings));
    if (!batch) continue;
    pending_.push_back({read_});
    return std::optional<Loaded>({first_pending_ + pending_.size() - 1, std::move(*batch)});
  }
}

// --- acknowledged ---

void SpoolQueue::Acked(Ref ref) {
  pending_[ref - first_pending_].acked = true;
  while (!pending_.empty() && pending_.front().acked) {
    cursor_ = pending_.front().end;
    pending_.pop_front();
    ++first_pending_;
  }
  Advance();
}

void SpoolQueue::Advance() {
  // Damage behind the last batch is passed, too, once it was told.
  const bool drained = empty();
  if (drained) cursor_ = read_;
  RemoveDone();
  if (!drained && Clock::now() - saved_at_ < kCursorPause) return;
  // Where that fails (disk full) it is done later; only a crash meanwhile has more sent again.
  saved_at_ = Clock::now();
  [[maybe_unused]] const Status later = SaveCursor();
}

Status SpoolQueue::SaveCursor() {
  if (cursor_ == saved_) return Status::Ok();
  GLP_RETURN_IF_ERROR(io::WriteFileAtomically(
      dir_ + "/cursor",
      std::to_string(cursor_.segment) + " " + std::to_string(cursor_.offset) + "\n"));
  saved_ = cursor_;
  return Status::Ok();
}

void SpoolQueue::RemoveDone() {
  while (!segments_.empty()) {
    const auto [number, size] = *segments_.begin();
    const bool done =
        number < cursor_.segment || (number == cursor_.segment && cursor_.offset >= size);
    if (!done) return;
    const bool is_last = segments_.size() == 1;
    if (is_last) {
      out_.Reset();
      unsynced_ = false;
      sync_failed_ = Status::Ok();
    }
    if (number == in_segment_) in_.Reset();
    // One that stays is in front of the cursor: the next process removes it.
    [[maybe_unused]] const Status gone = io::Remove(PathOf(number));
    budget_->used_bytes -= size;
    segments_.erase(segments_.begin());
  }
}

}  // namespace glp::push
