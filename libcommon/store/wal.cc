#include "store/wal.h"

#include <algorithm>

#include "base/hash.h"
#include "io/output.h"
#include "pack/frame.h"
#include "pack/varint.h"

namespace glp::store {
namespace {

using pack::AppendSized;
using pack::AppendVarint;

std::string EncodeBatch(const std::vector<WalStream>& batch) {
  std::string out;
  AppendVarint(&out, batch.size());
  for (const WalStream& stream : batch) {
    AppendSized(&out, stream.rows.stream->json);
    AppendVarint(&out, stream.rows.exact ? pack::kBlockExact : 0);
    AppendVarint(&out, stream.sources.size());
    for (const pack::Position& position : stream.sources) pack::AppendPosition(&out, position);
    AppendVarint(&out, stream.rows.rows);
    uint64_t before = 0;
    for (const auto& [first, count] : stream.rows.parts) {
      for (const MemRow* row = first; row != first + count; ++row) {
        auto ts = static_cast<uint64_t>(row->ts_ns);
        AppendVarint(&out, pack::ZigZag(static_cast<int64_t>(ts - before)));
        before = ts;
        AppendVarint(&out, row->line_size);
        AppendVarint(&out, row->meta_size);
        out.append(row->text, size_t{row->line_size} + row->meta_size);
      }
    }
  }
  return out;
}

// False where the batch cannot be; rows before the place that cannot be were added.
bool DecodeBatch(std::string_view payload, LabelTable* labels, MemTable* table) {
  pack::Decoder in(payload);
  for (uint64_t streams = in.Varint(); streams > 0 && in.ok(); --streams) {
    Result<const LabelSet*> set = labels->FromJson(in.Sized());
    if (!set.ok()) return false;
    uint64_t flags = in.Varint();
    if (flags > pack::kBlockExact) return false;
    MemStream* stream = table->Stream(*set, flags == pack::kBlockExact);
    for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
      pack::Position position;
      if (!pack::ReadPosition(&in, &position)) return false;
      stream->sources[position.id].Take(position);
    }
    uint64_t ts = 0;
    for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
      ts += static_cast<uint64_t>(in.Signed());
      uint64_t line_size = in.Varint();
      uint64_t meta_size = in.Varint();
      if (line_size > payload.size() || meta_size > payload.size()) return false;
      std::string_view text = in.Bytes(line_size + meta_size);
      if (!in.ok()) return false;
      table->AddAdopted(stream,
                        {static_cast<int64_t>(ts), text.data(), static_cast<uint32_t>(line_size),
                         static_cast<uint32_t>(meta_size)});
    }
  }
  return in.done();
}

// Whether bytes of a file that begin at `offset` in it have a sector, or the part of one that is
// theirs, which was never written.
bool HasHole(std::string_view bytes, uint64_t offset) {
  constexpr uint64_t kSector = 512;
  constexpr size_t kTelling = 16;  // fewer zeros may be part of a batch
  for (size_t at = 0; at < bytes.size();) {
    std::string_view sector = bytes.substr(at, kSector - (offset + at) % kSector);
    if (sector.size() >= kTelling && sector.find_first_not_of('\0') == std::string_view::npos) {
      return true;
    }
    at += sector.size();
  }
  return false;
}

// The payload of a whole batch at `at`; nothing where there is none. `cut_off`: the file ends, or
// has a hole, before the batch is whole.
std::optional<std::string_view> BatchAt(std::string_view file, size_t at, bool* cut_off) {
  std::string_view bytes = file.substr(at);
  std::optional<pack::Frame> frame = pack::ParseFrame(bytes);
  // Lengths of a frame whose hash does not fit prove nothing.
  *cut_off = bytes.size() < pack::kFrameSize || (frame && frame->record_size() > bytes.size());
  if (*cut_off) return std::nullopt;
  if (frame && frame->marker == pack::Marker::kLog && frame->tail_size == 0) {
    std::string_view payload = bytes.substr(pack::kFrameSize, frame->head_size);
    if (Hash64(payload) == frame->head_hash) return payload;
    bytes = bytes.substr(0, frame->record_size());
  }
  *cut_off = HasHole(bytes, at);
  return std::nullopt;
}

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

Status WalWriter::Append(const std::vector<WalStream>& batch, bool sync) {
  std::string record;
  {
    std::string payload = EncodeBatch(batch);
    record.reserve(pack::kFrameSize + payload.size());
    pack::AppendFrame(&record, pack::Marker::kLog, payload, 0);
    record.append(payload);
  }
  if (!fd_.valid()) {
    GLP_ASSIGN_OR_RETURN(fd_, io::Create(path_));
    if (Status status = io::SyncFolder(FolderOf(path_)); !status.ok()) {
      fd_.Reset();
      return status;
    }
  }
  if (suspect_) GLP_RETURN_IF_ERROR(io::Truncate(fd_.get(), size_, path_));
  suspect_ = true;
  GLP_RETURN_IF_ERROR(io::WriteAll(fd_.get(), record, path_));
  if (sync) GLP_RETURN_IF_ERROR(io::SyncFile(fd_.get(), path_));
  synced_ = sync;
  suspect_ = false;
  size_ += record.size();
  return Status::Ok();
}

Status WalWriter::Sync() {
  if (synced_) return Status::Ok();
  GLP_RETURN_IF_ERROR(io::SyncFile(fd_.get(), path_));
  synced_ = true;
  return Status::Ok();
}

Result<WalReport> ReadWal(int fd, const std::string& name, LabelTable* labels, MemTable* table) {
  GLP_ASSIGN_OR_RETURN(uint64_t size, io::FileSize(fd, name));
  std::string content(size, '\0');
  // A writer that takes back a write that failed may shorten the file meanwhile.
  GLP_ASSIGN_OR_RETURN(size_t used, io::ReadUpTo(fd, 0, size, content.data(), name));
  content.resize(used);
  std::string_view bytes = table->Adopt(std::move(content));
  WalReport report;
  size_t at = 0;
  while (at < bytes.size()) {
    bool cut_off = false;
    std::string where = name + ": byte " + std::to_string(at) + ": ";
    if (auto payload = BatchAt(bytes, at, &cut_off)) {
      if (!DecodeBatch(*payload, labels, table)) {
        report.damage.push_back(where + "a batch that cannot be");
      }
      at += pack::kFrameSize + payload->size();
      continue;
    }
    size_t next = at;
    bool next_cut_off = false;
    do {
      next = pack::FindFrame(bytes, next + 1);
    } while (next != std::string_view::npos && !BatchAt(bytes, next, &next_cut_off));
    if (next == std::string_view::npos && cut_off) {
      report.torn_bytes = bytes.size() - at;
      break;
    }
    next = std::min(next, bytes.size());
    report.damage.push_back(where + std::to_string(next - at) + " bytes are damaged");
    at = next;
  }
  return report;
}

}  // namespace glp::store
