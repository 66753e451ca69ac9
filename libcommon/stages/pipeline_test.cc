#include "stages/pipeline.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/json_text.h"
#include "base/time.h"
#include "stages/auto.h"
#include "stages/cri.h"
#include "stages/docker.h"
#include "stages/json.h"
#include "stages/logfmt.h"
#include "stages/output.h"
#include "stages/regex.h"
#include "stages/timestamp.h"

namespace glp::stages {
namespace {

class PipelineTest : public testing::Test, public EntrySink {
 protected:
  PipelineTest() : pipeline_(&table_, this) {}

  void OnDrop(StageEntry&, std::string_view) override { ADD_FAILURE(); }
  void Wait(int64_t) override { ADD_FAILURE(); }
  void OnEntry(StageEntry& entry) override {
    std::string scratch;
    std::string out(entry.line().Decode(&scratch));
    if (entry.labels->json != "{}") out += " " + entry.labels->json;
    std::string_view fields = entry.fields.Json(&scratch);
    if (!fields.empty()) out += " " + std::string(fields);
    if (!entry.src.empty()) out += " src=" + std::string(entry.src);
    if (entry.pos != Record::kPosIsNext) out += " pos=" + std::to_string(entry.pos);
    if (on_entry_) on_entry_(entry);
    times_.push_back(entry.ts_ns);
    out_.push_back(out);
  }

  void Feed(std::string_view line, std::string_view src = "", std::string_view labels = "{}",
            uint64_t pos = Record::kPosIsNext) {
    // As the reader gives it: the inside of a JSON string in a padded buffer.
    std::string json;
    AppendJsonEscaped(&json, line);
    bool escapes = json.size() != line.size();
    std::string padded = json + std::string(64, '\0');
    Record record;
    record.ts_ns = 1000;
    record.labels = *table_.FromJson(std::string(labels));
    record.line = {std::string_view(padded).substr(0, json.size()),
                   escapes ? Line::Form::kJson : Line::Form::kPlain};
    record.src = src;
    record.pos = pos;
    pipeline_.Process(record);
  }
  bool Passes(Mark::Kind kind, std::string_view src) { return pipeline_.OnMark({kind, "", src}); }
  std::vector<std::string> Take() { return std::exchange(out_, {}); }
  using Lines = std::vector<std::string>;

