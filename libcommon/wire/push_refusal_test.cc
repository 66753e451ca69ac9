#include "wire/push_refusal.h"

#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "base/time.h"
#include "wire/limits.h"
#include "wire/push_judge.h"

namespace glp::wire {
namespace {

constexpr int64_t kHour = 3600 * kNsPerSecond;

int64_t At(std::string_view text) { return *ParseRfc3339(text); }

// Owns the lines of a request.
struct Made {
  PushRequest request;
  std::deque<std::string> lines;

  Made& Stream(Labels labels) {
    request.streams.emplace_back().labels = std::move(labels);
    return *this;
  }
  Made& Entry(std::string_view time, std::string line = "x", std::string_view meta = "") {
    PushRequest::Entry entry;
    entry.ts_ns = At(time);
    entry.line = lines.emplace_back(std::move(line));
    entry.meta = meta;
    request.streams.back().entries.push_back(entry);
    return *this;
  }
};

// "0.1 1.0", the streams and entries that were refused; "?" behind where that is not all.
std::string Show(const Refusal& refusal) {
  std::string out;
  for (const Refusal::Entry& entry : refusal.refused) {
    out +=
        (out.empty() ? "" : " ") + std::to_string(entry.stream) + "." + std::to_string(entry.entry);
    EXPECT_LT(entry.reason, refusal.reasons.size());
  }
  return refusal.complete ? out : out + "?";
}

// Three streams: hours of one day, lines of 10, 20 and 30 bytes, metadata here and there.
Made Usual() {
  Made made;
  made.Stream({{"app", "a"}, {"env", "x"}})
      .Entry("2026-01-05T00:00:00.1Z", std::string(10, 'x'))
      .Entry("2026-01-05T01:00:00.2Z", std::string(20, 'x'), R"({"k":"v"})")
      .Entry("2026-01-05T01:00:00.3Z", std::string(30, 'x'), R"({"k":"v","l":"12345"})");
  made.Stream({{"app", "b"}, {"c", "1"}, {"d", "2"}, {"say", "\"it's; 2 errors like: {}\""}})
      .Entry("2026-01-05T00:00:00.5Z", std::string(30, 'y'))
      .Entry("2026-01-05T02:00:00Z", std::string(10, 'y'));
  made.Stream({}).Entry("2026-01-05T03:00:00Z");
  return made;
}

const char kA[] = R"({app="a", env="x"})";
const char kALoki[] = R"({app="a", env="x", service_name="a"})";
const char kB[] = R"({app="b", c="1", d="2", say="\"it's; 2 errors like: {}\""})";

struct Case {
  std::string words;
  std::string wanted;
};

