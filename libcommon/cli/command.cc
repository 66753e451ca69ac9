#include "cli/command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "base/units.h"

namespace glp::cli {
namespace {

// Carries a Status of ours through CLI11, which reports by exceptions.
struct StatusError {
  Status status;
};

Status BadNumber(std::string_view text) {
  return UsageError("'" + std::string(text) + "' is not a whole number in range");
}

// "-f,--follow" → {"-f", "--follow"}
std::vector<std::string> Names(const OptionRow& row) {
  std::vector<std::string> names;
  for (std::string_view name : Split(row.names, ',')) names.emplace_back(name);
  return names;
}

std::string LongName(const OptionRow& row) { return Names(row).back(); }

}  // namespace

Command::Command(std::string name, std::string summary)
    : name_(std::move(name)), summary_(std::move(summary)) {}
Command::Command(Command&&) noexcept = default;
Command& Command::operator=(Command&&) noexcept = default;
Command::~Command() = default;

void Command::Example(std::string command, std::string what) {
  examples_.push_back({std::move(command), std::move(what)});
}

OptionRow& Command::Add(std::string names, std::string value_name, std::string help) {
  OptionRow row;
  row.names = std::move(names);
  row.value_name = std::move(value_name);
  row.help = std::move(help);
  row.section = section_;
  options_.push_back(std::move(row));
  last_is_positional_ = false;
  return options_.back();
}

void Command::Flag(std::string names, bool* target, std::string help) {
  Add(std::move(names), "", std::move(help)).set = [target](std::string_view) {
    *target = true;
    return Status::Ok();
  };
}

void Command::Value(std::string names, std::string value_name, std::string* target,
                    std::string help) {
  OptionRow& row = Add(std::move(names), std::move(value_name), std::move(help));
  row.default_text = *target;
  row.set = [target](std::string_view text) {
    *target = text;
    return Status::Ok();
  };
}

void Command::Value(std::string names, std::string value_name, std::vector<std::string>* target,
                    std::string help) {
  OptionRow& row = Add(std::move(names), std::move(value_name), std::move(help));
  row.repeatable = true;
  row.set = [target](std::string_view text) {
    target->emplace_back(text);
    return Status::Ok();
  };
}

void Command::Value(std::string names, std::string value_name, uint64_t* target, std::string help) {
  OptionRow& row = Add(std::move(names), std::move(value_name), std::move(help));
  row.default_text = std::to_string(*target);
  row.set = [target](std::string_view text) {
    auto value = ParseUint64(text);
    if (!value) return BadNumber(text);
    *target = *value;
    return Status::Ok();
  };
}

void Command::Value(std::string names, std::string value_name, int64_t* target, std::string help) {
  OptionRow& row = Add(std::move(names), std::move(value_name), std::move(help));
  row.default_text = std::to_string(*target);
  row.set = [target](std::string_view text) {
    auto value = ParseInt64(text);
    if (!value) return BadNumber(text);
    *target = *value;
    return Status::Ok();
  };
}

void Command::Value(std::string names, std::string value_name, Duration* target, std::string help) {
  OptionRow& row = Add(std::move(names), std::move(value_name), std::move(help));
  if (target->ns != 0) row.default_text = FormatDuration(target->ns);
  row.set = [target](std::string_view text) -> Status {
    GLP_ASSIGN_OR_RETURN(const int64_t ns, ParseDurationNs(text));
    if (ns < 0) return UsageError("'" + std::string(text) + "': a duration is not below 0");
    target->ns = ns;
    return Status::Ok();
  };
}

void Command::Value(std::string names, std::string value_name, Size* target, std::string help) {
  OptionRow& row = Add(std::move(names), std::move(value_name), std::move(help));
  if (target->bytes != 0) row.default_text = std::to_string(target->bytes);
  row.set = [target](std::string_view text) -> Status {
    GLP_ASSIGN_OR_RETURN(target->bytes, ParseSizeBytes(text));
    return Status::Ok();
  };
}

void Command::Choice(std::string names, std::vector<std::string> choices, std::string* target,
                     std::string help) {
  OptionRow& row = Add(std::move(names), Join(choices, "|"), std::move(help));
  row.default_text = *target;
  row.set = [target, choices = std::move(choices)](std::string_view text) {
    if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
      return UsageError("'" + std::string(text) + "' is not one of " + Join(choices, ", "));
    }
    *target = text;
    return Status::Ok();
  };
}

void Command::OnFlag(std::string names, std::function<Status()> action, std::string help) {
  OptionRow& row = Add(std::move(names), "", std::move(help));
  row.repeatable = true;
  row.set = [action = std::move(action)](std::string_view) { return action(); };
}

void Command::OnValue(std::string names, std::string value_name,
                      std::function<Status(std::string_view)> action, std::string help) {
  OptionRow& row = Add(std::move(names), std::move(value_name), std::move(help));
  row.repeatable = true;
  row.set = std::move(action);
}

void Command::Positional(std::string name, std::string* target, std::string help, bool required) {
  positionals_.push_back(
      {std::move(name), std::move(help), "", required, false, [target](std::string_view text) {
         *target = text;
         return Status::Ok();
       }});
  last_is_positional_ = true;
}

void Command::Positional(std::string name, std::vector<std::string>* target, std::string help,
                         bool required) {
  positionals_.push_back(
      {std::move(name), std::move(help), "", required, true, [target](std::string_view text) {
         target->emplace_back(text);
         return Status::Ok();
       }});
  last_is_positional_ = true;
}

void Command::Completes(std::string what) {
  (last_is_positional_ ? positionals_.back().complete : options_.back().complete) = std::move(what);
}

void Command::DefaultText(std::string text) { options_.back().default_text = std::move(text); }

