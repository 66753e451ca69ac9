#include "wire/access.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "base/strings.h"
#include "io/file.h"

namespace glp::wire {
namespace {

// The passwords are "secret" and "a:b", as `openssl passwd -5 -salt abcdefgh` hashes them.
constexpr std::string_view kSecret = "$5$abcdefgh$gruCpC7VkOTspMQTTSAR8mtlO9Upms.fwqE5y16JVM.";
constexpr std::string_view kColon = "$5$abcdefgh$ZLkbeUuyMtUJO4BChuPqCcjySAloSSmQ6kMXsVDFMI7";

class AccessTest : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = testing::TempDir() + "accessXXXXXX";
    ASSERT_NE(mkdtemp(dir_.data()), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  std::string Write(const std::string& name, std::string_view text, mode_t mode = 0600) {
    const std::string path = dir_ + "/" + name;
    EXPECT_TRUE(io::WriteFileAtomically(path, text, 0600).ok());
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }
  // "" where the file is taken.
  std::string TokenError(std::string_view text, mode_t mode = 0600) {
    return ReadCredentials({Write("t", text, mode), ""}).status().message();
  }
  std::string UserError(std::string_view text) {
    return ReadCredentials({"", Write("u", text)}).status().message();
  }
  static Request Ask(const std::string& authorization, const std::string& org = "") {
    Request request;
    if (!authorization.empty()) request.headers.emplace_back("Authorization", authorization);
    if (!org.empty()) request.headers.emplace_back("X-Scope-OrgID", org);
    return request;
  }
  static std::string Basic(std::string_view pair) { return "Basic " + Base64Encode(pair); }

  std::string dir_;
};

TEST_F(AccessTest, WithoutCredentialsTheTenantIsFakeOrThatOfTheHeader) {
  struct Case {
    bool tenants;
    const char* org;
    int status;
    const char* tenant;
    const char* words;
  };
  constexpr Case kCases[] = {
      {false, "", 200, "fake", ""},
      {false, "other", 200, "fake", ""},
      {true, "", 401, "", "no org id\n"},
      {true, "a", 200, "a", ""},
      {true, "a|b", 400, "", "multiple org IDs present\n"},
  };
  for (const Case& one : kCases) {
    Access access;
    access.tenants = one.tenants;
    const Admission verdict = access.Judge(Reach::kTenant, Ask("", one.org));
    EXPECT_EQ(verdict.refusal.status, one.status) << one.org;
    EXPECT_EQ(verdict.refusal.body, one.words);
    if (verdict.ok()) {
      EXPECT_EQ(verdict.tenant, one.tenant);
    }
  }
  Access access;
  access.tenants = true;
  for (const char* bad : {"..", ".", "a/b", "a\\b", "a b", "\xff"}) {
    EXPECT_EQ(access.Judge(Reach::kTenant, Ask("", bad)).refusal.status, 400) << bad;
  }
  EXPECT_EQ(access.Judge(Reach::kTenant, Ask("", std::string(1000, 'a'))).refusal.status, 400);
}

TEST_F(AccessTest, JudgesTokensUsersAndTheirTenants) {
  Access access;
  access.tenants = true;
  // A byte order mark, CRLF, blanks, tabs and comments are no part of a token.
  const std::string tokens = Write("tokens",
                                   "\xEF\xBB\xBFone\r\n# a comment\r\n\r\n"
                                   "  two\tt2 \r\nthree t3\n");
  const std::string users =
      Write("users", "ann:" + std::string(kSecret) + "\r\nbob:" + std::string(kColon) + ":t2\r\n");
  const auto credentials = ReadCredentials({tokens, users});
  ASSERT_TRUE(credentials.ok()) << credentials.status().message();
  access.credentials = *credentials;

  struct Case {
    std::string authorization;
    const char* org;
    int status;
    const char* tenant;
  };
  const Case cases[] = {
      {"", "t2", 401, ""},
      {"Bearer one", "any", 200, "any"},
      {"bearer  one", "any", 200, "any"},
      {"Bearer one", "", 401, ""},  // no org id
      {"Bearer \xEF\xBB\xBFone", "any", 401, ""},
      {"Bearer two", "", 200, "t2"},
      {"Bearer two", "t2", 200, "t2"},
      {"Bearer two", "t3", 403, ""},
      {"Bearer two", "t2|t3", 403, ""},
      {"Bearer three", "t3", 200, "t3"},
      {"Bearer two\tt2", "t2", 401, ""},
      {"Bearer", "t2", 401, ""},
      {"Bearer ", "t2", 401, ""},
      {"one", "t2", 401, ""},
      {"Digest one", "t2", 401, ""},
      {"Basic one", "t2", 401, ""},
      {"Basic !!!!", "t2", 401, ""},
      {Basic("ann"), "t2", 401, ""},
      {Basic("ann:secret"), "t9", 200, "t9"},
      {Basic("ann:secret"), "t9", 200, "t9"},  // as remembered
      {Basic("ann:Secret"), "t9", 401, ""},
      {Basic("ann:Secret"), "t9", 401, ""},
      {Basic(std::string("ann:secret\0", 11)), "t9", 401, ""},
      {Basic("ann:"), "t9", 401, ""},
      {Basic(":"), "t9", 401, ""},
      {Basic("nobody:secret"), "t9", 401, ""},
      {Basic("nobody:secret"), "t9", 401, ""},
      {Basic("bob:a:b"), "", 200, "t2"},
      {Basic("bob:a:b"), "t3", 403, ""},
      {Basic("bob:secret"), "t2", 401, ""},
  };
  for (const Case& one : cases) {
    const Admission verdict = access.Judge(Reach::kTenant, Ask(one.authorization, one.org));
    EXPECT_EQ(verdict.refusal.status, one.status) << one.authorization << " of " << one.org;
    if (verdict.ok()) {
      EXPECT_EQ(verdict.tenant, one.tenant) << one.authorization;
    }
  }
  // All is of one tenant, but for what a token says.
  access.tenants = false;
  EXPECT_EQ(access.Judge(Reach::kTenant, Ask("Bearer one", "x")).tenant, "fake");
  EXPECT_EQ(access.Judge(Reach::kTenant, Ask("Bearer two", "x")).tenant, "t2");
  EXPECT_EQ(access.Judge(Reach::kKnown, Ask("Bearer one")).tenant, "");
  const Admission refused = access.Judge(Reach::kKnown, Ask(""));
  EXPECT_EQ(refused.refusal.status, 401);
  EXPECT_EQ(refused.refusal.headers.size(), 2u);  // WWW-Authenticate of both
}

TEST_F(AccessTest, WhoIsBoundToATenantSeesNothingOfTheServer) {
  Access access;
  EXPECT_TRUE(access.Judge(Reach::kServer, Ask("")).ok()) << "nobody is asked";
  const auto credentials = ReadCredentials({Write("tokens", "all\nof-a team-a\n"), ""});
  ASSERT_TRUE(credentials.ok()) << credentials.status().message();
  access.credentials = *credentials;
  const struct {
    const char* authorization;
    int known, server;
  } cases[] = {
      {"", 401, 401},
      {"Bearer wrong", 401, 401},
      {"Bearer all", 200, 200},
      {"Bearer of-a", 200, 403},
  };
  for (const bool tenants : {false, true}) {
    access.tenants = tenants;
    for (const auto& one : cases) {
      EXPECT_EQ(access.Judge(Reach::kKnown, Ask(one.authorization)).refusal.status, one.known);
      EXPECT_EQ(access.Judge(Reach::kServer, Ask(one.authorization)).refusal.status, one.server);
    }
  }
  EXPECT_EQ(access.Judge(Reach::kServer, Ask("Bearer of-a")).refusal.body,
            "these credentials are good for tenant team-a alone, and this is about the whole "
            "server\n");
}

TEST_F(AccessTest, OnlyPasswordsThatWereNotSeenTakeLong) {
  Access access;
  const auto credentials = ReadCredentials(
      {Write("tokens", "one\n"), Write("users", "ann:" + std::string(kSecret) + "\n")});
  ASSERT_TRUE(credentials.ok()) << credentials.status().message();
  access.credentials = *credentials;
  for (const char* quick : {"", "Bearer one", "Bearer two", "Basic !", "Digest x"}) {
    EXPECT_TRUE(access.JudgeQuickly(Reach::kTenant, Ask(quick))) << quick;
  }
  for (const char* pair : {"ann:secret", "ann:guess", "nobody:secret"}) {
    const Request request = Ask(Basic(pair));
    EXPECT_FALSE(access.JudgeQuickly(Reach::kTenant, request)) << pair;
    const Admission slow = access.Judge(Reach::kTenant, request);
    const std::optional<Admission> quick = access.JudgeQuickly(Reach::kTenant, request);
    ASSERT_TRUE(quick) << pair;
    EXPECT_EQ(quick->refusal.status, slow.refusal.status) << pair;
    EXPECT_EQ(slow.ok(), std::string_view(pair) == "ann:secret");
  }
}

TEST_F(AccessTest, GuessesDoNotDriveOutWhoIsRight) {
  Access access;
  const auto credentials =
      ReadCredentials({"", Write("users", "ann:" + std::string(kSecret) + "\n")});
  ASSERT_TRUE(credentials.ok()) << credentials.status().message();
  access.credentials = *credentials;
  ASSERT_TRUE(access.Judge(Reach::kTenant, Ask(Basic("ann:secret"))).ok());
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(access.Judge(Reach::kTenant, Ask(Basic("ann:" + std::to_string(i)))).ok());
  }
  EXPECT_TRUE(access.Judge(Reach::kTenant, Ask(Basic("ann:secret"))).ok());
}

TEST_F(AccessTest, SaysWhatIsWrongInAFileAndNeverASecret) {
  EXPECT_EQ(TokenError("geheim\n"), "");
  EXPECT_EQ(TokenError("geheim"), "");
  const std::string path = dir_ + "/t";
  EXPECT_EQ(TokenError(""), path + ": nobody is in it");
  EXPECT_EQ(TokenError("# only this\n\n"), path + ": nobody is in it");
  EXPECT_EQ(TokenError("geheim\n\ngeheim\n"), path + ":3: the token is there twice");
  EXPECT_EQ(TokenError("geheim a b\n"), path + ":1: a line is TOKEN or TOKEN TENANT");
  for (const char* text : {"geheim ..\n", "geheim a/b\n"}) {
    const std::string error = TokenError(text);
    EXPECT_TRUE(error.starts_with(path + ":1: ")) << error;
    EXPECT_EQ(error.find("geheim"), std::string::npos) << error;
  }
  for (const mode_t mode : {0604, 0602}) {
    const std::string error = TokenError("geheim\n", mode);
    EXPECT_NE(error.find("chmod o= "), std::string::npos) << error;
  }
  EXPECT_EQ(TokenError("geheim\n", 0640), "");
  EXPECT_EQ(ReadCredentials({dir_ + "/none", ""}).status().code(), Code::kIo);

  const std::string good = "ann:" + std::string(kSecret) + "\n";
  EXPECT_EQ(UserError(good), "");
  for (const std::string& text :
       {std::string("ann"), std::string(":x"), std::string("ann:"), std::string("ann:geheim"),
        std::string("ann:geheimgeheimgeheim"), std::string("ann:$9$geheim$geheimgeheim"),
        std::string("ann:ab0123456789A"), "ann:" + std::string(kSecret) + ":../geheim"}) {
    const std::string error = UserError(text);
    EXPECT_TRUE(error.starts_with(dir_ + "/u:1: ")) << text << ": " << error;
    if (text.find("..") == std::string::npos) {
      EXPECT_EQ(error.find("geheim"), std::string::npos) << error;
    }
  }
  EXPECT_EQ(UserError(good + good), dir_ + "/u:2: the user ann is there twice");
}

TEST_F(AccessTest, NoFilesAreNoCredentials) {
  const auto none = ReadCredentials({});
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(*none, nullptr);
}

}  // namespace
}  // namespace glp::wire
