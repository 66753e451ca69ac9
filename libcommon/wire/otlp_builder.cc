#include "wire/otlp_builder.h"

#include <algorithm>
#include <cmath>

#include "base/json_text.h"
#include "codec/go_number.h"
#include "codec/json_number.h"
#include "wire/utf8.h"

namespace glp::wire {
namespace {

using Kind = OtlpNode::Kind;

const OtlpConfig& DefaultConfig() {
  static const auto* const kConfig = new OtlpConfig();
  return *kConfig;
}

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Of equal names the last stays.
void SortPairs(std::vector<std::pair<std::string_view, std::string_view>>* pairs) {
  std::stable_sort(pairs->begin(), pairs->end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  size_t to = 0;
  for (size_t i = 0; i < pairs->size(); ++i) {
    if (i + 1 < pairs->size() && (*pairs)[i].first == (*pairs)[i + 1].first) continue;
    (*pairs)[to++] = (*pairs)[i];
  }
  pairs->resize(to);
}

}  // namespace

Result<uint32_t> OtlpTree::Add(List* list, const OtlpNode& node) {
  if (nodes_.size() >= kMaxNodes) {
    return Status(Code::kLimit, "more than " + std::to_string(kMaxNodes) +
                                    " values in a log record with its resource and scope");
  }
  const auto index = static_cast<uint32_t>(nodes_.size());
  nodes_.push_back(node);
  if (list->last != OtlpNode::kEnd) nodes_[list->last].next = index;
  if (list->first == OtlpNode::kEnd) list->first = index;
  list->last = index;
  return index;
}

void OtlpBuilder::Begin(const Limits& limits, int64_t now_ns, MemoryClaim* memory) {
  limits_ = &limits;
  config_ = limits.otlp != nullptr ? limits.otlp.get() : &DefaultConfig();
  now_ns_ = now_ns;
  tree_.Cut(0);
  arena_.Reset();
  meta_.Clear();
  request_.streams.clear();
  streams_.clear();
  count_ = PushCount(memory);
  meta_bytes_ = 0;
  labels_.clear();
  resource_.clear();
  scope_.clear();
  stream_ = OtlpNode::kEnd;
}

// Names as Loki makes them of attributes: runs of other characters than letters and digits are one
// `_`, and no name begins with a digit.
std::string_view OtlpBuilder::Name(std::string_view key, std::string_view prefix) {
  scratch_.clear();
  const auto append = [&](std::string_view text) {
    for (char c : text) {
      if (IsWordByte(c)) {
        scratch_ += c;
      } else if (scratch_.empty() || scratch_.back() != '_') {
        scratch_ += '_';
      }
    }
  };
  if (!prefix.empty()) {
    append(prefix);
    append("_");
  }
  append(key);
  if (!scratch_.empty() && scratch_[0] >= '0' && scratch_[0] <= '9') scratch_.insert(0, "key_");
  return prefix.empty() && scratch_ == key ? key : arena_.Copy(scratch_);
}

Status OtlpBuilder::Charge(size_t bytes) {
  meta_bytes_ += bytes;
  if (meta_bytes_ <= kMaxMetaBytes) return count_.AddBytes(2 * bytes);
  return Status(Code::kLimit,
                "more than " + std::to_string(kMaxMetaBytes) + " bytes of attributes in one push");
}

Status OtlpBuilder::Flatten(const OtlpNode& node, std::string_view prefix,
                            std::vector<Pair>* pairs) {
  const std::string_view name = Name(node.key, prefix);
  GLP_RETURN_IF_ERROR(Charge(prefix.size()));
  GLP_RETURN_IF_ERROR(count_.AddBytes(sizeof(Pair)));
  if (node.kind != Kind::kMap) {
    if (!name.empty()) pairs->emplace_back(name, Text(node));
    return Status::Ok();
  }
  for (uint32_t i = node.first; i != OtlpNode::kEnd; i = tree_[i].next) {
    GLP_RETURN_IF_ERROR(Flatten(tree_[i], name, pairs));
  }
  return Status::Ok();
}

std::string_view OtlpBuilder::Number(uint64_t number) {
  scratch_.clear();
  AppendUint64(&scratch_, number);
  return arena_.Copy(scratch_);
}

std::string_view OtlpBuilder::Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  char* const out = arena_.Allocate(2 * bytes.size());
  for (size_t i = 0; i < bytes.size(); ++i) {
    out[2 * i] = kDigits[static_cast<unsigned char>(bytes[i]) >> 4];
    out[2 * i + 1] = kDigits[static_cast<unsigned char>(bytes[i]) & 15];
  }
  return {out, 2 * bytes.size()};
}

std::string_view OtlpBuilder::Text(const OtlpNode& node) {
  switch (node.kind) {
    case Kind::kNone:
      return {};
    case Kind::kString:
      return node.text;
    case Kind::kBool:
      return node.boolean ? "true" : "false";
    case Kind::kInt:
      return arena_.Copy(std::to_string(node.integer));
    case Kind::kBytes:
      return arena_.Copy(Base64Encode(node.text));
    case Kind::kDouble:
      if (!std::isfinite(node.number)) {
        return arena_.Copy(codec::FormatGoFloat(node.number, 'g', -1));
      }
      break;
    case Kind::kList:
    case Kind::kMap:
      break;
  }
  std::string json;
  AppendJson(node, &json);
  return arena_.Copy(json);
}

void OtlpBuilder::AppendJson(const OtlpNode& node, std::string* out) const {
  switch (node.kind) {
    case Kind::kNone:
      *out += "null";
      return;
    case Kind::kString:
      AppendJsonLossy(out, node.text);
      return;
    case Kind::kBool:
      *out += node.boolean ? "true" : "false";
      return;
    case Kind::kInt:
      *out += std::to_string(node.integer);
      return;
    case Kind::kBytes:
      AppendJsonString(out, Base64Encode(node.text));
      return;
    case Kind::kDouble:
      if (std::isfinite(node.number)) {
        codec::AppendGoJsonFloat(out, node.number);
      } else {
        AppendJsonString(out, codec::FormatGoFloat(node.number, 'g', -1));
      }
      return;
    case Kind::kList:
      *out += '[';
      for (uint32_t i = node.first; i != OtlpNode::kEnd; i = tree_[i].next) {
        if (i != node.first) *out += ',';
        AppendJson(tree_[i], out);
      }
      *out += ']';
      return;
    case Kind::kMap:
      break;
  }
  // Keys sorted, of equal ones the last, as Go writes a map.
  std::vector<uint32_t> items;
  for (uint32_t i = node.first; i != OtlpNode::kEnd; i = tree_[i].next) items.push_back(i);
  std::stable_sort(items.begin(), items.end(),
                   [this](uint32_t a, uint32_t b) { return tree_[a].key < tree_[b].key; });
  *out += '{';
  bool first = true;
  for (size_t i = 0; i < items.size(); ++i) {
    const OtlpNode& item = tree_[items[i]];
    if (i + 1 < items.size() && item.key == tree_[items[i + 1]].key) continue;
    if (!first) *out += ',';
    first = false;
    AppendJsonLossy(out, item.key);
    *out += ':';
    AppendJson(item, out);
  }
  *out += '}';
}

Status OtlpBuilder::SetResource(OtlpTree::List attributes) {
  labels_.clear();
  resource_.clear();
  scope_.clear();
  stream_ = OtlpNode::kEnd;
  const std::vector<std::string>& sources = limits_->discover_service_name;
  bool has_service = false;
  for (uint32_t i = attributes.first; i != OtlpNode::kEnd; i = tree_[i].next) {
    has_service |= tree_[i].key == "service.name" && !Text(tree_[i]).empty();
  }
  for (uint32_t i = attributes.first; i != OtlpNode::kEnd; i = tree_[i].next) {
    switch (ActionOf(config_->resource, tree_[i].key)) {
      case OtlpAction::kDrop:
        break;
      case OtlpAction::kStructuredMetadata:
        GLP_RETURN_IF_ERROR(Flatten(tree_[i], "", &resource_));
        break;
      case OtlpAction::kIndexLabel:
        pairs_.clear();
        GLP_RETURN_IF_ERROR(Flatten(tree_[i], "", &pairs_));
        for (const auto& [name, value] : pairs_) {
          labels_.push_back({std::string(name), std::string(value)});
          if (has_service || std::find(sources.begin(), sources.end(), name) == sources.end()) {
            continue;
          }
          labels_.push_back({"service_name", std::string(value)});
          has_service = true;
        }
    }
  }
  if (!has_service && !sources.empty()) labels_.push_back({"service_name", "unknown_service"});
  Canonicalize(&labels_);
  return Status::Ok();
}

Status OtlpBuilder::SetScope(const OtlpScope& scope) {
  scope_.clear();
  for (uint32_t i = scope.attributes.first; i != OtlpNode::kEnd; i = tree_[i].next) {
    if (ActionOf(config_->scope, tree_[i].key) == OtlpAction::kStructuredMetadata) {
      GLP_RETURN_IF_ERROR(Flatten(tree_[i], "", &scope_));
    }
  }
  if (!scope.name.empty()) scope_.emplace_back("scope_name", scope.name);
  if (!scope.version.empty()) scope_.emplace_back("scope_version", scope.version);
  if (scope.dropped_attributes != 0) {
    scope_.emplace_back("scope_dropped_attributes_count", Number(scope.dropped_attributes));
  }
  return Status::Ok();
}

Result<uint32_t> OtlpBuilder::StreamOf(const Labels& labels) {
  std::string json;
  Labels kept;
  for (const Label& label : labels) {
    if (label.value.empty()) continue;
    kept.push_back(
        {label.name, IsValidUtf8(label.value) ? label.value : ReplaceInvalidUtf8(label.value)});
  }
  json = LabelsToJson(kept);
  const auto found = streams_.find(std::string_view(json));
  if (found != streams_.end()) return found->second;
  GLP_RETURN_IF_ERROR(count_.AddStream());
  GLP_RETURN_IF_ERROR(count_.AddLabels(json.size()));
  const auto index = static_cast<uint32_t>(request_.streams.size());
  request_.streams.emplace_back().labels = std::move(kept);
  streams_.emplace(std::move(json), index);
  return index;
}

Result<std::string_view> OtlpBuilder::MetaOf(std::vector<Pair>* pairs) {
  // In this order: what Loki keeps of equal names is the last one.
  pairs->insert(pairs->end(), resource_.begin(), resource_.end());
  pairs->insert(pairs->end(), scope_.begin(), scope_.end());
  size_t bytes = 0;
  for (const auto& [name, value] : *pairs) bytes += name.size() + value.size() + 8;
  GLP_RETURN_IF_ERROR(Charge(bytes));
  SortPairs(pairs);
  for (const auto& [name, value] : *pairs) {
    if (!value.empty()) meta_.Add(name, value);
  }
  return meta_.Take();
}

Status OtlpBuilder::AddRecord(const OtlpRecord& record) {
  GLP_RETURN_IF_ERROR(count_.AddEntry());
  pairs_.clear();
  labelled_.clear();
  for (uint32_t i = record.attributes.first; i != OtlpNode::kEnd; i = tree_[i].next) {
    const OtlpAction action = ActionOf(config_->log, tree_[i].key);
    if (action == OtlpAction::kDrop) continue;
    GLP_RETURN_IF_ERROR(
        Flatten(tree_[i], "", action == OtlpAction::kIndexLabel ? &labelled_ : &pairs_));
  }
  if (record.time_ns != 0 && record.observed_ns != 0) {
    pairs_.emplace_back("observed_timestamp", Number(record.observed_ns));
  }
  if (record.severity_number != 0) {
    pairs_.emplace_back("severity_number", arena_.Copy(std::to_string(record.severity_number)));
  }
  if (!record.severity_text.empty()) {
    pairs_.emplace_back("severity_text", record.severity_text);
    if (config_->severity_text_as_label) {
      labelled_.emplace_back("severity_text", record.severity_text);
    }
  }
  if (record.dropped_attributes != 0) {
    pairs_.emplace_back("dropped_attributes_count", Number(record.dropped_attributes));
  }
  if (record.flags != 0) pairs_.emplace_back("flags", Number(record.flags));
  const auto is_given = [](std::string_view id) {
    return id.find_first_not_of('\0') != std::string_view::npos;
  };
  if (is_given(record.trace_id)) pairs_.emplace_back("trace_id", Hex(record.trace_id));
  if (is_given(record.span_id)) pairs_.emplace_back("span_id", Hex(record.span_id));

  uint32_t stream = stream_;
  if (!labelled_.empty()) {
    Labels labels = labels_;
    for (const auto& [name, value] : labelled_) {
      labels.push_back({std::string(name), std::string(value)});
    }
    Canonicalize(&labels);
    GLP_ASSIGN_OR_RETURN(stream, StreamOf(labels));
  } else if (stream_ == OtlpNode::kEnd) {
    GLP_ASSIGN_OR_RETURN(stream_, StreamOf(labels_));
    stream = stream_;
  }

  const uint64_t time_ns = record.time_ns != 0 ? record.time_ns : record.observed_ns;
  if (time_ns > INT64_MAX) {
    return DataError("time is out of range: " + std::to_string(time_ns) +
                     " nanoseconds since 1970");
  }
  PushRequest::Entry entry;
  entry.ts_ns = time_ns != 0 ? static_cast<int64_t>(time_ns) : now_ns_;
  entry.line = Text(record.body);
  GLP_ASSIGN_OR_RETURN(entry.meta, MetaOf(&pairs_));
  request_.streams[stream].entries.push_back(entry);
  return Status::Ok();
}

}  // namespace glp::wire
