#include "logql/fields.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <unordered_set>
#include <utility>

#include "base/hash.h"
#include "base/strings.h"
#include "codec/go_duration.h"
#include "codec/go_number.h"
#include "codec/json_tree.h"
#include "logql/label_names.h"
#include "logql/pipeline.h"

namespace glp::logql {
namespace {

enum class From { kGiven, kJson, kLogfmt };  // kGiven: metadata, or parsed by the query

bool IsErrorName(std::string_view name) {
  return name == "__error__" || name == "__error_details__" || name == "__preserve_error__";
}

Pipeline MakeParser(Stage stage) {
  LogExpr log;
  log.stages.push_back(std::move(stage));
  // A parser without expressions has nothing that could be wrong.
  return std::move(*Pipeline::Make(log));
}

// What stands in an entry under which name.
class FieldReader {
 public:
  using Sink = std::function<void(From from, std::string_view name, std::string_view value)>;

  // Names may come twice. Views are good until `sink` returns.
  void Read(const Entry& entry, const Sink& sink) {
    ReadObject(entry.meta, sink);
    ReadObject(entry.fields, sink);
    if (!Parse(&json_, entry, From::kJson, sink)) Parse(&logfmt_, entry, From::kLogfmt, sink);
  }
  // The label sets that it saw are about to go.
  void ForgetStreams() {
    json_.ForgetStreams();
    logfmt_.ForgetStreams();
  }

 private:
  static void ReadObject(std::string_view json, const Sink& sink) {
    if (json.empty()) return;
    const Result<Labels> pairs = LabelsFromJson(json);
    if (!pairs.ok()) return;
    for (const Label& pair : *pairs) {
      if (!IsErrorName(pair.name)) sink(From::kGiven, pair.name, pair.value);
    }
  }

  // False where the line is not of this form.
  static bool Parse(Pipeline* parser, const Entry& entry, From from, const Sink& sink) {
    Entry line{entry.ts_ns, entry.stream, entry.line, {}, {}};
    parser->Process(&line);
    LabelsBuilder& labels = parser->labels();
    if (labels.has_error()) return false;
    for (const LabelsBuilder::Item& item : labels.Sorted()) {
      if (item.category == LabelCategory::kParsed) sink(from, item.name, item.value);
    }
    return true;
  }

  Pipeline json_ = MakeParser(JsonParser());
  Pipeline logfmt_ = MakeParser(LogfmtParser());
};

bool IsGoBool(std::string_view text) {
  static constexpr std::string_view kWords[] = {"1", "t", "T", "TRUE",  "true",  "True",
                                                "0", "f", "F", "FALSE", "false", "False"};
  return std::find(std::begin(kWords), std::end(kWords), text) != std::end(kWords);
}

bool IsUuid(std::string_view text) {
  if (text.size() == 45 && text.starts_with("urn:uuid:")) {
    text.remove_prefix(9);
  }
  if (text.size() == 38 && text.front() == '{' && text.back() == '}') text = text.substr(1, 36);
  if (text.size() != 36 && text.size() != 32) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = text.size() == 36 && (i == 8 || i == 13 || i == 18 || i == 23);
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

bool IsId(std::string_view value) {
  return codec::ParseGoFloat(value).has_value() || IsUuid(value);
}

FieldType Common(FieldType a, FieldType b) {
  const auto is_number = [](FieldType type) {
    return type == FieldType::kInt || type == FieldType::kFloat;
  };
  if (a == b) return a;
  return is_number(a) && is_number(b) ? FieldType::kFloat : FieldType::kString;
}

}  // namespace

std::string_view ToString(FieldType type) {
  switch (type) {
    case FieldType::kInt:
      return "int";
    case FieldType::kFloat:
      return "float";
    case FieldType::kBoolean:
      return "boolean";
    case FieldType::kDuration:
      return "duration";
    case FieldType::kBytes:
      return "bytes";
    case FieldType::kString:
      break;
  }
  return "string";
}

FieldType TypeOfValue(std::string_view value) {
  const std::string_view digits =
      value.substr(value.starts_with('+') || value.starts_with('-') ? 1 : 0);
  const bool whole = !digits.empty() && std::all_of(digits.begin(), digits.end(),
                                                    [](char c) { return c >= '0' && c <= '9'; });
  // Of what is too large for 64 bits, Go makes a float.
  if (whole && digits.size() <= 18) return FieldType::kInt;
  if (codec::ParseGoFloat(value)) return FieldType::kFloat;
  if (IsGoBool(value)) return FieldType::kBoolean;
  if (codec::ParseGoDuration(value).ok()) return FieldType::kDuration;
  if (codec::ParseHumanizedBytes(value).ok()) return FieldType::kBytes;
  return FieldType::kString;
}

struct FieldDetector::Impl {
  struct Field {
    FieldType type = FieldType::kString;
    std::unordered_set<uint64_t> values;  // hashes
    bool in_json = false, in_logfmt = false;
    std::vector<std::string> json_path;
  };

