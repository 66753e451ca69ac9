#include "cli/pager.h"

#include <gtest/gtest.h>

namespace glp::cli {
namespace {

TEST(PagerCommand, IsThatOfTheFirstVariableThatIsSet) {
  struct {
    const char *glp_pager, *pager, *term;
    std::string_view command;
  } cases[] = {
      {nullptr, nullptr, "xterm", "less"},
      {nullptr, "more", "xterm", "more"},
      {"most -s", "more", "xterm", "most -s"},
      {"", "more", "xterm", ""},
      {"cat", "more", "xterm", ""},
      {" cat ", nullptr, "xterm", ""},
      {nullptr, "cat", "xterm", ""},
      {nullptr, "", "xterm", ""},
      {"  less -S ", nullptr, "xterm", "less -S"},
      {"cat -A", nullptr, "xterm", "cat -A"},
      // A terminal that cannot move its cursor has no use for less, but may have its own pager.
      {nullptr, nullptr, "dumb", ""},
      {nullptr, nullptr, "", ""},
      {nullptr, nullptr, nullptr, ""},
      {nullptr, "more", "dumb", "more"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(PagerCommand(c.glp_pager, c.pager, c.term), c.command)
        << (c.glp_pager ? c.glp_pager : "-") << ' ' << (c.pager ? c.pager : "-");
  }
}

}  // namespace
}  // namespace glp::cli
