#include "redact.h"

#include <gtest/gtest.h>

#include <ctime>
#include <random>
#include <string>

namespace glp::filter {
namespace {

constexpr SecretKinds kAll = {true, true, true, true};
constexpr SecretKinds kUsual = {true, true, true, false};

std::string Redact(std::string_view text, SecretKinds kinds = kUsual) {
  Redactor redactor(kinds, "");
  std::string out;
  return redactor.Text(text, &out) ? out : std::string(text);
}

struct Case {
  std::string_view in, out;
};

TEST(Redact, MailAddresses) {
  const Case kCases[] = {
      {"from jo.doe+x@mail.example.co.uk to", "from <email> to"},
      {"a@b.de", "<email>"},
      {"<jo@example.com>", "<<email>>"},
      {"mail jo@example.com.", "mail <email>."},
      {"jo@example.com,al@example.org", "<email>,<email>"},
      {"user@localhost", "user@localhost"},
      {"image@sha256:0123", "image@sha256:0123"},
      {"pkg@1.2.3", "pkg@1.2.3"},
      {"@example.com", "@example.com"},
      {"jo@", "jo@"},
      {"jo@.com", "jo@.com"},
      {"jo@a..com", "jo@a..com"},
      {R"({"m":"\njo@example.com\t"})", R"({"m":"\n<email>\t"})"},
      {R"(\\njo@example.com)", R"(\\<email>)"},
      {R"(\u0041jo@example.com)", R"(\u0041<email>)"},
      {"\xffjo@example.com\xff", "\xff<email>\xff"},
  };
  for (const auto& [in, out] : kCases) EXPECT_EQ(Redact(in), out);
}

TEST(Redact, CardNumbersByLuhnAndIssuer) {
  const Case kCases[] = {
      {"card 4111111111111111 ok", "card <card> ok"},
      {"4111 1111 1111 1111", "<card>"},
      {"5500-0000-0000-0004;", "<card>;"},
      {"3400 000000 00009", "<card>"},
      {"30000000000004", "<card>"},
      {"6011000000000004", "<card>"},
      {"2223003122003222", "<card>"},
      {"4111 1111 1111 1111 12/29", "<card> 12/29"},
      {R"({"m":"\n4111111111111111"})", R"({"m":"\n<card>"})"},
      {"4111111111111112", "4111111111111112"},        // not Luhn's
      {"1700000000123456789", "1700000000123456789"},  // a time
      {"9999999999999995", "9999999999999995"},        // nobody's
      {"x4111111111111111", "x4111111111111111"},      // a part of a name
      {"41111111111111110", "41111111111111110"},      // longer
      {"0.4111111111111111", "0.4111111111111111"},    // a fraction
      {"blk_-4111111111111111 x", "blk_-4111111111111111 x"},
      {"4111111111111111-a", "4111111111111111-a"},
      {"4111-1111-1111-1111-12", "<card>-12"},
      {"card=-4111111111111111.", "card=-<card>."},
      {"4111111111111111.5", "4111111111111111.5"},    // a number
      {"4111-1111 1111-1111", "4111-1111 1111-1111"},  // mixed
      {"2026-01-05 4111 11", "2026-01-05 4111 11"},
  };
  for (const auto& [in, out] : kCases) EXPECT_EQ(Redact(in), out);
}

// Keys are put together here, so that nobody's scanner takes this file for a leak.
TEST(Redact, KeysOfVendors) {
  const auto rest = [](size_t size) {
    return std::string("a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0", size);
  };
  const std::string upper = "ABCDEFGHIJ234567";
  EXPECT_EQ(Redact("id AK"
                   "IA" +
                   upper + " x"),
            "id <token> x");
  EXPECT_EQ(Redact("AK"
                   "IA" +
                   upper + "Z"),
            "AK"
            "IA" +
                upper + "Z");
  EXPECT_EQ(Redact("gh"
                   "p_" +
                   rest(36) + "."),
            "<token>.");
  EXPECT_EQ(Redact("github"
                   "_pat_" +
                   rest(22)),
            "<token>");
  EXPECT_EQ(Redact("xo"
                   "xb-" +
                   rest(20)),
            "<token>");
  EXPECT_EQ(Redact("AI"
                   "za" +
                   rest(35)),
            "<token>");
  EXPECT_EQ(Redact("sk_"
                   "live_" +
                   rest(24)),
            "<token>");
  EXPECT_EQ(Redact("gl"
                   "pat-" +
                   rest(20)),
            "<token>");
  const std::string jwt =
      "ey"
      "JhbGciOiJIUzI1NiJ9.ey"
      "JzdWIiOiIxIn0.c2lnbmF0dXJl";
  EXPECT_EQ(Redact("jwt " + jwt + " end"), "jwt <token> end");
  EXPECT_EQ(Redact("a.b " + jwt.substr(0, 18)), "a.b " + jwt.substr(0, 18));
  EXPECT_EQ(Redact("-----BE"
                   "GIN RSA PRIVATE KEY-----\\nMII\\n-----END RSA PRIVATE KEY----- x"),
            "<token> x");
  EXPECT_EQ(Redact("-----BE"
                   "GIN EC PRIVATE KEY-----\\nMII"),
            "<token>");
  EXPECT_EQ(Redact("-----BEGIN CERTIFICATE-----"), "-----BEGIN CERTIFICATE-----");
}

TEST(Redact, ValuesOfSecretNames) {
  const Case kCases[] = {
      {"password=hunter2 user=jo", "password=<token> user=jo"},
      {"DB_PASSWORD=hunter2", "DB_PASSWORD=<token>"},
      {"pwd='a b' x", "pwd='<token>' x"},
      {R"("password":"hun\"ter2","a":1)", R"("password":"<token>","a":1)"},
      {R"("apiKey": "k", "x")", R"("apiKey": "<token>", "x")"},
      {R"({\"client_secret\":\"abcdef\",\"b\":1})", R"({\"client_secret\":\"<token>\",\"b\":1})"},
      {"api_key = abc&x=1", "api_key = <token>&x=1"},
      {"GET /?access_token=abc123def&x=1", "GET /?access_token=<token>&x=1"},
      {"Authorization: Bearer abc", "Authorization: Bearer abc"},
      {"Authorization: Bearer abc12345", "Authorization: Bearer <token>"},
      {"Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic <token>"},
      {"authorization: basic c3VzYW46c3VzYW4=", "authorization: basic <token>"},
      {"authorization: basic authentication", "authorization: basic authentication"},
      {"got Bearer mFoBarBazQuux back", "got Bearer <token> back"},
      {"authorization: Basic dXNlcjpwYXNz1", "authorization: Basic <token>"},
      {"sent Bearer abcdef0123456789", "sent Bearer <token>"},
      {"bearer authentication failed", "bearer authentication failed"},
      {"unexpected token: identifier", "unexpected token: identifier"},
      {"tokens=128", "tokens=128"},
      {"token=5", "token=5"},
      {"password=", "password="},
      {"password=null", "password=null"},
      {"password=***** x", "password=***** x"},
      {"password=${PASSWORD}", "password=${PASSWORD}"},
      {"password=<token>", "password=<token>"},
      {"postgres://jo:s3cr%40t@db/x", "postgres://jo:<token>@db/x"},
      {"postgres://jo:p@ss@w0rd@db/x", "postgres://jo:<token>@db/x"},
      {"http://jo:pw@host/a, al@example.com", "http://jo:<token>@host/a, <email>"},
      {"http://jo:pw@host,al@example.com", "http://jo:<token>@host,<email>"},
      {R"({"user"=>"jo", "password"=>"hunter2"})", R"({"user"=>"jo", "password"=>"<token>"})"},
      {"if password=>", "if password=>"},
      {"https://jo@example.com/x", "https://<email>/x"},
      {"http://host:80/a@b", "http://host:80/a@b"},
  };
  for (const auto& [in, out] : kCases) EXPECT_EQ(Redact(in), out);
}

TEST(Redact, AddressesIfAskedFor) {
  const Case kCases[] = {
      {"from 10.1.2.3:80 to 192.168.0.255.", "from <ip>:80 to <ip>."},
      {"1.2.3.4", "<ip>"},
      {"v1.2.3.4", "v1.2.3.4"},
      {"1.2.3.4.5", "1.2.3.4.5"},
      {"256.1.1.1", "256.1.1.1"},
      {"[2001:db8::1]:443", "[<ip>]:443"},
      {"::1 and fe80::1%eth0", "<ip> and <ip>%eth0"},
      {"at 12:34:56.789", "at 12:34:56.789"},
      {"std::string", "std::string"},
  };
  for (const auto& [in, out] : kCases) EXPECT_EQ(Redact(in, {.ip = true}), out);
  EXPECT_EQ(Redact("10.1.2.3"), "10.1.2.3");
}

TEST(Redact, OnlyTheKindsAskedFor) {
  EXPECT_EQ(Redact("jo@example.com 4111111111111111 password=x1", {.card = true}),
            "jo@example.com <card> password=x1");
  EXPECT_EQ(Redact("jo@example.com password=x1", {.email = true}), "<email> password=x1");
  EXPECT_FALSE(ParseSecretKinds("emial").ok());
  EXPECT_FALSE(ParseSecretKinds("").ok());
  const auto kinds = ParseSecretKinds("card, ip");
  ASSERT_TRUE(kinds.ok());
  EXPECT_TRUE(kinds->card && kinds->ip && !kinds->email && !kinds->token);
  EXPECT_TRUE(ParseSecretKinds("all")->ip);
}

TEST(Redact, WithASaltEqualSecretsStayEqual) {
  Redactor redactor(kUsual, "salt");
  std::string one, other;
  ASSERT_TRUE(redactor.Text("jo@example.com al@example.com jo@example.com", &one));
  EXPECT_EQ(one.substr(0, 20), one.substr(42, 20));
  EXPECT_NE(one.substr(0, 20), one.substr(21, 20));
  EXPECT_EQ(one.size(), 62u);
  EXPECT_EQ(one.substr(0, 7), "<email:");
  Redactor salted_otherwise(kUsual, "pepper");
  ASSERT_TRUE(salted_otherwise.Text("jo@example.com", &other));
  EXPECT_NE(one.substr(0, 20), other);
  EXPECT_EQ(redactor.CountsJson(), "{\"email\":3}");
  EXPECT_EQ(redactor.CountsText(), "3 email");
}

TEST(Redact, MetadataAndFieldsOfRecords) {
  Redactor redactor(kUsual, "");
  Record record;
  record.line = {R"(mail \"jo@example.com\" \u00e9)", Line::Form::kJson};
  record.meta = R"({"user":"jo@example.com","x":"1"})";
  record.fields = R"({"password":"hunter2","note":"a\nb@example.com"})";
  ASSERT_TRUE(redactor.Apply(&record));
  EXPECT_EQ(record.line.text, "mail \"<email>\" \xc3\xa9");
  EXPECT_EQ(record.meta, R"({"user":"<email>","x":"1"})");
  EXPECT_EQ(record.fields, R"({"note":"a\n<email>","password":"<token>"})");
  EXPECT_EQ(redactor.CountsJson(), R"({"email":3,"token":1})");
  record.fields = R"({"a":"password","db_password":"jo@example.com \"x\" y","token":"5"})";
  ASSERT_TRUE(redactor.Apply(&record));
  EXPECT_EQ(record.fields, R"({"a":"password","db_password":"<token>","token":"5"})");
  Record clean;
  clean.line = Line::Bytes("nothing to see");
  clean.fields = R"({"a":"\n"})";
  EXPECT_FALSE(redactor.Apply(&clean));
  EXPECT_EQ(clean.fields, R"({"a":"\n"})");
}

