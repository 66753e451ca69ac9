#include "codec/template_value.h"

#include <algorithm>
#include <cstring>

namespace glp::codec::tmpl {
namespace {

constexpr size_t kChunkBytes = 16 << 10;

size_t Aligned(size_t size) { return (size + 7) & ~size_t{7}; }

const DictEntry* LowerBound(const Dict& dict, std::string_view key) {
  return std::lower_bound(dict.entries, dict.entries + dict.size, key,
                          [](const DictEntry& entry, std::string_view k) { return entry.key < k; });
}

}  // namespace

const Value* Dict::Find(std::string_view key) const {
  const DictEntry* at = LowerBound(*this, key);
  return at != entries + size && at->key == key ? &at->value : nullptr;
}

Value RunState::Fail(std::string message) {
  if (!failed_) {
    failed_ = true;
    error_ = std::move(message);
  }
  return {};
}

bool RunState::FailSteps() {
  steps_ = limits_.steps;
  Fail("the limit of " + std::to_string(limits_.steps) +
       " steps is reached; a template that needs more does not belong into a log pipeline");
  return false;
}

void* RunState::Allocate(size_t size_bytes) {
  size_bytes = Aligned(size_bytes);
  if (size_bytes > static_cast<size_t>(end_ - next_)) {
    if (failed_) return nullptr;
    if (size_bytes > limits_.memory_bytes || used_bytes_ > limits_.memory_bytes - size_bytes) {
      Fail("the limit of " + std::to_string(limits_.memory_bytes) +
           " bytes for what it computes is reached");
      return nullptr;
    }
    if (!Charge(size_bytes / 64)) return nullptr;
    size_t chunk = std::max(size_bytes, kChunkBytes);
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(chunk));
    used_bytes_ += chunk;
    next_ = chunks_.back().get();
    end_ = next_ + chunk;
  }
  char* out = next_;
  next_ += size_bytes;
  return out;
}

bool RunState::Extend(void* last, size_t old_bytes, size_t new_bytes) {
  char* begin = static_cast<char*>(last);
  if (begin + Aligned(old_bytes) != next_) return false;
  if (new_bytes > static_cast<size_t>(end_ - begin)) return false;
  size_t size = Aligned(new_bytes);
  if (size > static_cast<size_t>(end_ - begin)) return false;
  next_ = begin + size;
  return true;
}

Value RunState::Copy(std::string_view text) {
  if (text.empty()) return Value::Text("");
  void* room = Allocate(text.size());
  if (room == nullptr) return Value::Text("");
  std::memcpy(room, text.data(), text.size());
  return Value::Text({static_cast<char*>(room), text.size()});
}

Value* RunState::NewValues(size_t count) {
  // More than the limit is refused by Allocate, without an overflow.
  count = std::min(count, limits_.memory_bytes / sizeof(Value) + 1);
  void* room = Allocate(count * sizeof(Value));
  if (room == nullptr) return nullptr;
  Value* values = static_cast<Value*>(room);
  std::uninitialized_default_construct_n(values, count);
  return values;
}

Value RunState::NewTime(const GoTime& time) {
  void* room = Allocate(sizeof(GoTime));
  if (room == nullptr) return {};
  return Value::Of(new (room) GoTime(time));
}

Dict* RunState::NewDict(Elements elements) {
  // Where there is no room left a dict that nobody reads any more is good enough.
  static thread_local Dict spare;
  void* room = Allocate(sizeof(Dict));
  if (room == nullptr) return &(spare = Dict());
  Dict* dict = new (room) Dict();
  dict->elements = elements;
  return dict;
}

