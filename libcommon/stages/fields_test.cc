#include "stages/fields.h"

#include <gtest/gtest.h>

namespace glp::stages {
namespace {

class FieldsTest : public testing::Test {
 protected:
  std::string Json() { return std::string(fields_.Json(&scratch_)); }
  // As in a record: with readable bytes behind.
  void Load(std::string_view raw) { fields_.Reset(arena_.Copy(raw), &arena_); }
  Arena arena_;
  FieldSet fields_;
  std::string scratch_;
};

TEST_F(FieldsTest, EmptyIsNothing) {
  Load("");
  EXPECT_TRUE(fields_.empty());
  EXPECT_EQ(Json(), "");
  Load("{}");
  EXPECT_EQ(Json(), "");
}

TEST_F(FieldsTest, UntouchedStaysAsItIs) {
  Load(R"({"b":"1","a":"2"})");
  EXPECT_EQ(Json(), R"({"b":"1","a":"2"})");
}

TEST_F(FieldsTest, SetSortsAndReplaces) {
  Load(R"({"b":"1","a":"q\"\u00e9"})");
  fields_.Set("c", "3");
  fields_.Set("b", "tab\t");
  EXPECT_EQ(fields_.Get("a"), "q\"\xC3\xA9");
  EXPECT_EQ(fields_.Get("b"), "tab\t");
  EXPECT_EQ(fields_.Get("x"), std::nullopt);
  EXPECT_EQ(Json(), "{\"a\":\"q\\\"\xC3\xA9\",\"b\":\"tab\\t\",\"c\":\"3\"}");
  fields_.Erase("b");
  EXPECT_EQ(fields_.Get("b"), std::nullopt);
}

TEST_F(FieldsTest, ReadsObjectsWithBlanksAndNumbersToo) {
  Load(R"({ "a" : 1.50, "b":true })");
  EXPECT_EQ(fields_.Get("a"), "1.50");
  fields_.Set("z", "");
  EXPECT_EQ(Json(), R"({"a":"1.50","b":"true","z":""})");
}

TEST_F(FieldsTest, SharedFieldsAreTakenApartOnlyWhenChanged) {
  SharedFields shared({{"y", "2"}, {"x", "1"}, {"y", "3"}});
  Load("");
  fields_.SetShared(shared);
  EXPECT_EQ(Json(), R"({"x":"1","y":"3"})");
  EXPECT_EQ(fields_.Get("y"), "3");
  fields_.Set("a", "0");
  EXPECT_EQ(Json(), R"({"a":"0","x":"1","y":"3"})");
  Load(R"({"x":"old","k":"kept"})");
  fields_.SetShared(shared);
  EXPECT_EQ(Json(), R"({"k":"kept","x":"1","y":"3"})");
}

TEST_F(FieldsTest, LookingLeavesSharedFieldsShared) {
  SharedFields shared({Field{"x", "1"}});
  Load("");
  EXPECT_EQ(fields_.shared(), nullptr);
  fields_.SetShared(shared);
  EXPECT_EQ(fields_.Get("x"), "1");
  EXPECT_EQ(fields_.shared(), &shared);
  fields_.Set("y", "2");
  EXPECT_EQ(fields_.shared(), nullptr);
  EXPECT_EQ(fields_.Get("x"), "1");
}

TEST_F(FieldsTest, NamesWithoutATextAreNotRendered) {
  Load(R"({"a":"1","b":"2"})");
  fields_.SetNull("a");
  fields_.Hide("b");
  fields_.Hide("c");
  EXPECT_EQ(fields_.Get("a"), std::nullopt);
  EXPECT_EQ(fields_.Find("a")->kind, Field::Kind::kNull);
  EXPECT_EQ(fields_.Find("c")->kind, Field::Kind::kHidden);
  EXPECT_EQ(fields_.Find("d"), nullptr);
  EXPECT_EQ(Json(), "");
  fields_.Set("c", "3");
  EXPECT_EQ(Json(), R"({"c":"3"})");
  EXPECT_EQ(fields_.Find("b")->kind, Field::Kind::kHidden);
  Load("");
  EXPECT_EQ(fields_.Find("b"), nullptr);
}

TEST_F(FieldsTest, UnwrittenTextsAreThereButNotRendered) {
  SharedFields shared({Field{"x", "1"}});
  Load("");
  fields_.SetUnwritten("u", "2");
  EXPECT_FALSE(fields_.empty());
  EXPECT_TRUE(fields_.has_only_shared());
  fields_.SetShared(shared);
  EXPECT_EQ(fields_.shared(), &shared);
  EXPECT_EQ(fields_.Get("u"), "2");
  EXPECT_TRUE(fields_.IsUnwritten("u"));
  EXPECT_EQ(Json(), R"({"x":"1"})");
  fields_.SetUnwritten("x", "3");
  EXPECT_EQ(fields_.Get("x"), "3");
  EXPECT_EQ(Json(), "");
  std::vector<Field> unrendered;
  fields_.CopyUnrendered(&unrendered);
  ASSERT_EQ(unrendered.size(), 2u);
  EXPECT_EQ(unrendered[0].name, "u");
  EXPECT_EQ(unrendered[1].value, "3");
  fields_.Set("u", "4");
  EXPECT_EQ(Json(), R"({"u":"4"})");
  fields_.Erase("u");
  EXPECT_EQ(fields_.Get("u"), std::nullopt);
  Load(R"({"x":"0"})");
  EXPECT_EQ(fields_.Get("u"), std::nullopt);
}

TEST_F(FieldsTest, BytesThatAreNotUtf8AreReplacedInFields) {
  Load("");
  fields_.Set("a", "x\xFFy\xC3\xA9\xE2\x82");
  EXPECT_EQ(Json(), "{\"a\":\"x\xEF\xBF\xBDy\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\"}");
}

}  // namespace
}  // namespace glp::stages