TEST(PushRefusal, FindsWhatEachMessageOfLokiMeans) {
  const std::string a = kALoki, b = kB;
  const Case cases[] = {
      // By limits, which hold for every stream.
      {"entry for stream '" + a +
           "' has timestamp too old: 2026-01-05T00:00:00Z, oldest acceptable timestamp is: "
           "2026-01-05T00:30:00Z",
       "0.0 1.0"},
      {"2 errors like: entry for stream '" + a +
           "' has timestamp too old: 2026-01-05T01:00:00Z, oldest acceptable timestamp is: "
           "2026-01-05T01:00:00Z",
       "0.0 0.1 0.2 1.0"},
      {"entry for stream '" + a +
           "' has timestamp too old: 2026-01-05T01:00:00Z, oldest acceptable timestamp is: "
           "2026-01-05T01:00:00Z",
       "0.0 0.1 1.0"},
      {"entry for stream '" + a + "' has timestamp too new: 2026-01-05T01:00:00Z", "0.2 1.1 2.0"},
      {"entry for stream '" + a + "' has timestamp too new: 2026-01-05T02:00:00+01:00",
       "0.2 1.1 2.0"},
      {"max entry size '20' bytes exceeded for stream '" + a +
           "' while adding an entry with length '30' bytes",
       "0.2 1.0"},
      {"Max entry size '19' bytes exceeded for stream '" + a +
           "' while adding an entry with length '20' bytes",
       "0.1 0.2 1.0"},
      {"entry for stream '" + b + "' has 4 label names; limit 3", "1.0 1.1"},
      {"entry for stream '" + a + "' has 2 label names; limit 1", "0.0 0.1 0.2 1.0 1.1"},
      {"stream '" + a +
           "' includes structured metadata, but this feature is disallowed. Please see "
           "`limits_config.allow_structured_metadata` or contact your Loki administrator to "
           "enable it.",
       "0.1 0.2"},
      {"stream '" + a +
           "' has structured metadata too large: '8' bytes, limit: '2' bytes. Please see "
           "`limits_config.max_structured_metadata_size` or contact your Loki administrator to "
           "increase it.",
       "0.2"},
      {"stream '" + a +
           "' has too many structured metadata labels: '2', limit: '1'. Please see "
           "`limits_config.max_structured_metadata_entries_count` or contact your Loki "
           "administrator to increase it.",
       "0.2"},
      // By the name of the stream.
      {"stream '" + a + "' has label name too long: 'env'", "0.0 0.1 0.2"},
      {"stream '" + b + "' has label value too long: '1'", "1.0 1.1"},
      {"stream '" + a + "' has duplicate label name: 'env'", "0.0 0.1 0.2"},
      {"error parsing labels '" + std::string(kA) + "' with error: 1:2: parse error: any",
       "0.0 0.1 0.2"},
      {"missing required labels 'team' for user 'fake' for stream '" + b + "' (policy: '')",
       "1.0 1.1"},
      {"error at least one label pair is required per stream", "2.0"},
      // All of it.
      {"error at least one valid stream is required for ingestion", "0.0 0.1 0.2 1.0 1.1 2.0"},
      {"request body too large: 7 bytes, limit: 5 bytes", "0.0 0.1 0.2 1.0 1.1 2.0"},
      {"ingestion blocked for user 'fake' until '2027-01-01T00:00:00Z' with status code '260'",
       "0.0 0.1 0.2 1.0 1.1 2.0"},
      {"malformed push body: stream 0: is no object", "0.0 0.1 0.2 1.0 1.1 2.0"},
      // Several.
      {"1 errors like: entry for stream '" + a +
           "' has timestamp too new: 2026-01-05T01:00:00Z; 1 errors like: max entry size '29' "
           "bytes exceeded for stream '" +
           b + "' while adding an entry with length '30' bytes",
       "0.2 1.0 1.1 2.0"},
      // Labels that are none do not reach into the next message.
      {"1 errors like: error parsing labels '{bad' with error: 1:2: parse error: any; 1 errors "
       "like: stream '" +
           b + "' has label value too long: '1'",
       "1.0 1.1?"},
      // Of an ingester.
      {"entry with timestamp 2026-01-05 00:00:00.1 +0000 UTC ignored, reason: 'entry too far "
       "behind, entry timestamp is: 2026-01-05T00:00:00Z, oldest acceptable timestamp is: "
       "2026-01-05T00:30:00Z',\nuser 'fake', total ignored: 1 out of 3 for stream: " +
           a,
       "0.0"},
      {"rpc error: code = Code(400) desc = entry with timestamp 2026-01-05 00:00:00.1 +0000 UTC "
       "ignored, reason: 'entry out of order',\nentry with timestamp 2026-01-05 01:00:00.3 +0000 "
       "UTC ignored, reason: 'entry out of order',\nuser 'fake', total ignored: 2 out of 3 for "
       "stream: " +
           a,
       "0.0 0.2"},
      {"entry with timestamp 2026-01-05 00:00:00.1 +0000 UTC ignored, reason: 'entry too far "
       "behind, entry timestamp is: 2026-01-05T00:00:00Z, oldest acceptable timestamp is: "
       "2026-01-05T02:00:00Z',\nuser 'fake', total ignored: 3 out of 3 for stream: " +
           a,
       "0.0 0.1 0.2"},
      // More than it tells one by one, found by the limit that it tells.
      {"entry with timestamp 2026-01-05 00:00:00.5 +0000 UTC ignored, reason: 'entry too far "
       "behind, entry timestamp is: 2026-01-05T00:00:00Z, oldest acceptable timestamp is: "
       "2026-01-05T01:00:00Z',\nuser 'fake', total ignored: 1 out of 2 for stream: " +
           b,
       "1.0"},
  };
  const Made made = Usual();
  for (const Case& c : cases) {
    EXPECT_EQ(Show(FindRefused(made.request, c.words)), c.wanted) << c.words;
    EXPECT_EQ(Show(FindRefused(made.request, c.words + "\n")), c.wanted) << c.words;
  }
}

