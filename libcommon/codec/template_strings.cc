// Functions on texts: trimming, cutting, joining, quoting. Case is template_case.cc's.
#include "codec/template_strings.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "codec/runes.h"
#include "codec/template_functions.h"
#include "codec/template_print.h"

namespace glp::codec::tmpl {

namespace {

// The characters of a text, found without going through it where it is long.
class RuneSet {
 public:
  explicit RuneSet(std::string_view set) : set_(set) {
    if (set.size() <= 64) return;
    while (!set.empty()) {
      Rune rune = DecodeRune(set);
      runes_.push_back(rune.value);
      set.remove_prefix(rune.size);
    }
    std::sort(runes_.begin(), runes_.end());
    runes_.erase(std::unique(runes_.begin(), runes_.end()), runes_.end());
  }
  bool Has(std::string_view bytes) const {
    if (bytes.size() == 1 && (bytes[0] & 0x80) != 0) return false;
    if (runes_.empty()) return set_.find(bytes) != std::string_view::npos;
    return std::binary_search(runes_.begin(), runes_.end(), DecodeRune(bytes).value);
  }

 private:
  std::string_view set_;
  std::vector<uint32_t> runes_;
};

}  // namespace

size_t FindText(std::string_view text, std::string_view part) {
  if (part.size() <= 1) return text.find(part);
  const void* at = memmem(text.data(), text.size(), part.data(), part.size());
  if (at == nullptr) return std::string_view::npos;
  return static_cast<size_t>(static_cast<const char*>(at) - text.data());
}

std::string_view TrimRunes(std::string_view text, std::string_view set, TrimSide side) {
  const RuneSet runes(set);
  if (static_cast<int>(side) & 1) {
    while (!text.empty()) {
      size_t size = DecodeRune(text).size;
      if (!runes.Has(text.substr(0, size))) break;
      text.remove_prefix(size);
    }
  }
  if (static_cast<int>(side) & 2) {
    while (!text.empty()) {
      size_t begin = text.size() - 1;
      while (begin > 0 && text.size() - begin < 4 && (text[begin] & 0xC0) == 0x80) --begin;
      if (DecodeRune(text.substr(begin)).size != text.size() - begin) begin = text.size() - 1;
      if (!runes.Has(text.substr(begin))) break;
      text = text.substr(0, begin);
    }
  }
  return text;
}

std::string_view TrimGoSpace(std::string_view text) {
  return TrimRunes(text,
                   "\t\n\v\f\r \xC2\x85\xC2\xA0\xE1\x9A\x80\xE2\x80\x80\xE2\x80\x81\xE2\x80\x82"
                   "\xE2\x80\x83\xE2\x80\x84\xE2\x80\x85\xE2\x80\x86\xE2\x80\x87\xE2\x80\x88"
                   "\xE2\x80\x89\xE2\x80\x8A\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAF\xE2\x81\x9F"
                   "\xE3\x80\x80",
                   TrimSide::kBoth);
}

Value ReplaceText(RunState* run, std::string_view text, std::string_view from, std::string_view to,
                  int64_t count) {
  if (count == 0 || from == to) return Value::Text(text);
  if (!from.empty() && FindText(text, from) == std::string_view::npos) return Value::Text(text);
  TextBuilder out(run);
  bool at_start = true;
  while (count != 0 && !run->failed()) {
    if (from.empty()) {
      // In front of the text and behind each character.
      if (!at_start) {
        if (text.empty()) break;
        size_t size = DecodeRune(text).size;
        out.Append(text.substr(0, size));
        text.remove_prefix(size);
      }
      at_start = false;
    } else {
      size_t at = FindText(text, from);
      if (at == std::string_view::npos) break;
      out.Append(text.substr(0, at));
      text.remove_prefix(at + from.size());
    }
    out.Append(to);
    if (count > 0) --count;
  }
  out.Append(text);
  return out.Finish();
}

Value MapRunes(RunState* run, std::string_view text, uint32_t (*map)(uint32_t)) {
  TextBuilder out(run);
  while (!text.empty()) {
    // ASCII in one go is what logs are made of.
    size_t plain = 0;
    while (plain < text.size() && (text[plain] & 0x80) == 0) ++plain;
    for (char c : text.substr(0, plain))
      out.Append(static_cast<char>(map(static_cast<uint8_t>(c))));
    text.remove_prefix(plain);
    if (text.empty() || run->failed()) break;
    Rune rune = DecodeRune(text);
    out.AppendRune(map(rune.value));
    text.remove_prefix(rune.size);
  }
  return out.Finish();
}

std::string_view TextOf(RunState* run, const Value& value) {
  if (value.kind == Kind::kString) return value.str();
  TextBuilder out(run);
  PrintV(value, &out);
  return out.text();
}

namespace {

Value Trunc(const Call& call) {
  std::string_view text = call.str(1);
  int64_t count = call[0].i, size = static_cast<int64_t>(text.size());
  if (count < 0 && count > -size)
    return Value::Text(text.substr(static_cast<size_t>(size + count)));
  if (count >= 0 && size > count) return Value::Text(text.substr(0, static_cast<size_t>(count)));
  return Value::Text(text);
}

Value Substr(const Call& call) {
  std::string_view text = call.str(2);
  int64_t begin = call[0].i, end = call[1].i, size = static_cast<int64_t>(text.size());
  if (begin < 0) {
    begin = 0;
    if (end < 0 || end > size) {
      return call.Fail("slice bounds out of range [:" + std::to_string(end) + "]");
    }
  } else if (end < 0 || end > size) {
    end = size;
  }
  if (begin > end) {
    return call.Fail("slice bounds out of range [" + std::to_string(begin) + ":" +
                     std::to_string(end) + "]");
  }
  return Value::Text(text.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin)));
}

