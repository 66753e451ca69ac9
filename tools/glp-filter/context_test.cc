#include "context.h"

#include <gtest/gtest.h>

#include <string>

namespace glp::filter {
namespace {

Record Make(const LabelSet* labels, std::string_view line) {
  Record record;
  record.labels = labels;
  record.line = Line::Bytes(line);
  return record;
}

std::string Lines(const Context::Queue& queue, LabelTable* table) {
  std::string out;
  for (const Context::HeldRecord& held : queue) {
    const Record record = Context::View(held, table);
    out.append(record.line.text).append("@").append(record.labels->Get("s")).append(" ");
  }
  return out;
}

TEST(Context, HoldsTheLastOfEachStream) {
  LabelTable table;
  const LabelSet* a = table.FromLabels({{"s", "a"}});
  const LabelSet* b = table.FromLabels({{"s", "b"}});
  Context context(2, 1);
  EXPECT_EQ(Lines(context.Hold(Make(a, "1"), 1, table).dropped, &table), "");
  EXPECT_EQ(Lines(context.Hold(Make(b, "2"), 2, table).dropped, &table), "");
  EXPECT_EQ(Lines(context.Hold(Make(a, "3"), 3, table).dropped, &table), "");
  EXPECT_EQ(Lines(context.Hold(Make(a, "4"), 4, table).dropped, &table), "1@a ");
  EXPECT_FALSE(context.awaits_after());
  EXPECT_EQ(Lines(context.Match(*a, table).passed, &table), "3@a 4@a ");
  EXPECT_TRUE(context.awaits_after());
  Context::Leaving leaving;
  EXPECT_FALSE(context.TakeAfter(*b, table, &leaving));
  EXPECT_TRUE(context.TakeAfter(*a, table, &leaving));
  EXPECT_FALSE(context.TakeAfter(*a, table, &leaving));
  EXPECT_FALSE(context.awaits_after());
  EXPECT_EQ(Lines(context.ReleaseAll().dropped, &table), "2@b ");
}

TEST(Context, GivesTheOldestUpWhereMemoryEnds) {
  LabelTable table;
  const LabelSet* a = table.FromLabels({{"s", "a"}});
  const LabelSet* b = table.FromLabels({{"s", "b"}});
  const std::string line(300, 'x');  // 500 bytes held
  Context context(1000, 0, 1400);
  context.Hold(Make(a, line), 1, table);
  context.Hold(Make(b, line), 2, table);
  auto leaving = context.Hold(Make(b, line), 3, table);
  ASSERT_EQ(leaving.dropped.size(), 1u);
  EXPECT_EQ(leaving.dropped.front().number, 1u);
  EXPECT_EQ(context.given_up(), 1u);
  // One that is too large for itself is not held, and nothing else is.
  leaving = context.Hold(Make(a, std::string(2000, 'y')), 4, table);
  EXPECT_EQ(leaving.dropped.size(), 3u);
  EXPECT_EQ(leaving.dropped.back().number, 4u);
  EXPECT_TRUE(context.Match(*a, table).passed.empty());
}

TEST(Context, KnowsStreamsWhenTheTableForgetsThem) {
  LabelTable table;
  Context context(2, 2);
  context.Hold(Make(table.FromLabels({{"s", "a"}}), "1"), 1, table);
  table.Clear();
  const LabelSet* other = table.FromLabels({{"s", "z"}});
  context.Hold(Make(other, "2"), 2, table);
  const LabelSet* a = table.FromLabels({{"s", "a"}});
  EXPECT_EQ(Lines(context.Match(*a, table).passed, &table), "1@a ");
  table.Clear();
  EXPECT_EQ(Lines(context.ReleaseAll().dropped, &table), "2@z ");
}

TEST(Context, ForgetsStreamsThatAreTooMany) {
  LabelTable table;
  Context context(1, 1);
  size_t dropped = 0;
  const size_t count = StreamMap<int>::kMaxStreams + 10;
  for (size_t i = 0; i < count; ++i) {
    const LabelSet* labels = table.FromLabels({{"s", std::to_string(i)}});
    const auto leaving = context.Hold(Make(labels, "x"), i, table);
    dropped += leaving.dropped.size();
    if (!leaving.dropped.empty()) {
      EXPECT_EQ(Lines(leaving.dropped, &table).substr(0, 4), "x@0 ");
    }
  }
  EXPECT_EQ(dropped, StreamMap<int>::kMaxStreams);
  EXPECT_EQ(context.given_up(), StreamMap<int>::kMaxStreams);
  EXPECT_EQ(context.ReleaseAll().dropped.size(), 10u);
}

}  // namespace
}  // namespace glp::filter
