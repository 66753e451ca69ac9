#include "logql/label_names.h"

#include <array>

#include "base/strings.h"

namespace glp::logql {
namespace {

// Blanks beyond ASCII in UTF-8.
constexpr std::array<std::string_view, 19> kWideSpaces = {
    "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81",
    "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86",
    "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8",
    "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

size_t LeadingSpace(std::string_view text) {
  if (text.empty()) return 0;
  if (IsSpace(text[0])) return 1;
  if (static_cast<unsigned char>(text[0]) < 0x80) return 0;
  for (std::string_view space : kWideSpaces) {
    if (text.substr(0, space.size()) == space) return space.size();
  }
  return 0;
}

size_t TrailingSpace(std::string_view text) {
  if (text.empty()) return 0;
  if (IsSpace(text.back())) return 1;
  if (static_cast<unsigned char>(text.back()) < 0x80) return 0;
  for (std::string_view space : kWideSpaces) {
    if (text.size() >= space.size() && text.substr(text.size() - space.size()) == space) {
      return space.size();
    }
  }
  return 0;
}

// Bytes of the character at the start of `text`, 1 for a byte that is none.
size_t CharacterSize(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  const size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  return size <= text.size() && IsValidUtf8(text.substr(0, size)) ? size : 1;
}

}  // namespace

LabelNames::LabelNames() {
  Intern("__error__");
  Intern("__error_details__");
  Intern("__preserve_error__");
  Keep();
}

LabelNames::Id LabelNames::Intern(std::string_view name) {
  if (const auto found = by_text_.find(name); found != by_text_.end()) return found->second;
  const Id id = static_cast<Id>(names_.size());
  names_.push_back({std::string(name)});
  by_text_.emplace(names_.back().text, id);
  bytes_ += name.size();
  return id;
}

LabelNames::Id LabelNames::Find(std::string_view name) const {
  const auto found = by_text_.find(name);
  return found == by_text_.end() ? kNone : found->second;
}

LabelNames::Id LabelNames::Extracted(Id id) {
  if (names_[id].extracted == kNone) {
    names_[id].extracted = Intern(names_[id].text + "_extracted");
  }
  return names_[id].extracted;
}

bool LabelNames::Trim() {
  if (names_.size() - kept_ <= kMaxNames && bytes_ <= kMaxBytes) return false;
  while (names_.size() > kept_) {
    by_text_.erase(names_.back().text);
    names_.pop_back();
  }
  bytes_ = 0;
  for (Name& name : names_) {
    if (name.extracted != kNone && name.extracted >= kept_) name.extracted = kNone;
  }
  return true;
}

void AppendSanitized(std::string* out, std::string_view key) {
  key = TrimUnicodeSpace(key);
  if (key.empty()) return;
  if (out->empty() && key[0] >= '0' && key[0] <= '9') out->push_back('_');
  for (size_t i = 0; i < key.size();) {
    const char c = key[i];
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    out->push_back(is_letter || (c >= '0' && c <= '9') ? c : '_');
    i += CharacterSize(key.substr(i));
  }
}

std::string_view TrimUnicodeSpace(std::string_view text) {
  while (const size_t size = LeadingSpace(text)) text.remove_prefix(size);
  while (const size_t size = TrailingSpace(text)) text.remove_suffix(size);
  return text;
}

}  // namespace glp::logql
