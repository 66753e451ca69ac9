#include "pack/file.h"

#include <algorithm>

#include "base/hash.h"
#include "pack/block_reader.h"
#include "pack/varint.h"

namespace glp::pack {
namespace {

// One read of this size gets trailer and footer of most files.
constexpr uint64_t kTailRead = 64 << 10;
// Heads that are larger are damage: a label set has a few KB, a block a few hundred bytes.
constexpr uint32_t kMaxBlockHead = 1 << 20;

// Streams of a record, which ends at `end`, into their places. False where the record cannot be.
bool TakeStreams(std::string_view head, uint64_t end, std::vector<std::string>* streams,
                 std::vector<bool>* known) {
  // Those before it stand in front of it, whole or lost, and each takes three bytes.
  constexpr uint64_t kMinStream = 3;
  Decoder in(head);
  uint64_t number = in.Varint();
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left, ++number) {
    std::string_view json = in.Sized();
    if (!in.ok() || number > end / kMinStream) return false;
    if (number >= streams->size()) {
      streams->resize(number + 1);
      known->resize(number + 1);
    }
    (*streams)[number] = json;
    (*known)[number] = true;
  }
  return in.done();
}

}  // namespace

Result<std::unique_ptr<PackFile>> PackFile::Open(const std::string& path) {
  GLP_ASSIGN_OR_RETURN(io::Fd fd, io::OpenRead(path));
  return Open(std::move(fd), path);
}

Result<std::unique_ptr<PackFile>> PackFile::Open(io::Fd fd, std::string name) {
  std::unique_ptr<PackFile> file(new PackFile(std::move(fd), std::move(name)));
  GLP_ASSIGN_OR_RETURN(file->size_, io::FileSize(file->fd_.get(), file->name_));
  if (file->size_ == 0) return DataError(file->name_ + ": empty, not a .glp file");
  Status status = file->ReadIndex();
  if (status.code() == Code::kData) {
    file->damage_.push_back(status.message());
    status = file->Recover();
  }
  if (!status.ok()) return status;
  return file;
}

Status PackFile::Read(uint64_t offset, size_t size, char* out) const {
  if (fd_.valid()) return io::ReadAt(fd_.get(), offset, size, out, name_);
  if (const int held = held_; held >= 0) return io::ReadAt(held, offset, size, out, name_);
  const Result<io::Fd> fd = OpenAgain();
  if (fd.ok()) return io::ReadAt(fd->get(), offset, size, out, name_);
  // Its name may have gone to another file just now; it was held before that.
  if (const int held = held_; held >= 0) return io::ReadAt(held, offset, size, out, name_);
  return fd.status();
}

void PackFile::CloseFd() {
  Result<io::FileState> state = io::LookAtFd(fd_.get(), name_);
  // A file that cannot be looked at is not found again; its descriptor is kept.
  if (!state.ok()) return;
  state_ = *state;
  fd_.Reset();
}

Status PackFile::HoldFd() const {
  if (fd_.valid() || held_ >= 0) return Status::Ok();
  GLP_ASSIGN_OR_RETURN(held_fd_, OpenAgain());
  held_ = held_fd_.get();
  return Status::Ok();
}

Result<io::Fd> PackFile::OpenAgain() const {
  GLP_ASSIGN_OR_RETURN(io::Fd fd, io::OpenRead(name_));
  GLP_ASSIGN_OR_RETURN(const io::FileState state, io::LookAtFd(fd.get(), name_));
  if (!state.SameFile(state_)) {
    return Status(Code::kIo, name_ + ": another file has taken its place");
  }
  return fd;
}

