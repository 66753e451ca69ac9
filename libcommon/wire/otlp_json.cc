#include "wire/otlp_json.h"

#include <simdjson.h>

#include <string>

#include "base/strings.h"
#include "codec/go_number.h"

namespace glp::wire {
namespace {

namespace dom = simdjson::dom;
using Kind = OtlpNode::Kind;

constexpr size_t kKeepBytes = 8 << 20;

// The names of protobuf's enum, by number.
constexpr std::string_view kSeverities[] = {"UNSPECIFIED", "TRACE", "DEBUG", "INFO",
                                            "WARN",        "ERROR", "FATAL"};

// The mapping of protobuf takes lowerCamelCase and the field's own name.
bool IsField(std::string_view key, std::string_view camel) {
  if (key == camel) return true;
  size_t at = 0;
  for (char c : camel) {
    if (c >= 'A' && c <= 'Z') {
      if (at >= key.size() || key[at++] != '_') return false;
      c = static_cast<char>(c | 0x20);
    }
    if (at >= key.size() || key[at++] != c) return false;
  }
  return at == key.size();
}

// False where there is none; null counts as none.
bool Find(dom::object object, std::string_view camel, dom::element* value) {
  for (const dom::key_value_pair field : object) {
    if (!IsField(field.key, camel) || field.value.is_null()) continue;
    *value = field.value;
    return true;
  }
  return false;
}

Status Wrong(std::string_view what, std::string_view expected) {
  return DataError(std::string(what) + ": expected " + std::string(expected));
}

Status GetText(dom::element value, std::string_view what, std::string_view* text) {
  return value.get(*text) ? Wrong(what, "a string") : Status::Ok();
}

// 64-bit numbers are strings in this mapping; numbers are taken, too.
Status GetUint(dom::element value, std::string_view what, uint64_t* number) {
  std::string_view text;
  if (!value.get(*number)) return Status::Ok();
  if (value.get(text)) return Wrong(what, "a number");
  const std::optional<uint64_t> parsed = ParseUint64(text);
  if (!parsed) return Wrong(what, "a number");
  *number = *parsed;
  return Status::Ok();
}

Status GetInt(dom::element value, std::string_view what, int64_t* number) {
  std::string_view text;
  if (!value.get(*number)) return Status::Ok();
  if (value.get(text)) return Wrong(what, "a number");
  const std::optional<int64_t> parsed = ParseInt64(text);
  if (!parsed) return Wrong(what, "a number");
  *number = *parsed;
  return Status::Ok();
}

Status GetDouble(dom::element value, double* number) {
  std::string_view text;
  if (!value.get(*number)) return Status::Ok();
  if (value.get(text)) return Wrong("doubleValue", "a number");
  if (text == "Infinity" || text == "-Infinity") text.remove_suffix(5);
  const std::optional<double> parsed = codec::ParseGoFloat(text);
  if (!parsed) return Wrong("doubleValue", "a number");
  *number = *parsed;
  return Status::Ok();
}

// A number, or the name of the enum: SEVERITY_NUMBER_WARN2.
Status GetSeverity(dom::element value, int64_t* number) {
  std::string_view text;
  if (value.get(text)) return GetInt(value, "severityNumber", number);
  constexpr std::string_view kPrefix = "SEVERITY_NUMBER_";
  if (text.starts_with(kPrefix)) {
    text.remove_prefix(kPrefix.size());
    int64_t step = 1;
    if (!text.empty() && text.back() >= '2' && text.back() <= '4') {
      step = text.back() - '0';
      text.remove_suffix(1);
    }
    for (size_t i = 0; i < std::size(kSeverities); ++i) {
      if (text != kSeverities[i] || (i == 0 && step != 1)) continue;
      *number = i == 0 ? 0 : static_cast<int64_t>(4 * (i - 1)) + step;
      return Status::Ok();
    }
  }
  return Wrong("severityNumber", "a number or a name of one");
}

class Reader {
 public:
  Reader(int max_depth, OtlpBuilder* builder)
      : max_depth_(max_depth), builder_(*builder), tree_(builder->tree()) {}

  Status ReadRequest(dom::element document) {
    dom::object object;
    if (document.get(object)) return DataError("is no object");
    return EachOf(object, "resourceLogs",
                  [this](dom::object item) { return ReadResourceLogs(item); });
  }

