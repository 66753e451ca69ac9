#include "cli/delivery.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "cli/end_marks.h"
#include "cli/positions.h"
#include "io/file.h"

namespace glp::cli {
namespace {

constexpr uint64_t kNotWhole = Delivery::kNotWhole;

// A pipe into a sink, with the positions file that it writes.
class DeliveryTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "delivery_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    path_ = name + "/positions";
    Begin();
  }
  void Begin() {
    auto delivery = Delivery::Open(context_, path_);
    ASSERT_TRUE(delivery.ok()) << delivery.status().message();
    delivery_ = *std::move(delivery);
  }
  void End(bool whole = true) { EXPECT_TRUE(delivery_->Finish(whole).ok()); }

  void Comes(const std::string& src, Delivery::Ticket ticket, uint64_t pos = Record::kPosIsNext) {
    Record record;
    record.src = src;
    record.pos = pos;
    delivery_->OnRecord(record, ticket);
  }
  void MarkComes(const std::string& raw, Mark::Kind kind, const std::string& src) {
    Mark mark;
    mark.kind = kind;
    mark.raw = raw;
    mark.src = src;
    delivery_->OnMark(mark);
  }
  void FileMark(const std::string& id, uint64_t start = 0) {
    std::string raw;
    AppendFileMark(&raw, id + "@0", "/log/" + id, start);
    MarkComes(raw, Mark::Kind::kFile, id + "@0");
  }
  void PosMark(const std::string& src) { MarkComes("", Mark::Kind::kPos, src); }
  void EndMark(uint64_t in, uint64_t out, const std::string& tool = "glp-tail") {
    std::string raw;
    AppendEndMark(&raw, tool, in, out, {});
    MarkComes(raw, Mark::Kind::kEnd, "");
  }
  // What a restart would find now, by Finish of an input that did not end.
  std::map<std::string, uint64_t> Positions() {
    End(false);
    delivery_.reset();
    auto positions = Load();
    Begin();
    return positions;
  }
  std::map<std::string, uint64_t> Load() {
    std::vector<std::string> warnings;
    auto loaded = cli::Positions::Load(path_, &warnings);
    EXPECT_TRUE(loaded.ok()) << loaded.status().message();
    std::map<std::string, uint64_t> out;
    for (const auto& [id, file] : loaded->files) out[id] = file.next;
    return out;
  }
  using Map = std::map<std::string, uint64_t>;

  Context context_{"test"};
  std::string path_;
  std::unique_ptr<Delivery> delivery_;
};

TEST_F(DeliveryTest, APositionIsTheLastRecordBeforeWhichAllAreDone) {
  const auto first = delivery_->NewTicket(), second = delivery_->NewTicket(),
             third = delivery_->NewTicket();
  Comes("a@10", first);
  Comes("b@5", second);
  Comes("a@20", second);
  Comes("a@30", third);
  Comes("b@6", first);
  delivery_->Done(third);
  delivery_->Done(second);
  EXPECT_EQ(Positions(), (Map{{"a", 0}, {"b", 5}}));
}

TEST_F(DeliveryTest, TicketsMayBeDoneInAnyOrder) {
  const auto first = delivery_->NewTicket(), second = delivery_->NewTicket();
  Comes("a@10", first);
  Comes("a@20", second);
  delivery_->Done(second);
  delivery_->Done(first);
  EXPECT_EQ(Positions(), (Map{{"a", 20}}));
}

TEST_F(DeliveryTest, MarksCountWhenAllBeforeThemIsDone) {
  const auto first = delivery_->NewTicket(), second = delivery_->NewTicket();
  Comes("a@10", first);
  PosMark("a@40");
  PosMark("b@7");
  Comes("a@50", second);
  delivery_->Done(second);
  EXPECT_EQ(Positions(), (Map{{"a", 0}, {"b", 7}}));
}

