#include "codec/json_tree.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/json_text.h"
#include "codec/json_number.h"

namespace glp::codec {
namespace {

using Kind = JsonNode::Kind;

constexpr size_t kPadding = 64;  // ScanJsonString looks behind the end

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// -1 where there are no four digits.
int32_t Hex4(const char* p, const char* end) {
  if (end - p < 4) return -1;
  int32_t code = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = HexDigit(p[i]);
    if (digit < 0) return -1;
    code = code << 4 | digit;
  }
  return code;
}

char* PutUtf8(char* out, uint32_t code) {
  if (code >= 0xD800 && code < 0xE000) code = 0xFFFD;
  if (code < 0x80) {
    *out++ = static_cast<char>(code);
    return out;
  }
  if (code < 0x800) {
    *out++ = static_cast<char>(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      *out++ = static_cast<char>(0xE0 | code >> 12);
    } else {
      *out++ = static_cast<char>(0xF0 | code >> 18);
      *out++ = static_cast<char>(0x80 | (code >> 12 & 63));
    }
    *out++ = static_cast<char>(0x80 | (code >> 6 & 63));
  }
  *out++ = static_cast<char>(0x80 | (code & 63));
  return out;
}

// The inside of a string whose escapes were checked; never longer than it is written.
std::string_view Decode(const char* p, const char* end, JsonArena* arena) {
  char* const text = arena->Bytes(static_cast<size_t>(end - p));
  char* out = text;
  while (p < end) {
    if (*p != '\\') {
      *out++ = *p++;
      continue;
    }
    const char c = p[1];
    p += 2;
    switch (c) {
      case 'b':
        *out++ = '\b';
        break;
      case 'f':
        *out++ = '\f';
        break;
      case 'n':
        *out++ = '\n';
        break;
      case 'r':
        *out++ = '\r';
        break;
      case 't':
        *out++ = '\t';
        break;
      case 'u': {
        uint32_t code = static_cast<uint32_t>(Hex4(p, end));
        p += 4;
        if (code >= 0xD800 && code < 0xDC00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
          const int32_t low = Hex4(p + 2, end);
          if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + static_cast<uint32_t>(low - 0xDC00);
            p += 6;
          }
        }
        out = PutUtf8(out, code);
        break;
      }
      default:
        *out++ = c;
    }
  }
  return {text, static_cast<size_t>(out - text)};
}

void AppendWithoutBlanks(std::string_view raw, std::string* out) {
  const char* p = raw.data();
  const char* const end = p + raw.size();
  while (p < end) {
    const char* run = p;
    if (*p == '"') {
      for (++p; p < end && *p != '"'; ++p) {
        if (*p == '\\') ++p;
      }
      ++p;
    } else {
      while (p < end && !IsBlank(*p) && *p != '"') ++p;
    }
    out->append(run, static_cast<size_t>(p - run));
    while (p < end && IsBlank(*p)) ++p;
  }
}

// Length of the UTF-8 character at the start, 0 where there is none.
size_t CharacterLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first < 0xF0) {
    if (!follows(1) || !follows(2)) return 0;
    if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) >= 0xA0)) return 0;
    return 3;
  }
  if (first < 0xF0 || first > 0xF4 || !follows(1) || !follows(2) || !follows(3)) return 0;
  if ((first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) >= 0x90)) return 0;
  return 4;
}

void AppendGoString(std::string_view text, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  for (size_t i = 0; i < text.size();) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const size_t length = CharacterLength(text.substr(i));
      const std::string_view character = text.substr(i, length);
      if (length == 0) {
        out->append("\\ufffd");
      } else if (character == "\xE2\x80\xA8" || character == "\xE2\x80\xA9") {
        out->append(character == "\xE2\x80\xA8" ? "\\u2028" : "\\u2029");
      } else {
        out->append(character);
      }
      i += length == 0 ? 1 : length;
      continue;
    }
    ++i;
    switch (c) {
      case '"':
        out->append("\\\"");
        break;
      case '\\':
        out->append("\\\\");
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\r':
        out->append("\\r");
        break;
      case '\t':
        out->append("\\t");
        break;
      default:
        if (c < ' ' || c == '<' || c == '>' || c == '&') {
          out->append("\\u00");
          out->push_back(kHex[c >> 4]);
          out->push_back(kHex[c & 15]);
        } else {
          out->push_back(static_cast<char>(c));
        }
    }
  }
  out->push_back('"');
}

bool AppendContainer(const JsonNode& node, JsonForm form, std::string* out) {
  const bool is_object = node.is(Kind::kObject);
  std::vector<const JsonMember*> sorted;
  if (is_object && form == JsonForm::kGoSorted) {
    for (const JsonMember& member : node) sorted.push_back(&member);
    std::sort(sorted.begin(), sorted.end(),
              [](const JsonMember* a, const JsonMember* b) { return a->key < b->key; });
  }
  out->push_back(is_object ? '{' : '[');
  for (uint32_t i = 0; i < node.count; ++i) {
    const JsonMember& member = sorted.empty() ? node.members[i] : *sorted[i];
    if (i > 0) out->push_back(',');
    if (is_object) {
      if (form == JsonForm::kAsWritten) {
        AppendJsonString(out, member.key);
      } else {
        AppendGoString(member.key, out);
      }
      out->push_back(':');
    }
    if (!AppendJson(member.value, form, out)) return false;
  }
  out->push_back(is_object ? '}' : ']');
  return true;
}

