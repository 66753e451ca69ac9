#include "codec/pattern_merge.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>

#include "base/strings.h"
#include "codec/pattern_mask.h"
#include "codec/pattern_words.h"

namespace glp::codec {
namespace {

constexpr char kMask = PatternMask::kMask;
constexpr std::string_view kMaskText = "\x01";

struct Word {
  uint32_t offset, size;
  bool is_key = false;  // the same in all of a frame
};

bool HasLetters(std::string_view word) {
  return std::count_if(word.begin(), word.end(), [](char c) {
           return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c & 0x80);
         }) >= 2;
}

// The keys whose values are texts for people, with words of their own.
bool IsTextKey(std::string_view key) {
  static constexpr std::string_view kKeys[] = {
      "msg",     "message", "log",     "event",   "error",   "err",        "exception",
      "title",   "text",    "reason",  "detail",  "details", "@message",   "short_message",
      "summary", "cause",   "MESSAGE", "Message", "Msg",     "description"};
  return std::find(std::begin(kKeys), std::end(kKeys), key) != std::end(kKeys);
}

class Splitter {
 public:
  Splitter(std::string_view shape, std::vector<Word>* words) : shape_(shape), words_(words) {}

  void Run() {
    words_->clear();
    size_t at = 0;
    while (at < shape_.size()) {
      const char c = shape_[at];
      if (c == '"') {
        at = Quoted(at);
      } else if (IsSeparator(c)) {
        ++at;
      } else {
        at = Bare(at);
      }
    }
  }

 private:
  static bool IsSeparator(char c) {
    switch (c) {
      case ' ':
      case '\t':
      case '"':
      case '\'':
      case '`':
      case '(':
      case ')':
      case '[':
      case ']':
      case '{':
      case '}':
      case '<':
      case '>':
      case '=':
      case ',':
      case ';':
      case '|':
      case '!':
      case '?':
      case '\\':
        return true;
      default:
        return false;
    }
  }
  char At(size_t at) const { return at < shape_.size() ? shape_[at] : '\0'; }
  void Add(size_t from, size_t to, bool is_key) {
    words_->push_back({static_cast<uint32_t>(from), static_cast<uint32_t>(to - from), is_key});
  }

  size_t Bare(size_t from) {
    size_t to = from;
    while (to < shape_.size() && !IsSeparator(shape_[to])) ++to;
    // What ends a sentence or a clause is no part of its last word.
    size_t end = to;
    while (end > from + 1 && (shape_[end - 1] == ':' || shape_[end - 1] == '.')) --end;
    const bool is_key = At(to) == '=' && end == to;
    if (is_key) key_ = shape_.substr(from, end - from);
    Add(from, end, is_key);
    return to;
  }

  // At a double quote: a key of JSON, a value that is one word, or a quote in front of words.
  size_t Quoted(size_t open) {
    if (unclosed_) return open + 1;
    size_t close = open + 1;
    while (close < shape_.size() && shape_[close] != '"') close += shape_[close] == '\\' ? 2 : 1;
    if (close >= shape_.size()) {
      // Looked for once, or a line of quotes would be read again for each of them.
      unclosed_ = true;
      return open + 1;
    }
    if (At(close + 1) == ':') {
      key_ = shape_.substr(open + 1, close - open - 1);
      Add(open + 1, close, true);
      return close + 1;
    }
    size_t before = open;
    while (before > 0 && shape_[before - 1] == ' ') --before;
    const char sign = before > 0 ? shape_[before - 1] : '\0';
    const bool is_value =
        (sign == '=' && before == open) || (sign == ':' && before > 1 && shape_[before - 2] == '"');
    if (!is_value || IsTextKey(key_)) return open + 1;
    Add(open + 1, close, false);
    return close + 1;
  }

  const std::string_view shape_;
  std::vector<Word>* words_;
  std::string_view key_;
  bool unclosed_ = false;
};

class Merger {
 public:
  explicit Merger(const std::vector<MergeInput>& shapes)
      : shapes_(shapes), result_(shapes.size()) {}

  std::vector<std::string> Run() {
    // Frames and the shapes in them, both in an order that is theirs.
    std::vector<uint32_t> order(shapes_.size());
    for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(),
              [this](uint32_t a, uint32_t b) { return shapes_[a].shape < shapes_[b].shape; });
    StringMap<std::vector<uint32_t>> frames;
    std::vector<Word> words;
    for (const uint32_t i : order) {
      Splitter(shapes_[i].shape, &words).Run();
      frames[FrameOf(shapes_[i].shape, words)].push_back(i);
    }
    for (const auto& [text, frame] : frames) Frame(frame);
    return std::move(result_);
  }

 private:
  // What shapes of a frame share: all but the words that may vary.
  static std::string FrameOf(std::string_view shape, const std::vector<Word>& words) {
    std::string frame;
    size_t at = 0;
    for (const Word& word : words) {
      frame.append(shape, at, word.offset - at);
      const std::string_view text = shape.substr(word.offset, word.size);
      at = word.offset + word.size;
      if (word.is_key || TellsOutcome(text)) {
        frame += '\2';
        frame += text;
      }
      frame += '\3';
    }
    frame.append(shape, at);
    return frame;
  }