TEST_F(DeliveryTest, APositionNeverPassesWhatAStageHolds) {
  // Of two streams in a file the first piece of one, up to 10, is held while the other goes on.
  auto ticket = delivery_->NewTicket();
  Comes("a@20", ticket, 0);
  Comes("a@30", ticket, 0);
  delivery_->Done(ticket);
  ticket = delivery_->NewTicket();
  Comes("a@40", ticket, 40);
  EXPECT_EQ(Positions(), (Map{{"a", 0}}));
}

TEST_F(DeliveryTest, APositionGoesWithTheLastPieceThoughItsNextIsLower) {
  FileMark("a");
  const auto ticket = delivery_->NewTicket();
  Comes("a@20", ticket, 0);
  Comes("a@10", ticket, 20);  // the held piece was let go
  EXPECT_EQ(delivery_->WholeFrom(), 0u);
  delivery_->Done(ticket);
  EXPECT_EQ(Positions(), (Map{{"a", 20}}));
}

TEST_F(DeliveryTest, RecordsInAnotherOrderMoveNoPositionBeforeTheEnd) {
  auto ticket = delivery_->NewTicket();
  Comes("a@10", ticket);
  delivery_->Done(ticket);
  EXPECT_EQ(Positions(), (Map{{"a", 10}}));
  ticket = delivery_->NewTicket();
  Comes("a@40", ticket);
  Comes("a@20", ticket);
  delivery_->Done(ticket);
  EXPECT_EQ(Positions(), (Map{{"a", 10}}));
  ticket = delivery_->NewTicket();
  Comes("a@40", ticket);
  Comes("a@20", ticket);
  delivery_->Done(ticket);
  End(true);
  EXPECT_EQ(Load(), (Map{{"a", 40}}));
}

TEST_F(DeliveryTest, WhatIsNotDoneIsNotDeliveredAtTheEndEither) {
  const auto ticket = delivery_->NewTicket();
  Comes("a@40", ticket);
  Comes("a@20", ticket);
  End(true);
  EXPECT_EQ(Load(), (Map{{"a", 0}}));
}

TEST_F(DeliveryTest, AFileIsWholeFromWhereItsReaderBegan) {
  const auto ticket = delivery_->NewTicket();
  FileMark("a");
  Comes("a@10", ticket);
  EXPECT_EQ(delivery_->WholeFrom(), 0u);
  FileMark("b", 100);
  PosMark("b@100");
  Comes("b@110", ticket);
  EXPECT_EQ(delivery_->WholeFrom(), 100u);
  Comes("a@20", ticket);
  EXPECT_EQ(delivery_->WholeFrom(), 0u);
  // Something is held in front of it.
  Comes("a@25", ticket, 20);
  EXPECT_EQ(delivery_->WholeFrom(), kNotWhole);
  Comes("a@30", ticket);
  EXPECT_EQ(delivery_->WholeFrom(), 0u);
  // A filter says that it dropped lines.
  PosMark("a@40");
  Comes("a@50", ticket);
  EXPECT_EQ(delivery_->WholeFrom(), kNotWhole);
  // No mark of its file came: something in between may drop lines, too.
  Comes("c@10", ticket);
  EXPECT_EQ(delivery_->WholeFrom(), kNotWhole);
  Comes("", ticket);
  EXPECT_EQ(delivery_->WholeFrom(), kNotWhole);
}

TEST_F(DeliveryTest, ANewFileIsNamedBeforeAnythingOfItIsSent) {
  FileMark("a");
  Comes("a@10", delivery_->NewTicket());
  EXPECT_EQ(Load(), Map());
  delivery_->BeforeSend();
  EXPECT_EQ(Load(), (Map{{"a", 0}}));
}

TEST_F(DeliveryTest, ATicketTellsOnlyOfItself) {
  const auto first = delivery_->NewTicket(), second = delivery_->NewTicket();
  FileMark("a", 5);
  Comes("a@10", first);
  EXPECT_EQ(delivery_->WholeFrom(), 5u);
  Comes("a@20", second);
  EXPECT_EQ(delivery_->WholeFrom(), 10u);
  Comes("a@30", first);
  EXPECT_EQ(delivery_->WholeFrom(), 5u);
  delivery_->Done(first);
  const auto third = delivery_->NewTicket();
  Comes("a@40", second);
  EXPECT_EQ(delivery_->WholeFrom(), 10u);
  Comes("a@50", third);
  EXPECT_EQ(delivery_->WholeFrom(), 40u);
}

