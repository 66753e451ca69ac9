#include "cli/command.h"

#include <gtest/gtest.h>

#include "cli/help.h"

namespace glp::cli {
namespace {

struct Options {
  bool follow = false;
  std::string name = "none";
  std::vector<std::string> labels, paths;
  uint64_t lines = 10;
  Duration wait{1'000'000'000};
  std::vector<std::string> actions;
};

Command Describe(Options* o) {
  Command c("glp-test", "a tool for tests");
  c.Example("glp-test a.log", "read a file");
  c.Flag("-f,--follow", &o->follow, "wait for more");
  c.Value("-n,--lines", "N", &o->lines, "how many");
  c.Value("--name", "NAME", &o->name, "a name");
  c.Value("--label", "K=V", &o->labels, "a label");
  c.Value("--wait", "DURATION", &o->wait, "how long");
  c.OnFlag(
      "--docker",
      [o] {
        o->actions.push_back("docker");
        return Status::Ok();
      },
      "docker");
  c.OnValue(
      "--regex", "RE",
      [o](std::string_view v) {
        o->actions.push_back("regex " + std::string(v));
        return v == "bad" ? UsageError("cannot be used") : Status::Ok();
      },
      "regex");
  c.Positional("PATH", &o->paths, "files");
  c.Completes("file");
  return c;
}

TEST(Command, ReadsEveryKind) {
  Options o;
  Command c = Describe(&o);
  auto outcome = c.Parse({"-fn5", "--name=", "--label", "a=b", "--label=c=d", "--wait", "2m",
                          "[ab].log", "-", "--", "-x"});
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  EXPECT_TRUE(o.follow);
  EXPECT_EQ(o.lines, 5u);
  EXPECT_EQ(o.name, "");
  EXPECT_EQ(o.labels, (std::vector<std::string>{"a=b", "c=d"}));
  EXPECT_EQ(o.wait.ns, 120'000'000'000);
  EXPECT_EQ(o.paths, (std::vector<std::string>{"[ab].log", "-", "-x"}));
}

TEST(Command, ActionsComeInTheOrderGiven) {
  Options o;
  Command c = Describe(&o);
  ASSERT_TRUE(c.Parse({"--regex", "-a", "--docker", "--regex", "b", "--docker"}).ok());
  EXPECT_EQ(o.actions, (std::vector<std::string>{"regex -a", "docker", "regex b", "docker"}));
}

TEST(Command, ErrorsNameTheOptionAndTheNearest) {
  struct {
    std::vector<std::string> args;
    std::string message;
  } cases[] = {
      {{"--folow"}, "unknown option --folow; did you mean --follow?"},
      {{"--labl=x"}, "unknown option --labl; did you mean --label?"},
      {{"-n", "many"}, "--lines: 'many' is not a whole number in range"},
      {{"--wait", "2"}, "--wait: '2' is not a duration; try 30s, 5m, 1h30m or 2d"},
      {{"--wait", "-2m"}, "--wait: '-2m': a duration is not below 0"},
      {{"--regex", "bad"}, "--regex: cannot be used"},
  };
  for (const auto& test : cases) {
    Options o;
    Command c = Describe(&o);
    auto outcome = c.Parse(test.args);
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.status().message(), test.message);
  }
  Options o;
  Command c = Describe(&o);
  EXPECT_FALSE(c.Parse({"--name"}).ok());
}

TEST(Command, SubcommandsHaveOptionsOfTheirOwn) {
  std::string dir, query;
  auto make = [&] {
    Command c("glp-test", "a tool");
    Command& append = c.Subcommand("append", "adds");
    append.Value("--dir", "D", &dir, "folder");
    append.Positional("QUERY", &query, "what", true);
    c.Subcommand("stats", "counts");
    return c;
  };
  Command c = make();
  ASSERT_TRUE(c.Parse({"append", "--dir", "x", "q"}).ok());
  EXPECT_EQ(c.chosen(), "append");
  EXPECT_EQ(dir, "x");
  EXPECT_EQ(query, "q");
  EXPECT_EQ(make().Parse({}).status().message(), "no command given; known are append, stats");
  EXPECT_EQ(make().Parse({"apend"}).status().message(),
            "unknown command 'apend'; did you mean append?");
  EXPECT_EQ(make().Parse({"append"}).status().message(), "no QUERY given");
  EXPECT_EQ(make().Parse({"stats", "x"}).status().message(), "unexpected argument 'x'");
  EXPECT_TRUE(make().Parse({"append", "--help"})->wants_help);
}

// Help, man page and completions know every option of the table.
TEST(Command, PagesNameEveryOption) {
  Options o;
  Command c = Describe(&o);
  std::string help = HelpText(c), man = ManPage(c, "1", "# DESCRIPTION\ntext\n");
  for (const char* name : {"--follow", "--lines", "--label", "--docker", "--regex", "--help"}) {
    EXPECT_NE(help.find(name), std::string::npos) << name;
    std::string roff;
    for (const char* p = name; *p != 0; ++p) roff += *p == '-' ? "\\-" : std::string(1, *p);
    EXPECT_NE(man.find(roff), std::string::npos) << roff;
    EXPECT_NE(Completion(c, "bash")->find(name), std::string::npos) << name;
    EXPECT_NE(Completion(c, "zsh")->find(name), std::string::npos) << name;
    EXPECT_NE(Completion(c, "fish")->find(std::string("-l ") + (name + 2)), std::string::npos);
  }
  EXPECT_FALSE(Completion(c, "tcsh").ok());
}

}  // namespace
}  // namespace glp::cli
