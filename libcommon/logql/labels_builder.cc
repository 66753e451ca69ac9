#include "logql/labels_builder.h"

#include <algorithm>

#include "base/json_text.h"
#include "base/strings.h"

namespace glp::logql {
namespace {

constexpr size_t kMaxStreams = LabelTable::kMaxSets;

// As a JSON string; bytes that are not UTF-8 become U+FFFD.
void AppendLossy(std::string* out, std::string_view text) {
  if (IsValidUtf8(text)) return AppendJsonString(out, text);
  out->push_back('"');
  while (!text.empty()) {
    // The longest valid piece of up to four bytes, else one bad byte.
    size_t size = 1;
    while (size <= 4 && size <= text.size() && !IsValidUtf8(text.substr(0, size))) ++size;
    if (size <= 4 && size <= text.size()) {
      AppendJsonEscaped(out, text.substr(0, size));
    } else {
      out->append("\xEF\xBF\xBD");
      size = 1;
    }
    text.remove_prefix(size);
  }
  out->push_back('"');
}

}  // namespace

LabelsBuilder::LabelsBuilder() { Grow(); }

bool LabelsBuilder::Begin(const LabelSet* stream, std::string_view meta, std::string_view fields) {
  const bool trimmed = names_.Trim();
  if (trimmed) {
    ForgetStreams();
    states_.clear();
    Grow();
  }
  stream_ = stream;
  meta_ = meta == "{}" ? std::string_view() : meta;
  fields_ = fields == "{}" ? std::string_view() : fields;
  is_open_ = stream_changed_ = meta_changed_ = fields_changed_ = false;
  error_ = error_details_ = old_details_ = {};
  return trimmed;
}

void LabelsBuilder::ForgetStreams() {
  stream_ids_.clear();
  open_stream_ = nullptr;
}

void LabelsBuilder::OpenEntry() {
  is_open_ = true;
  arena_.Reset();
  items_.clear();
  if (++entry_ == 0) {
    for (State& state : states_) state.entry = 0;
    entry_ = 1;
  }
  if (stream_ != open_stream_) OpenStream();
  if (!meta_.empty()) ReadObject(meta_, LabelCategory::kMetadata);
  if (!fields_.empty()) ReadObject(fields_, LabelCategory::kParsed);
}

void LabelsBuilder::OpenStream() {
  auto found = stream_ids_.find(stream_);
  if (found == stream_ids_.end()) {
    if (stream_ids_.size() >= kMaxStreams) stream_ids_.clear();
    std::vector<Id> ids;
    ids.reserve(stream_->labels.size());
    for (const Label& label : stream_->labels) ids.push_back(names_.Intern(label.name));
    found = stream_ids_.emplace(stream_, std::move(ids)).first;
  }
  Grow();
  if (++stream_epoch_ == 0) {
    for (State& state : states_) state.stream = 0;
    stream_epoch_ = 1;
  }
  for (uint32_t i = 0; i < found->second.size(); ++i) {
    State& state = states_[found->second[i]];
    state.stream = stream_epoch_;
    state.stream_at = i;
  }
  open_stream_ = stream_;
  open_ids_ = &found->second;
}

void LabelsBuilder::Take(LabelCategory category, std::string_view name, std::string_view value) {
  Id id = names_.Intern(name);
  if (id >= states_.size()) Grow();
  if (id == LabelNames::kError) {
    error_ = value;
  } else if (id == LabelNames::kErrorDetails) {
    error_details_ = old_details_ = value;
  } else {
    if (category == LabelCategory::kMetadata && states_[id].stream == stream_epoch_) {
      id = names_.Extracted(id);
    }
    category == LabelCategory::kParsed ? Hide(id, value) : Add(category, id, value);
  }
}

void LabelsBuilder::Hide(Id id, std::string_view value) {
  if (id >= states_.size()) Grow();
  const State& state = states_[id];
  LabelCategory category = LabelCategory::kParsed;
  std::string_view hidden;
  if (state.entry == entry_ && state.at != kGone) {
    const Overlay& item = items_[static_cast<size_t>(state.at)];
    const bool is_repeated = item.category == LabelCategory::kParsed;
    category = is_repeated ? item.hidden_category : item.category;
    hidden = is_repeated ? item.hidden : item.value;
  } else if (state.stream == stream_epoch_) {
    category = LabelCategory::kStream;
    hidden = stream_->labels[state.stream_at].value;
  }
  Add(LabelCategory::kParsed, id, value);
  Overlay& item = items_[static_cast<size_t>(states_[id].at)];
  item.hidden_category = category;
  item.hidden = hidden;
}

// {"k":"v",…} without blanks and escapes.
bool LabelsBuilder::ReadPlain(std::string_view raw, LabelCategory category) {
  const char* p = raw.data() + 1;
  const char* const limit = raw.data() + raw.size();
  const auto text = [&](std::string_view* out) {
    if (p >= limit || *p != '"') return false;
    const JsonStringScan scan = ScanJsonString(p + 1, limit);
    if (scan.end == nullptr || scan.has_escapes) return false;
    *out = {p + 1, static_cast<size_t>(scan.end - p - 1)};
    p = scan.end + 1;
    return true;
  };
  for (;;) {
    std::string_view name, value;
    if (!text(&name) || p >= limit || *p++ != ':' || !text(&value) || p >= limit) return false;
    Take(category, name, value);
    const char c = *p++;
    if (c == '}' && p == limit) return true;
    if (c != ',') return false;
  }
}

void LabelsBuilder::ReadObject(std::string_view raw, LabelCategory category) {
  const size_t before = items_.size();
  // The copy has room behind it for the scan.
  if (raw[0] == '{' && ReadPlain(arena_.Copy(raw), category)) return;
  while (items_.size() > before) {
    states_[items_.back().id].entry = 0;
    items_.pop_back();
  }
  const Result<Labels> labels = LabelsFromJson(raw);
  if (!labels.ok()) return;
  for (const Label& label : *labels)
    Take(category, arena_.Copy(label.name), arena_.Copy(label.value));
}

void LabelsBuilder::Grow() { states_.resize(std::max<size_t>(names_.size() * 2, 64)); }

void LabelsBuilder::Add(LabelCategory category, Id id, std::string_view value) {
  if (id >= states_.size()) Grow();
  State& state = states_[id];
  if (state.entry == entry_ && state.at != kGone) {
    Overlay& item = items_[static_cast<size_t>(state.at)];
    item = {id, category, value};
    return;
  }
  state.entry = entry_;
  state.at = static_cast<int32_t>(items_.size());
  items_.push_back({id, category, value});
}

LabelCategory LabelsBuilder::CategoryOf(Id id) {
  Open();
  const State& state = states_[id];
  if (state.entry == entry_ && state.at != kGone) {
    const Overlay& item = items_[static_cast<size_t>(state.at)];
    return item.hidden_category == LabelCategory::kParsed ? item.category : item.hidden_category;
  }
  return LabelCategory::kStream;
}

void LabelsBuilder::Set(LabelCategory category, Id id, std::string_view value) {
  Open();
  if (id >= states_.size()) Grow();
  const State& state = states_[id];
  const bool was_set = state.entry == entry_ && state.at != kGone;
  const LabelCategory before =
      was_set ? items_[static_cast<size_t>(state.at)].category : LabelCategory::kParsed;
  if (category == LabelCategory::kStream || before == LabelCategory::kStream ||
      state.stream == stream_epoch_) {
    stream_changed_ = true;
  }
  if (category == LabelCategory::kMetadata ||
      (was_set && IsMetadata(items_[static_cast<size_t>(state.at)]))) {
    meta_changed_ = true;
  }
  if (category == LabelCategory::kParsed || (was_set && before == LabelCategory::kParsed)) {
    fields_changed_ = true;
  }
  Add(category, id, value);
}

void LabelsBuilder::Delete(Id id) {
  Open();
  if (id >= states_.size()) Grow();
  State& state = states_[id];
  if (state.entry == entry_ && state.at != kGone) {
    Overlay& item = items_[static_cast<size_t>(state.at)];
    if (item.category == LabelCategory::kStream) stream_changed_ = true;
    if (IsMetadata(item)) meta_changed_ = true;
    if (item.category == LabelCategory::kParsed) fields_changed_ = true;
    item.id = LabelNames::kNone;
  }
  if (state.stream == stream_epoch_) stream_changed_ = true;
  state.entry = entry_;
  state.at = kGone;
}

void LabelsBuilder::SetError(std::string_view error, std::string_view details) {
  Open();
  error_ = error;
  error_details_ = arena_.Copy(details);
  old_details_ = {};
  fields_changed_ = true;
}

void LabelsBuilder::ClearError() {
  Open();
  fields_changed_ |= has_error();
  error_ = error_details_ = old_details_ = {};
}

void LabelsBuilder::ClearErrorDetails() {
  Open();
  fields_changed_ |= !error_details_.empty();
  error_details_ = old_details_ = {};
}

const std::vector<LabelsBuilder::Item>& LabelsBuilder::Sorted() {
  Open();
  sorted_.clear();
  const std::vector<Id>& ids = *open_ids_;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (states_[ids[i]].entry == entry_) continue;
    const Label& label = stream_->labels[i];
    sorted_.push_back({label.name, label.value, LabelCategory::kStream, ids[i]});
  }
  const size_t stream_count = sorted_.size();
  for (const Overlay& item : items_) {
    if (item.id == LabelNames::kNone) continue;
    const bool hidden =
        has_error() && (item.id == LabelNames::kError ||
                        (item.id == LabelNames::kErrorDetails && !error_details_.empty()));
    if (hidden) continue;
    sorted_.push_back({names_.Text(item.id), item.value, item.category, item.id,
                       item.hidden_category, item.hidden});
  }
  if (has_error()) {
    sorted_.push_back({"__error__", error_, LabelCategory::kParsed, LabelNames::kError});
    if (!error_details_.empty()) {
      sorted_.push_back(
          {"__error_details__", error_details_, LabelCategory::kParsed, LabelNames::kErrorDetails});
    }
  }
  if (sorted_.size() > stream_count) {
    std::sort(sorted_.begin(), sorted_.end(),
              [](const Item& a, const Item& b) { return a.name < b.name; });
  }
  return sorted_;
}

