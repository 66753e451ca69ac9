// The expressions of `| json name="…"` and `| logfmt name="…"`.
//
//   GLP_ASSIGN_OR_RETURN(JsonPath path, ParseJsonPath("pod.labels[\"a b\"][0]"));
//
// Threads: pure functions.
// Errors:  Code::kUsage in Loki's words, "cannot parse expression [pod.]: syntax error: unexpected
//          $end, expecting FIELD".
// Source:  Loki 3.7 pkg/logql/log/jsonexpr and logfmt.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace glp::logql {

// A step into an object by its key or into an array by its index.
struct JsonStep {
  std::string key;
  size_t index = 0;
  bool is_index = false;
};
using JsonPath = std::vector<JsonStep>;  // at least one

// a.b, a["b c"], a[0], ["a"].b. A key in quotes has no escapes and ends at a quote or bracket.
Result<JsonPath> ParseJsonPath(std::string_view expression);
// key or "key": the key.
Result<std::string> ParseLogfmtKey(std::string_view expression);

}  // namespace glp::logql
