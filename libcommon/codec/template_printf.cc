// Go's Printf: %[flags][width][.precision][verb], with *, [n] and its complaints inside of the text
// (%!d(string=x), %!(NOVERB), %!(EXTRA …), %!(BADINDEX)).
#include <algorithm>
#include <optional>

#include "codec/go_number.h"
#include "codec/runes.h"
#include "codec/template_print.h"

namespace glp::codec::tmpl {
namespace {

// Go's own limit for widths and precisions.
constexpr int kTooLarge = 1'000'000;

struct Spec {
  bool plus = false, minus = false, sharp = false, space = false, zero = false;
  std::optional<int> width, precision;
};

class Printer {
 public:
  Printer(std::string_view format, std::span<const Value> args, TextBuilder* out)
      : format_(format), args_(args), out_(out) {}

  void Run() {
    while (at_ < format_.size() && !out_->run()->failed()) {
      size_t percent = std::min(format_.find('%', at_), format_.size());
      out_->Append(format_.substr(at_, percent - at_));
      at_ = percent;
      if (at_ == format_.size()) break;
      ++at_;
      Verb();
    }
    if (reordered_ || next_ >= args_.size()) return;
    out_->Append("%!(EXTRA ");
    for (size_t i = next_; i < args_.size(); ++i) {
      if (i > next_) out_->Append(", ");
      Typed(args_[i]);
    }
    out_->Append(')');
  }

 private:
  // "int=42" or "<nil>".
  void Typed(const Value& value) {
    if (value.IsNothing()) {
      out_->Append("<nil>");
      return;
    }
    out_->Append(TypeName(value, out_->run()->dialect()));
    out_->Append('=');
    PrintV(value, out_);
  }

  std::optional<int> Number() {
    std::optional<int> out;
    while (at_ < format_.size() && format_[at_] >= '0' && format_[at_] <= '9') {
      int value = out.value_or(0) * 10 + (format_[at_] - '0');
      ++at_;
      if (value > kTooLarge) {
        // As in Go the number is given up here, and with it the verb.
        at_ = format_.size();
        return std::nullopt;
      }
      out = value;
    }
    return out;
  }

  // "[2]" in front of a verb, * or precision.
  void Index() {
    if (at_ >= format_.size() || format_[at_] != '[') return;
    reordered_ = true;
    size_t close = format_.find(']', at_);
    if (close == std::string_view::npos) {
      good_index_ = false;
      ++at_;
      return;
    }
    auto index = ParseGoInt(format_.substr(at_ + 1, close - at_ - 1));
    at_ = close + 1;
    if (!index || *index < 1 || static_cast<uint64_t>(*index) > args_.size()) {
      good_index_ = false;
      return;
    }
    next_ = static_cast<size_t>(*index) - 1;
  }

  std::optional<int> Star(std::string_view complaint) {
    ++at_;
    std::optional<int> out;
    if (next_ < args_.size()) {
      const Value& value = args_[next_++];
      if ((value.IsSigned() || value.IsUnsigned()) && value.i >= -kTooLarge &&
          value.i <= kTooLarge) {
        out = static_cast<int>(value.i);
      }
    }
    if (!out) out_->Append(complaint);
    return out;
  }

  void Verb() {
    Spec spec;
    good_index_ = true;
    for (; at_ < format_.size(); ++at_) {
      char c = format_[at_];
      if (c == '#') {
        spec.sharp = true;
      } else if (c == '0') {
        spec.zero = true;
      } else if (c == '+') {
        spec.plus = true;
      } else if (c == '-') {
        spec.minus = true;
      } else if (c == ' ') {
        spec.space = true;
      } else {
        break;
      }
    }
    Index();
    if (at_ < format_.size() && format_[at_] == '*') {
      spec.width = Star("%!(BADWIDTH)");
      if (spec.width && *spec.width < 0) {
        spec.width = -*spec.width;
        spec.minus = true;
        spec.zero = false;
      }
    } else {
      spec.width = Number();
    }
    if (at_ < format_.size() && format_[at_] == '.') {
      ++at_;
      Index();
      if (at_ < format_.size() && format_[at_] == '*') {
        spec.precision = Star("%!(BADPREC)");
        if (spec.precision && *spec.precision < 0) {
          spec.precision.reset();
          out_->Append("%!(BADPREC)");
        }
      } else {
        spec.precision = Number();
        if (!spec.precision) spec.precision = 0;
      }
    }
    Index();
    if (at_ >= format_.size()) {
      out_->Append("%!(NOVERB)");
      return;
    }
    Rune verb = DecodeRune(format_.substr(at_));
    std::string_view text = format_.substr(at_, verb.size);
    at_ += verb.size;
    if (verb.value == '%') {
      out_->Append('%');
      return;
    }
    if (!good_index_ || next_ >= args_.size()) {
      out_->Append("%!");
      out_->Append(text);
      out_->Append(good_index_ ? "(MISSING)" : "(BADINDEX)");
      return;
    }
    const Value& value = args_[next_++];
    char letter = verb.size == 1 ? text[0] : '\0';
    if (letter == 'T') {
      Padded(spec, value.IsNothing() ? "<nil>" : TypeName(value, out_->run()->dialect()));
    } else if (!Format(spec, letter, value, 0)) {
      Complain(spec, text, value);
    }
  }

