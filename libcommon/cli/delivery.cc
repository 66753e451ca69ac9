#include "cli/delivery.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <mutex>
#include <vector>

#include "base/strings.h"
#include "base/time.h"
#include "cli/end_marks.h"
#include "cli/positions.h"
#include "io/file.h"
#include "io/file_identity.h"
#include "io/lock.h"

namespace glp::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kMinWritePause = std::chrono::milliseconds(200);
// Writing takes no more than this part of the time.
constexpr int kWritePart = 20;
// What a killed or ending pipe still holds is given back within this.
constexpr int kLockWaitMs = 5'000;
// A file that was not seen for so long, and does not stand at its path any more, is forgotten.
constexpr int64_t kForgetNs = int64_t{30} * 24 * 3600 * kNsPerSecond;
constexpr int64_t kForgetPauseNs = 3600 * kNsPerSecond;

// Records or marks of a file, one behind the other, of one ticket.
struct Run {
  Delivery::Ticket ticket;
  uint64_t position;
};
constexpr Delivery::Ticket kNothingToDo = 0;  // a mark: done when all before it is

struct File {
  std::string id;
  FilePosition at;       // next: the position as it may be written
  std::deque<Run> runs;  // not done yet
  // Of each ticket that has records of the file the highest NEXT in front of the first of them.
  std::vector<std::pair<Delivery::Ticket, uint64_t>> ticket_from;
  uint64_t highest = 0;     // NEXT of the records so far
  uint64_t newest = 0;      // position when all runs are done
  uint64_t start = 0;       // where the reader began
  bool whole = false;       // a file mark came, and no line is known to be missing behind `start`
  bool disordered = false;  // at.next stays until all is done
  uint64_t before = 0;      // at.next when this process began
  bool active = false;      // told of by this process
  bool touched = false;     // since the last write
  bool listed = false;      // in the positions file
};

class Tracker : public Delivery {
 public:
  Tracker(Context& context, std::string path) : context_(context), path_(std::move(path)) {}
  Status Begin();

  Ticket NewTicket() override;
  void OnRecord(const Record& record, Ticket ticket) override;
  void OnMark(const Mark& mark) override;
  void Done(Ticket ticket) override;
  uint64_t WholeFrom() const override { return whole_from_; }
  bool IsComplete() const override { return end_marks_.Fit(); }
  void BeforeSend() override;
  void Write() override;
  Status Finish(bool whole) override;

 private:
  struct Work {
    bool done = false;
    std::vector<File*> files;
  };
  File& Find(std::string_view id);
  void Add(File& file, Ticket ticket, uint64_t position);
  void OnFileMark(File& file, const Mark& mark);
  // Lets go of what was told by Done.
  void Settle();
  void Advance(File& file);
  bool IsDone(Ticket ticket) const;
  uint64_t TicketFrom(File& file, Ticket ticket);
  void Forget(int64_t now_ns);
  Status WriteNow();
  void TryToWrite();

  Context& context_;
  const std::string path_;
  io::Fd lock_;
  StringMap<File> files_;
  File* last_ = nullptr;
  std::map<std::string, std::string, std::less<>> promtail_;
  uint64_t whole_from_ = kNotWhole;
  EndMarks end_marks_;
  bool sorted_ = false;

  std::deque<Work> work_;  // by ticket, from first_ticket_ on
  Ticket first_ticket_ = 1;
  std::mutex mutex_;
  std::vector<Ticket> told_;  // by Done; guarded by mutex_

  bool moved_ = false;
  bool unlisted_ = false;  // a file is not in the positions file yet
  int64_t next_forget_ns_ = 0;
  bool said_ = false;  // that writing does not work
  Clock::time_point next_write_ = Clock::now();
};