  LabelTable table_;
  Pipeline pipeline_;
  std::vector<std::string> out_;
  std::vector<int64_t> times_;
  std::function<void(const StageEntry&)> on_entry_;
};

std::string Cri(std::string_view stream, std::string_view tag, std::string_view text) {
  return "2019-01-01T01:00:00.000000001Z " + std::string(stream) + " " + std::string(tag) + " " +
         std::string(text);
}

TEST_F(PipelineTest, CriPiecesAreJoinedPerStream) {
  pipeline_.Add(std::make_unique<CriStage>());
  Feed(Cri("stdout", "P", "one "), "F@10");
  Feed(Cri("stdout", "P", "two "), "F@20");
  Feed(Cri("stdout", "F", "end"), "F@30");
  EXPECT_EQ(Take(), Lines{R"(one two end {"stream":"stdout"} src=F@30)"});
}

TEST_F(PipelineTest, APositionNeverPassesAHeldLine) {
  pipeline_.Add(std::make_unique<CriStage>());
  Feed(Cri("stderr", "P", "err "), "F@10");
  Feed(Cri("stdout", "F", "between"), "F@20");
  Feed(Cri("stdout", "F", "other file"), "G@5");
  EXPECT_FALSE(Passes(Mark::Kind::kPos, "F@20"));
  EXPECT_TRUE(Passes(Mark::Kind::kPos, "G@5"));
  Feed(Cri("stdout", "P", "half "), "F@25");
  Feed(Cri("stderr", "F", "end"), "F@30");
  Feed(Cri("stdout", "F", "whole"), "F@40");
  Feed(Cri("stdout", "F", "after"), "F@50");
  EXPECT_EQ(Take(), (Lines{R"(between {"stream":"stdout"} src=F@20 pos=0)",
                           R"(other file {"stream":"stdout"} src=G@5)",
                           R"(err end {"stream":"stderr"} src=F@30 pos=20)",
                           R"(half whole {"stream":"stdout"} src=F@40)",
                           R"(after {"stream":"stdout"} src=F@50)"}));
  EXPECT_TRUE(Passes(Mark::Kind::kPos, "F@60"));
}

TEST_F(PipelineTest, APieceBeginsWhereTheLineOrMarkBeforeItEnds) {
  pipeline_.Add(std::make_unique<CriStage>());
  Mark file{Mark::Kind::kFile, R"({"mark":"file","src":"F@0","path":"f","start":100})", "F@0"};
  EXPECT_TRUE(pipeline_.OnMark(file));
  Feed(Cri("stderr", "P", "err "), "F@110");
  Feed(Cri("stdout", "F", "a"), "F@120");
  Feed(Cri("stderr", "F", "end"), "F@130");
  EXPECT_TRUE(Passes(Mark::Kind::kPos, "F@150"));
  Feed(Cri("stderr", "P", "err "), "F@160");
  Feed(Cri("stdout", "F", "b"), "F@170");
  EXPECT_EQ(Take(), (Lines{R"(a {"stream":"stdout"} src=F@120 pos=100)",
                           R"(err end {"stream":"stderr"} src=F@130)",
                           R"(b {"stream":"stdout"} src=F@170 pos=150)"}));
}

TEST_F(PipelineTest, PositionsOfTheToolInFrontAreKeptWhereTheyAreLower) {
  pipeline_.Add(std::make_unique<CriStage>());
  Feed(Cri("stdout", "F", "a"), "F@20", "{}", 5);
  Feed(Cri("stdout", "P", "b "), "F@30", "{}", 5);
  Feed(Cri("stderr", "F", "c"), "F@40", "{}", 5);
  Feed(Cri("stderr", "F", "d"), "F@50");
  Feed(Cri("stdout", "F", "end"), "F@60");
  EXPECT_EQ(
      Take(),
      (Lines{R"(a {"stream":"stdout"} src=F@20 pos=5)", R"(c {"stream":"stderr"} src=F@40 pos=5)",
             R"(d {"stream":"stderr"} src=F@50 pos=20)", R"(b end {"stream":"stdout"} src=F@60)"}));
}

TEST_F(PipelineTest, TheLastReleasedLineCarriesTheNewestPosition) {
  pipeline_.Add(std::make_unique<CriStage>());
  Feed(Cri("stderr", "P", "never ended"), "F@10");
  Feed(Cri("stdout", "F", "between"), "F@20");
  EXPECT_FALSE(Passes(Mark::Kind::kPos, "F@25"));
  Take();
  pipeline_.ReleaseAll();
  EXPECT_EQ(Take(), Lines{R"(never ended {"stream":"stderr"} src=F@10 pos=25)"});
}

// A sink would else take the order for a mistake.
TEST_F(PipelineTest, ALineBehindYoungerOnesSaysItsPositionAlsoWhereThatIsItsNext) {
  pipeline_.Add(std::make_unique<CriStage>());
  Feed(Cri("stderr", "P", "first"), "F@10");
  Feed(Cri("stdout", "P", "second"), "F@20");
  Feed(Cri("stdout", "F", "other"), "F@30", R"({"x":"1"})");
  pipeline_.ReleaseAll();
  EXPECT_EQ(Take(), (Lines{R"(other {"stream":"stdout","x":"1"} src=F@30 pos=0)",
                           R"(first {"stream":"stderr"} src=F@10 pos=10)",
                           R"(second {"stream":"stdout"} src=F@20 pos=30)"}));
}

TEST_F(PipelineTest, FilesAndLabelsDoNotMix) {
  pipeline_.Add(std::make_unique<CriStage>());
  Feed(Cri("stdout", "P", "a1 "), "A@10");
  Feed(Cri("stdout", "P", "b1 "), "B@10");
  Feed(Cri("stdout", "P", "x1 "), "", R"({"x":"1"})");
  Feed(Cri("stdout", "F", "b2"), "B@20");
  Feed(Cri("stdout", "F", "a2"), "A@20");
  Feed(Cri("stdout", "F", "y"), "", R"({"y":"1"})");
  Feed(Cri("stdout", "F", "x2"), "", R"({"x":"1"})");
  EXPECT_EQ(Take(),
            (Lines{R"(b1 b2 {"stream":"stdout"} src=B@20)", R"(a1 a2 {"stream":"stdout"} src=A@20)",
                   R"(y {"stream":"stdout","y":"1"})", R"(x1 x2 {"stream":"stdout","x":"1"})"}));
}

TEST_F(PipelineTest, AGapLetsGoOfItsFileOnly) {
  pipeline_.Add(std::make_unique<CriStage>());
  Feed(Cri("stdout", "P", "a"), "A@10");
  Feed(Cri("stdout", "P", "b"), "B@10");
  EXPECT_TRUE(Passes(Mark::Kind::kGap, "A@50"));
  EXPECT_EQ(Take(), Lines{R"(a {"stream":"stdout"} src=A@10)"});
  EXPECT_TRUE(Passes(Mark::Kind::kEnd, ""));
  EXPECT_EQ(Take(), Lines{R"(b {"stream":"stdout"} src=B@10)"});
}

TEST_F(PipelineTest, HeldLinesSurviveAClearedLabelTable) {
  pipeline_.Add(std::make_unique<CriStage>());
  Feed(Cri("stdout", "P", "one "), "F@10", R"({"a":"b"})");
  table_.Clear();
  Feed(Cri("stdout", "F", "two"), "F@20", R"({"a":"b"})");
  Feed(Cri("stdout", "P", "three"), "F@30", R"({"a":"b"})");
  table_.Clear();
  pipeline_.ReleaseAll();
  EXPECT_EQ(Take(), (Lines{R"(one two {"a":"b","stream":"stdout"} src=F@20)",
                           R"(three {"a":"b","stream":"stdout"} src=F@30)"}));
}

TEST_F(PipelineTest, WhatIsHeldIsBounded) {
  PartialLines::Options options;
  options.max_streams = 2;
  options.max_bytes = 8;
  pipeline_.Add(std::make_unique<CriStage>(options));
  Feed(Cri("stdout", "P", "a1"), "A@1");
  Feed(Cri("stdout", "P", "b1"), "B@1");
  Feed(Cri("stdout", "P", "c1"), "C@1");  // a third stream: the oldest goes
  EXPECT_EQ(Take(), Lines{R"(a1 {"stream":"stdout"} src=A@1)"});
  Feed(Cri("stdout", "P", "b23456"), "B@2");  // nine bytes and more: others go first
  EXPECT_EQ(Take(), Lines{R"(c1 {"stream":"stdout"} src=C@1)"});
  Feed(Cri("stdout", "P", "more"), "B@3");  // still too long: it leaves unfinished
  EXPECT_EQ(Take(), Lines{R"(b1b23456more {"stream":"stdout"} src=B@3)"});
  Feed(Cri("stdout", "F", "end"), "B@4");
  EXPECT_EQ(Take(), Lines{R"(end {"stream":"stdout"} src=B@4)"});
}

TEST_F(PipelineTest, AnUnfinishedLineDoesNotStayForEver) {
  pipeline_.Add(std::make_unique<CriStage>());
  Feed(Cri("stderr", "P", "orphan"), "F@1");
  for (uint64_t i = 0; i <= PartialLines::kMaxPassing; ++i) {
    Feed(Cri("stdout", "F", "x"), "F@" + std::to_string(i + 2));
  }
  Lines out = Take();
  ASSERT_EQ(out.size(), PartialLines::kMaxPassing + 2);
  EXPECT_EQ(out[out.size() - 3], R"(x {"stream":"stdout"} src=F@10001 pos=0)");
  EXPECT_EQ(out[out.size() - 2], R"(orphan {"stream":"stderr"} src=F@1 pos=10001)");
  EXPECT_EQ(out.back(), R"(x {"stream":"stdout"} src=F@10002)");
}

TEST_F(PipelineTest, ManyLinesOfOtherFilesMayComeBetweenTwoPieces) {
  pipeline_.Add(std::make_unique<CriStage>());
  Feed(Cri("stdout", "P", "be"), "F@1");
  for (uint64_t i = 0; i < 3 * PartialLines::kMaxPassing; ++i) {
    Feed(Cri("stdout", "F", "x"), "G@" + std::to_string(i + 1));
  }
  Take();
  Feed(Cri("stdout", "F", "gin"), "F@2");
  EXPECT_EQ(Take(), Lines{R"(begin {"stream":"stdout"} src=F@2)"});
}

TEST_F(PipelineTest, AnUnfinishedLineOfAFileThatIsOverDoesNotStayForEver) {
  PartialLines::Options options;
  options.max_passing = 2;
  pipeline_.Add(std::make_unique<CriStage>(options));
  Feed(Cri("stdout", "P", "orphan"), "F@1");
  Feed(Cri("stdout", "F", "x"), "G@1");
  Feed(Cri("stdout", "F", "x"), "G@2");
  Take();
  Feed(Cri("stdout", "F", "x"), "G@3");
  EXPECT_EQ(Take(),
            (Lines{R"(orphan {"stream":"stdout"} src=F@1)", R"(x {"stream":"stdout"} src=G@3)"}));
}

// Holds the newest line of each stream, and joins lines that begin with a blank to the one before.
class BlockStage : public Stage {
 public:
  Verdict Process(StageEntry& entry, StageRun& run) override {
    std::string key = std::string(ParseSource(entry.src).id) + entry.labels->json;
    std::string line(entry.LineBytes(run.arena));
    auto held = held_.find(key);
    if (held != held_.end() && line[0] == ' ') {
      entry.number = held->second.number;
      line = held->second.line + line;
    } else if (held != held_.end()) {
      Release(key, run);
    }
    held_[key] = {entry.number, line, std::string(entry.src), entry.labels->labels};
    return Verdict::kHeld;
  }
  bool holds() const override { return true; }
  void ReleaseAll(StageRun& run) override {
    while (!held_.empty()) Release(held_.begin()->first, run);
  }

