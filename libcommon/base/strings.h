// Small text helpers used everywhere. Threads: pure functions, safe from any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace glp {

// Parts of `text` between `separator`s; "" gives one empty part.
std::vector<std::string_view> Split(std::string_view text, char separator);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view TrimSpace(std::string_view text);
// A to Z as a to z, every other byte as it is.
std::string AsciiLower(std::string_view text);
// Whole text as a decimal number; nothing where it is not one or does not fit.
std::optional<int64_t> ParseInt64(std::string_view text);
std::optional<uint64_t> ParseUint64(std::string_view text);
std::optional<double> ParseDouble(std::string_view text);
void AppendUint64(std::string* out, uint64_t value);
// The candidate nearest to `word` by edits, "" where none is near enough to be meant.
std::string_view Nearest(std::string_view word, const std::vector<std::string>& candidates);
// [a-zA-Z_][a-zA-Z0-9_]*: what Loki and Prometheus take as the name of a label.
bool IsLabelName(std::string_view name);

std::string Base64Encode(std::string_view bytes);
// False where `text` is not padded standard base64; `out` is then undefined.
bool Base64Decode(std::string_view text, std::string* out);

bool IsValidUtf8(std::string_view text);
// Log text made safe for a terminal: control characters except tab as \xNN, bad UTF-8 too.
std::string EscapeForTerminal(std::string_view text);

// For unordered_map<std::string, …> that is looked up by string_view without a copy:
// StringMap<V> m; m.find(view).
struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const;
};
template <typename V>
using StringMap = std::unordered_map<std::string, V, StringHash, std::equal_to<>>;

}  // namespace glp
