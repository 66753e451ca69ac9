// The options of a tool as a table: parsed by CLI11; --help, man page and completions are made
// from the same table, so they cannot disagree.
//
//   struct Options { bool follow = false; std::vector<std::string> labels; };
//   cli::Command Describe(Options* o) {
//     cli::Command c("glp-tail", "lines of files as records");
//     c.Example("glp-tail -f app.log", "follow a file");
//     c.Flag("-f,--follow", &o->follow, "wait for more lines when the end is reached");
//     c.Value("--label", "K=V", &o->labels, "add a label to every record; may be repeated");
//     c.Positional("PATH", &o->paths, "files or globs; '-' is standard input");
//     return c;
//   }
//
// Every tool gets --help and --version. Options that take an action in the order given (glp-parse)
// use OnFlag and OnValue.
// Lifetime: targets must outlive Parse. Threads: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace glp::cli {

struct Duration {
  int64_t ns = 0;
};
struct Size {
  uint64_t bytes = 0;
};

struct OptionRow {
  std::string names;       // "-f,--follow"
  std::string value_name;  // "" for a flag; "a|b|c" lists the choices
  std::string help;        // a sentence; shown with the default where there is one
  std::string default_text;
  std::string complete;  // what a shell completes: "file", "dir", "" for nothing
  bool repeatable = false;
  std::function<Status(std::string_view)> set;  // called in the order given
  std::string section = {};                     // the heading that it stands under, "" for none
};

struct PositionalRow {
  std::string name;
  std::string help;
  std::string complete;
  bool required = false;
  bool many = false;
  std::function<Status(std::string_view)> set;
};

struct ExampleRow {
  std::string command;
  std::string what;
};

class Command {
 public:
  Command(std::string name, std::string summary);
  Command(Command&&) noexcept;
  Command& operator=(Command&&) noexcept;
  ~Command();

  void Example(std::string command, std::string what);

  void Flag(std::string names, bool* target, std::string help);
  void Value(std::string names, std::string value_name, std::string* target, std::string help);
  void Value(std::string names, std::string value_name, std::vector<std::string>* target,
             std::string help);  // repeatable
  void Value(std::string names, std::string value_name, uint64_t* target, std::string help);
  void Value(std::string names, std::string value_name, int64_t* target, std::string help);
  void Value(std::string names, std::string value_name, Duration* target, std::string help);
  void Value(std::string names, std::string value_name, Size* target, std::string help);
  // One of `choices`; the target's present value is the default.
  void Choice(std::string names, std::vector<std::string> choices, std::string* target,
              std::string help);
  // Actions, called in the order of the command line.
  void OnFlag(std::string names, std::function<Status()> action, std::string help);
  void OnValue(std::string names, std::string value_name,
               std::function<Status(std::string_view)> action, std::string help);
  void Positional(std::string name, std::string* target, std::string help, bool required = false);
  void Positional(std::string name, std::vector<std::string>* target, std::string help,
                  bool required = false);
  // The heading for the options added from here on ("Filtering"); they are shown in the order
  // given, those that all tools have behind the last.
  void Section(std::string title) { section_ = std::move(title); }
  // What a shell completes for the option or positional added last: "file" or "dir".
  void Completes(std::string what);

  // A command below this one (`glp-store append`). The reference is good as long as this Command.
  // `required`: a call without any subcommand is a usage error.
  Command& Subcommand(std::string name, std::string summary);
  // Name of the subcommand given, "" if none; after Parse.
  const std::string& chosen() const { return chosen_; }

  // The default text of the option added last, where its target does not show it.
  void DefaultText(std::string text);

  // Errors: Code::kUsage with the whole message (unknown options name the nearest known one).
  // `wants_help`/`wants_version` tell what was asked for instead of work.
  struct Outcome {
    bool wants_help = false;
    bool wants_version = false;
    const Command* command = nullptr;  // the (sub)command that was asked for
  };
  Result<Outcome> Parse(const std::vector<std::string>& args);

  // The table, for help, man page and completions (cli/help.h).
  const std::string& name() const { return name_; }
  const std::string& summary() const { return summary_; }
  const std::vector<OptionRow>& options() const { return options_; }
  const std::vector<PositionalRow>& positionals() const { return positionals_; }
  const std::vector<ExampleRow>& examples() const { return examples_; }
  const std::vector<std::unique_ptr<Command>>& subcommands() const { return subcommands_; }

 private:
  OptionRow& Add(std::string names, std::string value_name, std::string help);
  std::string name_, summary_, chosen_, section_;
  std::vector<OptionRow> options_;
  std::vector<PositionalRow> positionals_;
  std::vector<ExampleRow> examples_;
  std::vector<std::unique_ptr<Command>> subcommands_;
  bool last_is_positional_ = false;
};

}  // namespace glp::cli
