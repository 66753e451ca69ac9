#include "record/record.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <random>

#include "base/strings.h"
#include "base/time.h"
#include "record/reader.h"

namespace glp {
namespace {

class TextSource : public io::ByteSource {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}
  Result<size_t> Read(char* out, size_t size) override {
    size_t n = std::min(size, text_.size() - at_);
    text_.copy(out, n, at_);
    at_ += n;
    return n;
  }

 private:
  std::string text_;
  size_t at_ = 0;
};

// What each line of `input` is read as, as a record written again or "bad: why" or "mark: raw".
std::vector<std::string> ReadBack(const std::string& input, bool fast) {
  LabelTable labels;
  RecordReader reader(std::make_unique<TextSource>(input), &labels);
  reader.SetClock([] { return int64_t{42}; });
  if (!fast) reader.DisableFastPath();
  std::vector<std::string> out;
  for (;;) {
    auto state = reader.ReadBatch();
    EXPECT_TRUE(state.ok());
    if (*state != io::ReadState::kData) return out;
    while (const RecordReader::Item* item = reader.Next()) {
      switch (item->kind) {
        case RecordReader::Item::Kind::kRecord: {
          std::string text;
          AppendRecord(&text, item->record);
          text.pop_back();
          std::string scratch;
          text += " <" + std::string(item->record.line.Decode(&scratch)) + ">";
          out.push_back(text);
          break;
        }
        case RecordReader::Item::Kind::kMark:
          out.push_back("mark: " + std::string(item->mark.raw) + " <" +
                        std::string(item->mark.src) + ">");
          break;
        case RecordReader::Item::Kind::kBad:
          out.push_back("bad: " + item->why);
          break;
      }
    }
  }
}

std::string Only(const std::string& line) {
  auto slow = ReadBack(line + "\n", false);
  auto fast = ReadBack(line + "\n", true);
  EXPECT_EQ(slow, fast) << line;
  return fast.size() == 1 ? fast[0] : "no single item";
}

constexpr char kCanonical[] =
    R"({"ts":"2026-01-05T00:00:00.009977721Z","labels":{"a":"x","b":"y"},"line":"say \"hi\"\t\u0001é",)"
    R"("meta":{"m":"1"},"fields":{"f":"\\"},"src":"1-2-3@45"})";

TEST(Record, CanonicalFormComesBackUnchanged) {
  EXPECT_EQ(Only(kCanonical), std::string(kCanonical) + " <say \"hi\"\t\x01é>");
}

TEST(Record, ReadsLeniently) {
  struct {
    std::string in, out;
  } cases[] = {
      {R"( { "line" : "x" , "labels" : { "b" : "2", "a" : 1 } , "ts" : "2026-01-05T01:00:00+01:00" } )",
       R"({"ts":"2026-01-05T00:00:00.000000000Z","labels":{"a":"1","b":"2"},"line":"x"} <x>)"},
      {R"({"labels":{},"line":"x","timestamp":"2026-01-05T00:00:00Z"})",
       R"({"ts":"2026-01-05T00:00:00.000000000Z","labels":{},"line":"x"} <x>)"},
      {R"({"timestamp":"mine","ts":7,"line":"x"})",
       R"({"ts":"1970-01-01T00:00:00.000000007Z","labels":{},"line":"x","timestamp":"mine"} <x>)"},
      {R"({"ts":"1767571200000000001","line":"x"})",
       R"({"ts":"2026-01-05T00:00:00.000000001Z","labels":{},"line":"x"} <x>)"},
      {R"({"line":"x"})", R"({"ts":"1970-01-01T00:00:00.000000042Z","labels":{},"line":"x"} <x>)"},
      {R"({"ts":1,"line64":"//4="})",
       "{\"ts\":\"1970-01-01T00:00:00.000000001Z\",\"labels\":{},\"line64\":\"//4=\"} <\xff\xfe>"},
      {R"({"ts":1,"line":"x","n":12345678901234567890.10,"o":{"k":[1, 2]},"z":null})",
       R"({"ts":"1970-01-01T00:00:00.000000001Z","labels":{},"line":"x","n":12345678901234567890.10,"o":{"k":[1, 2]},"z":null} <x>)"},
      {R"({"ts":1,"line":"x","n":123456789012345678901234567890,"e":[-1e999]})",
       R"({"ts":"1970-01-01T00:00:00.000000001Z","labels":{},"line":"x","n":123456789012345678901234567890,"e":[-1e999]} <x>)"},
      {R"({"ts":1,"line":"x","meta":{"a":1.50,"b":true}})",
       R"({"ts":"1970-01-01T00:00:00.000000001Z","labels":{},"line":"x","meta":{"a":"1.50","b":"true"}} <x>)"},
  };
  for (const auto& c : cases) EXPECT_EQ(Only(c.in), c.out) << c.in;
}

