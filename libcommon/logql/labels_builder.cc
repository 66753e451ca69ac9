#include "logql/labels_builder.h"

#include <algorithm>
#include <cstring>

#include "base/hash.h"
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

constexpr uint64_t kEveryByte = 0x0101010101010101;

// Bytes that a JSON string cannot hold as they are, and those above ASCII: not 0.
uint64_t FindOdd(uint64_t bytes) {
  const auto zeros = [](uint64_t x) { return (x - kEveryByte) & ~x; };
  const uint64_t below_space = (bytes - kEveryByte * 0x20) & ~bytes;
  return (bytes | below_space | zeros(bytes ^ kEveryByte * '"') |
          zeros(bytes ^ kEveryByte * '\\')) &
         kEveryByte * 0x80;
}

// Copies a text that stands in a JSON string as it is. False where it is none.
bool CopyPlain(char* to, std::string_view text) {
  const char* from = text.data();
  size_t left = text.size();
  uint64_t odd = 0, bytes = 0;
  if (left >= 8) {
    const char* const last = from + left - 8;
    char* const last_to = to + left - 8;
    for (; from < last; from += 8, to += 8) {
      std::memcpy(&bytes, from, 8);
      odd |= FindOdd(bytes);
      std::memcpy(to, &bytes, 8);
    }
    // Overlaps the piece before it.
    std::memcpy(&bytes, last, 8);
    std::memcpy(last_to, &bytes, 8);
    return (odd | FindOdd(bytes)) == 0;
  }
  if (left >= 4) {
    uint32_t first = 0, last = 0;
    std::memcpy(&first, from, 4);
    std::memcpy(&last, from + left - 4, 4);
    std::memcpy(to, &first, 4);
    std::memcpy(to + left - 4, &last, 4);
    return FindOdd(uint64_t{first} << 32 | last) == 0;
  }
  bytes = kEveryByte * ' ';
  for (; left > 0; --left) {
    bytes = bytes << 8 | static_cast<unsigned char>(*from);
    *to++ = *from++;
  }
  return FindOdd(bytes) == 0;
}

}  // namespace

LabelsBuilder::LabelsBuilder() { Grow(); }

bool LabelsBuilder::Begin(const LabelSet* stream, std::string_view meta, std::string_view fields) {
  const bool trimmed = names_.Trim();
  if (trimmed) {
    ForgetStreams();
    states_.clear();
    Grow();
    ForgetOrders();
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

void LabelsBuilder::SetError(std::string_view error, std::string_view details,
                             std::string_view more) {
  Open();
  error_ = error;
  char* const text = arena_.Allocate(details.size() + more.size());
  if (!details.empty()) std::memcpy(text, details.data(), details.size());
  if (!more.empty()) std::memcpy(text + details.size(), more.data(), more.size());
  error_details_ = {text, details.size() + more.size()};
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
  if (sorted_.size() > std::max<size_t>(stream_count, 1)) {
    wanted_.clear();
    for (const Item& item : sorted_) wanted_.push_back(item.id);
    const Order& order = OrderOfWanted();
    unsorted_.swap(sorted_);
    sorted_.clear();
    for (const uint32_t at : order.sorted) sorted_.push_back(unsorted_[at]);
  }
  return sorted_;
}

void LabelsBuilder::ForgetOrders() {
  orders_.clear();
  order_ids_ = 0;
  last_order_ = nullptr;
}

void LabelsBuilder::MakeOrder(Order* order) const {
  order->ids = wanted_;
  order->sorted.resize(wanted_.size());
  for (uint32_t i = 0; i < wanted_.size(); ++i) order->sorted[i] = i;
  std::sort(order->sorted.begin(), order->sorted.end(), [this](uint32_t a, uint32_t b) {
    return names_.Text(wanted_[a]) < names_.Text(wanted_[b]);
  });
  order->texts.clear();
  order->ends.clear();
  for (const uint32_t at : order->sorted) {
    order->texts.append(order->ends.empty() ? "{" : "\",");
    AppendLossy(&order->texts, names_.Text(wanted_[at]));
    order->texts.append(":\"");
    order->ends.push_back(static_cast<uint32_t>(order->texts.size()));
  }
}

const LabelsBuilder::Order& LabelsBuilder::OrderOfWanted() {
  constexpr size_t kMaxIds = 1 << 18, kMaxWanted = 1 << 10;
  if (last_order_ != nullptr && last_order_->ids == wanted_) return *last_order_;
  if (wanted_.size() > kMaxWanted) {
    MakeOrder(&odd_order_);
    return odd_order_;
  }
  const uint64_t hash =
      Hash64({reinterpret_cast<const char*>(wanted_.data()), wanted_.size() * sizeof(Id)});
  auto found = orders_.find(hash);
  if (found == orders_.end() || found->second.ids != wanted_) {
    order_ids_ += wanted_.size() + 1;
    if (order_ids_ > kMaxIds) {
      ForgetOrders();
      order_ids_ = wanted_.size() + 1;
    }
    found = orders_.try_emplace(hash).first;
    MakeOrder(&found->second);
  }
  last_order_ = &found->second;
  return *last_order_;
}

bool LabelsBuilder::RenderParsed(std::string_view* out) {
  Open();
  if (has_error() || items_.empty()) return false;
  wanted_.clear();
  wanted_at_.clear();
  size_t size = 2;
  for (uint32_t i = 0; i < items_.size(); ++i) {
    const Overlay& item = items_[i];
    if (item.category != LabelCategory::kParsed || item.id == LabelNames::kNone) continue;
    wanted_.push_back(item.id);
    wanted_at_.push_back(i);
    size += item.value.size();
  }
  if (wanted_.empty()) return false;
  const Order& order = OrderOfWanted();
  size += order.texts.size();
  char* const begin = arena_.Allocate(size);
  char* to = begin;
  uint32_t from = 0;
  for (size_t i = 0; i < order.sorted.size(); ++i) {
    const uint32_t text_size = order.ends[i] - from;
    std::memcpy(to, order.texts.data() + from, text_size);
    from = order.ends[i];
    to += text_size;
    const std::string_view value = items_[wanted_at_[order.sorted[i]]].value;
    if (!CopyPlain(to, value)) return false;
    to += value.size();
  }
  std::memcpy(to, "\"}", 2);
  *out = {begin, size};
  return true;
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
  std::string_view fields;
  if (RenderParsed(&fields)) return fields;
  Sorted();
  return arena_.Copy(Render(LabelCategory::kParsed));
}

}  // namespace glp::logql
