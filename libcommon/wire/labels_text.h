// The text of a stream's labels as pushes and Loki's errors have it: {a="b", c="d"}.
// Threads: pure functions.
#pragma once

#include <string_view>

#include "base/result.h"
#include "record/labels.h"

namespace glp::wire {

// Reads one set from the front of `text`, which is cut to what stands behind it. Strings as PromQL
// has them ("…", '…', `…`), any order of names, a comma may stand at the end. Names are taken as
// they stand, also those that are no names (IsLabelName), `labels` are in the order of the text.
// Errors: Code::kData in the form of Loki's words: "1:5: parse error: …".
Status ReadLabelsText(std::string_view* text, Labels* labels);

}  // namespace glp::wire