Value Abbreviated(const Call& call, std::string_view text, int64_t offset, int64_t width) {
  int64_t size = static_cast<int64_t>(text.size());
  if (text.empty() || size <= width) return Value::Text(text);
  offset = std::min(offset, size);
  if (size - offset < width - 3) offset = size - (width - 3);
  auto part = [&](int64_t begin, int64_t length) {
    return text.substr(static_cast<size_t>(begin), static_cast<size_t>(length));
  };
  TextBuilder out(call.run);
  if (offset <= 4) {
    out.Append(part(0, width - 3));
    out.Append("...");
    return out.Finish();
  }
  if (width < 7) return Value::Text("");
  out.Append("...");
  if (offset + width - 3 < size) {
    out.Append(part(offset, width - 6));
    out.Append("...");
  } else {
    out.Append(part(size - (width - 3), width - 3));
  }
  return out.Finish();
}

Value Abbrev(const Call& call) {
  if (call[0].i < 4) return Value::Text(call.str(1));
  return Abbreviated(call, call.str(1), 0, call[0].i);
}

Value AbbrevBoth(const Call& call) {
  int64_t left = call[0].i, right = call[1].i;
  if (right < 4 || (left > 0 && right < 7)) return Value::Text(call.str(2));
  return Abbreviated(call, call.str(2), left, right);
}

Value Trim(const Call& call) { return Value::Text(TrimGoSpace(call.str(0))); }
Value TrimAll(const Call& call) {
  return Value::Text(TrimRunes(call.str(1), call.str(0), TrimSide::kBoth));
}
Value TrimPrefix(const Call& call) {
  std::string_view prefix = call.str(0), text = call.str(1);
  return Value::Text(text.starts_with(prefix) ? text.substr(prefix.size()) : text);
}
Value TrimSuffix(const Call& call) {
  std::string_view suffix = call.str(0), text = call.str(1);
  return Value::Text(text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text);
}
Value Contains(const Call& call) {
  return Value::Bool(FindText(call.str(1), call.str(0)) != std::string_view::npos);
}
Value HasPrefix(const Call& call) { return Value::Bool(call.str(1).starts_with(call.str(0))); }
Value HasSuffix(const Call& call) { return Value::Bool(call.str(1).ends_with(call.str(0))); }
Value Replace(const Call& call) {
  return ReplaceText(call.run, call.str(2), call.str(0), call.str(1), -1);
}

Value Repeat(const Call& call) {
  if (call[0].i < 0) return call.Fail("strings: negative Repeat count");
  std::string_view text = call.str(1);
  if (text.empty() || call[0].i == 0) return Value::Text("");
  TextBuilder out(call.run);
  if (text.size() == 1) {
    out.Fill(static_cast<size_t>(call[0].i), text[0]);
    return out.Finish();
  }
  for (int64_t i = 0; i < call[0].i && !call.run->failed(); ++i) out.Append(text);
  return out.Finish();
}

