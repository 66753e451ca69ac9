// For tests: stages out of YAML, fed with lines as the reader gives them; what comes out, as texts.
//
//   EXPECT_EQ(LinesOf(RunStages("- docker:", {{"a"}, {"b"}})), (Texts{"a", "b"}));
//   EXPECT_EQ(BuildError("- output: {}"), "t.yml:1:11: output: expected a source");
//
//   TestPipeline pipeline("- limit: {rate: 1, burst: 1, drop: true}");
//   pipeline.now_ns = 5;            // both clocks stand until they are set
//   pipeline.Feed({"a line", R"({"app":"web"})"});
//   pipeline.out(), pipeline.drops(), pipeline.waits(), pipeline.Failures()
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_text.h"
#include "base/strings.h"
#include "codec/yaml.h"
#include "stages/build.h"
#include "stages/pipeline.h"

namespace glp::stages {

struct TestLine {
  std::string line;
  std::string labels = R"({"job":"golden"})";
  int64_t ts_ns = 1000;
  std::string fields = "";
  std::string meta = "";
  std::string src = "";
};

struct TestOut {
  std::string labels;  // JSON
  std::string line;
  int64_t ts_ns;
  std::string fields, meta;  // JSON or ""

  bool operator==(const TestOut&) const = default;
  friend void PrintTo(const TestOut& out, std::ostream* os) {
    *os << out.ts_ns << " " << out.labels << " '" << out.line << "' fields " << out.fields
        << " meta " << out.meta;
  }
};

struct TestDrop {
  std::string line, reason;

  bool operator==(const TestDrop&) const = default;
  friend void PrintTo(const TestDrop& drop, std::ostream* os) {
    *os << "'" << drop.line << "' " << drop.reason;
  }
};

using Texts = std::vector<std::string>;

// The stages of a YAML list; where it is wrong, none, and the error in `status`.
inline StageList BuildFromYaml(std::string_view yaml, Status* status, bool as_promtail = false) {
  codec::YamlErrors errors("t.yml");
  auto node = codec::ParseYaml(yaml, "t.yml");
  if (!node.ok()) {
    *status = node.status();
    return {};
  }
  BuildContext context{.errors = &errors, .as_promtail = as_promtail};
  StageList list = BuildStages(*node, context);
  *status = errors.first();
  if (!status->ok()) list.clear();
  return list;
}

// "" where nothing is wrong.
inline std::string BuildError(std::string_view yaml, bool as_promtail = false) {
  Status status;
  BuildFromYaml(yaml, &status, as_promtail);
  return status.message();
}

class TestPipeline : public EntrySink {
 public:
  explicit TestPipeline(std::string_view yaml, bool as_promtail = false) {
    Status status;
    for (auto& stage : BuildFromYaml(yaml, &status, as_promtail)) pipeline_.Add(std::move(stage));
    EXPECT_TRUE(status.ok()) << status.message();
    pipeline_.set_clocks([this] { return now_ns; }, [this] { return steady_ns; });
  }

  void Feed(const TestLine& in) {
    std::string json;
    const bool is_utf8 = IsValidUtf8(in.line);
    if (is_utf8) AppendJsonEscaped(&json, in.line);
    const bool plain = json.size() == in.line.size();
    std::string line = Padded(is_utf8 ? json : in.line);
    std::string fields = Padded(in.fields), meta = Padded(in.meta);
    Record record;
    record.ts_ns = in.ts_ns;
    auto labels = table_.FromJson(in.labels);
    ASSERT_TRUE(labels.ok()) << labels.status().message();
    record.labels = *labels;
    record.line = {std::string_view(line).substr(0, line.size() - kPadding),
                   !is_utf8 ? Line::Form::kBytes
                   : plain  ? Line::Form::kPlain
                            : Line::Form::kJson};
    record.fields = std::string_view(fields).substr(0, in.fields.size());
    record.meta = std::string_view(meta).substr(0, in.meta.size());
    record.src = in.src;
    pipeline_.Process(record);
  }

  Pipeline& pipeline() { return pipeline_; }
  LabelTable& table() { return table_; }
  const std::vector<TestOut>& out() const { return out_; }
  const std::vector<TestDrop>& drops() const { return drops_; }
  const std::vector<int64_t>& waits() const { return waits_; }  // ns
  std::map<std::string, uint64_t> Failures() const {
    std::map<std::string, uint64_t> out;
    for (const auto& stage : pipeline_.stages()) {
      for (const Failure& failure : stage->failures()) {
        out[std::string(failure.reason)] += failure.count;
      }
    }
    return out;
  }

  // The clocks; a wait moves both.
  int64_t now_ns = 1'700'000'000'000'000'000;
  int64_t steady_ns = 0;

 private:
  static constexpr size_t kPadding = 64;
  static std::string Padded(std::string_view text) {
    return std::string(text) + std::string(kPadding, '\0');
  }

  void OnEntry(StageEntry& entry) override {
    std::string scratch;
    TestOut out;
    out.labels = entry.labels->json;
    out.line = std::string(entry.line().Decode(&scratch));
    out.ts_ns = entry.ts_ns;
    out.fields = std::string(entry.fields.Json(&scratch));
    out.meta = std::string(entry.meta.Json(&scratch));
    out_.push_back(std::move(out));
  }
  void OnDrop(StageEntry& entry, std::string_view reason) override {
    std::string scratch;
    drops_.push_back({std::string(entry.line().Decode(&scratch)), std::string(reason)});
  }
  void Wait(int64_t ns) override {
    waits_.push_back(ns);
    now_ns += ns;
    steady_ns += ns;
  }

  LabelTable table_;
  Pipeline pipeline_{&table_, this};
  std::vector<TestOut> out_;
  std::vector<TestDrop> drops_;
  std::vector<int64_t> waits_;
};

// What the stages make of the lines, at their end let go of what they hold.
inline std::vector<TestOut> RunStages(std::string_view yaml, const std::vector<TestLine>& lines,
                                      bool as_promtail = false) {
  TestPipeline pipeline(yaml, as_promtail);
  for (const TestLine& line : lines) pipeline.Feed(line);
  pipeline.pipeline().ReleaseAll();
  return pipeline.out();
}

inline Texts LinesOf(const std::vector<TestOut>& out) {
  Texts lines;
  for (const TestOut& entry : out) lines.push_back(entry.line);
  return lines;
}

inline Texts LabelsOf(const std::vector<TestOut>& out) {
  Texts labels;
  for (const TestOut& entry : out) labels.push_back(entry.labels);
  return labels;
}

inline Texts FieldsOf(const std::vector<TestOut>& out) {
  Texts fields;
  for (const TestOut& entry : out) fields.push_back(entry.fields);
  return fields;
}

}  // namespace glp::stages