TEST_F(DeliveryTest, WhatWasSortedIsNotWhole) {
  // Marks sort in front of records.
  const auto ticket = delivery_->NewTicket();
  EndMark(2, 2);
  FileMark("a");
  Comes("a@10", ticket);
  EXPECT_EQ(delivery_->WholeFrom(), kNotWhole);
  Comes("a@20", ticket);
  EXPECT_EQ(delivery_->WholeFrom(), kNotWhole);
}

TEST_F(DeliveryTest, PipesOneBehindTheOtherAreWhole) {
  const auto ticket = delivery_->NewTicket();
  FileMark("a");
  Comes("a@10", ticket);
  EndMark(1, 1);
  FileMark("b");
  Comes("b@10", ticket);
  EXPECT_EQ(delivery_->WholeFrom(), 0u);
}

TEST_F(DeliveryTest, RandomOrdersNeverPassARecordThatIsNotDone) {
  std::mt19937 random(7);
  for (int round = 0; round < 40; ++round) {
    std::vector<Delivery::Ticket> tickets, of_record;
    for (int i = 0; i < 5; ++i) tickets.push_back(delivery_->NewTicket());
    const std::string id = "f" + std::to_string(round);
    for (uint64_t i = 1; i <= 20; ++i) {
      of_record.push_back(tickets[random() % tickets.size()]);
      Comes(id + "@" + std::to_string(i), of_record.back());
    }
    std::vector<bool> done(tickets.back() + 1);
    for (const auto ticket : tickets) {
      if (random() % 2 == 0) continue;
      delivery_->Done(ticket);
      done[ticket] = true;
    }
    uint64_t expected = 0;
    while (expected < of_record.size() && done[of_record[expected]]) ++expected;
    EXPECT_EQ(Positions()[id], expected) << "round " << round;
  }
}

TEST_F(DeliveryTest, OneProcessWritesAFile) {
  auto second = Delivery::Open(context_, path_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), Code::kUsage);
  EXPECT_NE(second.status().message().find("in use by process"), std::string::npos);
}

TEST_F(DeliveryTest, WhatPromtailSaidStaysUntilTheFileIsSeen) {
  End();
  ASSERT_TRUE(io::WriteFileAtomically(path_,
                                      "positions:\n"
                                      "  /log/a: \"12\"\n"
                                      "  /log/b: \"13\"\n"
                                      "  cursor-x: \"y\"\n")
                  .ok());
  Begin();
  FileMark("a", 12);
  End();
  std::vector<std::string> warnings;
  const auto loaded = cli::Positions::Load(path_, &warnings);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->promtail, (decltype(loaded->promtail){{"/log/b", "13"}, {"cursor-x", "y"}}));
  EXPECT_EQ(loaded->files.size(), 1u);
}

struct LoadCase {
  const char* name;
  std::string text;
  size_t files, promtail, warnings;
  bool ok;
};