  void Add(const Entry& entry) {
    wants_paths = false;
    reader.Read(entry, [this](From from, std::string_view name, std::string_view value) {
      auto found = fields.find(name);
      if (found == fields.end()) {
        if (fields.size() >= max_fields) return;
        found = fields.try_emplace(std::string(name)).first;
      }
      Field& field = found->second;
      field.in_logfmt |= from == From::kLogfmt;
      wants_paths |= from == From::kJson && !field.in_json;
      field.in_json |= from == From::kJson;
      if (!field.values.insert(Hash64(value)).second) return;
      const FieldType type = TypeOfValue(value);
      field.type = field.values.size() == 1 ? type : Common(field.type, type);
    });
    if (!wants_paths) return;
    const codec::JsonNode* root = tree.Parse(entry.line);
    if (root == nullptr || !root->is(codec::JsonNode::Kind::kObject)) return;
    std::vector<std::string_view> path;
    FindPaths(*root, "", *entry.stream, &path);
  }

  // Gives the fields below a node their paths, where they have none.
  void FindPaths(const codec::JsonNode& node, const std::string& name, const LabelSet& stream,
                 std::vector<std::string_view>* path) {
    for (const codec::JsonMember& member : node) {
      std::string below = name;
      if (!below.empty() && !TrimUnicodeSpace(member.key).empty()) below += '_';
      AppendSanitized(&below, member.key);
      path->push_back(member.key);
      if (member.value.is(codec::JsonNode::Kind::kObject)) {
        FindPaths(member.value, below, stream, path);
      } else {
        if (stream.Find(below) != nullptr) below += "_extracted";
        const auto found = fields.find(below);
        if (found != fields.end() && found->second.in_json && found->second.json_path.empty()) {
          found->second.json_path.assign(path->begin(), path->end());
        }
      }
      path->pop_back();
    }
  }

  size_t max_fields = 0;
  FieldReader reader;
  std::map<std::string, Field, std::less<>> fields;
  codec::JsonTree tree;
  bool wants_paths = false;  // of this entry
};

FieldDetector::FieldDetector(size_t max_fields) : impl_(std::make_unique<Impl>()) {
  impl_->max_fields = max_fields;
}
FieldDetector::~FieldDetector() = default;

void FieldDetector::Add(const Entry& entry) { impl_->Add(entry); }
void FieldDetector::ForgetStreams() { impl_->reader.ForgetStreams(); }

std::vector<DetectedField> FieldDetector::Fields() const {
  std::vector<DetectedField> out;
  for (const auto& [name, field] : impl_->fields) {
    DetectedField& one = out.emplace_back();
    one.label = name;
    one.type = field.type;
    one.cardinality = field.values.size();
    if (field.in_json) one.parsers.push_back("json");
    if (field.in_logfmt) one.parsers.push_back("logfmt");
    one.json_path = field.json_path;
  }
  return out;
}

Result<std::vector<DetectedField>> DetectFields(const LogExpr& query, EntrySource* source,
                                                const QueryParams& params, size_t max_fields,
                                                ScanStats* stats) {
  FieldDetector detector(max_fields);
  QueryParams run = params;
  run.forget_streams = [&detector] { detector.ForgetStreams(); };
  GLP_RETURN_IF_ERROR(RunLogQuery(
      query, source, run,
      [&detector](const Entry& entry) {
        detector.Add(entry);
        return true;
      },
      stats));
  return detector.Fields();
}

Result<std::vector<std::string>> DetectFieldValues(const LogExpr& query, std::string_view field,
                                                   EntrySource* source, const QueryParams& params,
                                                   size_t max_values, ScanStats* stats) {
  FieldReader reader;
  std::vector<std::string> values;
  std::set<std::string, std::less<>> seen;
  QueryParams run = params;
  run.forget_streams = [&reader] { reader.ForgetStreams(); };
  GLP_RETURN_IF_ERROR(RunLogQuery(
      query, source, run,
      [&](const Entry& entry) {
        reader.Read(entry, [&](From, std::string_view name, std::string_view value) {
          if (name != field || values.size() >= max_values || seen.contains(value)) return;
          values.emplace_back(*seen.emplace(value).first);
        });
        return values.size() < max_values;
      },
      stats));
  return values;
}

std::vector<DetectedLabel> DetectLabels(const std::vector<const LabelSet*>& streams) {
  std::map<std::string_view, std::set<std::string_view>> values;
  for (const LabelSet* stream : streams) {
    for (const Label& label : stream->labels) values[label.name].insert(label.value);
  }
  std::vector<DetectedLabel> out;
  for (const auto& [name, some] : values) {
    const bool is_known =
        name == "cluster" || name == "namespace" || name == "instance" || name == "pod";
    const bool is_flag = std::all_of(some.begin(), some.end(),
                                     [](auto value) { return value == "0" || value == "1"; });
    if (!is_known && !is_flag && std::all_of(some.begin(), some.end(), IsId)) continue;
    out.push_back({std::string(name), some.size()});
  }
  return out;
}

}  // namespace glp::logql
