#include "stages/kv.h"

#include <algorithm>
#include <utility>

#include "stages/unescape.h"

namespace glp::stages {
namespace {

constexpr size_t kNone = std::string_view::npos;

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool IsAllBlank(std::string_view text) { return std::all_of(text.begin(), text.end(), IsBlank); }

}  // namespace

// The pairs of a text. Where the next separators stand is looked up once, so that it stays linear.
class KvStage::Scanner {
 public:
  enum class Step : uint8_t { kPair, kBareWord, kError, kEnd };

  Scanner(const Options& options, std::string_view text)
      : options_(options), text_(text), blank_pairs_(IsAllBlank(options.pair_separator)) {}

  Step Next();
  // As they are written; quotes are off.
  std::string_view key, value;
  bool is_quoted = false;  // the value was, and may have escapes

 private:
  bool IsQuoteAt(size_t at) const {
    return at < text_.size() && options_.quote.find(text_[at]) != kNone;
  }
  size_t SkipBlanks(size_t at) const {
    while (at < text_.size() && IsBlank(text_[at])) ++at;
    return at;
  }
  std::string_view Trimmed(size_t begin, size_t end) const {
    while (end > begin && IsBlank(text_[end - 1])) --end;
    return text_.substr(begin, end - begin);
  }
  size_t FindBlank(size_t at) const {
    while (at < text_.size() && !IsBlank(text_[at])) ++at;
    return at;
  }
  // Where the pair's separator stands at `at` or behind it; the text's end where there is none.
  size_t PairEnd(size_t at) {
    if (pair_end_ < at || pair_end_ == kNone) {
      pair_end_ = blank_pairs_ ? FindBlank(at)
                               : std::min(text_.find(options_.pair_separator, at), text_.size());
    }
    return pair_end_;
  }
  size_t KeyEnd(size_t at) {
    if (key_end_ < at || key_end_ == kNone) {
      key_end_ = std::min(text_.find(options_.key_separator, at), text_.size());
    }
    return key_end_;
  }
  // Goes on behind the separator at `end`.
  void Leave(size_t end) {
    const size_t size = blank_pairs_ ? 1 : options_.pair_separator.size();
    at_ = std::min(end + size, text_.size());
  }
  // Goes on behind this pair; false where something stands between its end and the separator.
  bool LeaveClean() {
    const size_t end = PairEnd(at_);
    const bool is_clean = IsAllBlank(text_.substr(at_, end - at_));
    Leave(end);
    return is_clean;
  }
  // The text in the quotes that open at `at`; false where they do not close.
  bool TakeQuoted(size_t at, std::string_view* out) {
    const size_t end = FindQuote(text_, at + 1, text_[at]);
    if (end == kNone) return false;
    *out = text_.substr(at + 1, end - at - 1);
    at_ = end + 1;
    return true;
  }
  Step Bad() {
    Leave(PairEnd(at_));
    return Step::kError;
  }

