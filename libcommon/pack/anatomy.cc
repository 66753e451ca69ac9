#include "pack/anatomy.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "pack/block_reader.h"
#include "pack/value_coding.h"
#include "pack/varint.h"

namespace glp::pack {
namespace {

Part PartOf(Column column) {
  switch (column) {
    case Column::kTimes:
      return Part::kTimes;
    case Column::kSeq:
      return Part::kSeq;
    case Column::kLengths:
      return Part::kLengths;
    case Column::kLines:
      return Part::kLines;
    case Column::kMeta:
      return Part::kMeta;
    case Column::kSrc:
      return Part::kSrc;
    case Column::kExtra:
      return Part::kExtra;
    case Column::kText:
      return Part::kTexts;
  }
  return Part::kDamaged;
}

Part PartOf(Coding coding) {
  switch (coding) {
    case Coding::kConstant:
      return Part::kConstants;
    case Coding::kGroups:
    case Coding::kPairs:
    case Coding::kRising:
      return Part::kDigits;
    case Coding::kLowerHex:
    case Coding::kUpperHex:
      return Part::kHex;
    case Coding::kDecimals:
      return Part::kNumbers;
    case Coding::kText:
    case Coding::kTransposed:
      return Part::kTexts;
  }
  return Part::kTexts;
}

// The parts of a text column. False where it is none.
bool AddText(std::string_view bytes, Anatomy* anatomy) {
  Decoder in(bytes);
  (void)in.Varint();
  const uint64_t columns = in.Varint();
  const size_t kinds = in.Sized().size();
  const size_t kind_of_line = in.Sized().size();
  if (!in.ok() || columns > in.left()) return false;
  Anatomy found;
  uint64_t told = kinds + kind_of_line;
  found.Add(Part::kKindOfLine, kind_of_line);
  std::vector<uint64_t> sizes(columns);
  for (uint64_t& size : sizes) size = in.Varint();
  for (const uint64_t size : sizes) {
    const std::string_view column = in.Bytes(size);
    if (!in.ok() || column.empty()) return false;
    told += column.size();
    const auto coding = static_cast<unsigned char>(column[0]);
    uint64_t references = 0;
    if ((coding & kWithReferences) != 0) {
      Decoder head(column.substr(1));
      (void)head.Varint();
      references = head.Sized().size();
      if (!head.ok()) return false;
      found.Add(Part::kReferences, references);
    }
    found.Add(PartOf(static_cast<Coding>(coding & ~kWithReferences)), column.size() - references);
  }
  if (!in.done()) return false;
  // Sizes in front of columns count with the kinds.
  found.Add(Part::kKinds, bytes.size() - told + kinds);
  for (size_t i = 0; i < kParts; ++i) {
    anatomy->Add(static_cast<Part>(i), found.parts[i].stored_bytes, found.parts[i].count);
  }
  return true;
}

Status AddBlock(const PackFile& file, const RecordWalker::Record& record, Anatomy* anatomy) {
  const Frame& frame = record.frame;
  Result<BlockHead> head = ParseBlockHead(record.head, frame.tail_size);
  if (!head.ok()) {
    anatomy->Add(Part::kDamaged, frame.record_size());
    return Status::Ok();
  }
  anatomy->Add(Part::kHeads, kFrameSize + frame.head_size);
  for (size_t type = 1; type < kColumns; ++type) {
    const BlockHead::Stored& stored = head->columns[type];
    if (!stored.present) continue;
    const auto column = static_cast<Column>(type);
    if (column == Column::kText) {
      std::string bytes(stored.size, '\0');
      const uint64_t at = record.offset + kFrameSize + frame.head_size + stored.offset;
      GLP_RETURN_IF_ERROR(file.Read(at, bytes.size(), bytes.data()));
      if (AddText(bytes, anatomy)) continue;
    }
    anatomy->Add(PartOf(column), stored.size);
  }
  return Status::Ok();
}

uint64_t BytesOf(const std::vector<Position>& positions) {
  std::string bytes;
  for (const Position& position : positions) {
    AppendVarint(&bytes, position.stream);
    AppendPosition(&bytes, position);
  }
  return bytes.size();
}

}  // namespace

std::string_view NameOf(Part part) {
  constexpr std::string_view kNames[kParts] = {
      "lines", "lengths",    "templates",  "kinds", "kind of line", "digits", "hex", "numbers",
      "texts", "constants",  "references", "times", "seq",          "meta",   "src", "extra",
      "heads", "label sets", "filters",    "index", "positions",    "damaged"};
  return kNames[static_cast<size_t>(part)];
}

Status AddAnatomy(const PackFile& file, Anatomy* anatomy) {
  const bool has_footer = file.damage().empty() && file.size_bytes() >= kTrailerSize;
  const uint64_t end = file.size_bytes() - (has_footer ? kTrailerSize : 0);
  const uint64_t heads = kHeaderSize + (has_footer ? kTrailerSize : 0);
  uint64_t told = heads;
  anatomy->Add(Part::kHeads, heads);
  std::vector<std::string> damage;
  RecordWalker walker(file, end);
  for (;;) {
    GLP_ASSIGN_OR_RETURN(const std::optional<RecordWalker::Record> record, walker.Next(&damage));
    if (!record) break;
    const uint64_t size = record->frame.record_size();
    told += size;
    switch (record->frame.marker) {
      case Marker::kBlock:
        GLP_RETURN_IF_ERROR(AddBlock(file, *record, anatomy));
        break;
      case Marker::kStreams:
        anatomy->Add(Part::kStreams, size);
        break;
      case Marker::kTemplates:
        anatomy->Add(Part::kTemplates, size);
        break;
      case Marker::kFilters:
        anatomy->Add(Part::kFilters, size);
        break;
      case Marker::kFooter: {
        const Result<std::vector<Position>> positions = file.ReadPositions();
        const uint64_t bytes = positions.ok() ? std::min(BytesOf(*positions), size) : 0;
        anatomy->Add(Part::kIndex, size - bytes);
        if (positions.ok()) anatomy->Add(Part::kPositions, bytes, positions->size());
        break;
      }
      case Marker::kLog:
        anatomy->Add(Part::kDamaged, size);
        break;
    }
  }
  if (told < file.size_bytes()) anatomy->Add(Part::kDamaged, file.size_bytes() - told);
  return Status::Ok();
}

}  // namespace glp::pack
