#include "pack/template_match.h"

#include <algorithm>

namespace glp::pack {
namespace {

// What the format says of templates.
bool IsRegular(const Template& text) {
  uint32_t before = UINT32_MAX;
  for (const uint32_t hole : text.holes) {
    if (hole == before) return false;
    if (hole > 0 && IsValueByte(text.text[hole - 1])) return false;
    if (hole < text.text.size() && IsValueByte(text.text[hole])) return false;
    before = hole;
  }
  return true;
}

}  // namespace

bool TemplateMatch::Run::IsDoneBy(std::string_view value) const {
  const size_t size = finder.literal().size();
  if (value.size() < size || (must == Must::kBe && value.size() > size)) return false;
  if (must == Must::kBeginWith) value = value.substr(0, size);
  if (must == Must::kEndWith) value = value.substr(value.size() - size);
  return finder.IsIn(value);
}

TemplateMatch::TemplateMatch(const logql::LiteralFinder& finder)
    : finder_(finder), fold_(finder.fold_case()) {
  const std::string_view text = literal();
  for (uint32_t at = 0; at < text.size();) {
    if (!IsValueByte(text[at])) {
      ++at;
      continue;
    }
    uint32_t end = at;
    while (end < text.size() && IsValueByte(text[end])) ++end;
    const bool is_first = at == 0, is_last = end == text.size();
    const Must must = is_first && is_last ? Must::kHold
                      : is_first          ? Must::kEndWith
                      : is_last           ? Must::kBeginWith
                                          : Must::kBe;
    runs_.push_back({at, end, must, {text.substr(at, end - at), fold_}});
    at = end;
  }
}

struct TemplateMatch::Walk {
  const TemplateMatch& match;
  const Template& text;
  std::vector<Piece>* pieces;
  size_t work_left;

  size_t begin(size_t hole) const { return hole == 0 ? 0 : text.holes[hole - 1]; }
  size_t end(size_t hole) const {
    return hole < text.holes.size() ? text.holes[hole] : text.text.size();
  }

  // Whether the literal can stand so that its run `run` is the first that is in a hole, that one.
  bool IsWay(uint32_t hole, uint32_t run) {
    const std::string_view literal = match.literal();
    size_t at = match.runs_[run].begin;
    const size_t from = end(hole) - at;
    for (size_t i = at; i-- > 0;) {
      if (!Work() || !match.Same(text.text[from + i], literal[i])) return false;
    }
    // Most do not go on: what is behind the hole differs.
    const size_t behind = match.runs_[run].end;
    if (behind < literal.size() &&
        (end(hole) == text.text.size() || !match.Same(text.text[end(hole)], literal[behind]))) {
      return false;
    }
    for (;; ++run) {
      // `at` is where the run begins: the byte before it is that before the hole.
      if (run == match.runs_.size() || match.runs_[run].begin != at) return false;
      pieces->push_back({hole, run});
      at = match.runs_[run].end;
      if (at == literal.size()) return true;
      if (hole == text.holes.size()) return false;
      ++hole;
      for (size_t place = begin(hole); place < end(hole); ++place, ++at) {
        if (at == literal.size()) return true;
        if (!Work() || !match.Same(text.text[place], literal[at])) return false;
      }
      if (at == literal.size()) return true;
      if (hole == text.holes.size()) return false;
      // Runs that stood in the text.
      while (run + 1 < match.runs_.size() && match.runs_[run + 1].begin < at) ++run;
    }
  }

  bool Work() { return work_left > 0 && --work_left > 0; }
};

TemplateMatch::Answer TemplateMatch::Find(const Template& text, std::vector<Piece>* pieces,
                                          std::vector<uint32_t>* ends) const {
  constexpr size_t kLeastWork = 4096, kWorkPerByte = 64;
  if (literal().empty()) return Answer::kAlways;
  if (!IsRegular(text)) return Answer::kOpen;
  const size_t had_pieces = pieces->size(), had_ends = ends->size();
  Walk walk{*this, text, pieces, kLeastWork + kWorkPerByte * text.text.size()};
  for (size_t hole = 0; hole <= text.holes.size(); ++hole) {
    const size_t size = walk.end(hole) - walk.begin(hole);
    if (size >= literal().size() && finder_.IsIn(text.text.substr(walk.begin(hole), size))) {
      return Answer::kAlways;
    }
  }
  if (is_run()) return Answer::kNever;
  for (uint32_t hole = 0; hole < text.holes.size(); ++hole) {
    const size_t before = walk.end(hole) - walk.begin(hole);
    for (uint32_t run = 0; run < runs_.size() && runs_[run].begin <= before; ++run) {
      const size_t size = pieces->size();
      const bool is_way = walk.IsWay(hole, run);
      if (!walk.Work()) {
        pieces->resize(had_pieces);
        ends->resize(had_ends);
        return Answer::kOpen;
      }
      if (is_way) {
        ends->push_back(static_cast<uint32_t>(pieces->size()));
      } else {
        pieces->resize(size);
      }
    }
  }
  return Answer::kNever;
}

}  // namespace glp::pack
