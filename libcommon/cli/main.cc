#include "cli/main.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <map>
#include <mutex>

#include "base/strings.h"
#include "cli/help.h"
#include "io/file.h"
#include "io/output.h"
#include "io/stop.h"

namespace glp::cli {

struct Context::State {
  std::mutex mutex;
  std::map<std::string, uint64_t, std::less<>> incomplete;  // by kind
};

Context::Context(std::string tool, std::string short_help)
    : tool_(std::move(tool)),
      short_help_(std::move(short_help)),
      state_(std::make_unique<State>()) {}
Context::~Context() = default;

void Context::Say(std::string_view message) {
  // A message may have lines of its own (a query with its caret); each is made safe by itself.
  std::string text = tool_ + ": ";
  bool first = true;
  for (std::string_view line : Split(message, '\n')) {
    if (!first) text += '\n';
    text += EscapeForTerminal(line);
    first = false;
  }
  text += '\n';
  // Where stderr cannot be written to there is nobody left to tell.
  [[maybe_unused]] Status status = io::WriteAll(2, text, "standard error");
}

void Context::Incomplete(std::string_view kind, std::string_view message) {
  uint64_t count;
  {
    std::lock_guard lock(state_->mutex);
    auto it = state_->incomplete.find(kind);
    if (it == state_->incomplete.end()) it = state_->incomplete.emplace(kind, 0).first;
    count = ++it->second;
  }
  if (count <= kMaxSaid) Say(message);
}

uint64_t Context::incomplete_count() const {
  std::lock_guard lock(state_->mutex);
  uint64_t sum = 0;
  for (const auto& [kind, count] : state_->incomplete) sum += count;
  return sum;
}

int Context::Finish(const Status& status, int done) {
  for (const auto& [kind, count] : state_->incomplete) {
    Say(kind + ": " + std::to_string(count));
  }
  if (status.ok() || status.code() == Code::kClosed) {
    return state_->incomplete.empty() ? done : kExitIncomplete;
  }
  Say(status.message());
  return status.code() == Code::kGaveUp ? kExitGaveUp : kExitUsage;
}

namespace {

// A tool started with a standard descriptor closed would get a file of its own under that number
// and write words into data. The stand-ins give an error on use.
void OccupyStandardDescriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) {
      int opened = open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
      if (opened != fd && opened >= 0) close(opened);
    }
  }
}

Result<std::string> Generate(const Command& command, std::string_view what, int argc, char** argv) {
  const bool is_page = what == "man7";
  if (what != "man" && !is_page) return Completion(command, what);
  std::string about;
  if (argc > 2) {
    GLP_ASSIGN_OR_RETURN(about, io::ReadFile(argv[2]));
  }
  if (is_page) return ProsePage(GLP_VERSION, about);
  return ManPage(command, GLP_VERSION, about);
}

int Print(Context& context, std::string_view text) {
  return context.Finish(io::WriteAll(1, text, "standard output"), kExitOk);
}

}  // namespace

int Main(int argc, char** argv, Command& command, const std::function<RunResult(Context&)>& run) {
  OccupyStandardDescriptors();
  io::InstallStopHandler();
  Context context(command.name(), ShortHelp(command));

  // Used while the project is built; not an option for users.
  constexpr std::string_view kGenerate = "--glp-generate=";
  if (argc > 1 && std::string_view(argv[1]).substr(0, kGenerate.size()) == kGenerate) {
    auto text = Generate(command, std::string_view(argv[1]).substr(kGenerate.size()), argc, argv);
    return text.ok() ? Print(context, *text) : context.Finish(text.status(), kExitOk);
  }

  auto outcome = command.Parse(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
  if (!outcome.ok()) {
    context.Say(outcome.status().message());
    context.Say("try '" + command.name() +
                (command.chosen().empty() ? "" : " " + command.chosen()) + " --help'");
    return kExitUsage;
  }
  if (outcome->wants_help) {
    bool sub = outcome->command != &command;
    return Print(context, HelpText(*outcome->command, sub ? command.name() : ""));
  }
  if (outcome->wants_version) return Print(context, command.name() + " " + GLP_VERSION + "\n");

  RunResult result = run(context);
  int code = result.ok() ? context.Finish(Status::Ok(), *result)
                         : context.Finish(result.status(), kExitOk);
  // Some file systems tell of a failed write only here.
  if (close(1) != 0 && errno != EBADF && code != kExitUsage) {
    context.Say(IoError("close standard output", errno).message());
    code = kExitUsage;
  }
  return code;
}

bool UseColor(const std::string& when, int fd) {
  if (when != "auto") return when == "always";
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return isatty(fd) == 1 && (no_color == nullptr || *no_color == '\0') &&
         (term == nullptr || std::string_view(term) != "dumb");
}

Status RefuseTerminal(const Context& context, int fd) {
  if (isatty(fd) != 1) return Status::Ok();
  return UsageError("nothing to read: standard input is a terminal\n" + context.short_help());
}

}  // namespace glp::cli