// Nothing that is found twice, nothing else changed, whatever the bytes.
TEST(Redact, OfAnyBytesIsStableAndWhole) {
  std::mt19937 random(5);
  const std::string_view kPieces[] = {"@",
                                      "a",
                                      ".com",
                                      "4111111111111111",
                                      " ",
                                      "\\",
                                      "n",
                                      "\"",
                                      "password=",
                                      "::",
                                      "1",
                                      "ey"
                                      "Jhbcdefghijk.",
                                      "-",
                                      "-----BEGIN ",
                                      "PRIVATE KEY-----",
                                      "bearer ",
                                      "\xff",
                                      "gh"
                                      "p_",
                                      "://",
                                      ":",
                                      "<",
                                      "token: ",
                                      "10.0.0.1"};
  Redactor redactor(kAll, "");
  for (int i = 0; i < 50'000; ++i) {
    std::string text;
    for (int n = random() % 12; n > 0; --n) text += kPieces[random() % std::size(kPieces)];
    SecretFinder finder(kAll);
    SecretFinder::Match match;
    size_t at = 0;
    while (finder.Next(text, at, &match)) {
      ASSERT_GE(match.begin, at) << text;
      ASSERT_LT(match.begin, match.end) << text;
      ASSERT_LE(match.end, text.size()) << text;
      at = match.end;
    }
  }
}

TEST(Redact, IsLinear) {
  const std::string_view kHostile[] = {"@",
                                       "a@",
                                       "1",
                                       "4111-",
                                       "ey"
                                       "J",
                                       "password=${",
                                       "\\\"",
                                       "token=\"",
                                       "bearer ",
                                       "a:",
                                       "::",
                                       "://a:",
                                       "xo"
                                       "xb-",
                                       "-----BEGIN ",
                                       "1.",
                                       "password=xxx",
                                       "\\n",
                                       "4"};
  const SecretFinder finder(kAll);
  for (const std::string_view piece : kHostile) {
    std::string text;
    while (text.size() < 2'000'000) text += piece;
    const std::clock_t start = std::clock();
    SecretFinder::Match match;
    size_t at = 0;
    while (finder.Next(text, at, &match)) at = match.end;
    EXPECT_LT(std::clock() - start, 2 * CLOCKS_PER_SEC) << piece;
  }
}

}  // namespace
}  // namespace glp::filter
