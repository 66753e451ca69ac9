// `glp-query fmt`: a query as Loki's formatter lays it out.
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "io/stop.h"
#include "run.h"

namespace glp::query {
namespace {

// A query on standard input; of one that is too long, enough for the parser to say so.
Result<std::string> ReadQuery() {
  std::string text;
  while (text.size() <= logql::kMaxQueryBytes) {
    if (io::WaitReadable(STDIN_FILENO, -1) == io::WaitState::kStopped) {
      return Status(Code::kCancelled, "stopped");
    }
    const size_t used = text.size();
    text.resize(used + (64 << 10));
    const ssize_t n = read(STDIN_FILENO, text.data() + used, text.size() - used);
    text.resize(used + static_cast<size_t>(std::max<ssize_t>(n, 0)));
    if (n == 0) break;
    if (n < 0 && errno != EINTR) return IoError("read standard input", errno);
  }
  return text;
}

}  // namespace

Result<bool> FormatQuery(Job& job, const std::string& query) {
  std::string text = query;
  if (job.options.words.size() < 2) {
    GLP_RETURN_IF_ERROR(cli::RefuseTerminal(job.context, STDIN_FILENO));
    GLP_ASSIGN_OR_RETURN(text, ReadQuery());
  }
  GLP_ASSIGN_OR_RETURN(const logql::Expr expr, logql::Parse(text, logql::kLocalQuery));
  job.out.buffer() += logql::Prettify(expr) + "\n";
  return true;
}

}  // namespace glp::query
