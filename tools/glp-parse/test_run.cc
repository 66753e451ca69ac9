// Runs the cases of test_cases.h and says what differs.
#include <algorithm>

#include "base/json_text.h"
#include "base/strings.h"
#include "base/time.h"
#include "stages/pipeline.h"
#include "test_cases.h"

namespace glp::parse {
namespace {

struct Got {
  std::string line;
  Texts labels, fields, meta;
  int64_t ts_ns = 0;
};

std::string Json(const Texts& texts) {
  std::string out = "{";
  for (const auto& [name, value] : texts) {
    if (out.size() > 1) out += ',';
    AppendJsonString(&out, name);
    out += ':';
    AppendJsonString(&out, value);
  }
  return out + "}";
}

// Texts that scans may read past the end of, as those of a batch.
std::string Padded(std::string text) {
  text.append(64, '\0');
  return text;
}

Texts TextsOf(const std::vector<stages::Field>& fields) {
  Texts out;
  for (const stages::Field& field : fields) out.emplace(field.name, field.value);
  return out;
}

// One case through a pipeline of its own; its clocks stand, but for what a stage waits.
class CaseRun : public stages::EntrySink {
 public:
  CaseRun(stages::StageList stages, int64_t now_ns) : now_ns_(now_ns) {
    for (auto& stage : stages) pipeline_.Add(std::move(stage));
    pipeline_.set_clocks([this] { return now_ns_; }, [this] { return steady_ns_; });
  }

  void Feed(const TestLine& in) {
    const std::string line = Padded(in.line);
    const std::string fields = Padded(Json(in.fields)), meta = Padded(Json(in.meta));
    Labels labels;
    for (const auto& [name, value] : in.labels) labels.push_back({name, value});
    Record record;
    record.ts_ns = in.ts_ns;
    record.labels = table_.FromLabels(std::move(labels));
    record.line = Line::Bytes(std::string_view(line).substr(0, in.line.size()));
    record.fields = std::string_view(fields).substr(0, fields.size() - 64);
    record.meta = std::string_view(meta).substr(0, meta.size() - 64);
    pipeline_.Process(record);
  }
  void End() { pipeline_.ReleaseAll(); }

  std::vector<Got> out;
  std::map<std::string, uint64_t> dropped;

 private:
  void OnEntry(stages::StageEntry& entry) override {
    std::string scratch;
    Got got;
    got.line = entry.line().Decode(&scratch);
    for (const Label& label : entry.labels->labels) got.labels[label.name] = label.value;
    got.fields = TextsOf(entry.fields.Sorted());
    got.meta = TextsOf(entry.meta.Sorted());
    got.ts_ns = entry.ts_ns;
    out.push_back(std::move(got));
  }
  void OnDrop(stages::StageEntry&, std::string_view reason) override {
    ++dropped[std::string(reason)];
  }
  void Wait(int64_t ns) override {
    now_ns_ += ns;
    steady_ns_ += ns;
  }

  int64_t now_ns_, steady_ns_ = 0;
  LabelTable table_;
  stages::Pipeline pipeline_{&table_, this};
};

std::string Count(uint64_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

std::string DroppedText(const std::map<std::string, uint64_t>& dropped) {
  std::string out;
  for (const auto& [reason, count] : dropped) {
    out += (out.empty() ? "" : ", ") + reason + ": " + std::to_string(count);
  }
  return out.empty() ? "none" : out;
}

class Diff {
 public:
  void Compare(const TestCase& one, const CaseRun& run) {
    const size_t got = run.out.size();
    const size_t expected = one.expect ? one.expect->size() : got;
    for (size_t i = 0; i < std::min(got, expected) && one.expect; ++i) {
      CompareRecord(i, (*one.expect)[i], run.out[i]);
    }
    for (size_t i = got; i < expected; ++i) {
      const TestExpectation& missing = (*one.expect)[i];
      Line("  record " + std::to_string(i + 1) + " is missing");
      if (missing.line) Line("    - " + EscapeForTerminal(*missing.line));
    }
    for (size_t i = expected; i < got; ++i) {
      Line("  record " + std::to_string(i + 1) + " is not expected");
      Line("    + " + EscapeForTerminal(run.out[i].line));
    }
    if (one.count && *one.count != got)
      Differ("  count", Count(*one.count, "record"), Count(got, "record"));
    uint64_t dropped = 0;
    for (const auto& [reason, count] : run.dropped) dropped += count;
    if (one.dropped && *one.dropped != dropped) {
      Differ("  dropped", Count(*one.dropped, "line"),
             Count(dropped, "line") + " (" + DroppedText(run.dropped) + ")");
    }
    if (one.dropped_by && *one.dropped_by != run.dropped) {
      Differ("  dropped", DroppedText(*one.dropped_by), DroppedText(run.dropped));
    }
  }
  const std::string& text() const { return text_; }

 private:
  void Line(const std::string& line) { text_ += line + "\n"; }
  void Differ(const std::string& what, const std::string& expected, const std::string& got) {
    Line(what);
    Line("    - " + EscapeForTerminal(expected));
    Line("    + " + EscapeForTerminal(got));
  }
  void CompareRecord(size_t i, const TestExpectation& expected, const Got& got) {
    const std::string record = "  record " + std::to_string(i + 1) + ": ";
    if (expected.line && *expected.line != got.line) {
      Differ(record + "line", *expected.line, got.line);
    }
    if (expected.labels && *expected.labels != got.labels) {
      Differ(record + "labels", Json(*expected.labels), Json(got.labels));
    }
    if (expected.ts_ns && *expected.ts_ns != got.ts_ns) {
      Differ(record + "ts", FormatTimestamp(*expected.ts_ns), FormatTimestamp(got.ts_ns));
    }
    if (expected.meta && *expected.meta != got.meta) {
      Differ(record + "meta", Json(*expected.meta), Json(got.meta));
    }
    for (const auto& [name, value] : expected.fields) {
      auto it = got.fields.find(name);
      const bool is_there = it != got.fields.end();
      if (value.has_value() == is_there && (!is_there || *value == it->second)) continue;
      Differ(record + "fields." + name, value ? *value : "(none)",
             is_there ? it->second : "(none)");
    }
  }

  std::string text_;
};

}  // namespace

Result<TestReport> RunTests(const TestFile& file, const std::vector<StagePart>& pipeline) {
  TestReport report;
  for (const TestCase& one : file.cases) {
    std::vector<std::string> warnings;
    GLP_ASSIGN_OR_RETURN(stages::StageList stages, BuildParts(pipeline, nullptr, &warnings));
    CaseRun run(std::move(stages), file.now_ns);
    for (const TestLine& line : one.input) run.Feed(line);
    run.End();
    Diff diff;
    diff.Compare(one, run);
    if (diff.text().empty()) {
      ++report.passed;
      continue;
    }
    ++report.failed;
    report.text += "FAIL " + EscapeForTerminal(one.name) + " (" + file.path + ":" +
                   std::to_string(one.line) + ")\n" + diff.text();
  }
  report.text +=
      std::to_string(report.passed) + " passed, " + std::to_string(report.failed) + " failed\n";
  return report;
}

}  // namespace glp::parse
