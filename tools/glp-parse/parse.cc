#include "parse.h"

#include <string>

#include "cli/end_marks.h"
#include "cli/record_pipe.h"
#include "explain.h"
#include "io/output.h"
#include "io/stop.h"
#include "stages/pipeline.h"
#include "tap.h"
#include "test_cases.h"
#include "yaml_text.h"

namespace glp::parse {
namespace {

class Parser : public cli::RecordHandler, public stages::EntrySink {
 public:
  explicit Parser(cli::RecordPipe& pipe) : pipe_(pipe), pipeline_(&pipe.labels(), this) {}

  stages::Pipeline& pipeline() { return pipeline_; }
  // What becomes of each record is shown in place of the records.
  void SetTap(Tap* tap) {
    tap_ = tap;
    pipeline_.set_observer(tap);
    pipe_.SetPlainOutput(true);
  }
  uint64_t unfinished() const { return unfinished_; }

  Status OnRecord(Record& record, cli::RecordPipe&) override {
    pipeline_.Process(record);
    return Status::Ok();
  }

  Status OnMark(const Mark& mark, cli::RecordPipe& pipe) override {
    if (mark.kind == Mark::Kind::kFile) source_runs_ = true;
    if (mark.kind == Mark::Kind::kEnd) {
      if (cli::IsSourceTool(ReadMarkWords(mark).tool)) source_runs_ = false;
      // A stage behind one that died: what is held may not be the end of its line.
      if (source_runs_) return Status::Ok();
    }
    if (!pipeline_.OnMark(mark)) pipe.WithholdMark();
    return Status::Ok();
  }

  int64_t deadline_ns() const override { return pipeline_.deadline_ns(); }
  Status OnTime(cli::RecordPipe&) override {
    pipeline_.OnTime();
    return Status::Ok();
  }

  Status OnEnd(cli::RecordPipe&) override {
    // Where the reader of the files was killed, the lines that it was in the midst of are read
    // again, for no position passed them; given now they would stand in two parts.
    cut_off_ = source_runs_ && !io::StopRequested();
    pipeline_.ReleaseAll();
    return Status::Ok();
  }

  void OnEntry(stages::StageEntry& entry) override {
    if (tap_ != nullptr) tap_->OnLeave(entry);
    Record record;
    record.ts_ns = entry.ts_ns;
    record.labels = entry.labels;
    record.line = entry.line();
    record.meta = entry.meta.Json(&meta_);
    record.fields = entry.fields.Json(&fields_);
    record.src = entry.src;
    record.pos = entry.pos;
    record.extra = entry.extra;
    if (cut_off_ && !entry.src.empty()) {
      ++unfinished_;
      record.src = {};  // Drop tells the position of what has one
      pipe_.Drop(record, "unfinished line");
      return;
    }
    pipe_.Emit(record);
  }

  void OnDrop(stages::StageEntry& entry, std::string_view reason) override {
    if (tap_ != nullptr) tap_->OnDrop(entry, reason);
    Record record;
    record.src = entry.src;
    record.pos = entry.pos;
    pipe_.Drop(record, reason);
  }

  void Wait(int64_t ns) override { pipe_.Wait(ns); }

