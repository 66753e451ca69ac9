#include "wire/push_refusal.h"

#include <re2/re2.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include "base/strings.h"
#include "base/time.h"
#include "wire/labels_text.h"
#include "wire/push_meta.h"

namespace glp::wire {
namespace {

using Stream = PushRequest::Stream;
using Text = re2::StringPiece;

constexpr size_t kMaxWords = 64 << 10;

std::string_view View(Text text) { return {text.data(), text.size()}; }

// The labels that the words name a stream by.
bool ReadNamed(Text text, Labels* named) {
  std::string_view rest = View(text);
  if (!ReadLabelsText(&rest, named).ok() || !rest.empty()) return false;
  Canonicalize(named);
  return true;
}

// Labels that Loki adds to a stream on its own.
bool IsLokis(const Label& label) {
  return label.name == "service_name" || label.name == "__stream_shard__";
}

// Whether a stream of the request is the one that the words name.
bool IsNamed(const Labels& named, const Labels& ours) {
  auto label = ours.begin();
  for (const Label& other : named) {
    if (label != ours.end() && *label == other) {
      ++label;
    } else if (!IsLokis(other)) {
      return false;
    }
  }
  return label == ours.end();
}

int64_t SecondOf(int64_t ts_ns) {
  return ts_ns / kNsPerSecond - (ts_ns % kNsPerSecond < 0 ? 1 : 0);
}

// "2026-01-05 00:00:00.5 +0000 UTC", as Go prints a time of its own accord.
std::optional<int64_t> ParseGoTime(std::string_view text) {
  constexpr std::string_view kZone = " +0000 UTC";
  if (!text.ends_with(kZone)) return std::nullopt;
  text.remove_suffix(kZone.size());
  return ParseRfc3339(std::string(text) + "Z");
}

// The words against one request. Each Apply function says whether its message was understood: it
// names entries that are there.
class Finder {
 public:
  explicit Finder(const PushRequest& request) : request_(request) {
    for (const Stream& stream : request.streams)
      reasons_.emplace_back(stream.entries.size(), kNone);
  }

  void Read(std::string_view words);
  Refusal Take() &&;

 private:
  using Pick = std::function<bool(const Stream&)>;
  using PickEntry = std::function<bool(const Stream&, const PushRequest::Entry&)>;
  static constexpr uint32_t kNone = UINT32_MAX;

  bool Apply(std::string_view message, uint64_t count);
  bool ApplyToRequest(std::string_view message);
  bool ApplyToStreams(std::string_view message);
  bool ApplyToMetadata(std::string_view message);
  bool ApplyToLine(std::string_view message);
  bool ApplyToTime(std::string_view message, uint64_t count);
  bool ApplyToOrder(std::string_view message);

  void Mark(size_t stream, size_t entry);
  // Both return whether there was one.
  bool RefuseStreams(const Pick& pick);
  bool RefuseEntries(const PickEntry& pick);
  bool RefuseAtSecond(const Labels& named, int64_t second, uint64_t count, bool oldest);

