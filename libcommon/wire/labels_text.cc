#include "wire/labels_text.h"

#include <optional>
#include <string>

#include "base/strings.h"

namespace glp::wire {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kQuotes = "\"'`";

void AppendUtf8(std::string* out, uint32_t code) {
  if (code < 0x80) {
    *out += static_cast<char>(code);
  } else if (code < 0x800) {
    *out += static_cast<char>(0xC0 | code >> 6);
    *out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    *out += static_cast<char>(0xE0 | code >> 12);
    *out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    *out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    *out += static_cast<char>(0xF0 | code >> 18);
    *out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    *out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    *out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Status Read(Labels* labels) {
    if (!Take('{')) return Expected("\"{\"");
    while (!Take('}')) {
      Label& label = labels->emplace_back();
      GLP_RETURN_IF_ERROR(ReadName(&label.name));
      if (!Take('=')) return Expected("\"=\"");
      GLP_RETURN_IF_ERROR(ReadString(&label.value));
      if (!IsValidUtf8(label.value)) return Fail("a string that is not UTF-8");
      if (Take('}')) break;
      if (!Take(',')) return Expected("\",\" or \"}\"");
    }
    return Status::Ok();
  }
  std::string_view rest() const { return text_.substr(at_); }

 private:
  Status Fail(const std::string& what) const {
    return DataError("1:" + std::to_string(at_ + 1) + ": parse error: " + what);
  }
  Status Expected(const std::string& what) const {
    const std::string found = at_ < text_.size() && static_cast<uint8_t>(text_[at_]) < 0x80
                                  ? "\"" + std::string(1, text_[at_]) + "\""
                              : at_ < text_.size() ? "a character"
                                                   : "end of input";
    return Fail("unexpected " + found + ", expected " + what);
  }
  void SkipBlanks() {
    while (at_ < text_.size() && kBlanks.find(text_[at_]) != kBlanks.npos) ++at_;
  }
  bool Take(char c) {
    SkipBlanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // Up to a `=` in front of a string, so that also what is no name is told as one.
  Status ReadName(std::string* name) {
    SkipBlanks();
    for (size_t equal = text_.find('=', at_); equal != text_.npos;
         equal = text_.find('=', equal + 1)) {
      const size_t value = text_.find_first_not_of(kBlanks, equal + 1);
      if (value == text_.npos || kQuotes.find(text_[value]) == kQuotes.npos) continue;
      const std::string_view word = TrimSpace(text_.substr(at_, equal - at_));
      if (word.empty() || !IsValidUtf8(word)) break;
      *name = word;
      at_ = equal;
      return Status::Ok();
    }
    return Expected("a label name and a string");
  }

  Status ReadString(std::string* out) {
    SkipBlanks();
    if (at_ >= text_.size() || kQuotes.find(text_[at_]) == kQuotes.npos) return Expected("string");
    const char quote = text_[at_++];
    const std::string_view stops = quote == '`' ? "`" : quote == '"' ? "\"\\\n" : "'\\\n";
    while (true) {
      const size_t stop = text_.find_first_of(stops, at_);
      if (stop == text_.npos || text_[stop] == '\n') return Fail("unterminated quoted string");
      out->append(text_, at_, stop - at_);
      at_ = stop + 1;
      if (text_[stop] == quote) return Status::Ok();
      if (!ReadEscape(out)) return Fail("unknown escape sequence");
    }
  }

  // Behind the backslash.
  bool ReadEscape(std::string* out) {
    if (at_ >= text_.size()) return false;
    const char c = text_[at_++];
    constexpr std::string_view kLetters = "abfnrtv\\'\"", kMeant = "\a\b\f\n\r\t\v\\'\"";
    if (const size_t i = kLetters.find(c); i != kLetters.npos) {
      *out += kMeant[i];
      return true;
    }
    if (c >= '0' && c <= '7') {
      --at_;
      const std::optional<uint32_t> code = ReadDigits(3, 8);
      if (!code || *code > 0xFF) return false;
      *out += static_cast<char>(*code);
      return true;
    }
    const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    const std::optional<uint32_t> code = digits > 0 ? ReadDigits(digits, 16) : std::nullopt;
    if (!code) return false;
    if (c == 'x') {
      *out += static_cast<char>(*code);
      return true;
    }
    if (*code > 0x10FFFF || (*code >= 0xD800 && *code < 0xE000)) return false;
    AppendUtf8(out, *code);
    return true;
  }

  std::optional<uint32_t> ReadDigits(size_t count, uint32_t base) {
    uint64_t value = 0;
    for (size_t i = 0; i < count; ++i, ++at_) {
      const char c = at_ < text_.size() ? text_[at_] : '\0';
      const uint32_t digit = c >= '0' && c <= '9'   ? c - '0'
                             : c >= 'a' && c <= 'f' ? c - 'a' + 10
                             : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                    : 99;
      if (digit >= base) return std::nullopt;
      value = value * base + digit;
    }
    return static_cast<uint32_t>(value);
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Status ReadLabelsText(std::string_view* text, Labels* labels) {
  labels->clear();
  Reader reader(*text);
  GLP_RETURN_IF_ERROR(reader.Read(labels));
  *text = reader.rest();
  return Status::Ok();
}

}  // namespace glp::wire
