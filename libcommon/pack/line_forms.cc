#include "pack/line_forms.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "base/hash.h"

namespace glp::pack {
namespace {

// A form of so many lines gets a template of its own.
constexpr uint32_t kMinLines = 3;
// More forms than this that differ in words only are joined, unless each has many lines.
constexpr size_t kManyForms = 16;
constexpr uint64_t kManyLines = 32;
// Templates of one skeleton that are tried for lines of later blocks.
constexpr size_t kMaxJoined = 8;
// Single words are opened so often; then all that differ at once.
constexpr size_t kMaxOpened = 8;

// Which words of `forms` forms, with `lines` lines in all, become values: those that differ most,
// until what is left has lines enough. `words`: of one form behind those of the other.
std::vector<bool> WordsToOpen(const std::vector<std::string_view>& words, size_t forms,
                              uint64_t lines) {
  size_t per_form = words.size() / forms;
  std::vector<uint64_t> hashes(words.size());
  for (size_t i = 0; i < words.size(); ++i) hashes[i] = Hash64(words[i]);
  std::vector<uint64_t> scratch(forms);
  auto distinct = [&](auto hash_of) {
    for (size_t i = 0; i < forms; ++i) scratch[i] = hash_of(i);
    std::sort(scratch.begin(), scratch.end());
    return static_cast<size_t>(std::unique(scratch.begin(), scratch.end()) - scratch.begin());
  };
  struct Word {
    size_t at;
    size_t distinct;
  };
  std::vector<Word> differing;
  for (size_t w = 0; w < per_form; ++w) {
    size_t count = distinct([&](size_t i) { return hashes[i * per_form + w]; });
    if (count > 1) differing.push_back({w, count});
  }
  std::stable_sort(differing.begin(), differing.end(),
                   [](const Word& a, const Word& b) { return a.distinct > b.distinct; });
  std::vector<bool> open(per_form, false);
  for (size_t opened = 0; opened < differing.size(); ++opened) {
    if (opened >= kMaxOpened) {
      open[differing[opened].at] = true;
      continue;
    }
    size_t left = distinct([&](size_t i) {
      uint64_t hash = 0;
      for (size_t w = 0; w < per_form; ++w) {
        hash = (hash ^ (open[w] ? 0 : hashes[i * per_form + w])) * 0x9e3779b97f4a7c15;
        hash ^= hash >> 29;
      }
      return hash;
    });
    if (left == 1 || lines >= left * kManyLines) break;
    open[differing[opened].at] = true;
  }
  return open;
}

// Whether lines of the form `pattern` are such of the template `joined` as well, which has the same
// skeleton.
bool Covers(std::string_view joined, std::string_view pattern) {
  size_t at = 0;
  for (size_t j = 0; j < joined.size();) {
    if (at >= pattern.size()) return false;
    if (joined[j] != '0') {
      if (joined[j++] != pattern[at++]) return false;
      continue;
    }
    size_t begin = at;
    while (at < pattern.size() && IsValueByte(pattern[at])) ++at;
    if (at == begin) return false;
    ++j;
  }
  return at == pattern.size();
}

// Calls `sink(begin, end)` for each run of value bytes.
template <typename Sink>
void ForEachWord(std::string_view text, Sink sink) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (!IsValueByte(text[at])) continue;
    size_t begin = at;
    while (at < text.size() && IsValueByte(text[at])) ++at;
    sink(begin, at);
  }
}

}  // namespace

void LineForms::Find(std::span<const std::string_view> lines) {
  patterns_.clear();
  forms_.clear();
  runs_.clear();
  slots_.assign(1024, kNone);
  Split(lines);
  into_.resize(forms_.size());
  for (uint32_t i = 0; i < forms_.size(); ++i) into_[i] = i;
  Settle();
  SplitAgain(lines);
  Register();
}

