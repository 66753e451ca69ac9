// Random queries over random entries: the pipeline against the slow one.
//
// GLP_ORACLE_QUERIES=1000000 looks at that many queries, GLP_ORACLE_SEED=n begins with another one.
// What is said of a failure names the seed of its query: GLP_ORACLE_SEED=it GLP_ORACLE_QUERIES=1.

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

#include "logql/parser.h"
#include "logql/pipeline.h"
#include "logql/random_queries.h"
#include "logql/slow_pipeline.h"

namespace glp::logql {
namespace {

using Strings = SlowEntry::Strings;

uint64_t Setting(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Any words will do for the details of an error.
std::string Seen(std::string_view name, std::string_view value) {
  return name == "__error_details__" && !value.empty() ? "…" : std::string(value);
}

std::string Show(const Strings& labels) {
  std::string out;
  for (const auto& [name, value] : labels) out += name + "=" + Seen(name, value) + " ";
  return out;
}

Strings Read(std::string_view json) {
  Strings out;
  if (json.empty()) return out;
  const auto labels = LabelsFromJson(json);
  EXPECT_TRUE(labels.ok()) << json;
  for (const Label& label : *labels) out[label.name] = label.value;
  return out;
}

// What JSON can hold of it.
Strings Lossy(const Strings& labels) {
  Strings out;
  for (const auto& [name, value] : labels) {
    out[slow::ReplaceInvalid(name, slow::kReplacement)] =
        slow::ReplaceInvalid(value, slow::kReplacement);
  }
  return out;
}

struct Given {
  Labels stream, meta, fields;
  std::string line;
};

struct Compared {
  bool kept = false;
  bool had_error = false;  // the slow one, on the way
  std::string fast, slow;  // all that must be equal
};

// From a little before where they part.
std::string Difference(const std::string& fast, const std::string& slow) {
  const auto parts = std::mismatch(fast.begin(), fast.end(), slow.begin(), slow.end());
  const auto equal = static_cast<size_t>(parts.first - fast.begin());
  const size_t from = equal > 60 ? equal - 60 : 0;
  return "fast …" + EscapeForTerminal(fast.substr(from, 300)) + "\nslow …" +
         EscapeForTerminal(slow.substr(from, 300));
}

std::string Categories(const Strings& stream, const Strings& meta, const Strings& fields) {
  return "{" + Show(stream) + "} {" + Show(meta) + "} {" + Show(fields) + "}";
}

class Comparison {
 public:
  explicit Comparison(const LogExpr& log) : log_(log), slow_(log_) {}

  Compared Run(Pipeline* pipeline, const Given& given, const Wants& wants) {
    Compared out;
    const LabelSet* const stream = table_.FromLabels(given.stream);
    const std::string meta = given.meta.empty() ? "" : LabelsToJson(given.meta);
    const std::string fields = given.fields.empty() ? "" : LabelsToJson(given.fields);
    Entry entry = {kTime, stream, given.line, meta, fields};
    SlowEntry slow(kTime, given.stream, given.line, given.meta, given.fields);
    const bool fast_kept = pipeline->Process(&entry);
    out.kept = slow_.Process(&slow);
    out.had_error = slow.had_error;
    if (!fast_kept || !out.kept) {
      out.fast = fast_kept ? "kept" : "dropped";
      out.slow = out.kept ? "kept" : "dropped";
      return out;
    }
    out.fast = "line: " + std::string(entry.line) + "\n";
    out.slow = "line: " + slow.line + "\n";
    if (log_.FindUnwrap() != nullptr) {
      out.fast += "sample: " + std::to_string(pipeline->sample()) + "\n";
      out.slow += "sample: " + std::to_string(slow.sample) + "\n";
    }
    Strings all = slow.All();
    Strings seen;
    for (const auto& item : pipeline->labels().Sorted()) {
      EXPECT_TRUE(seen.emplace(item.name, item.value).second) << item.name;
    }
    if (!wants.all_labels) {
      for (const std::string& name : wants.labels) {
        const auto fast_label = seen.find(name), slow_label = all.find(name);
        out.fast +=
            name + "=" + (fast_label == seen.end() ? "none" : Seen(name, fast_label->second));
        out.slow +=
            name + "=" + (slow_label == all.end() ? "none" : Seen(name, slow_label->second));
      }
      return out;
    }
    out.fast += "labels: " + Show(seen) + "\n";
    out.slow += "labels: " + Show(all) + "\n";
    pipeline->TakeLabels(&entry, &changed_);
    Strings parsed = slow.parsed;
    if (!slow.error.empty()) {
      parsed["__error__"] = slow.error;
      if (!slow.details.empty()) parsed["__error_details__"] = slow.details;
    }
    Strings fast_stream;
    for (const Label& label : entry.stream->labels) fast_stream[label.name] = label.value;
    // Metadata that no stage changed keep the names that they came with.
    const bool is_raw = entry.meta.data() == meta.data();
    const Strings fast_meta =
        is_raw ? SlowEntry(kTime, given.stream, "", given.meta, {}).meta : Read(entry.meta);
    out.fast += Categories(fast_stream, fast_meta, Read(entry.fields));
    out.slow += Categories(Lossy(slow.stream), Lossy(slow.meta), Lossy(parsed));
    return out;
  }

 private:
  static constexpr int64_t kTime = 1'700'000'000'000'000'000;
  const LogExpr log_;
  SlowPipeline slow_;
  LabelTable table_, changed_;
};

class Oracle {
 public:
  // The query of this seed over a few entries, for all labels and for some of them.
  void Check(uint64_t seed) {
    RandomQueries random(seed);
    const std::string query = random.Query();
    auto log = ParseLogQuery(query, {.allow_empty_selector = true});
    if (!log.ok()) return;
    if (random.OneIn(6)) {
      Unwrap unwrap{random.Name(), static_cast<Unwrap::Conversion>(random.Number(4))};
      log->stages.emplace_back(unwrap);
    }
    ++queries_;
    std::vector<Given> entries(8);
    for (Given& given : entries) {
      given = {random.Stream(), random.Metadata(), random.Fields(), random.Line()};
    }
    Wants some = {.all_labels = false};
    for (unsigned i = random.Number(4); i > 0; --i) {
      some.labels.push_back(random.OneIn(6) ? "__error__" : random.Name());
    }
    Wants few = some;
    few.may_stop = true;
    const bool has_distinct = std::any_of(
        log->stages.begin(), log->stages.end(),
        [](const Stage& stage) { return std::holds_alternative<DistinctLabels>(stage); });
    for (const Wants& wants : {Wants(), some, few}) {
      // Metrics, who may stop, do without.
      if (wants.may_stop && has_distinct) continue;
      auto pipeline = Pipeline::Make(*log, wants);
      ASSERT_TRUE(pipeline.ok()) << query << pipeline.status().message();
      Comparison comparison(*log);
      for (const Given& given : entries) {
        const Compared made = comparison.Run(&*pipeline, given, wants);
        ++entries_;
        kept_ += made.kept;
        // Who may stop does not see all errors.
        if (wants.may_stop && made.had_error) continue;
        ASSERT_TRUE(made.fast == made.slow)
            << Difference(made.fast, made.slow) << "\nseed " << seed
            << (wants.all_labels ? ""
                : wants.may_stop ? " few"
                                 : " some")
            << "\nquery " << query << "\nline " << EscapeForTerminal(given.line) << "\nstream "
            << LabelsToJson(given.stream) << " meta " << LabelsToJson(given.meta) << " fields "
            << LabelsToJson(given.fields);
      }
    }
  }
  uint64_t queries_ = 0, entries_ = 0, kept_ = 0;
};

TEST(Oracle, AgreesWithThePipeline) {
  const uint64_t count = Setting("GLP_ORACLE_QUERIES", 3000);
  const uint64_t first = Setting("GLP_ORACLE_SEED", 1);
  Oracle oracle;
  for (uint64_t seed = first; seed < first + count && !HasFatalFailure(); ++seed) {
    oracle.Check(seed);
  }
  RecordProperty("queries", std::to_string(oracle.queries_));
  if (count < 1000) return;
  // They say something: most can be run, and a good part of the entries gets through.
  EXPECT_GT(oracle.queries_, count * 3 / 4);
  EXPECT_GT(oracle.kept_, oracle.entries_ / 5);
}

}  // namespace
}  // namespace glp::logql