 private:
  // Calls `read` with each object of a list; nothing where there is no such list.
  template <typename Read>
  Status EachOf(dom::object object, std::string_view camel, Read&& read) {
    dom::element value;
    if (!Find(object, camel, &value)) return Status::Ok();
    dom::array list;
    if (value.get(list)) return Wrong(camel, "a list");
    for (const dom::element item : list) {
      dom::object below;
      if (item.get(below)) return Wrong(camel, "a list of objects");
      GLP_RETURN_IF_ERROR(read(below));
    }
    return Status::Ok();
  }

  Status ReadResourceLogs(dom::object object) {
    tree_.Cut(0);
    OtlpTree::List attributes;
    dom::element value;
    if (Find(object, "resource", &value)) {
      dom::object resource;
      if (value.get(resource)) return Wrong("resource", "an object");
      GLP_RETURN_IF_ERROR(ReadAttributes(resource, "attributes", 0, &attributes));
    }
    GLP_RETURN_IF_ERROR(builder_.SetResource(attributes));
    return EachOf(object, "scopeLogs", [this](dom::object item) { return ReadScopeLogs(item); });
  }

  Status ReadScopeLogs(dom::object object) {
    tree_.Cut(0);
    OtlpScope scope;
    dom::element value;
    if (Find(object, "scope", &value)) {
      dom::object below;
      if (value.get(below)) return Wrong("scope", "an object");
      for (const dom::key_value_pair field : below) {
        if (field.value.is_null()) continue;
        if (field.key == "name") {
          GLP_RETURN_IF_ERROR(GetText(field.value, "name", &scope.name));
        } else if (field.key == "version") {
          GLP_RETURN_IF_ERROR(GetText(field.value, "version", &scope.version));
        } else if (IsField(field.key, "droppedAttributesCount")) {
          GLP_RETURN_IF_ERROR(
              GetUint(field.value, "droppedAttributesCount", &scope.dropped_attributes));
        }
      }
      GLP_RETURN_IF_ERROR(ReadAttributes(below, "attributes", 0, &scope.attributes));
    }
    GLP_RETURN_IF_ERROR(builder_.SetScope(scope));
    return EachOf(object, "logRecords", [this](dom::object item) {
      Status status = ReadRecord(item);
      if (!status.ok()) return status.Annotate("log record " + std::to_string(records_));
      ++records_;
      return status;
    });
  }

  Status ReadRecord(dom::object object) {
    tree_.Cut(0);
    OtlpRecord record;
    for (const dom::key_value_pair field : object) {
      if (field.value.is_null()) continue;
      Status status;
      if (IsField(field.key, "timeUnixNano")) {
        status = GetUint(field.value, "timeUnixNano", &record.time_ns);
      } else if (IsField(field.key, "observedTimeUnixNano")) {
        status = GetUint(field.value, "observedTimeUnixNano", &record.observed_ns);
      } else if (IsField(field.key, "severityNumber")) {
        status = GetSeverity(field.value, &record.severity_number);
      } else if (IsField(field.key, "severityText")) {
        status = GetText(field.value, "severityText", &record.severity_text);
      } else if (field.key == "body") {
        status = ReadValue(field.value, 0, &record.body);
      } else if (IsField(field.key, "droppedAttributesCount")) {
        status = GetUint(field.value, "droppedAttributesCount", &record.dropped_attributes);
      } else if (field.key == "flags") {
        status = GetUint(field.value, "flags", &record.flags);
      } else if (IsField(field.key, "traceId")) {
        status = GetId(field.value, "traceId", 16, &record.trace_id);
      } else if (IsField(field.key, "spanId")) {
        status = GetId(field.value, "spanId", 8, &record.span_id);
      }
      GLP_RETURN_IF_ERROR(status);
    }
    GLP_RETURN_IF_ERROR(ReadAttributes(object, "attributes", 0, &record.attributes));
    return builder_.AddRecord(record);
  }

  // Hexadecimal, unlike other bytes.
  Status GetId(dom::element value, std::string_view what, size_t size, std::string_view* id) {
    std::string_view text;
    GLP_RETURN_IF_ERROR(GetText(value, what, &text));
    if (text.empty()) return Status::Ok();
    const auto digit = [](char c) {
      if (c >= '0' && c <= '9') return c - '0';
      c = static_cast<char>(c | 0x20);
      return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    };
    char* const out = builder_.arena().Allocate(size);
    for (size_t i = 0; i < size; ++i) {
      const int high = text.size() == 2 * size ? digit(text[2 * i]) : -1;
      const int low = high < 0 ? -1 : digit(text[2 * i + 1]);
      if (low < 0) return Wrong(what, std::to_string(2 * size) + " hexadecimal digits");
      out[i] = static_cast<char>(high << 4 | low);
    }
    *id = {out, size};
    return Status::Ok();
  }