Command& Command::Subcommand(std::string name, std::string summary) {
  subcommands_.push_back(std::make_unique<Command>(std::move(name), std::move(summary)));
  return *subcommands_.back();
}

namespace {

// CLI11 knows the options; the words that are none come back through `extras`, since CLI11 would
// take brackets of a glob for a list.
void Declare(const Command& command, CLI::App* app, Command::Outcome* outcome) {
  app->set_help_flag();
  app->allow_extras();
  app->add_flag_callback("-h,--help", [outcome] { outcome->wants_help = true; });
  app->add_flag_callback("--version", [outcome] { outcome->wants_version = true; });
  for (const OptionRow& row : command.options()) {
    auto set = [&row, name = LongName(row)](std::string_view value) {
      Status status = row.set(value);
      if (!status.ok()) throw StatusError{status.Annotate(name)};
    };
    CLI::Option* option;
    if (row.value_name.empty()) {
      option = app->add_flag_callback(row.names, [set] { set(""); });
    } else {
      CLI::callback_t take = [set](const CLI::results_t& results) {
        set(results.back());
        return true;
      };
      option = app->add_option(row.names, take);
      option->type_size(1)->expected(1)->allow_extra_args(false);
      option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    }
    // The action must happen in the order of the command line, not of this table.
    option->trigger_on_parse();
  }
  for (const auto& subcommand : command.subcommands()) {
    Declare(*subcommand, app->add_subcommand(subcommand->name()), outcome);
  }
}

// `--name=value` as two words, since CLI11 takes the next word for an empty value.
std::vector<std::string> SplitAssignments(const Command& command, const std::string& arg) {
  size_t equals = arg.find('=');
  if (arg.rfind("--", 0) != 0 || equals == std::string::npos) return {arg};
  std::string name = arg.substr(0, equals);
  auto takes_value = [&](const Command& c) {
    return std::any_of(c.options().begin(), c.options().end(), [&](const OptionRow& row) {
      auto names = Names(row);
      return !row.value_name.empty() && std::find(names.begin(), names.end(), name) != names.end();
    });
  };
  bool known = takes_value(command);
  for (const auto& subcommand : command.subcommands()) known = known || takes_value(*subcommand);
  if (!known) return {arg};
  return {name, arg.substr(equals + 1)};
}

Status UnknownOption(const Command& command, const std::string& word) {
  std::vector<std::string> known = {"--help", "--version"};
  for (const OptionRow& row : command.options()) {
    for (std::string& name : Names(row)) known.push_back(std::move(name));
  }
  std::string name = word.substr(0, word.find('='));
  std::string_view nearest = Nearest(name, known);
  return UsageError("unknown option " + name +
                    (nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?"));
}

Status UnknownSubcommand(const Command& command, const std::string& word) {
  std::vector<std::string> known;
  for (const auto& subcommand : command.subcommands()) known.push_back(subcommand->name());
  std::string_view nearest = Nearest(word, known);
  return UsageError("unknown command '" + word + "'; " +
                    (nearest.empty() ? "known are " + Join(known, ", ")
                                     : "did you mean " + std::string(nearest) + "?"));
}

Status TakePositionals(const Command& command, const std::vector<std::string>& words) {
  size_t row = 0;
  bool filled = false;
  for (const std::string& word : words) {
    if (row == command.positionals().size()) {
      if (!command.subcommands().empty() && command.positionals().empty()) {
        return UnknownSubcommand(command, word);
      }
      return UsageError("unexpected argument '" + word + "'");
    }
    const PositionalRow& positional = command.positionals()[row];
    GLP_RETURN_IF_ERROR(positional.set(word).Annotate(positional.name));
    if (positional.many) {
      filled = true;
    } else {
      ++row;
    }
  }
  if (filled) ++row;
  for (; row < command.positionals().size(); ++row) {
    if (command.positionals()[row].required) {
      return UsageError("no " + command.positionals()[row].name + " given");
    }
  }
  return Status::Ok();
}

}  // namespace

Result<Command::Outcome> Command::Parse(const std::vector<std::string>& args) {
  Outcome outcome;
  outcome.command = this;
  CLI::App app;
  Declare(*this, &app, &outcome);

  auto dashes = std::find(args.begin(), args.end(), "--");
  std::vector<std::string> words;
  for (auto it = args.begin(); it != dashes; ++it) {
    for (std::string& word : SplitAssignments(*this, *it)) words.push_back(std::move(word));
  }
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
  try {
    app.parse(words);
  } catch (const StatusError& error) {
    return error.status;
  } catch (const CLI::ParseError& error) {
    return UsageError(error.what());
  }
  const CLI::App* used = &app;
  if (!app.get_subcommands().empty()) {
    used = app.get_subcommands().front();
    chosen_ = used->get_name();
    for (const auto& subcommand : subcommands_) {
      if (subcommand->name() == chosen_) outcome.command = subcommand.get();
    }
  }
  if (outcome.wants_help || outcome.wants_version) return outcome;

  std::vector<std::string> extras = used->remaining();
  if (used != &app) {
    std::vector<std::string> before = app.remaining();
    extras.insert(extras.begin(), before.begin(), before.end());
  }
  for (const std::string& word : extras) {
    if (word.size() > 1 && word[0] == '-') return UnknownOption(*outcome.command, word);
  }
  if (dashes != args.end()) extras.insert(extras.end(), dashes + 1, args.end());
  if (extras.empty() && outcome.command == this && !subcommands_.empty() && positionals_.empty()) {
    std::vector<std::string> known;
    for (const auto& subcommand : subcommands_) known.push_back(subcommand->name());
    return UsageError("no command given; known are " + Join(known, ", "));
  }
  GLP_RETURN_IF_ERROR(TakePositionals(*outcome.command, extras));
  return outcome;
}

}  // namespace glp::cli