  void Complain(const Spec& spec, std::string_view verb, const Value& value) {
    out_->Append("%!");
    out_->Append(verb);
    out_->Append('(');
    if (value.IsNothing()) {
      out_->Append("<nil>");
    } else {
      out_->Append(TypeName(value, out_->run()->dialect()));
      out_->Append('=');
      // Flags and width hold for the value here as well.
      if (!Format(spec, 'v', value, 0)) PrintV(value, out_);
    }
    out_->Append(')');
  }

  // False where the verb does not go with the value.
  bool Format(const Spec& spec, char verb, const Value& value, int depth) {
    RunState* run = out_->run();
    if (depth > kMaxValueDepth) {
      run->Fail("values nested deeper than " + std::to_string(kMaxValueDepth) +
                " levels are not printed");
    }
    if (run->failed() || !run->Charge(1)) return true;
    switch (value.kind) {
      case Kind::kNone:
      case Kind::kNil:
        if (verb == 'v') Padded(spec, "<nil>");
        return verb == 'v';
      case Kind::kBool:
        if (verb != 'v' && verb != 't') return false;
        Padded(spec, value.b ? "true" : "false");
        return true;
      case Kind::kFloat:
        return Float(spec, verb, value.f);
      case Kind::kString:
        return Text(spec, verb, value.str());
      case Kind::kList:
      case Kind::kDict:
      case Kind::kData:
        Nested(spec, verb, value, depth);
        return true;
      case Kind::kTime:
      case Kind::kVersion:
        return Stringer(spec, verb, value);
      case Kind::kDuration:
      case Kind::kMonth:
      case Kind::kWeekday:
        return Stringer(spec, verb, value) || Integer(spec, verb, value);
      default:
        return Integer(spec, verb, value);
    }
  }

  bool Stringer(const Spec& spec, char verb, const Value& value) {
    if (std::string_view("vsqxX").find(verb) == std::string_view::npos) return false;
    TextBuilder text(out_->run());
    PrintV(value, &text);
    return Text(spec, verb, text.text());
  }

  void Nested(const Spec& spec, char verb, const Value& value, int depth) {
    auto element = [&](const Value& item) {
      if (item.IsNothing() && verb != 'v') {
        Padded(spec, "<nil>");
        return;
      }
      if (!Format(spec, verb, item, depth + 1)) {
        Complain(spec, std::string_view(&verb, verb == '\0' ? 0 : 1), item);
      }
    };
    if (value.kind == Kind::kList) {
      out_->Append('[');
      for (size_t i = 0; i < value.list->size && !out_->run()->failed(); ++i) {
        if (i > 0) out_->Append(' ');
        element(value.list->items[i]);
      }
      out_->Append(']');
      return;
    }
    const Dict* dict = out_->run()->AsDict(value);
    out_->Append("map[");
    for (size_t i = 0; i < dict->size && !out_->run()->failed(); ++i) {
      if (i > 0) out_->Append(' ');
      element(Value::Text(dict->entries[i].key));
      out_->Append(':');
      element(dict->entries[i].value);
    }
    out_->Append(']');
  }

  // Widths count characters.
  void Padded(const Spec& spec, std::string_view text, bool zero = false) {
    size_t width = static_cast<size_t>(spec.width.value_or(0)), size = 0;
    if (width > 0) size = CountRunes(text);
    size_t pad = width > size ? width - size : 0;
    if (!spec.minus) out_->Fill(pad, zero ? '0' : ' ');
    out_->Append(text);
    if (spec.minus) out_->Fill(pad, ' ');
  }

  bool Text(const Spec& spec, char verb, std::string_view text) {
    if (spec.precision && verb != 'x' && verb != 'X') {
      text = text.substr(0, RunesPrefix(text, static_cast<size_t>(*spec.precision)));
    }
    switch (verb) {
      case 'v':
        if (!spec.sharp) {
          Padded(spec, text, spec.zero && !spec.minus);
          return true;
        }
        [[fallthrough]];
      case 'q': {
        TextBuilder quoted(out_->run());
        bool raw = verb == 'q' && spec.sharp && text.find_first_of("`\x7f") == text.npos &&
                   std::all_of(text.begin(), text.end(), [](char c) {
                     return c == '\t' || static_cast<unsigned char>(c) >= 0x20;
                   });
        if (raw) {
          quoted.Append('`');
          quoted.Append(text);
          quoted.Append('`');
        } else {
          AppendQuoted(text, '"', spec.plus, &quoted);
        }
        Padded(spec, quoted.text(), spec.zero && !spec.minus);
        return true;
      }
      case 's':
        Padded(spec, text, spec.zero && !spec.minus);
        return true;
      case 'x':
      case 'X': {
        if (spec.precision) text = text.substr(0, static_cast<size_t>(*spec.precision));
        const char* digits = verb == 'x' ? "0123456789abcdef" : "0123456789ABCDEF";
        TextBuilder hex(out_->run());
        for (size_t i = 0; i < text.size(); ++i) {
          if (spec.space && i > 0) hex.Append(' ');
          if (spec.sharp && (spec.space || i == 0)) hex.Append(verb == 'x' ? "0x" : "0X");
          hex.Append(digits[static_cast<uint8_t>(text[i]) >> 4]);
          hex.Append(digits[text[i] & 15]);
        }
        Padded(spec, hex.text(), spec.zero && !spec.minus);
        return true;
      }
      default:
        return false;
    }
  }

