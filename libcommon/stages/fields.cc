#include "stages/fields.h"

#include <algorithm>
#include <atomic>

#include "base/json_text.h"
#include "base/strings.h"
#include "record/labels.h"

namespace glp::stages {
namespace {

// Sorted by name; of equal names the one set last stays.
void SortAndUnique(std::vector<Field>* fields) {
  bool sorted = true;
  for (size_t i = 1; i < fields->size() && sorted; ++i) {
    sorted = (*fields)[i - 1].name < (*fields)[i].name;
  }
  if (sorted) return;
  std::stable_sort(fields->begin(), fields->end(),
                   [](const Field& a, const Field& b) { return a.name < b.name; });
  size_t out = 0;
  for (const Field& field : *fields) {
    if (out > 0 && (*fields)[out - 1].name == field.name) --out;
    (*fields)[out++] = field;
  }
  fields->resize(out);
}

void AppendUtf8Only(std::string* out, std::string_view text) {
  if (IsValidUtf8(text)) {
    AppendJsonEscaped(out, text);
    return;
  }
  size_t i = 0;
  while (i < text.size()) {
    // The longest valid piece of up to four bytes, else one bad byte.
    size_t size = 1;
    while (size <= 4 && i + size <= text.size() && !IsValidUtf8(text.substr(i, size))) ++size;
    if (size <= 4 && i + size <= text.size()) {
      AppendJsonEscaped(out, text.substr(i, size));
      i += size;
    } else {
      out->append("\xEF\xBF\xBD");
      ++i;
    }
  }
}

void Render(const std::vector<Field>& sorted, std::string* out) {
  char separator = '{';
  for (const Field& field : sorted) {
    out->push_back(separator);
    out->push_back('"');
    AppendUtf8Only(out, field.name);
    out->append("\":\"", 3);
    AppendUtf8Only(out, field.value);
    out->push_back('"');
    separator = ',';
  }
  if (!sorted.empty()) out->push_back('}');
}

}  // namespace

SharedFields::SharedFields(const std::vector<Field>& fields) {
  owned_.reserve(fields.size());
  for (const Field& field : fields) owned_.emplace_back(field.name, field.value);
  for (const auto& [name, value] : owned_) fields_.push_back({name, value});
  SortAndUnique(&fields_);
  Render(fields_, &json_);
  for (const Field& field : fields_) is_utf8_ = is_utf8_ && IsValidUtf8(field.value);
  static std::atomic<uint64_t> last_id{0};
  id_ = ++last_id;
}

const Field* FieldSet::Find(std::string_view name) {
  if (empty()) return nullptr;
  if (!raw_.empty()) TakeApart();
  const std::vector<Field>& fields = shared_ != nullptr ? shared_->fields() : fields_;
  for (auto it = fields.rbegin(); it != fields.rend(); ++it) {
    if (it->name == name) return &*it;
  }
  for (auto it = unwritten_.rbegin(); it != unwritten_.rend(); ++it) {
    if (it->name == name) return &*it;
  }
  return nullptr;
}

void FieldSet::Erase(std::string_view name) {
  Open();
  for (std::vector<Field>* fields : {&fields_, &unwritten_}) {
    std::erase_if(*fields, [name](const Field& field) { return field.name == name; });
  }
}

void FieldSet::SetShared(const SharedFields& shared) {
  if (has_none()) {
    shared_ = &shared;
    return;
  }
  Open();
  fields_.insert(fields_.end(), shared.fields().begin(), shared.fields().end());
}

const std::vector<Field>& FieldSet::Sorted() {
  Open();
  SortAndUnique(&fields_);
  if (!has_marks_) return fields_;
  sorted_.clear();
  for (const Field& field : fields_) {
    if (field.kind == Field::Kind::kText) sorted_.push_back(field);
  }
  return sorted_;
}

void FieldSet::CopyUnrendered(std::vector<Field>* out) {
  for (const std::vector<Field>* fields : {&unwritten_, &fields_}) {
    for (const Field& field : *fields) {
      if (field.kind != Field::Kind::kText && Find(field.name) == &field) out->push_back(field);
    }
  }
}

std::string_view FieldSet::Json(std::string* scratch) {
  if (!raw_.empty()) return raw_;
  if (shared_ != nullptr) return shared_->json();
  if (fields_.empty()) return {};
  scratch->clear();
  Render(Sorted(), scratch);
  return *scratch;
}

void FieldSet::TakeApart() {
  if (shared_ != nullptr) {
    const SharedFields* shared = shared_;
    shared_ = nullptr;
    fields_ = shared->fields();
    return;
  }
  std::string_view raw = raw_;
  raw_ = {};
  ParseRaw(raw);
}

void FieldSet::ParseRaw(std::string_view raw) {
  // {"k":"v",…} without blanks; anything else takes the slow way. The 16 bytes that the scan may
  // look at behind the object are there: records end with a line end and the block's padding.
  std::string decoded;
  auto take = [&](const char** p, const char* limit, std::string_view* text) {
    if (*p >= limit || **p != '"') return false;
    JsonStringScan scan = ScanJsonString(*p + 1, limit);
    if (scan.end == nullptr) return false;
    *text = {*p + 1, static_cast<size_t>(scan.end - *p - 1)};
    *p = scan.end + 1;
    if (!scan.has_escapes) return true;
    decoded.clear();
    if (!AppendJsonUnescaped(&decoded, *text)) return false;
    *text = arena_->Copy(decoded);
    return true;
  };
  const char* p = raw.data() + 1;
  const char* limit = raw.data() + raw.size();
  for (;;) {
    Field field;
    if (!take(&p, limit, &field.name) || p >= limit || *p++ != ':' ||
        !take(&p, limit, &field.value) || p >= limit) {
      break;
    }
    fields_.push_back(field);
    char c = *p++;
    if (c == '}' && p == limit) return;
    if (c != ',') break;
  }
  fields_.clear();
  auto labels = LabelsFromJson(raw);
  if (!labels.ok()) return;
  for (const Label& label : *labels) {
    fields_.push_back({arena_->Copy(label.name), arena_->Copy(label.value)});
  }
}

}  // namespace glp::stages
