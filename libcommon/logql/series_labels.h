// The labels under which an entry is shown and counted: those of its stream and, beside them, its
// structured metadata and what a query's parsers extracted. A metadata name that the stream has too
// appears as NAME_extracted; among parsed names that is settled already.
// Threads: pure functions. Errors: Code::kData where `meta` or `fields` is not a flat JSON object.
#pragma once

#include <string_view>

#include "base/result.h"
#include "logql/expr.h"
#include "record/labels.h"

namespace glp::logql {

// `meta`, `fields`: raw JSON objects of strings, "" where there is none. Sorted by name.
Result<Labels> MergeLabels(const LabelSet& stream, std::string_view meta,
                           std::string_view fields = {});

// The part of `labels` (sorted) that a grouping leaves; nothing given: none.
Labels ProjectLabels(const Labels& labels, const Grouping& grouping);

// Whether a series with labels `a` stands in front of one with `b`.
bool LabelsComeBefore(const Labels& a, const Labels& b);

}  // namespace glp::logql