void LineForms::Split(std::span<const std::string_view> lines) {
  lines_.assign(lines.size(), {});
  for (size_t i = 0; i < lines.size(); ++i) {
    std::string_view line = lines[i];
    size_t first = runs_.size();
    lines_[i].first_run = static_cast<uint32_t>(first);
    if (line.size() > kMaxTemplateBytes) continue;
    splitter_.Read(line);
    splitter_.FindValues(&runs_);
    size_t holes = runs_.size() - first;
    if (holes > kMaxTemplateHoles) {
      runs_.resize(first);
      continue;
    }
    // The line without its values; never longer than it.
    pattern_.resize(line.size());
    char* p = pattern_.data();
    size_t at = 0;
    for (size_t r = first; r < runs_.size(); ++r) {
      size_t size = runs_[r].begin - at;
      std::memcpy(p, line.data() + at, size);
      p += size;
      *p++ = '0';
      at = runs_[r].end;
    }
    std::memcpy(p, line.data() + at, line.size() - at);
    p += line.size() - at;
    lines_[i].form =
        FormOf(std::string_view(pattern_).substr(0, static_cast<size_t>(p - pattern_.data())),
               static_cast<uint32_t>(holes));
    ++forms_[lines_[i].form].lines;
  }
}

// The number of the form, which is new where it was not there.
uint32_t LineForms::FormOf(std::string_view pattern, uint32_t holes) {
  uint64_t hash = Hash64(pattern);
  size_t mask = slots_.size() - 1;
  size_t at = hash & mask;
  for (; slots_[at] != kNone; at = (at + 1) & mask) {
    const Form& form = forms_[slots_[at]];
    if (form.hash == hash && Pattern(form) == pattern) return slots_[at];
  }
  auto number = static_cast<uint32_t>(forms_.size());
  slots_[at] = number;
  forms_.push_back({patterns_.size(), static_cast<uint32_t>(pattern.size()), holes, hash,
                    dictionary_->Find(pattern, hash)});
  patterns_.append(pattern);
  if (forms_.size() * 2 > slots_.size()) {
    slots_.assign(slots_.size() * 2, kNone);
    mask = slots_.size() - 1;
    for (uint32_t i = 0; i < forms_.size(); ++i) {
      for (at = forms_[i].hash & mask; slots_[at] != kNone;) at = (at + 1) & mask;
      slots_[at] = i;
    }
  }
  return number;
}

// What is left without words.
void LineForms::SkeletonOf(std::string_view pattern) {
  skeleton_.clear();
  size_t at = 0;
  ForEachWord(pattern, [&](size_t begin, size_t end) {
    skeleton_.append(pattern.substr(at, begin - at)).push_back('0');
    at = end;
  });
  skeleton_.append(pattern.substr(at));
}

// Joins a form to a template of the blocks before that has words of it as values.
bool LineForms::FindJoined(uint32_t form, uint64_t skeleton) {
  auto found = joined_templates_.find(skeleton);
  if (found == joined_templates_.end()) return false;
  for (uint32_t number : found->second) {
    joined_.clear();
    dictionary_->templates().AppendPattern(number, &joined_);
    if (!Covers(joined_, Pattern(forms_[form]))) continue;
    uint32_t into =
        FormOf(joined_, static_cast<uint32_t>(dictionary_->templates()[number].holes.size()));
    forms_[into].lines += forms_[form].lines;
    into_[form] = into;
    return true;
  }
  return false;
}

// Decides which forms stay, and which are joined to what.
void LineForms::Settle() {
  std::vector<Group> groups;
  std::unordered_map<uint64_t, uint32_t> by_hash;
  joined_forms_.clear();
  const auto count = static_cast<uint32_t>(forms_.size());
  for (uint32_t i = 0; i < count; ++i) {
    if (forms_[i].number != kNone) continue;
    SkeletonOf(Pattern(forms_[i]));
    uint64_t hash = Hash64(skeleton_);
    if (FindJoined(i, hash)) continue;
    auto [found, is_new] = by_hash.try_emplace(hash, static_cast<uint32_t>(groups.size()));
    if (is_new) groups.push_back({hash, {}});
    groups[found->second].forms.push_back(i);
  }
  for (const Group& group : groups) Join(group);
}

