// What of a line a pattern needs, so that the captures that are looked at find the same in what is
// left: those captures, and the literals in front of and behind them. Told of all lines of a
// template at once; where it would depend on the values of each, these lines are left whole.
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
#include <vector>

#include "logql/source.h"
#include "pack/template_match.h"
#include "pack/templates.h"

namespace glp::pack {

class LineCut {
 public:
  // A template, and which holes of the one that was cut are left.
  struct Cut {
    std::string text;
    std::vector<uint32_t> holes;
    std::vector<uint32_t> kept;
  };

  // Whether a value in a hole may do what a run of a literal asks.
  using MayHold = std::function<bool(size_t hole, const TemplateMatch::Run& run)>;

  explicit LineCut(const logql::WantedCaptures& captures);
  LineCut(const LineCut&) = delete;
  LineCut& operator=(const LineCut&) = delete;

  // False: the lines must stay whole, `cut` is of no use. The runs that `may_hold` is given live as
  // long as this.
  bool Find(const Template& text, const MayHold& may_hold, Cut* cut) const;

 private:
  // A literal and the capture behind it, either of which may be missing.
  struct Part {
    TemplateMatch literal;
    bool wanted = false;
  };
  // What of a template is looked at: from a byte of the text on, and a hole.
  struct Place {
    size_t at;
    size_t hole;
  };
  enum class Answer : uint8_t { kFound, kMissing, kOpen };

  static Answer FindFirst(const TemplateMatch& match, const Template& text, const MayHold& may_hold,
                          Place from, Place* found);

  std::vector<Part> parts_;  // up to the literal behind the last capture that is wanted
  bool starts_with_literal_ = false;
};

}  // namespace glp::pack
