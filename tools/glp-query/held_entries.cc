#include "held_entries.h"

#include <algorithm>
#include <cstring>

#include "logql/series_labels.h"

namespace glp::query {
namespace {

constexpr size_t kBlockBytes = size_t{1} << 20;

void PutNumber(std::string* out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) *out += static_cast<char>(value | 0x80);
  *out += static_cast<char>(value);
}

void PutText(std::string* out, std::string_view text) {
  PutNumber(out, text.size());
  out->append(text);
}

}  // namespace

uint32_t HeldEntries::NumberOf(const std::string& name) {
  const auto [it, added] = numbers_.try_emplace(name, static_cast<uint32_t>(names_.size()));
  if (added) names_.push_back(name);
  return it->second;
}

void HeldEntries::Meet(const Labels& labels) {
  if (!has_common_) {
    common_ = labels;
    has_common_ = true;
    return;
  }
  std::erase_if(common_, [&labels](const Label& label) {
    return !std::binary_search(labels.begin(), labels.end(), label,
                               [](const Label& a, const Label& b) {
                                 return a.name != b.name ? a.name < b.name : a.value < b.value;
                               });
  });
}

uint32_t HeldEntries::SetOf(const LabelSet* stream) {
  const auto [known, is_new] = by_stream_.try_emplace(stream, 0);
  if (!is_new) return known->second;
  const auto [it, added] = by_json_.try_emplace(stream->json, static_cast<uint32_t>(sets_.size()));
  if (added) {
    Values values;
    for (const Label& label : stream->labels) {
      values.emplace_back(NumberOf(label.name), label.value);
    }
    sets_.push_back(std::move(values));
  }
  return known->second = it->second;
}

void HeldEntries::Add(const logql::Entry& entry) {
  const bool is_same = entry.stream == last_stream_ && entry.meta == last_meta_ &&
                       entry.fields == last_fields_ && has_common_;
  if (!is_same) {
    last_values_.clear();
    PutNumber(&last_values_, SetOf(entry.stream));
    Labels merged;
    if (!entry.meta.empty() || !entry.fields.empty()) {
      Result<Labels> made = logql::MergeLabels(*entry.stream, entry.meta, entry.fields);
      if (made.ok()) merged = *std::move(made);
    }
    Meet(merged.empty() ? entry.stream->labels : merged);
    std::erase_if(merged, [&entry](const Label& label) {
      const Label* own = entry.stream->Find(label.name);
      return own && own->value == label.value;
    });
    PutNumber(&last_values_, merged.size());
    for (const Label& label : merged) {
      PutNumber(&last_values_, NumberOf(label.name));
      PutText(&last_values_, label.value);
    }
    last_stream_ = entry.stream;
    last_meta_ = entry.meta;
    last_fields_ = entry.fields;
  }
  const size_t most = sizeof entry.ts_ns + last_values_.size() + 10 + entry.line.size();
  if (blocks_.empty() || blocks_.back().capacity() - blocks_.back().size() < most) {
    blocks_.emplace_back().reserve(std::max(kBlockBytes, most));
  }
  std::string& block = blocks_.back();
  block.append(reinterpret_cast<const char*>(&entry.ts_ns), sizeof entry.ts_ns);
  block.append(last_values_);
  PutText(&block, entry.line);
}

void HeldEntries::ForgetStreams() {
  by_stream_.clear();
  last_stream_ = nullptr;
}

std::vector<std::string> HeldEntries::Names() const {
  std::vector<std::string> names = names_;
  std::sort(names.begin(), names.end());
  return names;
}

HeldEntries::Reader::Reader(const HeldEntries* held) : held_(held) {
  const std::vector<std::string> sorted = held->Names();
  for (const std::string& name : held->names_) {
    place_.push_back(std::lower_bound(sorted.begin(), sorted.end(), name) - sorted.begin());
  }
  row_.values.resize(sorted.size());
}

uint64_t HeldEntries::Reader::Number() {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

std::string_view HeldEntries::Reader::Text() {
  const size_t size = Number();
  const std::string_view text = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return text;
}

void HeldEntries::Reader::Set(uint64_t name, std::string_view value) {
  row_.values[place_[name]] = value;
  set_.push_back(place_[name]);
}

bool HeldEntries::Reader::Next() {
  if (rest_.empty()) {
    if (block_ == held_->blocks_.size()) return false;
    rest_ = held_->blocks_[block_++];
  }
  for (const size_t place : set_) row_.values[place] = {};
  set_.clear();
  std::memcpy(&row_.ts_ns, rest_.data(), sizeof row_.ts_ns);
  rest_.remove_prefix(sizeof row_.ts_ns);
  for (const auto& [name, value] : held_->sets_[Number()]) Set(name, value);
  for (uint64_t more = Number(); more > 0; --more) {
    const uint64_t name = Number();
    Set(name, Text());
  }
  row_.line = Text();
  return true;
}

}  // namespace glp::query
