#include "cli/main.h"

#include <string_view>

#include "label.h"

namespace glp::label {
namespace {

cli::Command Describe(Options* o) {
  cli::Command c("glp-label", "which fields become labels or metadata");
  c.Example(
      "glp-tail app.log | glp-parse --json level | glp-label --set job=app --from-field level",
      "a fixed label and one from a field");
  c.Example("glp-tail -f '/var/log/pods/*/*/*.log' | glp-parse --cri | glp-label --from-path",
            "namespace, pod and container from the path of the file");
  c.Example(
      "glp-label --from-field app=app_name --meta trace_id,user --drop filename < records.ndjson",
      "values that are many belong into metadata, not into labels");
  c.Example("glp-label --relabel rules.yml --max-values 1000",
            "Prometheus' relabelling, and a warning before a label has too many values");
  LabelOps* ops = &o->ops;
  c.OnValue(
      "--set", "NAME=VALUE", [ops](std::string_view v) { return ops->AddSet(v); },
      "set a label; an empty value takes it away");
  c.OnValue(
      "--from-field", "LABEL=FIELD,...", [ops](std::string_view v) { return ops->AddFromField(v); },
      "set labels from fields; LABEL alone is set from the field of that name");
  c.OnFlag(
      "--from-path", [ops] { return ops->AddFromPath(); },
      "set namespace, pod and container from a Kubernetes path in the label filename");
  c.OnValue(
      "--rename", "OLD=NEW,...", [ops](std::string_view v) { return ops->AddRename(v); },
      "rename labels");
  c.OnValue(
      "--drop", "NAME,...", [ops](std::string_view v) { return ops->AddDrop(v); },
      "take labels away");
  c.OnValue(
      "--keep", "NAME,...", [ops](std::string_view v) { return ops->AddKeep(v); },
      "take all labels away but these");
  c.OnValue(
      "--meta", "NAME=SOURCE,...", [ops](std::string_view v) { return ops->AddMeta(v); },
      "set structured metadata from fields, or else from labels, which are then taken away");
  c.OnValue(
      "--relabel", "FILE",
      [ops](std::string_view v) {
        ops->AddRelabel(v);
        return Status::Ok();
      },
      "apply the rules of a YAML file, as relabel_configs of Prometheus and promtail");
  c.Completes("file");
  c.Value("--max-values", "N", &o->max_values,
          "warn when a label has more than N values, with the most frequent ones");
  c.DefaultText("no limit");
  c.Flag("--line-buffered", &o->line_buffered, "write each record at once");
  return c;
}

}  // namespace
}  // namespace glp::label

int main(int argc, char** argv) {
  glp::label::Options options;
  glp::cli::Command command = glp::label::Describe(&options);
  return glp::cli::Main(argc, argv, command, [&](glp::cli::Context& context) {
    return glp::label::Run(options, context);
  });
}
