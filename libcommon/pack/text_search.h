// Which lines of a block can pass line filters, told from its templates and values: what the static
// text of a template says holds for all its lines, pieces that must stand in values are looked for
// in the columns, and only lines that neither decides need be rebuilt.
//
//   const TextSearch search(filters);             // of a request
//   const TextSearch::File file(search, templates);
//   if (file.Decide(filter) == TextSearch::Answer::kNever) …   // the block need not be read
//   GLP_RETURN_IF_ERROR(search.Select(&text, 0, entries, &filter, &file, true, &selection));
//
// Lifetime: shares what the filters hold. Threads: const from any.
// Cost:     templates: linear in their text for each literal. Select: a pass over the columns that
//           a literal may stand in, and a few nanoseconds a line where it stands in any.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "logql/ast.h"
#include "logql/line_search.h"
#include "pack/block_filter.h"
#include "pack/template_match.h"
#include "pack/text_column.h"

namespace glp::pack {

class TextSearch {
 public:
  enum class Answer : uint8_t { kNever, kMaybe, kAlways };

  // REQUIRES: PrepareLineFilter
  explicit TextSearch(const std::vector<logql::LineFilter>& filters);
  TextSearch(const TextSearch&) = delete;
  TextSearch& operator=(const TextSearch&) = delete;

  // What the literals do in each of many texts with holes.
  class Shapes {
   public:
    void Add(const TextSearch& search, const Template& text);
    void AddWhole(const TextSearch& search);  // lines that are one value of any bytes

   private:
    friend class TextSearch;
    struct Found {
      TemplateMatch::Answer answer;
      uint32_t ways_begin;  // in ends_
      uint32_t ways_end;
    };
    struct Shape {
      bool whole;
      bool has_holes;
      bool is_kelvin;  // a Kelvin sign or a long s in the text
      bool is_wide;    // bytes above ASCII
    };
    // Pieces of way i: from the end of the one before to ends_[i].
    std::vector<TemplateMatch::Piece> pieces_;
    std::vector<uint32_t> ends_;
    std::vector<Shape> shapes_;
    std::vector<Found> found_;  // of each shape, those of all literals
  };

  // The templates of a file. Threads: const from any.
  class File {
   public:
    // `search` must outlive it, `templates` need not.
    File(const TextSearch& search, const Templates& templates);
    // What is true of all lines of a block, as its filter tells.
    Answer Decide(const BlockFilter& filter) const;

   private:
    friend class TextSearch;
    const TextSearch& search_;
    Shapes shapes_;            // and behind those of the templates that of lines without
    std::vector<bool> known_;  // which templates are not lost
  };

  struct Selection {
    std::vector<uint32_t> rows;  // that may pass, rising
    // Of these, those that must be rebuilt to know.
    std::vector<uint32_t> open;
  };
  // Of the lines `begin` to `end`. `filter`: that of the block, `file`: what was found in its
  // templates, or nullptr. `want_lines`: the rows will be rebuilt anyway. Errors: Code::kData for
  // damaged columns.
  Status Select(TextColumn* text, size_t begin, size_t end, const BlockFilter* filter,
                const File* file, bool want_lines, Selection* selection) const;

 private:
  using Bits = std::vector<uint64_t>;
  class BlockSelect;
  struct Clause {
    std::vector<uint32_t> literals;  // any of them
    logql::LineSearch::Unless unless = logql::LineSearch::Unless::kNever;
  };
  struct Target {
    std::vector<Clause> clauses;  // all must hold
    bool decides = false;         // a line with a literal of the one clause has it
  };
  struct Filter {
    std::vector<Target> targets;
    bool is_negated = false;
    int cost = 0;
  };
  // Which literals, and which runs of each, may be in values of a block. Without its filter all.
  class Runs {
   public:
    Runs(const TextSearch& search, const BlockFilter* filter);
    bool MayHold(uint32_t literal) const { return may_hold_[literal]; }
    // Within lines that have a template and values in the place of digits.
    bool MayJoin(uint32_t literal) const { return may_join_[literal]; }
    bool MayBe(uint32_t literal, uint32_t run) const { return may_be_[starts_[literal] + run]; }

   private:
    static bool MayJoin(const TemplateMatch& literal, const BlockFilter& filter);

    std::vector<bool> may_hold_;
    std::vector<bool> may_join_;
    std::vector<bool> may_be_;
    std::vector<uint32_t> starts_;  // of each literal in may_be_
  };

  uint32_t AddLiteral(const logql::LiteralFinder& finder);
  Target MakeTarget(const logql::LineFilter::Alternative& alternative);
  Answer DecideLiteral(uint32_t literal, const Shapes& shapes, size_t shape,
                       const Runs& runs) const;
  Answer DecideClause(const Clause& clause, const Shapes& shapes, size_t shape,
                      const Runs& runs) const;
  Answer Decide(const Filter& filter, const Shapes& shapes, size_t shape, const Runs& runs) const;
  Answer Decide(const Shapes& shapes, size_t shape, const Runs& runs) const;

  std::vector<TemplateMatch> literals_;
  std::vector<Filter> filters_;
};

}  // namespace glp::pack