 private:
  struct Held {
    uint64_t number;
    std::string line, src;
    Labels labels;
  };
  void Release(const std::string& key, StageRun& run) {
    Held held = held_[key];
    held_.erase(key);
    Record record;
    record.labels = run.labels.FromLabels(held.labels);
    record.line = Line::Bytes(held.line);
    record.src = held.src;
    StageEntry entry;
    entry.Load(record, &run.arena);
    entry.number = held.number;
    run.Emit(entry);
  }
  std::map<std::string, Held> held_;
};

// Pieces of two streams in two files in any order, each piece being a letter of its own: at every
// entry that leaves, what a sink may commit is compared with the lines whose letters have left.
TEST_F(PipelineTest, APositionIsTheStartOfTheOldestLineThatHasNotLeft) {
  std::mt19937 random(3);
  for (int round = 0; round < 400; ++round) {
    PartialLines::Options options;
    if (round % 3 == 1) options.max_streams = 2;
    if (round % 3 == 2) options.max_bytes = 8;
    Pipeline pipeline(&table_, this);
    pipeline.Add(std::make_unique<CriStage>(options));
    if (round % 2 == 1) pipeline.Add(std::make_unique<BlockStage>());
    struct SeenLine {
      uint64_t start;
      bool left;
    };
    std::map<std::string, std::map<uint64_t, SeenLine>> seen;  // by file and NEXT
    std::map<std::string, uint64_t> position;
    std::set<std::string> sources;
    auto oldest = [&](const std::string& id) {
      for (const auto& [next, line] : seen[id]) {
        if (!line.left) return line.start;
      }
      return seen[id].empty() ? 0 : seen[id].rbegin()->first;
    };
    on_entry_ = [&](const StageEntry& entry) {
      std::string scratch;
      std::string text(entry.line().Decode(&scratch));
      Source source = ParseSource(entry.src);
      ASSERT_NE(source.id, "");
      EXPECT_TRUE(sources.insert(std::string(entry.src)).second) << entry.src;
      std::string id(source.id);
      // A line is its NEXT in words of "12," that joining puts one behind the other.
      for (size_t at = 0, end; (end = text.find(',', at)) != std::string::npos; at = end + 1) {
        uint64_t next = *ParseUint64(TrimSpace(std::string_view(text).substr(at, end - at)));
        EXPECT_FALSE(seen[id][next].left);
        seen[id][next].left = true;
      }
      EXPECT_TRUE(seen[id][source.next].left);
      Record record;
      record.src = entry.src;
      record.pos = entry.pos;
      uint64_t dealt = DealtWith(record).next;
      EXPECT_EQ(dealt, oldest(id)) << "round " << round;
      EXPECT_GE(dealt, position[id]);
      position[id] = dealt;
    };
    std::map<std::string, uint64_t> size;
    for (int i = 0; i < 60; ++i) {
      std::string id = random() % 3 == 0 ? "G" : "F";
      uint64_t start = size[id];
      uint64_t next = size[id] = start + 1 + random() % 9;
      seen[id][next] = {start, false};
      std::string text = Cri(random() % 2 == 0 ? "stdout" : "stderr", random() % 2 == 0 ? "P" : "F",
                             (random() % 3 == 0 ? " " : "") + std::to_string(next) + ",");
      Record record;
      std::string src = id + "@" + std::to_string(next);
      record.labels = *table_.FromJson("{}");
      record.line = Line::Bytes(text);
      record.src = src;
      pipeline.Process(record);
      if (random() % 8 == 0) {
        next = size[id] += 5;  // a tool in front dropped a line
        std::string mark = id + "@" + std::to_string(next);
        seen[id][next] = {next - 5, true};
        bool passes = pipeline.OnMark({Mark::Kind::kPos, "", mark});
        EXPECT_EQ(passes, oldest(id) == next);
        if (passes) position[id] = next;
      }
    }
    pipeline.ReleaseAll();
    for (const auto& [id, end] : size) EXPECT_EQ(position[id], end) << id;
  }
}

TEST_F(PipelineTest, DockerPiecesOf16KibAreJoinedAndShorterOnesAreNot) {
  pipeline_.Add(std::make_unique<DockerStage>());
  auto docker = [](const std::string& log) {
    return "{\"log\":\"" + log + "\",\"stream\":\"stdout\",\"time\":\"2026-01-05T00:00:00Z\"}";
  };
  std::string piece(DockerStage::kPieceBytes, 'x');
  Feed(docker(piece), "F@1");
  Feed(docker(piece), "F@2");
  EXPECT_TRUE(out_.empty());
  Feed(docker("end\\n"), "F@3");
  Feed(docker("no newline"), "F@4");
  Feed(docker("next\\n"), "F@5");
  EXPECT_EQ(Take(), (Lines{piece + piece + R"(end {"stream":"stdout"} src=F@3)",
                           R"(no newline {"stream":"stdout"} src=F@4)",
                           R"(next {"stream":"stdout"} src=F@5)"}));
}

TEST_F(PipelineTest, CriHeadsAreCheckedAsPromtailDoes) {
  pipeline_.Add(std::make_unique<CriStage>());
  Feed("2019-01-01T01:00:00Z stdout F a \"quoted\"\ttext");
  Feed("2019-01-01T01:00:00Z stdout F ");
  Feed("2019-01-01T01:00:00Z stdout X other tag");
  Feed("2019-01-01T01:00:00Z stdout P:x piece ");
  Feed("2019-01-01T01:00:00Z stdout F:x end");
  Feed("2019-01-01T01:00:00Z stdout F");
  Feed("2019-01-01\tT01:00:00Z stdout F x");
  Feed("2019-01-01T01:00:00Z stdout \tF x");
  Feed("2019-01-01T01:00:00Z stdlog F x");
  const std::string kError =
      R"( {"__error__":"cri: not a line of the form TIME stdout|stderr F|P TEXT"})";
  EXPECT_EQ(Take(), (Lines{"a \"quoted\"\ttext {\"stream\":\"stdout\"}", R"( {"stream":"stdout"})",
                           R"(other tag {"stream":"stdout"})", R"(piece end {"stream":"stdout"})",
                           "2019-01-01T01:00:00Z stdout F" + kError,
                           "2019-01-01\tT01:00:00Z stdout F x" + kError,
                           "2019-01-01T01:00:00Z stdout \tF x" + kError,
                           "2019-01-01T01:00:00Z stdlog F x" + kError}));
  EXPECT_EQ(pipeline_.stages()[0]->failures()[0].count, 4u);
}

TEST_F(PipelineTest, RegexOfALabelRunsOverTheLabelAndMarksNoMatch) {
  pipeline_.Add(*RegexStage::Make({"(?P<ns>\\w+)/(?P<pod>\\w+)", "filename"}));
  for (int i = 0; i < 2; ++i) {
    Feed("x", "", R"({"filename":"a/b"})");
    Feed("y", "", R"({"filename":"none"})");
    Feed("z");
    table_.Clear();
  }
  Lines once = {R"(x {"filename":"a/b"} {"ns":"a","pod":"b"})",
                R"(y {"filename":"none"} {"__error__":"regex: no match"})",
                R"(z {"__error__":"regex: no field or label 'filename'"})"};
  Lines want = once;
  want.insert(want.end(), once.begin(), once.end());
  EXPECT_EQ(Take(), want);
}

TEST_F(PipelineTest, StagesWorkInTheOrderGiven) {
  JsonStage::Options json;
  json.expressions = {{"inner", "msg"}, {"t", "time"}};
  pipeline_.Add(*JsonStage::Make(json));
  LogfmtStage::Options logfmt;
  logfmt.mapping = {{"lvl", "level"}, {"text", "msg"}};
  logfmt.source = "inner";
  pipeline_.Add(std::make_unique<LogfmtStage>(logfmt));
  TimestampStage::Options timestamp;
  timestamp.source = "t";
  timestamp.format = "Unix";
  pipeline_.Add(*TimestampStage::Make(timestamp));
  pipeline_.Add(std::make_unique<OutputStage>("text"));
  Feed(R"({"time":1700000000.5,"msg":"level=warn msg=\"say \\\"hi\\\"\""})");
  ASSERT_EQ(out_.size(), 1u);
  EXPECT_EQ(times_[0], 1700000000500000000);
  EXPECT_EQ(out_[0], R"(say "hi" {"inner":"level=warn msg=\"say \\\"hi\\\"\"","lvl":"warn",)"
                     R"("t":"1700000000.5","text":"say \"hi\""})");
}

