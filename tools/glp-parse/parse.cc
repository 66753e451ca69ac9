#include "parse.h"

#include <string>

#include "cli/record_pipe.h"
#include "stages/pipeline.h"

namespace glp::parse {
namespace {

class Parser : public cli::RecordHandler, public stages::EntrySink {
 public:
  explicit Parser(cli::RecordPipe& pipe) : pipe_(pipe), pipeline_(&pipe.labels(), this) {}

  stages::Pipeline& pipeline() { return pipeline_; }

  Status OnRecord(Record& record, cli::RecordPipe&) override {
    pipeline_.Process(record);
    return Status::Ok();
  }

  Status OnMark(const Mark& mark, cli::RecordPipe& pipe) override {
    if (!pipeline_.OnMark(mark)) pipe.WithholdMark();
    return Status::Ok();
  }

  Status OnEnd(cli::RecordPipe&) override {
    pipeline_.ReleaseAll();
    return Status::Ok();
  }

  void OnEntry(stages::StageEntry& entry) override {
    Record record;
    record.ts_ns = entry.ts_ns;
    record.labels = entry.labels;
    record.line = entry.line();
    record.meta = entry.meta;
    record.fields = entry.fields.Json(&fields_);
    record.src = entry.src;
    record.pos = entry.pos;
    record.extra = entry.extra;
    pipe_.Emit(record);
  }

 private:
  cli::RecordPipe& pipe_;
  stages::Pipeline pipeline_;
  std::string fields_;
};

void SayFailures(const stages::Pipeline& pipeline, cli::Context& context) {
  for (const auto& stage : pipeline.stages()) {
    for (const stages::Failure& failure : stage->failures()) {
      context.Say(std::to_string(failure.count) +
                  (failure.count == 1 ? " record has" : " records have") + " fields.__error__ '" +
                  std::string(failure.reason) + "'");
    }
  }
}

}  // namespace

cli::RunResult Run(const Options& options, cli::Context& context) {
  if (options.stages.empty()) {
    return UsageError(
        "no stage is given; name one or more, such as --auto, --docker, --cri, --json level,msg "
        "(see --help)");
  }
  GLP_ASSIGN_OR_RETURN(auto stages, options.stages.Build());
  cli::RecordPipe::Options pipe_options;
  pipe_options.line_buffered = options.line_buffered;
  cli::RecordPipe pipe(context, pipe_options);
  Parser parser(pipe);
  for (auto& stage : stages) parser.pipeline().Add(std::move(stage));
  Status status = pipe.Run(&parser);
  SayFailures(parser.pipeline(), context);
  GLP_RETURN_IF_ERROR(status);
  return static_cast<int>(cli::kExitOk);
}

}  // namespace glp::parse
