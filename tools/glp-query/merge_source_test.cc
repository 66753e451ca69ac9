#include "merge_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "logql/memory_source.h"

namespace glp::query {
namespace {

using logql::MemorySource;

struct Given {
  std::vector<std::string> entries;  // time, stream, line and metadata
  std::map<std::string, int> counts;
};

Given Read(logql::EntrySource* source, logql::Direction direction, bool want_lines = true) {
  logql::ScanRequest request;
  request.direction = direction;
  request.want_lines = want_lines;
  auto cursor = source->Scan(request);
  EXPECT_TRUE(cursor.ok());
  Given given;
  std::vector<logql::Entry> batch;
  for (;;) {
    EXPECT_TRUE((*cursor)->Next(&batch).ok());
    if (batch.empty()) return given;
    for (const logql::Entry& entry : batch) {
      given.entries.push_back(
          std::to_string(entry.ts_ns) + entry.stream->json +
          (want_lines ? std::string(entry.line) + std::string(entry.meta) : ""));
      ++given.counts[given.entries.back()];
    }
  }
}

std::vector<MemorySource*> MakeSources(size_t count,
                                       std::vector<std::unique_ptr<logql::EntrySource>>* owned) {
  std::vector<MemorySource*> sources;
  for (size_t i = 0; i < count; ++i) {
    auto source = std::make_unique<MemorySource>();
    sources.push_back(source.get());
    owned->push_back(std::move(source));
  }
  return sources;
}

TEST(MergeSource, WhatSeveralSourcesHaveIsGivenOnce) {
  std::vector<std::unique_ptr<logql::EntrySource>> owned;
  const std::vector<MemorySource*> sources = MakeSources(2, &owned);
  sources[0]->Add(1, {{"a", "x"}}, "one");
  sources[0]->Add(2, {{"a", "x"}}, "two", R"({"b":"1","a":"2"})");
  sources[0]->Add(2, {{"a", "x"}}, "twice");
  sources[0]->Add(2, {{"a", "x"}}, "twice");
  sources[1]->Add(1, {{"a", "y"}}, "one");
  sources[1]->Add(2, {{"a", "x"}}, "two", R"({"a":"2","b":"1"})");
  sources[1]->Add(2, {{"a", "x"}}, "two", R"({"a":"3"})");
  sources[1]->Add(2, {{"a", "x"}}, "twice");
  sources[1]->Add(3, {{"a", "x"}}, "one");
  const auto merged = MergeSources(std::move(owned));
  const std::vector<std::string> wanted = {
      R"(1{"a":"x"}one)",   R"(1{"a":"y"}one)",   R"(2{"a":"x"}two{"b":"1","a":"2"})",
      R"(2{"a":"x"}twice)", R"(2{"a":"x"}twice)", R"(2{"a":"x"}two{"a":"3"})",
      R"(3{"a":"x"}one)"};
  EXPECT_EQ(Read(merged.get(), logql::Direction::kForward).entries, wanted);
  EXPECT_EQ(Read(merged.get(), logql::Direction::kBackward).entries.size(), wanted.size());
  EXPECT_EQ(Read(merged.get(), logql::Direction::kForward, false).entries.size(), wanted.size());
}

// Sources of few times, streams and lines, so that there are many twins and runs longer than a
// batch; the answer has of each entry as many as the source with the most.
TEST(MergeSource, RandomSourcesGiveTheMostOfEachEntryInBothDirections) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::unique_ptr<logql::EntrySource>> owned;
    const std::vector<MemorySource*> sources = MakeSources(2 + random() % 3, &owned);
    const unsigned times = 1 + random() % 30, lines = 1 + random() % 40;
    std::map<std::string, int> wanted;
    std::map<std::string, int> wanted_streams;
    for (MemorySource* source : sources) {
      for (unsigned i = random() % 120; i > 0; --i) {
        const std::string stream = random() % 2 == 0 ? "x" : "y";
        source->Add(random() % times, {{"a", stream}}, std::to_string(random() % lines),
                    random() % 4 == 0 ? R"({"m":"1"})" : "");
      }
      source->Sort();
      for (const auto& [key, count] : Read(source, logql::Direction::kForward).counts) {
        wanted[key] = std::max(wanted[key], count);
      }
    }
    int total = 0;
    for (const auto& [key, count] : wanted) total += count;
    const auto merged = MergeSources(std::move(owned));
    const Given forward = Read(merged.get(), logql::Direction::kForward);
    const Given backward = Read(merged.get(), logql::Direction::kBackward);
    EXPECT_EQ(forward.counts, wanted);
    EXPECT_EQ(backward.counts, wanted);
    const auto time_of = [](const std::string& entry) { return std::stoi(entry); };
    for (size_t i = 1; i < forward.entries.size(); ++i) {
      EXPECT_LE(time_of(forward.entries[i - 1]), time_of(forward.entries[i]));
      EXPECT_GE(time_of(backward.entries[i - 1]), time_of(backward.entries[i]));
    }
    // The same number where only times and streams are asked for.
    const Given lean = Read(merged.get(), logql::Direction::kForward, false);
    EXPECT_EQ(static_cast<int>(lean.entries.size()), total);
    const Given lean_back = Read(merged.get(), logql::Direction::kBackward, false);
    EXPECT_EQ(lean.counts, lean_back.counts);
  }
}