  bool Float(const Spec& spec, char verb, double value) {
    static constexpr std::string_view kVerbs = "veEfFgGxX";
    if (kVerbs.find(verb) == std::string_view::npos) return false;
    char form = verb == 'v' ? 'g' : verb == 'F' ? 'f' : verb;
    bool shortest = std::string_view("vgGxX").find(verb) != std::string_view::npos;
    int precision = spec.precision.value_or(shortest ? -1 : 6);
    std::string text = FormatGoFloat(value, form, precision);
    std::string sign;
    if (text[0] == '-' || text[0] == '+') {
      sign = text.substr(0, 1);
      text.erase(0, 1);
    }
    bool number = text[0] >= '0' && text[0] <= '9';
    if (sign != "-") sign = spec.plus ? "+" : spec.space ? " " : number ? "" : sign;
    if (spec.sharp && verb != 'v' && number && text.find('.') == std::string::npos) {
      size_t at = std::min(text.find_first_of("epP"), text.size());
      text.insert(at, ".");
    }
    Signed(spec, sign, text, number && spec.zero && !spec.minus);
    return true;
  }

  // Zeros stand between the sign and the digits.
  void Signed(const Spec& spec, std::string_view sign, std::string_view digits, bool zero) {
    TextBuilder text(out_->run());
    text.Append(sign);
    size_t width = static_cast<size_t>(spec.width.value_or(0)), size = sign.size() + digits.size();
    if (zero && width > size) text.Fill(width - size, '0');
    text.Append(digits);
    Padded(spec, text.text());
  }

  bool Integer(const Spec& spec, char verb, const Value& value) {
    bool negative = value.IsSigned() && value.i < 0;
    uint64_t magnitude = negative ? 0 - value.u : value.u;
    uint64_t base = 10;
    std::string_view prefix;
    switch (verb) {
      case 'v':
      case 'd':
        break;
      case 'b':
        base = 2;
        prefix = spec.sharp ? "0b" : "";
        break;
      case 'o':
      case 'O':
        base = 8;
        prefix = verb == 'O' ? "0o" : spec.sharp ? "0" : "";
        break;
      case 'x':
      case 'X':
        base = 16;
        prefix = !spec.sharp ? "" : verb == 'x' ? "0x" : "0X";
        break;
      case 'c':
      case 'q':
      case 'U':
        Character(spec, verb,
                  negative || magnitude > 0x10FFFF ? kBadRune : static_cast<uint32_t>(magnitude));
        return true;
      default:
        return false;
    }
    std::string digits;
    do {
      uint64_t digit = magnitude % base;
      digits +=
          static_cast<char>(digit < 10 ? '0' + digit : (verb == 'X' ? 'A' : 'a') + (digit - 10));
      magnitude /= base;
    } while (magnitude > 0);
    if (spec.precision) {
      if (*spec.precision == 0 && value.i == 0) digits.clear();
      size_t least = std::min<size_t>(static_cast<size_t>(*spec.precision), kTooLarge);
      if (digits.size() < least) digits.append(least - digits.size(), '0');
    }
    std::reverse(digits.begin(), digits.end());
    std::string sign = negative ? "-" : spec.plus ? "+" : spec.space ? " " : "";
    sign += prefix;
    Signed(spec, sign, digits, spec.zero && !spec.minus && !spec.precision);
    return true;
  }

  void Character(const Spec& spec, char verb, uint32_t rune) {
    if (verb == 'U') {
      Padded(spec, FormatUnicode(rune, spec.sharp));
      return;
    }
    char bytes[4];
    std::string_view text(bytes, EncodeRune(rune, bytes));
    if (verb == 'c') {
      Padded(spec, text);
      return;
    }
    TextBuilder quoted(out_->run());
    AppendQuoted(text, '\'', spec.plus, &quoted);
    Padded(spec, quoted.text());
  }

  std::string_view format_;
  std::span<const Value> args_;
  TextBuilder* out_;
  size_t at_ = 0, next_ = 0;
  bool reordered_ = false, good_index_ = true;
};

}  // namespace

void Printf(std::string_view format, std::span<const Value> args, TextBuilder* out) {
  Printer(format, args, out).Run();
}

}  // namespace glp::codec::tmpl
