#include "test_cases.h"

#include <utility>

#include "base/json_text.h"
#include "base/strings.h"
#include "base/time.h"
#include "io/file.h"
#include "yaml_text.h"

namespace glp::parse {
namespace {

using codec::Given;
using codec::YamlErrors;
using codec::YamlMap;
using codec::YamlNode;
using Kind = YamlNode::Kind;

constexpr int64_t kDefaultNowNs = 1'767'225'600 * kNsPerSecond;  // 2026-01-01T00:00:00Z

std::optional<int64_t> ReadTime(YamlMap& map, std::string_view key) {
  Given<std::string> text;
  map.Text(key, &text);
  if (!text) return std::nullopt;
  auto ts_ns = ParseRfc3339(text.value);
  if (!ts_ns) {
    map.Error(text, std::string(key) + ": expected a time as 2026-01-05T00:00:00.5Z, not '" +
                        text.value + "'");
  }
  return ts_ns;
}

// `line`, or `line64` for bytes that are no UTF-8.
std::optional<std::string> ReadLine(YamlMap& map) {
  Given<std::string> line, line64;
  map.Text("line", &line);
  map.Text("line64", &line64);
  if (!line64) return line ? std::optional(std::move(line.value)) : std::nullopt;
  std::string bytes;
  if (line) map.Error(line64, "line64: there is a line, too");
  if (!Base64Decode(line64.value, &bytes)) map.Error(line64, "line64: expected base64");
  return bytes;
}

// A list, or one text of which each line is an item.
std::vector<YamlNode> ItemsOf(const YamlNode& node) {
  if (node.kind == Kind::kList) return node.items;
  if (node.kind != Kind::kScalar) return {node};
  std::string_view text = node.text;
  if (text.ends_with('\n')) text.remove_suffix(1);
  std::vector<YamlNode> items;
  if (node.text.empty()) return items;
  for (std::string_view line : Split(text, '\n')) {
    YamlNode item = node;
    item.text = line;
    items.push_back(std::move(item));
  }
  return items;
}

class FileReader {
 public:
  FileReader(TestFile* file, YamlErrors* errors) : file_(*file), errors_(*errors) {}

  void Read(const YamlNode& root, bool expand_env) {
    YamlMap map(root, "", &errors_);
    const YamlNode* pipeline = map.Take("pipeline");
    if (pipeline != nullptr) ReadPipeline(*pipeline, expand_env);
    file_.now_ns = ReadTime(map, "now").value_or(kDefaultNowNs);
    Given<Texts> labels;
    map.TextMap("labels", &labels);
    labels_ = std::move(labels.value);
    map.MapList("cases", [this](YamlMap& one, const YamlNode&) { ReadCase(one); });
    map.Finish();
    if (file_.cases.empty()) map.Error(map.place(), "expected cases");
  }

  // What is wrong with the configuration that is named.
  const Status& status() const { return status_; }

 private:
  void ReadPipeline(const YamlNode& node, bool expand_env) {
    Given<std::string> config, job;
    Given<bool> as_promtail;
    YamlMap map(node, "pipeline", &errors_);
    map.Text("config", &config);
    map.Text("job", &job);
    map.Bool("as_promtail", &as_promtail);
    map.List("stages", [](const YamlNode&) {});
    const YamlNode* stages = map.Take("stages");
    map.Finish();
    if (!errors_.first().ok()) return;
    if (!config == (stages == nullptr)) {
      map.Error(map.place(), "pipeline: expected either a config or stages");
      return;
    }
    if (stages != nullptr) {
      if (job) map.Error(job, "job: is of a config");
      file_.pipeline = {StagePart{file_.path, *stages, as_promtail.value}};
      return;
    }
    StageList list;
    const size_t slash = file_.path.rfind('/');
    const bool beside = config.value[0] != '/' && slash != std::string::npos;
    status_ =
        list.SetConfig(beside ? file_.path.substr(0, slash + 1) + config.value : config.value);
    list.job = job.value;
    list.expand_env = expand_env;
    std::vector<std::string> notes;
    auto parts = list.Parts(false, &notes);
    if (!parts.ok()) {
      status_ = parts.status();
    } else {
      file_.pipeline = *std::move(parts);
    }
  }