  const PushRequest& request_;
  std::vector<std::vector<uint32_t>> reasons_;  // of each entry
  Refusal refusal_;
  bool understood_ = true;
  uint64_t claimed_ = 0;  // by the words: streams and entries
  uint64_t found_ = 0;
  bool has_others_ = false;
};

void Finder::Mark(size_t stream, size_t entry) {
  uint32_t& reason = reasons_[stream][entry];
  if (reason == kNone) reason = static_cast<uint32_t>(refusal_.reasons.size() - 1);
}

bool Finder::RefuseStreams(const Pick& pick) {
  bool any = false;
  for (size_t s = 0; s < request_.streams.size(); ++s) {
    if (reasons_[s].empty() || !pick(request_.streams[s])) continue;
    any = true;
    if (reasons_[s][0] == kNone) ++found_;
    for (size_t e = 0; e < reasons_[s].size(); ++e) Mark(s, e);
  }
  return any;
}

bool Finder::RefuseEntries(const PickEntry& pick) {
  bool any = false;
  for (size_t s = 0; s < request_.streams.size(); ++s) {
    const Stream& stream = request_.streams[s];
    for (size_t e = 0; e < stream.entries.size(); ++e) {
      if (!pick(stream, stream.entries[e])) continue;
      any = true;
      if (reasons_[s][e] == kNone) ++found_;
      Mark(s, e);
    }
  }
  return any;
}

// The words have whole seconds only: of the entries of that second, those `count` that are the
// furthest beyond the limit.
bool Finder::RefuseAtSecond(const Labels& named, int64_t second, uint64_t count, bool oldest) {
  struct Candidate {
    int64_t ts_ns;
    size_t stream, entry;
  };
  std::vector<Candidate> candidates;
  for (size_t s = 0; s < request_.streams.size(); ++s) {
    const Stream& stream = request_.streams[s];
    if (!IsNamed(named, stream.labels)) continue;
    for (size_t e = 0; e < stream.entries.size(); ++e) {
      const int64_t ts_ns = stream.entries[e].ts_ns;
      if (SecondOf(ts_ns) == second) candidates.push_back({ts_ns, s, e});
    }
  }
  std::stable_sort(candidates.begin(), candidates.end(), [&](const auto& a, const auto& b) {
    return oldest ? a.ts_ns < b.ts_ns : a.ts_ns > b.ts_ns;
  });
  const bool enough = candidates.size() >= count;
  if (enough) candidates.resize(count);
  for (const Candidate& c : candidates) {
    if (reasons_[c.stream][c.entry] == kNone) ++found_;
    Mark(c.stream, c.entry);
  }
  return enough;
}

// Nothing of the request was stored.
bool Finder::ApplyToRequest(std::string_view message) {
  static const RE2 whole(
      "(?i)^(error at least one valid stream is required|malformed push body: |snappy: |mime: |"
      "Content-Encoding |request body too large|ingestion blocked for user )");
  return RE2::PartialMatch(message, whole) &&
         RefuseEntries([](const Stream&, const PushRequest::Entry&) { return true; });
}

bool Finder::ApplyToStreams(std::string_view message) {
  static const RE2 no_labels("^error at least one label pair is required per stream");
  static const RE2 bad_labels("(?s)^error parsing labels '(.*)' with error: ");
  static const RE2 many(R"((?s)^entry for stream '(\{.*\})' has (\d+) label names; limit (\d+)$)");
  static const RE2 named_only(
      "(?s)^stream '(\\{.*\\})' has (?:label name too long|label value too long|duplicate label "
      "name): '|^missing required labels '.*' for user '.*' for stream '(\\{.*\\})'");
  Text text, other;
  uint64_t limit = 0, names = 0;
  if (RE2::PartialMatch(message, no_labels)) {
    return RefuseStreams([](const Stream& stream) { return stream.labels.empty(); });
  }
  if (RE2::PartialMatch(message, bad_labels, &text)) {
    return RefuseStreams([&](const Stream& stream) {
      return stream.labels_text == View(text) || LabelsToSelector(stream.labels) == View(text);
    });
  }
  Labels named;
  if (RE2::PartialMatch(message, many, &text, &names, &limit)) {
    if (limit == 0 || names <= limit || !ReadNamed(text, &named)) return false;
    const bool any = RefuseStreams([&](const Stream& s) { return IsNamed(named, s.labels); });
    RefuseStreams([&](const Stream& s) {
      const auto lokis = std::count_if(s.labels.begin(), s.labels.end(), IsLokis);
      return s.labels.size() - static_cast<size_t>(lokis) > limit;
    });
    return any;
  }
  if (RE2::PartialMatch(message, named_only, &text, &other)) {
    if (text.empty()) text = other;
    const bool readable = ReadNamed(text, &named);
    return RefuseStreams([&](const Stream& stream) {
      if (!stream.labels_error.empty()) return stream.labels_error == message;
      return readable && IsNamed(named, stream.labels);
    });
  }
  return false;
}

bool Finder::ApplyToMetadata(std::string_view message) {
  static const RE2 disallowed(
      R"((?s)^stream '.*' includes structured metadata, but this feature is disallowed)");
  static const RE2 large(
      R"((?s)^stream '.*' has structured metadata too large: '\d+' bytes, limit: '(\d+)' bytes)");
  static const RE2 many(
      R"((?s)^stream '.*' has too many structured metadata labels: '\d+', limit: '(\d+)')");
  if (RE2::PartialMatch(message, disallowed)) {
    return RefuseEntries([](const Stream&, const auto& entry) { return !entry.meta.empty(); });
  }
  uint64_t limit = 0;
  const bool by_size = RE2::PartialMatch(message, large, &limit);
  if (!by_size && !RE2::PartialMatch(message, many, &limit)) return false;
  return RefuseEntries([&](const Stream&, const PushRequest::Entry& entry) {
    const MetaSize size = SizeOfMeta(entry.meta);
    return (by_size ? size.bytes : size.pairs) > limit;
  });
}

bool Finder::ApplyToLine(std::string_view message) {
  static const RE2 line(
      R"((?s)^(?i:max) entry size '(\d+)' bytes exceeded for stream '.*' while adding an entry )"
      R"(with length '(\d+)' bytes)");
  uint64_t limit = 0, size = 0;
  if (!RE2::PartialMatch(message, line, &limit, &size) || size <= limit) return false;
  bool any = false;
  RefuseEntries([&](const Stream&, const PushRequest::Entry& entry) {
    any |= entry.line.size() == size;
    return entry.line.size() > limit;
  });
  return any;
}

bool Finder::ApplyToTime(std::string_view message, uint64_t count) {
  static const RE2 old(
      R"((?s)^entry for stream '(\{.*\})' has timestamp too old: (\S+), oldest acceptable )"
      R"(timestamp is: (\S+)$)");
  static const RE2 young(R"((?s)^entry for stream '(\{.*\})' has timestamp too new: (\S+)$)");
  Text text, at, limit;
  const bool is_old = RE2::PartialMatch(message, old, &text, &at, &limit);
  if (!is_old && !RE2::PartialMatch(message, young, &text, &at)) return false;
  Labels named;
  const std::optional<int64_t> time = ParseRfc3339(View(at));
  if (!time || !ReadNamed(text, &named)) return false;
  const bool enough = RefuseAtSecond(named, SecondOf(*time), count, is_old);
  if (!is_old) {
    // What is at least a second younger than this is beyond the same limit.
    RefuseEntries(
        [&](const Stream&, const auto& entry) { return SecondOf(entry.ts_ns) > SecondOf(*time); });
    return enough;
  }
  const std::optional<int64_t> oldest = ParseRfc3339(View(limit));
  if (!oldest) return false;
  RefuseEntries([&](const Stream&, const auto& entry) { return entry.ts_ns < *oldest; });
  return enough;
}

// What an ingester refused, for one stream: up to ten times, each exactly, and how many in all.
bool Finder::ApplyToOrder(std::string_view message) {
  static const RE2 one(R"((?s)^entry with timestamp (.*?) ignored, reason: '(.*?)',\s*)");
  static const RE2 total(
      R"((?s)^user '.*?', total ignored: (\d+) out of (\d+) for stream: (\{.*\})$)");
  static const RE2 oldest_time(R"(oldest acceptable timestamp is: (\S+)$)");
  std::multiset<int64_t> times;
  std::optional<int64_t> oldest;
  Text rest = message, time, why, text;
  bool readable = true;
  while (RE2::Consume(&rest, one, &time, &why)) {
    if (const auto ts_ns = ParseGoTime(View(time))) {
      times.insert(*ts_ns);
    } else {
      readable = false;
    }
    Text limit;
    if (RE2::PartialMatch(why, oldest_time, &limit)) oldest = ParseRfc3339(View(limit));
  }
  uint64_t ignored = 0, of = 0;
  Labels named;
  if (!RE2::PartialMatch(rest, total, &ignored, &of, &text) || !ReadNamed(text, &named)) {
    return false;
  }
  const auto is_named = [&](const Stream& stream) { return IsNamed(named, stream.labels); };

  uint64_t told = 0, beyond = 0, held = 0;
  for (const Stream& stream : request_.streams) {
    if (!is_named(stream)) continue;
    held += stream.entries.size();
    for (const PushRequest::Entry& entry : stream.entries) {
      told += times.contains(entry.ts_ns) ? 1 : 0;
      beyond += oldest && entry.ts_ns < *oldest ? 1 : 0;
    }
  }
  const bool all = ignored == of && of == held;
  const bool exact = readable && told == ignored && times.size() == ignored;
  const bool by_limit = !exact && beyond == ignored;
  RefuseEntries([&](const Stream& stream, const PushRequest::Entry& entry) {
    if (!is_named(stream)) return false;
    return all || times.contains(entry.ts_ns) || (by_limit && entry.ts_ns < *oldest);
  });
  return all || exact || by_limit;
}

bool Finder::Apply(std::string_view message, uint64_t count) {
  static const RE2 rpc(R"((?s)^rpc error: code = \S+ desc = )");
  static const RE2 others("^other errors$");
  Text rest = TrimSpace(message);
  while (RE2::Consume(&rest, rpc)) {
  }
  message = View(rest);
  claimed_ += count;
  if (RE2::PartialMatch(message, others)) {
    has_others_ = true;
    return true;
  }
  refusal_.reasons.emplace_back(message);
  return ApplyToRequest(message) || ApplyToStreams(message) || ApplyToMetadata(message) ||
         ApplyToLine(message) || ApplyToTime(message, count) || ApplyToOrder(message);
}

// Not of labels that are broken: they go on to the next `="`, wherever that stands.
bool AreNames(const Labels& labels) {
  return std::all_of(labels.begin(), labels.end(), [](const Label& label) {
    return label.name.find_first_of(" '") == std::string::npos;
  });
}

// Where the message ends that `words` begins with. Values of labels may be any text, also such as
// stands between messages.
size_t MessageSize(std::string_view words) {
  static const RE2 next_group(R"(^; \d+ errors like: )");
  for (size_t at = 0; at < words.size(); ++at) {
    std::string_view rest = words.substr(at);
    Labels labels;
    if (rest[0] == '{' && ReadLabelsText(&rest, &labels).ok() && AreNames(labels)) {
      at = static_cast<size_t>(rest.data() - words.data()) - 1;
    } else if (rest[0] == ';' && RE2::PartialMatch(rest, next_group)) {
      return at;
    }
  }
  return words.size();
}

void Finder::Read(std::string_view words) {
  static const RE2 group(R"(^(\d+) errors like: )");
  Text rest = TrimSpace(words.substr(0, kMaxWords));
  if (rest.empty() || words.size() > kMaxWords) understood_ = false;
  while (!rest.empty()) {
    uint64_t count = 1;
    RE2::Consume(&rest, group, &count);
    const size_t size = MessageSize(View(rest));
    understood_ &= Apply(View(rest).substr(0, size), count);
    rest.remove_prefix(std::min(rest.size(), size + 2));
  }
}

Refusal Finder::Take() && {
  refusal_.complete = understood_ && (!has_others_ || found_ == claimed_);
  for (uint32_t s = 0; s < reasons_.size(); ++s) {
    for (uint32_t e = 0; e < reasons_[s].size(); ++e) {
      if (reasons_[s][e] != kNone) refusal_.refused.push_back({s, e, reasons_[s][e]});
    }
  }
  return std::move(refusal_);
}

}  // namespace

Refusal FindRefused(const PushRequest& request, std::string_view words) {
  Finder finder(request);
  finder.Read(words);
  return std::move(finder).Take();
}

}  // namespace glp::wire