Result<std::string> PackFile::ReadFooter(uint64_t* offset) const {
  std::string tail(std::min(size_, kTailRead), '\0');
  GLP_RETURN_IF_ERROR(Read(size_ - tail.size(), tail.size(), tail.data()));
  std::string_view view = tail;
  if (size_ < kHeaderSize + kFrameSize + kTrailerSize) {
    return DataError(name_ + ": cut off: no footer");
  }
  std::optional<Trailer> trailer = ParseTrailer(view.substr(view.size() - kTrailerSize));
  if (!trailer || trailer->footer_size < kFrameSize || trailer->footer_offset < kHeaderSize ||
      trailer->footer_size > size_ ||
      trailer->footer_offset != size_ - kTrailerSize - trailer->footer_size) {
    return DataError(name_ + ": cut off or damaged at its end: no footer");
  }
  std::string footer;
  if (trailer->footer_size + kTrailerSize <= view.size()) {
    tail.resize(tail.size() - kTrailerSize);
    tail.erase(0, tail.size() - trailer->footer_size);
    footer = std::move(tail);
  } else {
    footer.resize(trailer->footer_size);
    GLP_RETURN_IF_ERROR(Read(trailer->footer_offset, footer.size(), footer.data()));
  }
  std::optional<Frame> frame = ParseFrame(footer);
  if (!frame || frame->marker != Marker::kFooter || frame->record_size() != footer.size() ||
      Hash64(std::string_view(footer).substr(kFrameSize)) != frame->head_hash) {
    return DataError(name_ + ": its footer is damaged");
  }
  footer.erase(0, kFrameSize);
  *offset = trailer->footer_offset;
  return footer;
}

Result<std::vector<Position>> PackFile::ReadPositions() const {
  if (!index_.has_footer) return index_.positions;
  uint64_t offset;
  GLP_ASSIGN_OR_RETURN(const std::string footer, ReadFooter(&offset));
  Result<Index> index = DecodeIndex(footer, /*with_positions=*/true);
  if (!index.ok()) return index.status().Annotate(name_);
  return std::move(index->positions);
}

Status PackFile::ReadIndex() {
  uint64_t offset;
  GLP_ASSIGN_OR_RETURN(const std::string footer, ReadFooter(&offset));
  Result<Index> index = DecodeIndex(footer, /*with_positions=*/false);
  if (!index.ok()) return index.status().Annotate(name_);
  index_ = std::move(index).value();
  if (index_.templates_size > 0 &&
      (index_.templates_size < kFrameSize || index_.templates_size > offset ||
       index_.templates_offset > offset - index_.templates_size)) {
    return DataError(name_ + ": its footer names templates that are not there");
  }
  for (const BlockInfo& block : index_.blocks) {
    if (block.offset + block.size > offset) {
      return DataError(name_ + ": its footer names blocks that are not there");
    }
  }
  return Status::Ok();
}

Result<const Templates*> PackFile::templates() const {
  std::lock_guard lock(templates_mutex_);
  if (templates_ == nullptr) {
    auto templates = std::make_unique<Templates>();
    GLP_ASSIGN_OR_RETURN(bool read, ReadTemplates(templates.get()));
    if (!read) GLP_RETURN_IF_ERROR(WalkTemplates(templates.get()));
    templates_ = std::move(templates);
  }
  return templates_.get();
}

// The record that repeats all. False where it is damaged or the footer is lost.
Result<bool> PackFile::ReadTemplates(Templates* templates) const {
  if (index_.templates_size == 0) return index_.has_footer;
  std::string record(index_.templates_size, '\0');
  GLP_RETURN_IF_ERROR(Read(index_.templates_offset, record.size(), record.data()));
  std::optional<Frame> frame = ParseFrame(record);
  std::string_view head = std::string_view(record).substr(kFrameSize);
  if (!frame || frame->marker != Marker::kTemplates || frame->record_size() != record.size() ||
      frame->tail_size != 0 || Hash64(head) != frame->head_hash) {
    return false;
  }
  if (templates->AddRecord(head).ok()) return true;
  templates->Cut(0);
  return false;
}

Status PackFile::WalkTemplates(Templates* templates) const {
  std::vector<std::string> ignored;  // Open or VerifyPack say it
  RecordWalker walker(*this, size_);
  for (;;) {
    GLP_ASSIGN_OR_RETURN(std::optional<RecordWalker::Record> record, walker.Next(&ignored));
    if (!record) return Status::Ok();
    if (record->frame.marker != Marker::kTemplates) continue;
    size_t size = templates->size();
    if (!templates->AddRecord(record->head).ok() && templates->size() > size) templates->Cut(size);
  }
}