bool NumberEqual(const JsonNode& a, const JsonNode& b) { return a.number == b.number; }

bool ObjectEqual(const JsonNode& a, const JsonNode& b) {
  const auto sorted = [](const JsonNode& node) {
    std::vector<const JsonMember*> out;
    for (const JsonMember& member : node) out.push_back(&member);
    std::sort(out.begin(), out.end(),
              [](const JsonMember* x, const JsonMember* y) { return x->key < y->key; });
    return out;
  };
  const auto left = sorted(a), right = sorted(b);
  for (size_t i = 0; i < left.size(); ++i) {
    if (left[i]->key != right[i]->key || !JsonEqual(left[i]->value, right[i]->value)) return false;
  }
  return true;
}

}  // namespace

bool JsonEqual(const JsonNode& a, const JsonNode& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Kind::kNumber:
      return NumberEqual(a, b);
    case Kind::kString:
      return a.text == b.text;
    case Kind::kArray:
      if (a.count != b.count) return false;
      for (uint32_t i = 0; i < a.count; ++i) {
        if (!JsonEqual(a.members[i].value, b.members[i].value)) return false;
      }
      return true;
    case Kind::kObject:
      return a.count == b.count && ObjectEqual(a, b);
    default:
      return true;
  }
}

size_t DropEarlierKeys(JsonMember* members, size_t count) {
  constexpr size_t kFew = 16;
  size_t kept = 0;
  if (count <= kFew) {
    for (size_t i = 0; i < count; ++i) {
      bool comes_again = false;
      for (size_t j = i + 1; j < count && !comes_again; ++j) {
        comes_again = members[j].key == members[i].key;
      }
      if (!comes_again) members[kept++] = members[i];
    }
    return kept;
  }
  std::vector<uint32_t> order(count);
  for (size_t i = 0; i < count; ++i) order[i] = static_cast<uint32_t>(i);
  std::sort(order.begin(), order.end(), [members](uint32_t a, uint32_t b) {
    const int c = members[a].key.compare(members[b].key);
    return c != 0 ? c < 0 : a < b;
  });
  std::vector<bool> comes_again(count);
  bool any = false;
  for (size_t i = 0; i + 1 < count; ++i) {
    if (members[order[i]].key == members[order[i + 1]].key) any = comes_again[order[i]] = true;
  }
  if (!any) return count;
  for (size_t i = 0; i < count; ++i) {
    if (!comes_again[i]) members[kept++] = members[i];
  }
  return kept;
}

std::string_view JsonArena::Copy(std::string_view text) {
  char* out = Bytes(text.size());
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return {out, text.size()};
}

const JsonMember* JsonArena::Copy(const JsonMember* members, size_t count) {
  if (count == 0) return nullptr;
  void* out = memory_.allocate(count * sizeof(JsonMember), alignof(JsonMember));
  std::memcpy(out, static_cast<const void*>(members), count * sizeof(JsonMember));
  return static_cast<const JsonMember*>(out);
}

bool AppendJson(const JsonNode& node, JsonForm form, std::string* out) {
  if (out->size() > kMaxJsonBytes) return false;
  if (form == JsonForm::kAsWritten && !node.raw.empty()) {
    AppendWithoutBlanks(node.raw, out);
    return true;
  }
  switch (node.kind) {
    case Kind::kNull:
      out->append("null");
      return true;
    case Kind::kFalse:
      out->append("false");
      return true;
    case Kind::kTrue:
      out->append("true");
      return true;
    case Kind::kNumber:
      if (!std::isfinite(node.number)) return false;
      AppendGoJsonFloat(out, node.number);
      return true;
    case Kind::kString:
      if (form == JsonForm::kAsWritten) {
        AppendJsonString(out, node.text);
      } else {
        AppendGoString(node.text, out);
      }
      return true;
    default:
      return AppendContainer(node, form, out);
  }
}

const JsonNode* JsonTree::Parse(std::string_view text) {
  constexpr size_t kKeepBytes = 4 << 20;
  arena_.Reset();
  if (buffer_.size() > kKeepBytes && text.size() <= kKeepBytes) {
    buffer_ = {};
    open_ = {};
  }
  if (buffer_.size() < text.size() + kPadding) {
    buffer_.resize(text.size() + std::min(text.size(), kKeepBytes) + kPadding);
  }
  if (!text.empty()) std::memcpy(buffer_.data(), text.data(), text.size());
  std::memset(buffer_.data() + text.size(), 0, kPadding);
  begin_ = p_ = buffer_.data();
  end_ = p_ + text.size();
  open_.clear();
  values_ = 0;
  has_overflow_ = false;
  error_ = {};
  error_offset_ = 0;
  root_ = {};
  SkipBlanks();
  if (!Value(0, &root_)) return nullptr;
  SkipBlanks();
  if (p_ < end_) {
    Fail(p_, "expected the end behind the value");
    return nullptr;
  }
  return &root_;
}