TEST(Positions, ReadsBothFormsAndWhatIsLeftOfThem) {
  const std::string head = "{\"glp\":\"positions\",\"version\":1}\n";
  const std::string line =
      "{\"src\":\"a-b@7\",\"path\":\"/x\",\"seen\":\"2026-01-05T00:00:00Z\"}\n";
  const LoadCase cases[] = {
      {"own", head + line, 1, 0, 0, true},
      {"empty", "", 0, 0, 0, true},
      {"NUL bytes", std::string(100, '\0'), 0, 0, 1, true},
      {"cut off", head + line + "{\"src\":\"c@", 1, 0, 1, true},
      {"head damaged", "{\"glp\"\n" + line, 1, 0, 1, true},
      {"later version", "{\"glp\":\"positions\",\"version\":2}\n" + line, 0, 0, 0, false},
      {"records", "{\"ts\":\"2026-01-05T00:00:00Z\",\"line\":\"x\"}\n", 0, 0, 0, false},
      {"promtail", "positions:\n  /a: \"1\"\n  /b: 2\n", 0, 2, 0, true},
      {"promtail's empty", "positions: {}\n", 0, 0, 0, true},
      {"promtail cut off", "positions:\n  /a: \"1\"\n  /b: \"2", 0, 1, 1, true},
      {"a log file", "some line\nanother: one: two\n", 0, 0, 0, false},
  };
  for (const LoadCase& c : cases) {
    SCOPED_TRACE(c.name);
    const std::string path = testing::TempDir() + "positions_test";
    ASSERT_TRUE(io::WriteFileAtomically(path, c.text).ok());
    std::vector<std::string> warnings;
    const auto loaded = Positions::Load(path, &warnings);
    ASSERT_EQ(loaded.ok(), c.ok);
    if (!c.ok) continue;
    EXPECT_EQ(loaded->files.size(), c.files);
    EXPECT_EQ(loaded->promtail.size(), c.promtail);
    EXPECT_GE(warnings.size(), c.warnings);
    EXPECT_EQ(warnings.empty(), c.warnings == 0);
  }
  std::vector<std::string> warnings;
  EXPECT_TRUE(Positions::Load("/nowhere/at/all", &warnings).ok());
}

TEST(Positions, SayTheSameWhenReadAgain) {
  Positions positions;
  positions.files["1-2-3-4"] = {17, "/log/\"odd\"\nname", 1'000'000'001};
  positions.promtail["/log/old"] = "12";
  const std::string path = testing::TempDir() + "positions_round";
  ASSERT_TRUE(io::WriteFileAtomically(path, positions.ToText()).ok());
  std::vector<std::string> warnings;
  const auto loaded = Positions::Load(path, &warnings);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->ToText(), positions.ToText());
}

struct Stage {
  const char* tool;
  uint64_t in, out;
};
struct EndCase {
  std::vector<Stage> stages;
  uint64_t got;
  const char* missing;  // in the words; "" for none
};

TEST(EndMarks, TellWhichStageDied) {
  const EndCase cases[] = {
      {{{"glp-tail", 3, 3}}, 3, ""},
      {{{"glp-tail", 3, 3}, {"glp-parse", 3, 3}, {"glp-filter", 3, 1}}, 1, ""},
      {{{"glp-tail", 3, 3}, {"glp-tail", 4, 4}, {"glp-parse", 7, 7}}, 7, ""},
      {{{"glp-tail", 3, 3}, {"glp-filter", 3, 2}, {"glp-tail", 4, 4}}, 6, ""},
      {{}, 3, "no end mark"},
      {{{"glp-parse", 3, 3}}, 3, "in front of glp-parse died"},
      {{{"glp-tail", 3, 3}, {"glp-parse", 2, 2}}, 2, "glp-parse read 2 records of the 3"},
      {{{"glp-tail", 3, 3}}, 2, "got 2 records of the 3"},
      {{{"glp-tail", 3, 3}, {"glp-filter", 3, 2}, {"glp-tail", 4, 4}}, 5, "got 5 records of the 6"},
  };
  for (const EndCase& c : cases) {
    EndMarks marks;
    for (uint64_t i = 0; i < c.got; ++i) marks.OnRecord();
    for (const Stage& stage : c.stages) {
      std::string raw;
      AppendEndMark(&raw, stage.tool, stage.in, stage.out, {});
      Mark mark;
      mark.kind = Mark::Kind::kEnd;
      mark.raw = raw;
      marks.OnMark(mark);
    }
    if (*c.missing == '\0') {
      EXPECT_EQ(marks.Missing(), "");
    } else {
      EXPECT_NE(marks.Missing().find(c.missing), std::string::npos) << marks.Missing();
    }
  }
}

}  // namespace
}  // namespace glp::cli
