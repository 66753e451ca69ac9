#include "parser.h"

#include "cli/end_marks.h"
#include "io/stop.h"
#include "stages/partial_lines.h"

namespace glp::parse {

void Parser::SetWatcher(Watcher* watcher) {
  watcher_ = watcher;
  pipeline_.set_observer(watcher);
  pipe_.SetPlainOutput(true);
}

Status Parser::OnRecord(Record& record, cli::RecordPipe&) {
  if (metrics_ != nullptr) metrics_->OnRead();
  pipeline_.Process(record);
  return Status::Ok();
}

Status Parser::OnMark(const Mark& mark, cli::RecordPipe& pipe) {
  if (mark.kind == Mark::Kind::kFile) source_runs_ = true;
  if (mark.kind == Mark::Kind::kEnd) {
    if (cli::IsSourceTool(ReadMarkWords(mark).tool)) source_runs_ = false;
    // A stage behind one that died: what is held may not be the end of its line.
    if (source_runs_) return Status::Ok();
  }
  if (!pipeline_.OnMark(mark)) pipe.WithholdMark();
  return Status::Ok();
}

Status Parser::OnBatchEnd(cli::RecordPipe&) {
  if (metrics_ != nullptr) metrics_->Update();
  return Status::Ok();
}

Status Parser::OnTime(cli::RecordPipe&) {
  pipeline_.OnTime();
  if (metrics_ != nullptr) metrics_->Update();
  return Status::Ok();
}

Status Parser::OnEnd(cli::RecordPipe&) {
  // Where the reader of the files was killed, the lines that it was in the midst of are read
  // again, for no position passed them; given now they would stand in two parts.
  cut_off_ = source_runs_ && !io::StopRequested();
  pipeline_.ReleaseAll();
  if (const uint64_t joined = pipeline_.joined(); joined > 0) {
    pipe_.AddToEndMark("joined", std::to_string(joined));
  }
  return Status::Ok();
}

void Parser::OnEntry(stages::StageEntry& entry) {
  if (watcher_ != nullptr) watcher_->OnLeave(entry);
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
    constexpr std::string_view kUnfinished = stages::PartialLines::kUnfinished;
    if (metrics_ != nullptr) metrics_->OnDropped(kUnfinished);
    pipe_.Drop(record, kUnfinished);
    return;
  }
  if (metrics_ != nullptr) metrics_->OnWritten();
  pipe_.Emit(record);
}

void Parser::OnDrop(stages::StageEntry& entry, std::string_view reason) {
  if (watcher_ != nullptr) watcher_->OnDrop(entry, reason);
  if (metrics_ != nullptr) metrics_->OnDropped(reason);
  Record record;
  record.src = entry.src;
  record.pos = entry.pos;
  pipe_.Drop(record, reason);
}

void Parser::OnAbandon(stages::StageEntry& entry, std::string_view reason) {
  ++abandoned_;
  OnDrop(entry, reason);
}

}  // namespace glp::parse
