// --help, the man page and the completions of a tool, all from its option table.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/command.h"

namespace glp::cli {

// `prefix` is what stands before the command's name where it is a subcommand ("glp-store").
std::string HelpText(const Command& command, std::string_view prefix = "");
// Usage and the examples: what is shown where nothing was given to read.
std::string ShortHelp(const Command& command);
// Roff (man macros). `about` is the tool's prose: `# TITLE` begins a section, `## title` a
// subsection, lines indented by four blanks stand as they are, an empty line ends a paragraph.
std::string ManPage(const Command& command, std::string_view version, std::string_view about);
// A page of section 7, which is no tool's: such prose behind a first line "NAME - SUMMARY".
// Errors: Code::kData for prose without that line.
Result<std::string> ProsePage(std::string_view version, std::string_view prose);
// `shell` is bash, zsh or fish.
Result<std::string> Completion(const Command& command, std::string_view shell);

}  // namespace glp::cli
