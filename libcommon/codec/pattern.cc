#include "codec/pattern.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>

namespace glp::codec {
namespace {

// A stretch of a pattern: a literal, or a capture by its name ("_" for one without).
struct Piece {
  bool is_capture;
  std::string_view text;
};

bool IsNameStart(char c) { return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_'; }
bool IsNamePart(char c) { return IsNameStart(c) || (c >= '0' && c <= '9'); }

// Size of `<name>` at the start of `text`, 0 where there is none.
size_t CaptureSize(std::string_view text) {
  if (text.size() < 3 || text[0] != '<' || !IsNameStart(text[1])) return 0;
  size_t end = 2;
  while (end < text.size() && IsNamePart(text[end])) ++end;
  return end < text.size() && text[end] == '>' ? end + 1 : 0;
}

std::vector<Piece> Split(std::string_view pattern) {
  std::vector<Piece> pieces;
  size_t literal = 0, at = 0;
  while (at < pattern.size()) {
    const size_t size = pattern[at] == '<' ? CaptureSize(pattern.substr(at)) : 0;
    if (size == 0) {
      ++at;
      continue;
    }
    if (at > literal) pieces.push_back({false, pattern.substr(literal, at - literal)});
    pieces.push_back({true, pattern.substr(at + 1, size - 2)});
    literal = at += size;
  }
  if (at > literal) pieces.push_back({false, pattern.substr(literal)});
  return pieces;
}

Status RefuseNeighbours(const std::vector<Piece>& pieces) {
  for (size_t i = 1; i < pieces.size(); ++i) {
    if (!pieces[i - 1].is_capture || !pieces[i].is_capture) continue;
    return UsageError("found consecutive capture '<" + std::string(pieces[i - 1].text) + "><" +
                      std::string(pieces[i].text) + ">': invalid expression");
  }
  return Status::Ok();
}

// Captures are short as a rule: what stands behind one is near, and looked for right here. memmem
// sees to the rest, and to texts that make this slow.
size_t Find(std::string_view text, std::string_view literal) {
  const char* at = text.data();
  const char* const end = at + text.size();
#ifdef __SSE2__
  const size_t size = literal.size();
  const __m128i first = _mm_set1_epi8(literal.front()), last = _mm_set1_epi8(literal.back());
  int looks_left = 64;
  while (static_cast<size_t>(end - at) >= size + 15) {
    const __m128i firsts = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i lasts = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + size - 1));
    const __m128i hits = _mm_and_si128(_mm_cmpeq_epi8(firsts, first), _mm_cmpeq_epi8(lasts, last));
    for (auto mask = static_cast<unsigned>(_mm_movemask_epi8(hits)); mask != 0; mask &= mask - 1) {
      const char* const place = at + __builtin_ctz(mask);
      if (size <= 2 || memcmp(place + 1, literal.data() + 1, size - 2) == 0) {
        return static_cast<size_t>(place - text.data());
      }
      if (--looks_left == 0) break;
    }
    if (looks_left == 0) break;
    at += 16;
  }
#endif
  const auto left = static_cast<size_t>(end - at);
  const void* const found = memmem(at, left, literal.data(), literal.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace

Result<PatternParser> PatternParser::Compile(std::string_view pattern) {
  PatternParser out;
  const std::vector<Piece> pieces = Split(pattern);
  for (const Piece& piece : pieces) {
    Part part;
    part.is_capture = piece.is_capture;
    if (!piece.is_capture) {
      part.literal = piece.text;
    } else if (piece.text != "_") {
      part.name = static_cast<int>(out.names_.size());
      out.names_.emplace_back(piece.text);
    }
    out.parts_.push_back(std::move(part));
  }
  if (out.names_.empty()) return UsageError("at least one capture is required");
  GLP_RETURN_IF_ERROR(RefuseNeighbours(pieces));
  std::vector<std::string> sorted = out.names_;
  std::sort(sorted.begin(), sorted.end());
  if (auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end()) {
    return UsageError("duplicate capture name (" + *twice + "): invalid expression");
  }
  return out;
}

size_t PatternParser::Match(std::string_view line, std::vector<std::string_view>* values) const {
  values->clear();
  if (line.empty()) return 0;
  auto part = parts_.begin();
  if (!part->is_capture) {
    if (line.substr(0, part->literal.size()) != part->literal) return 0;
    line.remove_prefix(part->literal.size());
    ++part;
  }
  // From here captures and literals take turns.
  while (part != parts_.end()) {
    const Part& capture = *part++;
    const size_t at = part == parts_.end() ? std::string_view::npos : Find(line, part->literal);
    if (capture.name >= 0) values->push_back(line.substr(0, at));
    if (at == std::string_view::npos) break;
    line.remove_prefix(at + part->literal.size());
    ++part;
  }
  return values->size();
}

Result<PatternFilter> PatternFilter::Compile(std::string_view pattern) {
  PatternFilter out;
  const std::vector<Piece> pieces = Split(pattern);
  GLP_RETURN_IF_ERROR(RefuseNeighbours(pieces));
  for (const Piece& piece : pieces) {
    if (!piece.is_capture) {
      out.literals_.emplace_back(piece.text);
    } else if (piece.text != "_") {
      return UsageError("named captures are not allowed: found '<" + std::string(piece.text) +
                        ">'");
    }
  }
  if (!pieces.empty()) {
    out.starts_with_capture_ = pieces.front().is_capture;
    out.ends_with_capture_ = pieces.back().is_capture;
  }
  return out;
}

std::string_view PatternFilter::longest_literal() const {
  std::string_view longest;
  for (const std::string& literal : literals_) {
    if (literal.size() > longest.size()) longest = literal;
  }
  return longest;
}

// Every capture takes one byte at least, the first literal need not begin the line, and each is
// looked for once: the last one has to end the line where it is found first.
bool PatternFilter::Matches(std::string_view line) const {
  if (literals_.empty()) return line.empty() != ends_with_capture_;
  if (line.empty()) return false;
  bool behind_capture = starts_with_capture_;
  for (const std::string& literal : literals_) {
    const size_t at = Find(line, literal);
    if (at == std::string_view::npos || (at == 0 && behind_capture)) return false;
    line.remove_prefix(at + literal.size());
    behind_capture = true;
  }
  return line.empty() != ends_with_capture_;
}

}  // namespace glp::codec
