#include "record/labels.h"

#include <simdjson.h>

#include <algorithm>

#include "base/hash.h"
#include "base/json_text.h"

namespace glp {

const Label* LabelSet::Find(std::string_view name) const {
  for (const Label& label : labels) {
    if (label.name == name) return &label;
  }
  return nullptr;
}

std::string_view LabelSet::Get(std::string_view name) const {
  const Label* label = Find(name);
  return label != nullptr ? std::string_view(label->value) : std::string_view();
}

void Canonicalize(Labels* labels) {
  std::stable_sort(labels->begin(), labels->end(),
                   [](const Label& a, const Label& b) { return a.name < b.name; });
  auto same = [](const Label& a, const Label& b) { return a.name == b.name; };
  // unique keeps the first of a run: run it from the back, so that the last given wins.
  auto kept = std::unique(labels->rbegin(), labels->rend(), same);
  labels->erase(labels->begin(), kept.base());
}

std::string LabelsToJson(const Labels& canonical) {
  std::string json = "{";
  for (const Label& label : canonical) {
    if (json.size() > 1) json += ',';
    AppendJsonString(&json, label.name);
    json += ':';
    AppendJsonString(&json, label.value);
  }
  json += '}';
  return json;
}

namespace {

// As strconv.Quote: `\` escapes for what is special, \x for bytes that are not UTF-8.
void AppendGoQuoted(std::string* out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  bool utf8 = IsValidUtf8(text);
  for (char c : text) {
    uint8_t byte = static_cast<uint8_t>(c);
    switch (c) {
      case '"':
        *out += "\\\"";
        continue;
      case '\\':
        *out += "\\\\";
        continue;
      case '\a':
        *out += "\\a";
        continue;
      case '\b':
        *out += "\\b";
        continue;
      case '\f':
        *out += "\\f";
        continue;
      case '\n':
        *out += "\\n";
        continue;
      case '\r':
        *out += "\\r";
        continue;
      case '\t':
        *out += "\\t";
        continue;
      case '\v':
        *out += "\\v";
        continue;
      default:
        break;
    }
    if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !utf8)) {
      *out += "\\x";
      out->push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

}  // namespace

std::string LabelsToSelector(const Labels& canonical) {
  std::string out = "{";
  for (const Label& label : canonical) {
    if (out.size() > 1) out += ", ";
    out += label.name;
    out += '=';
    AppendGoQuoted(&out, label.value);
  }
  out += '}';
  return out;
}

Result<Labels> LabelsFromJson(std::string_view json) {
  namespace od = simdjson::ondemand;
  simdjson::padded_string padded(json);
  od::parser parser;
  od::document document;
  od::object object;
  if (parser.iterate(padded).get(document) || document.get_object().get(object)) {
    return DataError("labels are not a JSON object");
  }
  Labels labels;
  for (auto field : object) {
    std::string_view name;
    od::value value;
    od::json_type type;
    if (field.unescaped_key().get(name) || field.value().get(value) || value.type().get(type)) {
      return DataError("labels are not a JSON object");
    }
    Label label{std::string(name), ""};
    if (type == od::json_type::string) {
      std::string_view text;
      if (value.get_string().get(text)) return DataError("label " + label.name + " is not UTF-8");
      label.value = text;
    } else if (type == od::json_type::number || type == od::json_type::boolean) {
      label.value = TrimSpace(value.raw_json_token());
      if (!IsJsonNumber(label.value) && label.value != "true" && label.value != "false") {
        return DataError("labels are not JSON: " + label.value);
      }
    } else {
      return DataError("label " + label.name + " is not a string");
    }
    labels.push_back(std::move(label));
  }
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
    return DataError("labels are followed by something else");
  }
  return labels;
}

LabelTable::LabelTable() { Clear(); }
LabelTable::~LabelTable() = default;

void LabelTable::Clear() {
  by_raw_.clear();
  sets_.clear();
  ++generation_;
  empty_ = Intern({});
}

Result<const LabelSet*> LabelTable::FromJson(std::string_view raw) {
  if (auto it = by_raw_.find(raw); it != by_raw_.end()) return it->second;
  GLP_ASSIGN_OR_RETURN(Labels labels, LabelsFromJson(raw));
  const LabelSet* set = FromLabels(std::move(labels));
  // Other spellings of one set count too, or they could fill the memory unseen by kMaxSets.
  if (by_raw_.size() < 2 * kMaxSets) by_raw_.emplace(raw, set);
  return set;
}

const LabelSet* LabelTable::FromLabels(Labels labels) {
  Canonicalize(&labels);
  return Intern(std::move(labels));
}

const LabelSet* LabelTable::Intern(Labels canonical) {
  std::string json = LabelsToJson(canonical);
  if (auto it = by_raw_.find(std::string_view(json)); it != by_raw_.end()) return it->second;
  uint64_t hash = Hash64(json);
  sets_.push_back({static_cast<uint32_t>(sets_.size()), hash, json, std::move(canonical)});
  by_raw_.emplace(std::move(json), &sets_.back());
  return &sets_.back();
}

}  // namespace glp
