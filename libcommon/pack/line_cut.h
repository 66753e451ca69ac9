// What of a line a pattern needs, so that the captures that are looked at find the same in what is
// left: those captures, and the literals in front of and behind them. Told of all lines of a
// template at once; where it would depend on values, these lines are left whole.
//
//   `<_> status: <_> len: <_> time: <t>`, t is looked at:
//   GET /# HTTP/# status: # len: # time: #.#  ->   status:  len:  time: #.#
//
// Threads: const from any. Cost: linear in the text of the template for each literal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "logql/source.h"
#include "pack/templates.h"
#include "pack/value_column.h"

namespace glp::pack {

class LineCut {
 public:
  // A template, and which holes of the one that was cut are left.
  struct Cut {
    std::string text;
    std::vector<uint32_t> holes;
    std::vector<uint32_t> kept;
  };

  explicit LineCut(const logql::WantedCaptures& captures);

  // `shape_of`: what is known of the values in a hole, by its number. False: the lines must stay
  // whole, `cut` is of no use.
  bool Find(const Template& text, const std::function<ValueShape(size_t)>& shape_of,
            Cut* cut) const;

 private:
  // Letters and digits with none beside them.
  struct Run {
    uint32_t begin;
    uint32_t end;
  };
  // A literal and the capture behind it, either of which may be missing.
  struct Part {
    std::string literal;
    std::vector<Run> runs;
    bool wanted = false;
  };
  // What of a template is looked at: from a byte of the text on, and a hole.
  struct Place {
    size_t at;
    size_t hole;
  };
  enum class Answer : uint8_t { kFound, kMissing, kOpen };

  Answer FindFirst(const Part& part, const Template& text,
                   const std::function<ValueShape(size_t)>& shape_of, Place from,
                   Place* found) const;

  std::vector<Part> parts_;  // up to the literal behind the last capture that is wanted
  bool starts_with_literal_ = false;
};

}  // namespace glp::pack
