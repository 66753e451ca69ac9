#include "io/generation.h"

#include <gtest/gtest.h>

namespace glp::io {
namespace {

using Kind = GenerationName::Kind;

TEST(GenerationNameTest, TellsWhatRotationPutBehindTheName) {
  struct Case {
    const char* path;
    const char* log;
    Kind kind;
    const char* digits;
    bool compressed;
  };
  const Case cases[] = {
      {"a/app.log", "a/app.log", Kind::kLive, "", false},
      {"a/app.log.1", "a/app.log", Kind::kNumber, "1", false},
      {"app.log.12.gz", "app.log", Kind::kNumber, "12", true},
      {"app.log.gz", "app.log", Kind::kLive, "", true},
      {"app.log-20260105", "app.log", Kind::kTime, "20260105", false},
      {"app.log-20260105.zst", "app.log", Kind::kTime, "20260105", true},
      {"app.log-2026-01-05", "app.log", Kind::kTime, "20260105", false},
      {"app.log-2026010517.bz2", "app.log", Kind::kTime, "2026010517", true},
      {"app.log-1767571200", "app.log", Kind::kTime, "1767571200", false},
      {"0.log.20260105-000000", "0.log", Kind::kTime, "20260105000000", false},
      {"0.log.20260105-000000.gz", "0.log", Kind::kTime, "20260105000000", true},
      {"x-json.log.1.xz", "x-json.log", Kind::kNumber, "1", true},
      {"app.log.2026-01-05T00:00:00Z", "app.log", Kind::kTime, "20260105000000", false},
      {"app.log.bak", "app.log.bak", Kind::kLive, "", false},
      {"app.log.12345", "app.log.12345", Kind::kLive, "", false},
      {"app-20260105.log", "app-20260105.log", Kind::kLive, "", false},
      {".1", ".1", Kind::kLive, "", false},
      {"a.1/.gz", "a.1/.gz", Kind::kLive, "", false},
      {"a.1/b", "a.1/b", Kind::kLive, "", false},
      {"app.log.", "app.log.", Kind::kLive, "", false},
      {"", "", Kind::kLive, "", false},
  };
  for (const Case& c : cases) {
    GenerationName name = ParseGenerationName(c.path);
    EXPECT_EQ(name.log, c.log) << c.path;
    EXPECT_EQ(name.kind, c.kind) << c.path;
    EXPECT_EQ(name.digits, c.digits) << c.path;
    EXPECT_EQ(name.compressed, c.compressed) << c.path;
  }
}

std::string Sorted(const std::vector<const char*>& paths) {
  std::vector<Generation> all;
  for (size_t i = 0; i < paths.size(); ++i) {
    Generation one;
    one.path = paths[i];
    one.name = ParseGenerationName(one.path);
    one.state.modified_ns = static_cast<int64_t>(i);
    all.push_back(one);
  }
  SortOldestFirst(&all);
  std::string text;
  for (const Generation& one : all) text += (text.empty() ? "" : " ") + one.path;
  return text;
}

TEST(SortOldestFirstTest, NumbersFall) {
  EXPECT_EQ(Sorted({"l", "l.1", "l.10.gz", "l.2.gz"}), "l.10.gz l.2.gz l.1 l");
}

TEST(SortOldestFirstTest, TimesRise) {
  EXPECT_EQ(Sorted({"l", "l-20260106", "l-20251231.gz"}), "l-20251231.gz l-20260106 l");
}

TEST(SortOldestFirstTest, PlainComesBeforeItsCopy) {
  EXPECT_EQ(Sorted({"l.gz", "l.1.gz", "l", "l.1"}), "l.1 l.1.gz l l.gz");
}

TEST(SortOldestFirstTest, NamesOfTwoKindsGoByTheTimeOfTheLastChange) {
  EXPECT_EQ(Sorted({"l", "l.1", "l-20260106", "l.2"}), "l.1 l-20260106 l.2 l");
  EXPECT_EQ(Sorted({"l-2026010600", "l-20260107"}), "l-2026010600 l-20260107");
}

}  // namespace
}  // namespace glp::io
