// Words of log lines that say how something went: levels, and the words of errors.
// Threads: pure functions, safe from any. Cost: one look at each byte.
#pragma once

#include <string_view>

namespace glp::codec {

// Whether a line (or its shape, codec/pattern_mask.h) tells of an error. A level that the line
// states as JSON or logfmt (level, lvl, severity, loglevel, log_level, levelname, detected_level)
// decides: error, err, critical, crit, fatal, panic, dpanic, severe, alert, emerg, emergency, 50
// and above; any other word is none. Without one it is looked for words:
//   error, err, exception, panic, fatal, critical, severe, failed, failure, traceback, segfault,
//   their plurals, FAIL in capitals, names that end in Error or Exception, "segmentation fault",
//   "core dumped", "exit code N", and klog's E and F in front;
// not where a word is part of a name (test_error.py, --no-error, on-failure), stands behind `no`,
// `not`, `without`, `0`, or has an empty value (error=nil, errors: 0), and not in a line with PASS
// or PASSED in it.
bool SaysError(std::string_view line);

// What a level's value says: "ERROR", "fatal", "50".
enum class LevelWord { kUnknown, kError, kOther };
LevelWord ReadLevel(std::string_view value);

// A word that counts errors, so that a 0 beside it means none: errors, failed, exceptions.
bool CountsErrors(std::string_view word);

// A word that tells lines apart which are alike otherwise: PASSED and FAILED, INFO and ERROR. It
// never counts as the varying part of a pattern.
bool TellsOutcome(std::string_view word);

}  // namespace glp::codec
