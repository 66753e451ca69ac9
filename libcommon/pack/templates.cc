#include "pack/templates.h"

#include <zstd.h>

#include <algorithm>
#include <new>

#include "pack/frame.h"
#include "pack/varint.h"

namespace glp::pack {
namespace {

// A pattern and the varint of its size; what a record may decompress to.
constexpr uint64_t kMaxRaw = kMaxTemplatesBytes + kMaxTemplates * 4;

bool SamePattern(Template t, std::string_view pattern) {
  if (t.text.size() + t.holes.size() != pattern.size()) return false;
  size_t at = 0;
  const char* p = pattern.data();
  for (uint32_t hole : t.holes) {
    std::string_view piece = t.text.substr(at, hole - at);
    if (std::string_view(p, piece.size()) != piece || p[piece.size()] != '0') return false;
    p += piece.size() + 1;
    at = hole;
  }
  return t.text.substr(at) == std::string_view(p, t.text.size() - at);
}

}  // namespace

void Templates::Add(std::string_view pattern) {
  text_.resize(text_.size() - kSlack);
  size_t begin = text_.size();
  for (size_t at = 0;;) {
    size_t hole = pattern.find('0', at);
    text_.append(pattern.substr(at, hole == std::string_view::npos ? hole : hole - at));
    if (hole == std::string_view::npos) break;
    holes_.push_back(static_cast<uint32_t>(text_.size() - begin));
    at = hole + 1;
  }
  starts_.push_back(static_cast<uint32_t>(text_.size()));
  hole_starts_.push_back(static_cast<uint32_t>(holes_.size()));
  lost_.push_back(false);
  text_.append(kSlack, '\0');
}

void Templates::Cut(size_t size) {
  if (size >= this->size()) return;
  text_.resize(starts_[size]);
  text_.append(kSlack, '\0');
  holes_.resize(hole_starts_[size]);
  starts_.resize(size + 1);
  hole_starts_.resize(size + 1);
  lost_.resize(size);
}

void Templates::AppendPattern(size_t number, std::string* out) const {
  Template t = (*this)[number];
  size_t at = 0;
  for (uint32_t hole : t.holes) {
    out->append(t.text.substr(at, hole - at)).push_back('0');
    at = hole;
  }
  out->append(t.text.substr(at));
}

Status Templates::AddRecord(std::string_view head) {
  Decoder in(head);
  uint64_t first = in.Varint();
  uint64_t count = in.Varint();
  uint64_t raw_size = in.Varint();
  std::string_view frame = in.Bytes(in.left());
  if (!in.ok() || first > kMaxTemplates || count > kMaxTemplates - first || raw_size > kMaxRaw ||
      ZSTD_getFrameContentSize(frame.data(), frame.size()) != raw_size) {
    return DataError("templates that cannot be");
  }
  std::string raw(raw_size, '\0');
  size_t size = ZSTD_decompress(raw.data(), raw.size(), frame.data(), frame.size());
  if (ZSTD_isError(size) || size != raw_size) return DataError("templates do not decompress");
  for (; size_t{first} > this->size();) {
    Add({});
    lost_.back() = true;
  }
  Decoder list(raw);
  for (uint64_t number = first; count > 0; --count, ++number) {
    std::string_view pattern = list.Sized();
    auto holes = static_cast<size_t>(std::count(pattern.begin(), pattern.end(), '0'));
    if (!list.ok() || pattern.size() > kMaxTemplateBytes || holes > kMaxTemplateHoles ||
        (number >= this->size() && all_text().size() + pattern.size() > kMaxTemplatesBytes)) {
      return DataError("templates that cannot be");
    }
    if (number >= this->size()) {
      Add(pattern);
    } else if (lost_[number] || !SamePattern((*this)[number], pattern)) {
      return DataError("templates differ from those before");
    }
  }
  if (!list.done()) return DataError("templates that cannot be");
  return Status::Ok();
}

uint32_t TemplateDictionary::Find(std::string_view pattern, uint64_t hash) const {
  if (slots_.empty()) return kNone;
  for (size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[at];
    if (slot.number == kNone) return kNone;
    if (slot.hash == hash && SamePattern(templates_[slot.number], pattern)) return slot.number;
  }
}

void TemplateDictionary::Insert(uint64_t hash, uint32_t number) {
  size_t at = hash & (slots_.size() - 1);
  while (slots_[at].number != kNone) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = {hash, number};
}

uint32_t TemplateDictionary::Add(std::string_view pattern, uint64_t hash) {
  if (size() >= kMaxTemplates || pattern_bytes_ + pattern.size() > kMaxTemplatesBytes) {
    return kNone;
  }
  auto number = static_cast<uint32_t>(size());
  templates_.Add(pattern);
  pattern_bytes_ += pattern.size();
  hashes_.push_back(hash);
  if (size() * 2 > slots_.size()) {
    slots_.assign(std::max<size_t>(64, slots_.size() * 2), {});
    for (uint32_t i = 0; i < hashes_.size(); ++i) Insert(hashes_[i], i);
  } else {
    Insert(hash, number);
  }
  return number;
}

void TemplateDictionary::Cut(size_t size) {
  if (size == this->size()) return;
  for (size_t i = size; i < this->size(); ++i) {
    pattern_bytes_ -= templates_[i].text.size() + templates_[i].holes.size();
  }
  templates_.Cut(size);
  hashes_.resize(size);
  slots_.assign(slots_.size(), {});
  for (uint32_t i = 0; i < hashes_.size(); ++i) Insert(hashes_[i], i);
}

void TemplateDictionary::AppendRecord(size_t first, int level, std::string* out) const {
  std::string raw;
  std::string pattern;
  for (size_t i = first; i < size(); ++i) {
    pattern.clear();
    templates_.AppendPattern(i, &pattern);
    AppendSized(&raw, pattern);
  }
  std::string head;
  AppendVarint(&head, first);
  AppendVarint(&head, size() - first);
  AppendVarint(&head, raw.size());
  size_t at = head.size();
  head.resize(at + ZSTD_compressBound(raw.size()));
  size_t stored = ZSTD_compress(head.data() + at, head.size() - at, raw.data(), raw.size(), level);
  if (ZSTD_isError(stored)) throw std::bad_alloc();  // the only thing that can be missing
  head.resize(at + stored);
  AppendFrame(out, Marker::kTemplates, head, 0);
  out->append(head);
}

}  // namespace glp::pack
