#include "followed_path.h"

#include <algorithm>
#include <limits>

namespace glp::tail {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
// Last lines without newline are mostly halves of a write that was cut in two; the other half
// comes at once or never.
constexpr int64_t kRestNs = 250 * kNsPerMs;

}  // namespace

void FollowedPath::SetTarget(std::shared_ptr<const Target> target) {
  target_ = std::move(target);
  for (OpenFile& old : old_) old.file->SetOptions(OptionsOf(target_));
  if (current_) current_->file->SetOptions(OptionsOf(target_));
}

void FollowedPath::RetireCurrent(int64_t now_ns) {
  if (!current_) return;
  current_->changed_ns = now_ns;
  SourceFile& file = *current_->file;
  since = {file.state().birth_ns, file.state().modified_ns};
  if (file.fd() >= 0) {
    if (auto state = io::LookAtFd(file.fd(), path_); state.ok()) {
      since.modified_ns = state->modified_ns;
    }
  }
  old_.push_back(std::move(*current_));
  current_.reset();
}

std::optional<OpenFile> FollowedPath::TakeOld(const io::FileState& state) {
  for (auto it = old_.begin(); it != old_.end(); ++it) {
    if (!it->file->state().SameFile(state)) continue;
    OpenFile file = std::move(*it);
    old_.erase(it);
    file.sent_rest = false;
    return file;
  }
  return std::nullopt;
}

bool FollowedPath::Has(const io::FileState& state) const {
  auto is_it = [&](const OpenFile& open) { return open.file->state().SameFile(state); };
  return (current_ && is_it(*current_)) || std::any_of(old_.begin(), old_.end(), is_it);
}

Status FollowedPath::Unpark(RecordWriter& writer) {
  for (OpenFile& old : old_) {
    if (old.file->parked()) GLP_RETURN_IF_ERROR(old.file->Unpark(writer));
  }
  if (current_ && current_->file->parked()) return current_->file->Unpark(writer);
  return Status::Ok();
}

bool FollowedPath::WaitsForFile() const {
  auto waits = [](const OpenFile& open) { return open.file->not_before_ns() > 0; };
  return (current_ && waits(*current_)) || std::any_of(old_.begin(), old_.end(), waits);
}

Result<bool> FollowedPath::StepOld(OpenFile& old, ReadBlock& block, RecordWriter& writer,
                                   int64_t now_ns, bool* more) {
  uint64_t before = old.file->offset();
  GLP_ASSIGN_OR_RETURN(SourceFile::Progress progress, old.file->Read(block, writer));
  if (old.file->offset() != before) {
    old.changed_ns = now_ns;
    old.sent_rest = false;
  }
  if (progress == SourceFile::Progress::kEnd) old.file->Finish(writer);
  *more = progress == SourceFile::Progress::kMore;
  if (*more) return false;
  if (old.file->not_before_ns() > 0) return false;
  if (old.file->holds_line() && !old.sent_rest) {
    if (now_ns < old.changed_ns + kRestNs) return false;
    old.file->SendHeld(writer);
    old.sent_rest = true;
  }
  return true;
}

Result<SourceFile::Progress> FollowedPath::Step(ReadBlock& block, RecordWriter& writer,
                                                int64_t now_ns, std::vector<OpenFile>* closed) {
  using Progress = SourceFile::Progress;
  auto close = [&](auto it) {
    it->file->Finish(writer);
    closed->push_back(std::move(*it));
    return old_.erase(it);
  };
  for (auto it = old_.begin(); it != old_.end();) {
    bool more = false;
    auto done = StepOld(*it, block, writer, now_ns, &more);
    if (!done.ok()) {
      close(it);
      return done.status();
    }
    if (more) return Progress::kMore;
    if (!*done) return Progress::kWait;
    it = it->file->finished() || now_ns >= it->changed_ns + kLingerNs ? close(it) : it + 1;
  }
  if (!current_) return Progress::kWait;
  auto progress = current_->file->Read(block, writer);
  if (!progress.ok() || *progress == Progress::kEnd) {
    // It stays known, closed, so that it is not opened again.
    current_->file->Finish(writer);
    current_->file->Close();
  }
  return progress;
}

int64_t FollowedPath::Deadline(int64_t now_ns) const {
  int64_t deadline = kNever;
  auto add = [&](const OpenFile& open, bool is_old) {
    if (int64_t wall_ns = open.file->not_before_ns(); wall_ns > 0) {
      deadline = std::min(deadline, now_ns + std::max<int64_t>(wall_ns - NowNs(), 0));
    } else if (is_old) {
      bool rest = open.file->holds_line() && !open.sent_rest;
      deadline = std::min(deadline, open.changed_ns + (rest ? kRestNs : kLingerNs));
    }
  };
  for (const OpenFile& old : old_) add(old, true);
  if (current_) add(*current_, false);
  return deadline;
}

void FollowedPath::Finish(RecordWriter& writer, bool resumable) {
  for (OpenFile& old : old_) {
    // Whoever resumes has to find that nothing younger was read.
    if (!old.file->AtEnd()) return;
    old.file->Finish(writer);
  }
  if (resumable && current_ && !current_->file->is_pipe()) return;
  if (current_ && current_->file->AtEnd()) current_->file->Finish(writer);
}

}  // namespace glp::tail
