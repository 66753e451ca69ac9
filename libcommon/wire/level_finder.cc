#include "wire/level_finder.h"

#include <algorithm>
#include <cstring>

#include "base/json_text.h"
#include "base/strings.h"
#include "codec/logfmt.h"
#include "wire/push_meta.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace glp::wire {
namespace {

constexpr std::string_view kName = "detected_level";
constexpr std::string_view kUnknown = "unknown";

struct Word {
  std::string_view text, level;
};
// What the value of a field may be.
constexpr Word kValues[] = {
    {"trace", "trace"}, {"trc", "trace"},         {"debug", "debug"},      {"dbg", "debug"},
    {"info", "info"},   {"inf", "info"},          {"information", "info"}, {"warn", "warn"},
    {"wrn", "warn"},    {"warning", "warn"},      {"error", "error"},      {"err", "error"},
    {"fatal", "fatal"}, {"critical", "critical"},
};
// What a word of a line may be. No two of them begin alike but for the longer one, which is first.
constexpr Word kWords[] = {
    {"trace", "trace"},       {"debug", "debug"}, {"fatal", "fatal"},
    {"critical", "critical"}, {"error", "error"}, {"err", "error"},
    {"warning", "warn"},      {"warn", "warn"},   {"info", "info"},
};

// The metadata of an entry that has no other.
struct Ready {
  std::string_view level, json;
};
constexpr Ready kReady[] = {
    {"unknown", R"({"detected_level":"unknown"})"},
    {"info", R"({"detected_level":"info"})"},
    {"error", R"({"detected_level":"error"})"},
    {"warn", R"({"detected_level":"warn"})"},
    {"debug", R"({"detected_level":"debug"})"},
    {"trace", R"({"detected_level":"trace"})"},
    {"fatal", R"({"detected_level":"fatal"})"},
    {"critical", R"({"detected_level":"critical"})"},
};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// `lower` is in lower case.
bool EqualsLower(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (Lower(text[i]) != lower[i]) return false;
  }
  return true;
}

// "" where the value is no level.
std::string_view LevelOf(std::string_view value) {
  for (const Word& word : kValues) {
    if (EqualsLower(value, word.text)) return word.level;
  }
  return {};
}

// What is no level stays as it is.
std::string_view Usual(std::string_view value) {
  const std::string_view level = LevelOf(value);
  return level.empty() ? value : level;
}

constexpr std::array<bool, 256> MakeSet(std::string_view bytes) {
  std::array<bool, 256> set{};
  for (char c : bytes) set[static_cast<unsigned char>(c)] = true;
  return set;
}
// A colon ends a word but does not begin one: "debug: x" has a level, "misc:error" has none.
constexpr std::array<bool, 256> kLeft = MakeSet(" \t\n[({\"=");
constexpr std::array<bool, 256> kRight = MakeSet(" \t\n[](){}:,!\"=");

bool In(const std::array<bool, 256>& set, char c) { return set[static_cast<unsigned char>(c)]; }

// The level of the word at `at`; "" where there is none.
std::string_view WordAt(std::string_view line, size_t at) {
  if (at > 0 && !In(kLeft, line[at - 1])) return {};
  const std::string_view rest = line.substr(at);
  for (const Word& word : kWords) {
    if (!EqualsLower(rest.substr(0, word.text.size()), word.text)) continue;
    if (rest.size() == word.text.size() || In(kRight, rest[word.text.size()])) return word.level;
  }
  return {};
}

// Bit i set: at byte i of the 16 at `p` may begin one of kWords, whose first three bytes tell.
// REQUIRES: 18 readable bytes.
#if defined(__SSE2__)
uint32_t MayBegin(const char* p) {
  const __m128i lower = _mm_set1_epi8(0x20);
  const auto load = [&](size_t at) {
    return _mm_or_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + at)), lower);
  };
  const __m128i first = load(0), second = load(1), third = load(2);
  __m128i found = _mm_setzero_si128();
  const auto look = [&](char a, char b, char c) {
    const __m128i ab = _mm_and_si128(_mm_cmpeq_epi8(first, _mm_set1_epi8(a)),
                                     _mm_cmpeq_epi8(second, _mm_set1_epi8(b)));
    found = _mm_or_si128(found, _mm_and_si128(ab, _mm_cmpeq_epi8(third, _mm_set1_epi8(c))));
  };
  look('t', 'r', 'a');
  look('d', 'e', 'b');
  look('f', 'a', 't');
  look('c', 'r', 'i');
  look('e', 'r', 'r');
  look('w', 'a', 'r');
  look('i', 'n', 'f');
  return static_cast<uint32_t>(_mm_movemask_epi8(found));
}
#else
uint32_t MayBegin(const char* p) {
  uint32_t mask = 0;
  for (size_t i = 0; i < 16; ++i) {
    for (const Word& word : kWords) {
      if (EqualsLower(std::string_view(p + i, 3), word.text.substr(0, 3))) mask |= 1U << i;
    }
  }
  return mask;
}
#endif