 private:
  cli::RecordPipe& pipe_;
  stages::Pipeline pipeline_;
  Tap* tap_ = nullptr;
  std::string fields_, meta_;
  bool source_runs_ = false;  // a file was told of, and not yet the end of the tool that reads it
  bool cut_off_ = false;
  uint64_t unfinished_ = 0;
};

// By stage, since one reason may be that of several.
void SayFailures(const stages::Pipeline& pipeline, cli::Context& context) {
  for (const auto& stage : pipeline.stages()) {
    for (const stages::Failure& failure : stage->failures()) {
      context.Say(std::to_string(failure.count) +
                  (failure.count == 1 ? " record has" : " records have") + " fields.__error__ '" +
                  std::string(failure.reason) + "' (" + stage->place() + ")");
    }
  }
}

Status CheckOptions(const Options& options) {
  if (options.stages.has_config()) return Status::Ok();
  const char* given = !options.stages.job.empty() ? "--job"
                      : options.stages.expand_env ? "--expand-env"
                                                  : nullptr;
  if (given != nullptr) return UsageError(std::string(given) + " is of a configuration: -c FILE");
  if (options.stages.empty()) {
    return UsageError(
        "no stage is given; name one or more, such as --auto, --docker, --cri, --json level,msg "
        "(see --help)");
  }
  return Status::Ok();
}

cli::RunResult Explain(const Options& options, const std::vector<StagePart>& parts) {
  codec::YamlNode all = YamlList();
  for (const StagePart& part : parts) {
    all.items.insert(all.items.end(), part.list.items.begin(), part.list.items.end());
  }
  GLP_RETURN_IF_ERROR(
      io::WriteAll(1, ExplainPipe(all, options.stages.decides_as_promtail()), "standard output"));
  return static_cast<int>(cli::kExitOk);
}

cli::RunResult Test(const Options& options, cli::Context& context) {
  GLP_ASSIGN_OR_RETURN(TestFile file, ReadTestFile(options.test, options.stages.expand_env));
  std::vector<std::string> notes;
  if (!options.stages.empty()) {
    if (file.pipeline) {
      return UsageError(options.test +
                        ": it has a pipeline of its own; the stages of the command line would "
                        "not be tested");
    }
    GLP_ASSIGN_OR_RETURN(file.pipeline, options.stages.Parts(false, &notes));
  }
  if (!file.pipeline) {
    return UsageError(options.test + ": it has no pipeline, and the command line has no stages");
  }
  GLP_RETURN_IF_ERROR(BuildParts(*file.pipeline, nullptr, &notes).status());
  for (const std::string& note : notes) context.Say(note);
  GLP_ASSIGN_OR_RETURN(TestReport report, RunTests(file, *file.pipeline));
  GLP_RETURN_IF_ERROR(io::WriteAll(1, report.text, "standard output"));
  return static_cast<int>(report.failed > 0 ? cli::kExitNoMatch : cli::kExitOk);
}

}  // namespace

cli::RunResult Run(const Options& options, cli::Context& context) {
  if (!options.test.empty()) return Test(options, context);
  GLP_RETURN_IF_ERROR(CheckOptions(options));
  std::vector<std::string> notes;
  GLP_ASSIGN_OR_RETURN(std::vector<StagePart> parts, options.stages.Parts(options.check, &notes));
  GLP_ASSIGN_OR_RETURN(stages::StageList stages, BuildParts(parts, nullptr, &notes));
  for (const std::string& note : notes) context.Say(note);
  if (options.check) return static_cast<int>(cli::kExitOk);
  if (options.explain) return Explain(options, parts);
  cli::RecordPipe::Options pipe_options;
  pipe_options.line_buffered = options.line_buffered;
  cli::RecordPipe pipe(context, pipe_options);
  Parser parser(pipe);
  for (auto& stage : stages) parser.pipeline().Add(std::move(stage));
  Tap tap(parser.pipeline(), cli::UseColor(options.color, 1), &pipe.buffer());
  if (options.tap) parser.SetTap(&tap);
  Status status = pipe.Run(&parser);
  SayFailures(parser.pipeline(), context);
  if (parser.unfinished() > 0) {
    context.Incomplete(
        "unfinished lines",
        std::to_string(parser.unfinished()) +
            (parser.unfinished() == 1 ? " line is" : " lines are") +
            " not written: the tool in front ended without its end mark in the midst "
            "of it; no position passed it, so it comes again");
  }
  GLP_RETURN_IF_ERROR(status);
  return static_cast<int>(cli::kExitOk);
}

}  // namespace glp::parse