Status Tracker::Begin() {
  if (path_.empty()) return Status::Ok();
  Result<io::Fd> lock = io::TakeLock(path_ + ".lock", kLockWaitMs);
  if (lock.status().code() == Code::kRefused) {
    return UsageError(path_ + ": " + lock.status().message() +
                      "; each pipe needs a positions file of its own");
  }
  if (!lock.ok()) return lock.status();
  lock_ = *std::move(lock);
  std::vector<std::string> warnings;
  GLP_ASSIGN_OR_RETURN(Positions positions, Positions::Load(path_, &warnings));
  for (const std::string& warning : warnings) context_.Incomplete("damaged positions", warning);
  if (!warnings.empty()) {
    GLP_ASSIGN_OR_RETURN(std::string text, io::ReadFile(path_));
    GLP_RETURN_IF_ERROR(io::WriteFileAtomically(path_ + ".damaged", text, 0600));
    context_.Say(path_ + ": kept as " + path_ + ".damaged");
  }
  promtail_ = std::move(positions.promtail);
  for (auto& [id, at] : positions.files) {
    File& file = Find(id);
    file.before = at.next;
    file.listed = true;
    file.at = std::move(at);
  }
  last_ = nullptr;
  // A file that cannot be made is known now, not when the first records are delivered. One that is
  // there and cannot be written now (a full disk) may be, later.
  if (!io::Exists(path_)) return WriteNow();
  moved_ = true;
  Write();
  return Status::Ok();
}

File& Tracker::Find(std::string_view id) {
  if (last_ != nullptr && last_->id == id) return *last_;
  auto it = files_.find(id);
  if (it == files_.end()) {
    it = files_.emplace(std::string(id), File()).first;
    it->second.id = id;
  }
  last_ = &it->second;
  return *last_;
}

Delivery::Ticket Tracker::NewTicket() {
  Settle();
  work_.emplace_back();
  return first_ticket_ + work_.size() - 1;
}

bool Tracker::IsDone(Ticket ticket) const {
  return ticket < first_ticket_ || work_[ticket - first_ticket_].done;
}

void Tracker::Add(File& file, Ticket ticket, uint64_t position) {
  file.newest = std::max(file.newest, position);
  file.active = file.touched = true;
  if (!file.runs.empty() && file.runs.back().ticket == ticket) {
    file.runs.back().position = file.newest;
    return;
  }
  file.runs.push_back({ticket, file.newest});
  if (ticket == kNothingToDo) {
    if (file.runs.size() == 1) Advance(file);
  } else {
    work_[ticket - first_ticket_].files.push_back(&file);
  }
}

uint64_t Tracker::TicketFrom(File& file, Ticket ticket) {
  for (const auto& [known, from] : file.ticket_from) {
    if (known == ticket) return from;
  }
  file.ticket_from.emplace_back(ticket, file.highest);
  return file.highest;
}

void Tracker::OnRecord(const Record& record, Ticket ticket) {
  const Source source = ParseSource(record.src);
  whole_from_ = kNotWhole;
  // More behind the end of all stages: the marks were sorted to the front, so the records are, too.
  if (!end_marks_.Fit()) sorted_ = true;
  end_marks_.OnRecord();
  if (source.id.empty()) return;
  File& file = Find(source.id);
  // With a position of its own the order of its file was changed on purpose, and safely.
  if (source.next < file.highest && record.pos == Record::kPosIsNext) {
    file.disordered = true;
    file.whole = false;
    if (file.at.next != file.before) moved_ = true;
    file.at.next = file.before;
  }
  if (sorted_) file.whole = false;
  // What is sent before may come later, so a ticket tells only of what it holds itself. A record
  // with something of its file held in front of it cannot speak for that.
  const uint64_t from = TicketFrom(file, ticket);
  const bool passes = record.pos != Record::kPosIsNext && record.pos < source.next;
  if (file.whole && !passes) whole_from_ = std::max(file.start, from);
  file.highest = std::max(file.highest, source.next);
  Add(file, ticket, record.pos == Record::kPosIsNext ? source.next : record.pos);
}

void Tracker::OnFileMark(File& file, const Mark& mark) {
  const MarkWords words = ReadMarkWords(mark);
  if (!words.path.empty()) {
    file.at.path = words.path;
    promtail_.erase(words.path);
  }
  // Lines that came before their file was told of are not known to be all of them.
  if (file.highest == 0 || words.start > file.highest) {
    file.whole = file.highest == 0;
    file.start = words.start;
  }
  file.active = file.touched = true;
  moved_ = true;
  if (!file.listed) unlisted_ = true;
}

void Tracker::OnMark(const Mark& mark) {
  end_marks_.OnMark(mark);
  const Source source = ParseSource(mark.src);
  if (source.id.empty()) return;
  File& file = Find(source.id);
  if (mark.kind == Mark::Kind::kFile) OnFileMark(file, mark);
  if (mark.kind != Mark::Kind::kPos) return;
  // Only where reading began may a position stand that no line was left out for.
  if (source.next != file.start) file.whole = false;
  Add(file, kNothingToDo, source.next);
}