Status PackFile::Recover() {
  std::string header(std::min<uint64_t>(size_, kHeaderSize), '\0');
  GLP_RETURN_IF_ERROR(Read(0, header.size(), header.data()));
  Result<uint32_t> flags = ParseHeader(header);
  if (!flags.ok()) return flags.status().Annotate(name_);
  index_ = Index();
  index_.has_footer = false;
  index_.flags = *flags;
  std::vector<BlockInfo> blocks;
  std::vector<bool> known;
  RecordWalker walker(*this, size_);
  for (;;) {
    GLP_ASSIGN_OR_RETURN(std::optional<RecordWalker::Record> record, walker.Next(&damage_));
    if (!record) break;
    std::string where = name_ + ": byte " + std::to_string(record->offset) + ": ";
    if (record->frame.marker == Marker::kStreams) {
      if (!TakeStreams(record->head, record->offset + record->frame.record_size(), &index_.streams,
                       &known)) {
        damage_.push_back(where + "a record of label sets that cannot be");
      }
    } else if (record->frame.marker == Marker::kBlock) {
      Result<BlockHead> head = ParseBlockHead(record->head, record->frame.tail_size);
      if (!head.ok()) {
        damage_.push_back(where + head.status().message());
        continue;
      }
      head->info.offset = record->offset;
      blocks.push_back(head->info);
    } else if (record->frame.marker == Marker::kFooter) {
      // The last record of the file: with it nothing is lost but the trailer.
      Result<Index> footer = DecodeIndex(record->head, /*with_positions=*/true);
      if (footer.ok() && footer->flags == index_.flags) {
        index_.positions = std::move(footer->positions);
        index_.streams = std::move(footer->streams);
        known.assign(index_.streams.size(), true);
      }
    }
  }
  for (const BlockInfo& block : blocks) {
    if (block.stream < known.size() && known[block.stream]) {
      index_.AddBlock(block);
    } else {
      damage_.push_back(name_ + ": byte " + std::to_string(block.offset) +
                        ": a block whose label set is lost, " + std::to_string(block.entries) +
                        " entries");
    }
  }
  std::erase_if(index_.positions,
                [&](const Position& p) { return p.stream >= index_.streams.size(); });
  return Status::Ok();
}

Result<std::optional<RecordWalker::Record>> RecordWalker::Next(std::vector<std::string>* damage) {
  while (at_ < end_) {
    uint64_t start = at_;
    uint64_t left = end_ - at_;
    std::string why;
    char bytes[kFrameSize];
    std::optional<Frame> frame;
    if (left >= kFrameSize) {
      GLP_RETURN_IF_ERROR(file_.Read(at_, kFrameSize, bytes));
      frame = ParseFrame({bytes, kFrameSize});
    }
    if (frame && frame->record_size() <= left &&
        (frame->marker != Marker::kBlock || frame->head_size <= kMaxBlockHead)) {
      at_ += frame->record_size();
      head_.resize(frame->head_size);
      GLP_RETURN_IF_ERROR(file_.Read(start + kFrameSize, head_.size(), head_.data()));
      if (Hash64(head_) == frame->head_hash) return std::optional(Record{start, *frame, head_});
      damage->push_back(file_.name() + ": byte " + std::to_string(start) +
                        ": the head of a record is damaged, " +
                        std::to_string(frame->record_size()) + " bytes skipped");
      continue;
    }
    // Either the end of a file that was cut off (a trailer alone is no record either), or damage.
    GLP_ASSIGN_OR_RETURN(at_, FindNext(start + 1));
    if (at_ == end_ && left == kTrailerSize) break;
    damage->push_back(file_.name() + ": byte " + std::to_string(start) + ": " +
                      std::to_string(at_ - start) +
                      (at_ == end_ ? " bytes up to the end are not whole" : " bytes are damaged"));
  }
  return std::optional<Record>();
}

Result<uint64_t> RecordWalker::FindNext(uint64_t from) {
  constexpr uint64_t kWindow = 1 << 20;
  std::string window;
  while (from + kFrameSize <= end_) {
    window.resize(std::min(kWindow, end_ - from));
    GLP_RETURN_IF_ERROR(file_.Read(from, window.size(), window.data()));
    size_t at = FindFrame(window, 0);
    if (at != std::string::npos) return from + at;
    if (from + window.size() == end_) break;
    from += window.size() - kFrameSize + 1;
  }
  return end_;
}

}  // namespace glp::pack
