// -A, -B, -C: log queries with the lines around those that match.
#include <algorithm>

#include "logql/context.h"
#include "run.h"

namespace glp::query {
namespace {

// The field that tells context from matches in the formats that show labels or fields.
std::string_view MarkedFields(std::string_view fields, logql::ContextRole role,
                              std::string* scratch) {
  const std::string_view where = role == logql::ContextRole::kBefore ? "before" : "after";
  *scratch = R"({"__context__":")";
  scratch->append(where).append("\"");
  if (fields.size() > 2) scratch->append(",").append(fields.substr(1, fields.size() - 2));
  return scratch->append("}");
}

}  // namespace

bool WantsContext(const Options& options) {
  return options.before > 0 || options.after > 0 || options.around > 0;
}

Status RunWithContext(Job& job, const logql::LogExpr& query, logql::EntrySource* source,
                      const logql::QueryParams& params,
                      const std::function<bool(const logql::Entry& entry, bool is_match)>& sink,
                      logql::ScanStats* stats) {
  const Options& options = job.options;
  logql::ContextParams context;
  context.before = std::max(options.before, options.around);
  context.after = std::max(options.after, options.around);
  // As text a group of neighbours stands apart from the next one, as grep has it.
  const bool is_text = job.look.format == "default" || job.look.format == "raw";
  const LabelSet* last = nullptr;
  std::string fields;
  uint64_t given_up = 0;
  const Status status = logql::RunContextQuery(
      query, source, params, context,
      [&](const logql::ContextEntry& given) {
        logql::Entry entry = given.entry;
        if (!is_text && given.role != logql::ContextRole::kMatch) {
          entry.fields = MarkedFields(entry.fields, given.role, &fields);
        }
        if (is_text && last != nullptr && (given.begins_group || last != given.stream)) {
          job.out.buffer() += "--\n";
        }
        last = given.stream;
        return sink(entry, given.role == logql::ContextRole::kMatch);
      },
      stats, &given_up);
  if (given_up > 0) {
    job.context.Incomplete("lines of context", std::to_string(given_up) +
                                                   " lines of context were given up: more than " +
                                                   std::to_string(context.max_held_bytes >> 20) +
                                                   " MiB would have had to be held");
  }
  return status;
}

}  // namespace glp::query