void Tracker::Done(Ticket ticket) {
  std::lock_guard lock(mutex_);
  told_.push_back(ticket);
}

void Tracker::Settle() {
  std::vector<Ticket> told;
  {
    std::lock_guard lock(mutex_);
    told.swap(told_);
  }
  for (Ticket ticket : told) work_[ticket - first_ticket_].done = true;
  for (Ticket ticket : told) {
    for (File* file : work_[ticket - first_ticket_].files) {
      std::erase_if(file->ticket_from, [&](const auto& entry) { return IsDone(entry.first); });
      Advance(*file);
    }
    work_[ticket - first_ticket_].files.clear();
  }
  while (!work_.empty() && work_.front().done) {
    work_.pop_front();
    ++first_ticket_;
  }
}

void Tracker::Advance(File& file) {
  while (!file.runs.empty() &&
         (file.runs.front().ticket == kNothingToDo || IsDone(file.runs.front().ticket))) {
    const uint64_t position = file.runs.front().position;
    file.runs.pop_front();
    if (file.disordered || position <= file.at.next) continue;
    file.at.next = position;
    moved_ = true;
  }
}

// Live files that are merely quiet stay: where they stand they are still found.
void Tracker::Forget(int64_t now_ns) {
  for (auto it = files_.begin(); it != files_.end();) {
    const File& file = it->second;
    bool old = now_ns - file.at.seen_ns > kForgetNs && file.runs.empty();
    if (old && file.touched) old = false;
    if (old && file.active) {
      const auto identity = io::FileIdentity::Parse(file.id);
      const auto state = io::LookAtPath(file.at.path);
      old = !state.ok() || !identity || state->identity.inode != identity->inode ||
            state->identity.device != identity->device;
    }
    if (old && last_ == &file) last_ = nullptr;
    it = old ? files_.erase(it) : std::next(it);
  }
}

Status Tracker::WriteNow() {
  if (path_.empty()) return Status::Ok();
  const Clock::time_point begin = Clock::now();
  const int64_t now_ns = NowNs();
  if (now_ns >= next_forget_ns_) {
    Forget(now_ns);
    next_forget_ns_ = now_ns + kForgetPauseNs;
  }
  Positions positions;
  positions.promtail = promtail_;
  for (auto& [id, file] : files_) {
    if (file.touched) file.at.seen_ns = now_ns;
    file.touched = false;
    positions.files.emplace(id, file.at);
  }
  Status status = io::WriteFileAtomically(path_, positions.ToText(), 0600);
  next_write_ =
      Clock::now() + std::max<Clock::duration>(kMinWritePause, kWritePart * (Clock::now() - begin));
  if (!status.ok()) {
    return status.Annotate("positions are not written; what was delivered since may come twice");
  }
  for (auto& [id, file] : files_) file.listed = true;
  moved_ = unlisted_ = false;
  return Status::Ok();
}

void Tracker::BeforeSend() {
  if (unlisted_ && !path_.empty()) TryToWrite();
}

void Tracker::Write() {
  Settle();
  if (moved_ && !path_.empty() && Clock::now() >= next_write_) TryToWrite();
}

void Tracker::TryToWrite() {
  // Collecting goes on: at worst lines come twice, and a disk that is full may have room again.
  const Status status = WriteNow();
  if (!status.ok() && !said_) context_.Say(status.message() + "; trying again");
  if (status.ok() && said_) context_.Say(path_ + ": is written again");
  said_ = !status.ok();
}

Status Tracker::Finish(bool whole) {
  Settle();
  for (auto& [id, file] : files_) {
    if (!file.disordered || !whole || !file.runs.empty()) continue;
    file.at.next = std::max(file.at.next, file.newest);
    moved_ = true;
  }
  Status status = WriteNow();
  lock_.Reset();
  return status;
}

}  // namespace

Result<std::unique_ptr<Delivery>> Delivery::Open(Context& context, std::string positions_path) {
  auto tracker = std::make_unique<Tracker>(context, std::move(positions_path));
  GLP_RETURN_IF_ERROR(tracker->Begin());
  return std::unique_ptr<Delivery>(std::move(tracker));
}

}  // namespace glp::cli
