#include "codec/template_verbs.h"

#include <algorithm>
#include <string>

#include "codec/go_number.h"
#include "codec/runes.h"
#include "codec/template_print.h"

namespace glp::codec::tmpl {

void VerbWriter::Padded(const VerbSpec& spec, std::string_view text, bool zero) {
  size_t width = static_cast<size_t>(spec.width.value_or(0)), size = 0;
  if (width > 0) size = CountRunes(text);
  size_t pad = width > size ? width - size : 0;
  if (!spec.minus) out_->Fill(pad, zero ? '0' : ' ');
  out_->Append(text);
  if (spec.minus) out_->Fill(pad, ' ');
}

bool VerbWriter::Text(const VerbSpec& spec, char verb, std::string_view text) {
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

bool VerbWriter::Float(const VerbSpec& spec, char verb, double value) {
  static constexpr std::string_view kVerbs = "veEfFgGxX";
  if (kVerbs.find(verb) == std::string_view::npos) return false;
  char form = verb == 'v' ? 'g' : verb == 'F' ? 'f' : verb;
  bool shortest = std::string_view("vgGxX").find(verb) != std::string_view::npos;
  int precision = spec.precision.value_or(shortest ? -1 : 6);
  std::string number = FormatGoFloat(value, form, precision);
  std::string_view sign;
  std::string_view shown = number;
  if (shown[0] == '-' || shown[0] == '+') {
    sign = shown.substr(0, 1);
    shown.remove_prefix(1);
  }
  bool finite = shown[0] >= '0' && shown[0] <= '9';
  if (sign != "-") sign = spec.plus ? "+" : spec.space ? " " : finite ? "" : sign;
  TextBuilder text(out_->run());
  if (spec.sharp && verb != 'v' && finite) {
    // A point always; for %g also the zeros up to the precision.
    size_t tail =
        std::min(shown.find_first_of(form == 'x' || form == 'X' ? "pP" : "eE"), shown.size());
    std::string_view digits = shown.substr(0, tail);
    text.Append(digits);
    if (digits.find('.') == std::string_view::npos) text.Append('.');
    if (verb == 'g' || verb == 'G') {
      size_t wanted = static_cast<size_t>(spec.precision.value_or(6)), count = digits == "0";
      for (size_t at = digits.find_first_of("123456789"); at < digits.size(); ++at) {
        count += digits[at] != '.';
      }
      if (wanted > count) text.Fill(wanted - count, '0');
    }
    text.Append(shown.substr(tail));
  } else {
    text.Append(shown);
  }
  Signed(spec, sign, text.text(), finite && spec.zero && !spec.minus);
  return true;
}

void VerbWriter::Signed(const VerbSpec& spec, std::string_view sign, std::string_view digits,
                        bool zero) {
  TextBuilder text(out_->run());
  text.Append(sign);
  size_t width = static_cast<size_t>(spec.width.value_or(0)), size = sign.size() + digits.size();
  if (zero && width > size) text.Fill(width - size, '0');
  text.Append(digits);
  Padded(spec, text.text());
}

bool VerbWriter::Integer(const VerbSpec& spec, char verb, const Value& value) {
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
    size_t least = std::min<size_t>(static_cast<size_t>(*spec.precision), kMaxWidth);
    if (digits.size() < least) digits.append(least - digits.size(), '0');
  }
  std::reverse(digits.begin(), digits.end());
  std::string sign;
  if (negative || spec.plus || spec.space) sign.push_back(negative ? '-' : spec.plus ? '+' : ' ');
  sign.append(prefix);
  Signed(spec, sign, digits, spec.zero && !spec.minus && !spec.precision);
  return true;
}

void VerbWriter::Character(const VerbSpec& spec, char verb, uint32_t rune) {
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

}  // namespace glp::codec::tmpl
