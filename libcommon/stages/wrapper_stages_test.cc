// docker and cri as promtail has them; what they share with glp's own way is in pipeline_test.cc.
#include <gtest/gtest.h>

#include <string>

#include "stages/docker.h"
#include "stages/pipeline_fixture.h"

namespace glp::stages {
namespace {

TestLine Cri(std::string_view stream, std::string_view tag, std::string_view text,
             std::string_view src = "") {
  return {"2019-01-01T01:00:00Z " + std::string(stream) + " " + std::string(tag) + " " +
              std::string(text),
          "{}",
          1000,
          "",
          "",
          std::string(src)};
}

TEST(CriStage, AsPromtailAnUnfinishedLineIsNotWrittenAndReadAgain) {
  for (bool as_promtail : {false, true}) {
    TestPipeline pipeline("- cri:", as_promtail);
    pipeline.Feed(Cri("stderr", "P", "never ended", "F@10"));
    pipeline.Feed(Cri("stdout", "F", "whole", "F@20"));
    EXPECT_TRUE(pipeline.pipeline().OnMark({Mark::Kind::kEnd, "", ""}));
    EXPECT_EQ(LinesOf(pipeline.out()),
              as_promtail ? Texts{"whole"} : (Texts{"whole", "never ended"}));
    EXPECT_EQ(pipeline.drops(), as_promtail
                                    ? (std::vector<TestDrop>{{"never ended", "unfinished line"}})
                                    : std::vector<TestDrop>());
    // What passes it would lose it.
    EXPECT_EQ(pipeline.pipeline().OnMark({Mark::Kind::kPos, "", "F@20"}), !as_promtail);
    const std::string raw = R"({"mark":"file","src":"F@0"})" + std::string(64, ' ');
    EXPECT_TRUE(pipeline.pipeline().OnMark({Mark::Kind::kFile, raw, "F@0"}));
    EXPECT_TRUE(pipeline.pipeline().OnMark({Mark::Kind::kPos, "", "F@20"}));
  }
}

TEST(CriStage, AsPromtailAPieceTooManyLetsAllGo) {
  TestPipeline pipeline("- cri: {max_partial_lines: 2}", true);
  pipeline.Feed(Cri("stdout", "P", "a1 "));
  pipeline.Feed(Cri("stderr", "P", "b1 "));
  pipeline.Feed(Cri("stdout", "P", "a2 "));
  EXPECT_EQ(LinesOf(pipeline.out()), (Texts{"a1 ", "b1 "}));
  pipeline.Feed(Cri("stdout", "F", "a3"));
  pipeline.Feed(Cri("stderr", "F", "b2"));
  EXPECT_EQ(LinesOf(pipeline.out()), (Texts{"a1 ", "b1 ", "a2 a3", "b2"}));
}

TEST(CriStage, StagesBehindSeeWhatItTookApart) {
  constexpr std::string_view kOutput = "[cri: , output: {source: stream}]";
  EXPECT_EQ(LinesOf(RunStages(kOutput, {Cri("stderr", "F", "x")})), Texts{"stderr"});
  for (const auto& [source, value] :
       std::initializer_list<std::pair<std::string, std::string>>{{"stream", "stderr"},
                                                                  {"time", "2019-01-01T01:00:00Z"},
                                                                  {"flags", "F"},
                                                                  {"content", "say \"hi\""}}) {
    const std::vector<TestOut> out =
        RunStages("[cri: , multiline: {firstline: say}, output: {source: " + source + "}]",
                  {Cri("stderr", "F", "say \"hi\"")}, true);
    EXPECT_EQ(LinesOf(out), Texts{value});
    EXPECT_EQ(FieldsOf(out), Texts{""}) << "they are not written";
  }
}

TEST(CriStage, AsPromtailOnlyTheTagPAloneIsAPiece) {
  const std::vector<TestLine> lines = {Cri("stdout", "P:x", "a "), Cri("stdout", "F", "b")};
  EXPECT_EQ(LinesOf(RunStages("- cri:", lines)), Texts{"a b"});
  EXPECT_EQ(LinesOf(RunStages("- cri:", lines, true)), (Texts{"a ", "b"}));
}

std::string Docker(std::string_view log) {
  std::string line = "{\"log\":";
  AppendJsonString(&line, log);
  return line + R"(,"stream":"stdout","time":"2026-01-05T00:00:00Z"})";
}

TEST(DockerStage, ATimeThatIsNoneIsShown) {
  EXPECT_EQ(FieldsOf(RunStages("- docker:", {{R"({"log":"x\n","stream":"s","time":"hi!"})"}})),
            Texts{R"({"__error__":"docker: no time that can be read","__error_details__":"hi!"})"});
  EXPECT_EQ(FieldsOf(RunStages("- cri:", {{"hi! stdout F x"}})),
            Texts{R"({"__error__":"cri: no time that can be read","__error_details__":"hi!"})"});
}

// The time of a line that docker or cri can read none in.
TEST(DockerStage, AsPromtailATimeThatIsNoneIsMadeUpFromTheStreams) {
  constexpr int64_t kRead = 1546304400'000000000;  // 2019-01-01T01:00:00Z
  const auto times = [](std::string_view yaml, const std::vector<TestLine>& lines,
                        bool as_promtail) {
    std::vector<int64_t> out;
    for (const TestOut& entry : RunStages(yaml, lines, as_promtail)) out.push_back(entry.ts_ns);
    return out;
  };
  const auto docker = [](std::string_view stream, std::string_view time) {
    return TestLine{R"({"log":"x\n","stream":")" + std::string(stream) + "\"" +
                    (time.empty() ? "" : ",\"time\":" + std::string(time)) + "}"};
  };
  const std::vector<TestLine> dockers = {docker("a", "\"2019-01-01T01:00:00Z\""),
                                         docker("a", "\"hi!\""),
                                         docker("b", "\"hi!\""),
                                         docker("a", ""),
                                         docker("a", "7"),
                                         // Go reads an hour of one digit, and no z.
                                         docker("a", "\"2019-01-01T1:00:00Z\""),
                                         docker("a", "\"2019-01-01T02:00:00z\""),
                                         {"not JSON"}};
  EXPECT_EQ(
      times("- docker:", dockers, true),
      (std::vector<int64_t>{kRead, kRead + 1, 1000, kRead + 2, kRead + 3, kRead, kRead + 1, 1000}));
  EXPECT_EQ(times("- docker:", {dockers[0], dockers[1]}, false),
            (std::vector<int64_t>{kRead, 1000}));
  const std::string labels = R"({"job":"golden","stream":"stdout"})";
  const std::vector<TestLine> cris = {{"2019-01-01T02:00:00+01:00 stdout F x", labels},
                                      {"hi! stdout F x", labels},
                                      {"hi! stderr F x", labels},
                                      {"not CRI", labels}};
  EXPECT_EQ(times("- cri:", cris, true), (std::vector<int64_t>{kRead, kRead + 1, 1000, kRead + 2}));
  EXPECT_EQ(times("- cri:", {cris[0], cris[1]}, false), (std::vector<int64_t>{kRead, 1000}));
}

TEST(DockerStage, PiecesAreJoinedAlsoAsPromtail) {
  const std::string piece(DockerStage::kPieceBytes, 'x');
  const std::vector<TestLine> lines = {{Docker(piece)}, {Docker("end\n")}};
  for (bool as_promtail : {false, true}) {
    EXPECT_EQ(LinesOf(RunStages("- docker:", lines, as_promtail)), Texts{piece + "end"});
  }
  EXPECT_EQ(LinesOf(RunStages("[docker: , output: {source: output}]", lines, true)),
            Texts{piece + "end"});
}

TEST(DockerStage, StagesBehindSeeWhatItTookApart) {
  EXPECT_EQ(LinesOf(RunStages("[docker: , output: {source: stream}]", {{Docker("x\n")}})),
            Texts{"stdout"});
  for (const auto& [source, value] : std::initializer_list<std::pair<std::string, std::string>>{
           {"stream", "stdout"}, {"timestamp", "2026-01-05T00:00:00Z"}, {"output", "a \"b\""}}) {
    const std::vector<TestOut> out =
        RunStages("[docker: , output: {source: " + source + "}]", {{Docker("a \"b\"\n")}}, true);
    EXPECT_EQ(LinesOf(out), Texts{value});
    EXPECT_EQ(FieldsOf(out), Texts{""}) << "they are not written";
  }
}

TEST(DockerStage, AsPromtailPackHasTheNewlineThatWasTakenOff) {
  const std::string yaml = "[docker: , pack: {labels: [stream], ingest_timestamp: false}]";
  EXPECT_EQ(
      LinesOf(RunStages(yaml, {{Docker("x\n")}, {Docker("y")}}, true)),
      (Texts{R"({"stream":"stdout","_entry":"x\n"})", R"({"stream":"stdout","_entry":"y"})"}));
  EXPECT_EQ(LinesOf(RunStages(yaml, {{Docker("x\n")}})),
            Texts{R"({"stream":"stdout","_entry":"x"})"});
}

TEST(DockerStage, AsPromtailReplaceSeesTheNewlineThatWasTakenOff) {
  const std::pair<const char*, const char*> cases[] = {
      {"{expression: '(.*)', replace: '<{{ .Value }}>'}", "<a b>\n<>"},
      {"{expression: '(\\s)', replace: '_'}", "a_b_"},
      {"{expression: '(b)$', replace: 'c'}", "a c"},
      {"{expression: '(a)', replace: 'c'}", "c b"},
  };
  for (const auto& [config, line] : cases) {
    const std::string yaml = "- docker:\n- replace: " + std::string(config);
    EXPECT_EQ(LinesOf(RunStages(yaml, {{Docker("a b\n")}}, true)), Texts{line}) << config;
  }
  EXPECT_EQ(LinesOf(RunStages("- docker:\n- replace: {expression: '(\\s)', replace: '_'}",
                              {{Docker("a b\n")}})),
            Texts{"a_b"});
}

}  // namespace
}  // namespace glp::stages
