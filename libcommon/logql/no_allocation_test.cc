// Stages allocate nothing for lines like those before: counted by this program's operator new.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "logql/block_search.h"
#include "logql/parser.h"
#include "logql/pipeline.h"

namespace {
std::atomic<size_t> allocations = 0;
}  // namespace

// Not inlined: compilers warn where they see but one of a pair.
[[gnu::noinline]] void* operator new(size_t size) {
  ++allocations;
  if (void* const out = std::malloc(size == 0 ? 1 : size)) return out;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, size_t) noexcept { std::free(p); }

namespace glp::logql {
namespace {

// Of a kind, but no two alike.
std::vector<std::string> MakeLines() {
  std::vector<std::string> lines;
  for (int i = 0; i < 200; ++i) {
    const std::string n = std::to_string(i * 7919 % 1000);
    const std::string status = i % 5 == 0 ? "503" : "200";
    lines.push_back("level=info ts=2026-01-05T00:00:" + n + " msg=\"a long message number " + n +
                    " \\\"quoted\\\"\" status=" + status + " duration=" + n + "ms size=" + n +
                    "KB peer=10.1.2." + n);
    if (i % 3 == 0) lines.back() += " retries=" + n;
    lines.push_back(R"({"level":"warn","status":)" + status +
                    R"(,"msg":"a long message \"number\" )" + n +
                    R"(","peer":{"ip":"10.1.2.3","port":)" + n + R"(},"list":[1,2]})");
    lines.push_back("10.1.2.3 - - [05/Jan/2026:00:00:00 +0000] \"GET /a/path/that/is/long/" + n +
                    " HTTP/1.1\" " + status + " " + n);
    lines.push_back(R"({"pod":"a-pod-with-a-long-name","node":"n)" + n +
                    R"(","_entry":"the line \"itself\" of entry )" + n + R"("})");
    lines.push_back("\x1b[32mplain \u00e9 text of line\x1b[0m " + n + " panic: Connection reset");
  }
  return lines;
}

TEST(NoAllocation, AnyStageOverLinesLikeThoseBefore) {
  const char* const kQueries[] = {
      R"Q({} |= "panic")Q",
      R"Q({} |= "panic" or "reset" or "refused")Q",
      R"Q({} != "panic")Q",
      R"Q({} |~ "panic|reset")Q",
      R"Q({} |~ "(?i)connection (reset|refused)")Q",
      R"Q({} |~ "[0-9]{3}$")Q",
      R"Q({} |= ip("10.1.2.0/24"))Q",
      R"Q({} |> "<_>panic: <_>")Q",
      R"Q({} | json)Q",
      R"Q({} | json | status >= 500)Q",
      R"Q({} | json level, port="peer.port")Q",
      R"Q({} | logfmt)Q",
      R"Q({} | logfmt --strict --keep-empty)Q",
      R"Q({} | logfmt level, msg)Q",
      R"Q({} | logfmt | duration > 300ms and size > 100KB)Q",
      R"Q({} | logfmt | peer = ip("10.1.2.0/28") or level = "error")Q",
      R"Q({} | pattern "<ip> - <user> [<_>] \"<method> <path> <_>\" <status> <size>")Q",
      R"Q({} | logfmt | msg > 5)Q",
      // Others than such, which are read from left to right in one way, RE2 itself allocates for.
      R"Q({} | regexp "^(?P<ip>\\S+) \\S+ (?P<user>\\S+) [^\"]+\"[^\"]*\" (?P<status>\\d{3}) (?P<size>\\d+)$")Q",
      R"Q({} | unpack)Q",
      R"Q({} | decolorize)Q",
      R"Q({} | logfmt | line_format "{{.level}} {{.msg}} {{.app}}")Q",
      R"Q({} | logfmt | label_format severity=level, text="{{.msg}} of {{.app}}")Q",
      R"Q({} | logfmt | drop msg, level="info")Q",
      R"Q({} | logfmt | keep msg, level)Q",
  };
  const std::vector<std::string> lines = MakeLines();
  LabelTable table;
  const LabelSet* const stream = table.FromLabels({{"app", "shop"}, {"level", "unknown"}});
  for (const char* query : kQueries) {
    const auto log = ParseLogQuery(query, {.allow_empty_selector = true});
    ASSERT_TRUE(log.ok()) << query << ": " << log.status().message();
    auto pipeline = Pipeline::Make(*log);
    ASSERT_TRUE(pipeline.ok()) << query << ": " << pipeline.status().message();
    LabelTable changed;
    size_t passed = 0;
    const auto run = [&] {
      for (const std::string& line : lines) {
        Entry entry = {1, stream, line, R"({"trace_id":"0123456789abcdef0123"})"};
        if (!pipeline->Process(&entry)) continue;
        pipeline->TakeLabels(&entry, &changed);
        ++passed;
      }
    };
    run();
    run();
    const size_t before = allocations;
    run();
    EXPECT_EQ(allocations - before, 0u) << query;
    EXPECT_GT(passed, 0u) << query;
  }
}

TEST(NoAllocation, ABlockNeedsTheSameForAnyNumberOfLines) {
  const std::vector<std::string> lines = MakeLines();
  const auto count_for = [&](size_t count, const LineFilter& filter) {
    const BlockSearch search({filter});
    std::string text;
    std::vector<uint32_t> starts = {0}, passing;
    for (size_t i = 0; i < count; ++i) {
      text += lines[i];
      starts.push_back(static_cast<uint32_t>(text.size()));
    }
    passing.reserve(count);
    const size_t before = allocations;
    search.Select(text.data(), starts.data(), count, &passing);
    EXPECT_FALSE(passing.empty());
    return allocations - before;
  };
  for (const auto& [op, text] : {std::pair(LineFilter::Op::kContains, "panic"),
                                 std::pair(LineFilter::Op::kMatch, "(?i)connection (reset|x)"),
                                 std::pair(LineFilter::Op::kNotContains, "panic")}) {
    const auto filter = MakeLineFilter(op, {text});
    ASSERT_TRUE(filter.ok());
    count_for(10, *filter);  // RE2 builds what it needs
    EXPECT_EQ(count_for(10, *filter), count_for(1000, *filter)) << text;
  }
}

}  // namespace
}  // namespace glp::logql
