#include "held_entries.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "logql/series_labels.h"

namespace glp::query {
namespace {

struct Given {
  int64_t ts_ns;
  Labels labels;
  std::string line;
  bool operator==(const Given&) const = default;
};

std::vector<Given> AllOf(const HeldEntries& held) {
  std::vector<Given> all;
  const std::vector<std::string> names = held.Names();
  const Status status = held.ForEach([&](const HeldEntries::Row& row) {
    Given& given = all.emplace_back(Given{row.ts_ns, {}, std::string(row.line)});
    for (size_t i = 0; i < names.size(); ++i) {
      if (!row.values[i].empty()) given.labels.push_back({names[i], std::string(row.values[i])});
    }
    return Status::Ok();
  });
  EXPECT_TRUE(status.ok());
  return all;
}

TEST(HeldEntries, NothingIsHeldOfNothing) {
  const HeldEntries held;
  EXPECT_TRUE(held.empty());
  EXPECT_TRUE(held.Names().empty());
  EXPECT_TRUE(AllOf(held).empty());
}

TEST(HeldEntries, MetadataThatAStreamHasTooIsExtracted) {
  LabelTable table;
  HeldEntries held;
  held.Add({1, table.FromLabels({{"a", "1"}}), "x", R"({"a":"2","b":"3"})", R"({"c":"4"})"});
  EXPECT_EQ(
      AllOf(held),
      (std::vector<Given>{{1, {{"a", "1"}, {"a_extracted", "2"}, {"b", "3"}, {"c", "4"}}, "x"}}));
}

// Entries of streams that come and go, as a query with label_format makes them.
TEST(HeldEntries, GivesBackWhatItWasGivenAlsoOfStreamsThatAreGone) {
  std::mt19937 random(5);
  const auto value = [&random] { return std::string(random() % 300 == 0 ? 70'000 : 1, 'v'); };
  HeldEntries held;
  std::vector<Given> wanted;
  for (int generation = 0; generation < 20; ++generation) {
    LabelTable table;
    for (int i = 0; i < 100; ++i) {
      Labels labels = {{"same", "1"}, {"n" + std::to_string(random() % 5), value()}};
      if (random() % 3 == 0) labels.push_back({"more", std::to_string(random() % 4)});
      const LabelSet* stream = table.FromLabels(labels);
      const std::string line(random() % 100 == 0 ? 2'000'000 : random() % 200, 'l');
      const std::string fields =
          random() % 2 == 0 ? "" : R"({"more":"f","p)" + std::to_string(random() % 9) + R"(":"x"})";
      const auto ts_ns = static_cast<int64_t>(random()) - (int64_t{1} << 31);
      held.Add({ts_ns, stream, line, "", fields});
      wanted.push_back({ts_ns, *logql::MergeLabels(*stream, "", fields), line});
    }
    held.ForgetStreams();
  }
  EXPECT_EQ(held.common(), (Labels{{"same", "1"}}));
  EXPECT_TRUE(AllOf(held) == wanted);
}

}  // namespace
}  // namespace glp::query
