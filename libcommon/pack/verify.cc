#include "pack/block_filter.h"
#include "pack/block_reader.h"
#include "pack/file.h"
#include "pack/varint.h"

namespace glp::pack {
namespace {

class Verifier {
 public:
  explicit Verifier(const PackFile& file) : file_(file), damage_(file.damage()) {}

  Result<std::vector<std::string>> Run() {
    GLP_RETURN_IF_ERROR(CheckHeader());
    if (damage_.empty()) {
      GLP_RETURN_IF_ERROR(Walk());
      const Status positions = file_.ReadPositions().status();
      if (positions.code() == Code::kData) {
        damage_.push_back(positions.message());
      } else {
        GLP_RETURN_IF_ERROR(positions);
      }
    } else {
      // Open has walked it already and said what is not whole.
      for (const BlockInfo& block : file_.index().blocks) GLP_RETURN_IF_ERROR(CheckBlock(block));
    }
    return std::move(damage_);
  }

 private:
  void Say(uint64_t offset, const std::string& what) {
    damage_.push_back(file_.name() + ": byte " + std::to_string(offset) + ": " + what);
  }

  Status CheckHeader() {
    std::string header(kHeaderSize, '\0');
    GLP_RETURN_IF_ERROR(file_.Read(0, header.size(), header.data()));
    Result<uint32_t> flags = ParseHeader(header);
    if (!flags.ok()) {
      Say(0, flags.status().message());
    } else if (*flags != file_.index().flags) {
      Say(12, "header and footer disagree on the flags");
    }
    return Status::Ok();
  }

  Status CheckBlock(const BlockInfo& info) {
    Status status = loader_.Load(file_, info, Want::kAll, &block_);
    if (status.code() == Code::kData) {
      damage_.push_back(status.message());
      return Status::Ok();
    }
    if (status.ok() && !info.per_minute.empty() &&
        CountMinutes(block_.times()) != info.per_minute) {
      Say(info.offset, "entries by minute that are not those that the footer says");
    }
    return status;
  }

  // Each record must say what the last says, which repeats all.
  Status CheckTemplates(const RecordWalker::Record& record) {
    if (!templates_) {
      GLP_ASSIGN_OR_RETURN(const Templates* all, file_.templates());
      templates_ = *all;
    }
    size_t size = templates_->size();
    Status status = templates_->AddRecord(record.head);
    if (!status.ok()) {
      Say(record.offset, status.message());
    } else if (templates_->size() != size) {
      Say(record.offset, "templates that the last record does not repeat");
    }
    templates_->Cut(size);
    if (record.frame.tail_size != 0) Say(record.offset, "bytes that belong to nothing");
    last_templates_ = record.offset;
    return Status::Ok();
  }

  // The filters of a record are those of the next blocks that have one.
  Status CheckFilters(const RecordWalker::Record& record) {
    const std::vector<BlockInfo>& blocks = file_.index().blocks;
    const uint64_t end = record.offset + record.frame.record_size();
    uint64_t at = end - record.frame.tail_size;
    Decoder in(record.head);
    std::string bytes;
    for (uint64_t left = in.Varint(); left > 0; --left) {
      while (next_filter_ < blocks.size() && blocks[next_filter_].filter_size == 0) ++next_filter_;
      if (next_filter_ == blocks.size() || blocks[next_filter_].filter_offset != at ||
          blocks[next_filter_].filter_size > std::min<uint64_t>(end - at, kMaxFilterBytes)) {
        Say(at, "filters that the footer does not know");
        return Status::Ok();
      }
      bytes.resize(blocks[next_filter_].filter_size);
      GLP_RETURN_IF_ERROR(file_.Read(at, bytes.size(), bytes.data()));
      if (!BlockFilter::Parse(bytes)) Say(at, "a filter is damaged");
      at += bytes.size();
      ++next_filter_;
    }
    if (!in.done() || at != end) Say(at, "filters that the footer does not know");
    return Status::Ok();
  }

  Status Walk() {
    const Index& index = file_.index();
    RecordWalker walker(file_, file_.size_bytes() - kTrailerSize);
    size_t streams = 0;
    size_t block = 0;
    for (;;) {
      GLP_ASSIGN_OR_RETURN(std::optional<RecordWalker::Record> record, walker.Next(&damage_));
      if (!record) break;
      if (record->frame.marker == Marker::kBlock) {
        while (block < index.blocks.size() && index.blocks[block].offset < record->offset) ++block;
        if (block == index.blocks.size() || index.blocks[block].offset != record->offset) {
          Say(record->offset, "a block that the footer does not name");
        } else {
          GLP_RETURN_IF_ERROR(CheckBlock(index.blocks[block++]));
        }
      } else if (record->frame.marker == Marker::kStreams) {
        Decoder in(record->head);
        uint64_t number = in.Varint();
        for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left, ++number) {
          std::string_view json = in.Sized();
          if (number >= index.streams.size() || index.streams[number] != json) {
            Say(record->offset, "label sets that the footer does not know");
            break;
          }
          ++streams;
        }
        if (record->frame.tail_size != 0) Say(record->offset, "bytes that belong to nothing");
      } else if (record->frame.marker == Marker::kFilters) {
        GLP_RETURN_IF_ERROR(CheckFilters(*record));
      } else if (record->frame.marker == Marker::kTemplates) {
        GLP_RETURN_IF_ERROR(CheckTemplates(*record));
      } else if (record->frame.marker != Marker::kFooter || record->frame.tail_size != 0) {
        Say(record->offset, "a record that does not belong into a .glp file");
      }
    }
    for (; next_filter_ < index.blocks.size() && damage_.empty(); ++next_filter_) {
      if (index.blocks[next_filter_].filter_size == 0) continue;
      Say(index.blocks[next_filter_].filter_offset, "a filter that is not there");
    }
    if (damage_.empty() && last_templates_ != index.templates_offset) {
      damage_.push_back(file_.name() + ": the footer does not name the last templates");
    }
    if (damage_.empty() && streams != index.streams.size()) {
      damage_.push_back(file_.name() + ": the footer has label sets that no record has");
    }
    return Status::Ok();
  }

  const PackFile& file_;
  std::vector<std::string> damage_;
  std::optional<Templates> templates_;
  size_t next_filter_ = 0;       // the first block whose filter was not seen
  uint64_t last_templates_ = 0;  // the offset of their last record
  BlockLoader loader_;
  Block block_;
};

}  // namespace

Result<std::vector<std::string>> VerifyPack(const PackFile& file) { return Verifier(file).Run(); }

}  // namespace glp::pack
