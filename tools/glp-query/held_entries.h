// The entries of an answer, held until all of their labels are known: as text in blocks, each label
// set of streams once.
// Lifetime: copies what it needs. Threads: one at a time.
// Cost: the bytes of the lines and of the labels that an entry has beside its stream's, and 12 to
// 20 bytes an entry.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "logql/source.h"
#include "pack/varint.h"
#include "record/labels.h"

namespace glp::query {

class HeldEntries {
 public:
  void Add(const logql::Entry& entry);
  // The label sets seen so far are about to go.
  void ForgetStreams();
  bool empty() const { return blocks_.empty(); }

  // The names of all labels that occur, sorted: those of the stream, of metadata and of what was
  // parsed, as they are merged everywhere.
  std::vector<std::string> Names() const;
  // The labels that every entry has alike.
  const Labels& common() const { return common_; }

  struct Row {
    int64_t ts_ns;
    std::string_view line;
    std::vector<std::string_view> values;  // as Names has them; "" where the entry has none
  };
  // Calls `take(row)` for each entry in order until it gives an error. The row is good until then.
  template <typename Take>
  Status ForEach(Take&& take) const {
    Reader reader(this);
    while (reader.Next()) {
      Status taken = take(reader.row());
      if (!taken.ok()) return taken;
    }
    return Status::Ok();
  }

 private:
  using Values = std::vector<std::pair<uint32_t, std::string>>;  // number of the name, value

  class Reader {
   public:
    explicit Reader(const HeldEntries* held);
    bool Next();
    const Row& row() const { return row_; }

   private:
    void Set(uint64_t name, std::string_view value);
    const HeldEntries* held_;
    std::vector<size_t> place_;  // of a name's number in the sorted names
    std::vector<size_t> set_;    // places that the last row filled
    size_t block_ = 0;
    pack::Decoder rest_{""};
    Row row_;
  };

  uint32_t NumberOf(const std::string& name);
  uint32_t SetOf(const LabelSet* stream);
  void Meet(const Labels& labels);

  std::vector<std::string> names_;  // in the order of first sight
  StringMap<uint32_t> numbers_;     // of the names
  std::vector<Values> sets_;
  StringMap<uint32_t> by_json_;
  std::unordered_map<const LabelSet*, uint32_t> by_stream_;
  Labels common_;
  bool has_common_ = false;
  std::deque<std::string> blocks_;
  // What the labels beside the stream's were made of, and what of them is stored.
  const LabelSet* last_stream_ = nullptr;
  std::string last_meta_, last_fields_, last_values_;
};

}  // namespace glp::query
