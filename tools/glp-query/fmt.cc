// `glp-query fmt`: a query as Loki's formatter lays it out.
#include <unistd.h>

#include "io/file.h"
#include "run.h"

namespace glp::query {

Result<bool> FormatQuery(Job& job, const std::string& query) {
  std::string text = query;
  if (text.empty()) {
    GLP_RETURN_IF_ERROR(cli::RefuseTerminal(job.context, STDIN_FILENO));
    GLP_ASSIGN_OR_RETURN(text, io::ReadFile("/dev/stdin", logql::kMaxQueryBytes + 1));
  }
  logql::ParseOptions options;
  options.allow_empty_selector = true;
  options.allow_no_selector = true;
  GLP_ASSIGN_OR_RETURN(const logql::Expr expr, logql::Parse(text, options));
  job.out.buffer() += logql::Prettify(expr) + "\n";
  return true;
}

}  // namespace glp::query
