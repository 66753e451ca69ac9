#include "stages/docker.h"

namespace glp::stages {

Verdict DockerStage::Process(StageEntry& entry, StageRun& run) {
  DockerLine docker;
  if (!reader_.Read(entry.line(), &docker)) {
    if (promtails_time_) promtails_time_->Miss(&entry);
    Fail(entry, "docker: not a JSON object");
    return Verdict::kPass;
  }
  if (docker.has_stream) {
    add_stream_.ApplyAndExtract(&entry, docker.stream, run.labels);
  }
  bool has_ts = docker.ts_ns.has_value();
  if (promtails_time_) {
    has_ts = docker.has_time ? promtails_time_->Apply(&entry, docker.time, docker.ts_ns)
                             : promtails_time_->Miss(&entry);
  } else if (has_ts) {
    entry.ts_ns = *docker.ts_ns;
  }
  if (promtails_time_ && docker.has_time) entry.fields.SetUnwritten("timestamp", docker.time);
  if (!docker.has_log) {
    Fail(entry, "docker: no \"log\" in the object");
    return Verdict::kPass;
  }
  if (!has_ts) Fail(entry, "docker: no time that can be read", docker.time.substr(0, 200));
  entry.SetLine(docker.log);
  // Decoding never makes a text longer.
  if (!docker.ends_line && docker.log.text.size() >= kPieceBytes &&
      entry.LineBytes(run.arena).size() >= kPieceBytes) {
    return partial_lines_.Hold(entry, run);
  }
  if (!partial_lines_.empty()) partial_lines_.Complete(entry, run);
  if (promtails_time_) {
    if (docker.ends_line) entry.NoteNewlineTaken();
    entry.fields.SetUnwritten("output", entry.LineBytes(run.arena));
  }
  return Verdict::kPass;
}

std::unique_ptr<Stage> ReadDockerStage(const codec::YamlNode& config, BuildContext& context) {
  codec::YamlMap(config, "docker", context.errors).Finish();
  return std::make_unique<DockerStage>(context.as_promtail);
}

}  // namespace glp::stages