  void ReadCase(YamlMap& map) {
    TestCase one;
    static_cast<codec::YamlPlace&>(one) = map.place();
    Given<std::string> name;
    Given<int64_t> count;
    map.Text("name", &name);
    map.Int("count", &count);
    if (const YamlNode* input = map.Take("input")) {
      for (const YamlNode& item : ItemsOf(*input)) one.input.push_back(ReadInput(item));
    }
    if (const YamlNode* expect = map.Take("expect")) {
      one.expect.emplace();
      for (const YamlNode& item : ItemsOf(*expect)) one.expect->push_back(ReadExpected(item));
    }
    if (const YamlNode* dropped = map.Take("dropped")) ReadDropped(*dropped, map, &one);
    if (count) one.count = static_cast<uint64_t>(count.value);
    if (count.value < 0) map.Error(count, "count: expected a number of records");
    one.name = std::move(name.value);
    if (one.name.empty()) one.name = "case " + std::to_string(file_.cases.size() + 1);
    map.Finish();  // a misspelled key is told ahead of the one that is missing
    if (one.input.empty()) map.Error(map.place(), "a case needs input");
    if (!one.expect && !one.count && !one.dropped && !one.dropped_by) {
      map.Error(map.place(), "a case needs expect, count or dropped");
    }
    file_.cases.push_back(std::move(one));
  }

  void ReadDropped(const YamlNode& node, YamlMap& map, TestCase* one) {
    Given<int64_t> count;
    if (node.kind != Kind::kMap) {
      map.Int("dropped", &count);
      if (count.value < 0) map.Error(count, "dropped: expected a number of lines");
      one->dropped = static_cast<uint64_t>(count.value);
      return;
    }
    one->dropped_by.emplace();
    YamlMap below(node, "dropped", &errors_);
    for (const YamlNode::Key& key : node.keys) {
      Given<int64_t> of_reason;
      below.Int(key.text, &of_reason);
      if (of_reason.value < 0) below.Error(of_reason, "dropped: expected a number of lines");
      (*one->dropped_by)[key.text] = static_cast<uint64_t>(of_reason.value);
    }
  }

  TestLine ReadInput(const YamlNode& node) {
    TestLine line;
    line.labels = labels_;
    line.ts_ns = file_.now_ns;
    if (node.kind == Kind::kScalar || node.kind == Kind::kNull) {
      line.line = node.text;
      return line;
    }
    Given<Texts> labels, fields, meta;
    YamlMap map(node, "input", &errors_);
    auto text = ReadLine(map);
    if (!text) map.Error(map.place(), "input: expected a line");
    if (text) line.line = *std::move(text);
    if (auto ts_ns = ReadTime(map, "ts")) line.ts_ns = *ts_ns;
    map.TextMap("labels", &labels);
    map.TextMap("fields", &fields);
    map.TextMap("meta", &meta);
    map.Finish();
    if (labels) line.labels = std::move(labels.value);
    line.fields = std::move(fields.value);
    line.meta = std::move(meta.value);
    return line;
  }

  TestExpectation ReadExpected(const YamlNode& node) {
    TestExpectation expected;
    static_cast<codec::YamlPlace&>(expected) = node;
    if (node.kind == Kind::kScalar || node.kind == Kind::kNull) {
      expected.line = node.text;
      return expected;
    }
    Given<Texts> labels, fields, meta;
    YamlMap map(node, "expect", &errors_);
    expected.line = ReadLine(map);
    expected.ts_ns = ReadTime(map, "ts");
    map.TextMap("labels", &labels);
    map.TextMap("fields", &fields);
    map.TextMap("meta", &meta);
    map.Finish();
    // `labels: {}` is a set, the empty one; `labels:` says nothing.
    if (labels) expected.labels = std::move(labels.value);
    if (meta) expected.meta = std::move(meta.value);
    for (auto& [name, value] : fields.value) {
      const YamlNode* field = node.Find("fields")->Find(name);
      expected.fields[name] =
          field->kind == Kind::kNull ? std::nullopt : std::optional(std::move(value));
    }
    return expected;
  }

  TestFile& file_;
  YamlErrors& errors_;
  Texts labels_;
  Status status_;
};

}  // namespace

Result<TestFile> ReadTestFile(const std::string& path, bool expand_env) {
  TestFile file;
  file.path = path;
  constexpr uint64_t kMaxBytes = 64 << 20;
  GLP_ASSIGN_OR_RETURN(std::string text, io::ReadFile(path, kMaxBytes));
  GLP_ASSIGN_OR_RETURN(YamlNode root, codec::ParseYaml(text, path));
  YamlErrors errors(path);
  FileReader reader(&file, &errors);
  reader.Read(root, expand_env);
  GLP_RETURN_IF_ERROR(errors.first());
  GLP_RETURN_IF_ERROR(reader.status());
  return file;
}

}  // namespace glp::parse
