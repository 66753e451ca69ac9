#include "codec/pattern_miner.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "base/hash.h"
#include "base/strings.h"
#include "codec/pattern_merge.h"
#include "codec/pattern_words.h"

namespace glp::codec {
namespace {

constexpr size_t kFirstTableSize = 1024;  // a power of two

std::string TextOf(std::string_view shape) {
  std::string text;
  text.reserve(shape.size() + 16);
  for (const char c : shape) {
    if (c == PatternMask::kMask) {
      text += "<_>";
    } else {
      text += c;
    }
  }
  return text;
}

// Whether `a` is the better example.
bool IsBetter(int64_t slot_a, int64_t ns_a, std::string_view a, int64_t slot_b, int64_t ns_b,
              std::string_view b) {
  if (slot_a != slot_b) return slot_a > slot_b;
  return ns_a != ns_b ? ns_a < ns_b : a < b;
}

}  // namespace

PatternMiner::PatternMiner(Options options) : options_(options), table_(kFirstTableSize) {
  options_.max_shapes = std::max<size_t>(options_.max_shapes, 2);
}

void PatternMiner::Put(const Slot& from, std::vector<Slot>* slots) {
  auto it = slots->end();
  while (it != slots->begin() && std::prev(it)->slot > from.slot) --it;
  if (it == slots->begin() || std::prev(it)->slot != from.slot) {
    slots->insert(it, from);
    return;
  }
  Slot& into = *std::prev(it);
  into.count += from.count;
  into.errors += from.errors;
  into.first_ns = std::min(into.first_ns, from.first_ns);
  into.last_ns = std::max(into.last_ns, from.last_ns);
}

std::string* PatternMiner::Add(const Line& line) {
  ++lines_;
  Shape* shape = FindOrMake(mask_.Mask(line.text));
  const bool is_error =
      line.level == Level::kUnknown ? shape->says_error : line.level == Level::kError;
  const bool is_new = shape->count == 0;
  ++shape->count;
  Put({line.slot, 1, is_error ? 1u : 0u, line.ts_ns, line.ts_ns}, &shape->slots);
  // The common case, a later line of the same slot, ends here.
  if (!is_new && line.slot == shape->example_slot && line.ts_ns > shape->example_ns) return nullptr;
  const std::string_view text = CutForPattern(line.text);
  if (!is_new && !IsBetter(line.slot, line.ts_ns, text, shape->example_slot, shape->example_ns,
                           shape->example)) {
    return nullptr;
  }
  text_bytes_ += text.size();
  text_bytes_ -= shape->example.size();
  shape->example = text;
  shape->example_slot = line.slot;
  shape->example_ns = line.ts_ns;
  shape->note.clear();
  return &shape->note;
}

PatternMiner::Shape* PatternMiner::FindOrMake(std::string_view text) {
  const uint64_t hash = Hash64(text);
  const auto find = [&] {
    size_t at = hash & (table_.size() - 1);
    while (table_[at] != 0) {
      const Shape& shape = shapes_[table_[at] - 1];
      if (shape.hash == hash && shape.text == text) break;
      at = (at + 1) & (table_.size() - 1);
    }
    return at;
  };
  size_t at = find();
  if (table_[at] != 0) return &shapes_[table_[at] - 1];
  if (shapes_.size() >= options_.max_shapes ||
      text_bytes_ + text.size() > options_.max_text_bytes) {
    MakeRoom();
    at = find();
    if (table_[at] != 0) return &shapes_[table_[at] - 1];
  } else if ((shapes_.size() + 1) * 2 > table_.size()) {
    table_.resize(table_.size() * 2);
    Rebuild();
    at = find();
  }
  Shape& shape = shapes_.emplace_back();
  shape.hash = hash;
  shape.text = text;
  shape.says_error = SaysError(text);
  text_bytes_ += text.size();
  table_[at] = static_cast<uint32_t>(shapes_.size());
  return &shape;
}

void PatternMiner::Rebuild() {
  std::fill(table_.begin(), table_.end(), 0);
  text_bytes_ = 0;
  for (size_t i = 0; i < shapes_.size(); ++i) {
    size_t at = shapes_[i].hash & (table_.size() - 1);
    while (table_[at] != 0) at = (at + 1) & (table_.size() - 1);
    table_[at] = static_cast<uint32_t>(i + 1);
    text_bytes_ += TextBytes(shapes_[i]);
  }
}

void PatternMiner::MakeRoom() {
  shapes_ = Merged(std::move(shapes_));
  std::sort(shapes_.begin(), shapes_.end(), [](const Shape& a, const Shape& b) {
    return a.count != b.count ? a.count > b.count : a.text < b.text;
  });
  size_t bytes = 0;
  for (const Shape& shape : shapes_) bytes += TextBytes(shape);
  while (shapes_.size() > options_.max_shapes / 2 || bytes > options_.max_text_bytes / 2) {
    for (const Slot& slot : shapes_.back().slots) Put(slot, &other_);
    bytes -= TextBytes(shapes_.back());
    shapes_.pop_back();
  }
  Rebuild();
}

void PatternMiner::Join(Shape&& from, Shape* into) {
  into->count += from.count;
  for (const Slot& slot : from.slots) Put(slot, &into->slots);
  if (IsBetter(from.example_slot, from.example_ns, from.example, into->example_slot,
               into->example_ns, into->example)) {
    into->example = std::move(from.example);
    into->note = std::move(from.note);
    into->example_slot = from.example_slot;
    into->example_ns = from.example_ns;
  }
}

std::deque<PatternMiner::Shape> PatternMiner::Merged(std::deque<Shape> shapes) const {
  std::vector<MergeInput> inputs;
  inputs.reserve(shapes.size());
  for (const Shape& shape : shapes) {
    const bool is_baseline =
        !options_.baseline ||
        std::any_of(shape.slots.begin(), shape.slots.end(),
                    [this](const Slot& slot) { return slot.slot == *options_.baseline; });
    inputs.push_back({shape.text, is_baseline});
  }
  std::vector<std::string> texts = MergeShapes(inputs);
  std::deque<Shape> merged;
  StringMap<Shape*> by_text;
  for (size_t i = 0; i < shapes.size(); ++i) {
    const auto [it, added] = by_text.try_emplace(texts[i], nullptr);
    if (!added) {
      Join(std::move(shapes[i]), it->second);
      continue;
    }
    Shape& shape = merged.emplace_back(std::move(shapes[i]));
    it->second = &shape;
    if (texts[i] == shape.text) continue;
    shape.text = std::move(texts[i]);
    shape.hash = Hash64(shape.text);
    shape.says_error = SaysError(shape.text);
  }
  return merged;
}

std::vector<PatternMiner::Pattern> PatternMiner::Patterns() const {
  std::vector<Pattern> patterns;
  for (Shape& shape : Merged(shapes_)) {
    patterns.push_back({TextOf(shape.text), shape.count, std::move(shape.slots),
                        std::move(shape.example), std::move(shape.note), shape.example_ns});
  }
  std::sort(patterns.begin(), patterns.end(), [](const Pattern& a, const Pattern& b) {
    if (a.count != b.count) return a.count > b.count;
    return std::tie(a.text, a.example) < std::tie(b.text, b.example);
  });
  return patterns;
}

}  // namespace glp::codec