bool RunState::Set(Dict* dict, std::string_view key, const Value& value) {
  if (failed_) return false;
  DictEntry* at = const_cast<DictEntry*>(LowerBound(*dict, key));
  if (at != dict->entries + dict->size && at->key == key) {
    at->value = value;
    return true;
  }
  size_t index = static_cast<size_t>(at - dict->entries);
  if (!Charge(1 + (dict->size - index) / 16)) return false;
  if (dict->size == dict->capacity) {
    size_t capacity = dict->capacity == 0 ? 4 : dict->capacity * 2;
    void* room = Allocate(capacity * sizeof(DictEntry));
    if (room == nullptr) return false;
    DictEntry* entries = static_cast<DictEntry*>(room);
    std::uninitialized_copy_n(dict->entries, dict->size, entries);
    std::uninitialized_default_construct_n(entries + dict->size, capacity - dict->size);
    dict->entries = entries;
    dict->capacity = capacity;
  }
  std::copy_backward(dict->entries + index, dict->entries + dict->size,
                     dict->entries + dict->size + 1);
  dict->entries[index] = {key, value};
  ++dict->size;
  return true;
}

Dict* RunState::DataDict() {
  if (data_ != nullptr) return data_;
  data_ = NewDict(dialect_ == TemplateDialect::kLoki ? Elements::kString : Elements::kAny);
  for (const auto& [name, value] : input_.data.All()) {
    if (!Set(data_, name, Value::Text(value))) break;
  }
  return data_;
}

Dict* RunState::AsDict(const Value& value) {
  if (value.kind == Kind::kDict) return value.dict;
  return value.kind == Kind::kData ? DataDict() : nullptr;
}

Value RunState::DataField(std::string_view name) {
  if (data_ == nullptr) {
    auto text = input_.data.Get(name);
    return text ? Value::Text(*text) : Value();
  }
  const Value* value = data_->Find(name);
  return value == nullptr ? Value() : *value;
}

bool TextBuilder::Reserve(size_t more) {
  if (more <= capacity_ - size_) return true;
  if (run_->failed()) return false;
  if (more > run_->limits().memory_bytes) {
    // Too large in any case; this says so.
    return run_->Allocate(more) != nullptr;
  }
  size_t capacity = std::max(size_ + more, std::max<size_t>(32, capacity_ * 2));
  if (data_ != nullptr && run_->Extend(data_, capacity_, capacity)) {
    capacity_ = capacity;
    return true;
  }
  void* room = run_->Allocate(capacity);
  if (room == nullptr) {
    size_ = 0;
    capacity_ = 0;
    return false;
  }
  if (size_ > 0) std::memcpy(room, data_, size_);
  data_ = static_cast<char*>(room);
  capacity_ = capacity;
  return true;
}

void TextBuilder::Fill(size_t count, char c) {
  if (count == 0 || !Reserve(count)) return;
  std::memset(data_ + size_, c, count);
  size_ += count;
}

void TextBuilder::AppendRune(uint32_t rune) {
  char bytes[4];
  Append(std::string_view(bytes, EncodeRune(rune, bytes)));
}

void TextBuilder::AppendInt(int64_t value) { Append(std::to_string(value)); }

void ListBuilder::Add(const Value& value) {
  if (size_ == capacity_) {
    if (!run_->Charge(1)) return;
    size_t capacity = capacity_ == 0 ? 8 : capacity_ * 2;
    if (items_ != nullptr &&
        run_->Extend(items_, capacity_ * sizeof(Value), capacity * sizeof(Value))) {
      std::uninitialized_default_construct_n(items_ + capacity_, capacity - capacity_);
    } else {
      Value* items = run_->NewValues(capacity);
      if (items == nullptr) return;
      std::copy_n(items_, size_, items);
      items_ = items;
    }
    capacity_ = capacity;
  }
  items_[size_++] = value;
}

Value ListBuilder::Finish() const {
  void* room = run_->Allocate(sizeof(List));
  if (room == nullptr) return {};
  return Value::Of(new (room) List{items_, size_, elements_});
}

