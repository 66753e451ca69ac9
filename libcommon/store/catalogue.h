// What the footers of a tenant's segments say, read from one file in parts as they are needed: a
// query of one hour and one selector costs what these need, however many segments there are.
// Format: CATALOGUE.md. catalogue_writer.h writes it.
// Threads: const from any.
// Errors:  whatever they are, the caller does without the catalogue. A part is checked before it is
//          believed.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "logql/ast.h"
#include "logql/source.h"
#include "store/folder.h"

namespace glp::store {

inline constexpr std::string_view kCatalogueMagic = "\x89GLC\r\n\x1a\n";
inline constexpr uint32_t kCatalogueVersion = 1;
inline constexpr size_t kCatalogueHeader = 80;
inline constexpr size_t kCataloguePage = 32;
inline constexpr size_t kCatalogueRecord = 96;
inline constexpr uint32_t kRecordsPerPage = 128;
inline constexpr uint32_t kRecordMerged = uint32_t{1} << 31;

std::string CataloguePath(const std::string& folder);

// Tells a file apart from others that have had, or will have, its name.
struct FileStamp {
  uint64_t inode = 0;
  uint64_t size_bytes = 0;
  int64_t modified_ns = 0;
  bool operator==(const FileStamp&) const = default;
};
Result<FileStamp> StampOf(const std::string& path);

struct SegmentRecord {
  SegmentName name;
  FileStamp stamp;
  int64_t min_ts_ns = std::numeric_limits<int64_t>::max();
  int64_t max_ts_ns = std::numeric_limits<int64_t>::min();
  uint64_t entries = 0;
  uint64_t line_bytes = 0;
  uint64_t block_bytes = 0;
  uint32_t blocks = 0;
  uint32_t list_size = 0;
  uint64_t list_offset = 0;
};

inline bool Overlaps(int64_t min_ts_ns, int64_t max_ts_ns, logql::TimeRange range) {
  return max_ts_ns >= range.start_ns && min_ts_ns < range.end_ns;
}

// A set of streams by number.
class StreamSet {
 public:
  explicit StreamSet(size_t streams) : words_((streams + 63) / 64), streams_(streams) {}
  size_t streams() const { return streams_; }
  bool Has(uint32_t stream) const { return (words_[stream / 64] >> (stream % 64) & 1) != 0; }
  void Add(uint32_t stream) { words_[stream / 64] |= uint64_t{1} << (stream % 64); }
  void KeepOnly(const StreamSet& other);
  void Invert();
  size_t Count() const;

 private:
  std::vector<uint64_t> words_;
  size_t streams_;
};

class Catalogue {
 public:
  static Result<std::shared_ptr<const Catalogue>> Open(const std::string& path);

  uint32_t segments() const { return segments_; }
  uint32_t streams() const { return streams_; }
  uint64_t size_bytes() const { return size_; }
  int64_t folder_modified_ns() const { return folder_modified_ns_; }

  // The records that may overlap the range, by their names; adds the blocks of the others to
  // `*blocks_left_out`.
  Result<std::vector<SegmentRecord>> Records(logql::TimeRange range,
                                             uint64_t* blocks_left_out) const;
  Result<std::vector<SegmentRecord>> AllRecords() const;
  // The streams of a segment, rising.
  Result<std::vector<uint32_t>> StreamsOf(const SegmentRecord& record) const;
  // The streams that match all.
  Result<StreamSet> Matching(const std::vector<logql::Matcher>& matchers) const;
  // Gives `sink` each stream of the set with its label set as JSON; its error ends that.
  Status ForEachLabelSet(
      const StreamSet& set,
      const std::function<Status(uint32_t stream, std::string_view json)>& sink) const;
  // Reads every part. Errors: the first that is not right.
  Status Check() const;

 private:
  struct Name {
    std::string name;
    uint64_t offset;
    uint64_t size;
  };
  struct Page {
    int64_t min_ts_ns;
    int64_t max_ts_ns;
    uint64_t blocks;
    uint64_t hash;
  };
  explicit Catalogue(std::string path) : path_(std::move(path)) {}
  Status ReadHeader();
  Status ReadPages(std::string_view bytes);
  Status ReadNames(std::string_view bytes, uint64_t values_at);
  template <typename Sink>
  Status ReadPage(size_t page, Sink sink) const;
  // Bytes of the file: a view of those held, or read into `*scratch`.
  Result<std::string_view> Part(uint64_t offset, uint64_t size, std::string* scratch) const;
  // The same where `all` may have it: the bytes from `table_` on, or none.
  Result<std::string_view> PartOf(std::string_view all, uint64_t offset, uint64_t size,
                                  std::string* scratch) const;
  // What is behind the hash in front, which is right.
  Result<std::string_view> WithoutHash(std::string_view bytes, uint64_t seed,
                                       uint64_t offset) const;
  Status Damaged(std::string_view what) const;
  // The streams whose value of the label matches, or does not (`matches`).
  Status AddByValue(const logql::Matcher& matcher, bool matches, StreamSet* set) const;

  const std::string path_;
  io::Fd fd_;
  uint64_t size_ = 0;
  std::string front_;  // the first bytes of the file
  uint32_t segments_ = 0;
  uint32_t streams_ = 0;
  int64_t folder_modified_ns_ = 0;
  uint64_t table_ = 0;
  uint64_t records_ = 0;
  std::vector<Page> pages_;
  std::vector<Name> names_;
};

}  // namespace glp::store
