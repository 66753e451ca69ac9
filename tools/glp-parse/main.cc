#include "cli/main.h"

#include <string_view>

#include "parse.h"

namespace glp::parse {
namespace {

cli::Command Describe(Options* o) {
  cli::Command c("glp-parse", "take records apart: formats, fields, times");
  c.Example("glp-tail app.log | glp-parse --auto | jq .fields",
            "find out the format of each file and see what is in it");
  c.Example(
      "glp-tail -f '/var/log/pods/*/*/*.log' | glp-parse --cri | glp-push --url http://loki:3100",
      "the logs of a Kubernetes node with containerd");
  c.Example(
      "glp-tail '/var/log/pods/*/*/*.log' | glp-parse --docker --regex "
      "'pods/(?P<namespace>[^_]+)_(?P<pod>[^_]+)_' --source filename",
      "what Docker wraps, then fields from the path of the file");
  c.Example(
      "glp-tail app.json | glp-parse --json 'level,user=user.name,t=time' --timestamp t=RFC3339 "
      "--output msg",
      "fields by path, the time out of one of them");
  StageList* stages = &o->stages;
  c.OnFlag(
      "--auto", [stages] { return stages->AddAuto(); },
      "decide for each file from its first lines: docker, cri, json, logfmt or plain");
  c.OnFlag(
      "--docker", [stages] { return stages->AddDocker(); },
      "Docker's json-file lines: line, label stream and time; lines cut at 16 KiB are joined");
  c.OnFlag(
      "--cri", [stages] { return stages->AddCri(); },
      "lines of containerd and CRI-O: line, label stream and time; partial lines are joined");
  c.OnValue(
      "--json", "FIELD=PATH,...", [stages](std::string_view v) { return stages->AddJson(v); },
      "fields from a JSON object, by paths as a.b.c, a[0] or \"a key\"; FIELD alone is its own "
      "path");
  c.OnValue(
      "--logfmt", "FIELD=KEY,...", [stages](std::string_view v) { return stages->AddLogfmt(v); },
      "fields from key=value words; KEY alone keeps its name");
  c.OnValue(
      "--regex", "RE", [stages](std::string_view v) { return stages->AddRegex(v); },
      "fields from the named groups (?P<name>...) of the first match; RE2 syntax");
  c.OnValue(
      "--source", "NAME", [stages](std::string_view v) { return stages->SetSource(v); },
      "what the --json, --logfmt or --regex in front of it reads: a field, else a label; without "
      "it, or with 'line', the line");
  c.OnValue(
      "--timestamp", "FIELD=LAYOUT",
      [stages](std::string_view v) { return stages->AddTimestamp(v); },
      "time from a field: a Go layout, or one of ANSIC, UnixDate, RubyDate, RFC822, RFC822Z, "
      "RFC850, RFC1123, RFC1123Z, RFC3339, RFC3339Nano, Unix, UnixMs, UnixUs, UnixNs");
  c.OnValue(
      "--output", "FIELD", [stages](std::string_view v) { return stages->AddOutput(v); },
      "a field takes the place of the line");
  c.Flag("--line-buffered", &o->line_buffered, "write each record at once");
  return c;
}

}  // namespace
}  // namespace glp::parse

int main(int argc, char** argv) {
  glp::parse::Options options;
  glp::cli::Command command = glp::parse::Describe(&options);
  return glp::cli::Main(argc, argv, command, [&](glp::cli::Context& context) {
    return glp::parse::Run(options, context);
  });
}
