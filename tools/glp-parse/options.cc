#include "options.h"

#include "cli/metrics_server.h"

namespace glp::parse {
namespace {

void DescribeExamples(cli::Command* c) {
  c->Example("glp-tail app.log | glp-parse --auto | jq .fields",
             "find out the format of each file and see what is in it");
  c->Example("glp-tail -f -c promtail.yml | glp-parse -c promtail.yml | glp-push -c promtail.yml",
             "what promtail does, by its own configuration");
  c->Example(
      "glp-tail -f '/var/log/pods/*/*/*.log' | glp-parse --cri | glp-push --url http://loki:3100",
      "the logs of a Kubernetes node with containerd");
  c->Example(
      "glp-tail '/var/log/pods/*/*/*.log' | glp-parse --docker --regex "
      "'pods/(?P<namespace>[^_]+)_(?P<pod>[^_]+)_' --source filename",
      "what Docker wraps, then fields from the path of the file");
  c->Example(
      "glp-tail app.json | glp-parse --json 'level,user=user.name,t=time' --timestamp t=RFC3339 "
      "--output msg",
      "fields by path, the time out of one of them");
}

void DescribeStages(cli::Command* c, StageList* stages) {
  std::string_view section;
  for (const StageOption& option : StageOptions()) {
    if (option.section != section) {
      section = option.section;
      c->Section(std::string(section));
    }
    if (option.value_name.empty()) {
      c->OnFlag(
          std::string(option.name), [stages, &option] { return stages->AddOption(option, ""); },
          std::string(option.help));
    } else {
      c->OnValue(
          std::string(option.name), std::string(option.value_name),
          [stages, &option](std::string_view v) { return stages->AddOption(option, v); },
          std::string(option.help));
    }
    if (option.form == StageOption::Form::kBlock) {
      c->OnFlag(
          "--end-match", [stages] { return stages->EndBlock(); },
          "the end of what the last --match is for");
    }
  }
}

void DescribeModifiers(cli::Command* c, StageList* stages) {
  c->Section("Settings of the stage in front of them");
  for (const StageModifier& modifier : StageModifiers()) {
    if (OptionsFor(modifier).empty()) continue;
    c->OnValue(
        std::string(modifier.name), std::string(modifier.value_name),
        [stages, &modifier](std::string_view v) { return stages->AddModifier(modifier, v); },
        std::string(modifier.help));
  }
  c->OnValue(
      std::string(kWith), "KEY=YAML", [stages](std::string_view v) { return stages->AddWith(v); },
      "any other setting of the stage, by the name that promtail's configuration has for it");
}

void DescribeSources(cli::Command* c, Options* o) {
  StageList* stages = &o->stages;
  c->Section("Stages as YAML");
  c->OnValue(
      "-e,--stages", "YAML", [stages](std::string_view v) { return stages->AddYaml(v); },
      "a list of stages as promtail's pipeline_stages has it, or one of them");
  c->OnValue(
      "-c,--config", "FILE", [stages](std::string_view v) { return stages->SetConfig(v); },
      "the pipeline_stages of promtail's configuration, decided exactly as promtail does");
  c->Completes("file");
  c->Value("--job", "NAME", &stages->job, "of the scrape config with this job_name");
  c->DefaultText("the first");
  c->Flag("--expand-env", &stages->expand_env,
          "fill in ${NAME} and ${NAME:-default} in the configuration");
  c->Flag("--as-promtail", &stages->as_promtail,
          "options and -e decide exactly as promtail does, too, as all do where there is a -c");
}

}  // namespace

cli::Command Describe(Options* o) {
  cli::Command c("glp-parse", "take records apart: formats, fields, times, labels");
  DescribeExamples(&c);
  DescribeStages(&c, &o->stages);
  DescribeModifiers(&c, &o->stages);
  DescribeSources(&c, o);
  c.Section("Running");
  c.Flag(
      "--explain", &o->explain,
      "print the shell pipe that does the same, one stage a process, and end; with --auto tell of "
      "the input what each file is");
  c.Flag("--check", &o->check, "read the configuration, say what is wrong with it, and end");
  c.Value(
      "--test", "FILE", &o->test,
      "run the cases of FILE, lines in and records expected, and say what differs; status 1 where "
      "something does");
  c.Completes("file");
  c.Flag("--tap", &o->tap,
         "in place of the records show what becomes of each, a line after every stage");
  c.Flag(
      "--explain-time", &o->explain_time,
      "in place of the records say how each got its time: the layout, the zone, what was assumed");
  c.Choice("--color", {"auto", "always", "never"}, &o->color,
           "colour what a stage changed, with --tap; auto: on a terminal");
  cli::MetricsServer::Describe(&c, &o->metrics);
  c.Flag("--line-buffered", &o->line_buffered, "write each record at once");
  return c;
}

}  // namespace glp::parse
