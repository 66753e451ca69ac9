#include "cli/positions.h"

#include <simdjson.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "base/json_text.h"
#include "base/time.h"
#include "io/file.h"
#include "record/record.h"

namespace glp::cli {
namespace {

constexpr std::string_view kFirstLine = R"({"glp":"positions","version":1})";

// A line of our own form. False where it is damaged.
bool TakeLine(std::string_view line, simdjson::dom::parser* parser, Positions* positions) {
  simdjson::dom::element document;
  if (parser->parse(line.data(), line.size()).get(document) != simdjson::SUCCESS) return false;
  std::string_view text, path;
  if (document["promtail"].get(text) == simdjson::SUCCESS) {
    std::string_view position;
    if (document["position"].get(position) != simdjson::SUCCESS) return false;
    positions->promtail.insert_or_assign(std::string(text), std::string(position));
    return true;
  }
  if (document["src"].get(text) != simdjson::SUCCESS) return false;
  const Source source = ParseSource(text);
  if (source.id.empty()) return false;
  FilePosition& file = positions->files[std::string(source.id)];
  file.next = source.next;
  if (document["path"].get(path) == simdjson::SUCCESS) file.path = path;
  if (document["seen"].get(text) == simdjson::SUCCESS) {
    file.seen_ns = ParseRfc3339(text).value_or(0);
  }
  return true;
}

Result<Positions> LoadOwn(const std::string& path, const std::string& text,
                          std::vector<std::string>* warnings) {
  Positions positions;
  simdjson::dom::parser parser;
  size_t number = 0;
  bool ours = false;
  for (std::string_view line : Split(text, '\n')) {
    ++number;
    if (line == kFirstLine) ours = true;
    if (line.empty() || line == kFirstLine) continue;
    if (number == 1) {
      simdjson::dom::element document;
      std::string_view kind;
      if (parser.parse(line.data(), line.size()).get(document) == simdjson::SUCCESS &&
          document["glp"].get(kind) == simdjson::SUCCESS) {
        return DataError(path + ": of another kind or a later version: " + std::string(line));
      }
    }
    if (TakeLine(line, &parser, &positions)) {
      ours = true;
      continue;
    }
    warnings->push_back(path + ":" + std::to_string(number) +
                        ": damaged, passed over: lines of that file may be delivered twice");
  }
  if (!ours) return DataError(path + ": no positions file; it is left alone: name another file");
  return positions;
}

// What YAML says, or why it says nothing.
Status TakeYaml(const std::string& text, Positions* positions) {
  try {
    const YAML::Node root = YAML::Load(text);
    if (!root.IsMap() || !root["positions"]) return DataError("no map `positions`");
    const YAML::Node map = root["positions"];
    if (!map.IsMap() && !map.IsNull()) return DataError("`positions` is not a map");
    for (const auto& item : map) {
      positions->promtail[item.first.as<std::string>()] = item.second.as<std::string>();
    }
    return Status::Ok();
  } catch (const YAML::Exception& error) {
    return DataError(error.what());
  }
}

Result<Positions> LoadPromtail(const std::string& path, std::string text,
                               std::vector<std::string>* warnings) {
  Positions positions;
  Status status = TakeYaml(text, &positions);
  if (status.ok()) return positions;
  if (text.rfind("positions:", 0) != 0) {
    return DataError(path + ": no positions file, of glp or of promtail: " + status.message() +
                     "; it is left alone: name another file");
  }
  warnings->push_back(path + ": damaged: " + status.message() +
                      "; what is whole in front of it is used");
  // Cut off by a crash: up to the last line that is whole.
  while (!TakeYaml(text, &positions).ok()) {
    positions.promtail.clear();
    const size_t end = text.find_last_of('\n', text.size() - 2);
    if (text.size() < 2 || end == std::string::npos) break;
    text.resize(end + 1);
  }
  return positions;
}

}  // namespace

Result<Positions> Positions::Load(const std::string& path, std::vector<std::string>* warnings) {
  if (!io::Exists(path)) return Positions();
  GLP_ASSIGN_OR_RETURN(std::string text, io::ReadFile(path));
  if (text.find_first_not_of('\0') == std::string::npos) {
    if (!text.empty()) {
      warnings->push_back(path +
                          ": holds nothing but NUL bytes, as after a crash of the machine; "
                          "files are read from their start, so lines may come twice");
    }
    return Positions();
  }
  if (text[0] == '{') return LoadOwn(path, text, warnings);
  return LoadPromtail(path, std::move(text), warnings);
}

std::string Positions::ToText() const {
  std::string out(kFirstLine);
  out += '\n';
  std::vector<const std::pair<const std::string, FilePosition>*> sorted;
  sorted.reserve(files.size());
  for (const auto& file : files) sorted.push_back(&file);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
    return std::tie(a->second.path, a->first) < std::tie(b->second.path, b->first);
  });
  char time[kTimestampSize];
  for (const auto* entry : sorted) {
    const auto& [id, file] = *entry;
    out += R"({"src":")";
    out += id;
    out += '@';
    AppendUint64(&out, file.next);
    out += R"(","path":)";
    AppendJsonString(&out, file.path);
    FormatTimestamp(file.seen_ns, time);
    out += R"(,"seen":")";
    out.append(time, sizeof time);
    out += "\"}\n";
  }
  for (const auto& [key, position] : promtail) {
    out += R"({"promtail":)";
    AppendJsonString(&out, key);
    out += R"(,"position":)";
    AppendJsonString(&out, position);
    out += "}\n";
  }
  return out;
}

}  // namespace glp::cli
