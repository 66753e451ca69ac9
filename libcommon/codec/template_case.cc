// Functions that change the case of texts; words are split as the names of programs are: at blanks,
// - and _, where capitals begin (HTTPServer: HTTP, Server) and around numbers.
#include "codec/runes.h"
#include "codec/template_functions.h"
#include "codec/template_strings.h"

namespace glp::codec::tmpl {
namespace {

Value Upper(const Call& call) { return MapRunes(call.run, call.str(0), ToUpper); }
Value Lower(const Call& call) { return MapRunes(call.run, call.str(0), ToLower); }

// Runs `map(rune, begins_word)` over the characters; words begin behind separators.
template <typename IsSeparator, typename Map>
Value MapWords(const Call& call, IsSeparator&& is_separator, Map&& map) {
  TextBuilder out(call.run);
  std::string_view rest = call.str(0);
  bool begins = true;
  while (!rest.empty() && !call.run->failed()) {
    Rune rune = DecodeRune(rest);
    uint32_t mapped = map(rune.value, begins);
    if (mapped == rune.value) {
      out.Append(rest.substr(0, rune.size));
    } else {
      out.AppendRune(mapped);
    }
    begins = is_separator(rune.value);
    rest.remove_prefix(rune.size);
  }
  return out.Finish();
}

bool EndsWord(uint32_t c) {
  if (c < 0x80) return !IsLetter(c) && !IsDigit(c) && c != '_';
  return !IsLetter(c) && !IsDigit(c) && IsSpace(c);
}

Value Title(const Call& call) {
  return MapWords(call, EndsWord, [](uint32_t c, bool begins) { return begins ? ToTitle(c) : c; });
}

Value Untitle(const Call& call) {
  return MapWords(call, IsSpace, [](uint32_t c, bool begins) { return begins ? ToLower(c) : c; });
}

Value SwapCase(const Call& call) {
  return MapWords(call, IsSpace, [](uint32_t c, bool begins) {
    if (IsUpper(c) || (ToTitle(c) == c && ToLower(c) != c)) return ToLower(c);
    if (IsLower(c)) return begins ? ToTitle(c) : ToUpper(c);
    return c;
  });
}

Value Initials(const Call& call) {
  TextBuilder out(call.run);
  std::string_view rest = call.str(0);
  bool begins = true;
  while (!rest.empty()) {
    Rune rune = DecodeRune(rest);
    bool space = IsSpace(rune.value);
    if (begins && !space) out.Append(rest.substr(0, rune.size));
    begins = space;
    rest.remove_prefix(rune.size);
  }
  return out.Finish();
}

enum class WordKind : uint8_t { kConnector, kUpper, kLower, kNumber, kOther };

bool IsConnector(uint32_t c) { return c == '-' || c == '_' || IsSpace(c); }

WordKind KindOf(uint32_t c) {
  if (IsConnector(c)) return WordKind::kConnector;
  if (IsUpper(c)) return WordKind::kUpper;
  if (IsLetter(c)) return WordKind::kLower;
  return IsDigit(c) ? WordKind::kNumber : WordKind::kOther;
}

// Takes the next word off the text. A word that begins with a capital is kUpper.
std::string_view TakeWord(std::string_view* text, WordKind* kind) {
  size_t end = 0, last = 0, capitals = 0;
  *kind = KindOf(DecodeRune(*text).value);
  bool small_letters = *kind == WordKind::kLower;
  while (end < text->size()) {
    Rune rune = DecodeRune(text->substr(end));
    WordKind here = KindOf(rune.value);
    if (*kind == WordKind::kUpper) {
      if (here == WordKind::kLower && !small_letters) {
        // The last of several capitals begins the word of these small letters.
        if (capitals > 1) {
          end = last;
          break;
        }
        small_letters = true;
      } else if (here != (small_letters ? WordKind::kLower : WordKind::kUpper)) {
        break;
      }
      if (here == WordKind::kUpper) ++capitals;
    } else if (here != *kind) {
      break;
    }
    last = end;
    end += rune.size;
  }
  std::string_view word = text->substr(0, end);
  text->remove_prefix(end);
  return word;
}

void AppendLower(std::string_view word, TextBuilder* out) {
  out->Append(MapRunes(out->run(), word, ToLower).str());
}

// Words in small letters with a connector between them; a number belongs to the word in front of it
// unless small letters follow it ("Bld4Floor": bld4_floor, "HTTP2xx": http_2xx).
Value Connected(const Call& call, char connector) {
  TextBuilder out(call.run);
  std::string_view rest = call.str(0);
  bool has_word = false;  // in front of here, with nothing between
  bool glued = false;     // what comes next belongs to the number in front of it
  while (!rest.empty() && !call.run->failed()) {
    WordKind kind;
    std::string_view word = TakeWord(&rest, &kind);
    switch (kind) {
      case WordKind::kConnector:
        out.Fill(CountRunes(word), connector);
        has_word = glued = false;
        continue;
      case WordKind::kOther:
        out.Append(word);
        has_word = glued = false;
        continue;
      case WordKind::kNumber: {
        bool letters_follow = !rest.empty() && KindOf(DecodeRune(rest).value) == WordKind::kLower;
        if (has_word && letters_follow && !glued) out.Append(connector);
        glued = letters_follow;
        break;
      }
      case WordKind::kLower:
      case WordKind::kUpper:
        if (has_word && !glued) out.Append(connector);
        glued = false;
        break;
    }
    AppendLower(word, &out);
    has_word = true;
  }
  return out.Finish();
}
Value SnakeCase(const Call& call) { return Connected(call, '_'); }
Value KebabCase(const Call& call) { return Connected(call, '-'); }

// Words with one capital each, without the connector between two of them.
Value CamelCase(const Call& call) {
  TextBuilder out(call.run);
  std::string_view rest = call.str(0);
  bool first = true;
  while (!rest.empty() && !call.run->failed()) {
    WordKind kind;
    std::string_view word = TakeWord(&rest, &kind);
    if (kind == WordKind::kConnector) {
      bool between = !first && !rest.empty();
      out.Append(word.substr(between ? DecodeRune(word).size : 0));
    } else if (kind == WordKind::kUpper || kind == WordKind::kLower) {
      Rune rune = DecodeRune(word);
      out.AppendRune(ToUpper(rune.value));
      AppendLower(word.substr(rune.size), &out);
    } else {
      out.Append(word);
    }
    first = false;
  }
  return out.Finish();
}

constexpr Function kFunctions[] = {
    {"camelcase", "s", CamelCase}, {"initials", "s", Initials},   {"kebabcase", "s", KebabCase},
    {"lower", "s", Lower},         {"snakecase", "s", SnakeCase}, {"swapcase", "s", SwapCase},
    {"title", "s", Title},         {"untitle", "s", Untitle},     {"upper", "s", Upper},
};

}  // namespace

Functions CaseFunctions() { return kFunctions; }

}  // namespace glp::codec::tmpl