// The level of the first word that is one.
std::string_view OfWords(std::string_view line) {
  constexpr size_t kNeeded = 18;
  char tail[2 * kNeeded] = {};
  for (size_t at = 0; at < line.size(); at += 16) {
    const char* p = line.data() + at;
    if (line.size() - at < kNeeded) {
      std::memset(tail, 0, sizeof tail);
      std::memcpy(tail, p, line.size() - at);
      p = tail;
    }
    for (uint32_t mask = MayBegin(p); mask != 0; mask &= mask - 1) {
      const std::string_view level = WordAt(line, at + static_cast<size_t>(__builtin_ctz(mask)));
      if (!level.empty()) return level;
    }
  }
  return kUnknown;
}

bool IsGoSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || c == '\x85' || c == '\xA0';
}

bool LooksLikeJson(std::string_view line) {
  while (!line.empty() && (line[0] == ' ' || (line[0] >= '\t' && line[0] <= '\r'))) {
    line.remove_prefix(1);
  }
  if (line.empty() || line[0] != '{') return false;
  while (IsGoSpace(line.back())) line.remove_suffix(1);
  return line.back() == '}';
}

// A look at JSON that goes on as long as it is some.
class JsonWalk {
 public:
  explicit JsonWalk(std::string_view text) : p_(text.data()), end_(p_ + text.size()) {}

  // Behind blanks; '\0' at the end.
  char Peek() {
    while (p_ < end_ && (*p_ == ' ' || *p_ == '\t' || *p_ == '\n' || *p_ == '\r')) ++p_;
    return p_ < end_ ? *p_ : '\0';
  }
  bool Take(char c) {
    if (Peek() != c || p_ == end_) return false;
    ++p_;
    return true;
  }
  // Behind the opening quote: up to the closing one.
  bool TakeString(std::string_view* inside) {
    const char* const begin = p_;
    while (const void* quote = std::memchr(p_, '"', static_cast<size_t>(end_ - p_))) {
      const char* const at = static_cast<const char*>(quote);
      const char* run = at;
      while (run > begin && run[-1] == '\\') --run;
      p_ = at + 1;
      if ((at - run) % 2 != 0) continue;
      *inside = {begin, static_cast<size_t>(at - begin)};
      return true;
    }
    return false;
  }
  // Behind `open`: what stands up to its `close`.
  bool Skip(char open, char close) {
    for (size_t depth = 1; p_ < end_;) {
      const char c = *p_++;
      std::string_view inside;
      if (c == '"' && !TakeString(&inside)) return false;
      if (c == open) ++depth;
      if (c == close && --depth == 0) return true;
    }
    return false;
  }
  void SkipScalar() {
    while (p_ < end_ && *p_ != ',' && *p_ != '}' && *p_ != ']') ++p_;
  }

 private:
  const char* p_;
  const char* const end_;
};

// By the ranges of OpenTelemetry, four numbers each.
std::string_view OfSeverity(std::string_view text) {
  const auto number = ParseInt64(text);
  if (!number) return "info";
  if (*number == 0 || *number > 24) return kUnknown;
  if (*number <= 4) return "trace";
  if (*number <= 8) return "debug";
  if (*number <= 12) return "info";
  if (*number <= 16) return "warn";
  return *number <= 20 ? "error" : "fatal";
}

// `meta` with a pair put in at `at`, which is 0 or in front of the comma or brace behind a pair.
std::string_view PutIn(std::string_view meta, size_t at, std::string_view level, Arena* arena) {
  const bool first = at <= 1;
  if (first) at = 1;
  const std::string_view before = first ? std::string_view("\"") : std::string_view(",\"");
  const std::string_view after = first ? std::string_view("\",") : std::string_view("\"");
  const std::string_view parts[] = {meta.substr(0, at), before, kName, "\":\"", level, after,
                                    meta.substr(at)};
  size_t size = 0;
  for (std::string_view part : parts) size += part.size();
  char* const out = arena->Allocate(size);
  char* p = out;
  for (std::string_view part : parts) {
    std::memcpy(p, part.data(), part.size());
    p += part.size();
  }
  return {out, size};
}

std::string_view Alone(std::string_view level, Arena* arena) {
  for (const Ready& ready : kReady) {
    if (level == ready.level) return ready.json;
  }
  std::string json = "{\"";
  json.append(kName).append("\":\"").append(level).append("\"}");
  return arena->Copy(json);
}

}  // namespace

LevelFinder::LevelFinder(std::vector<std::string> fields, uint32_t json_depth)
    : fields_(std::move(fields)), json_depth_(json_depth) {
  if (fields_.empty()) {
    fields_ = {"level",    "LEVEL",         "Level",         "log.level",    "severity",
               "SEVERITY", "Severity",      "SeverityText",  "lvl",          "LVL",
               "Lvl",      "severity_text", "Severity_Text", "SEVERITY_TEXT"};
  }
  std::erase_if(fields_, [](const std::string& field) { return field.empty(); });
  for (const std::string& field : fields_) {
    lower_fields_.push_back(AsciiLower(field));
    const char last = lower_fields_.back().back();
    last_bytes_[static_cast<unsigned char>(last)] = true;
    if (last >= 'a' && last <= 'z') last_bytes_[static_cast<unsigned char>(last & ~0x20)] = true;
  }
}

