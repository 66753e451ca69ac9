// What the lines of a block have in common: finds the template of each, in the file's dictionary or
// new, and where the line's values are. Threads: one at a time.
//
// How: first every line is of the form that is left without its values. Forms that are in the
// dictionary or come often stay. Others are put together by what is left without their words: where
// some then differ in a few words, these become values, so that names and the like do not make
// thousands of templates. Lines that nothing is like have no form.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pack/line_split.h"
#include "pack/templates.h"

namespace glp::pack {

class LineForms {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Form {
    size_t pattern = 0;  // offset of its pattern
    uint32_t pattern_size = 0;
    uint32_t holes = 0;
    uint64_t hash = 0;
    uint32_t number = kNone;  // in the dictionary; kNone: it was not kept
    uint32_t lines = 0;
  };
  struct Line {
    uint32_t form = kNone;   // kNone: of none
    uint32_t first_run = 0;  // in runs(), as many as the form has holes
  };

  explicit LineForms(TemplateDictionary* dictionary) : dictionary_(dictionary) {}

  void Find(std::span<const std::string_view> lines);
  // Takes templates from `size` on out of the dictionary again.
  void Cut(size_t size);

  const std::vector<Form>& forms() const { return forms_; }
  const std::vector<Line>& lines() const { return lines_; }
  const std::vector<Run>& runs() const { return runs_; }

 private:
  // Forms that are the same without their words.
  struct Group {
    uint64_t hash = 0;
    std::vector<uint32_t> forms;
  };

  void Split(std::span<const std::string_view> lines);
  uint32_t FormOf(std::string_view pattern, uint32_t holes);
  std::string_view Pattern(const Form& form) const {
    return std::string_view(patterns_).substr(form.pattern, form.pattern_size);
  }
  void Settle();
  void SkeletonOf(std::string_view pattern);
  bool FindJoined(uint32_t form, uint64_t skeleton);
  void Join(const Group& group);
  void SplitAgain(std::span<const std::string_view> lines);
  void Register();

  TemplateDictionary* dictionary_;
  LineSplitter splitter_;
  std::string patterns_;
  std::vector<Form> forms_;
  std::vector<uint32_t> slots_;  // of forms, by hash; a power of two, at most half full
  std::vector<uint32_t> into_;   // the form that a form's lines get; kNone: none
  // Templates of which words are values, by the hash of what is left without all words.
  std::unordered_map<uint64_t, std::vector<uint32_t>> joined_templates_;
  std::vector<std::pair<uint64_t, uint32_t>> joined_forms_;  // such hashes, and new forms
  std::vector<Line> lines_;
  std::vector<Run> runs_;
  std::vector<Run> words_;
  std::string skeleton_, joined_, pattern_;
};

}  // namespace glp::pack
