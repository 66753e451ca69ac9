#include "cli/record_pipe.h"

#include <algorithm>

#include "base/json_text.h"
#include "base/time.h"
#include "cli/record_sink.h"
#include "io/stop.h"

namespace glp::cli {
namespace {

// Less than the 100 ms of the manners, so that a chain of tools stays near them.
constexpr int kFlushMs = 20;

}  // namespace

RecordPipe::RecordPipe(Context& context, Options options)
    : context_(context),
      options_(options),
      reader_(io::MakeFdSource(options.in_fd, "standard input", false), &labels_),
      out_(options.out_fd, "standard output"),
      last_file_(files_.end()) {}

RecordPipe::~RecordPipe() = default;

void RecordPipe::Settle(const Record& record, bool dropped) {
  if (record.src.empty() || (!dropped && files_.empty())) return;
  const Source source = DealtWith(record);
  if (source.id.empty()) return;
  if (last_file_ == files_.end() || last_file_->first != source.id) {
    last_file_ = files_.find(source.id);
    if (last_file_ == files_.end()) {
      if (!dropped) return;
      last_file_ = files_.emplace(std::string(source.id), Dropped()).first;
    }
  }
  Dropped& file = last_file_->second;
  if (dropped) {
    if (file.next == 0) untold_.push_back(&*last_file_);
    file.next = source.next;
  } else if (file.next != 0) {
    if (!file.told) Tell(last_file_->first, &file);
    file.next = 0;
  }
}

void RecordPipe::Tell(const std::string& id, Dropped* file) {
  if (!plain_) {
    std::string src = id + "@";
    AppendUint64(&src, file->next);
    AppendPosMark(&out_.buffer(), src);
  }
  file->told = true;
  file->next = 0;
}

void RecordPipe::TellPositions() {
  for (auto* file : untold_) {
    // Else emitted lines cover it by now.
    if (file->second.next != 0) Tell(file->first, &file->second);
  }
  untold_.clear();
  constexpr size_t kMaxFiles = 100'000;
  if (files_.size() > kMaxFiles) {
    files_.clear();
    last_file_ = files_.end();
  }
}

void RecordPipe::Emit(const Record& record) {
  ++emitted_;
  Settle(record, false);
  if (!plain_) AppendRecord(&out_.buffer(), record);
}

void RecordPipe::EmitRaw(const Record& record) {
  ++emitted_;
  Settle(record, false);
  if (plain_) return;
  out_.buffer().append(record.raw);
  out_.buffer().push_back('\n');
}

void RecordPipe::Drop(const Record& record, std::string_view reason) {
  auto it = dropped_.find(reason);
  if (it == dropped_.end()) it = dropped_.emplace(reason, 0).first;
  ++it->second;
  Settle(record, true);
}

void RecordPipe::WriteMark(const Mark& mark) {
  if (plain_) return;
  // What was dropped ahead of the mark is told ahead of it.
  TellPositions();
  out_.buffer().append(mark.raw);
  out_.buffer().push_back('\n');
}

void RecordPipe::WriteEndMark() {
  if (plain_) return;
  std::string& out = out_.buffer();
  AppendEndMark(&out, context_.tool(), in_, emitted_, dropped_);
  if (!end_mark_extra_.empty()) out.insert(out.rfind('}'), end_mark_extra_);
}

void RecordPipe::AddToEndMark(std::string_view key, std::string_view json) {
  end_mark_extra_.append(",\"").append(key).append("\":").append(json);
}

void RecordPipe::Wait(int64_t ns) {
  // Errors come again with the next write.
  TellPositions();
  (void)out_.Flush().ok();
  const int64_t until_ns = SteadyNs() + ns;
  for (int64_t left_ns = ns; left_ns > 0; left_ns = until_ns - SteadyNs()) {
    const int64_t ms = std::min<int64_t>((left_ns + kNsPerMs - 1) / kNsPerMs, 1000);
    if (io::WaitReadable(-1, static_cast<int>(ms)) == io::WaitState::kStopped) return;
  }
}

// The next batch; kTimeout when the output is to be flushed.
Result<io::ReadState> RecordPipe::ReadBatch(RecordHandler* handler) {
  const int flush_ms = out_.empty() ? -1 : kFlushMs;
  if (handler->deadline_ns() == INT64_MAX) return reader_.ReadBatch(flush_ms);
  for (;;) {
    GLP_ASSIGN_OR_RETURN(io::ReadState state, reader_.ReadBatch(0));
    if (state != io::ReadState::kTimeout) return state;
    int64_t left_ns = handler->deadline_ns() - SteadyNs();
    if (left_ns <= 0) {
      GLP_RETURN_IF_ERROR(handler->OnTime(*this));
      return io::ReadState::kTimeout;
    }
    int64_t ms = std::min<int64_t>(left_ns / kNsPerMs + 1, 1'000'000);
    if (flush_ms >= 0) ms = std::min<int64_t>(ms, flush_ms);
    GLP_ASSIGN_OR_RETURN(state, reader_.ReadBatch(static_cast<int>(ms)));
    if (state != io::ReadState::kTimeout || flush_ms >= 0) return state;
  }
}

Status RecordPipe::Run(RecordHandler* handler) {
  GLP_RETURN_IF_ERROR(RefuseTerminal(context_, options_.in_fd));
  io::EnlargePipe(options_.in_fd);
  io::EnlargePipe(options_.out_fd);
  io::StopWhenReaderLeaves(options_.out_fd);
  while (!stop_) {
    GLP_ASSIGN_OR_RETURN(io::ReadState state, ReadBatch(handler));
    if (state == io::ReadState::kTimeout) {
      TellPositions();
      GLP_RETURN_IF_ERROR(out_.Flush());
      continue;
    }
    if (state != io::ReadState::kData) break;
    GLP_RETURN_IF_ERROR(RunBatch(handler));
  }
  GLP_RETURN_IF_ERROR(handler->OnEnd(*this));
  TellPositions();
  WriteEndMark();
  return out_.Flush();
}

Status RecordPipe::RunBatch(RecordHandler* handler) {
  const RecordReader::Item* item;
  while (!stop_ && (item = reader_.Next()) != nullptr) {
    switch (item->kind) {
      case RecordReader::Item::Kind::kRecord: {
        ++in_;
        Record record = item->record;
        GLP_RETURN_IF_ERROR(handler->OnRecord(record, *this));
        break;
      }
      case RecordReader::Item::Kind::kMark:
        withhold_mark_ = false;
        GLP_RETURN_IF_ERROR(handler->OnMark(item->mark, *this));
        if (!withhold_mark_) WriteMark(item->mark);
        break;
      case RecordReader::Item::Kind::kBad:
        ++in_;
        ++dropped_["bad record"];
        SayBadRecord(context_, reader_, *item);
        break;
    }
    GLP_RETURN_IF_ERROR(options_.line_buffered ? out_.Flush() : out_.Commit());
  }
  GLP_RETURN_IF_ERROR(handler->OnBatchEnd(*this));
  // The output is complete up to here: told before the positions could grow old.
  if (!out_.empty()) TellPositions();
  return out_.Commit();
}

}  // namespace glp::cli
