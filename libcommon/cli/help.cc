#include "cli/help.h"

#include <algorithm>

#include "base/strings.h"

namespace glp::cli {
namespace {

constexpr size_t kWidth = 100;
constexpr size_t kColumn = 30;

const OptionRow& HelpRow() {
  static const OptionRow row{"-h,--help", "", "show this help", "", "", false, nullptr};
  return row;
}
const OptionRow& VersionRow() {
  static const OptionRow row{"--version", "", "show the version", "", "", false, nullptr};
  return row;
}

// Every option of the command, with the two that all have.
std::vector<const OptionRow*> Rows(const Command& command) {
  std::vector<const OptionRow*> rows;
  for (const OptionRow& row : command.options()) rows.push_back(&row);
  rows.push_back(&HelpRow());
  rows.push_back(&VersionRow());
  return rows;
}

// Whether a heading is due in front of the row; `section` is that of the row before. The options
// that all tools have go with the last.
bool IsNewSection(const OptionRow& row, const std::string** section) {
  const bool is_shared = &row == &HelpRow() || &row == &VersionRow();
  if (*section != nullptr && (is_shared || **section == row.section)) return false;
  *section = &row.section;
  return true;
}

std::string Spelled(const OptionRow& row) {
  std::string out;
  for (std::string_view name : Split(row.names, ',')) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  if (!row.value_name.empty()) out += " " + row.value_name;
  return out;
}

std::string Explained(const OptionRow& row) {
  std::string out = row.help;
  // Under headings the sentences say it.
  if (row.repeatable && !row.value_name.empty() && row.section.empty()) out += " (may be repeated)";
  if (!row.default_text.empty() && !row.value_name.empty()) {
    out += " (default: " + row.default_text + ")";
  }
  return out;
}

std::string UsageLine(const Command& command, std::string_view prefix) {
  std::string out = std::string(prefix) + (prefix.empty() ? "" : " ") + command.name();
  if (!command.subcommands().empty()) {
    out += command.positionals().empty() ? " COMMAND" : " [COMMAND]";
  }
  out += " [OPTION]...";
  for (const PositionalRow& row : command.positionals()) {
    std::string word = row.name + (row.many ? "..." : "");
    out += row.required ? " " + word : " [" + word + "]";
  }
  return out;
}

// `left`, then `text` in a column of its own, broken between words.
void AppendTwoColumns(std::string* out, const std::string& left, std::string_view text) {
  *out += "  " + left;
  size_t at = left.size() + 2;
  if (at + 2 > kColumn) {
    *out += "\n";
    at = 0;
  }
  out->append(kColumn - at, ' ');
  at = kColumn;
  bool first = true;
  for (std::string_view word : Split(text, ' ')) {
    if (!first && at + 1 + word.size() > kWidth) {
      *out += "\n" + std::string(kColumn, ' ');
      at = kColumn;
      first = true;
    }
    if (!first) {
      *out += ' ';
      ++at;
    }
    *out += word;
    at += word.size();
    first = false;
  }
  *out += '\n';
}

void AppendExamples(std::string* out, const Command& command) {
  if (command.examples().empty()) return;
  *out += "Examples:\n";
  for (const ExampleRow& example : command.examples()) {
    *out += "  # " + example.what + "\n  " + example.command + "\n";
  }
  *out += "\n";
}

}  // namespace

std::string ShortHelp(const Command& command) {
  std::string out = command.name() + ": " + command.summary() + "\n\n";
  AppendExamples(&out, command);
  return out + "Usage: " + UsageLine(command, "") + "\nMore: " + command.name() + " --help\n";
}

std::string HelpText(const Command& command, std::string_view prefix) {
  std::string full = std::string(prefix) + (prefix.empty() ? "" : " ") + command.name();
  std::string out = full + ": " + command.summary() + "\n\n";
  AppendExamples(&out, command);
  out += "Usage: " + UsageLine(command, prefix) + "\n";
  if (!command.subcommands().empty()) {
    out += "\nCommands:\n";
    for (const auto& sub : command.subcommands()) {
      AppendTwoColumns(&out, sub->name(), sub->summary());
    }
    out += "\n'" + full + " COMMAND --help' shows the options of a command.\n";
  }
  if (!command.positionals().empty()) {
    out += "\nArguments:\n";
    for (const PositionalRow& row : command.positionals()) {
      AppendTwoColumns(&out, row.name, row.help);
    }
  }
  const std::string* section = nullptr;
  for (const OptionRow* row : Rows(command)) {
    if (IsNewSection(*row, &section)) {
      out += "\n" + (section->empty() ? "Options" : *section) + ":\n";
    }
    AppendTwoColumns(&out, Spelled(*row), Explained(*row));
  }
  return out;
}

namespace {

// Text that is safe in roff: backslashes, hyphens that must stay hyphens, leading dots.
std::string Roff(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    line_start = c == '\n';
  }
  return out;
}

void AppendRoffOptions(std::string* out, const Command& command) {
  for (const PositionalRow& row : command.positionals()) {
    *out += ".TP\n\\fI" + Roff(row.name) + "\\fR\n" + Roff(row.help) + "\n";
  }
  const std::string* section = nullptr;
  for (const OptionRow* row : Rows(command)) {
    if (IsNewSection(*row, &section) && !section->empty()) *out += ".SS " + Roff(*section) + "\n";
    *out += ".TP\n";
    std::string names;
    for (std::string_view name : Split(row->names, ',')) {
      names += (names.empty() ? "" : ", ") + ("\\fB" + Roff(name) + "\\fR");
    }
    if (!row->value_name.empty()) names += " \\fI" + Roff(row->value_name) + "\\fR";
    *out += names + "\n" + Roff(Explained(*row)) + "\n";
  }
}

void AppendRoffExamples(std::string* out, const Command& command) {
  for (const ExampleRow& example : command.examples()) {
    *out += ".PP\n" + Roff(example.what) + ":\n.PP\n.nf\n.RS\n" + Roff(example.command) +
            "\n.RE\n.fi\n";
  }
}

void AppendRoffAbout(std::string* out, std::string_view about) {
  bool verbatim = false, paragraph = false;
  auto end_verbatim = [&] {
    if (verbatim) *out += ".RE\n.fi\n";
    verbatim = false;
  };
  for (std::string_view line : Split(about, '\n')) {
    if (line.rfind("    ", 0) == 0) {
      if (!verbatim) *out += ".PP\n.nf\n.RS\n";
      verbatim = true;
      *out += Roff(line.substr(4)) + "\n";
      continue;
    }
    end_verbatim();
    if (line.rfind("## ", 0) == 0) {
      *out += ".SS " + Roff(line.substr(3)) + "\n";
      paragraph = false;
    } else if (line.rfind("# ", 0) == 0) {
      *out += ".SH " + Roff(line.substr(2)) + "\n";
      paragraph = false;
    } else if (TrimSpace(line).empty()) {
      paragraph = true;
    } else {
      if (paragraph) *out += ".PP\n";
      paragraph = false;
      *out += Roff(line) + "\n";
    }
  }
  end_verbatim();
}

constexpr std::string_view kExitStatus =
    ".SH EXIT STATUS\n"
    ".TP\n\\fB0\\fR\ndone; for \\fBglp\\-filter\\fR and \\fBglp\\-query\\fR: something matched\n"
    ".TP\n\\fB1\\fR\nnothing matched (\\fBglp\\-filter\\fR and \\fBglp\\-query\\fR only)\n"
    ".TP\n\\fB2\\fR\nusage, configuration or input and output went wrong\n"
    ".TP\n\\fB3\\fR\ndone, but something was skipped or is not complete; the count is on standard "
    "error\n"
    ".TP\n\\fB75\\fR\ngiven up on a server\n";

// The head of a page, up to its name.
std::string PageHead(std::string_view name, char section, std::string_view version,
                     std::string_view summary) {
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return ".TH " + Roff(upper) + " " + section + " \"\" \"glp " + std::string(version) +
         "\" \"glp\"\n.SH NAME\n" + Roff(name) + " \\- " + Roff(summary) + "\n";
}

}  // namespace

