#include "wire/push_judge.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>

#include "base/time.h"
#include "wire/push_refusal.h"

namespace glp::wire {
namespace {

const int64_t kNow = *ParseRfc3339("2026-01-05T12:00:00Z");

struct Made {
  PushRequest request;
  // Shared, so that the request's views are good in a copy, too.
  std::shared_ptr<std::deque<std::string>> texts = std::make_shared<std::deque<std::string>>();

  Made& Stream(Labels labels, std::string error = "") {
    PushRequest::Stream& stream = request.streams.emplace_back();
    stream.labels = std::move(labels);
    stream.labels_error = std::move(error);
    return *this;
  }
  // `ago_s`: seconds before now.
  Made& Entry(double ago_s, std::string line = "x", std::string meta = "") {
    PushRequest::Entry entry;
    entry.ts_ns = kNow - static_cast<int64_t>(ago_s * 1e9);
    entry.line = texts->emplace_back(std::move(line));
    entry.meta = texts->emplace_back(std::move(meta));
    request.streams.back().entries.push_back(entry);
    return *this;
  }
};

struct Outcome {
  int status = 0;
  std::string words;
  std::string stored;     // "{a="1"} -5 line meta" a line, seconds from now
  std::string discarded;  // "line_too_long 1/10", entries and bytes
};

Outcome Judge(const Limits& limits, const Made& made, PushQuota* quota = nullptr,
              int64_t now_ns = kNow, bool is_stored = true) {
  LabelTable labels;
  std::vector<store::NewEntry> entries;
  PushJudge judge(limits, "fake", quota, now_ns);
  judge.Judge(made.request, &labels, &entries);
  if (is_stored) judge.Stored();
  Outcome out;
  out.status = judge.status();
  out.words = judge.Words();
  for (const store::NewEntry& entry : entries) {
    char time[32];
    std::snprintf(time, sizeof time, "%.9g", static_cast<double>(entry.ts_ns - kNow) / 1e9);
    out.stored += LabelsToSelector(entry.stream->labels) + " " + time + " " +
                  std::string(entry.line) + std::string(entry.meta) + "\n";
  }
  uint64_t refused = 0;
  for (size_t i = 0; i < kDiscards; ++i) {
    const Discarded& discarded = judge.discarded()[i];
    refused += discarded.entries;
    if (discarded.entries == 0) continue;
    out.discarded += (out.discarded.empty() ? "" : " ") +
                     std::string(DiscardName(static_cast<Discard>(i))) + " " +
                     std::to_string(discarded.entries) + "/" + std::to_string(discarded.bytes);
  }
  EXPECT_EQ(refused, judge.refused());
  size_t all = 0;
  for (const auto& stream : made.request.streams) all += stream.entries.size();
  EXPECT_EQ(all, entries.size() + judge.refused());
  // Who sent it learns from the words which of its entries were refused.
  if (out.status == 400) {
    const Refusal refusal = FindRefused(made.request, out.words);
    EXPECT_TRUE(refusal.complete) << out.words;
    EXPECT_EQ(refusal.refused.size(), judge.refused()) << out.words;
  }
  return out;
}

TEST(PushJudge, WithoutLimitsAllIsTakenAsItIs) {
  Made made;
  made.Stream({})
      .Entry(1e8, std::string(1 << 20, 'x'))
      .Stream({{"a", "1"}})
      .Entry(-1e8, "an error");
  const Outcome out = Judge(Limits(), made);
  EXPECT_EQ(out.status, 204);
  EXPECT_EQ(out.words, "");
  EXPECT_EQ(out.stored,
            "{} -100000000 " + std::string(1 << 20, 'x') + "\n{a=\"1\"} 100000000 an error\n");
}

// Each limit: what is stored, what is said, what is counted.
TEST(PushJudge, SaysWhatEachLimitRefuses) {
  struct Case {
    Limits limits;
    Made made;
    std::string stored, words, discarded;
  };
  const auto with = [](auto change) {
    Limits limits;
    change(&limits);
    return limits;
  };
  Limits loki = LokiLimits();
  loki.discover_service_name.clear();
  loki.discover_log_levels = false;
  std::vector<Case> cases;
  cases.push_back({loki, Made().Stream({}).Entry(1), "",
                   "error at least one label pair is required per stream", "missing_labels 1/1"});
  cases.push_back({loki, Made().Stream({{"bad-name", "v"}}).Entry(1), "",
                   "error parsing labels '{bad-name=\"v\"}' with error: 'bad-name' is not a label "
                   "name",
                   "invalid_labels 1/1"});
  cases.push_back({loki,
                   Made()
                       .Stream({{"a", "1"}, {"a", "2"}},
                               "stream '{a=\"1\", a=\"2\"}' has duplicate label name: 'a'")
                       .Entry(1),
                   "", "stream '{a=\"1\", a=\"2\"}' has duplicate label name: 'a'",
                   "duplicate_label_names 1/1"});
  cases.push_back({with([](Limits* l) { l->max_label_names_per_series = 1; }),
                   Made()
                       .Stream({{"a", "1"}, {"b", "2"}, {"service_name", "s"}})
                       .Entry(1)
                       .Stream({{"a", "1"}, {"service_name", "s"}})
                       .Entry(1),
                   "{a=\"1\", service_name=\"s\"} -1 x\n",
                   "entry for stream '{a=\"1\", b=\"2\", service_name=\"s\"}' has 2 label names; "
                   "limit 1",
                   "max_label_names_per_series 1/1"});
  cases.push_back({with([](Limits* l) { l->max_label_name_length = 2; }),
                   Made().Stream({{"abc", "1"}}).Entry(1, "xy", R"({"k":"v\n"})").Entry(2), "",
                   "stream '{abc=\"1\"}' has label name too long: 'abc'",
                   "label_name_too_long 2/6"});
  cases.push_back({with([](Limits* l) { l->max_label_value_length = 2; }),
                   Made().Stream({{"a", "123"}}).Entry(1), "",
                   "stream '{a=\"123\"}' has label value too long: '123'",
                   "label_value_too_long 1/1"});
  cases.push_back({with([](Limits* l) {
                     l->enforced_labels = {"team", "a", "env"};
                   }),
                   Made().Stream({{"a", "1"}}).Entry(1), "",
                   "missing required labels 'team,env' for user 'fake' for stream '{a=\"1\"}' "
                   "(policy: '')",
                   "missing_enforced_labels 1/1"});
  cases.push_back({loki, Made().Stream({{"a", "1"}}).Entry(8 * 86400).Entry(6 * 86400, "kept"),
                   "{a=\"1\"} -518400 kept\n",
                   "entry for stream '{a=\"1\"}' has timestamp too old: 2025-12-28T12:00:00Z, "
                   "oldest acceptable timestamp is: 2025-12-29T12:00:00Z",
                   "greater_than_max_sample_age 1/1"});
  cases.push_back({loki, Made().Stream({{"a", "1"}}).Entry(-601).Entry(-600, "kept"),
                   "{a=\"1\"} 600 kept\n",
                   "entry for stream '{a=\"1\"}' has timestamp too new: 2026-01-05T12:10:01Z",
                   "too_far_in_future 1/1"});
  cases.push_back({with([](Limits* l) { l->max_line_size = 3; }),
                   Made().Stream({{"a", "1"}}).Entry(1, "long").Entry(2, "abc"),
                   "{a=\"1\"} -2 abc\n",
                   "max entry size '3' bytes exceeded for stream '{a=\"1\"}' while adding an entry "
                   "with length '4' bytes",
                   "line_too_long 1/4"});
  cases.push_back({with([](Limits* l) { l->allow_structured_metadata = false; }),
                   Made().Stream({{"a", "1"}}).Entry(1, "x", R"({"k":"v"})").Entry(2, "y"),
                   "{a=\"1\"} -2 y\n",
                   "stream '{a=\"1\"}' includes structured metadata, but this feature is "
                   "disallowed. Please see `limits_config.allow_structured_metadata` or contact "
                   "your Loki administrator to enable it.",
                   "disallowed_structured_metadata 1/3"});
  cases.push_back({with([](Limits* l) { l->max_structured_metadata_size = 4; }),
                   Made()
                       .Stream({{"a", "1"}})
                       .Entry(1, "x", R"({"k":"vv\"x"})")
                       .Entry(2, "y", R"({"detected_level":"info","k":"\t\t\t"})"),
                   "{a=\"1\"} -2 y{\"detected_level\":\"info\",\"k\":\"\\t\\t\\t\"}\n",
                   "stream '{a=\"1\"}' has structured metadata too large: '5' bytes, limit: '4' "
                   "bytes. Please see `limits_config.max_structured_metadata_size` or contact your "
                   "Loki administrator to increase it.",
                   "structured_metadata_too_large 1/6"});
  cases.push_back({with([](Limits* l) { l->max_structured_metadata_entries_count = 1; }),
                   Made().Stream({{"a", "1"}}).Entry(1, "x", R"({"k":"v","l":"w"})"), "",
                   "stream '{a=\"1\"}' has too many structured metadata labels: '2', limit: '1'. "
                   "Please see `limits_config.max_structured_metadata_entries_count` or contact "
                   "your Loki administrator to increase it.",
                   "structured_metadata_too_many 1/5"});
  for (const Case& c : cases) {
    const Outcome out = Judge(c.limits, c.made);
    EXPECT_EQ(out.words, c.words);
    EXPECT_EQ(out.status, 400) << c.words;
    EXPECT_EQ(out.stored, c.stored) << c.words;
    EXPECT_EQ(out.discarded, c.discarded) << c.words;
  }
}

TEST(PushJudge, EqualReasonsAreCounted) {
  Limits limits;
  limits.max_line_size = 3;
  limits.max_label_name_length = 3;
  Made made;
  made.Stream({{"a", "1"}}).Entry(1, "long").Entry(2, "four").Entry(3);
  made.Stream({{"long", "1"}}).Entry(1).Entry(2);
  const Outcome out = Judge(limits, made);
  EXPECT_EQ(out.words,
            "2 errors like: max entry size '3' bytes exceeded for stream '{a=\"1\"}' while adding "
            "an entry with length '4' bytes; 1 errors like: stream '{long=\"1\"}' has label name "
            "too long: 'long'");
  EXPECT_EQ(out.discarded, "label_name_too_long 2/2 line_too_long 2/8");
}

// Who sent them learns of each stream (Judge looks whether it does), up to an answer that is long.
TEST(PushJudge, ManyReasonsAreToldEach) {
  Limits limits;
  limits.max_label_value_length = 3;
  Made made;
  for (int i = 0; i < 300; ++i) {
    made.Stream({{"a", "long " + std::to_string(i)}}).Entry(1).Stream({{"b", "1"}}).Entry(i);
  }
  const Outcome out = Judge(limits, made);
  EXPECT_EQ(out.discarded, "label_value_too_long 300/300");
  EXPECT_EQ(out.words.find("other errors"), std::string::npos);
  PushJudge judge(limits, "fake", nullptr, kNow);
  for (int i = 0; i < 3000; ++i) made.Stream({{"c", "long " + std::to_string(i)}}).Entry(1);
  LabelTable labels;
  std::vector<store::NewEntry> entries;
  judge.Judge(made.request, &labels, &entries);
  EXPECT_NE(judge.Words().find(" errors like: other errors"), std::string::npos);
  EXPECT_GT(judge.Words().size(), 40u << 10);
  EXPECT_LT(judge.Words().size(), 64u << 10);
  EXPECT_FALSE(FindRefused(made.request, judge.Words()).complete);
}

TEST(PushJudge, LongLinesAreCut) {
  Limits limits;
  limits.max_line_size = 5;
  limits.max_line_size_truncate = true;
  Made made;
  made.Stream({{"a", "1"}}).Entry(1, "abcdefgh").Entry(2, "abcd\xC3\xBC").Entry(3, "abcde");
  EXPECT_EQ(Judge(limits, made).stored,
            "{a=\"1\"} -1 abcde\n{a=\"1\"} -2 abcd\n{a=\"1\"} -3 abcde\n");
  limits.max_line_size_truncate_identifier = "..";
  EXPECT_EQ(Judge(limits, made).stored,
            "{a=\"1\"} -1 abc..\n{a=\"1\"} -2 abc..\n{a=\"1\"} -3 abcde\n");
  limits.max_line_size_truncate_identifier = "too long";
  EXPECT_EQ(Judge(limits, made).discarded, "line_too_long 2/14");
}

TEST(PushJudge, AddsServiceNameAndLevel) {
  Made made;
  made.Stream({{"app", "a"}, {"zone", "z"}}).Entry(1, "an error", R"({"x":"1"})").Entry(2);
  made.Stream({{"level", "WARN"}}).Entry(1, "an error");
  made.Stream({{"app", "a"}, {"service_name", "mine"}}).Entry(1, "level=debug");
  made.Stream({}).Entry(1);
  EXPECT_EQ(Judge(LokiLimits(), made).stored,
            "{app=\"a\", service_name=\"a\", zone=\"z\"} -1 an error"
            "{\"detected_level\":\"error\",\"x\":\"1\"}\n"
            "{app=\"a\", service_name=\"a\", zone=\"z\"} -2 x{\"detected_level\":\"unknown\"}\n"
            "{level=\"WARN\", service_name=\"unknown_service\"} -1 an error"
            "{\"detected_level\":\"warn\"}\n"
            "{app=\"a\", service_name=\"mine\"} -1 level=debug{\"detected_level\":\"debug\"}\n"
            "{service_name=\"unknown_service\"} -1 x{\"detected_level\":\"unknown\"}\n");
  // In the order of the list, not of the labels.
  Made many;
  many.Stream({{"app", "a"}, {"job", "j"}, {"service", "s"}}).Entry(1);
  EXPECT_EQ(Judge(LokiLimits(), many).stored.substr(0, 54),
            "{app=\"a\", job=\"j\", service=\"s\", service_name=\"s\"} -1 x");
  Limits no_metadata = LokiLimits();
  no_metadata.allow_structured_metadata = false;
  EXPECT_EQ(Judge(no_metadata, many).stored,
            "{app=\"a\", job=\"j\", service=\"s\", service_name=\"s\"} -1 x\n");
}

TEST(PushJudge, EqualTimesAreSetApart) {
  Limits limits;
  limits.increment_duplicate_timestamp = true;
  Made made;
  made.Stream({{"a", "1"}}).Entry(1, "x").Entry(1, "y").Entry(1, "y").Entry(1, "z").Entry(2, "w");
  made.Stream({{"a", "2"}}).Entry(1, "x");
  // Also behind one that another was moved onto.
  made.Stream({{"a", "3"}}).Entry(1, "x").Entry(1, "y").Entry(0.999999999, "z").Entry(1, "w");
  EXPECT_EQ(Judge(limits, made).stored,
            "{a=\"1\"} -1 x\n{a=\"1\"} -0.999999999 y\n{a=\"1\"} -1 y\n{a=\"1\"} -0.999999999 z\n"
            "{a=\"1\"} -2 w\n{a=\"2\"} -1 x\n{a=\"3\"} -1 x\n{a=\"3\"} -0.999999999 y\n"
            "{a=\"3\"} -0.999999998 z\n{a=\"3\"} -0.999999997 w\n");
}

TEST(PushJudge, ABlockedTenantIsToldUntilWhen) {
  Limits limits;
  limits.block_ingestion_until_ns = kNow + 1;
  Made made;
  made.Stream({{"a", "1"}}).Entry(1, "abc").Entry(2);
  Outcome out = Judge(limits, made);
  EXPECT_EQ(out.status, 260);
  EXPECT_EQ(
      out.words,
      "ingestion blocked for user 'fake' until '2026-01-05T12:00:00Z' with status code '260'");
  EXPECT_EQ(out.discarded, "blocked_ingestion 2/4");
  limits.block_ingestion_status_code = 200;
  out = Judge(limits, made);
  EXPECT_EQ(out.status, 204);
  EXPECT_EQ(out.words, "");
  EXPECT_EQ(out.stored, "");
  limits.block_ingestion_until_ns = kNow;
  EXPECT_EQ(Judge(limits, made).discarded, "");
}

TEST(PushJudge, ATenantThatIsTooFastIsRefusedAsAWhole) {
  Limits limits;
  limits.ingestion_rate_mb = 0.5;
  limits.ingestion_burst_size_mb = 1;
  limits.max_line_size = 600 << 10;
  PushQuota quota;
  const std::string half(512 << 10, 'x');
  Made made;
  made.Stream({{"a", "1"}}).Entry(1, half).Entry(2, half);
  EXPECT_EQ(Judge(limits, made, &quota).status, 204);
  // What is wrong besides is told when it comes again.
  made.Entry(3, std::string(700 << 10, 'x'));
  const Outcome out = Judge(limits, made, &quota, kNow + kNsPerSecond);
  EXPECT_EQ(out.status, 429);
  EXPECT_EQ(out.stored, "");
  EXPECT_EQ(
      out.words,
      "ingestion rate limit exceeded for user fake (limit: 524288 bytes/sec) while attempting "
      "to ingest '2' lines totaling '1048576' bytes, reduce log volume or contact your Loki "
      "administrator to see if the limit can be increased");
  EXPECT_EQ(out.discarded, "line_too_long 1/716800 rate_limited 2/1048576");
}

TEST(PushJudge, StreamsThatAreTooManyOrTooFast) {
  Limits limits;
  limits.max_streams_per_user = 2;
  limits.per_stream_rate_limit = 3 << 10;
  limits.per_stream_rate_limit_burst = 3 << 10;
  PushQuota quota;
  const std::string big(2 << 10, 'x');
  Made made;
  made.Stream({{"a", "1"}}).Entry(1, big);
  made.Stream({{"a", "2"}}).Entry(1);
  made.Stream({{"a", "3"}}).Entry(1, "no").Entry(2, "no");
  made.Stream({{"a", "1"}}).Entry(3, big);
  // Small enough, but behind what was refused of the same stream.
  made.Stream({{"a", "1"}}).Entry(4, "small");
  const Outcome out = Judge(limits, made, &quota);
  EXPECT_EQ(out.status, 429);
  EXPECT_EQ(out.stored, "{a=\"1\"} -1 " + big + "\n{a=\"2\"} -1 x\n");
  EXPECT_EQ(
      out.words,
      "1 errors like: Per stream rate limit exceeded (limit: 3KB/sec) while attempting to "
      "ingest for stream '{a=\"1\"}' totaling 2KB, consider splitting a stream via additional "
      "labels or contact your Loki administrator to see if the limit can be increased; "
      "1 errors like: Per stream rate limit exceeded (limit: 3KB/sec) while attempting to "
      "ingest for stream '{a=\"1\"}' totaling 5B, consider splitting a stream via additional "
      "labels or contact your Loki administrator to see if the limit can be increased; "
      "1 errors like: maximum active stream limit exceeded when trying to create stream "
      "{a=\"3\"}, reduce the number of active streams (reduce labels or reduce label values), "
      "or contact your Loki administrator to see if the limit can be increased, user: 'fake'");
  EXPECT_EQ(out.discarded, "stream_limit 2/4 per_stream_rate_limit 2/2053");
}

TEST(PushJudge, OrderIsKeptWhereItIsAskedFor) {
  Limits limits;
  limits.unordered_writes = false;
  PushQuota quota;
  Made made;
  made.Stream({{"a", "1"}}).Entry(5).Entry(3).Entry(4, "late").Entry(3).Entry(2);
  made.Stream({{"a", "2"}}).Entry(9);
  Outcome out = Judge(limits, made, &quota);
  EXPECT_EQ(out.status, 400);
  EXPECT_EQ(out.stored,
            "{a=\"1\"} -5 x\n{a=\"1\"} -3 x\n{a=\"1\"} -3 x\n{a=\"1\"} -2 x\n{a=\"2\"} -9 x\n");
  EXPECT_EQ(out.words,
            "entry with timestamp 2026-01-05 11:59:56 +0000 UTC ignored, reason: 'entry out of "
            "order',\nuser 'fake', total ignored: 1 out of 5 for stream: {a=\"1\"}");
  // A later push knows what was there.
  Made later;
  later.Stream({{"a", "1"}}).Entry(2.5, "late").Entry(2, "kept").Entry(1.5, "kept");
  out = Judge(limits, later, &quota);
  EXPECT_EQ(out.stored, "{a=\"1\"} -2 kept\n{a=\"1\"} -1.5 kept\n");
  EXPECT_EQ(out.words,
            "entry with timestamp 2026-01-05 11:59:57.5 +0000 UTC ignored, reason: 'entry out of "
            "order',\nuser 'fake', total ignored: 1 out of 3 for stream: {a=\"1\"}");
  EXPECT_EQ(out.discarded, "out_of_order 1/4");
  // What could not be stored comes again and is not too late then.
  Made failed;
  failed.Stream({{"a", "1"}}).Entry(1.4, "kept").Entry(1.3, "kept");
  failed.Stream({{"a", "1"}}).Entry(1.35, "late").Entry(1.2, "kept");
  for (const bool is_stored : {false, true}) {
    out = Judge(limits, failed, &quota, kNow, is_stored);
    EXPECT_EQ(out.stored, "{a=\"1\"} -1.4 kept\n{a=\"1\"} -1.3 kept\n{a=\"1\"} -1.2 kept\n");
    EXPECT_EQ(out.discarded, "out_of_order 1/4");
  }
  EXPECT_EQ(Judge(limits, failed, &quota).discarded, "out_of_order 3/12");
  // Many of them are told one by one, too.
  Made many;
  many.Stream({{"a", "1"}}).Entry(1);
  for (int i = 0; i < 100; ++i) many.Entry(10 + i);
  EXPECT_EQ(Judge(limits, many, &quota).discarded, "out_of_order 100/100");
}

TEST(PushJudge, TimesAreRefusedInTheSameWords) {
  const Limits limits = LokiLimits();
  EXPECT_EQ(RefusedTime(limits, kNow, {{"a", "1"}}, kNow), "");
  EXPECT_EQ(RefusedTime(limits, kNow, {{"a", "1"}}, kNow + 700 * kNsPerSecond),
            "entry for stream '{a=\"1\"}' has timestamp too new: 2026-01-05T12:11:40Z");
  EXPECT_EQ(RefusedTime(Limits(), kNow, {}, INT64_MIN), "");
}

}  // namespace
}  // namespace glp::wire