  const Options& options_;
  std::string_view text_;
  bool blank_pairs_;
  size_t at_ = 0;
  size_t pair_end_ = kNone, key_end_ = kNone;
};

KvStage::Scanner::Step KvStage::Scanner::Next() {
  const std::string& separator = options_.pair_separator;
  // Separators without anything between them are no pair.
  for (;;) {
    at_ = SkipBlanks(at_);
    if (blank_pairs_ || text_.compare(at_, separator.size(), separator) != 0) break;
    at_ += separator.size();
  }
  if (at_ == text_.size()) return Step::kEnd;
  if (IsQuoteAt(at_)) {
    if (!TakeQuoted(at_, &key)) {
      at_ = text_.size();
      return Step::kError;
    }
    const std::string& key_separator = options_.key_separator;
    const size_t next = blank_pairs_ ? at_ : SkipBlanks(at_);
    if (text_.compare(next, key_separator.size(), key_separator) != 0) {
      return LeaveClean() ? Step::kBareWord : Step::kError;
    }
    at_ = next + key_separator.size();
  } else {
    const size_t begin = at_;
    const size_t key_end = KeyEnd(begin);
    const size_t pair_end = PairEnd(begin);
    if (pair_end < key_end || key_end == text_.size()) {
      key = Trimmed(begin, pair_end);
      Leave(pair_end);
      return Step::kBareWord;
    }
    key = Trimmed(begin, key_end);
    at_ = key_end + options_.key_separator.size();
    if (key.empty()) return Bad();
  }
  // With blanks between the pairs a value ends at the first of them, also an empty one.
  if (!blank_pairs_) at_ = std::min(SkipBlanks(at_), PairEnd(at_));
  is_quoted = IsQuoteAt(at_);
  if (!is_quoted) {
    const size_t end = PairEnd(at_);
    value = Trimmed(at_, end);
    Leave(end);
    return Step::kPair;
  }
  if (!TakeQuoted(at_, &value)) {
    at_ = text_.size();
    return Step::kError;
  }
  return LeaveClean() ? Step::kPair : Step::kError;
}

KvStage::KvStage(Options options, TextSource source)
    : options_(std::move(options)),
      source_(std::move(source)),
      keys_(options_.keys.begin(), options_.keys.end()) {}

bool KvStage::IsWanted(std::string_view key) const {
  return keys_.empty() || keys_.find(key) != keys_.end();
}

Verdict KvStage::Process(StageEntry& entry, StageRun& run) {
  const auto text = source_.Get(entry, run.arena);
  if (!text) {
    Fail(entry, source_.missing());
    return Verdict::kPass;
  }
  Scanner scanner(options_, *text);
  size_t count = 0;
  std::string_view why, details;  // of the first thing that is wrong
  for (Scanner::Step step; (step = scanner.Next()) != Scanner::Step::kEnd;) {
    if (step == Scanner::Step::kPair) {
      if (!IsWanted(scanner.key)) continue;
      if (++count > kMaxFieldsOfLine) {
        why = "kv: more than 10000 pairs";
        break;
      }
      entry.fields.Set(scanner.key,
                       scanner.is_quoted ? Unescape(scanner.value, run.arena) : scanner.value);
    } else if (step == Scanner::Step::kError && why.empty()) {
      why = "kv: not pairs of keys and values throughout";
    } else if (step == Scanner::Step::kBareWord && !options_.bare_words && why.empty()) {
      why = "kv: a word without a value";
      details = scanner.key;
    }
  }
  if (!why.empty()) Fail(entry, why, details);
  return Verdict::kPass;
}

std::unique_ptr<Stage> ReadKvStage(const codec::YamlNode& config, BuildContext& context) {
  const KvStage::Options defaults;
  codec::Given<std::string> pair_separator{defaults.pair_separator};
  codec::Given<std::string> key_separator{defaults.key_separator};
  codec::Given<std::string> quote{defaults.quote}, source;
  codec::Given<bool> bare_words;
  codec::Given<std::vector<std::string>> keys;
  codec::YamlMap map(config, "kv", context.errors);
  map.Text("pair_separator", &pair_separator);
  map.Text("key_separator", &key_separator);
  map.Text("quote", &quote);
  map.Bool("bare_words", &bare_words);
  map.Texts("keys", &keys);
  map.Text("source", &source);
  map.Finish();
  if (pair_separator.value.empty()) {
    map.Error(pair_separator, "pair_separator: expected what stands between pairs, as in ', '");
  }
  if (key_separator.value.empty()) {
    map.Error(key_separator, "key_separator: expected what stands behind a key, as in ':'");
  }
  if (pair_separator.value == key_separator.value) {
    map.Error(key_separator, "key_separator: the same as pair_separator");
  }
  if (quote.value.find('\\') != kNone) {
    map.Error(quote, "quote: a backslash is what stands in front of a quote that is meant");
  }
  if (!context.errors->first().ok()) return nullptr;
  return std::make_unique<KvStage>(KvStage::Options{pair_separator.value, key_separator.value,
                                                    quote.value, bare_words.value, keys.value},
                                   TextSource("kv", source.value));
}

}  // namespace glp::stages
