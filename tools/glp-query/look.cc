#include "look.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "base/strings.h"
#include "cli/main.h"

namespace glp::query {
namespace {

// As the shell says it where it does, else as the terminal does.
size_t TerminalColumns(int fd) {
  if (const char* columns = std::getenv("COLUMNS")) {
    const std::optional<uint64_t> parsed = ParseUint64(columns);
    if (parsed && *parsed > 0) return *parsed;
  }
  winsize size{};
  return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

// The variable that decides is the first that is set, as in setlocale(3).
bool LocaleIsUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (!value || !*value) continue;
    std::string lower(value);
    for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    return lower.find("utf-8") != lower.npos || lower.find("utf8") != lower.npos;
  }
  return false;
}

}  // namespace

void Look::AppendTime(std::string* out, int64_t ts_ns) const { timestamps.Append(ts_ns, out); }

std::string Look::Time(int64_t ts_ns) const {
  std::string out;
  AppendTime(&out, ts_ns);
  return out;
}

Result<Look> MakeLook(const Options& options, const QueryTimes& times, int fd) {
  Look look;
  look.format = options.output;
  look.times = times;
  look.timestamps = codec::ZonedTimestamps(times.zone);
  if (options.hist && options.plot) {
    return UsageError("--hist and --plot draw the same answer in two ways; give one");
  }
  if (options.hist || options.plot) {
    const std::string name = options.hist ? "--hist" : "--plot";
    if (options.diff) return UsageError(name + " draws the answer of one query: not with --diff");
    if (options.before > 0 || options.after > 0 || options.around > 0) {
      return UsageError(name + " shows no lines, so none around them; leave out -A, -B and -C");
    }
    if (look.format != "default" && look.format != "table") {
      return UsageError(name + " draws the answer, which leaves nothing to print as -o " +
                        look.format + "; give one of them");
    }
    look.chart = options.hist ? Chart::kHist : Chart::kPlot;
  }
  look.color = cli::UseColor(options.color, fd);
  look.terminal = isatty(fd) == 1;
  look.utf8 = LocaleIsUtf8();
  if (look.terminal) look.columns = TerminalColumns(fd);
  return look;
}

}  // namespace glp::query
