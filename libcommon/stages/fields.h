// What was extracted from an entry: names and string values, in a record as `fields`.
// Reading and changing happen on a list; a record's own fields are only taken apart when somebody
// looks at them, and fields that are the same for a whole stream are kept rendered.
// Lifetime: names and values are views; whoever sets them keeps them until the entry has left.
// Threads:  one at a time.
// Shape:    rendered with sorted names; bytes of a value that are not UTF-8 become U+FFFD (the
//           line itself keeps them).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/arena.h"

namespace glp::stages {

struct Field {
  enum class Kind : uint8_t {
    kText,
    kNull,       // the name is there, but has no text: JSON's null
    kHidden,     // as if the name had never been there, nor a label of that name
    kUnwritten,  // a text like any other, but not rendered: what a wrapper of the line said
  };
  std::string_view name;
  std::string_view value;
  Kind kind = Kind::kText;  // only these are rendered

  bool has_text() const { return kind == Kind::kText || kind == Kind::kUnwritten; }
};

// Fields that many entries have in common, rendered once.
class SharedFields {
 public:
  explicit SharedFields(const std::vector<Field>& fields);
  SharedFields(const SharedFields&) = delete;
  SharedFields& operator=(const SharedFields&) = delete;
  const std::vector<Field>& fields() const { return fields_; }
  std::string_view json() const { return json_; }
  // No other has it, also when this one is gone.
  uint64_t id() const { return id_; }
  // Whether all values are.
  bool is_utf8() const { return is_utf8_; }

 private:
  std::vector<std::pair<std::string, std::string>> owned_;
  std::vector<Field> fields_;
  std::string json_;
  uint64_t id_;
  bool is_utf8_ = true;
};

class FieldSet {
 public:
  // Forgets everything and starts with the fields that a record came with (raw JSON object or "").
  void Reset(std::string_view raw, Arena* arena) {
    raw_ = raw == "{}" ? std::string_view() : raw;
    arena_ = arena;
    shared_ = nullptr;
    fields_.clear();
    unwritten_.clear();
    has_marks_ = false;
  }

  bool empty() const { return has_none() && unwritten_.empty(); }
  // Its text.
  std::optional<std::string_view> Get(std::string_view name) {
    const Field* field = Find(name);
    if (field == nullptr || !field->has_text()) return std::nullopt;
    return field->value;
  }
  // Of any kind; nullptr where nothing is known of the name. Good until the next change.
  const Field* Find(std::string_view name);
  // What these are, but for texts that are not written; nullptr where anything else was set, too.
  const SharedFields* shared() const { return shared_; }
  // Whether there is nothing but what shared() is, if that, and texts that are not written.
  bool has_only_shared() const { return raw_.empty() && fields_.empty(); }
  bool IsUnwritten(std::string_view name) const {
    for (const Field& field : unwritten_) {
      if (field.name == name) return true;
    }
    return false;
  }
  // Replaces a field of that name.
  void Set(std::string_view name, std::string_view value) {
    Open();
    fields_.push_back({name, value});
  }
  // The same for a value that does not stay.
  void SetCopy(std::string_view name, std::string_view value) { Set(name, arena_->Copy(value)); }
  void Erase(std::string_view name);
  void SetNull(std::string_view name) { Set(Field{name, {}, Field::Kind::kNull}); }
  void Hide(std::string_view name) { Set(Field{name, {}, Field::Kind::kHidden}); }
  void SetUnwritten(std::string_view name, std::string_view value) {
    const Field field{name, value, Field::Kind::kUnwritten};
    if (has_none() || Find(name) == nullptr) {
      unwritten_.push_back(field);  // so that what is rendered stays as it is
    } else {
      Set(field);
    }
  }
  void Set(const Field& field) {
    Open();
    fields_.push_back(field);
    has_marks_ |= field.kind != Field::Kind::kText;
  }
  // Appends those that are not rendered.
  void CopyUnrendered(std::vector<Field>* out);
  // As Set for each of them. `shared` must stay until the entry has left.
  void SetShared(const SharedFields& shared);
  // The texts as they stand, each name once, sorted. Good until the next change.
  const std::vector<Field>& Sorted();
  // As a JSON object, "" for none. `scratch` is overwritten where something has to be rendered.
  std::string_view Json(std::string* scratch);

 private:
  bool has_none() const { return raw_.empty() && shared_ == nullptr && fields_.empty(); }
  void Open() {
    if (!raw_.empty() || shared_ != nullptr) TakeApart();
  }
  void TakeApart();
  void ParseRaw(std::string_view raw);

  std::string_view raw_;
  const SharedFields* shared_ = nullptr;
  // The last of equal names counts.
  std::vector<Field> fields_;
  std::vector<Field> unwritten_;  // looked at behind them
  bool has_marks_ = false;        // some are not rendered
  std::vector<Field> sorted_;     // where they are not
  Arena* arena_ = nullptr;
};

}  // namespace glp::stages
