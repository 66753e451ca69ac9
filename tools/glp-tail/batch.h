// Reading what is there, once: file after file, each whole before the next.
// Threads: one at a time. Errors: of stdout only; those of files are said and the rest is read.
#pragma once

#include "cli/main.h"
#include "known_files.h"
#include "paths.h"
#include "record_writer.h"

namespace glp::tail {

// Whether all files could be read to their ends (or a stop was asked for).
Result<bool> ReadAll(cli::Context& context, const PathSet& paths, KnownFiles& known,
                     RecordWriter& writer);

// Says what went wrong with a file. False where that makes the run a failure; damaged data only
// makes it incomplete.
bool SayFileError(cli::Context& context, const Status& status);

}  // namespace glp::tail