Result<std::string> ProsePage(std::string_view version, std::string_view prose) {
  constexpr std::string_view kDash = " - ";
  const std::string_view head = prose.substr(0, prose.find('\n'));
  const size_t dash = head.find(kDash);
  if (dash == head.npos) return DataError("the page does not begin with a line NAME - SUMMARY");
  std::string out = PageHead(head.substr(0, dash), '7', version, head.substr(dash + kDash.size()));
  AppendRoffAbout(&out, prose.substr(std::min(head.size() + 1, prose.size())));
  return out;
}

std::string ManPage(const Command& command, std::string_view version, std::string_view about) {
  std::string out = PageHead(command.name(), '1', version, command.summary());
  out += ".SH SYNOPSIS\n\\fB" + Roff(UsageLine(command, "")) + "\\fR\n";
  AppendRoffAbout(&out, about);
  out += ".SH OPTIONS\n";
  AppendRoffOptions(&out, command);
  if (!command.subcommands().empty()) {
    out += ".SH COMMANDS\n";
    for (const auto& sub : command.subcommands()) {
      out += ".SS " + Roff(UsageLine(*sub, command.name())) + "\n" + Roff(sub->summary()) + "\n";
      AppendRoffOptions(&out, *sub);
    }
  }
  out += ".SH EXAMPLES\n";
  AppendRoffExamples(&out, command);
  for (const auto& sub : command.subcommands()) AppendRoffExamples(&out, *sub);
  return out + std::string(kExitStatus);
}

