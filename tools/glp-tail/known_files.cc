#include "known_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_set>

#include "base/hash.h"
#include "base/time.h"
#include "file_bytes.h"
#include "io/compressed.h"
#include "io/generation.h"
#include "paths.h"
#include "source_file.h"

namespace glp::tail {
namespace {

constexpr size_t kMaxClosed = 10'000;
// Some compressors give their file the time of the original in whole seconds.
constexpr int64_t kTimeSlackNs = 2 * kNsPerSecond;

uint64_t InodeKey(const io::FileIdentity& id) { return id.inode * 0x9E3779B97F4A7C15 + id.device; }

// The birth of an ID, of which only the low bits are kept, in full: it was before now.
int64_t BirthNs(const io::FileIdentity& id, int64_t now_ns) {
  int64_t now_ms = now_ns / kNsPerMs;
  return (now_ms - (static_cast<uint32_t>(now_ms) - id.birth_ms)) * kNsPerMs;
}

// Less may be a banner that many files begin with.
constexpr uint64_t kSurelyBytes = 4096;

// How much later than the birth of the file that of the ID is; nothing if it is none of this file.
std::optional<uint32_t> BornLater(const io::FileIdentity& id, const io::FileState& state,
                                  int64_t now_ns) {
  uint32_t later_ms = id.birth_ms - state.identity.birth_ms;
  int64_t age_ms = std::max<int64_t>(now_ns - state.birth_ns, 0) / kNsPerMs;
  if (later_ms > age_ms) return std::nullopt;
  return later_ms;
}

// A copy may be looked at more than once, but there is only one.
bool MayTake(const KnownFile& known, const io::FileState& state) {
  return known.taken_by == 0 || known.taken_by == state.identity.inode;
}

// A line ends close in front of a position, whatever the encoding.
bool EndsLine(std::string_view before) {
  return before.substr(before.size() - std::min<size_t>(before.size(), 4)).find('\n') !=
         std::string_view::npos;
}

// Whether the file `fd` of `size` bytes is a copy of `original`, of which more may be there by now:
// by its first and its last bytes.
bool IsCopyOf(int original, int fd, uint64_t size) {
  constexpr size_t kCompared = 64 << 10;
  std::vector<char> a(kCompared), b(kCompared);
  for (uint64_t from : {uint64_t{0}, size - std::min<uint64_t>(size, kCompared)}) {
    const size_t wanted = std::min<uint64_t>(size - from, kCompared);
    const auto bytes = static_cast<ssize_t>(wanted);
    if (pread(original, a.data(), wanted, static_cast<off_t>(from)) != bytes ||
        pread(fd, b.data(), wanted, static_cast<off_t>(from)) != bytes ||
        std::memcmp(a.data(), b.data(), wanted) != 0) {
      return false;
    }
  }
  return true;
}

// The file of `copy` is a copy of `known`, to be read on where that was left.
void ReadOn(KnownFile* known, const io::FileState& copy, Recalled* recalled) {
  known->taken_by = copy.identity.inode;
  recalled->kind = Recalled::Kind::kOn;
  recalled->id = known->id;
  recalled->next = known->next;
}

uint64_t TextBytesOf(const SourceFile& reader) {
  struct stat info;
  uint64_t size =
      reader.fd() >= 0 && fstat(reader.fd(), &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
  return std::max(size, reader.offset());
}

uint64_t TextBytesOf(const KnownFile& known) {
  return known.reader == nullptr ? known.next : TextBytesOf(*known.reader);
}

}  // namespace

bool Recalled::is_unread() const { return reader != nullptr && reader->offset() < text_bytes; }

uint64_t LogKey(const std::string& path) {
  return Hash64(PlainPath(io::ParseGenerationName(path).log));
}

uint64_t TailHash(std::string_view before) {
  return Hash64(before.substr(before.size() - std::min(before.size(), kTailBytes))) | 1;
}

void KnownFiles::Load(const cli::Positions& positions) {
  for (const auto& [text, position] : positions.files) {
    auto id = io::FileIdentity::Parse(text);
    if (!id) continue;
    KnownFile* known = Insert(*id, LogKey(position.path));
    known->next = position.next;
    known->path = position.path;
    known->is_old = true;
    known->is_copy = io::ParseGenerationName(position.path).compressed;
    last_seen_ns_ = std::max(last_seen_ns_, position.seen_ns);
    has_positions_ = true;
  }
  for (const auto& [path, position] : positions.promtail) {
    if (auto bytes = ParseUint64(position)) promtail_[PlainPath(path)] = *bytes;
  }
}

std::optional<uint64_t> KnownFiles::Promtail(const std::string& plain_path) const {
  auto it = promtail_.find(plain_path);
  return it == promtail_.end() ? std::nullopt : std::optional(it->second);
}

bool KnownFiles::MayKnow(const io::FileState& state, uint64_t log) const {
  if (by_inode_.count(InodeKey(state.identity)) > 0) return true;
  return KnowsLog(log);  // it may be a copy
}

Recalled KnownFiles::RecallPlain(const io::FileState& state, std::string_view head, uint64_t log,
                                 int fd) {
  int64_t now_ns = NowNs();
  KnownFile* best = nullptr;
  KnownFile* other = nullptr;  // what this file was when it had another head
  std::optional<uint32_t> best_later, other_later;
  auto [begin, end] = by_inode_.equal_range(InodeKey(state.identity));
  for (auto it = begin; it != end; ++it) {
    KnownFile& known = it->second;
    if (known.id.inode != state.identity.inode || known.id.device != state.identity.device ||
        (known.reader != nullptr && !known.is_old)) {
      continue;
    }
    auto later = BornLater(known.id, state, now_ns);
    if (!later) continue;
    // Of a first line that was sent while it had no end yet, no more than was there is in the ID.
    std::string_view first = known.next > 0 ? head.substr(0, known.next) : head;
    bool same = known.id.head == io::HeadFingerprint(first);
    auto& latest = same ? best_later : other_later;
    if (latest && *latest > *later) continue;
    latest = later;
    (same ? best : other) = &known;
  }
  // What stood in this file before may be in copies.
  for (auto it = begin; it != end; ++it) {
    KnownFile& known = it->second;
    if (&known == best || known.reader != nullptr || state.birth_ns == 0) continue;
    if (known.id.inode != state.identity.inode || known.id.device != state.identity.device) {
      continue;
    }
    if (BornLater(known.id, state, now_ns)) known.is_cut = true;
  }
  Recalled recalled;
  if (best != nullptr && (!other_later || *best_later >= *other_later)) {
    best->is_there = true;
    best->is_cut = state.size_bytes < best->next;
    recalled.kind = best->is_cut ? Recalled::Kind::kTruncated : Recalled::Kind::kOn;
  } else if (other != nullptr && other->next > 0 && state.birth_ns > 0) {
    recalled.kind = Recalled::Kind::kTruncated;
    best = other;
  } else {
    return RecallPlainCopy(state, head, log, fd);
  }
  recalled.id = best->id;
  recalled.next = best->next;
  return recalled;
}

// What was copied before the original was truncated, or is about to be.
Recalled KnownFiles::RecallPlainCopy(const io::FileState& state, std::string_view head,
                                     uint64_t log, int fd) {
  Recalled recalled;
  uint64_t head_hash = io::HeadFingerprint(head);
  KnownFile* original = nullptr;
  auto [begin, end] = by_log_.equal_range(log);
  auto alike = std::count_if(begin, end, [&](const auto& entry) {
    return !entry.second->is_copy && entry.second->id.head == head_hash;
  });
  for (auto it = begin; it != end; ++it) {
    KnownFile& known = *it->second;
    if (known.is_copy || known.id.head != head_hash) continue;
    // The original may or may not be truncated yet.
    const uint64_t read = known.reader != nullptr ? known.reader->offset() : known.next;
    const bool is_open = known.reader != nullptr && known.reader->fd() >= 0;
    if ((alike == 1 && read > 0 && read == state.size_bytes) ||
        (is_open && state.size_bytes >= kSurelyBytes &&
         IsCopyOf(known.reader->fd(), fd, state.size_bytes))) {
      recalled.kind = Recalled::Kind::kDone;
      recalled.own = state.identity;
      recalled.own.head = known.id.head;
      recalled.text_bytes = state.size_bytes;
      return recalled;
    }
    if (!known.is_cut || !MayTake(known, state) || known.reader != nullptr || known.next == 0 ||
        known.next > state.size_bytes) {
      continue;
    }
    if (known.next == state.size_bytes) {
      original = &known;
      break;
    }
    std::array<char, kTailBytes> before;
    size_t size = std::min<uint64_t>(before.size(), known.next);
    ssize_t n = pread(fd, before.data(), size, static_cast<off_t>(known.next - size));
    std::string_view bytes(before.data(), size);
    if (n == static_cast<ssize_t>(size) && (alike == 1 ? EndsLine(bytes) : MayGoOn(known, bytes))) {
      original = &known;
    }
  }
  if (original != nullptr) ReadOn(original, state, &recalled);
  return recalled;
}

// What a copy that is known was made of has no other.
void KnownFiles::TakeOriginal(const Recalled& copy, const io::FileState& state, uint64_t log) {
  auto [begin, end] = by_log_.equal_range(log);
  for (auto it = begin; it != end; ++it) {
    KnownFile& known = *it->second;
    if (known.is_copy || known.reader != nullptr || known.taken_by != 0) continue;
    if (known.id.head != copy.own.head || known.next != copy.text_bytes) continue;
    known.taken_by = state.identity.inode;
    return;
  }
}

// Whether a copy with the head of `known` that has `before` in front of its position may be a copy
// of it, as far as can be told. Of files of earlier runs no more is known than where a line ended:
// where no other file of the log has that head, that will do; else (a banner) only the youngest may
// not have been read to its end.
bool KnownFiles::MayGoOn(const KnownFile& known, std::string_view before) const {
  if (known.tail != 0) return known.tail == TailHash(before);
  if (known.next > 0 && !EndsLine(before)) return false;
  if (IsAlone(known)) return true;
  auto [begin, end] = by_log_.equal_range(known.log);
  return known.next > 0 && std::none_of(begin, end, [&](const auto& entry) {
           const KnownFile& other = *entry.second;
           bool younger = static_cast<int32_t>(other.id.birth_ms - known.id.birth_ms) > 0;
           return younger && !other.is_copy && (other.next > 0 || other.reader != nullptr);
         });
}

// Whether it is the only file of its log with its head.
bool KnownFiles::IsAlone(const KnownFile& known) const {
  auto [begin, end] = by_log_.equal_range(known.log);
  return std::none_of(begin, end, [&](const auto& entry) {
    const KnownFile& other = *entry.second;
    return &other != &known && !other.is_copy && other.id.head == known.id.head;
  });
}

Result<Recalled> KnownFiles::RecallCompressed(int fd, const std::string& path,
                                              const io::FileState& state, uint64_t log) {
  int64_t now_ns = NowNs();
  Recalled recalled;
  KnownFile* own = nullptr;
  auto [own_begin, own_end] = by_inode_.equal_range(InodeKey(state.identity));
  for (auto it = own_begin; it != own_end; ++it) {
    const io::FileIdentity& id = it->second.id;
    if (id.inode == state.identity.inode && id.device == state.identity.device &&
        id.birth_ms == state.identity.birth_ms) {
      own = &it->second;
    }
  }
  struct Candidate {
    KnownFile* known;
    std::string before;  // the bytes in front of its position
  };
  std::vector<Candidate> candidates;
  std::vector<const SourceFile*> unnamed;
  lseek(fd, 0, SEEK_SET);
  GLP_ASSIGN_OR_RETURN(auto text, io::MakeDecodingSource(io::MakeFdSource(fd, path, false), path));
  std::vector<char> block(64 << 10);
  uint64_t offset = 0;
  for (;;) {
    // The first block has to hold the head.
    size_t size = 0;
    while (size < (offset == 0 ? io::kHeadBytes : 1)) {
      auto n = text->Read(block.data() + size, block.size() - size);
      // Damage is told where the file is read; here the text ends in front of it.
      if (!n.ok() && n.status().code() != Code::kData) return n.status();
      if (!n.ok() || *n == 0) break;
      size += *n;
    }
    std::string_view bytes(block.data(), size);
    if (offset == 0) {
      recalled.own = state.identity;
      recalled.own.head = io::HeadFingerprint(bytes);
      // Another file may have had its inode within a tick of the clock.
      if (own != nullptr && own->id.head != recalled.own.head) own = nullptr;
      if (own != nullptr) candidates.push_back({own, {}});
      auto [begin, end] = by_log_.equal_range(log);
      for (auto it = begin; it != end; ++it) {
        KnownFile& known = *it->second;
        if (&known == own || (own != nullptr && known.reader != nullptr)) continue;
        if (known.is_copy || !MayTake(known, state) || known.id.head != recalled.own.head) continue;
        if (state.modified_ns + kTimeSlackNs < BirthNs(known.id, now_ns)) continue;
        if (known.reader != nullptr &&
            state.modified_ns + kTimeSlackNs < known.reader->state().modified_ns) {
          continue;
        }
        candidates.push_back({&known, {}});
      }
      auto [first, last] = unnamed_.equal_range(log);
      for (auto it = first; it != last; ++it) {
        auto head = ReadHead(it->second->fd(), io::kHeadBytes, path);
        if (head.ok() && io::HeadFingerprint(*head) == recalled.own.head) {
          unnamed.push_back(it->second);
        }
      }
      if (candidates.empty() && unnamed.empty()) return recalled;
    }
    if (size == 0) break;
    for (Candidate& candidate : candidates) {
      uint64_t next = candidate.known->next;
      uint64_t from = std::max(offset, next - std::min<uint64_t>(next, kTailBytes));
      uint64_t to = std::min(offset + size, next);
      if (from < to) candidate.before += bytes.substr(from - offset, to - from);
    }
    offset += size;
  }
  recalled.text_bytes = offset;
  // That a copy is dealt with may have been delivered before the last lines of the original were.
  auto is_whole = [&](const Candidate& candidate) {
    return candidate.known != own && candidate.known->next == offset;
  };
  auto is_unfinished = [&](const Candidate& candidate) {
    const KnownFile& known = *candidate.known;
    return &known != own && known.next < offset && !(known.is_there && !known.is_cut) &&
           MayGoOn(known, candidate.before);
  };
  const bool own_is_done =
      own != nullptr && (std::any_of(candidates.begin(), candidates.end(), is_whole) ||
                         std::none_of(candidates.begin(), candidates.end(), is_unfinished));
  for (const Candidate& candidate : candidates) {
    const KnownFile& known = *candidate.known;
    if (own != nullptr && (&known == own ? !own_is_done : !IsAlone(known))) continue;
    if (TextBytesOf(known) != offset) continue;
    if (known.reader == nullptr && known.tail != 0 && known.tail != TailHash(candidate.before)) {
      continue;
    }
    recalled.kind = Recalled::Kind::kDone;
    recalled.reader = known.reader;
    if (candidate.known->reader == nullptr) candidate.known->taken_by = state.identity.inode;
    if (candidate.known == own) TakeOriginal(recalled, state, log);
    return recalled;
  }
  for (const SourceFile* reader : unnamed) {
    if (TextBytesOf(*reader) != offset) continue;
    recalled.kind = Recalled::Kind::kDone;
    recalled.reader = reader;
    return recalled;
  }
  KnownFile* oldest = nullptr;
  for (const Candidate& candidate : candidates) {
    KnownFile& known = *candidate.known;
    if (known.reader != nullptr || (known.is_there && !known.is_cut && &known != own)) continue;
    if (known.next > offset || (own != nullptr && (&known == own) != own_is_done)) continue;
    if (&known != own && !MayGoOn(known, candidate.before)) continue;
    if (oldest == nullptr || BirthNs(known.id, now_ns) < BirthNs(oldest->id, now_ns)) {
      oldest = &known;
    }
  }
  if (oldest != nullptr) ReadOn(oldest, state, &recalled);
  return recalled;
}

KnownFile* KnownFiles::Insert(const io::FileIdentity& id, uint64_t log) {
  auto it = by_inode_.emplace(InodeKey(id), KnownFile{});
  it->second.id = id;
  it->second.log = log;
  by_log_.emplace(log, &it->second);
  return &it->second;
}

void KnownFiles::Erase(KnownFile* known) {
  auto [log_begin, log_end] = by_log_.equal_range(known->log);
  for (auto it = log_begin; it != log_end; ++it) {
    if (it->second == known) {
      by_log_.erase(it);
      break;
    }
  }
  auto [begin, end] = by_inode_.equal_range(InodeKey(known->id));
  for (auto it = begin; it != end; ++it) {
    if (&it->second == known) {
      by_inode_.erase(it);
      return;
    }
  }
}

KnownFile* KnownFiles::Find(const io::FileIdentity& id) {
  auto [begin, end] = by_inode_.equal_range(InodeKey(id));
  auto it = std::find_if(begin, end, [&](const auto& entry) { return entry.second.id == id; });
  return it == end ? nullptr : &it->second;
}

void KnownFiles::Claim(const std::optional<io::FileIdentity>& id, uint64_t log,
                       const SourceFile* reader) {
  if (!id) {
    unnamed_.emplace(log, reader);
    return;
  }
  KnownFile* known = Find(*id);
  if (known == nullptr || known->reader != nullptr) return;
  std::erase(closed_, known);
  known->reader = reader;
}

void KnownFiles::Unclaim(const std::optional<io::FileIdentity>& id, uint64_t log,
                         const SourceFile* reader) {
  auto [begin, end] = unnamed_.equal_range(log);
  auto it = std::find_if(begin, end, [&](const auto& entry) { return entry.second == reader; });
  if (it != end) unnamed_.erase(it);
  KnownFile* known = id ? Find(*id) : nullptr;
  if (known == nullptr || known->reader != reader) return;
  known->reader = nullptr;
  known->is_there = false;
  if (!known->is_old) AddClosed(known);
}

KnownFile* KnownFiles::Open(const io::FileIdentity& id, uint64_t log, uint64_t next,
                            const SourceFile* reader) {
  KnownFile* known = Find(id);
  if (known == nullptr) {
    known = Insert(id, log);
  } else if (known->reader != nullptr && known->reader != reader) {
    return nullptr;
  } else {
    std::erase(closed_, known);
  }
  known->reader = reader;
  known->is_copied |= known->taken_by != 0;
  known->next = next;
  known->tail = 0;
  known->is_there = true;
  return known;
}

void KnownFiles::AddCopy(const io::FileIdentity& id, uint64_t log, uint64_t text_bytes) {
  KnownFile* known = Open(id, log, text_bytes, nullptr);
  if (known == nullptr) return;
  known->is_copy = true;
  Close(known, text_bytes, false);
}

void KnownFiles::Close(KnownFile* known, uint64_t next, bool cut, uint64_t tail) {
  known->reader = nullptr;
  known->tail = tail;
  known->next = next;
  known->is_cut = cut;
  known->is_copied &= !cut;
  known->is_old = false;
  // Should more have been written than was read, a compressed copy has it.
  known->is_there = false;
  if (cut || tail != 0) known->taken_by = 0;
  AddClosed(known);
}

void KnownFiles::AddClosed(KnownFile* known) {
  closed_.push_back(known);
  if (closed_.size() > kMaxClosed) {
    Erase(closed_.front());
    closed_.pop_front();
  }
}

bool KnownFiles::IsUsed(const io::FileIdentity& id) const {
  auto [begin, end] = by_inode_.equal_range(InodeKey(id));
  return std::any_of(begin, end, [&](const auto& entry) { return entry.second.id == id; });
}

bool KnownFiles::WasRead(const io::FileState& state) const {
  auto [begin, end] = by_inode_.equal_range(InodeKey(state.identity));
  return std::any_of(begin, end, [&](const auto& entry) {
    const KnownFile& known = entry.second;
    return known.is_old && known.next > 0 && BornLater(known.id, state, NowNs());
  });
}

bool KnownFiles::HasCopy(const io::FileIdentity& id) const {
  auto [begin, end] = by_inode_.equal_range(InodeKey(id));
  return std::any_of(begin, end, [&](const auto& entry) {
    return entry.second.id == id && entry.second.is_copied;
  });
}

void KnownFiles::ForgetGone(std::optional<uint64_t> log, const std::vector<io::FileState>& there) {
  std::unordered_set<uint64_t> inodes;
  for (const io::FileState& state : there) inodes.insert(InodeKey(state.identity));
  auto look = [&](KnownFile& known) {
    const bool is_there = known.reader != nullptr || inodes.count(InodeKey(known.id)) > 0;
    known.is_there = known.is_there && is_there;
  };
  if (!log) {
    for (auto& [inode, known] : by_inode_) look(known);
    return;
  }
  auto [begin, end] = by_log_.equal_range(*log);
  for (auto it = begin; it != end; ++it) look(*it->second);
}

std::vector<KnownFile*> KnownFiles::NotFound() {
  std::vector<KnownFile*> all;
  for (auto& [key, known] : by_inode_) {
    if (known.is_old && known.reader == nullptr && (!known.is_there || known.is_cut)) {
      all.push_back(&known);
    }
  }
  return all;
}

int64_t KnownFiles::LatestBirthNs(uint64_t log, int64_t now_ns) const {
  int64_t latest = 0;
  auto [begin, end] = by_log_.equal_range(log);
  for (auto it = begin; it != end; ++it) {
    const KnownFile& known = *it->second;
    if (known.is_old && !known.is_copy) latest = std::max(latest, BirthNs(known.id, now_ns));
  }
  return latest;
}

void KnownFiles::EndOfStart() {
  promtail_.clear();
  for (auto it = by_inode_.begin(); it != by_inode_.end();) {
    KnownFile* known = &it->second;
    ++it;
    if (!known->is_old) continue;
    known->is_old = false;
    known->path = {};
    if (known->reader != nullptr) continue;
    if (known->is_there || known->taken_by != 0 || known->is_cut) {
      closed_.push_back(known);
    } else {
      Erase(known);
    }
  }
}

}  // namespace glp::tail
