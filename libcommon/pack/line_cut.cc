#include "pack/line_cut.h"

#include <string.h>

#include <algorithm>

namespace glp::pack {
namespace {

// The first place of the literal in the text of a template, from `at` on, that no hole parts.
// `hole`: the first one at `at` or behind it.
size_t FindInText(std::string_view literal, const Template& text, size_t at, size_t hole) {
  for (;;) {
    const void* const hit =
        memmem(text.text.data() + at, text.text.size() - at, literal.data(), literal.size());
    if (hit == nullptr) return std::string_view::npos;
    at = static_cast<size_t>(static_cast<const char*>(hit) - text.text.data());
    while (hole < text.holes.size() && text.holes[hole] <= at) ++hole;
    if (hole == text.holes.size() || text.holes[hole] >= at + literal.size()) return at;
    at = text.holes[hole];
  }
}

}  // namespace

LineCut::LineCut(const logql::WantedCaptures& captures) {
  const auto add = [this](std::string_view literal) {
    parts_.push_back({TemplateMatch({literal, /*fold_case=*/false})});
  };
  size_t needed = 0;  // of parts_
  for (const codec::PatternParser::Part& part : captures.pattern.parts()) {
    if (!part.is_capture) {
      starts_with_literal_ |= parts_.empty();
      add(part.literal);
      continue;
    }
    if (parts_.empty()) add("");
    if (part.name < 0 || !captures.wanted[static_cast<size_t>(part.name)]) continue;
    parts_.back().wanted = true;
    needed = parts_.size() + 1;
  }
  while (parts_.size() > needed) parts_.pop_back();
}

// The values are letters and digits, what stands beside them is neither. So a literal that reaches
// into a value has a run there, and beside the run what the template has beside the hole.
LineCut::Answer LineCut::FindFirst(const TemplateMatch& match, const Template& text,
                                   const MayHold& may_hold, Place from, Place* found) {
  const std::string_view literal = match.literal();
  const size_t at = FindInText(literal, text, from.at, from.hole);
  size_t hole = from.hole;
  for (; hole < text.holes.size() && text.holes[hole] <= at; ++hole) {
    const size_t place = text.holes[hole];
    const bool has_before = place > from.at, has_behind = place < text.text.size();
    if ((hole > 0 && text.holes[hole - 1] == place) ||
        (place > 0 && IsValueByte(text.text[place - 1])) ||
        (has_behind && IsValueByte(text.text[place]))) {
      return Answer::kOpen;  // no writer makes these
    }
    for (const TemplateMatch::Run& run : match.runs()) {
      const bool begins = run.begin > 0, ends = run.end < literal.size();
      if (begins && !(has_before && text.text[place - 1] == literal[run.begin - 1])) continue;
      if (ends && !(has_behind && text.text[place] == literal[run.end])) continue;
      if (may_hold(hole, run)) return Answer::kOpen;
    }
  }
  if (at == std::string_view::npos) return Answer::kMissing;
  *found = {at, hole};
  return Answer::kFound;
}

bool LineCut::Find(const Template& text, const MayHold& may_hold, Cut* cut) const {
  cut->text.clear();
  cut->holes.clear();
  cut->kept.clear();
  Place place = {0, 0};
  const auto keep = [&](Place to) {
    for (size_t hole = place.hole; hole < to.hole; ++hole) {
      cut->holes.push_back(static_cast<uint32_t>(cut->text.size() + text.holes[hole] - place.at));
      cut->kept.push_back(static_cast<uint32_t>(hole));
    }
    cut->text.append(text.text.substr(place.at, to.at - place.at));
  };
  const Place end = {text.text.size(), text.holes.size()};
  for (size_t i = 0; i < parts_.size(); ++i) {
    const std::string_view literal = parts_[i].literal.literal();
    if (i == 0 && starts_with_literal_) {
      const size_t known = text.holes.empty() ? end.at : text.holes[0];
      const std::string_view begin = text.text.substr(0, std::min(known, literal.size()));
      if (!literal.starts_with(begin)) return true;
      if (begin.size() < literal.size()) return text.holes.empty();
      cut->text.append(literal);
      place.at = literal.size();
    } else if (i > 0) {
      Place found;
      const Answer answer = FindFirst(parts_[i].literal, text, may_hold, place, &found);
      if (answer == Answer::kOpen) return false;
      const bool is_wanted = parts_[i - 1].wanted;
      if (answer == Answer::kMissing) {
        if (is_wanted) keep(end);
        return true;
      }
      if (is_wanted) keep(found);
      cut->text.append(literal);
      place = {found.at + literal.size(), found.hole};
    }
  }
  if (!parts_.empty() && parts_.back().wanted) keep(end);
  return true;
}

}  // namespace glp::pack