TEST(Record, SaysWhatIsWrong) {
  struct {
    std::string in, why;
  } cases[] = {
      {"", "an empty line"},
      {"plain text", "not JSON"},
      {R"({"ts":1,"line":"x")", "not JSON"},
      {R"({"ts":1,"line":"x","k":)" + std::string(1'000'000, '[') + std::string(1'000'000, ']') +
           "}",
       "not JSON, or nested too deep"},
      {R"(["line"])", "not a JSON object"},
      {R"({"ts":1})", "no `line`"},
      {R"({"ts":"soon","line":"x"})", "`ts` is no time"},
      {R"({"ts":1.5,"line":"x"})", "`ts` is no time"},
      {R"({"line":5})", "`line` is not a string"},
      {R"({"line64":"*"})", "`line64` is not base64"},
      {R"({"line":"x","labels":{"a":null}})", "label a is not a string"},
      {R"({"line":"x","labels":[]})", "labels are not a JSON object"},
      {R"({"line":"x","meta":{"a":{}}})", "`meta` is not an object of strings"},
      {"{\"line\":\"\xff\"}", "not JSON"},
      {R"({"line":"\ud800"})", ""},
  };
  for (const auto& c : cases) {
    std::string got = Only(c.in);
    EXPECT_EQ(got.rfind("bad: ", 0), 0u) << c.in << " gave " << got;
    EXPECT_NE(got.find(c.why), std::string::npos) << c.in << " gave " << got;
  }
}

TEST(Record, AFileMarkSaysWhenItsFileWasWritten) {
  std::string text;
  AppendFileMark(&text, "ID@0", "a\"b", 7, ParseRfc3339("2020-01-05T00:00:00.5Z"), 100);
  EXPECT_EQ(text,
            "{\"mark\":\"file\",\"src\":\"ID@0\",\"path\":\"a\\\"b\",\"start\":7,"
            "\"modified\":\"2020-01-05T00:00:00.500000000Z\",\"size\":100}\n");
  text += std::string(64, ' ');
  MarkWords words = ReadMarkWords({Mark::Kind::kFile, text, "ID@0"});
  EXPECT_EQ(words.start, 7u);
  EXPECT_EQ(words.modified_ns, ParseRfc3339("2020-01-05T00:00:00.5Z"));
  EXPECT_EQ(words.size, 100u);
  text = R"({"mark":"file","src":"ID@0","path":"a","modified":"soon","size":-1})" +
         std::string(64, ' ');
  words = ReadMarkWords({Mark::Kind::kFile, text, "ID@0"});
  EXPECT_EQ(words.path, "a");
  EXPECT_EQ(words.modified_ns, std::nullopt);
  EXPECT_EQ(words.size, std::nullopt);
}

TEST(Record, MarksKeepTheirText) {
  std::string mark = R"({"mark":"pos","src":"1-2-3@45"})";
  EXPECT_EQ(Only(mark), "mark: " + mark + " <1-2-3@45>");
}

TEST(Record, LinesThatAreNotUtf8BecomeBase64) {
  Record record;
  record.line = Line::Bytes("\xff\x00z");
  std::string out;
  AppendRecord(&out, record);
  EXPECT_EQ(out, "{\"ts\":\"1970-01-01T00:00:00.000000000Z\",\"labels\":{},\"line64\":\"/w==\"}\n");
}

TEST(Record, CarriageReturnAndMissingEndAreTaken) {
  auto items = ReadBack(std::string(kCanonical) + "\r\n" + kCanonical, true);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0], items[1]);
}

