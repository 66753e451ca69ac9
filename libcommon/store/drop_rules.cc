#include "store/drop_rules.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <unordered_map>

namespace glp::store {
namespace {

using Part = DropRules::Part;

// Part of an entry or a segment of which this part goes is rewritten at once.
constexpr uint64_t kPart = 8;

class Matching : public DropRules {
 public:
  struct What {
    std::vector<logql::Matcher> matchers;
    std::vector<logql::LineFilter> filters;
    logql::TimeRange range;
  };
  explicit Matching(std::shared_ptr<const What> what) : what_(std::move(what)) {}

  bool Drops(const LabelSet& stream, int64_t ts_ns, std::string_view line,
             std::string_view) override {
    return what_->range.Contains(ts_ns) && Matches(stream) &&
           std::all_of(what_->filters.begin(), what_->filters.end(),
                       [line](const logql::LineFilter& filter) { return filter.Passes(line); });
  }

  Part Of(const LabelSet& stream, int64_t min_ts_ns, int64_t max_ts_ns) override {
    const logql::TimeRange& range = what_->range;
    if (max_ts_ns < range.start_ns || min_ts_ns >= range.end_ns || !Matches(stream)) {
      return Part::kNone;
    }
    const bool all =
        range.Contains(min_ts_ns) && range.Contains(max_ts_ns) && what_->filters.empty();
    return all ? Part::kAll : Part::kSome;
  }

 private:
  bool Matches(const LabelSet& stream) {
    if (&stream != last_) {
      last_ = &stream;
      const auto [found, is_new] = matches_.try_emplace(&stream, false);
      if (is_new) found->second = logql::MatchesAll(what_->matchers, stream);
      last_matches_ = found->second;
    }
    return last_matches_;
  }
  const std::shared_ptr<const What> what_;
  std::unordered_map<const LabelSet*, bool> matches_;
  const LabelSet* last_ = nullptr;
  bool last_matches_ = false;
};

class UpTo : public DropRules {
 public:
  explicit UpTo(int64_t ts_ns) : ts_ns_(ts_ns) {}
  bool Drops(const LabelSet&, int64_t ts_ns, std::string_view, std::string_view) override {
    return ts_ns <= ts_ns_;
  }
  Part Of(const LabelSet&, int64_t min_ts_ns, int64_t max_ts_ns) override {
    return max_ts_ns <= ts_ns_ ? Part::kAll : min_ts_ns <= ts_ns_ ? Part::kSome : Part::kNone;
  }

 private:
  const int64_t ts_ns_;
};

class Expired : public DropRules {
 public:
  Expired(const Retention* retention, int64_t now_ns, bool exact)
      : retention_(*retention), now_ns_(now_ns), exact_(exact) {}

  bool Drops(const LabelSet& stream, int64_t ts_ns, std::string_view, std::string_view) override {
    return ts_ns < For(stream).from_ns;
  }
  Part Of(const LabelSet& stream, int64_t min_ts_ns, int64_t max_ts_ns) override {
    const int64_t from_ns = For(stream).from_ns;
    return max_ts_ns < from_ns ? Part::kAll : min_ts_ns < from_ns ? Part::kSome : Part::kNone;
  }

  bool Pays(const pack::PackStreams& segment) override {
    if (exact_) return true;
    uint64_t bytes = 0;
    uint64_t due_bytes = 0;
    for (const pack::BlockInfo& block : segment.file->index().blocks) {
      const LabelSet* stream = segment.streams[block.stream];
      if (stream == nullptr) continue;
      const Kept& kept = For(*stream);
      bytes += block.size;
      if (block.max_ts_ns < kept.from_ns) due_bytes += block.size;
      if (block.min_ts_ns < kept.overdue_ns) return true;
    }
    return due_bytes > 0 && due_bytes >= bytes / kPart;
  }

 private:
  struct Kept {
    int64_t from_ns;     // what is older is due
    int64_t overdue_ns;  // what is older should have gone
  };
  const Kept& For(const LabelSet& stream) {
    if (&stream != last_) {
      last_ = &stream;
      auto found = kept_.find(&stream);
      if (found == kept_.end()) {
        const int64_t period_ns = retention_.PeriodNs(stream);
        constexpr int64_t kAlways = std::numeric_limits<int64_t>::min();
        const auto from_ns = KeptFromNs(period_ns, now_ns_);
        const auto overdue_ns =
            from_ns ? KeptFromNs(period_ns / int64_t{kPart}, *from_ns) : std::nullopt;
        found =
            kept_.emplace(&stream, Kept{from_ns.value_or(kAlways), overdue_ns.value_or(kAlways)})
                .first;
      }
      last_kept_ = &found->second;
    }
    return *last_kept_;
  }
  const Retention& retention_;
  const int64_t now_ns_;
  const bool exact_;
  std::unordered_map<const LabelSet*, Kept> kept_;
  const LabelSet* last_ = nullptr;
  const Kept* last_kept_ = nullptr;
};

}  // namespace

Part PartOf(const pack::PackStreams& segment, DropRules* rules) {
  bool all = true;
  bool any = false;
  for (const pack::BlockInfo& block : segment.file->index().blocks) {
    const LabelSet* stream = segment.streams[block.stream];
    const Part part =
        stream == nullptr ? Part::kNone : rules->Of(*stream, block.min_ts_ns, block.max_ts_ns);
    any |= part != Part::kNone;
    all &= part == Part::kAll;
  }
  return !any ? Part::kNone : all ? Part::kAll : Part::kSome;
}

DropMaker DropMatching(std::vector<logql::Matcher> matchers, std::vector<logql::LineFilter> filters,
                       logql::TimeRange range) {
  auto what = std::make_shared<Matching::What>();
  what->matchers = std::move(matchers);
  what->filters = std::move(filters);
  what->range = range;
  return [what] { return std::make_unique<Matching>(what); };
}

DropMaker DropExpired(const Retention* retention, int64_t now_ns, bool exact) {
  return [=] { return std::make_unique<Expired>(retention, now_ns, exact); };
}

DropMaker DropUpTo(int64_t ts_ns) {
  return [=] { return std::make_unique<UpTo>(ts_ns); };
}

}  // namespace glp::store
