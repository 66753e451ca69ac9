#include "line_splitter.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "io/input.h"

namespace glp::tail {
namespace {

// A line longer than this gives its memory back.
constexpr size_t kKeepCapacity = 1 << 20;

}  // namespace

LineSplitter::LineSplitter(const std::string& name, const LineOptions&, const RecordFrame& frame,
                           BeforeLines before_lines)
    : name_(name), frame_(frame), before_lines_(std::move(before_lines)) {}

void LineSplitter::Start(uint64_t offset, std::string_view) {
  offset_ = offset;
  held_.clear();
}

Status LineSplitter::Take(std::string_view bytes, RecordWriter& writer) {
  if (!held_.empty()) {
    size_t newline = bytes.find('\n');
    size_t more = newline == std::string_view::npos ? bytes.size() : newline + 1;
    held_.append(bytes.substr(0, more));
    bytes.remove_prefix(more);
    offset_ += more;
    if (newline == std::string_view::npos) {
      if (held_.size() <= io::LineInput::kMaxLineBytes) return Status::Ok();
      return Status(Code::kLimit, name_ + ": a line is longer than 1 GiB; is it a file of lines?");
    }
    size_t size = held_.size();
    held_.append(RecordWriter::kPadding, '\0');
    TakeLines({held_.data(), size}, offset_ - size, writer);
    held_.clear();
    if (held_.capacity() > kKeepCapacity) held_.shrink_to_fit();
  }
  size_t whole = bytes.rfind('\n') + 1;  // 0 where there is none
  if (whole > 0) TakeLines(bytes.substr(0, whole), offset_, writer);
  held_.append(bytes.substr(whole));
  offset_ += bytes.size();
  return Status::Ok();
}

void LineSplitter::TakeLines(std::string_view lines, uint64_t offset, RecordWriter& writer) {
  before_lines_(lines, writer);
  if (!keep_last_) return writer.WriteLines(frame_, lines, offset);
  while (!lines.empty()) {
    size_t size = lines.find('\n') + 1;
    Keep(lines.substr(0, size), offset);
    offset += size;
    lines.remove_prefix(size);
  }
}

void LineSplitter::Keep(std::string_view line, uint64_t offset) {
  if (*keep_last_ == 0) return;
  if (kept_.size() == *keep_last_) kept_.pop_front();
  kept_.push_back({std::string(line), offset});
}

void LineSplitter::SendLine(std::string line, uint64_t next, RecordWriter& writer) {
  size_t size = line.size();
  line.append(RecordWriter::kPadding, '\0');
  writer.WriteLine(frame_, {line.data(), size}, next);
}

void LineSplitter::SendHeld(RecordWriter& writer) {
  if (held_.empty()) return;
  before_lines_(held_, writer);
  if (keep_last_) {
    Keep(held_, held_offset());
  } else {
    SendLine(std::move(held_), offset_, writer);
  }
  held_.clear();
}

void LineSplitter::Finish(RecordWriter& writer) {
  SendHeld(writer);
  for (KeptLine& kept : kept_) {
    uint64_t next = kept.offset + kept.line.size();
    if (kept.line.back() == '\n') kept.line.pop_back();
    SendLine(std::move(kept.line), next, writer);
  }
  kept_.clear();
}

Result<uint64_t> LineSplitter::FindLastLines(int fd, uint64_t size, uint64_t lines,
                                             std::string_view) const {
  constexpr size_t kBlock = 64 << 10;
  std::string block(kBlock, '\0');
  uint64_t end = size;
  bool at_last_byte = lines > 0;  // its '\n' ends the last line, it begins none
  while (end > 0) {
    uint64_t begin = end > kBlock ? end - kBlock : 0;
    ssize_t n = pread(fd, block.data(), end - begin, static_cast<off_t>(begin));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return IoError("read " + name_, errno);
    if (static_cast<size_t>(n) < end - begin) return uint64_t{0};  // became shorter meanwhile
    for (std::string_view rest(block.data(), static_cast<size_t>(n));;) {
      size_t newline = rest.rfind('\n');
      if (newline == std::string_view::npos) break;
      bool is_last_byte = at_last_byte && begin + newline + 1 == size;
      if (!is_last_byte && (lines == 0 || --lines == 0)) return begin + newline + 1;
      rest = rest.substr(0, newline);
    }
    end = begin;
  }
  return uint64_t{0};
}

}  // namespace glp::tail
