#include "seen_entries.h"

#include <gtest/gtest.h>

#include <string>

namespace glp::query {
namespace {

class SeenEntriesTest : public ::testing::Test {
 protected:
  logql::Entry Make(int64_t ts_ns, std::string_view line, Labels labels, std::string_view meta = "",
                    std::string_view fields = "") {
    return {ts_ns, table_.FromLabels(std::move(labels)), line, meta, fields};
  }
  LabelTable table_;
  SeenEntries seen_;
};

TEST_F(SeenEntriesTest, AnEntryIsNewOnceWhicheverPartOfItDiffers) {
  const logql::Entry kDifferent[] = {
      Make(1, "x", {{"a", "1"}}),
      Make(2, "x", {{"a", "1"}}),
      Make(1, "y", {{"a", "1"}}),
      Make(1, "x", {{"a", "2"}}),
      Make(1, "x", {{"b", "1"}}),
      Make(1, "x", {{"a", "1"}}, R"({"m":"1"})"),
      Make(1, "x", {{"a", "1"}}, "", R"({"m":"2"})"),
      Make(1, "", {}),
  };
  for (const logql::Entry& entry : kDifferent) EXPECT_TRUE(seen_.Add(entry));
  for (const logql::Entry& entry : kDifferent) EXPECT_FALSE(seen_.Add(entry));
}

TEST_F(SeenEntriesTest, LabelsThatAreMergedAreTheSame) {
  EXPECT_TRUE(seen_.Add(Make(1, "x", {{"a", "1"}}, R"({"m":"2"})", R"({"p":"3"})")));
  EXPECT_FALSE(seen_.Add(Make(1, "x", {{"a", "1"}, {"m", "2"}, {"p", "3"}})));
}

TEST_F(SeenEntriesTest, WhatIsNotAskedForGoes) {
  for (int i = 0; i < 5000; ++i) {
    seen_.Forget(i - 100);
    EXPECT_TRUE(seen_.Add(Make(i, "x", {})));
  }
  EXPECT_LT(seen_.size(), 2100U);
  EXPECT_FALSE(seen_.Add(Make(4950, "x", {})));
}

TEST_F(SeenEntriesTest, ThereAreNotMoreThanTheMostAndItSaysFromWhenOnItKnows) {
  SeenEntries few(2000);
  for (int i = 0; i < 50'000; ++i) {
    EXPECT_TRUE(few.Add(Make(i, "x", {})));
    EXPECT_LE(few.size(), 2001U);
  }
  EXPECT_LE(few.floor_ns(), 49'999);
  for (int64_t i = few.floor_ns(); i < 50'000; ++i) EXPECT_FALSE(few.Add(Make(i, "x", {})));
}

}  // namespace
}  // namespace glp::query
