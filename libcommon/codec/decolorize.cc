#include "codec/decolorize.h"

#include <cstddef>
#include <cstring>

namespace glp::codec {
namespace {

constexpr size_t kNone = std::string_view::npos;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWord(char c) { return IsDigit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); }
bool IsFinal(char c) {
  return IsDigit(c) || (c >= 'A' && c <= 'P') || (c >= 'f' && c <= 'n') ||
         (c != '\0' && std::strchr("RZctqry=><~", c) != nullptr);
}

// Offset behind the sequence whose introducer ends at `at`; kNone where there is none.
size_t SequenceEnd(std::string_view line, size_t at) {
  const size_t size = line.size();
  while (at < size && line[at] != '\0' && std::strchr("[]()#;?", line[at]) != nullptr) ++at;
  size_t bell = at;
  while (bell < size && (IsWord(line[bell]) || line[bell] == ';')) ++bell;
  if (bell < size && line[bell] == '\a') return bell + 1;

  const size_t begin = at;
  if (at < size && IsDigit(line[at])) {
    auto number = [&] {
      for (int i = 0; i < 4 && at < size && IsDigit(line[at]); ++i) ++at;
    };
    number();
    while (at < size && line[at] == ';') {
      ++at;
      number();
    }
  }
  if (at < size && IsFinal(line[at])) return at + 1;
  // Nothing ends it: its last digit does.
  while (at > begin && line[at - 1] == ';') --at;
  return at > begin ? at : kNone;
}

// Where the next ESC and the next CSI begin; each is looked for once.
class Introducers {
 public:
  explicit Introducers(std::string_view line) : line_(line) {
    FindEscape(0);
    FindCsi(0);
  }
  // The first at `from` or behind it, kNone for none; `size` is how many bytes it has.
  size_t Next(size_t from, size_t* size) {
    if (escape_ < from) FindEscape(from);
    if (csi_ < from) FindCsi(from);
    *size = escape_ < csi_ ? 1 : 2;
    return escape_ < csi_ ? escape_ : csi_;
  }

 private:
  void FindEscape(size_t from) { escape_ = line_.find('\x1b', from); }
  void FindCsi(size_t from) {
    for (size_t at = from + 1;; ++at) {
      at = line_.find('\x9b', at);
      if (at == kNone || line_[at - 1] == '\xc2') {
        csi_ = at == kNone ? kNone : at - 1;
        return;
      }
    }
  }

  std::string_view line_;
  size_t escape_ = kNone, csi_ = kNone;
};

}  // namespace

std::string_view Decolorize(std::string_view line, std::string* scratch) {
  Introducers introducers(line);
  size_t size = 0;
  size_t at = introducers.Next(0, &size);
  if (at == kNone) return line;
  scratch->clear();
  size_t kept = 0;  // all up to here is in `scratch` or taken out
  while (at != kNone) {
    const size_t end = SequenceEnd(line, at + size);
    if (end != kNone) {
      scratch->append(line, kept, at - kept);
      kept = end;
    }
    at = introducers.Next(end == kNone ? at + size : end, &size);
  }
  if (kept == 0) return line;
  scratch->append(line, kept);
  return *scratch;
}

}  // namespace glp::codec