Value IndentedText(const Call& call, bool newline) {
  if (call[0].i < 0) return call.Fail("strings: negative Repeat count");
  TextBuilder out(call.run);
  if (newline) out.Append('\n');
  SplitText(call.str(1), "\n", -1, [&, first = true](std::string_view line) mutable {
    if (!first) out.Append('\n');
    first = false;
    out.Fill(static_cast<size_t>(call[0].i), ' ');
    out.Append(line);
  });
  return out.Finish();
}
Value Indent(const Call& call) { return IndentedText(call, false); }
Value Nindent(const Call& call) { return IndentedText(call, true); }

Value Quoted(const Call& call, bool single) {
  TextBuilder out(call.run);
  bool first = true;
  for (const Value& value : call.args) {
    if (value.IsNothing()) continue;
    if (!first) out.Append(' ');
    first = false;
    if (single) {
      out.Append('\'');
      PrintV(value, &out);
      out.Append('\'');
    } else {
      AppendQuoted(TextOf(call.run, value), '"', false, &out);
    }
  }
  return out.Finish();
}
Value QuoteFunction(const Call& call) { return Quoted(call, false); }
Value Squote(const Call& call) { return Quoted(call, true); }

Value Cat(const Call& call) {
  TextBuilder out(call.run);
  bool first = true;
  for (const Value& value : call.args) {
    if (value.IsNothing()) continue;
    if (!first) out.Append(' ');
    first = false;
    PrintV(value, &out);
  }
  return out.Finish();
}

Value Nospace(const Call& call) {
  TextBuilder out(call.run);
  std::string_view rest = call.str(0);
  while (!rest.empty()) {
    Rune rune = DecodeRune(rest);
    if (!IsSpace(rune.value)) out.Append(rest.substr(0, rune.size));
    rest.remove_prefix(rune.size);
  }
  return out.Finish();
}

Value Plural(const Call& call) { return call[2].i == 1 ? call[0] : call[1]; }

Value Wrapped(const Call& call, int64_t width, std::string_view newline, std::string_view text,
              bool cut_words) {
  size_t limit = static_cast<size_t>(std::clamp<int64_t>(width, 1, 1 << 30)), at = 0;
  TextBuilder out(call.run);
  while (text.size() - at > limit && !call.run->failed()) {
    if (text[at] == ' ') {
      ++at;
      continue;
    }
    std::string_view window = text.substr(at, limit + 1);
    size_t blank = window.rfind(' ');
    if (blank == std::string_view::npos && cut_words) {
      out.Append(text.substr(at, limit));
      out.Append(newline);
      at += limit;
      continue;
    }
    if (blank == std::string_view::npos) {
      blank = text.find(' ', at + limit);
      if (blank == std::string_view::npos) break;
      blank -= at;
    }
    out.Append(text.substr(at, blank));
    out.Append(newline);
    at += blank + 1;
  }
  out.Append(text.substr(at));
  return out.Finish();
}
Value Wrap(const Call& call) { return Wrapped(call, call[0].i, "\n", call.str(1), false); }
Value WrapWith(const Call& call) {
  return Wrapped(call, call[0].i, call.str(1).empty() ? "\n" : call.str(1), call.str(2), true);
}

Value ToString(const Call& call) { return Value::Text(TextOf(call.run, call[0])); }
Value FailFunction(const Call& call) { return call.Fail(std::string(call.str(0))); }
Value Hello(const Call&) { return Value::Text("Hello!"); }

constexpr Function kFunctions[] = {
    {"abbrev", "is", Abbrev},
    {"abbrevboth", "iis", AbbrevBoth},
    {"cat", "a*", Cat},
    {"contains", "ss", Contains},
    {"fail", "s", FailFunction},
    {"hasPrefix", "ss", HasPrefix},
    {"hasSuffix", "ss", HasSuffix},
    {"hello", "", Hello},
    {"indent", "is", Indent},
    {"nindent", "is", Nindent},
    {"nospace", "s", Nospace},
    {"plural", "ssi", Plural},
    {"quote", "a*", QuoteFunction},
    {"repeat", "is", Repeat},
    {"replace", "sss", Replace},
    {"squote", "a*", Squote},
    {"substr", "iis", Substr},
    {"toString", "a", ToString},
    {"trim", "s", Trim},
    {"trimAll", "ss", TrimAll},
    {"trimPrefix", "ss", TrimPrefix},
    {"trimSuffix", "ss", TrimSuffix},
    {"trimall", "ss", TrimAll},
    {"trunc", "is", Trunc},
    {"wrap", "is", Wrap},
    {"wrapWith", "iss", WrapWith},
};

}  // namespace

Functions StringFunctions() { return kFunctions; }

}  // namespace glp::codec::tmpl
