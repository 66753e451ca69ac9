// | distinct a, b: of entries whose labels a and b have the same values only the first passes, in
// the order in which the query reads. A label that is not there is "", but an entry that has none
// of them passes always, as in Loki's proposal (grafana/loki#8662): what could not be parsed does
// not get lost. Not in metrics, where it would depend on what else the query covers.
// Limits: StageContext::max_distinct, then Code::kLimit. Values are remembered as 128 bits of hash.

#include <array>

#include "base/hash.h"
#include "logql/pipeline_stage.h"

namespace glp::logql {
namespace {

// A set of hashes: open addressing, at most half full. All zero is none.
class HashSet {
 public:
  using Hash = std::array<uint64_t, 2>;

  size_t size() const { return size_; }
  // False where it was there.
  bool Insert(const Hash& hash) {
    if (2 * (size_ + 1) > table_.size()) Grow();
    Hash& slot = Find(hash);
    if (slot == hash) return false;
    slot = hash;
    ++size_;
    return true;
  }

 private:
  Hash& Find(const Hash& hash) {
    for (size_t at = hash[0];; ++at) {
      Hash& slot = table_[at & (table_.size() - 1)];
      if (slot == hash || slot == Hash{}) return slot;
    }
  }
  void Grow() {
    std::vector<Hash> old(table_.empty() ? 64 : 2 * table_.size());
    old.swap(table_);
    for (const Hash& hash : old) {
      if (hash != Hash{}) Find(hash) = hash;
    }
  }

  std::vector<Hash> table_;  // a power of two
  size_t size_ = 0;
};

class DistinctStage : public PipelineStage {
 public:
  DistinctStage(std::vector<LabelNames::Id> ids, uint64_t max) : ids_(std::move(ids)), max_(max) {}

  bool Run(StageLine*, LabelsBuilder* labels) override {
    HashSet::Hash hash = {1, 2};
    bool has_any = false;
    for (const LabelNames::Id id : ids_) {
      const std::optional<std::string_view> value = ValueOf(id, labels);
      has_any |= value.has_value();
      for (uint64_t& half : hash) half = Hash64(value.value_or(std::string_view()), half);
    }
    if (!has_any) return true;
    if (is_full_ || !seen_.Insert(hash)) return false;
    is_full_ = seen_.size() > max_;
    return !is_full_;
  }
  Status status() const override {
    if (!is_full_) return Status::Ok();
    return {Code::kLimit, "distinct: more than " + std::to_string(max_) +
                              " different values; take a shorter time or fewer labels"};
  }

 private:
  static std::optional<std::string_view> ValueOf(LabelNames::Id id, LabelsBuilder* labels) {
    if (id == LabelNames::kError && labels->has_error()) return labels->error();
    if (id == LabelNames::kErrorDetails && labels->has_error()) return labels->error_details();
    return labels->Get(id);
  }

  const std::vector<LabelNames::Id> ids_;
  const uint64_t max_;
  HashSet seen_;
  bool is_full_ = false;
};

}  // namespace

StageResult MakeStage(const DistinctLabels& distinct, const StageContext& context) {
  std::vector<LabelNames::Id> ids;
  for (const std::string& name : distinct.names) {
    ids.push_back(context.labels->names().Intern(name));
  }
  return std::unique_ptr<PipelineStage>(
      std::make_unique<DistinctStage>(std::move(ids), context.max_distinct));
}

}  // namespace glp::logql
