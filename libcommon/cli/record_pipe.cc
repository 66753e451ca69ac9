#include "cli/record_pipe.h"

#include "base/json_text.h"
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
      last_pending_(pending_.end()) {}

RecordPipe::~RecordPipe() = default;

void RecordPipe::Settle(std::string_view src, bool dropped) {
  if (src.empty() || (!dropped && pending_.empty())) return;
  Source source = ParseSource(src);
  if (source.id.empty()) return;
  if (last_pending_ == pending_.end() || last_pending_->first != source.id) {
    last_pending_ = pending_.find(source.id);
    if (last_pending_ == pending_.end()) {
      if (!dropped) return;
      last_pending_ = pending_.emplace(std::string(source.id), 0).first;
    }
  }
  if (dropped && last_pending_->second == 0) untold_.push_back(&*last_pending_);
  last_pending_->second = dropped ? source.next : 0;
}

void RecordPipe::TellPositions() {
  for (auto* file : untold_) {
    auto& [id, next] = *file;
    if (next == 0) continue;  // emitted lines cover it by now
    if (!plain_) {
      std::string src = id + "@";
      AppendUint64(&src, next);
      AppendPosMark(&out_.buffer(), src);
    }
    next = 0;
  }
  untold_.clear();
  constexpr size_t kMaxFiles = 100'000;
  if (pending_.size() > kMaxFiles) {
    pending_.clear();
    last_pending_ = pending_.end();
  }
}

void RecordPipe::Emit(const Record& record) {
  ++emitted_;
  Settle(record.src, false);
  if (!plain_) AppendRecord(&out_.buffer(), record);
}

void RecordPipe::EmitRaw(const Record& record) {
  ++emitted_;
  Settle(record.src, false);
  if (plain_) return;
  out_.buffer().append(record.raw);
  out_.buffer().push_back('\n');
}

void RecordPipe::Drop(const Record& record, std::string_view reason) {
  auto it = dropped_.find(reason);
  if (it == dropped_.end()) it = dropped_.emplace(reason, 0).first;
  ++it->second;
  Settle(record.src, true);
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
  AppendEndMark(&out_.buffer(), context_.tool(), in_, emitted_, dropped_);
}

Status RecordPipe::Run(RecordHandler* handler) {
  GLP_RETURN_IF_ERROR(RefuseTerminal(context_, options_.in_fd));
  io::EnlargePipe(options_.in_fd);
  io::EnlargePipe(options_.out_fd);
  io::StopWhenReaderLeaves(options_.out_fd);
  while (!stop_) {
    GLP_ASSIGN_OR_RETURN(io::ReadState state, reader_.ReadBatch(out_.empty() ? -1 : kFlushMs));
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