TEST(MergeSource, FieldsAreGivenWithoutLinesToo) {
  for (const logql::Direction direction :
       {logql::Direction::kForward, logql::Direction::kBackward}) {
    std::vector<std::unique_ptr<logql::EntrySource>> owned;
    const std::vector<MemorySource*> sources = MakeSources(2, &owned);
    for (int i = 0; i < 3000; ++i) {
      sources[0]->Add(i, {{"a", "x"}}, "line");
      sources[1]->Add(i, {{"a", "y"}}, "line", "", "{\"a\":\"" + std::to_string(i) + "\"}");
    }
    const auto merged = MergeSources(std::move(owned));
    logql::ScanRequest request;
    request.direction = direction;
    request.want_lines = false;
    auto cursor = *merged->Scan(request);
    std::vector<logql::Entry> batch;
    size_t with_fields = 0;
    while (cursor->Next(&batch).ok() && !batch.empty()) {
      for (const logql::Entry& entry : batch) {
        const bool has_fields = entry.stream->Get("a") == "y";
        const std::string fields = "{\"a\":\"" + std::to_string(entry.ts_ns) + "\"}";
        EXPECT_EQ(entry.fields, has_fields ? fields : "");
        with_fields += has_fields ? 1 : 0;
      }
    }
    EXPECT_EQ(with_fields, 3000u);
    EXPECT_FALSE(sources[1]->last_request().want_lines);
  }
}

TEST(MergeSource, LinesAreReadOnlyOnceStreamsMeetAtATime) {
  std::vector<std::unique_ptr<logql::EntrySource>> owned;
  const std::vector<MemorySource*> sources = MakeSources(2, &owned);
  for (int i = 0; i < 100; ++i) {
    sources[0]->Add(i, {{"a", "x"}}, "line");
    sources[1]->Add(2 * i, {{"a", "y"}}, "line");
  }
  const auto merged = MergeSources(std::move(owned));
  EXPECT_EQ(Read(merged.get(), logql::Direction::kForward, false).entries.size(), 200u);
  EXPECT_FALSE(sources[0]->last_request().want_lines);
  sources[0]->Add(198, {{"a", "y"}}, "line");
  EXPECT_EQ(Read(merged.get(), logql::Direction::kForward, false).entries.size(), 200u);
  EXPECT_TRUE(sources[0]->last_request().want_lines);
  EXPECT_EQ(sources[0]->last_request().range.start_ns, 198);
}

TEST(MergeSource, GivesTheOrderOfTimeWhereThatOfBucketsWouldDo) {
  std::vector<std::unique_ptr<logql::EntrySource>> owned;
  const std::vector<MemorySource*> sources = MakeSources(2, &owned);
  for (MemorySource* source : sources) source->mixes_buckets = true;
  for (int i = 0; i < 100; ++i) {
    sources[0]->Add(i, {{"a", "x"}}, "line");
    sources[1]->Add(2 * i, {{"a", "y"}}, "line");
  }
  const auto merged = MergeSources(std::move(owned));
  logql::ScanRequest request;
  request.direction = logql::Direction::kForward;
  request.bucket_width_ns = 10;
  const auto cursor = merged->Scan(request);
  ASSERT_TRUE(cursor.ok());
  std::vector<int64_t> times;
  std::vector<logql::Entry> batch;
  do {
    ASSERT_TRUE((*cursor)->Next(&batch).ok());
    for (const logql::Entry& entry : batch) times.push_back(entry.ts_ns);
  } while (!batch.empty());
  EXPECT_EQ(times.size(), 200u);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
}

}  // namespace
}  // namespace glp::query
