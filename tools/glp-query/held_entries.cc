#include "held_entries.h"

#include <algorithm>

#include "logql/series_labels.h"

namespace glp::query {
namespace {

constexpr size_t kBlockBytes = size_t{1} << 20;

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
    pack::AppendVarint(&last_values_, SetOf(entry.stream));
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
    pack::AppendVarint(&last_values_, merged.size());
    for (const Label& label : merged) {
      pack::AppendVarint(&last_values_, NumberOf(label.name));
      pack::AppendSized(&last_values_, label.value);
    }
    last_stream_ = entry.stream;
    last_meta_ = entry.meta;
    last_fields_ = entry.fields;
  }
  const size_t most =
      sizeof entry.ts_ns + last_values_.size() + pack::kMaxVarint + entry.line.size();
  if (blocks_.empty() || blocks_.back().capacity() - blocks_.back().size() < most) {
    blocks_.emplace_back().reserve(std::max(kBlockBytes, most));
  }
  std::string& block = blocks_.back();
  pack::AppendFixed(&block, entry.ts_ns);
  block.append(last_values_);
  pack::AppendSized(&block, entry.line);
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

void HeldEntries::Reader::Set(uint64_t name, std::string_view value) {
  row_.values[place_[name]] = value;
  set_.push_back(place_[name]);
}

bool HeldEntries::Reader::Next() {
  if (rest_.done()) {
    if (block_ == held_->blocks_.size()) return false;
    rest_ = pack::Decoder(held_->blocks_[block_++]);
  }
  for (const size_t place : set_) row_.values[place] = {};
  set_.clear();
  row_.ts_ns = rest_.Fixed<int64_t>();
  for (const auto& [name, value] : held_->sets_[rest_.Varint()]) Set(name, value);
  for (uint64_t more = rest_.Varint(); more > 0; --more) {
    const uint64_t name = rest_.Varint();
    Set(name, rest_.Sized());
  }
  row_.line = rest_.Sized();
  return true;
}

}  // namespace glp::query