void JsonTree::SkipBlanks() {
  while (p_ < end_ && IsBlank(*p_)) ++p_;
}

bool JsonTree::Fail(const char* at, std::string_view what) {
  error_ = what;
  error_offset_ = static_cast<size_t>(at - begin_);
  return false;
}

bool JsonTree::Value(int depth, JsonNode* out) {
  if (++values_ > kMaxValues) return Fail(p_, "more than 2000000 values");
  if (p_ == end_) return Fail(p_, "expected a value, not the end");
  const char* const start = p_;
  bool ok = false;
  switch (*p_) {
    case '{':
    case '[':
      if (depth == kMaxDepth) return Fail(p_, "nested more than 1000 deep");
      ok = Container(depth + 1, out);
      break;
    case '"':
      out->kind = Kind::kString;
      ok = String(&out->text);
      break;
    case 't':
      ok = Word("true", Kind::kTrue, out);
      break;
    case 'f':
      ok = Word("false", Kind::kFalse, out);
      break;
    case 'n':
      ok = Word("null", Kind::kNull, out);
      break;
    default:
      ok = Number(out);
  }
  if (ok) out->raw = {start, static_cast<size_t>(p_ - start)};
  return ok;
}

bool JsonTree::Container(int depth, JsonNode* out) {
  const bool is_object = *p_++ == '{';
  const char close = is_object ? '}' : ']';
  const size_t first = open_.size();
  SkipBlanks();
  if (p_ < end_ && *p_ == close) {
    ++p_;
    *out = JsonNode::Container(is_object ? Kind::kObject : Kind::kArray, nullptr, 0);
    return true;
  }
  for (;;) {
    JsonMember member;
    if (is_object) {
      if (p_ == end_ || *p_ != '"') return Fail(p_, "expected a key in quotes");
      if (!String(&member.key)) return false;
      SkipBlanks();
      if (p_ == end_ || *p_ != ':') return Fail(p_, "expected ':' behind the key");
      ++p_;
      SkipBlanks();
    }
    if (!Value(depth, &member.value)) return false;
    open_.push_back(member);
    SkipBlanks();
    if (p_ < end_ && *p_ == close) break;
    if (p_ == end_ || *p_ != ',') {
      return Fail(p_, is_object ? "expected ',' or '}'" : "expected ',' or ']'");
    }
    ++p_;
    SkipBlanks();
  }
  ++p_;
  size_t count = open_.size() - first;
  if (is_object) count = DropEarlierKeys(open_.data() + first, count);
  *out = JsonNode::Container(is_object ? Kind::kObject : Kind::kArray,
                             arena_.Copy(open_.data() + first, count), count);
  open_.resize(first);
  return true;
}

bool JsonTree::String(std::string_view* text) {
  const char* const start = p_ + 1;
  const JsonStringScan scan = ScanJsonString(start, end_);
  const char* end = scan.end;
  bool has_escapes = scan.has_escapes;
  if (end == nullptr) {
    // Not closed, not JSON, or half a surrogate pair, which is taken.
    const char* p = start;
    while (p < end_ && *p != '"') {
      const unsigned char c = static_cast<unsigned char>(*p);
      if (c < ' ') return Fail(p, "a control character in a string");
      if (c != '\\') {
        ++p;
        continue;
      }
      has_escapes = true;
      if (p + 1 == end_) break;
      if (p[1] == 'u') {
        if (Hex4(p + 2, end_) < 0) return Fail(p, "expected four digits behind \\u");
        p += 6;
      } else {
        if (std::strchr("\"\\/bfnrt", p[1]) == nullptr || p[1] == '\0') {
          return Fail(p, "an unknown escape in a string");
        }
        p += 2;
      }
    }
    if (p >= end_ || *p != '"') return Fail(p_, "a string without its end");
    end = p;
  }
  p_ = end + 1;
  *text = has_escapes ? Decode(start, end, &arena_)
                      : std::string_view(start, static_cast<size_t>(end - start));
  return true;
}

bool JsonTree::Number(JsonNode* out) {
  const char* const start = p_;
  const auto is_part = [](char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
  };
  while (p_ < end_ && is_part(*p_)) ++p_;
  const std::string_view text(start, static_cast<size_t>(p_ - start));
  if (text.empty()) return Fail(start, "expected a value");
  if (!IsJsonNumber(text)) return Fail(start, "not a number as JSON writes it");
  *out = JsonNode::Number(JsonNumberValue(text));
  if (std::isinf(out->number) && !has_overflow_) {
    has_overflow_ = true;
    error_offset_ = static_cast<size_t>(start - begin_);
  }
  return true;
}

bool JsonTree::Word(std::string_view word, Kind kind, JsonNode* out) {
  if (std::string_view(p_, static_cast<size_t>(end_ - p_)).substr(0, word.size()) != word) {
    return Fail(p_, "expected a value");
  }
  p_ += word.size();
  *out = {};
  out->kind = kind;
  return true;
}

}  // namespace glp::codec