std::string_view LabelsBuilder::Render(LabelCategory category) {
  scratch_.clear();
  for (const Item& item : sorted_) {
    const bool is_hidden = item.category == LabelCategory::kParsed &&
                           item.hidden_category == category && category != LabelCategory::kParsed;
    if (item.category != category && !is_hidden) continue;
    scratch_.push_back(scratch_.empty() ? '{' : ',');
    AppendLossy(&scratch_, item.name);
    scratch_.push_back(':');
    AppendLossy(&scratch_, is_hidden ? item.hidden : item.value);
  }
  if (!scratch_.empty()) scratch_.push_back('}');
  return scratch_;
}

const LabelSet* LabelsBuilder::Stream(LabelTable* table) {
  if (!stream_changed_) return stream_;
  Sorted();
  const std::string_view json = Render(LabelCategory::kStream);
  const Result<const LabelSet*> set = table->FromJson(json.empty() ? "{}" : json);
  return set.ok() ? *set : stream_;
}

std::string_view LabelsBuilder::Meta() {
  if (!meta_changed_) return meta_;
  Sorted();
  return arena_.Copy(Render(LabelCategory::kMetadata));
}

std::string_view LabelsBuilder::Fields() {
  if (!fields_changed_) return fields_;
  Sorted();
  return arena_.Copy(Render(LabelCategory::kParsed));
}

}  // namespace glp::logql