void LineForms::Join(const Group& group) {
  uint64_t often = 0;
  uint64_t often_lines = 0;
  for (uint32_t f : group.forms) {
    if (forms_[f].lines < kMinLines) continue;
    ++often;
    often_lines += forms_[f].lines;
  }
  bool join_often = often > kManyForms && often_lines < often * kManyLines;
  // Words of each form that is to be joined; those of form i from i * words on.
  std::vector<uint32_t> joined;
  std::vector<std::string_view> words;
  uint64_t lines = 0;
  for (uint32_t f : group.forms) {
    if (forms_[f].lines >= kMinLines && !join_often) continue;
    std::string_view pattern = Pattern(forms_[f]);
    size_t before = words.size();
    ForEachWord(pattern, [&](size_t begin, size_t end) {
      words.push_back(pattern.substr(begin, end - begin));
    });
    // Another number of words is another skeleton with the same hash.
    if (!joined.empty() && (words.size() - before) * joined.size() != before) {
      words.resize(before);
      into_[f] = kNone;
      continue;
    }
    joined.push_back(f);
    lines += forms_[f].lines;
  }
  if (joined.empty()) return;
  size_t per_form = words.size() / joined.size();
  if (joined.size() < 2 || lines < kMinLines || per_form > kMaxTemplateHoles) {
    for (uint32_t f : joined) {
      if (forms_[f].lines < kMinLines) into_[f] = kNone;
    }
    return;
  }
  std::vector<bool> open = WordsToOpen(words, joined.size(), lines);
  // Where hardly a word stays the same they are sentences, which compress better as they are.
  size_t opened = static_cast<size_t>(std::count(open.begin(), open.end(), true));
  if (opened * 8 > per_form * 7) {
    for (uint32_t f : joined) {
      if (forms_[f].lines < kMinLines) into_[f] = kNone;
    }
    return;
  }
  for (uint32_t f : joined) {
    std::string_view pattern = Pattern(forms_[f]);
    joined_.clear();
    size_t at = 0;
    size_t word = 0;
    uint32_t holes = 0;
    ForEachWord(pattern, [&](size_t begin, size_t end) {
      bool hole = open[word++] || (end == begin + 1 && pattern[begin] == '0');
      holes += hole;
      joined_.append(pattern.substr(at, begin - at));
      if (hole) {
        joined_.push_back('0');
      } else {
        joined_.append(pattern.substr(begin, end - begin));
      }
      at = end;
    });
    joined_.append(pattern.substr(at));
    uint32_t into = FormOf(joined_, holes);
    joined_forms_.push_back({group.hash, into});
    if (into == f) continue;
    forms_[into].lines += forms_[f].lines;
    into_[f] = into;
  }
}

// Finds the values of lines that got another form, and leaves out forms of few lines.
void LineForms::SplitAgain(std::span<const std::string_view> lines) {
  into_.resize(forms_.size(), kNone);
  for (uint32_t i = 0; i < forms_.size(); ++i) {
    if (into_[i] != kNone && into_[i] != i) forms_[i].lines = 0;
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    Line& line = lines_[i];
    if (line.form == kNone || into_[line.form] == line.form) continue;
    line.form = into_[line.form];
    if (line.form == kNone) continue;
    words_.clear();
    splitter_.Read(lines[i]);
    splitter_.FindWords(&words_);
    line.first_run = static_cast<uint32_t>(runs_.size());
    // Word by word, as a hole or as it is.
    std::string_view pattern = Pattern(forms_[line.form]);
    size_t word = 0;
    ForEachWord(pattern, [&](size_t begin, size_t end) {
      if (end == begin + 1 && pattern[begin] == '0') runs_.push_back(words_[word]);
      ++word;
    });
  }
}

void LineForms::Register() {
  for (Form& form : forms_) {
    if (form.number != kNone || form.lines < kMinLines) continue;
    form.number = dictionary_->Add(Pattern(form), form.hash);
  }
  for (auto [skeleton, form] : joined_forms_) {
    uint32_t number = forms_[form].number;
    if (number == kNone) continue;
    std::vector<uint32_t>& known = joined_templates_[skeleton];
    if (known.size() < kMaxJoined && std::find(known.begin(), known.end(), number) == known.end()) {
      known.push_back(number);
    }
  }
}

void LineForms::Cut(size_t size) {
  if (size == dictionary_->size()) return;
  dictionary_->Cut(size);
  for (auto& [skeleton, known] : joined_templates_) {
    std::erase_if(known, [&](uint32_t number) { return number >= size; });
  }
}

}  // namespace glp::pack
