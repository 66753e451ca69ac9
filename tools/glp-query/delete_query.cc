// `delete create QUERY`, `delete list` and `delete cancel ID`: lines that a server is to delete.
#include "base/json_text.h"
#include "base/time.h"
#include "list_printer.h"
#include "mine_lines.h"
#include "run.h"
#include "table.h"

namespace glp::query {
namespace {

Result<bool> Create(Job& job, wire::LokiClient* client, const std::string& query) {
  // The last hour, which other commands take, would be a bad guess here.
  if (job.options.time.since.empty() && job.options.time.from.empty()) {
    return UsageError("`delete create` needs to know from when on: --from or --since");
  }
  if (query.empty()) return UsageError("`delete create` needs a query: whose lines?");
  const int64_t max_interval_ns = job.options.max_interval.ns;
  GLP_ASSIGN_OR_RETURN(
      const std::string id,
      client->CreateDelete(query, job.times.Range(), max_interval_ns > 0 ? max_interval_ns : 0));
  if (!id.empty()) GLP_RETURN_IF_ERROR(job.out.Write(id + "\n"));
  return true;
}

std::string Json(const wire::DeleteRequest& request) {
  std::string json;
  const auto add = [&json](std::string_view name, std::string_view value) {
    json.append(json.empty() ? "{\"" : ",\"").append(name).append("\":");
    AppendJsonString(&json, value);
  };
  add("request_id", request.id);
  add("start", FormatTimestamp(request.start_ns));
  add("end", FormatTimestamp(request.end_ns));
  add("query", request.query);
  add("status", request.status);
  add("created", FormatTimestamp(request.created_ns));
  return json + "}";
}

Result<bool> List(Job& job, wire::LokiClient* client) {
  const std::string& format = job.look.format;
  if (format == "loki" || format == "raw") {
    return UsageError("-o " + format + " does not go with `delete list`");
  }
  GLP_ASSIGN_OR_RETURN(const std::vector<wire::DeleteRequest> requests, client->Deletes());
  if (format == "jsonl") {
    for (const wire::DeleteRequest& request : requests) {
      GLP_RETURN_IF_ERROR(PutJson(job, Json(request)));
    }
    return !requests.empty();
  }
  std::vector<std::vector<std::string>> rows;
  for (const wire::DeleteRequest& request : requests) {
    rows.push_back({request.id, job.look.Time(request.start_ns), job.look.Time(request.end_ns),
                    request.status, job.look.Time(request.created_ns), request.query});
  }
  std::vector<std::vector<std::string_view>> views;
  for (const auto& row : rows) views.emplace_back(row.begin(), row.end());
  Look look = job.look;
  if (format == "default") look.format = "table";
  GLP_RETURN_IF_ERROR(
      PrintRows({"id", "start", "end", "status", "created", "query"}, views, look, &job.out));
  return !requests.empty();
}

}  // namespace

Result<bool> RunDelete(Job& job, const std::string& what) {
  if (!IsOneServer(job.sources)) {
    return UsageError(
        "`delete` asks one server (-s http://HOST:PORT or $LOKI_ADDR); glp-store delete deletes "
        "from a folder");
  }
  const Options& options = job.options;
  const std::string operand = options.words.size() > 2 ? options.words[2] : "";
  const bool has_range =
      !options.time.since.empty() || !options.time.from.empty() || !options.time.to.empty();
  if (what != "create" && (has_range || options.max_interval.ns >= 0)) {
    return UsageError("a range and --max-interval go with `delete create` only");
  }
  if (what != "cancel" && options.force)
    return UsageError("--force goes with `delete cancel` only");
  if (what != "list" && options.output != "default") {
    return UsageError("-o goes with `delete list` only");
  }
  GLP_ASSIGN_OR_RETURN(const std::unique_ptr<wire::LokiClient> client,
                       OpenServer(job.sources.front().text, options));
  if (what == "create") return Create(job, client.get(), operand);
  if (what == "list" && operand.empty()) return List(job, client.get());
  if (what == "cancel" && !operand.empty()) {
    GLP_RETURN_IF_ERROR(client->CancelDelete(operand, options.force));
    return true;
  }
  return UsageError("say what to do: `delete create QUERY`, `delete list` or `delete cancel ID`");
}

}  // namespace glp::query
