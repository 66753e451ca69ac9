#include "codec/pattern_words.h"

#include <gtest/gtest.h>

namespace glp::codec {
namespace {

TEST(PatternWordsTest, LinesThatTellOfErrors) {
  for (const std::string_view line : {"ERROR: no such file",
                                      "error: no",
                                      "make: *** [Makefile:12: all] Error 2",
                                      "E   AssertionError: assert 3 == 4",
                                      "java.lang.NullPointerException: x is null",
                                      "java.lang.Exception",
                                      "Exception in thread \"main\"",
                                      "panic: runtime error: index out of range",
                                      "thread 'main' panicked at src/main.rs:4",
                                      "Traceback (most recent call last):",
                                      "--- FAIL: TestFoo (0.00s)",
                                      "FAILED tests/test_a.py::test_one",
                                      "1 failed, 4 passed",
                                      "Segmentation fault (core dumped)",
                                      "Process completed with exit code 1.",
                                      "exited (137)",
                                      "level=error msg=done",
                                      R"({"level":"ERROR","msg":"done"})",
                                      R"({"severity": "critical"})",
                                      R"({"level":50,"msg":"x"})",
                                      R"({"log":"{\"level\":\"error\"}\n"})",
                                      R"({"error":"refused"})",
                                      "err=refused",
                                      "detected_level=fatal",
                                      "E0105 10:00:00.000000 1 a.go:3] x",
                                      "[error] child died",
                                      "fatal: not a git repository",
                                      "npm ERR! code 1"}) {
    EXPECT_TRUE(SaysError(line)) << line;
  }
}

TEST(PatternWordsTest, LinesThatDoNot) {
  for (const std::string_view line : {"",
                                      "all is well",
                                      "0 errors, 3 warnings",
                                      "0 tests failed",
                                      "Errors: 0, Failures: 0",
                                      "no error",
                                      "completed without errors",
                                      "error=nil",
                                      "err= x=1",
                                      "error=<nil> took=1",
                                      R"({"error":null,"err":"","errors":[]})",
                                      R"({"error":false})",
                                      "level=info msg=\"an error was ignored\"",
                                      R"({"level":"warn","msg":"failed"})",
                                      R"({"level":30,"error":"x"})",
                                      "tests/test_error.py::test_error_path ok",
                                      "tests/test_x.py::TestError PASSED",
                                      "--- PASS: TestParseError (0.00s)",
                                      "=== RUN   TestParseError",
                                      "Building CXX object error_handler.cc.o",
                                      "gcc -Werror --no-error a.c",
                                      "ok  \texample.com/errors\t0.012s",
                                      "run: on-failure never",
                                      "stderr is a terminal",
                                      "exit code 0",
                                      "exit status: 0",
                                      "I0105 10:00:00.000000 1 a.go:3] x"}) {
    EXPECT_FALSE(SaysError(line)) << line;
  }
}

TEST(PatternWordsTest, WordsOfOutcome) {
  for (const std::string_view word : {"FAILED", "passed", "ERROR:", "[warn]", "50", "0",
                                      "java.lang.NullPointerException:", "denied", "INFO"}) {
    EXPECT_TRUE(TellsOutcome(word)) << word;
  }
  for (const std::string_view word : {"", "bob", "\x01", "test_error.py", "/var/lib", "v\x01"}) {
    EXPECT_FALSE(TellsOutcome(word)) << word;
  }
}

TEST(PatternWordsTest, Levels) {
  EXPECT_EQ(ReadLevel("Error"), LevelWord::kError);
  EXPECT_EQ(ReadLevel("60"), LevelWord::kError);
  EXPECT_EQ(ReadLevel("WARNING"), LevelWord::kOther);
  EXPECT_EQ(ReadLevel("up"), LevelWord::kUnknown);
  EXPECT_EQ(ReadLevel(""), LevelWord::kUnknown);
}

}  // namespace
}  // namespace glp::codec
