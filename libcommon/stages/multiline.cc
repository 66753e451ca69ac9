#include "stages/multiline.h"

#include <utility>

#include "base/hash.h"

namespace glp::stages {
namespace {

// What a block that has left may keep of its memory.
constexpr size_t kKeptBytes = 64 << 10;

}  // namespace

Result<std::unique_ptr<MultilineStage>> MultilineStage::Make(Options options) {
  GLP_ASSIGN_OR_RETURN(codec::GroupRegex firstline, codec::GroupRegex::Compile(options.firstline));
  return std::unique_ptr<MultilineStage>(
      new MultilineStage(std::move(options), std::move(firstline)));
}

uint64_t MultilineStage::KeyOf(const StageEntry& entry, std::string_view id) {
  return entry.labels->hash ^ (id.empty() ? 0 : Hash64(id));
}

MultilineStage::Iterator MultilineStage::Find(const StageEntry& entry, uint64_t key,
                                              std::string_view id) {
  auto it = streams_.find(key);
  if (it == streams_.end()) return silent_.end();
  Iterator stream = it->second;
  return stream->id == id && stream->start.labels == entry.labels->labels ? stream : silent_.end();
}

MultilineStage::Iterator MultilineStage::Open(uint64_t key, std::string_view id, StageRun& run) {
  if (auto it = streams_.find(key); it != streams_.end()) {
    // Another stream of the same key: one chance in 2^64.
    if (it->second->lines > 0) Release(it->second, run);
    Forget(it->second);
  }
  if (streams_.size() >= options_.max_streams) {
    if (silent_.empty()) Release(open_.begin(), run);
    Forget(silent_.begin());
  }
  silent_.push_back({});
  Iterator stream = std::prev(silent_.end());
  stream->key = key;
  stream->id = id;
  streams_[key] = stream;
  return stream;
}

void MultilineStage::Forget(Iterator stream) {
  streams_.erase(stream->key);
  silent_.erase(stream);
}

void MultilineStage::MakeRoom(Iterator stream, size_t bytes, StageRun& run) {
  while (bytes_ + bytes > options_.max_bytes && !open_.empty()) {
    Iterator oldest = open_.begin();
    if (oldest == stream && std::next(oldest) != open_.end()) ++oldest;
    Release(oldest, run);
  }
}

Verdict MultilineStage::Process(StageEntry& entry, StageRun& run) {
  ++clock_;
  ReleaseLate(run);
  const std::string_view bytes = entry.LineBytes(run.arena);
  const std::string_view id = ParseSource(entry.src).id;
  const uint64_t key = KeyOf(entry, id);
  const bool is_first = firstline_.Matches(bytes);
  Iterator stream = Find(entry, key, id);
  if (stream == silent_.end()) {
    if (!is_first) return Verdict::kPass;
    stream = Open(key, id, run);
  } else if (is_first && stream->lines > 0) {
    Release(stream, run);
  }
  if (is_first) {
    Line line = entry.line();
    entry.SetLine(Line::Bytes({}));
    stream->start.Take(entry, run);
    entry.SetLine(line);
  }
  if (options_.as_promtail && bytes.empty() && stream->text.empty()) {
    return run.Drop("multiline: empty line at the start of a block");
  }
  MakeRoom(stream, bytes.size() + 1, run);
  if (bytes_ + bytes.size() + 1 > options_.max_bytes) return Verdict::kPass;  // longer than all
  if (stream->lines++ == 0) {
    stream->number = entry.number;
    open_.splice(open_.end(), silent_, stream);
  } else {
    stream->text += '\n';
    entry.number = stream->number;
    open_.splice(open_.end(), open_, stream);
  }
  stream->text += bytes;
  bytes_ += bytes.size() + 1;
  stream->src = entry.src;
  stream->touched = clock_;
  stream->touched_ns = run.SteadyNs();
  if (stream->lines != options_.max_lines) return Verdict::kHeld;
  Complete(stream, &entry, run);
  return Verdict::kPass;
}

// The entry is the last line of the block, and becomes the block.
void MultilineStage::Complete(Iterator stream, StageEntry* entry, StageRun& run) {
  const std::string_view src = entry->src;
  const uint64_t pos = entry->pos;
  Close(stream);
  stream->start.Give(entry, run);
  entry->src = src;
  entry->pos = pos;
  entry->number = stream->number;
  leaving_.swap(stream->text);
  entry->SetLine(Line::Bytes(leaving_));
  Clear(&stream->text);
}

void MultilineStage::Close(Iterator stream) {
  bytes_ -= stream->text.size() + 1;
  stream->lines = 0;
  silent_.splice(silent_.end(), open_, stream);
}

void MultilineStage::Clear(std::string* text) {
  text->clear();
  if (text->capacity() > kKeptBytes) text->shrink_to_fit();
}

// REQUIRES: it has a block.
void MultilineStage::Release(Iterator stream, StageRun& run) {
  Close(stream);
  stream->start.Give(&entry_, run);
  entry_.SetLine(Line::Bytes(stream->text));
  entry_.src = stream->src;
  entry_.number = stream->number;
  run.Emit(entry_);
  Clear(&stream->text);
}

void MultilineStage::ReleaseLate(StageRun& run) {
  while (!open_.empty() && clock_ - open_.front().touched > kMaxPassing &&
         run.SteadyNs() - open_.front().touched_ns >= options_.max_wait_ns) {
    Release(open_.begin(), run);
  }
}

void MultilineStage::ReleaseFile(std::string_view id, StageRun& run) {
  for (std::list<Stream>* streams : {&open_, &silent_}) {
    for (auto it = streams->begin(); it != streams->end();) {
      Iterator stream = it++;
      if (stream->id != id) continue;
      if (stream->lines > 0) Release(stream, run);
      Forget(stream);
    }
  }
}

void MultilineStage::ReleaseAll(StageRun& run) {
  while (!open_.empty()) Release(open_.begin(), run);
  silent_.clear();
  streams_.clear();
}

int64_t MultilineStage::deadline_ns() const {
  return open_.empty() ? kNever : open_.front().touched_ns + options_.max_wait_ns;
}

void MultilineStage::OnTime(StageRun& run) {
  while (deadline_ns() <= run.SteadyNs()) Release(open_.begin(), run);
}

std::unique_ptr<Stage> ReadMultilineStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<std::string> firstline, max_lines{"128"};
  codec::Given<int64_t> max_wait{3 * kNsPerSecond};
  codec::YamlMap map(config, "multiline", context.errors);
  map.Text("firstline", &firstline);
  map.DurationNs("max_wait_time", &max_wait);
  map.Text("max_lines", &max_lines);  // promtail takes the number in quotes, too
  map.Finish();
  if (!firstline) {
    map.Error(map.place(),
              "multiline: expected firstline, what the first line of an event matches");
  }
  auto lines = ParseUint64(max_lines.value);
  if (!lines) {
    map.Error(max_lines,
              "max_lines: expected a whole number, 0 for no limit, not '" + max_lines.value + "'");
  }
  if (!context.errors->first().ok()) return nullptr;
  MultilineStage::Options options;
  options.firstline = firstline.value;
  options.max_wait_ns = max_wait.value;
  options.max_lines = *lines;
  options.as_promtail = context.as_promtail;
  auto stage = MultilineStage::Make(std::move(options));
  if (stage.ok()) return *std::move(stage);
  map.Error(firstline, stage.status().message());
  return nullptr;
}

}  // namespace glp::stages
