#include "io/file_identity.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>

#include "io/file.h"

namespace glp::io {
namespace {

TEST(FileIdentityTest, TextGoesBothWays) {
  FileIdentity id{0xfe01, 0x123456789, 0xabc, 0x00001234abcd};
  EXPECT_EQ(id.ToString(), "fe01-123456789-00000abc-00001234abcd");
  EXPECT_EQ(FileIdentity::Parse(id.ToString()), id);
  EXPECT_EQ(FileIdentity::Parse(FileIdentity().ToString()), FileIdentity());
  for (const char* text : {"", "1-2-3", "1-2-00000003-4", "x-2-00000003-000000000004",
                           "1-2-00000003-000000000004-5", "1-2-00000003-00000000000G"}) {
    EXPECT_FALSE(FileIdentity::Parse(text)) << text;
  }
}

TEST(FileIdentityTest, FingerprintIsOfTheFirstLineOnly) {
  uint64_t one = HeadFingerprint("first\n");
  EXPECT_EQ(one, HeadFingerprint("first"));
  EXPECT_EQ(one, HeadFingerprint("first\nsecond\n"));
  EXPECT_NE(one, HeadFingerprint("other\nsecond\n"));
  EXPECT_EQ(one >> 48, 0u);
  std::string lengthy(2 * kHeadBytes, 'a');
  EXPECT_EQ(HeadFingerprint(lengthy), HeadFingerprint(lengthy.substr(0, kHeadBytes)));
  EXPECT_NE(HeadFingerprint(lengthy), HeadFingerprint(lengthy.substr(0, kHeadBytes - 1)));
}

TEST(FileIdentityTest, StaysThroughRenameAndTellsAnotherFileApart) {
  char name[] = "/tmp/identity_test.XXXXXX";
  Fd fd(mkstemp(name));
  std::string path = name;
  auto before = LookAtFd(fd.get(), path);
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before->kind, FileKind::kRegular);
  ASSERT_EQ(rename(name, (path + ".1").c_str()), 0);
  auto moved = LookAtPath(path + ".1");
  ASSERT_TRUE(moved.ok());
  EXPECT_TRUE(moved->SameFile(*before));
  EXPECT_EQ(moved->identity, before->identity);
  Fd other(open(name, O_CREAT | O_RDWR, 0600));
  EXPECT_FALSE(LookAtPath(path)->SameFile(*before));
  unlink(name);
  unlink((path + ".1").c_str());
  EXPECT_EQ(LookAtFd(fd.get(), path)->links, 0u);
  int error = 0;
  EXPECT_FALSE(LookAtPath(path, &error).ok());
  EXPECT_EQ(error, ENOENT);
}

}  // namespace
}  // namespace glp::io