TEST(Source, PartsAtTheLastAt) {
  EXPECT_EQ(ParseSource("1-2-3@45").id, "1-2-3");
  EXPECT_EQ(ParseSource("1-2-3@45").next, 45u);
  EXPECT_EQ(ParseSource("a@b@7").id, "a@b");
  EXPECT_EQ(ParseSource("no number@x").id, "");
}

// What is taken for JSON, against simdjson's validating parser, on damaged records.
TEST(Record, RefusesWhatIsNotJson) {
  std::mt19937 rng(5);
  const std::string whole =
      R"({"ts":1,"line":"x","u":[1,-2.5e3,{"k":[true,false,null,"s\u00e9"]},[]],"o":{},"z":"\n"})";
  const std::string_view pieces = "{}[]:,\"\\ 01-+.eEtrufalsn\t";
  simdjson::dom::parser parser;
  size_t refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = whole;
    for (unsigned edits = 1 + rng() % 3; edits > 0; --edits) {
      size_t at = rng() % text.size();
      switch (rng() % 3) {
        case 0:
          text.insert(at, 1, pieces[rng() % pieces.size()]);
          break;
        case 1:
          text[at] = pieces[rng() % pieces.size()];
          break;
        default:
          text.erase(at, 1);
          break;
      }
    }
    auto error = parser.parse(text).error();
    if (error == simdjson::NUMBER_ERROR) continue;  // may be one that fits no double
    auto items = ReadBack(text + "\n", false);
    ASSERT_EQ(items.size(), 1u) << text;
    bool not_json = items[0].rfind("bad: not JSON", 0) == 0;
    if (error != simdjson::SUCCESS) {
      ASSERT_EQ(items[0].rfind("bad: ", 0), 0u) << text << " gave " << items[0];
      ++refused;
    } else {
      ASSERT_FALSE(not_json) << text << " gave " << items[0];
    }
  }
  EXPECT_GT(refused, 5000u);
}

// The fast path against the slow one, on canonical records with random damage.
TEST(Record, FastPathAgreesWithSlowPath) {
  std::mt19937 rng(11);
  const std::string pieces[] = {
      "\"",   "\\",   "}",  "{", ",", "\\u00e9", "\\ud83d\\ude00",         "\\u12",    "\n",
      "\x01", "\xff", "é",  " ", ":", "line",    "\"meta\":{\"k\":\"v\"}", ",\"x\":1", "0",
      "Z",    "\\/",  "\\n"};
  for (int round = 0; round < 5000; ++round) {
    std::string text = kCanonical;
    for (unsigned edits = rng() % 4; edits > 0; --edits) {
      size_t at = rng() % text.size();
      const std::string& piece = pieces[rng() % std::size(pieces)];
      if (rng() % 2 == 0) {
        text.insert(at, piece);
      } else {
        text.replace(at, rng() % 5, piece);
      }
    }
    ASSERT_EQ(ReadBack(text + "\n", true), ReadBack(text + "\n", false)) << text;
  }
}

TEST(Labels, InterningIsByMeaningNotSpelling) {
  LabelTable table;
  const LabelSet* a = *table.FromJson(R"({"b":"2","a":"1"})");
  EXPECT_EQ(a, *table.FromJson(R"({ "a":"1", "b":"2" })"));
  EXPECT_EQ(a, table.FromLabels({{"b", "2"}, {"a", "0"}, {"a", "1"}}));
  EXPECT_EQ(a->json, R"({"a":"1","b":"2"})");
  EXPECT_EQ(LabelsToSelector(a->labels), R"({a="1", b="2"})");
  EXPECT_EQ(a->Get("b"), "2");
  EXPECT_EQ(a->Get("c"), "");
  EXPECT_EQ(table.empty()->json, "{}");
}

TEST(Labels, SelectorsQuoteAsGoDoes) {
  EXPECT_EQ(LabelsToSelector({{"a", "q\"\\\n\x01\xff"}}), "{a=\"q\\\"\\\\\\n\\x01\\xff\"}");
}

}  // namespace
}  // namespace glp