  void Frame(const std::vector<uint32_t>& shapes) {
    if (shapes.size() == 1) {
      result_[shapes.front()] = shapes_[shapes.front()].shape;
      return;
    }
    Load(shapes);
    std::vector<uint32_t> first, rest;
    for (uint32_t row = 0; row < shapes.size(); ++row) {
      (shapes_[shapes[row]].baseline ? first : rest).push_back(row);
    }
    patterns_.clear();
    Part(std::move(first), shapes);
    if (rest.empty()) return;
    std::vector<uint32_t> unknown;
    for (const uint32_t row : rest) {
      if (!Fit(row, shapes[row])) unknown.push_back(row);
    }
    Part(std::move(unknown), shapes);
  }

  // The words of the frame's shapes as numbers, a row a shape.
  void Load(const std::vector<uint32_t>& shapes) {
    ids_.clear();
    texts_.clear();
    cells_.clear();
    Id(kMaskText);
    std::vector<Word> words;
    for (const uint32_t i : shapes) {
      Splitter(shapes_[i].shape, &words).Run();
      width_ = words.size();
      for (const Word& word : words) {
        cells_.push_back(Id(shapes_[i].shape.substr(word.offset, word.size)));
      }
    }
    seen_.assign(texts_.size(), 0);
  }
  uint32_t Id(std::string_view text) {
    const auto [it, added] = ids_.try_emplace(text, static_cast<uint32_t>(texts_.size()));
    if (added) texts_.push_back(text);
    return it->second;
  }
  uint32_t Cell(uint32_t row, size_t place) const { return cells_[row * width_ + place]; }

  // How many different words the rows have at a place; no more than `enough` are counted.
  size_t Variety(const std::vector<uint32_t>& rows, size_t place, size_t enough) {
    ++look_;
    size_t count = 0;
    for (const uint32_t row : rows) {
      uint64_t& seen = seen_[Cell(row, place)];
      if (seen == look_) continue;
      seen = look_;
      if (++count == enough) break;
    }
    return count;
  }

  // Parts rows until each group is one pattern.
  void Part(std::vector<uint32_t> all, const std::vector<uint32_t>& shapes) {
    std::vector<std::vector<uint32_t>> groups;
    if (!all.empty()) groups.push_back(std::move(all));
    while (!groups.empty()) {
      const std::vector<uint32_t> rows = std::move(groups.back());
      groups.pop_back();
      if (rows.size() == 1) {
        Take(rows, {}, shapes);
        continue;
      }
      std::vector<size_t> varying;
      size_t same = 0, fewest = rows.size() + 1, at = 0;
      for (size_t place = 0; place < width_; ++place) {
        const size_t variety = Variety(rows, place, fewest);
        if (variety == 1) {
          same += HasLetters(texts_[Cell(rows.front(), place)]);
          continue;
        }
        varying.push_back(place);
        if (variety < fewest) {
          fewest = variety;
          at = place;
        }
      }
      const size_t needed = same >= 3 ? 5 : same == 2 ? 8 : 12;
      if (same > 0 && fewest >= needed && varying.size() <= 2 * same) {
        Take(rows, varying, shapes);
        continue;
      }
      std::map<uint32_t, std::vector<uint32_t>> parts;
      for (const uint32_t row : rows) parts[Cell(row, at)].push_back(row);
      for (auto& [id, part] : parts) groups.push_back(std::move(part));
    }
  }

  void Take(const std::vector<uint32_t>& rows, const std::vector<size_t>& varying,
            const std::vector<uint32_t>& shapes) {
    const std::string text = Render(shapes_[shapes[rows.front()]].shape, varying);
    for (const uint32_t row : rows) result_[shapes[row]] = text;
    if (varying.empty()) return;
    Patterns& known = patterns_[varying];
    known.try_emplace(KeyOf(rows.front(), varying), text);
  }

  // Gives a row to the first of the patterns that it is one of.
  bool Fit(uint32_t row, uint32_t shape) {
    for (const auto& [varying, known] : patterns_) {
      const auto it = known.find(KeyOf(row, varying));
      if (it == known.end()) continue;
      result_[shape] = it->second;
      return true;
    }
    return false;
  }

  // The row without its varying words.
  std::vector<uint32_t> KeyOf(uint32_t row, const std::vector<size_t>& varying) const {
    std::vector<uint32_t> key(cells_.begin() + static_cast<ptrdiff_t>(row * width_),
                              cells_.begin() + static_cast<ptrdiff_t>((row + 1) * width_));
    for (const size_t place : varying) key[place] = 0;
    return key;
  }

  std::string Render(std::string_view shape, const std::vector<size_t>& varying) const {
    if (varying.empty()) return std::string(shape);
    std::vector<Word> words;
    Splitter(shape, &words).Run();
    std::string text;
    size_t at = 0;
    for (const size_t place : varying) {
      const Word& word = words[place];
      text.append(shape, at, word.offset - at);
      text += kMask;
      at = word.offset + word.size;
    }
    text.append(shape, at);
    return text;
  }

  using Patterns = std::map<std::vector<uint32_t>, std::string>;

  const std::vector<MergeInput>& shapes_;
  std::vector<std::string> result_;
  // Of the frame that is looked at.
  std::unordered_map<std::string_view, uint32_t> ids_;
  std::vector<std::string_view> texts_;
  std::vector<uint32_t> cells_;
  size_t width_ = 0;
  std::vector<uint64_t> seen_;  // by word: the last look that came upon it
  uint64_t look_ = 0;
  std::map<std::vector<size_t>, Patterns> patterns_;
};

}  // namespace

std::vector<std::string> MergeShapes(const std::vector<MergeInput>& shapes) {
  return Merger(shapes).Run();
}

}  // namespace glp::codec