TEST(PushRefusal, SaysWhatItDoesNotUnderstand) {
  const std::string a = kALoki, b = kB;
  const Case cases[] = {
      {"", "?"},
      {"Bad Request", "?"},
      {"<html><body>400</body></html>", "?"},
      {"stream '{no=\"such\"}' has label name too long: 'no'", "?"},
      {"entry for stream '{no=\"such\"}' has timestamp too old: 2026-01-05T00:00:00Z, oldest "
       "acceptable timestamp is: 2026-01-05T00:00:00Z",
       "?"},
      {"entry for stream '" + a + "' has timestamp too new: yesterday", "?"},
      {"max entry size '5' bytes exceeded for stream '" + a +
           "' while adding an entry with length '3' bytes",
       "?"},
      // What is understood counts, and the rest is open.
      {"1 errors like: stream '" + b + "' has label name too long: 'app'; 3 errors like: new words",
       "1.0 1.1?"},
      {"1 errors like: entry for stream '" + a +
           "' has timestamp too new: 2026-01-05T01:00:00Z; 1 errors like: max entry size '29' "
           "bytes exceeded for str",
       "0.2 1.1 2.0?"},
      // 12 were ignored of which it tells one.
      {"entry with timestamp 2026-01-05 01:00:00.2 +0000 UTC ignored, reason: 'entry out of "
       "order',\nuser 'fake', total ignored: 2 out of 3 for stream: " +
           a,
       "0.1?"},
      {"entry with timestamp 2026-01-05 01:00:00.2 +0000 UTC ignored, reason: 'entry out of "
       "order',",
       "?"},
  };
  const Made made = Usual();
  for (const Case& c : cases) {
    EXPECT_EQ(Show(FindRefused(made.request, c.words)), c.wanted) << c.words;
  }
}

// A stream may stand twice in a request of merged batches.
TEST(PushRefusal, KnowsAStreamThatStandsTwice) {
  Made made;
  made.Stream({{"a", "1"}}).Entry("2026-01-05T00:00:00Z").Entry("2026-01-05T00:00:09Z");
  made.Stream({{"a", "1"}}).Entry("2026-01-05T00:00:00Z");
  EXPECT_EQ(Show(FindRefused(made.request,
                             "2 errors like: entry for stream '{a=\"1\"}' has timestamp too old: "
                             "2026-01-05T00:00:00Z, oldest acceptable timestamp is: "
                             "2026-01-05T00:00:00Z")),
            "0.0 1.0");
}

// Our own server's words against what it did.
TEST(PushRefusal, FindsWhatOurServerRefused) {
  Limits limits = LokiLimits();
  limits.max_line_size = 20;
  limits.max_label_names_per_series = 2;
  const int64_t now_ns = At("2026-01-05T01:00:00.7Z");
  limits.reject_old_samples_max_age_ns = kHour;
  for (const int reasons : {0, 1, 5, 40}) {
    Made made;
    made.Stream({{"a", "1"}}).Stream({{"a", "2"}, {"b", "2"}, {"c", "2"}});
    made.Entry("2026-01-05T01:00:00Z").Stream({{"bad-name", "x"}}).Entry("2026-01-05T01:00:00Z");
    made.request.streams[0].entries.clear();
    made.Stream({{"z", "1"}});
    for (int i = 0; i < reasons; ++i) {
      made.Entry("2026-01-05T01:00:00Z", std::string(15 + i, 'x'));
      made.Entry("2026-01-05T00:00:00." + std::to_string(10 + i) + "Z");
      made.Entry("2026-01-04T00:00:" + std::to_string(10 + i) + "Z");
      made.Entry("2026-01-06T00:00:" + std::to_string(10 + i) + "Z");
    }
    std::erase_if(made.request.streams, [](const auto& stream) { return stream.entries.empty(); });
    LabelTable labels;
    std::vector<store::NewEntry> entries;
    PushJudge judge(limits, "fake", nullptr, now_ns);
    judge.Judge(made.request, &labels, &entries);
    std::set<const char*> stored;  // by their lines
    for (const store::NewEntry& entry : entries) stored.insert(entry.line.data());
    std::string wanted;
    for (size_t s = 0; s < made.request.streams.size(); ++s) {
      const PushRequest::Stream& stream = made.request.streams[s];
      for (size_t e = 0; e < stream.entries.size(); ++e) {
        if (stored.contains(stream.entries[e].line.data())) continue;
        wanted += (wanted.empty() ? "" : " ") + std::to_string(s) + "." + std::to_string(e);
      }
    }
    EXPECT_EQ(Show(FindRefused(made.request, judge.Words())), wanted) << judge.Words();
  }
}

// Whatever is left of the words, nothing is said to be stored that was not.
TEST(PushRefusal, CutOffWordsSayNothingWrong) {
  const std::string words =
      "1 errors like: entry for stream '" + std::string(kALoki) +
      "' has timestamp too new: 2026-01-05T01:00:00Z; 1 errors like: stream '" + kB +
      "' has label value too long: '1'";
  const Made made = Usual();
  for (size_t size = 0; size < words.size(); ++size) {
    const Refusal refusal = FindRefused(made.request, words.substr(0, size));
    const size_t behind_first = words.find("; 1 errors");
    if (size > behind_first + 2 && size < words.find("too long: '")) {
      EXPECT_FALSE(refusal.complete) << words.substr(0, size);
    }
    if (size < words.find("01:00:00Z") + 9) {
      EXPECT_FALSE(refusal.complete) << size;
    }
  }
}

}  // namespace
}  // namespace glp::wire