  Status ReadAttributes(dom::object object, std::string_view name, int depth,
                        OtlpTree::List* list) {
    return EachOf(object, name, [&](dom::object item) {
      OtlpNode node;
      std::string_view key;
      dom::element value;
      if (Find(item, "value", &value)) GLP_RETURN_IF_ERROR(ReadValue(value, depth, &node));
      if (Find(item, "key", &value)) GLP_RETURN_IF_ERROR(GetText(value, "key", &key));
      node.key = key;
      return tree_.Add(list, node).status();
    });
  }

  Status ReadValue(dom::element element, int depth, OtlpNode* node) {
    dom::object object;
    if (element.get(object)) return Wrong("a value", "an object such as {\"stringValue\":\"x\"}");
    for (const dom::key_value_pair field : object) {
      if (field.value.is_null()) continue;
      OtlpNode read;
      Status status;
      if (IsField(field.key, "stringValue")) {
        read.kind = Kind::kString;
        status = GetText(field.value, "stringValue", &read.text);
      } else if (IsField(field.key, "boolValue")) {
        read.kind = Kind::kBool;
        if (field.value.get(read.boolean)) status = Wrong("boolValue", "true or false");
      } else if (IsField(field.key, "intValue")) {
        read.kind = Kind::kInt;
        status = GetInt(field.value, "intValue", &read.integer);
      } else if (IsField(field.key, "doubleValue")) {
        read.kind = Kind::kDouble;
        status = GetDouble(field.value, &read.number);
      } else if (IsField(field.key, "arrayValue") || IsField(field.key, "kvlistValue")) {
        read.kind = IsField(field.key, "arrayValue") ? Kind::kList : Kind::kMap;
        status = ReadItems(field.value, depth + 1, &read);
      } else if (IsField(field.key, "bytesValue")) {
        read.kind = Kind::kBytes;
        std::string_view text;
        std::string bytes;
        status = GetText(field.value, "bytesValue", &text);
        if (status.ok() && !Base64Decode(text, &bytes)) status = Wrong("bytesValue", "base64");
        read.text = builder_.arena().Copy(bytes);
      } else {
        continue;
      }
      GLP_RETURN_IF_ERROR(status);
      *node = read;
    }
    return Status::Ok();
  }

  Status ReadItems(dom::element element, int depth, OtlpNode* node) {
    if (depth > max_depth_) {
      return DataError("values are nested more than " + std::to_string(max_depth_) + " deep");
    }
    dom::object object;
    if (element.get(object)) return Wrong("arrayValue and kvlistValue", "an object with values");
    OtlpTree::List list;
    if (node->kind == Kind::kMap) {
      GLP_RETURN_IF_ERROR(ReadAttributes(object, "values", depth, &list));
    } else {
      dom::element values;
      dom::array items;
      if (!Find(object, "values", &values)) return Status::Ok();
      if (values.get(items)) return Wrong("values", "a list");
      for (const dom::element item : items) {
        OtlpNode read;
        if (!item.is_null()) GLP_RETURN_IF_ERROR(ReadValue(item, depth, &read));
        GLP_RETURN_IF_ERROR(tree_.Add(&list, read).status());
      }
    }
    node->first = list.first;
    return Status::Ok();
  }

  const int max_depth_;
  OtlpBuilder& builder_;
  OtlpTree& tree_;
  size_t records_ = 0;
};

}  // namespace

struct OtlpJsonReader::Impl {
  dom::parser parser;
  std::string padded;
};

OtlpJsonReader::OtlpJsonReader() : impl_(std::make_unique<Impl>()) {}
OtlpJsonReader::~OtlpJsonReader() = default;

Status OtlpJsonReader::Read(std::string_view body, int max_depth, OtlpBuilder* builder) {
  if (impl_->padded.capacity() > kKeepBytes) impl_ = std::make_unique<Impl>();
  Impl& d = *impl_;
  d.padded.clear();
  d.padded.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  d.padded.assign(body);
  dom::element document;
  if (auto error = d.parser.parse(d.padded.data(), d.padded.size(), false).get(document)) {
    return DataError(std::string("not JSON: ") + simdjson::error_message(error));
  }
  return Reader(max_depth, builder).ReadRequest(document);
}

}  // namespace glp::wire