size_t LevelFinder::RankOf(std::string_view name, bool any_case) const {
  if (name.empty() || !In(last_bytes_, name.back())) return kNone;
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (any_case ? EqualsLower(name, lower_fields_[i]) : name == fields_[i]) return i;
  }
  return kNone;
}

std::string LevelFinder::OfStream(const Labels& labels) const {
  for (const std::string& field : fields_) {
    const auto label =
        std::lower_bound(labels.begin(), labels.end(), field,
                         [](const Label& a, const std::string& name) { return a.name < name; });
    if (label == labels.end() || label->name != field || label->value.empty()) continue;
    std::string level;
    AppendJsonEscaped(&level, Usual(label->value));
    return level;
  }
  return {};
}

std::string_view LevelFinder::WithLevel(std::string_view meta, std::string_view stream_level,
                                        std::string_view line, Arena* arena) const {
  if (meta.size() <= 2) return Alone(stream_level.empty() ? OfLine(line) : stream_level, arena);
  std::string_view rest = meta, name, value, of_field, severity;
  size_t rank = kNone, at = 0;
  while (NextMetaPair(&rest, &name, &value)) {
    const int order = name.compare(kName);
    if (order < 0) at = static_cast<size_t>(rest.data() - meta.data());
    if (value.empty()) continue;
    if (order == 0) {
      const std::string_view usual = Usual(value);
      if (usual == value) return meta;
      // All levels are as long as their spellings, or shorter.
      const auto offset = static_cast<size_t>(value.data() - meta.data());
      std::string changed(meta);
      changed.replace(offset, value.size(), usual);
      return arena->Copy(changed);
    }
    if (const size_t r = RankOf(name, false); r < rank) {
      rank = r;
      of_field = value;
    }
    if (name == "severity_number") severity = value;
  }
  std::string_view level = stream_level;
  if (level.empty()) {
    level = rank != kNone       ? Usual(of_field)
            : !severity.empty() ? OfSeverity(severity)
                                : OfLine(line);
  }
  return PutIn(meta, at, level, arena);
}

std::string_view LevelFinder::OfLine(std::string_view line) const {
  std::string_view value;
  std::string scratch;
  if (LooksLikeJson(line)) {
    value = OfJson(line);
  } else if (MayHaveField(line)) {
    value = OfLogfmt(line, &scratch);
  }
  const std::string_view level = LevelOf(value);
  return level.empty() ? OfWords(line) : level;
}

// Whether a name of a field stands in front of a '='.
bool LevelFinder::MayHaveField(std::string_view line) const {
  for (size_t at = line.find('='); at != line.npos; at = line.find('=', at + 1)) {
    if (at == 0 || !In(last_bytes_, line[at - 1])) continue;
    for (const std::string& field : lower_fields_) {
      if (field.size() <= at && EqualsLower(line.substr(at - field.size(), field.size()), field)) {
        return true;
      }
    }
  }
  return false;
}

// The first text of one of the names, in the order of the line.
std::string_view LevelFinder::OfJson(std::string_view line) const {
  JsonWalk walk(line);
  if (!walk.Take('{')) return {};
  for (size_t depth = 1; depth > 0;) {
    std::string_view name, value;
    if (walk.Take(',')) continue;
    if (walk.Take('}')) {
      --depth;
      continue;
    }
    if (!walk.Take('"') || !walk.TakeString(&name) || !walk.Take(':')) return {};
    if (walk.Take('"')) {
      if (!walk.TakeString(&value)) return {};
      if (RankOf(name, false) != kNone) return value;
    } else if (walk.Take('{')) {
      if (json_depth_ == 0 || depth < json_depth_) {
        ++depth;
      } else if (!walk.Skip('{', '}')) {
        return {};
      }
    } else if (walk.Take('[')) {
      if (!walk.Skip('[', ']')) return {};
    } else {
      walk.SkipScalar();
    }
  }
  return {};
}

// That of the name of the highest rank, whatever its case.
std::string_view LevelFinder::OfLogfmt(std::string_view line, std::string* scratch) const {
  codec::LogfmtScanner scanner(line);
  std::string_view best;
  std::string word;
  size_t rank = kNone;
  while (scanner.Next(&word) == codec::LogfmtScanner::Step::kPair) {
    const size_t r = RankOf(scanner.key(), true);
    if (r >= rank) continue;
    rank = r;
    best = scanner.value();
    if (scanner.value_in_scratch()) {
      *scratch = best;
      best = *scratch;
    }
    if (rank == 0) break;
  }
  return best;
}

}  // namespace glp::wire
