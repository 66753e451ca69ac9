// Go's package fmt: %v of every value, printf with its verbs, flags and complaints.
// Threads: pure functions on the caller's builder.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "codec/template_value.h"

namespace glp::codec::tmpl {

// What {{ value }} writes: <no value> for nothing.
void PrintValue(const Value& value, TextBuilder* out);
// %v: <nil> for nothing.
void PrintV(const Value& value, TextBuilder* out);
void Printf(std::string_view format, std::span<const Value> args, TextBuilder* out);

// strconv.Quote: "a\tb"; `ascii` writes other characters as \u escapes.
void AppendQuoted(std::string_view text, char quote, bool ascii, TextBuilder* out);
std::string QuoteGo(std::string_view text);
// "U+007D", with the character behind it where that can be printed.
std::string FormatUnicode(uint32_t rune, bool with_character);
// A quoted, raw or character constant as Go reads it. False where it is none.
bool UnquoteGo(std::string_view literal, std::string* out);

}  // namespace glp::codec::tmpl
