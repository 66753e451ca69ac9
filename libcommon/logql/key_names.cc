#include "logql/key_names.h"

#include "base/hash.h"
#include "base/json_text.h"

namespace glp::logql {

KeyNames::KeyNames(LabelNames* names, const NeededLabels* needed) : names_(names), needed_(needed) {
  Clear();
}

void KeyNames::BeginLine() {
  if (keys_.size() > kMaxKept || bytes_ > kMaxBytes / 2) Clear();
}

void KeyNames::Clear() {
  keys_.clear();
  table_.assign(64, nullptr);
  root_ = Key();
  bytes_ = 0;
}

const KeyNames::Key* KeyNames::Find(const Key* parent, const Key* before, std::string_view raw,
                                    bool has_escapes) {
  // They are this object's own.
  Key* const in = parent == nullptr ? &root_ : const_cast<Key*>(parent);
  Key*& expected = before == nullptr ? in->first : const_cast<Key*>(before)->next;
  if (expected != nullptr && expected->parent == in && expected->raw == raw) return expected;
  Key* const key = Lookup(in, raw, has_escapes);
  if (key != nullptr) expected = key;
  return key;
}

KeyNames::Key* KeyNames::Lookup(Key* parent, std::string_view raw, bool has_escapes) {
  const uint64_t hash = Hash64(raw, reinterpret_cast<uintptr_t>(parent));
  for (size_t at = hash;; ++at) {
    Key* const key = table_[at & (table_.size() - 1)];
    if (key == nullptr) return Make(parent, raw, has_escapes, hash);
    if (key->hash == hash && key->parent == parent && key->raw == raw) return key;
  }
}

KeyNames::Key* KeyNames::Make(Key* parent, std::string_view raw, bool has_escapes, uint64_t hash) {
  bytes_ += 2 * raw.size() + parent->name.size() + 1;
  if (keys_.size() >= kMaxKeys || bytes_ > kMaxBytes) return nullptr;
  Key& key = keys_.emplace_back();
  key.parent = parent;
  key.raw = raw;
  key.hash = hash;
  std::string decoded;
  std::string_view text = raw;
  if (has_escapes) {
    key.is_bad = !AppendJsonUnescaped(&decoded, raw);
    text = decoded;
  }
  text = TrimUnicodeSpace(text);
  key.name = parent->name;
  if (!text.empty() && !key.name.empty()) key.name.push_back('_');
  AppendSanitized(&key.name, text);
  key.is_exact = key.name == raw;
  if (parent != &root_ || !key.name.empty()) key.id = names_->Intern(key.name);
  if (!needed_->all) {
    key.needed = needed_->Has(key.name);
    key.extracted_needed = needed_->Has(key.name + "_extracted");
    // An empty key inside of it gives its own name.
    key.below_needed = key.needed || needed_->HasPrefix(key.name.empty() ? "" : key.name + "_");
  }
  if (keys_.size() * 2 > table_.size()) {
    Rehash();
  } else {
    size_t at = hash;
    while (table_[at & (table_.size() - 1)] != nullptr) ++at;
    table_[at & (table_.size() - 1)] = &key;
  }
  return &key;
}

void KeyNames::Rehash() {
  table_.assign(table_.size() * 4, nullptr);
  for (Key& key : keys_) {
    size_t at = key.hash;
    while (table_[at & (table_.size() - 1)] != nullptr) ++at;
    table_[at & (table_.size() - 1)] = &key;
  }
}

}  // namespace glp::logql