namespace {

// 'text' for a shell, with quotes inside made safe.
std::string ShellQuote(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string AllNames(const Command& command) {
  std::string out;
  for (const OptionRow* row : Rows(command)) {
    for (std::string_view name : Split(row->names, ',')) {
      out += (out.empty() ? "" : " ") + std::string(name);
    }
  }
  return out;
}

bool IsChoice(const OptionRow& row) { return row.value_name.find('|') != std::string::npos; }

std::string ChoiceWords(const OptionRow& row) {
  std::string words = row.value_name;
  std::replace(words.begin(), words.end(), '|', ' ');
  return words;
}

void AppendBashCases(std::string* out, const Command& command) {
  for (const OptionRow& row : command.options()) {
    if (row.value_name.empty()) continue;
    std::string names = row.names;
    std::replace(names.begin(), names.end(), ',', '|');
    std::string words = "COMPREPLY=()";
    if (IsChoice(row)) {
      words = "COMPREPLY=($(compgen -W " + ShellQuote(ChoiceWords(row)) + " -- \"$cur\"))";
    } else if (!row.complete.empty()) {
      words = std::string("COMPREPLY=($(compgen ") + (row.complete == "dir" ? "-d" : "-f") +
              " -- \"$cur\"))";
    }
    *out += "      " + names + ") " + words + "; return ;;\n";
  }
}

std::string BashCompletion(const Command& command) {
  std::string function = "_" + command.name();
  std::replace(function.begin(), function.end(), '-', '_');
  std::string out = "# bash completion of " + command.name() + ", made from its option table\n" +
                    function + "() {\n" +
                    "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                    // bash breaks --name=value at the sign
                    "  if [[ $cur == = ]]; then cur=''\n"
                    "  elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
                    "  local words=" +
                    ShellQuote(AllNames(command)) +
                    " command='' word\n"
                    "  COMPREPLY=()\n";
  if (!command.subcommands().empty()) {
    std::string names;
    for (const auto& sub : command.subcommands()) {
      names += (names.empty() ? "" : "|") + sub->name();
    }
    out +=
        "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
        "    case $word in " +
        names + ") command=$word; break ;; esac\n  done\n";
    std::replace(names.begin(), names.end(), '|', ' ');
    out += "  [ -n \"$command\" ] || words=\"$words " + names + "\"\n";
  }
  out += "  case $command in\n";
  auto append_branch = [&out](const std::string& name, const Command& c) {
    out += "  " + ShellQuote(name) + ")\n";
    if (!name.empty()) out += "    words=" + ShellQuote(AllNames(c)) + "\n";
    out += "    case $prev in\n";
    AppendBashCases(&out, c);
    out += "      *) ;;\n    esac ;;\n";
  };
  append_branch("", command);
  for (const auto& sub : command.subcommands()) append_branch(sub->name(), *sub);
  out +=
      "  esac\n"
      "  if [[ $cur == -* || -n '" +
      std::string(command.subcommands().empty() ? "" : "x") +
      "' && -z $command ]]; then\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
      "  else\n"
      "    mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
      "  fi\n}\n"
      "complete -o filenames -F " +
      function + " " + command.name() + "\n";
  return out;
}

// The help text inside [...] of an _arguments spec.
std::string ZshText(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

void AppendZshArguments(std::string* out, const Command& command, const std::string& indent) {
  for (const OptionRow* row : Rows(command)) {
    std::string action;
    if (!row->value_name.empty()) {
      std::string what = IsChoice(*row)            ? "(" + ChoiceWords(*row) + ")"
                         : row->complete == "dir"  ? "_files -/"
                         : row->complete == "file" ? "_files"
                                                   : "";
      action = ":" + ZshText(IsChoice(*row) ? "choice" : row->value_name) + ":" + what;
    }
    for (std::string_view name : Split(row->names, ',')) {
      std::string spec = (row->repeatable ? "*" : "") + std::string(name) + "[" +
                         ZshText(row->help) + "]" + action;
      *out += indent + ShellQuote(spec) + " \\\n";
    }
  }
}

std::string ZshCompletion(const Command& command) {
  std::string out = "#compdef " + command.name() + "\n# made from the option table\n";
  if (command.subcommands().empty()) {
    out += "_arguments -s \\\n";
    AppendZshArguments(&out, command, "  ");
    return out + "  '*:file:_files'\n";
  }
  out += "local state line\n_arguments -C -s \\\n";
  AppendZshArguments(&out, command, "  ");
  std::string names;
  for (const auto& sub : command.subcommands()) {
    names +=
        (names.empty() ? "" : " ") + ShellQuote(sub->name() + "[" + ZshText(sub->summary()) + "]");
  }
  out +=
      "  '1: :->command' '*:: :->rest'\n"
      "case $state in\n"
      "  command) _values command " +
      names +
      " ;;\n"
      "  rest)\n"
      "    case $line[1] in\n";
  for (const auto& sub : command.subcommands()) {
    out += "      " + sub->name() + ") _arguments -s \\\n";
    AppendZshArguments(&out, *sub, "        ");
    out += "        '*:file:_files' ;;\n";
  }
  return out + "      *) _files ;;\n    esac ;;\nesac\n";
}

void AppendFishOptions(std::string* out, const std::string& tool, const Command& command,
                       const std::string& condition) {
  for (const OptionRow* row : Rows(command)) {
    *out += "complete -c " + tool;
    if (!condition.empty()) *out += " -n " + ShellQuote(condition);
    for (std::string_view name : Split(row->names, ',')) {
      *out += name.rfind("--", 0) == 0 ? " -l " + std::string(name.substr(2))
                                       : " -s " + std::string(name.substr(1));
    }
    if (!row->value_name.empty()) {
      bool files = !row->complete.empty();
      *out += files ? " -r -F" : " -x";
      if (IsChoice(*row)) *out += " -a " + ShellQuote(ChoiceWords(*row));
    }
    *out += " -d " + ShellQuote(row->help) + "\n";
  }
}

std::string FishCompletion(const Command& command) {
  std::string out = "# fish completion of " + command.name() + ", made from its option table\n";
  // Where a command is due, no file is.
  if (!command.subcommands().empty()) {
    out += "complete -c " + command.name() + " -n __fish_use_subcommand -f\n";
  }
  AppendFishOptions(&out, command.name(), command,
                    command.subcommands().empty() ? "" : "__fish_use_subcommand");
  for (const auto& sub : command.subcommands()) {
    out += "complete -c " + command.name() + " -n __fish_use_subcommand -a " + sub->name() +
           " -d " + ShellQuote(sub->summary()) + "\n";
    AppendFishOptions(&out, command.name(), *sub, "__fish_seen_subcommand_from " + sub->name());
  }
  return out;
}

}  // namespace

Result<std::string> Completion(const Command& command, std::string_view shell) {
  if (shell == "bash") return BashCompletion(command);
  if (shell == "zsh") return ZshCompletion(command);
  if (shell == "fish") return FishCompletion(command);
  return UsageError("completions are made for bash, zsh and fish, not " + std::string(shell));
}

}  // namespace glp::cli