std::string_view TypeName(const Value& value, TemplateDialect dialect) {
  switch (value.kind) {
    case Kind::kNone:
      return "invalid";
    case Kind::kNil:
      return "nil";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kInt32:
      return "int32";
    case Kind::kInt64:
      return "int64";
    case Kind::kUint8:
      return "uint8";
    case Kind::kUint64:
      return "uint64";
    case Kind::kFloat:
      return "float64";
    case Kind::kString:
      return "string";
    case Kind::kList:
      switch (value.list->elements) {
        case Elements::kAny:
          return "[]interface {}";
        case Elements::kString:
          return "[]string";
        case Elements::kInt:
          return "[]int";
        case Elements::kList:
          return "[][]interface {}";
      }
      break;
    case Kind::kDict:
      return value.dict->elements == Elements::kString ? "map[string]string"
                                                       : "map[string]interface {}";
    case Kind::kData:
      return dialect == TemplateDialect::kLoki ? "map[string]string" : "map[string]interface {}";
    case Kind::kTime:
      return "time.Time";
    case Kind::kDuration:
      return "time.Duration";
    case Kind::kMonth:
      return "time.Month";
    case Kind::kWeekday:
      return "time.Weekday";
    case Kind::kVersion:
      return "*semver.Version";
  }
  return "invalid";
}

std::string_view KindName(const Value& value) {
  switch (value.kind) {
    case Kind::kList:
      return "slice";
    case Kind::kDict:
    case Kind::kData:
      return "map";
    case Kind::kTime:
      return "struct";
    case Kind::kDuration:
      return "int64";
    case Kind::kMonth:
    case Kind::kWeekday:
      return "int";
    case Kind::kVersion:
      return "ptr";
    case Kind::kNil:
      return "invalid";
    default:
      return TypeName(value, TemplateDialect::kPromtail);
  }
}

bool IsTrue(const Value& value, RunState* run) {
  switch (value.kind) {
    case Kind::kNone:
    case Kind::kNil:
      return false;
    case Kind::kBool:
      return value.b;
    case Kind::kFloat:
      return value.f != 0;
    case Kind::kTime:
    case Kind::kVersion:
      return true;
    case Kind::kString:
    case Kind::kList:
    case Kind::kDict:
    case Kind::kData:
      return Length(value, run) > 0;
    default:
      return value.i != 0;
  }
}

int64_t Length(const Value& value, RunState* run) {
  switch (value.kind) {
    case Kind::kString:
      return static_cast<int64_t>(value.size);
    case Kind::kList:
      return static_cast<int64_t>(value.list->size);
    case Kind::kDict:
    case Kind::kData:
      return static_cast<int64_t>(run->AsDict(value)->size);
    default:
      return -1;
  }
}

bool DeepEqual(const Value& a, const Value& b, RunState* run, int depth) {
  if (a.IsNothing() || b.IsNothing()) return a.IsNothing() && b.IsNothing();
  if (depth > kMaxValueDepth) {
    run->Fail("values nested deeper than " + std::to_string(kMaxValueDepth) +
              " levels are not compared");
    return false;
  }
  if (!run->Charge(1)) return false;
  if (TypeName(a, run->dialect()) != TypeName(b, run->dialect())) return false;
  switch (a.kind) {
    case Kind::kBool:
      return a.b == b.b;
    case Kind::kFloat:
      return a.f == b.f;
    case Kind::kString:
      return run->Charge(a.size / 64) && a.str() == b.str();
    case Kind::kList:
      if (a.list->size != b.list->size) return false;
      for (size_t i = 0; i < a.list->size; ++i) {
        if (!DeepEqual(a.list->items[i], b.list->items[i], run, depth + 1)) return false;
      }
      return true;
    case Kind::kDict:
    case Kind::kData: {
      const Dict *x = run->AsDict(a), *y = run->AsDict(b);
      if (x == y) return true;
      if (x->size != y->size) return false;
      for (size_t i = 0; i < x->size; ++i) {
        if (x->entries[i].key != y->entries[i].key ||
            !DeepEqual(x->entries[i].value, y->entries[i].value, run, depth + 1)) {
          return false;
        }
      }
      return true;
    }
    case Kind::kTime:
      return a.time->unix_s == b.time->unix_s && a.time->ns == b.time->ns &&
             a.time->zone == b.time->zone;
    case Kind::kVersion:
      return a.version == b.version;
    default:
      return a.i == b.i;
  }
}

}  // namespace glp::codec::tmpl