TEST_F(PipelineTest, AFailedTimeIsFudgedPerStream) {
  TimestampStage::Options options;
  options.source = "t";
  options.format = "RFC3339";
  JsonStage::Options json;
  json.expressions = {{"t", "t"}};
  pipeline_.Add(*JsonStage::Make(json));
  pipeline_.Add(*TimestampStage::Make(options));
  Feed(R"({"t":"bad"})", "", R"({"a":"1"})");
  Feed(R"({"t":"1970-01-01T00:00:10Z"})", "", R"({"a":"1"})");
  Feed(R"({"t":"bad"})", "", R"({"a":"2"})");
  Feed(R"({"t":"bad"})", "", R"({"a":"1"})");
  Feed(R"({})", "", R"({"a":"1"})");
  EXPECT_EQ(times_,
            (std::vector<int64_t>{1000, 10'000'000'000, 1000, 10'000'000'001, 10'000'000'002}));
}

// The next three as promtail did it.
TEST_F(PipelineTest, TimesAreReadInALocationAlsoInGapsAndOverlaps) {
  pipeline_.Add(*RegexStage::Make({"^(?P<t>[^|]*)\\|", ""}));
  TimestampStage::Options options;
  options.source = "t";
  options.format = "2006-01-02 15:04:05";
  options.location = "America/New_York";
  options.fallback_formats = {"2006-01-02 15:04:05 -0700", "UnixNs"};
  pipeline_.Add(*TimestampStage::Make(options));
  Feed("2019-07-04 12:00:00.123|summer");
  Feed("2019-03-10 02:30:00|in the gap");
  Feed("2019-07-22 20:29:32 +0000|with its own zone");
  Feed("1562708916000000099|the second fallback");
  EXPECT_EQ(times_, (std::vector<int64_t>{1562256000123000000, 1552199400000000000,
                                          1563827372000000000, 1562708916000000099}));
}

TEST_F(PipelineTest, SkipKeepsTheTimeOfReading) {
  pipeline_.Add(*RegexStage::Make({"^(?P<t>\\S+)", ""}));
  TimestampStage::Options options;
  options.source = "t";
  options.format = "YYYY-MM-DD'T'HH:mm:ss,SSS";
  options.on_failure = TimestampStage::OnFailure::kSkip;
  pipeline_.Add(*TimestampStage::Make(options));
  Feed("2024-05-27T21:33:00,883 x");
  EXPECT_EQ(times_, std::vector<int64_t>{1000});
}

TEST_F(PipelineTest, JoinedLinesAreCutOnlyWhereAskedFor) {
  PartialLines::Options options;
  options.truncate_bytes = 11;
  pipeline_.Add(std::make_unique<CriStage>(options));
  Feed(Cri("stdout", "P", "partial line 1 "));
  Feed(Cri("stderr", "P", "partial"));
  Feed(Cri("stdout", "F", "log finished"));
  Feed(Cri("stderr", "F", "full"));
  Feed(Cri("stdout", "F", "a whole line longer than eleven"));
  EXPECT_EQ(Take(),
            (Lines{R"(partial lin {"stream":"stdout"})", R"(partialfull {"stream":"stderr"})",
                   R"(a whole line longer than eleven {"stream":"stdout"})"}));
}

TEST_F(PipelineTest, AutoDecidesForEachFile) {
  pipeline_.Add(std::make_unique<AutoStage>());
  Feed("banner", "J@1");
  Feed(R"({"ts":"1970-01-01T00:00:01Z","level":"info","n":1.50,"o":{}})", "J@2");
  Feed("not json", "J@3");
  Feed("level=info msg=\"a b\" ts=1700000000", "L@1");
  Feed("just some words", "P@1");
  Feed(R"({"log":"{\"a\":\"b\"}\n","stream":"stdout","time":"1970-01-01T00:00:02Z"})", "D@1");
  Feed(R"({"log":"plain\n","stream":"stderr","time":"1970-01-01T00:00:02Z"})", "D@2");
  Feed("1970-01-01T00:00:03Z stdout F k=v other=thing", "C@1");
  EXPECT_EQ(Take(),
            (Lines{"banner src=J@1",
                   R"({"ts":"1970-01-01T00:00:01Z","level":"info","n":1.50,"o":{}} )"
                   R"({"level":"info","n":"1.50","ts":"1970-01-01T00:00:01Z"} src=J@2)",
                   R"(not json {"__error__":"auto: not a JSON object, as the lines of this file )"
                   R"(before"} src=J@3)",
                   R"(level=info msg="a b" ts=1700000000 )"
                   R"({"level":"info","msg":"a b","ts":"1700000000"} src=L@1)",
                   "just some words src=P@1", R"({"a":"b"} {"stream":"stdout"} {"a":"b"} src=D@1)",
                   R"(plain {"stream":"stderr"} src=D@2)",
                   R"(k=v other=thing {"stream":"stdout"} {"k":"v","other":"thing"} src=C@1)"}));
  EXPECT_EQ(times_, (std::vector<int64_t>{1000, 1'000'000'000, 1000, 1700000000000000000, 1000,
                                          2'000'000'000, 2'000'000'000, 3'000'000'000}));
}

TEST_F(PipelineTest, AutoCallsAFilePlainAfterTenLines) {
  pipeline_.Add(std::make_unique<AutoStage>());
  for (int i = 0; i < AutoStage::kLinesToDecide; ++i) {
    Feed("", "P@1");
    Feed("words", "P@1");
  }
  Take();
  Feed(R"({"a":"b"})", "P@2");
  EXPECT_EQ(Take(), Lines{R"({"a":"b"} src=P@2)"});
}

}  // namespace
}  // namespace glp::stages
